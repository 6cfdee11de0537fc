//! What controllers read of a pod: a fifth of it, which takes a fifth of the time.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::Deserialize;

use crate::{
    Store,
    store::{Object, kind_of},
};

/// What is read of a pod.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PodView {
    pub(super) metadata: Meta,
    #[serde(default)]
    pub(super) spec: Spec,
    #[serde(default)]
    pub(super) status: Status,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Meta {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) uid: String,
    #[serde(default)]
    pub(super) labels: BTreeMap<String, String>,
    pub(super) creation_timestamp: Option<Time>,
    pub(super) deletion_timestamp: Option<Time>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec {
    pub(super) node_name: Option<String>,
    pub(super) hostname: Option<String>,
    pub(super) subdomain: Option<String>,
    #[serde(default)]
    pub(super) containers: Vec<Container>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Container {
    #[serde(default)]
    pub(super) ports: Vec<Port>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Port {
    pub(super) name: Option<String>,
    pub(super) container_port: u16,
    pub(super) protocol: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    #[serde(default)]
    pub(super) phase: String,
    #[serde(rename = "podIP")]
    pub(super) pod_ip: Option<String>,
    #[serde(default)]
    pub(super) conditions: Vec<Condition>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Condition {
    #[serde(rename = "type")]
    pub(super) type_: String,
    pub(super) status: String,
    pub(super) last_transition_time: Option<Time>,
}

impl PodView {
    /// Whether its Ready condition holds.
    pub(super) fn ready(&self) -> bool {
        self.ready_since().is_some()
    }

    /// Since when its Ready condition holds.
    pub(super) fn ready_since(&self) -> Option<Option<&Time>> {
        let ready = self.status.conditions.iter().find(|condition| condition.type_ == "Ready");
        ready.filter(|ready| ready.status == "True").map(|ready| ready.last_transition_time.as_ref())
    }

    /// Whether it is being deleted.
    pub(super) fn terminating(&self) -> bool {
        self.metadata.deletion_timestamp.is_some()
    }

    /// Whether all that it had to run has ended for good.
    pub(super) fn ended(&self) -> bool {
        matches!(self.status.phase.as_str(), "Succeeded" | "Failed")
    }

    /// Whether it counts for who wants so many pods.
    pub(super) fn active(&self) -> bool {
        !self.terminating() && !self.ended()
    }

    /// The value of one of its labels.
    pub(super) fn label(&self, name: &str) -> Option<&str> {
        self.metadata.labels.get(name).map(String::as_str)
    }
}

/// The pod, if the object is one.
pub(super) fn pod(object: &Object) -> Option<PodView> {
    object.read()
}

/// The pods that belong to the object of that UID, by name.
pub(super) fn pods_of(store: &Store, uid: &str) -> Vec<PodView> {
    let kind = kind_of::<k8s_openapi::api::core::v1::Pod>();
    store.owned(uid).iter().filter(|object| object.kind == kind).filter_map(|object| pod(object)).collect()
}
