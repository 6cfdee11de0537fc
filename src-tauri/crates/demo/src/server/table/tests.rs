use super::*;
use crate::{Store, clock::Clock};

/// The cells of an object, beginning with the second: the first is its name.
fn cells(api_version: &str, kind: &str, mut object: Value) -> Vec<Value> {
    object["metadata"]["name"] = json!("name");
    let kind = Kind::named(api_version, kind).unwrap();
    let clock = Clock::start();
    let stored = Store::new(clock).create(kind, "shop", object).unwrap();
    let table = of(kind, &[&stored], Rows::Nothing, clock, None);
    let cells = table["rows"][0]["cells"].as_array().unwrap().clone();
    assert_eq!(cells.len(), table["columnDefinitions"].as_array().unwrap().len());
    assert_eq!(cells[0], "name");
    cells[1..].to_vec()
}

fn pod(spec: Value, status: Value) -> Vec<Value> {
    cells("v1", "Pod", json!({"spec": spec, "status": status}))
}

#[tokio::test]
async fn a_pods_status_is_what_it_is_about() {
    let one = json!({"containers": [{"name": "a"}]});
    let state = |state: Value, ready: bool| json!({"phase": "Running", "containerStatuses": [{"ready": ready, "state": state, "restartCount": 7}]});
    for (status, ready, word, restarts) in [
        (json!({"phase": "Pending"}), "0/1", "Pending", "0"),
        (state(json!({"running": {}}), true), "1/1", "Running", "7"),
        (state(json!({"waiting": {"reason": "CrashLoopBackOff"}}), false), "0/1", "CrashLoopBackOff", "7"),
        (state(json!({"terminated": {"exitCode": 3}}), false), "0/1", "ExitCode:3", "7"),
        (state(json!({"terminated": {"reason": "OOMKilled"}}), false), "0/1", "OOMKilled", "7"),
        (json!({"phase": "Failed", "reason": "Evicted"}), "0/1", "Evicted", "0"),
    ] {
        let cells = pod(one.clone(), status);
        assert_eq!(cells[..3], [json!(ready), json!(word), json!(restarts)]);
    }
    let ends =
        json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "spec": one, "status": {"phase": "Running"}});
    assert_eq!(cells("v1", "Pod", ends)[1], "Terminating");
    let first = json!({"initContainers": [{}, {}], "containers": [{}]});
    assert_eq!(
        pod(first, json!({"phase": "Pending", "initContainerStatuses": [{"state": {"running": {}}}]}))[1],
        "Init:0/2"
    );
}

#[tokio::test]
async fn a_service_shows_where_it_is_reached() {
    let service = |spec: Value| cells("v1", "Service", json!({"spec": spec}));
    let ports = json!([{"port": 80, "nodePort": 30080, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]);
    let node = service(json!({"type": "NodePort", "clusterIP": "10.96.0.9", "ports": ports, "selector": {"a": "b"}}));
    assert_eq!(node[..4], ["NodePort", "10.96.0.9", "<none>", "80:30080/TCP,53/UDP"].map(Value::from));
    assert_eq!(node[5], "a=b");
    let external = service(json!({"type": "ExternalName", "externalName": "a.example"}));
    assert_eq!(external[..4], ["ExternalName", "<none>", "a.example", "<none>"].map(Value::from));
    assert_eq!(service(json!({"type": "LoadBalancer"}))[2], "<pending>");
}

#[tokio::test]
async fn workloads_show_how_far_they_are() {
    let template = json!({"spec": {"containers": [{"name": "c", "image": "i:1"}]}});
    let selector =
        json!({"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "t", "operator": "In", "values": ["x", "y"]}]});
    let spec = json!({"replicas": 3, "template": template, "selector": selector});
    let status = json!({"replicas": 3, "readyReplicas": 2, "updatedReplicas": 1});
    let object = json!({"spec": spec, "status": status});
    let deployment = cells("apps/v1", "Deployment", object.clone());
    assert_eq!(deployment[..3], [json!("2/3"), json!(1), json!(0)]);
    assert_eq!(deployment[4..], ["c", "i:1", "a=b,t in (x,y)"].map(Value::from));
    assert_eq!(cells("apps/v1", "ReplicaSet", object.clone())[..3], [3, 3, 2].map(Value::from));
    assert_eq!(cells("apps/v1", "StatefulSet", object.clone()).len(), 4);
    let job = json!({"spec": {"completions": 2, "template": template}, "status": {
        "succeeded": 1, "startTime": "2026-01-01T00:00:00Z", "completionTime": "2026-01-01T00:01:30Z",
        "conditions": [{"type": "Complete", "status": "True"}],
    }});
    assert_eq!(cells("batch/v1", "Job", job)[..3], ["Complete", "1/2", "90s"].map(Value::from));
}

#[tokio::test]
async fn many_endpoints_are_shortened() {
    let addresses: Vec<_> = (1..=4).map(|n| json!({"ip": format!("10.0.0.{n}")})).collect();
    let subset = json!({"addresses": addresses, "ports": [{"port": 80}]});
    let shown = cells("v1", "Endpoints", json!({"subsets": [subset]}));
    assert_eq!(shown[0], "10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 1 more...");
    let slice = json!({"addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}], "ports": [{"port": 80}]});
    assert_eq!(cells("discovery.k8s.io/v1", "EndpointSlice", slice)[..3], ["IPv4", "80", "10.0.0.1"].map(Value::from));
}

#[test]
fn ages_are_as_kubectls_users_know_them() {
    for (seconds, said) in [
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (185, "3m5s"),
        (600, "10m"),
        (10_799, "179m"),
        (10_800, "3h"),
        (11_100, "3h5m"),
        (100_000, "27h"),
        (180_000, "2d2h"),
        (700_000, "8d"),
        (70_000_000, "2y80d"),
        (-5, "<invalid>"),
    ] {
        assert_eq!(age::short(seconds), said, "{seconds}");
    }
}
