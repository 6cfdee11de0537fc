//! What the API server remembers: objects by kind, namespace and name, and what has lately happened to them.
//!
//! Objects are kept as the JSON that goes out, since that is what most of them are asked for, and 10,000 parsed pods take
//! five times as much memory. Whoever works on one reads it as its type and writes it back.
//!
//! One counter numbers all changes: the resource version. The last `HISTORY` changes are remembered. Who watches asks
//! for what is newer than a version ([`Changes`]), and who asks for what is forgotten is told so, as by etcd after a
//! compaction. There is no queue to overflow.

mod changes;
mod owners;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use k8s_openapi::{Metadata, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::sync::watch;

pub use changes::{Change, Changes, Forgotten};
pub use owners::Owner;

use crate::{clock::Clock, kind::Kind};
use owners::Owners;

/// Changes that are remembered. A client that lists 10,000 pods and then watches has time for all of them to change.
const HISTORY: usize = 20_000;

/// An object as it was at one version.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its kind.
    pub kind: &'static Kind,
    /// Its namespace; empty where its kind has none.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What tells it from others of its name.
    pub uid: String,
    /// The number of the change that made it what it is.
    pub version: u64,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// What it belongs to: the controller among its `ownerReferences`.
    pub owner: Option<Owner>,
    /// Whether it has a `deletionTimestamp`.
    pub terminating: bool,
    /// All of it.
    pub json: Bytes,
}

impl Object {
    /// As its type; `None` if it is none.
    pub fn read<K: DeserializeOwned>(&self) -> Option<K> {
        serde_json::from_slice(&self.json).ok()
    }

    /// As JSON to look around in.
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.json).unwrap_or_default()
    }
}

/// Why something cannot be done to an object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is none.
    #[error("{plural} \"{name}\" not found")]
    NotFound {
        /// The kind's plural.
        plural: &'static str,
        /// The name that was asked for.
        name: String,
    },
    /// There is one already.
    #[error("{plural} \"{name}\" already exists")]
    Exists {
        /// The kind's plural.
        plural: &'static str,
        /// The name that was to be given.
        name: String,
    },
    /// It is another one, or has changed meanwhile.
    #[error("{0}")]
    Conflict(String),
    /// It cannot be such an object.
    #[error("{0}")]
    Invalid(String),
}

/// The kinds whose desired state is numbered.
const NUMBERED: [&str; 5] = ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController"];

type Key = (&'static str, &'static str, String, String);

/// The objects. Its clones are the same store.
#[derive(Clone, Debug)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    state: Mutex<State>,
    latest: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<Key, Arc<Object>>,
    owners: Owners,
    version: u64,
    history: VecDeque<Change>,
    /// Changes up to this one are forgotten.
    forgotten: u64,
}

impl Store {
    pub(crate) fn new(clock: Clock) -> Self {
        Store(Arc::new(Inner { clock, state: Mutex::default(), latest: watch::Sender::new(0) }))
    }

    /// What time it is for its objects.
    pub fn clock(&self) -> Clock {
        self.0.clock
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the latest change.
    pub fn version(&self) -> u64 {
        self.state().version
    }

    /// The object of that name.
    pub fn get(&self, kind: &'static Kind, namespace: &str, name: &str) -> Option<Arc<Object>> {
        self.state().objects.get(&key(kind, namespace, name)).cloned()
    }

    /// The objects of a kind, in one namespace or in all, by namespace and name; and the version at which that was so.
    pub fn list(&self, kind: &'static Kind, namespace: Option<&str>) -> (Vec<Arc<Object>>, u64) {
        let state = self.state();
        let from = key(kind, namespace.unwrap_or_default(), "");
        let objects = state.objects.range(from..).map(|(_, object)| object);
        let of_kind = objects.take_while(|object| {
            object.kind == kind && namespace.is_none_or(|namespace| object.namespace == namespace)
        });
        (of_kind.cloned().collect(), state.version)
    }

    /// The objects that belong to the one of that UID (see [`Object::owner`]), by kind and name.
    pub fn owned(&self, uid: &str) -> Vec<Arc<Object>> {
        let state = self.state();
        state.owners.of(uid).filter_map(|key| state.objects.get(key)).cloned().collect()
    }

    /// Adds an object. It is given a UID, where it has none, a time and, where it has only `generateName`, a name.
    ///
    /// # Errors
    /// When it has no name, or one that is taken.
    pub fn create(&self, kind: &'static Kind, namespace: &str, mut object: Value) -> Result<Arc<Object>, Refused> {
        let Some(meta) = object.as_object_mut().map(|o| o.entry("metadata").or_insert_with(|| json!({}))) else {
            return Err(Refused::Invalid("the object is no JSON object".into()));
        };
        if meta["name"].as_str().is_none_or(str::is_empty) {
            let prefix = meta["generateName"].as_str().unwrap_or_default().to_owned();
            if prefix.is_empty() {
                return Err(Refused::Invalid("metadata.name: Required value: name or generateName is required".into()));
            }
            meta["name"] = json!(prefix + &suffix());
        }
        if kind.namespaced {
            meta["namespace"] = json!(namespace);
        }
        // A Job's selector names its UID, so it has one before it is added.
        if meta["uid"].as_str().is_none_or(str::is_empty) {
            meta["uid"] = json!(uuid::Uuid::new_v4().to_string());
        }
        meta["creationTimestamp"] = json!(self.0.clock.now());
        if NUMBERED.contains(&kind.kind) {
            meta["generation"] = json!(1);
        }
        let name = meta["name"].as_str().unwrap_or_default().to_owned();
        object["apiVersion"] = json!(kind.api_version());
        object["kind"] = json!(kind.kind);
        let mut state = self.state();
        if state.objects.contains_key(&key(kind, namespace, &name)) {
            return Err(Refused::Exists { plural: kind.plural, name });
        }
        Ok(self.put(&mut state, kind, object, None))
    }

    /// Changes an object in place, with nobody between. What `change` leaves as it was is no change.
    ///
    /// # Errors
    /// When there is none, or `change` refuses.
    pub fn modify(
        &self,
        kind: &'static Kind,
        namespace: &str,
        name: &str,
        change: impl FnOnce(&mut Value) -> Result<(), Refused>,
    ) -> Result<Arc<Object>, Refused> {
        let mut state = self.state();
        let Some(before) = state.objects.get(&key(kind, namespace, name)).cloned() else {
            return Err(Refused::NotFound { plural: kind.plural, name: name.into() });
        };
        let old = before.value();
        let mut new = old.clone();
        change(&mut new)?;
        for fixed in ["name", "namespace", "uid", "creationTimestamp", "resourceVersion", "generation"] {
            match old["metadata"].get(fixed) {
                Some(value) => new["metadata"][fixed] = value.clone(),
                None => drop(new["metadata"].as_object_mut().map(|meta| meta.remove(fixed))),
            }
        }
        if new == old {
            return Ok(before);
        }
        if NUMBERED.contains(&kind.kind) && new["spec"] != old["spec"] {
            new["metadata"]["generation"] = json!(old["metadata"]["generation"].as_u64().unwrap_or(0) + 1);
        }
        Ok(self.put(&mut state, kind, new, Some(before)))
    }

    /// Takes an object away; `uid`, where it is given, must be its own.
    ///
    /// # Errors
    /// When there is none, or it is another one.
    pub fn remove(
        &self,
        kind: &'static Kind,
        namespace: &str,
        name: &str,
        uid: Option<&str>,
    ) -> Result<Arc<Object>, Refused> {
        let mut state = self.state();
        let key = key(kind, namespace, name);
        let Some(before) = state.objects.get(&key).cloned() else {
            return Err(Refused::NotFound { plural: kind.plural, name: name.into() });
        };
        if let Some(uid) = uid.filter(|uid| *uid != before.uid) {
            return Err(Refused::Conflict(format!(
                "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
                before.uid
            )));
        }
        state.objects.remove(&key);
        state.owners.forget(&before);
        // As of its end: watchers go on from the version that they are told last.
        let object = Arc::new(state.next(kind, before.value()));
        self.publish(&mut state, Change { before: Some(before), object: object.clone(), there: false });
        Ok(object)
    }

    /// What happens after the change of that number.
    pub fn changes(&self, after: u64) -> Changes {
        Changes::new(self.clone(), after, self.0.latest.subscribe())
    }

    /// What has happened after the change of that number, up to now.
    ///
    /// # Errors
    /// When some of it is forgotten.
    pub fn since(&self, after: u64) -> Result<Vec<Change>, Forgotten> {
        let state = self.state();
        if after < state.forgotten {
            return Err(Forgotten { after, oldest: state.forgotten });
        }
        let first = state.history.partition_point(|change| change.object.version <= after);
        Ok(state.history.range(first..).cloned().collect())
    }

    /// Forgets all changes up to now: who watches from before is told so.
    pub fn compact(&self) {
        let mut state = self.state();
        state.history.clear();
        state.forgotten = state.version;
    }

    // ------------------------------------------------------------ as types

    /// The object of that name, as its type.
    pub fn read<K: Typed>(&self, namespace: &str, name: &str) -> Option<K> {
        self.get(kind_of::<K>(), namespace, name)?.read()
    }

    /// The objects of a type, in one namespace or in all.
    pub fn all<K: Typed>(&self, namespace: Option<&str>) -> Vec<K> {
        self.list(kind_of::<K>(), namespace).0.iter().filter_map(|object| object.read()).collect()
    }

    /// Adds an object by its type; returns it as it is stored.
    ///
    /// # Errors
    /// As [`Store::create`].
    pub fn add<K: Typed>(&self, object: &K) -> Result<K, Refused> {
        let namespace = object.metadata().namespace.clone().unwrap_or_default();
        let value = serde_json::to_value(object).map_err(|error| Refused::Invalid(error.to_string()))?;
        let stored = self.create(kind_of::<K>(), &namespace, value)?;
        stored.read().ok_or_else(|| Refused::Invalid(format!("it is no {}", K::KIND)))
    }

    /// Changes an object by its type, with nobody between; returns it as it is stored then.
    ///
    /// # Errors
    /// As [`Store::modify`].
    pub fn edit<K: Typed>(&self, namespace: &str, name: &str, change: impl FnOnce(&mut K)) -> Result<K, Refused> {
        let invalid = |error: serde_json::Error| Refused::Invalid(error.to_string());
        let stored = self.modify(kind_of::<K>(), namespace, name, |value| {
            let mut object: K = serde_json::from_value(value.take()).map_err(invalid)?;
            change(&mut object);
            *value = serde_json::to_value(&object).map_err(invalid)?;
            Ok(())
        })?;
        stored.read().ok_or_else(|| Refused::Invalid(format!("it is no {}", K::KIND)))
    }

    // ------------------------------------------------------------ inside

    fn put(&self, state: &mut State, kind: &'static Kind, object: Value, before: Option<Arc<Object>>) -> Arc<Object> {
        let object = Arc::new(state.next(kind, object));
        state.owners.follow(before.as_deref(), &object);
        state.objects.insert(key(kind, &object.namespace, &object.name), object.clone());
        self.publish(state, Change { before, object: object.clone(), there: true });
        object
    }

    fn publish(&self, state: &mut State, change: Change) {
        state.history.push_back(change);
        if state.history.len() > HISTORY
            && let Some(oldest) = state.history.pop_front()
        {
            state.forgotten = oldest.object.version;
        }
        self.0.latest.send_replace(state.version);
    }
}

impl State {
    /// The object as of the next version.
    fn next(&mut self, kind: &'static Kind, mut object: Value) -> Object {
        self.version += 1;
        let meta = &mut object["metadata"];
        meta["resourceVersion"] = json!(self.version.to_string());
        let text = |name: &str| meta[name].as_str().unwrap_or_default().to_owned();
        let labels = meta["labels"].as_object().into_iter().flatten();
        let labels = labels.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
        let (namespace, name, uid) = (text("namespace"), text("name"), text("uid"));
        let (owner, terminating) = (Owner::of(meta), meta["deletionTimestamp"].is_string());
        let version = self.version;
        Object { kind, namespace, name, uid, version, labels, owner, terminating, json: object.to_string().into() }
    }
}

/// A type of objects that the store can hold.
pub trait Typed: k8s_openapi::Resource + Metadata<Ty = ObjectMeta> + Serialize + DeserializeOwned {
    /// Its kind.
    const OF: &'static Kind = Kind::of_type(Self::GROUP, Self::VERSION, Self::KIND);
}
impl<K: k8s_openapi::Resource + Metadata<Ty = ObjectMeta> + Serialize + DeserializeOwned> Typed for K {}

/// The kind of a type.
pub fn kind_of<K: Typed>() -> &'static Kind {
    K::OF
}

fn key(kind: &'static Kind, namespace: &str, name: &str) -> Key {
    (kind.group, kind.plural, namespace.into(), name.into())
}

/// What Kubernetes makes names of: no vowels, so no words.
pub(crate) const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// Five characters as Kubernetes ends generated names.
fn suffix() -> String {
    (0..5).map(|_| char::from(LETTERS[fastrand::usize(..LETTERS.len())])).collect()
}
