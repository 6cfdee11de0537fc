//! What is read over an API server in memory, and what is noted where something may not be.

use serde_json::{Value, json};

use super::*;
use crate::fake_api::{ENDPOINTS, FakeApi, NAMESPACES, PODS, SERVICES, SLICES, Verb, pod, service, slice};

const NODES: &str = "/api/v1/nodes";
const INGRESSES: &str = "/apis/networking.k8s.io/v1/namespaces/shop/ingresses";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/shop/deployments";
const REPLICA_SETS: &str = "/apis/apps/v1/namespaces/shop/replicasets";
const STATEFUL_SETS: &str = "/apis/apps/v1/namespaces/shop/statefulsets";

fn controlled(mut object: Value, kind: &str, name: &str) -> Value {
    object["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": "u", "controller": true}]);
    object
}

fn workload(name: &str, labels: Value, replicas: u32) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "shop"},
        "spec": {"replicas": replicas, "template": {"metadata": {"labels": labels}, "spec": {"containers": []}}}})
}

/// A shop in which all may be read: `web` with two pods of a Deployment.
fn shop() -> FakeApi {
    let api = FakeApi::with(&[ENDPOINTS, SLICES, NODES, INGRESSES, STATEFUL_SETS]);
    api.put(NAMESPACES, json!({"metadata": {"name": "shop"}}));
    api.put(SERVICES, service("web", json!({"selector": {"app": "web"}, "ports": [{"port": 80}]})));
    for name in ["web-1", "web-2"] {
        api.put(PODS, controlled(pod(name, json!({"app": "web"}), true), "ReplicaSet", &format!("web-{name}")));
        api.put(
            REPLICA_SETS,
            controlled(workload(&format!("web-{name}"), json!({"app": "web"}), 1), "Deployment", "web"),
        );
    }
    api.put(PODS, pod("other", json!({"app": "other"}), true));
    api.put(DEPLOYMENTS, workload("web", json!({"app": "web"}), 2));
    api.put(SLICES, slice("web-1", &[("web-1", true), ("web-2", true)]));
    api
}

async fn read(api: &FakeApi, name: &str) -> Facts {
    Facts::read(&api.cluster(), "shop", name).await.unwrap()
}

fn unread(facts: &Facts) -> Vec<&str> {
    facts.unread.iter().map(|unread| unread.what.as_str()).collect()
}

#[tokio::test]
async fn the_objects_of_a_service_are_read() {
    let facts = read(&shop(), "web").await;
    // The server in memory knows no reviews.
    assert_eq!(unread(&facts), ["what you may do in shop"]);
    assert_eq!(facts.service().map(ResourceExt::name_any).as_deref(), Some("web"));
    assert_eq!(facts.pods.as_ref().map(Vec::len), Some(2));
    assert!(facts.neighbours.is_none(), "nobody needs them");
    let owners: Vec<String> = facts.owners.unwrap().iter().map(|owner| owner.target.to_string()).collect();
    assert_eq!(owners, ["deploy/web"], "the two ReplicaSets are one Deployment's");
    assert!(matches!(facts.addresses, Some(Addresses::Slices(slices)) if slices.len() == 1));
}

#[tokio::test]
async fn where_no_pod_matches_the_others_and_the_workload_are_looked_for() {
    let api = shop();
    api.put(SERVICES, service("idle", json!({"selector": {"app": "idle"}})));
    api.put(DEPLOYMENTS, workload("idle", json!({"app": "idle", "tier": "back"}), 0));
    let facts = read(&api, "idle").await;
    assert_eq!(facts.pods.as_ref().map(Vec::len), Some(0));
    assert_eq!(facts.neighbours.as_ref().map(Vec::len), Some(3));
    let owners = facts.owners.unwrap();
    assert_eq!((owners.len(), owners[0].target.to_string().as_str(), owners[0].wanted), (1, "deploy/idle", Some(0)));
}

#[tokio::test]
async fn a_part_that_may_not_be_read_is_left_out_and_named() {
    let table = [
        (NODES, "nodes"),
        (INGRESSES, "ingresses in shop"),
        (PODS, "pods in shop"),
        (REPLICA_SETS, "workloads in shop"),
        (SLICES, "endpointslices in shop"),
    ];
    for (path, what) in table {
        let api = shop();
        for verb in [Verb::List, Verb::Get] {
            api.forbid(path, verb, true);
            if path == SLICES {
                api.forbid(ENDPOINTS, verb, true);
            }
        }
        let facts = read(&api, "web").await;
        let denied = facts.unread.iter().find(|unread| unread.what == what);
        assert_eq!(denied.map(|unread| unread.because.code), Some(Code::Forbidden), "{path}: {:?}", facts.unread);
        assert!(facts.service().is_some(), "{path}: the rest is read");
    }
}

#[tokio::test]
async fn servers_without_slices_and_ingresses_are_read_all_the_same() {
    let api = shop();
    api.lacks(SLICES);
    api.lacks(INGRESSES);
    api.put(ENDPOINTS, json!({"metadata": {"name": "web", "namespace": "shop"}, "subsets": []}));
    let facts = read(&api, "web").await;
    assert_eq!(unread(&facts), ["what you may do in shop"]);
    assert!(matches!(facts.addresses, Some(Addresses::Endpoints(Some(_)))), "{:?}", facts.addresses);
    assert_eq!(facts.ingresses.map(|found| found.len()), Some(0));
}

#[tokio::test]
async fn a_service_that_does_not_exist_is_a_fact_and_a_namespace_that_does_not_is_an_error() {
    let api = shop();
    let facts = read(&api, "wbe").await;
    assert!(matches!(&facts.service, Seen::Missing { known } if known == &["web"]), "{:?}", facts.service);
    api.delete(NAMESPACES, "shop");
    let error = Facts::read(&api.cluster(), "shop", "wbe").await.unwrap_err();
    assert_eq!(error.code, Code::UnknownNamespace);
}

#[tokio::test]
async fn a_server_that_is_away_is_asked_once() {
    let api = shop();
    api.away(true);
    let facts = read(&api, "web").await;
    assert!(facts.is_out_of_reach());
    assert_eq!((api.asked(Verb::Get, SERVICES), api.asked(Verb::List, NODES)), (1, 0));
}

#[test]
fn pods_that_are_done_or_leave_are_not_to_serve() {
    let mut facts = sample::facts(
        "
kind: Service
metadata: {name: web}
spec: {selector: {app: web}}
---
kind: Pod
metadata: {name: done, labels: {app: web}}
status: {phase: Succeeded}
---
kind: Pod
metadata: {name: leaving, labels: {app: web}, deletionTimestamp: '2026-01-01T00:00:00Z'}
---
kind: Pod
metadata: {name: slow, labels: {app: web}}
---
kind: Pod
metadata: {name: good, labels: {app: web}}
status: {conditions: [{type: Ready, status: 'True'}]}
---
kind: Pod
metadata: {name: other, labels: {app: other}}
",
    );
    let serving: Vec<String> = facts.serving().unwrap().iter().map(|pod| pod.name_any()).collect();
    assert_eq!(serving, ["slow", "good"]);
    assert_eq!(facts.example().map(ResourceExt::name_any).as_deref(), Some("good"));
    facts.rights = vec![Right { verb: "get", resource: "pods", allowed: false }];
    assert_eq!((facts.may("get", "pods"), facts.may("list", "pods")), (Some(false), None));
}
