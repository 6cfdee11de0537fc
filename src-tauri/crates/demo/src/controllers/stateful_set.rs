//! StatefulSets: pods with names of their own, one after another.

use std::collections::BTreeMap;

use k8s_openapi::api::{
    apps::v1::{StatefulSet, StatefulSetSpec, StatefulSetStatus},
    core::v1::Pod,
};

use crate::{Store, kind::Kind, store::kind_of};

use super::{
    events::Events,
    ownership::{hash, pod_from},
    reconcile::{Again, Reconcile},
    replicas::{create_pod, remove_pod},
    views::{PodView, pods_of},
};

const REVISION: &str = "controller-revision-hash";
const TELLER: &str = "statefulset-controller";

/// The controller.
#[derive(Debug)]
pub(super) struct StatefulSets {
    store: Store,
    events: Events,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Add(i32),
    Remove(i32),
}

/// A pod, as its place in the order needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    ready: bool,
    terminating: bool,
    ended: bool,
    /// Of the template as it is now.
    updated: bool,
}

/// How the pods are to be.
#[derive(Clone, Copy, Debug)]
struct Order {
    first: i32,
    replicas: i32,
    /// All at once, not one after another.
    parallel: bool,
    /// Pods from this place on follow the template; `None` if they do when they are deleted.
    update_from: Option<i32>,
}

impl Order {
    fn of(spec: &StatefulSetSpec) -> Order {
        let strategy = spec.update_strategy.as_ref();
        let on_delete = strategy.and_then(|strategy| strategy.type_.as_deref()) == Some("OnDelete");
        let partition = strategy.and_then(|strategy| strategy.rolling_update.as_ref()?.partition).unwrap_or(0);
        Order {
            first: spec.ordinals.as_ref().and_then(|ordinals| ordinals.start).unwrap_or(0),
            replicas: spec.replicas.unwrap_or(1),
            parallel: spec.pod_management_policy.as_deref() == Some("Parallel"),
            update_from: (!on_delete).then_some(partition),
        }
    }

    /// What to do next: the missing from the first on, then the surplus and the outdated from the last on; one at a
    /// time and only while all others serve, unless all may go at once.
    fn steps(&self, places: &BTreeMap<i32, Place>) -> Vec<Step> {
        let mut steps = Vec::new();
        let wanted = self.first..self.first + self.replicas;
        for place in wanted.clone() {
            let step = match places.get(&place) {
                None => Some(Step::Add(place)),
                Some(pod) if pod.ended && !pod.terminating => Some(Step::Remove(place)),
                Some(_) => None,
            };
            steps.extend(step);
            let serves = places.get(&place).is_some_and(|pod| pod.ready && !pod.terminating);
            if !serves && !self.parallel {
                return steps;
            }
        }
        for (place, pod) in places.iter().rev().filter(|(place, _)| !wanted.contains(place)) {
            if !pod.terminating {
                steps.push(Step::Remove(*place));
            }
            if !self.parallel {
                return steps;
            }
        }
        if steps.is_empty() {
            steps.extend(self.update(places));
        }
        steps
    }

    fn update(&self, places: &BTreeMap<i32, Place>) -> Option<Step> {
        let from = self.update_from?;
        for (place, pod) in places.iter().rev().filter(|(place, _)| **place >= from) {
            if !pod.updated && !pod.terminating {
                return Some(Step::Remove(*place));
            }
            if !pod.ready || pod.terminating {
                return None;
            }
        }
        None
    }
}

impl StatefulSets {
    pub(super) fn new(store: &Store, events: &Events) -> Self {
        StatefulSets { store: store.clone(), events: events.clone() }
    }

    fn pod(set: &StatefulSet, spec: &StatefulSetSpec, place: i32, revision: &str) -> Pod {
        let mut pod = pod_from(set, &spec.template);
        let name = format!("{}-{place}", set.metadata.name.as_deref().unwrap_or_default());
        let labels = pod.metadata.labels.get_or_insert_default();
        labels.insert("statefulset.kubernetes.io/pod-name".into(), name.clone());
        labels.insert("apps.kubernetes.io/pod-index".into(), place.to_string());
        labels.insert(REVISION.into(), revision.into());
        let in_pod = pod.spec.get_or_insert_default();
        in_pod.hostname = Some(name.clone());
        in_pod.subdomain = spec.service_name.clone();
        pod.metadata.name = Some(name);
        pod
    }

    fn status(set: &StatefulSet, pods: &BTreeMap<i32, PodView>, revision: &str) -> StatefulSetStatus {
        let count = |is: &dyn Fn(&PodView) -> bool| i32::try_from(pods.values().filter(|pod| is(pod)).count()).ok();
        let before = set.status.clone().unwrap_or_default();
        let replicas = set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
        let updated = count(&|pod| pod.label(REVISION) == Some(revision) && !pod.terminating());
        let ready = count(&|pod| pod.ready() && !pod.terminating());
        let (all, done) = (count(&|_| true), updated == Some(replicas) && ready == Some(replicas));
        // As long as pods of the older template are there, it is the current one.
        let current = before.current_revision.filter(|_| !done).unwrap_or_else(|| revision.to_owned());
        let of_current = count(&|pod| pod.label(REVISION) == Some(&current) && !pod.terminating());
        StatefulSetStatus {
            replicas: all.unwrap_or(0),
            ready_replicas: ready.filter(|count| *count > 0),
            available_replicas: ready,
            current_replicas: of_current.filter(|count| *count > 0),
            updated_replicas: updated.filter(|count| *count > 0),
            current_revision: Some(current),
            update_revision: Some(revision.to_owned()),
            collision_count: Some(0),
            observed_generation: set.metadata.generation,
            conditions: before.conditions,
        }
    }

    fn pods(&self, set: &StatefulSet) -> BTreeMap<i32, PodView> {
        let uid = set.metadata.uid.as_deref().unwrap_or_default();
        let prefix = format!("{}-", set.metadata.name.as_deref().unwrap_or_default());
        let place = |pod: &PodView| pod.metadata.name.strip_prefix(&prefix)?.parse().ok();
        pods_of(&self.store, uid).into_iter().filter_map(|pod| Some((place(&pod)?, pod))).collect()
    }
}

impl Reconcile for StatefulSets {
    fn kind(&self) -> &'static Kind {
        kind_of::<StatefulSet>()
    }

    fn reconcile(&mut self, namespace: &str, name: &str) -> Again {
        let set = self.store.read::<StatefulSet>(namespace, name)?;
        let spec = set.spec.as_ref().filter(|_| set.metadata.deletion_timestamp.is_none())?;
        let revision = format!("{name}-{}", hash(&spec.template));
        let pods = self.pods(&set);
        let place = |pod: &PodView| Place {
            ready: pod.ready(),
            terminating: pod.terminating(),
            ended: pod.ended(),
            updated: pod.label(REVISION) == Some(&revision),
        };
        let places = pods.iter().map(|(at, pod)| (*at, place(pod))).collect();
        for step in Order::of(spec).steps(&places) {
            match step {
                Step::Add(at) => {
                    let pod = Self::pod(&set, spec, at, &revision);
                    create_pod(&self.store, &self.events, &set, &pod, TELLER);
                }
                Step::Remove(at) => {
                    let pod = pods.get(&at);
                    pod.into_iter().for_each(|pod| remove_pod(&self.store, &self.events, &set, pod, TELLER));
                }
            }
        }
        let status = Self::status(&set, &self.pods(&set), &revision);
        if set.status.as_ref() != Some(&status) {
            // Gone meanwhile: then nobody needs it.
            let _ = self.store.edit::<StatefulSet>(namespace, name, |set| set.status = Some(status));
        }
        None
    }
}

#[cfg(test)]
mod tests;
