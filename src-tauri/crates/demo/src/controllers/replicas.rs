//! ReplicaSets and ReplicationControllers: so many pods of one template, whichever.

use std::{cmp::Reverse, marker::PhantomData, sync::Arc};

use k8s_openapi::api::{
    apps::v1::{ReplicaSet, ReplicaSetStatus},
    core::v1::{Pod, PodTemplateSpec, ReplicationController, ReplicationControllerStatus},
};
use tokio::time::Instant;

use crate::{
    Store,
    kind::Kind,
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
pub(super) struct Counts {
    all: i32,
    ready: i32,
    available: i32,
}

/// What a set asks for.
pub(super) struct Wanted<'a> {
    replicas: i32,
    min_ready: i32,
    template: &'a PodTemplateSpec,
}

/// A kind of sets.
pub(super) trait PodSet: Typed + Send + 'static {
    /// Its controller, as events name it.
    const CONTROLLER: &'static str;

    /// What it says of its pods.
    type Status: PartialEq;

    /// `None` for one that asks for nothing.
    fn wanted(&self) -> Option<Wanted<'_>>;

    /// Those counts as its status.
    fn counted(&self, counts: Counts) -> Self::Status;

    /// Its status as it stands.
    fn status(&mut self) -> &mut Option<Self::Status>;
}

/// Adds the pods that are missing, or ends those that are too many; counts what there was before.
fn sync<K: PodSet>(store: &Store, events: &Events, set: &K, wanted: &Wanted<'_>) -> (Counts, Again) {
    let uid = set.metadata().uid.clone().unwrap_or_default();
    let pods: Vec<PodView> = pods_of(store, &uid).into_iter().filter(PodView::active).collect();
    let there = i32::try_from(pods.len()).unwrap_or(i32::MAX);
    for _ in there..wanted.replicas {
        create_pod(store, events, set, &pod_from(set, wanted.template), K::CONTROLLER);
    }
    let surplus = usize::try_from(there - wanted.replicas.max(0)).unwrap_or(0);
    for pod in first_to_go(pods.clone()).into_iter().take(surplus) {
        remove_pod(store, events, set, &pod, K::CONTROLLER);
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
    let kind = kind_of::<Pod>();
    let mut value = serde_json::to_value(pod).map_err(|error| Refused::Invalid(error.to_string()))?;
    defaults::apply(kind, &mut value, store);
    store.create(kind, pod.metadata.namespace.as_deref().unwrap_or_default(), value)
}

/// Asks a pod of an owner to end, and tells.
pub(super) fn remove_pod<K: Typed>(store: &Store, events: &Events, owner: &K, pod: &PodView, teller: &str) {
    let meta = &pod.metadata;
    if delete(store, kind_of::<Pod>(), &meta.namespace, &meta.name, &meta.uid) {
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

/// The controller of one kind of sets.
#[derive(Debug)]
pub(super) struct Sets<K> {
    store: Store,
    events: Events,
    of: PhantomData<K>,
}

impl<K: PodSet> Sets<K> {
    pub(super) fn new(store: &Store, events: &Events) -> Self {
        Sets { store: store.clone(), events: events.clone(), of: PhantomData }
    }
}

impl<K: PodSet> Reconcile for Sets<K> {
    fn kind(&self) -> &'static Kind {
        kind_of::<K>()
    }

    fn reconcile(&mut self, namespace: &str, name: &str) -> Again {
        let mut set = self.store.read::<K>(namespace, name)?;
        if set.metadata().deletion_timestamp.is_some() {
            return None;
        }
        let (counts, again) = sync(&self.store, &self.events, &set, &set.wanted()?);
        let status = set.counted(counts);
        if set.status().as_ref() != Some(&status) {
            // Gone meanwhile: then nobody needs it.
            let _ = self.store.edit::<K>(namespace, name, |set| *set.status() = Some(status));
        }
        again
    }
}

impl PodSet for ReplicaSet {
    const CONTROLLER: &'static str = "replicaset-controller";
    type Status = ReplicaSetStatus;

    fn wanted(&self) -> Option<Wanted<'_>> {
        let spec = self.spec.as_ref()?;
        let (replicas, min_ready) = (spec.replicas.unwrap_or(1), spec.min_ready_seconds.unwrap_or(0));
        Some(Wanted { replicas, min_ready, template: spec.template.as_ref()? })
    }

    fn counted(&self, counts: Counts) -> Self::Status {
        ReplicaSetStatus {
            replicas: counts.all,
            fully_labeled_replicas: some(counts.all),
            ready_replicas: some(counts.ready),
            available_replicas: some(counts.available),
            observed_generation: self.metadata.generation,
            ..ReplicaSetStatus::default()
        }
    }

    fn status(&mut self) -> &mut Option<Self::Status> {
        &mut self.status
    }
}

impl PodSet for ReplicationController {
    const CONTROLLER: &'static str = "replication-controller";
    type Status = ReplicationControllerStatus;

    fn wanted(&self) -> Option<Wanted<'_>> {
        let spec = self.spec.as_ref()?;
        let (replicas, min_ready) = (spec.replicas.unwrap_or(1), spec.min_ready_seconds.unwrap_or(0));
        Some(Wanted { replicas, min_ready, template: spec.template.as_ref()? })
    }

    fn counted(&self, counts: Counts) -> Self::Status {
        ReplicationControllerStatus {
            replicas: counts.all,
            fully_labeled_replicas: some(counts.all),
            ready_replicas: some(counts.ready),
            available_replicas: some(counts.available),
            observed_generation: self.metadata.generation,
            ..ReplicationControllerStatus::default()
        }
    }

    fn status(&mut self) -> &mut Option<Self::Status> {
        &mut self.status
    }
}

/// A status says nothing of none.
fn some(count: i32) -> Option<i32> {
    Some(count).filter(|count| *count > 0)
}
