//! The rules of resolution, over objects written as Kubernetes' JSON.

use k8s_openapi::api::core::v1::{Pod, Service};
use serde_json::{Value, json};

use super::rules::{self, Resolution};
use crate::{
    context::ContextId,
    error::Code,
    forward::{Forward, LocalPort, PortMap, PortRef, Target, WorkloadKind},
};

pub(super) fn forward(target: Target, remotes: &[&str]) -> Forward {
    let port = |remote: &&str| PortMap {
        local: LocalPort::Any,
        remote: remote.parse().map_or_else(|_| PortRef::Name((*remote).to_owned()), PortRef::Number),
    };
    Forward {
        context: ContextId { source: "default".into(), name: "test".into() },
        namespace: "shop".into(),
        target,
        ports: remotes.iter().map(port).collect(),
        bind: Vec::new(),
        balance: None,
        hold_seconds: 30,
        wait_for_name: false,
    }
}

pub(super) fn to_service(remotes: &[&str]) -> Forward {
    forward(Target::Service { name: "web".into() }, remotes)
}

fn to_deployment(remotes: &[&str]) -> Forward {
    forward(Target::Workload { kind: WorkloadKind::Deployment, name: "web".into() }, remotes)
}

/// A ready pod whose container has http 80, echo 7 and dns 53 UDP.
fn pod(name: &str, change: impl FnOnce(&mut Value)) -> Pod {
    let mut pod = json!({
        "metadata": {"name": name, "uid": format!("uid-{name}"), "namespace": "shop", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"containers": [{"name": "c", "ports": [
            {"name": "http", "containerPort": 80}, {"name": "echo", "containerPort": 7},
            {"name": "dns", "containerPort": 53, "protocol": "UDP"}]}]},
        "status": {"phase": "Running",
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:10Z"}],
            "containerStatuses": [{"name": "c", "ready": true, "restartCount": 0, "image": "", "imageID": "",
                "state": {"running": {}}}]}
    });
    change(&mut pod);
    serde_json::from_value(pod).unwrap()
}

fn ready(name: &str) -> Pod {
    pod(name, |_| {})
}

fn unready(name: &str) -> Pod {
    pod(name, |p| p["status"]["conditions"][0]["status"] = json!("False"))
}

fn terminating(name: &str) -> Pod {
    pod(name, |p| p["metadata"]["deletionTimestamp"] = json!("2026-01-01T01:00:00Z"))
}

fn crashing(name: &str) -> Pod {
    pod(name, |p| {
        p["status"]["conditions"][0]["status"] = json!("False");
        p["status"]["containerStatuses"][0] = json!({"name": "c", "ready": false, "restartCount": 7, "image": "", "imageID": "",
            "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 1}}});
    })
}

fn service(change: impl FnOnce(&mut Value)) -> Service {
    let mut service = json!({
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"clusterIP": "10.0.0.1", "selector": {"app": "web"}, "ports": [
            {"name": "http", "port": 8080, "targetPort": "http"}, {"name": "echo", "port": 7, "targetPort": 7},
            {"name": "plain", "port": 9000}, {"name": "bad", "port": 81, "targetPort": "nope"},
            {"name": "udp", "port": 53, "protocol": "UDP"}, {"name": "both", "port": 54, "protocol": "UDP"},
            {"name": "both-tcp", "port": 54, "targetPort": 7}]}
    });
    change(&mut service);
    serde_json::from_value(service).unwrap()
}

fn resolve_service(remotes: &[&str], service: &Service, pods: &[Pod]) -> Resolution {
    rules::service(&to_service(remotes), service, pods.iter().collect())
}

pub(super) fn names(resolution: &Resolution) -> Vec<(&str, usize, u16)> {
    resolution.endpoints.iter().map(|e| (e.pod.as_str(), e.slot, e.port)).collect()
}

pub(super) fn trouble(resolution: &Resolution) -> (Code, bool, &str) {
    assert_eq!(resolution.endpoints, []);
    let trouble = resolution.trouble.as_ref().expect("a reason");
    (trouble.problem.code, trouble.needs_you, &trouble.problem.message)
}

#[test]
fn a_service_maps_its_ports_through_target_port() {
    let plain = service(|_| {});
    let pods = [ready("a")];
    let table = [("8080", 80), ("http", 80), ("7", 7), ("echo", 7), ("9000", 9000), ("54", 7)];
    for (remote, port) in table {
        let resolution = resolve_service(&[remote], &plain, &pods);
        assert_eq!(names(&resolution), [("a", 0, port)], "{remote}");
    }
    assert_eq!(resolve_service(&["http"], &plain, &pods).numbers, [Some(8080)], "the Service's number, not the pod's");
}

#[test]
fn a_named_target_port_is_read_in_each_pod() {
    let other = pod("b", |p| p["spec"]["containers"][0]["ports"][0]["containerPort"] = json!(8000));
    let resolution = resolve_service(&["http"], &service(|_| {}), &[ready("a"), other]);
    assert_eq!(names(&resolution), [("a", 0, 80), ("b", 0, 8000)]);
}

#[test]
fn a_headless_service_is_taken_as_it_is() {
    let headless = service(|s| s["spec"]["clusterIP"] = json!("None"));
    assert_eq!(names(&resolve_service(&["http"], &headless, &[ready("a")])), [("a", 0, 8080)]);
}

#[test]
fn several_ports_have_endpoints_each() {
    let resolution = resolve_service(&["http", "echo"], &service(|_| {}), &[ready("a"), ready("b")]);
    assert_eq!(names(&resolution), [("a", 0, 80), ("a", 1, 7), ("b", 0, 80), ("b", 1, 7)]);
}

#[test]
fn only_ready_pods_that_stay_serve() {
    let pods = [unready("a"), terminating("b"), ready("c"), crashing("d")];
    assert_eq!(names(&resolve_service(&["http"], &service(|_| {}), &pods)), [("c", 0, 80)]);
    assert_eq!(names(&rules::ready_pods(&to_deployment(&["http"]), pods.iter().collect())), [("c", 0, 80)]);
}

#[test]
fn a_service_that_publishes_unready_pods_uses_what_runs() {
    let publishes = service(|s| s["spec"]["publishNotReadyAddresses"] = json!(true));
    let pods = [unready("a"), terminating("b"), ready("c"), crashing("d")];
    let mut serving: Vec<_> = resolve_service(&["7"], &publishes, &pods).endpoints.into_iter().map(|e| e.pod).collect();
    serving.sort();
    assert_eq!(serving, ["a", "c"]);
}

#[test]
fn the_best_pod_comes_first() {
    let since =
        |name: &str, time: &str| pod(name, |p| p["status"]["conditions"][0]["lastTransitionTime"] = json!(time));
    let restarted = pod("restarted", |p| p["status"]["containerStatuses"][0]["restartCount"] = json!(3));
    let pods = [since("late", "2026-01-01T00:05:00Z"), restarted, ready("a"), since("early", "2026-01-01T00:00:01Z")];
    let resolution = rules::ready_pods(&to_deployment(&["80"]), pods.iter().collect());
    let order: Vec<_> = resolution.endpoints.iter().map(|e| e.pod.as_str()).collect();
    assert_eq!(order, ["early", "a", "restarted", "late"]);
}

#[test]
fn nothing_ready_is_told_with_its_reason() {
    let plain = service(|_| {});
    let table: [(&[Pod], &str); 4] = [
        (&[], "svc/web has no pod in namespace “shop”."),
        (&[unready("a")], "The only pod of svc/web is not ready: running, but its readiness probe fails."),
        (&[crashing("a")], "The only pod of svc/web is not ready: CrashLoopBackOff, exit code 1, 7 restarts."),
        (&[terminating("a"), terminating("b")], "None of the 2 pods of svc/web is ready: b is Terminating."),
    ];
    for (pods, message) in table {
        assert_eq!(trouble(&resolve_service(&["http"], &plain, pods)), (Code::NoReadyPod, false, message));
    }
}

#[test]
fn an_unknown_port_is_answered_with_those_there_are() {
    let resolution = resolve_service(&["82"], &service(|_| {}), &[ready("a")]);
    let (code, needs_you, message) = trouble(&resolution);
    assert_eq!((code, needs_you), (Code::PortNotFound, true));
    assert!(message.starts_with("svc/web has no port 82; it has http 8080, echo 7, plain 9000"), "{message}");

    let (code, _, message) = {
        let resolution = rules::ready_pods(&to_deployment(&["web"]), vec![&ready("a")]);
        let (code, needs_you, message) = trouble(&resolution);
        (code, needs_you, message.to_owned())
    };
    assert_eq!(code, Code::PortNotFound);
    assert_eq!(message, "Pod a has no port “web”; it has http 80, echo 7 and dns 53 UDP.");
}

#[test]
fn a_target_port_that_no_pod_has_is_told() {
    let resolution = resolve_service(&["bad"], &service(|_| {}), &[ready("a")]);
    let (code, needs_you, message) = trouble(&resolution);
    assert_eq!((code, needs_you), (Code::PortNotFound, true));
    assert!(message.contains("“nope”") && message.contains("http 80"), "{message}");
}

#[test]
fn udp_can_never_work() {
    let refused = resolve_service(&["53"], &service(|_| {}), &[ready("a")]).refused.unwrap();
    assert_eq!(refused.code, Code::NotTcp);
    assert!(refused.message.contains("Port 53 of svc/web is UDP"), "{}", refused.message);
    let pod = ready("a");
    for remote in ["dns", "53"] {
        let refused = rules::pod(&forward(Target::Pod { name: "a".into() }, &[remote]), &pod).refused.unwrap();
        assert_eq!(refused.code, Code::NotTcp, "{remote}");
    }
}

#[test]
fn a_service_without_pods_of_its_own_is_told_apart() {
    let selector = |change: fn(&mut Value)| rules::selector_of(&service(change), &to_service(&["http"]).target);
    assert_eq!(selector(|_| {}).unwrap(), "app=web");
    assert_eq!(selector(|s| s["spec"]["selector"] = json!({})).unwrap_err().code(), Code::NoSelector);
    assert_eq!(selector(|s| s["spec"]["selector"] = Value::Null).unwrap_err().code(), Code::NoSelector);
    let external = selector(|s| {
        s["spec"]["type"] = json!("ExternalName");
        s["spec"]["externalName"] = json!("smtp.example.org");
    });
    let error = external.unwrap_err();
    assert_eq!(error.code(), Code::ExternalName);
    assert!(error.problem().next.contains("smtp.example.org"));
}

#[test]
fn a_direct_tunnel_asks_only_for_a_running_container() {
    let direct = |pod: &Pod| rules::pod(&forward(Target::Pod { name: "a".into() }, &["9999"]), pod);
    for pod in [ready("a"), unready("a"), terminating("a")] {
        assert_eq!(names(&direct(&pod)), [("a", 0, 9999)], "an undeclared port may be open too");
    }
    let down = direct(&crashing("a"));
    assert_eq!(
        trouble(&down),
        (Code::PodNotRunning, false, "No container of pod/a runs: CrashLoopBackOff, exit code 1, 7 restarts.")
    );
}
