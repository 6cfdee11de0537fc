//! The six kinds of workload, reduced to what tunnels and lists need.

use std::{fmt, sync::Arc};

use k8s_openapi::{
    Metadata, NamespaceResourceScope,
    api::{
        apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet},
        batch::v1::Job,
        core::v1::{PodSpec, ReplicationController},
    },
    apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta},
};
use kube::{Resource, core::Selector};
use serde::de::DeserializeOwned;
use tokio::sync::Notify;

use crate::{
    cluster::Cluster,
    forward::WorkloadKind,
    pod,
    row::{RowPort, Scope},
    watched::{Select, Watched},
};

/// A workload of any kind.
#[derive(Clone, Debug)]
pub(crate) struct Workload {
    pub(crate) kind: WorkloadKind,
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// `None` if it has none, or one that selects everything.
    pub(crate) selector: Option<Selector>,
    pub(crate) ready: u32,
    pub(crate) wanted: u32,
    /// What its template's containers declare.
    pub(crate) ports: Vec<RowPort>,
    /// The name of the Deployment that owns it, if it is a ReplicaSet of one.
    pub(crate) owner: Option<String>,
}

impl Workload {
    fn new(
        kind: WorkloadKind,
        meta: ObjectMeta,
        selector: Option<LabelSelector>,
        (ready, wanted): (Option<i32>, Option<i32>),
        template: Option<PodSpec>,
    ) -> Self {
        let count = |n: Option<i32>| n.and_then(|n| u32::try_from(n).ok()).unwrap_or_default();
        Workload {
            kind,
            namespace: meta.namespace.unwrap_or_default(),
            name: meta.name.unwrap_or_default(),
            selector: selector.and_then(|s| Selector::try_from(s).ok()).filter(|s| !s.selects_all()),
            ready: count(ready),
            wanted: count(wanted),
            ports: template.map(|spec| pod::ports(spec.containers.iter())).unwrap_or_default(),
            owner: meta
                .owner_references
                .unwrap_or_default()
                .into_iter()
                .find(|o| o.controller == Some(true))
                .map(|o| o.name),
        }
    }
}

/// Watches the workloads of one kind: all of a scope, or the one of that name.
pub(crate) fn watch(
    cluster: &Cluster,
    scope: &Scope,
    kind: WorkloadKind,
    name: Option<&str>,
    retry_now: &Arc<Notify>,
) -> Watched<Workload> {
    let origin = Request { cluster, scope, name, retry_now };
    match kind {
        WorkloadKind::Deployment => origin.watch(move |w: Deployment| {
            let spec = w.spec.unwrap_or_default();
            let ready = w.status.and_then(|s| s.ready_replicas);
            Workload::new(kind, w.metadata, Some(spec.selector), (ready, spec.replicas.or(Some(1))), spec.template.spec)
        }),
        WorkloadKind::StatefulSet => origin.watch(move |w: StatefulSet| {
            let spec = w.spec.unwrap_or_default();
            let ready = w.status.and_then(|s| s.ready_replicas);
            Workload::new(kind, w.metadata, Some(spec.selector), (ready, spec.replicas.or(Some(1))), spec.template.spec)
        }),
        WorkloadKind::DaemonSet => origin.watch(move |w: DaemonSet| {
            let spec = w.spec.unwrap_or_default();
            let status = w.status.unwrap_or_default();
            let counts = (Some(status.number_ready), Some(status.desired_number_scheduled));
            Workload::new(kind, w.metadata, Some(spec.selector), counts, spec.template.spec)
        }),
        WorkloadKind::ReplicaSet => origin.watch(move |w: ReplicaSet| {
            let spec = w.spec.unwrap_or_default();
            let ready = w.status.and_then(|s| s.ready_replicas);
            let template = spec.template.and_then(|t| t.spec);
            Workload::new(kind, w.metadata, Some(spec.selector), (ready, spec.replicas.or(Some(1))), template)
        }),
        WorkloadKind::ReplicationController => origin.watch(move |w: ReplicationController| {
            let spec = w.spec.unwrap_or_default();
            let ready = w.status.and_then(|s| s.ready_replicas);
            let selector =
                spec.selector.map(|labels| LabelSelector { match_labels: Some(labels), match_expressions: None });
            let template = spec.template.and_then(|t| t.spec);
            Workload::new(kind, w.metadata, selector, (ready, spec.replicas.or(Some(1))), template)
        }),
        WorkloadKind::Job => origin.watch(move |w: Job| {
            let spec = w.spec.unwrap_or_default();
            let status = w.status.unwrap_or_default();
            // A Job wants what runs: a finished one has, and wants, none.
            let counts = (status.ready.or(status.active), status.active);
            Workload::new(kind, w.metadata, spec.selector, counts, spec.template.spec)
        }),
    }
}

struct Request<'a> {
    cluster: &'a Cluster,
    scope: &'a Scope,
    name: Option<&'a str>,
    retry_now: &'a Arc<Notify>,
}

impl Request<'_> {
    fn watch<K>(self, reduce: impl Fn(K) -> Workload + Send + Sync + 'static) -> Watched<Workload>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Metadata<Ty = ObjectMeta>
            + Clone
            + DeserializeOwned
            + fmt::Debug
            + Send
            + 'static,
    {
        let select = self.name.map_or(Select::All, |name| Select::Name(name.to_owned()));
        self.cluster.watch(self.scope, select, self.retry_now, reduce)
    }
}
