//! The controllers together, on a clock that stands still until all wait for it.

mod life;
mod manifests;
#[cfg(target_os = "linux")]
mod measure;
mod namespaces;
pub(super) mod programs;
mod rollout;
mod services;
mod workloads;

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use serde_json::json;

use crate::{
    Demo, Options, Store,
    server::deletion::{Deletion, delete},
    store::{Typed, kind_of},
};

/// So long something may take at most: no back-off is longer.
const LIMIT: Duration = Duration::from_secs(900);

async fn demo(manifest: &str) -> Demo {
    let options = Options { manifests: vec![manifest.into()], ..Options::default() };
    Demo::start(options).await.unwrap()
}

/// A Deployment in the namespace `shop`, with lines added to its spec.
fn deployment(name: &str, replicas: i32, image: &str, spec: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  {spec}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers:
      - name: main
        image: {image}
        ports: [{{name: http, containerPort: 8080}}]
        readinessProbe: {{httpGet: {{path: /, port: http}}, periodSeconds: 1}}
"
    )
}

/// Waits until something holds, looking at each change.
async fn until(store: &Store, what: &str, mut holds: impl FnMut(&Store) -> bool) {
    let mut changes = store.changes(store.version());
    // In all, not from change to change: what is probed without success changes for ever.
    let limit = tokio::time::Instant::now() + LIMIT;
    while !holds(store) {
        let change = tokio::time::timeout_at(limit, changes.next()).await;
        assert!(change.is_ok(), "this never came: {what}; pods: {:?}", names(store));
    }
}

fn pods(store: &Store) -> Vec<Pod> {
    store.all(Some("shop"))
}

fn names(store: &Store) -> Vec<String> {
    pods(store).into_iter().map(|pod| pod.metadata.name.unwrap()).collect()
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.filter(|condition| condition.type_ == "Ready").any(|condition| condition.status == "True")
}

fn ready(store: &Store) -> usize {
    pods(store).iter().filter(|pod| is_ready(pod) && pod.metadata.deletion_timestamp.is_none()).count()
}

async fn until_ready(store: &Store, count: usize) {
    until(store, &format!("{count} ready pods"), |store| ready(store) == count).await;
}

fn delete_pod(store: &Store, name: &str) {
    delete(store, kind_of::<Pod>(), "shop", name, &Deletion::default()).unwrap();
}

fn scale<K: Typed>(store: &Store, name: &str, replicas: i32) {
    let change = |object: &mut serde_json::Value| {
        object["spec"]["replicas"] = json!(replicas);
        Ok(())
    };
    store.modify(kind_of::<K>(), "shop", name, change).unwrap();
}

fn restart<K: Typed>(store: &Store, name: &str, mark: &str) {
    let change = |object: &mut serde_json::Value| {
        object["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] = json!(mark);
        Ok(())
    };
    store.modify(kind_of::<K>(), "shop", name, change).unwrap();
}
