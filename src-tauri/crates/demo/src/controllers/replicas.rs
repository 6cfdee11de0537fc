//! ReplicaSets and ReplicationControllers: so many pods of one template, whichever.

use std::{cmp::Reverse, sync::Arc};

use k8s_openapi::api::{
    apps::v1::{ReplicaSet, ReplicaSetStatus},
    core::v1::{Pod, PodTemplateSpec, ReplicationController, ReplicationControllerStatus},
};
use tokio::time::Instant;

use crate::{
    Store,
    kind::{KINDS, Kind},
    server::defaults,
    store::{Object, Refused, Typed, kind_of},
};

use super::{
    events::{Events, Teller, Tone, about},
    ownership::{delete, pod_from},
    reconcile::{Again, Reconcile},
    views::{PodView, pods_of},
};

/// How many pods of a set there are, as its status says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    all: i32,
    ready: i32,
    available: i32,
}

/// What both kinds ask for.
struct Wanted<'a, K> {
    owner: &'a K,
    replicas: i32,
    min_ready: i32,
    template: &'a PodTemplateSpec,
    teller: &'a str,
}

/// Adds the pods that are missing, or ends those that are too many; counts what there was before.
fn sync<K: Typed>(store: &Store, events: &Events, wanted: &Wanted<'_, K>) -> (Counts, Again) {
    let uid = wanted.owner.metadata().uid.clone().unwrap_or_default();
    let pods: Vec<PodView> = pods_of(store, &uid).into_iter().filter(PodView::active).collect();
    let there = i32::try_from(pods.len()).unwrap_or(i32::MAX);
    for _ in there..wanted.replicas {
        create_pod(store, events, wanted.owner, &pod_from(wanted.owner, wanted.template), wanted.teller);
    }
    let surplus = usize::try_from(there - wanted.replicas.max(0)).unwrap_or(0);
    for pod in first_to_go(pods.clone()).into_iter().take(surplus) {
        remove_pod(store, events, wanted.owner, &pod, wanted.teller);
    }
    count(store, &pods, wanted.min_ready)
}

fn count(store: &Store, pods: &[PodView], min_ready: i32) -> (Counts, Again) {
    let now = store.clock().now().0;
    let mut counts = Counts { all: i32::try_from(pods.len()).unwrap_or(i32::MAX), ..Counts::default() };
    let mut again: Again = None;
    for since in pods.iter().filter_map(PodView::ready_since) {
        counts.ready += 1;
        let ready_for = since.map_or(0, |since| now.duration_since(since.0).as_secs());
        let left = i64::from(min_ready) - ready_for;
        if min_ready <= 0 || left <= 0 {
            counts.available += 1;
        } else {
            let when = Instant::now() + std::time::Duration::from_secs(left.unsigned_abs());
            again = Some(again.map_or(when, |again| again.min(when)));
        }
    }
    (counts, again)
}

/// Adds a pod for its owner, and tells.
pub(super) fn create_pod<K: Typed>(store: &Store, events: &Events, owner: &K, pod: &Pod, teller: &str) {
    let teller = Teller::controller(teller);
    match add_pod(store, pod) {
        Ok(pod) => {
            let message = format!("Created pod: {}", pod.name);
            events.tell(about(owner), Tone::Normal, "SuccessfulCreate", &message, teller);
        }
        Err(refused) => {
            events.tell(about(owner), Tone::Warning, "FailedCreate", &format!("Error creating: {refused}"), teller);
        }
    }
}

fn add_pod(store: &Store, pod: &Pod) -> Result<Arc<Object>, Refused> {
    let kind = kind_of::<Pod>().ok_or_else(|| Refused::Invalid("there are no pods here".into()))?;
    let mut value = serde_json::to_value(pod).map_err(|error| Refused::Invalid(error.to_string()))?;
    defaults::apply(kind, &mut value, store);
    store.create(kind, pod.metadata.namespace.as_deref().unwrap_or_default(), value)
}

/// Asks a pod of an owner to end, and tells.
pub(super) fn remove_pod<K: Typed>(store: &Store, events: &Events, owner: &K, pod: &PodView, teller: &str) {
    let meta = &pod.metadata;
    if kind_of::<Pod>().is_some_and(|kind| delete(store, kind, &meta.namespace, &meta.name, &meta.uid)) {
        let message = format!("Deleted pod: {}", meta.name);
        events.tell(about(owner), Tone::Normal, "SuccessfulDelete", &message, Teller::controller(teller));
    }
}

/// The pods in the order in which they go: those that serve nobody first, then the youngest.
fn first_to_go(mut pods: Vec<PodView>) -> Vec<PodView> {
    let phase = |pod: &PodView| match pod.status.phase.as_str() {
        "Running" => 2,
        "" | "Pending" => 0,
        _ => 1,
    };
    let since = |pod: &PodView| Reverse(pod.ready_since().flatten().map(|time| time.0));
    pods.sort_by_cached_key(|pod| {
        let created = Reverse(pod.metadata.creation_timestamp.as_ref().map(|time| time.0));
        (pod.spec.node_name.is_some(), phase(pod), pod.ready(), since(pod), created)
    });
    pods
}

/// The controller of ReplicaSets.
#[derive(Debug)]
pub(super) struct ReplicaSets {
    store: Store,
    events: Events,
}

impl ReplicaSets {
    pub(super) fn new(store: &Store, events: &Events) -> Self {
        ReplicaSets { store: store.clone(), events: events.clone() }
    }
}

impl Reconcile for ReplicaSets {
    fn kind(&self) -> &'static Kind {
        kind_of::<ReplicaSet>().unwrap_or(&KINDS[0])
    }

    fn reconcile(&mut self, namespace: &str, name: &str) -> Again {
        let set = self.store.read::<ReplicaSet>(namespace, name)?;
        if set.metadata.deletion_timestamp.is_some() {
            return None;
        }
        let spec = set.spec.as_ref()?;
        let wanted = Wanted {
            owner: &set,
            replicas: spec.replicas.unwrap_or(1),
            min_ready: spec.min_ready_seconds.unwrap_or(0),
            template: spec.template.as_ref()?,
            teller: "replicaset-controller",
        };
        let (counts, again) = sync(&self.store, &self.events, &wanted);
        let status = ReplicaSetStatus {
            replicas: counts.all,
            fully_labeled_replicas: Some(counts.all).filter(|count| *count > 0),
            ready_replicas: Some(counts.ready).filter(|count| *count > 0),
            available_replicas: Some(counts.available).filter(|count| *count > 0),
            observed_generation: set.metadata.generation,
            ..ReplicaSetStatus::default()
        };
        if set.status.as_ref() != Some(&status) {
            // Gone meanwhile: then nobody needs it.
            let _ = self.store.edit::<ReplicaSet>(namespace, name, |set| set.status = Some(status));
        }
        again
    }
}

/// The controller of ReplicationControllers.
#[derive(Debug)]
pub(super) struct ReplicationControllers {
    store: Store,
    events: Events,
}

impl ReplicationControllers {
    pub(super) fn new(store: &Store, events: &Events) -> Self {
        ReplicationControllers { store: store.clone(), events: events.clone() }
    }
}

impl Reconcile for ReplicationControllers {
    fn kind(&self) -> &'static Kind {
        kind_of::<ReplicationController>().unwrap_or(&KINDS[0])
    }

    fn reconcile(&mut self, namespace: &str, name: &str) -> Again {
        let set = self.store.read::<ReplicationController>(namespace, name)?;
        if set.metadata.deletion_timestamp.is_some() {
            return None;
        }
        let spec = set.spec.as_ref()?;
        let wanted = Wanted {
            owner: &set,
            replicas: spec.replicas.unwrap_or(1),
            min_ready: spec.min_ready_seconds.unwrap_or(0),
            template: spec.template.as_ref()?,
            teller: "replication-controller",
        };
        let (counts, again) = sync(&self.store, &self.events, &wanted);
        let status = ReplicationControllerStatus {
            replicas: counts.all,
            fully_labeled_replicas: Some(counts.all).filter(|count| *count > 0),
            ready_replicas: Some(counts.ready).filter(|count| *count > 0),
            available_replicas: Some(counts.available).filter(|count| *count > 0),
            observed_generation: set.metadata.generation,
            ..ReplicationControllerStatus::default()
        };
        if set.status.as_ref() != Some(&status) {
            let _ = self.store.edit::<ReplicationController>(namespace, name, |set| set.status = Some(status));
        }
        again
    }
}
