//! What workloads are given.

use serde_json::{Value, json};

use super::{default, pod_spec, within};

pub(super) fn deployment(object: &mut Value) {
    let spec = within(object, "spec");
    default(spec, "replicas", 1);
    default(spec, "revisionHistoryLimit", 10);
    default(spec, "progressDeadlineSeconds", 600);
    let strategy = within(spec, "strategy");
    default(strategy, "type", "RollingUpdate");
    if strategy["type"] == "RollingUpdate" {
        let rolling = within(strategy, "rollingUpdate");
        default(rolling, "maxUnavailable", "25%");
        default(rolling, "maxSurge", "25%");
    }
    template(spec);
}

pub(super) fn replicas(object: &mut Value) {
    let labels = object["spec"]["template"]["metadata"]["labels"].clone();
    let old = object["kind"] == "ReplicationController";
    if old && labels.is_object() {
        default(within(object, "metadata"), "labels", labels.clone());
    }
    let spec = within(object, "spec");
    default(spec, "replicas", 1);
    if old && labels.is_object() {
        default(spec, "selector", labels);
    }
    template(spec);
}

pub(super) fn stateful_set(object: &mut Value) {
    let spec = within(object, "spec");
    default(spec, "replicas", 1);
    default(spec, "revisionHistoryLimit", 10);
    default(spec, "podManagementPolicy", "OrderedReady");
    let strategy = within(spec, "updateStrategy");
    default(strategy, "type", "RollingUpdate");
    if strategy["type"] == "RollingUpdate" {
        default(within(strategy, "rollingUpdate"), "partition", 0);
    }
    template(spec);
}

pub(super) fn daemon_set(object: &mut Value) {
    let spec = within(object, "spec");
    default(spec, "revisionHistoryLimit", 10);
    let strategy = within(spec, "updateStrategy");
    default(strategy, "type", "RollingUpdate");
    if strategy["type"] == "RollingUpdate" {
        let rolling = within(strategy, "rollingUpdate");
        default(rolling, "maxUnavailable", 1);
        default(rolling, "maxSurge", 0);
    }
    template(spec);
}

/// A Job's selector is its own UID, so it is given one here, which the store leaves as it is.
pub(super) fn job(object: &mut Value) {
    let meta = within(object, "metadata");
    default(meta, "uid", uuid::Uuid::new_v4().to_string());
    let (uid, name) = (meta["uid"].clone(), meta["name"].clone());
    let spec = within(object, "spec");
    default(spec, "parallelism", 1);
    default(spec, "completions", 1);
    default(spec, "backoffLimit", 6);
    default(spec, "completionMode", "NonIndexed");
    default(spec, "suspend", false);
    if spec["selector"].is_null() {
        spec["selector"] = json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}});
        let meta = within(within(spec, "template"), "metadata");
        let labels = within(meta, "labels");
        for prefix in ["", "batch.kubernetes.io/"] {
            default(labels, &format!("{prefix}controller-uid"), uid.clone());
            default(labels, &format!("{prefix}job-name"), name.clone());
        }
    }
    template(spec);
}

fn template(spec: &mut Value) {
    let template = within(spec, "template");
    within(template, "metadata");
    pod_spec(within(template, "spec"));
}
