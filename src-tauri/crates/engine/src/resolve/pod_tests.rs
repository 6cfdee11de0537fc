//! A direct tunnel's pod over an API server in memory: what it lives through, and what is known of it.

use serde_json::{Value, json};

use super::{
    follow_tests::{resolver, serves, until},
    tests::{forward, names, trouble},
    *,
};
use crate::{
    error::Code,
    fake_api::{FakeApi, NAMESPACES, PODS, Verb, pod},
    forward::WorkloadKind,
};

const REPLICA_SETS: &str = "/apis/apps/v1/namespaces/shop/replicasets";

fn following(api: &FakeApi) -> Resolver {
    resolver(api, forward(Target::Pod { name: "a".into() }, &["80"]))
}

fn with_state(state: Value) -> Value {
    let mut pod = pod("a", json!({}), false);
    pod["status"]["containerStatuses"][0]["state"] = state;
    pod["status"]["containerStatuses"][0]["lastState"] =
        json!({"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-01-01T00:00:00Z"}});
    pod
}

#[tokio::test(start_paused = true)]
async fn a_container_that_restarts_in_its_pod_is_waited_for() {
    let api = FakeApi::with(&[NAMESPACES, PODS]);
    api.put(PODS, pod("a", json!({}), true));
    let mut resolver = following(&api);
    serves(&mut resolver, &[("a", 80)]).await;
    api.put(PODS, with_state(json!({"waiting": {"reason": "CrashLoopBackOff"}})));
    let down = until(&mut resolver, "down", |r| r.trouble.is_some()).await;
    assert_eq!(
        trouble(&down),
        (Code::PodNotRunning, false, "No container of pod/a runs: CrashLoopBackOff, exit code 137, 2 restarts.")
    );
    let restarts = down.restarts.expect("restarts");
    assert_eq!((restarts.count, restarts.reason.as_str()), (2, "OOMKilled, exit code 137"));
    api.put(PODS, with_state(json!({"running": {}})));
    serves(&mut resolver, &[("a", 80)]).await;
}

#[tokio::test(start_paused = true)]
async fn a_pod_on_its_way_out_is_dialled_and_says_until_when() {
    let api = FakeApi::with(&[NAMESPACES, PODS]);
    let mut going = pod("a", json!({}), true);
    api.put(PODS, going.clone());
    let mut resolver = following(&api);
    let stays = until(&mut resolver, "there", |r| !r.endpoints.is_empty()).await;
    assert_eq!((stays.terminating_at, stays.owner), (None, None));
    going["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:30Z");
    api.put(PODS, going);
    let going = until(&mut resolver, "going", |r| r.terminating_at.is_some()).await;
    assert_eq!((names(&going), going.terminating_at), (vec![("a", 0, 80)], Some(1_767_225_630_000)));
}

#[tokio::test(start_paused = true)]
async fn the_workload_of_a_pod_is_known_as_far_as_it_may_be_read() {
    let owned = |kind: &str, name: &str| json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": "u", "controller": true}]);
    let workload = |kind, name: &str| Some(Target::Workload { kind, name: name.into() });
    let api = FakeApi::with(&[NAMESPACES, PODS]);
    let mut of_replica_set = pod("a", json!({}), true);
    of_replica_set["metadata"]["ownerReferences"] = owned("ReplicaSet", "web-7d9");
    api.put(PODS, of_replica_set);
    api.put(
        REPLICA_SETS,
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": "web-7d9", "namespace": "shop", "ownerReferences": owned("Deployment", "web")}}),
    );
    let deployment = workload(WorkloadKind::Deployment, "web");
    until(&mut following(&api), "its Deployment", |r| r.owner == deployment).await;
    api.forbid(REPLICA_SETS, Verb::Get, true);
    let mut forbidden = following(&api);
    let found = until(&mut forbidden, "it", |r| !r.endpoints.is_empty()).await;
    assert_eq!(found.owner, workload(WorkloadKind::ReplicaSet, "web-7d9"));
    let Found::Now(more) = forbidden.next().await else { panic!("nothing failed that is told") };
    assert_eq!((more.owner, more.trouble), (found.owner, None));
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_name_goes_on_with_the_next_pod_of_it() {
    let api = FakeApi::with(&[NAMESPACES, PODS]);
    api.put(NAMESPACES, json!({"metadata": {"name": "shop"}}));
    let first = pod("a", json!({}), true);
    api.put(PODS, first.clone());
    let forward = Forward { wait_for_name: true, ..forward(Target::Pod { name: "a".into() }, &["80"]) };
    let mut resolver = resolver(&api, forward);
    serves(&mut resolver, &[("a", 80)]).await;
    // Its object stays until it is cleared away, and is not taken for the next one.
    let mut going = first.clone();
    going["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:30Z");
    going["status"]["containerStatuses"][0]["state"] = json!({"terminated": {"exitCode": 0}});
    api.put(PODS, going);
    let waits = until(&mut resolver, "gone", |r| r.trouble.is_some()).await;
    assert_eq!(trouble(&waits).0, Code::TargetNotFound);
    let mut next = first;
    next["metadata"]["uid"] = json!("another");
    api.put(PODS, next);
    let found = until(&mut resolver, "the next", |r| !r.endpoints.is_empty()).await;
    assert_eq!(found.endpoints[0].uid, "another");
}
