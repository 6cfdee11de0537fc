//! DaemonSets: one pod on each node.

use std::collections::BTreeSet;

use k8s_openapi::api::{
    apps::v1::{DaemonSet, DaemonSetSpec, DaemonSetStatus},
    core::v1::Node,
};

use crate::{
    Store,
    kind::Kind,
    store::{Change, kind_of},
};

use super::{
    deployment::{Round, share},
    events::Events,
    ownership::{hash, pod_from},
    reconcile::{Again, Name, Reconcile},
    replicas::{create_pod, remove_pod},
    views::{PodView, pods_of},
};

const REVISION: &str = "controller-revision-hash";
const GENERATION: &str = "pod-template-generation";
const TELLER: &str = "daemonset-controller";

/// The controller.
#[derive(Debug)]
pub(super) struct DaemonSets {
    store: Store,
    events: Events,
}

impl DaemonSets {
    pub(super) fn new(store: &Store, events: &Events) -> Self {
        DaemonSets { store: store.clone(), events: events.clone() }
    }

    /// The nodes that shall have a pod: those with the labels that its pods ask for.
    fn nodes(&self, spec: &DaemonSetSpec) -> Vec<String> {
        let wanted = spec.template.spec.as_ref().and_then(|spec| spec.node_selector.clone()).unwrap_or_default();
        let nodes = self.store.list(kind_of::<Node>(), None).0;
        let fits = nodes.iter().filter(|node| wanted.iter().all(|(name, value)| node.labels.get(name) == Some(value)));
        fits.map(|node| node.name.clone()).collect()
    }

    fn add(&self, set: &DaemonSet, spec: &DaemonSetSpec, node: &str, revision: &str) {
        let mut pod = pod_from(set, &spec.template);
        let labels = pod.metadata.labels.get_or_insert_default();
        labels.insert(REVISION.into(), revision.into());
        labels.insert(GENERATION.into(), set.metadata.generation.unwrap_or(1).to_string());
        // A real one asks the scheduler for it by an affinity; the outcome is the same.
        pod.spec.get_or_insert_default().node_name = Some(node.into());
        create_pod(&self.store, &self.events, set, &pod, TELLER);
    }

    /// Ends pods of an older template, as long as enough nodes are served.
    fn update(&self, set: &DaemonSet, spec: &DaemonSetSpec, nodes: &[String], pods: &[PodView], revision: &str) {
        let strategy = spec.update_strategy.as_ref();
        if strategy.and_then(|strategy| strategy.type_.as_deref()) == Some("OnDelete") {
            return;
        }
        let rolling = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
        let limit = rolling.and_then(|rolling| rolling.max_unavailable.as_ref());
        let limit = limit.map_or(1, |limit| share(Some(limit), len(nodes), Round::Up).max(1));
        let serve = pods.iter().filter(|pod| pod.active() && pod.ready()).count();
        let mut may_go = limit - (len(nodes) - i32::try_from(serve).unwrap_or(i32::MAX));
        for pod in pods.iter().filter(|pod| pod.active() && pod.label(REVISION) != Some(revision)) {
            let idle = !pod.ready();
            if idle || may_go > 0 {
                may_go -= i32::from(!idle);
                remove_pod(&self.store, &self.events, set, pod, TELLER);
            }
        }
    }

    fn sync(&self, set: &DaemonSet, spec: &DaemonSetSpec, nodes: &[String], revision: &str) {
        let uid = set.metadata.uid.as_deref().unwrap_or_default();
        let pods = pods_of(&self.store, uid);
        let node = |pod: &PodView| pod.spec.node_name.clone().unwrap_or_default();
        let mut served = BTreeSet::new();
        for pod in &pods {
            let surplus = pod.ended() || !nodes.contains(&node(pod)) || !served.insert(node(pod));
            if surplus && !pod.terminating() {
                remove_pod(&self.store, &self.events, set, pod, TELLER);
            }
        }
        for node in nodes.iter().filter(|node| !served.contains(*node)) {
            self.add(set, spec, node, revision);
        }
        self.update(set, spec, nodes, &pods, revision);
    }

    fn status(&self, set: &DaemonSet, nodes: &[String], revision: &str) -> DaemonSetStatus {
        let pods = pods_of(&self.store, set.metadata.uid.as_deref().unwrap_or_default());
        let count = |is: &dyn Fn(&PodView) -> bool| {
            i32::try_from(pods.iter().filter(|pod| pod.active() && is(pod)).count()).unwrap_or(i32::MAX)
        };
        let ready = count(&PodView::ready);
        let some = |count: i32| Some(count).filter(|count| *count > 0);
        DaemonSetStatus {
            current_number_scheduled: count(&|_| true),
            desired_number_scheduled: len(nodes),
            number_available: some(ready),
            number_misscheduled: 0,
            number_ready: ready,
            number_unavailable: some(len(nodes) - ready),
            observed_generation: set.metadata.generation,
            updated_number_scheduled: some(count(&|pod| pod.label(REVISION) == Some(revision))),
            ..DaemonSetStatus::default()
        }
    }
}

impl Reconcile for DaemonSets {
    fn kind(&self) -> &'static Kind {
        kind_of::<DaemonSet>()
    }

    fn reconcile(&mut self, namespace: &str, name: &str) -> Again {
        let set = self.store.read::<DaemonSet>(namespace, name)?;
        let spec = set.spec.as_ref().filter(|_| set.metadata.deletion_timestamp.is_none())?;
        let (nodes, revision) = (self.nodes(spec), hash(&spec.template));
        self.sync(&set, spec, &nodes, &revision);
        let status = self.status(&set, &nodes, &revision);
        if set.status.as_ref() != Some(&status) {
            // Gone meanwhile: then nobody needs it.
            let _ = self.store.edit::<DaemonSet>(namespace, name, |set| set.status = Some(status));
        }
        None
    }

    fn concerned(&self, change: &Change, concerned: &mut BTreeSet<Name>) {
        let object = &change.object;
        if object.kind == kind_of::<Node>() {
            concerned.extend(self.everything(&self.store));
        } else if object.kind == self.kind() {
            concerned.insert((object.namespace.clone(), object.name.clone()));
        } else if let Some(owner) = object.owner.as_ref().filter(|owner| owner.kind == self.kind()) {
            concerned.insert((object.namespace.clone(), owner.name.clone()));
        }
    }
}

fn len(nodes: &[String]) -> i32 {
    i32::try_from(nodes.len()).unwrap_or(i32::MAX)
}
