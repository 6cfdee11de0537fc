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

/// The target does not exist (any more): says what does, of the same kind.
pub(super) async fn missing(cluster: &Cluster, forward: &Forward) -> Resolution {
    let namespace = &forward.namespace;
    if let Some(unknown) = unknown_namespace(cluster, namespace).await {
        return unknown;
    }
    let known = match &forward.target {
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
    let error = Error::TargetNotFound { target: forward.target.clone(), namespace: namespace.clone(), known };
    Resolution::trouble(&error, false)
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
