//! What is not there: words for it, and the names of what is.

use k8s_openapi::api::{
    apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet},
    batch::v1::Job,
    core::v1::{Pod, ReplicationController, Service},
};

use super::Resolution;
use crate::{
    cluster::Cluster,
    error::{Code, Error, Problem},
    forward::{Forward, Target, WorkloadKind},
};

/// The target does not exist (any more).
pub(super) async fn missing(cluster: &Cluster, forward: &Forward) -> Resolution {
    Resolution::trouble(&why_missing(cluster, &forward.target, &forward.namespace).await, false)
}

/// Why a target does not exist: its namespace does not, or there are only others of its kind.
pub(crate) async fn why_missing(cluster: &Cluster, target: &Target, namespace: &str) -> Error {
    if let Some(known) = cluster.namespaces_without(namespace).await {
        return Error::UnknownNamespace { name: namespace.to_owned(), known };
    }
    let known = match target {
        Target::Service { .. } => cluster.names::<Service>(namespace).await,
        Target::Pod { .. } | Target::Selector { .. } => cluster.names::<Pod>(namespace).await,
        Target::Workload { kind, .. } => match kind {
            WorkloadKind::Deployment => cluster.names::<Deployment>(namespace).await,
            WorkloadKind::StatefulSet => cluster.names::<StatefulSet>(namespace).await,
            WorkloadKind::DaemonSet => cluster.names::<DaemonSet>(namespace).await,
            WorkloadKind::ReplicaSet => cluster.names::<ReplicaSet>(namespace).await,
            WorkloadKind::ReplicationController => cluster.names::<ReplicationController>(namespace).await,
            WorkloadKind::Job => cluster.names::<Job>(namespace).await,
        },
    };
    Error::TargetNotFound { target: target.clone(), namespace: namespace.to_owned(), known }
}

/// Where the namespace does not exist, that is what is wrong.
pub(super) async fn unknown_namespace(cluster: &Cluster, name: &str) -> Option<Resolution> {
    let known = cluster.namespaces_without(name).await?;
    Some(Resolution::trouble(&Error::UnknownNamespace { name: name.to_owned(), known }, false))
}

pub(super) fn pod_gone(pod: &Target) -> Problem {
    Problem {
        code: Code::PodGone,
        message: format!("{pod} is gone. A direct tunnel means that one pod, so it ended with it."),
        next: "Open a tunnel to its Service or workload instead: those outlive a pod.".into(),
    }
}
