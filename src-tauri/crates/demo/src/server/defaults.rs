//! What objects are given where whoever writes them says nothing: what the real server adds, and Portolan or kubectl rely
//! on. Manifests that the cluster begins with are given the same.

mod services;
#[cfg(test)]
mod tests;
mod workloads;

use serde_json::{Value, json};

use crate::{Store, kind::Kind};

/// Adds to an object that is about to be written. The store is asked which addresses and ports other Services have: it
/// must not be called from within [`Store::modify`].
pub fn apply(kind: &'static Kind, object: &mut Value, store: &Store) {
    if !object.is_object() {
        return;
    }
    match kind.kind {
        "Namespace" => namespace(object),
        "Pod" => pod(object),
        "Service" => services::apply(object, store),
        "Endpoints" => list(object, "subsets").for_each(ports),
        "EndpointSlice" => list(object, "ports").for_each(|port| {
            default(port, "name", "");
            default(port, "protocol", "TCP");
        }),
        "Deployment" => workloads::deployment(object),
        "ReplicaSet" | "ReplicationController" => workloads::replicas(object),
        "StatefulSet" => workloads::stateful_set(object),
        "DaemonSet" => workloads::daemon_set(object),
        "Job" => workloads::job(object),
        "RoleBinding" | "ClusterRoleBinding" => role_binding(object),
        _ => {}
    }
    if has_status(kind) {
        default(object, "status", json!({}));
    }
}

/// Whether its objects have a part that only their controllers write.
pub fn has_status(kind: &'static Kind) -> bool {
    matches!(
        kind.kind,
        "Namespace"
            | "Node"
            | "Pod"
            | "Service"
            | "ReplicationController"
            | "Deployment"
            | "ReplicaSet"
            | "StatefulSet"
            | "DaemonSet"
            | "Job"
    )
}

fn namespace(object: &mut Value) {
    let name = object["metadata"]["name"].clone();
    let meta = within(object, "metadata");
    default(within(meta, "labels"), "kubernetes.io/metadata.name", name);
    default(within(object, "spec"), "finalizers", json!(["kubernetes"]));
    default(within(object, "status"), "phase", "Active");
}

fn pod(object: &mut Value) {
    let spec = within(object, "spec");
    pod_spec(spec);
    default(spec, "enableServiceLinks", true);
    default(spec, "serviceAccountName", "default");
    let status = within(object, "status");
    default(status, "phase", "Pending");
    default(status, "qosClass", "BestEffort");
}

/// What pods and the templates of pods have in common.
fn pod_spec(spec: &mut Value) {
    default(spec, "restartPolicy", "Always");
    default(spec, "terminationGracePeriodSeconds", 30);
    default(spec, "dnsPolicy", "ClusterFirst");
    default(spec, "securityContext", json!({}));
    default(spec, "schedulerName", "default-scheduler");
    for containers in ["initContainers", "containers"] {
        list(spec, containers).for_each(container);
    }
}

fn container(container: &mut Value) {
    let image = container["image"].as_str().unwrap_or_default();
    // What has no tag is `latest`, and that moves.
    let name = image.rsplit('/').next().unwrap_or_default();
    let moves = !name.contains('@') && name.rsplit_once(':').is_none_or(|(_, tag)| tag == "latest");
    default(container, "imagePullPolicy", if moves { "Always" } else { "IfNotPresent" });
    default(container, "resources", json!({}));
    default(container, "terminationMessagePath", "/dev/termination-log");
    default(container, "terminationMessagePolicy", "File");
    ports(container);
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if container[probe].is_object() {
            self::probe(&mut container[probe]);
        }
    }
}

fn probe(probe: &mut Value) {
    for (name, value) in
        [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)]
    {
        default(probe, name, value);
    }
    if probe["httpGet"].is_object() {
        default(&mut probe["httpGet"], "path", "/");
        default(&mut probe["httpGet"], "scheme", "HTTP");
    }
}

fn ports(of: &mut Value) {
    list(of, "ports").for_each(|port| default(port, "protocol", "TCP"));
}

fn role_binding(object: &mut Value) {
    for subject in list(object, "subjects") {
        if matches!(subject["kind"].as_str(), Some("User" | "Group")) {
            default(subject, "apiGroup", "rbac.authorization.k8s.io");
        }
    }
}

// ------------------------------------------------------------ JSON

/// Sets a field that is missing or null.
fn default(at: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(object) = at.as_object_mut() {
        let field = object.entry(name).or_insert(Value::Null);
        if field.is_null() {
            *field = value.into();
        }
    }
}

/// The object in a field, which is made where it is missing.
fn within<'a>(at: &'a mut Value, name: &str) -> &'a mut Value {
    default(at, name, json!({}));
    &mut at[name]
}

/// The items of the list in a field; none where it is no list.
fn list<'a>(at: &'a mut Value, name: &str) -> impl Iterator<Item = &'a mut Value> {
    at.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten()
}
