//! What has happened to objects, as `kubectl describe` shows it.
//!
//! The same thing twice is one event with a count. Of each object the latest are kept, and of all of them together the
//! latest: the real API server forgets them after an hour.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use k8s_openapi::{
    api::core::v1::{Event, EventSource, ObjectReference},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use crate::{
    Store,
    store::{Typed, kind_of},
};

use super::{load::CROWD, ownership::hash};

/// What is kept of one object: what a page shows.
const OF_ONE: usize = 20;
/// What is kept in all.
const OF_ALL: usize = 1000;

/// Writes events. Its clones write to the same place.
#[derive(Clone, Debug)]
pub(super) struct Events {
    store: Store,
    kept: Arc<Mutex<VecDeque<Kept>>>,
}

#[derive(Debug)]
struct Kept {
    namespace: String,
    name: String,
    about: String,
}

/// Whether an event is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Normal,
    Warning,
}

/// Who tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Teller<'a> {
    pub(super) component: &'a str,
    pub(super) host: Option<&'a str>,
}

impl Teller<'_> {
    /// A controller.
    pub(super) fn controller(component: &str) -> Teller<'_> {
        Teller { component, host: None }
    }
}

/// What an event is about.
pub(super) fn about<K: Typed>(object: &K) -> ObjectReference {
    let meta = object.metadata();
    ObjectReference {
        api_version: Some(K::API_VERSION.into()),
        kind: Some(K::KIND.into()),
        name: meta.name.clone(),
        namespace: meta.namespace.clone(),
        uid: meta.uid.clone(),
        resource_version: meta.resource_version.clone(),
        field_path: None,
    }
}

impl Events {
    pub(super) fn new(store: &Store) -> Self {
        Events { store: store.clone(), kept: Arc::default() }
    }

    /// Tells what happened to an object.
    pub(super) fn tell(&self, about: ObjectReference, tone: Tone, reason: &str, message: &str, teller: Teller<'_>) {
        let namespace = about.namespace.clone().unwrap_or_else(|| "default".into());
        // With 10,000 pods nobody reads them, and they would take more room than the pods.
        if namespace == CROWD {
            return;
        }
        let uid = about.uid.clone().unwrap_or_default();
        let name = format!("{}.{}", about.name.as_deref().unwrap_or_default(), hash(&(&uid, reason, message)));
        let now = self.store.clock().now();
        let again = self.store.edit::<Event>(&namespace, &name, |event| {
            event.count = Some(event.count.unwrap_or(1) + 1);
            event.last_timestamp = Some(now.clone());
        });
        if again.is_ok() {
            return;
        }
        let event = Event {
            metadata: ObjectMeta {
                name: Some(name.clone()),
                namespace: Some(namespace.clone()),
                ..ObjectMeta::default()
            },
            involved_object: about,
            reason: Some(reason.into()),
            message: Some(message.into()),
            type_: Some(if tone == Tone::Normal { "Normal" } else { "Warning" }.into()),
            count: Some(1),
            first_timestamp: Some(now.clone()),
            last_timestamp: Some(now),
            source: Some(EventSource {
                component: Some(teller.component.into()),
                host: teller.host.map(ToOwned::to_owned),
            }),
            ..Event::default()
        };
        if self.store.add(&event).is_ok() {
            self.keep(Kept { namespace, name, about: uid });
        }
    }

    fn keep(&self, new: Kept) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let of_one = kept.iter().filter(|kept| kept.about == new.about).count();
        let oldest = if of_one >= OF_ONE {
            kept.iter().position(|kept| kept.about == new.about)
        } else {
            (kept.len() >= OF_ALL).then_some(0)
        };
        kept.push_back(new);
        let forgotten = oldest.and_then(|oldest| kept.remove(oldest));
        if let Some(old) = forgotten {
            // It may have gone with its namespace.
            let _ = self.store.remove(kind_of::<Event>(), &old.namespace, &old.name, None);
        }
    }
}
