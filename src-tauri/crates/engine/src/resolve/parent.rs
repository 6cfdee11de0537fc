//! The workload that a direct tunnel's pod belongs to, for whoever wants that instead when the pod goes.
//!
//! A ReplicaSet's Deployment takes one more request. Nothing waits for that, and where it fails the ReplicaSet is told:
//! it is true, and forwards as well until the next rollout.

use std::fmt;

use futures::{FutureExt, future::BoxFuture};
use k8s_openapi::{
    api::{apps::v1::ReplicaSet, core::v1::Pod},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use crate::{
    cluster::Cluster,
    forward::{Target, WorkloadKind},
};

/// What is known of it.
#[derive(Default)]
pub(super) struct Parent {
    target: Option<Target>,
    /// Asks for the ReplicaSet's own owner.
    asking: Option<BoxFuture<'static, Option<ObjectMeta>>>,
}

impl Parent {
    /// As the pod says; nothing is asked before [`Parent::next`].
    pub(super) fn of(pod: &Pod, cluster: &Cluster, namespace: &str) -> Self {
        let target = owner(&pod.metadata);
        let asking = match &target {
            Some(Target::Workload { kind: WorkloadKind::ReplicaSet, name }) => {
                Some(cluster.metadata::<ReplicaSet>(namespace, name).boxed())
            }
            _ => None,
        };
        Parent { target, asking }
    }

    /// The best that is known.
    pub(super) fn target(&self) -> Option<Target> {
        self.target.clone()
    }

    /// Waits until more is known; for ever if there is no more to know. Cancel-safe.
    pub(super) async fn next(&mut self) {
        let Some(asking) = &mut self.asking else { return std::future::pending().await };
        let replica_set = asking.await;
        self.asking = None;
        if let Some(deployment) = replica_set.and_then(|meta| owner(&meta)) {
            self.target = Some(deployment);
        }
    }
}

/// The workload that controls an object.
pub(crate) fn owner(meta: &ObjectMeta) -> Option<Target> {
    let owner = meta.owner_references.iter().flatten().find(|owner| owner.controller == Some(true))?;
    let group = owner.api_version.split_once('/').map_or("", |(group, _)| group);
    let kind = match (group, owner.kind.as_str()) {
        ("apps", "Deployment") => WorkloadKind::Deployment,
        ("apps", "ReplicaSet") => WorkloadKind::ReplicaSet,
        ("apps", "StatefulSet") => WorkloadKind::StatefulSet,
        ("apps", "DaemonSet") => WorkloadKind::DaemonSet,
        ("", "ReplicationController") => WorkloadKind::ReplicationController,
        ("batch", "Job") => WorkloadKind::Job,
        // A Node, of a static pod; or a kind that no tunnel leads to.
        _ => return None,
    };
    Some(Target::Workload { kind, name: owner.name.clone() })
}

impl fmt::Debug for Parent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parent").field("target", &self.target).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_owner_that_controls_is_the_workload() {
        let named = |kind| Some(Target::Workload { kind, name: "web".into() });
        let table = [
            ("apps/v1", "Deployment", true, named(WorkloadKind::Deployment)),
            ("apps/v1", "ReplicaSet", true, named(WorkloadKind::ReplicaSet)),
            ("apps/v1", "StatefulSet", true, named(WorkloadKind::StatefulSet)),
            ("apps/v1", "DaemonSet", true, named(WorkloadKind::DaemonSet)),
            ("v1", "ReplicationController", true, named(WorkloadKind::ReplicationController)),
            ("batch/v1", "Job", true, named(WorkloadKind::Job)),
            ("apps/v1", "StatefulSet", false, None),
            ("example.org/v1", "StatefulSet", true, None),
            ("v1", "Node", true, None),
        ];
        for (version, kind, controller, expected) in table {
            let reference =
                json!({"apiVersion": version, "kind": kind, "name": "web", "uid": "u", "controller": controller});
            let meta: ObjectMeta = serde_json::from_value(json!({"ownerReferences": [reference]})).unwrap();
            assert_eq!(owner(&meta), expected, "{version} {kind} {controller}");
        }
        assert_eq!(owner(&ObjectMeta::default()), None);
    }
}
