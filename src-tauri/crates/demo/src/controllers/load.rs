//! What the cluster begins with: nodes, namespaces, the manifests' objects, and a crowd.

use k8s_openapi::api::{
    apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet},
    batch::v1::Job,
    core::v1::{Endpoints, Namespace, Node, Pod, ReplicationController, Service},
    discovery::v1::EndpointSlice,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{
    Error, Options, Store,
    kind::Kind,
    server::defaults,
    store::{Refused, kind_of},
};

/// The namespace of [`Options::pods`].
pub(super) const CROWD: &str = "crowd";
/// So many pods each of the crowd's Deployments has at the most.
const EACH: usize = 100;
/// The nodes, and the addresses at which their node ports are: those of the second answer nowhere.
const NODES: [(&str, &str); 2] = [("harbour-1", "127.0.0.1"), ("harbour-2", "127.0.0.2")];

/// Puts what the cluster begins with into the store.
///
/// # Errors
/// When a manifest is no YAML, or has an object in it that the demo cluster cannot have.
pub(crate) fn load(store: &Store, options: &Options) -> Result<(), Error> {
    for namespace in ["default", "kube-node-lease", "kube-public", "kube-system"] {
        ensure_namespace(store, namespace)?;
    }
    for (name, address) in NODES.into_iter().take(options.nodes) {
        put(store, node(name, address, store))?;
    }
    put(store, kubernetes())?;
    let mut objects = Vec::new();
    for manifest in &options.manifests {
        objects.extend(documents(manifest)?);
    }
    put_all(store, objects)?;
    for object in crowd(options.pods) {
        put(store, object)?;
    }
    Ok(())
}

/// Puts a manifest's objects into the store.
///
/// # Errors
/// As [`load`], and when one of them is there already.
pub(crate) fn add(store: &Store, manifest: &str) -> Result<(), Error> {
    put_all(store, documents(manifest)?)
}

fn put_all(store: &Store, mut objects: Vec<(String, Value)>) -> Result<(), Error> {
    // Whatever the order in which they are written.
    objects.sort_by_key(|(_, object)| object["kind"] != "Namespace");
    for (place, object) in objects {
        put(store, object).map_err(|reason| Error::Manifest(format!("{place}: {reason}")))?;
    }
    Ok(())
}

/// The objects of a manifest, each with where it is.
fn documents(manifest: &str) -> Result<Vec<(String, Value)>, Error> {
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(manifest).map_err(|error| Error::Manifest(format!("it is no YAML: {error}")))?;
    let mut objects = Vec::new();
    for (number, mut document) in documents.into_iter().enumerate() {
        let place = format!("document {} ({})", number + 1, title(&document));
        match document["items"].take() {
            // `kind: List`, as `kubectl get -o yaml` writes it.
            Value::Array(items) => objects.extend(items.into_iter().map(|item| (place.clone(), item))),
            // Comments only.
            _ if document.is_null() => {}
            _ => {
                document.as_object_mut().map(|document| document.remove("items"));
                objects.push((place, document));
            }
        }
    }
    Ok(objects)
}

fn title(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    format!("{} {}", text(&object["kind"]), text(&object["metadata"]["name"]))
}

/// Adds an object, with what it is given by default, as the API server does.
fn put(store: &Store, mut object: Value) -> Result<(), Refused> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (version, kind_name) = (text(&object["apiVersion"]), text(&object["kind"]));
    let invalid = |reason: String| Refused::Invalid(reason);
    let kind = Kind::named(&version, &kind_name)
        .ok_or_else(|| invalid(format!("the demo cluster has no objects of kind {kind_name} in {version}")))?;
    check(kind, &object).map_err(invalid)?;
    let namespace = match object["metadata"]["namespace"].as_str() {
        _ if !kind.namespaced => String::new(),
        Some(namespace) => namespace.to_owned(),
        None => "default".to_owned(),
    };
    if kind.namespaced {
        ensure_namespace(store, &namespace)?;
    }
    defaults::apply(kind, &mut object, store);
    match store.create(kind, &namespace, object) {
        // Made for the objects in it before its own document was read.
        Err(Refused::Exists { .. }) if kind == kind_of::<Namespace>() => Ok(()),
        put => put.map(drop),
    }
}

/// What is not as its kind should be nobody could read.
fn check(kind: &'static Kind, object: &Value) -> Result<(), String> {
    fn is<K: DeserializeOwned>(object: &Value) -> Result<(), String> {
        serde_json::from_value::<K>(object.clone()).map(drop).map_err(|error| error.to_string())
    }
    match kind.kind {
        "Pod" => is::<Pod>(object),
        "Service" => is::<Service>(object),
        "Deployment" => is::<Deployment>(object),
        "ReplicaSet" => is::<ReplicaSet>(object),
        "ReplicationController" => is::<ReplicationController>(object),
        "StatefulSet" => is::<StatefulSet>(object),
        "DaemonSet" => is::<DaemonSet>(object),
        "Job" => is::<Job>(object),
        "Endpoints" => is::<Endpoints>(object),
        "EndpointSlice" => is::<EndpointSlice>(object),
        "Node" => is::<Node>(object),
        _ => Ok(()),
    }
}

fn ensure_namespace(store: &Store, name: &str) -> Result<(), Refused> {
    if store.get(kind_of::<Namespace>(), "", name).is_some() {
        return Ok(());
    }
    put(store, json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}))
}

fn node(name: &str, address: &str, store: &Store) -> Value {
    let now = store.clock().now();
    let condition = |type_: &str, status: &str, reason: &str, message: &str| {
        json!({
            "type": type_, "status": status, "reason": reason, "message": message,
            "lastHeartbeatTime": now, "lastTransitionTime": now,
        })
    };
    let capacity = json!({"cpu": "4", "memory": "8Gi", "ephemeral-storage": "50Gi", "pods": "30000"});
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {
            "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux", "kubernetes.io/hostname": name,
        }},
        "spec": {},
        "status": {
            "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
            "capacity": capacity, "allocatable": capacity,
            "conditions": [
                condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
                condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {
                "architecture": "amd64", "operatingSystem": "linux", "osImage": "Portolan demo", "kernelVersion": "none",
                "kubeletVersion": "v1.33.0", "kubeProxyVersion": "v1.33.0", "containerRuntimeVersion": "portolan-demo://1",
                "bootID": "", "machineID": "", "systemUUID": "",
            },
        },
    })
}

/// The API server's own Service, which has no selector.
fn kubernetes() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {
            "name": "kubernetes", "namespace": "default",
            "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {"clusterIP": "10.96.0.1", "ports": [{"name": "https", "port": 443, "targetPort": 6443}]},
    })
}

/// So many pods, in Deployments with a Service each.
fn crowd(pods: usize) -> impl Iterator<Item = Value> {
    let starts = (0..pods).step_by(EACH);
    starts.flat_map(move |start| {
        let (name, replicas) = (format!("crowd-{:03}", start / EACH), EACH.min(pods - start));
        let labels = json!({"app": name});
        let meta = json!({"name": name, "namespace": CROWD, "labels": labels});
        let ports = json!([{"name": "http", "containerPort": 80}]);
        let container = json!({"name": "idle", "image": "portolan-demo/idle:1", "ports": ports});
        let template = json!({"metadata": {"labels": labels}, "spec": {"containers": [container]}});
        [
            json!({
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta,
                "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
            }),
            json!({
                "apiVersion": "v1", "kind": "Service", "metadata": meta,
                "spec": {"selector": labels, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]},
            }),
        ]
    })
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Error::Manifest(refused.to_string())
    }
}
