//! The resolver over an API server in memory: what happens to the target while it is followed.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    tests::{forward, names, to_service, trouble},
    *,
};
use crate::{
    error::Code,
    fake_api::{FakeApi, NAMESPACES, PODS, SERVICES, pod, service},
};

pub(super) fn shop() -> FakeApi {
    let api = FakeApi::with(&[NAMESPACES, SERVICES, PODS]);
    api.put(NAMESPACES, json!({"metadata": {"name": "shop"}}));
    api
}

pub(super) fn web(selector: Value) -> Value {
    service(
        "web",
        json!({"clusterIP": "10.0.0.1", "selector": selector, "ports": [{"name": "http", "port": 8080, "targetPort": "http"}]}),
    )
}

pub(super) fn resolver(api: &FakeApi, forward: Forward) -> Resolver {
    Resolver::new(api.cluster(), forward, Arc::default())
}

/// The next resolution that satisfies `done`; others on the way there are fine.
pub(super) async fn until(resolver: &mut Resolver, what: &str, done: impl Fn(&Resolution) -> bool) -> Resolution {
    let found = async {
        loop {
            match resolver.next().await {
                Found::Now(resolution) if done(&resolution) => return resolution,
                Found::Now(_) => {}
                other => panic!("{other:?}"),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), found).await.unwrap_or_else(|_| panic!("never: {what}"))
}

pub(super) async fn serves(resolver: &mut Resolver, expected: &[(&str, u16)]) {
    let expected: Vec<_> = expected.iter().map(|(pod, port)| (*pod, 0, *port)).collect();
    until(resolver, &format!("{expected:?}"), |resolution| names(resolution) == expected).await;
}

pub(super) fn has(code: Code) -> impl Fn(&Resolution) -> bool {
    move |resolution| resolution.trouble.as_ref().is_some_and(|t| t.problem.code == code)
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_made_later_deleted_and_made_again() {
    let api = shop();
    api.put(SERVICES, service("other", json!({})));
    api.put(PODS, pod("a", json!({"app": "web"}), true));
    let mut resolver = resolver(&api, to_service(&["http"]));
    let missing = until(&mut resolver, "missing", has(Code::TargetNotFound)).await;
    assert!(trouble(&missing).2.contains("there is only other"), "{missing:?}");
    api.put(SERVICES, web(json!({"app": "web"})));
    serves(&mut resolver, &[("a", 80)]).await;
    api.delete(SERVICES, "web");
    until(&mut resolver, "missing again", has(Code::TargetNotFound)).await;
    api.put(SERVICES, web(json!({"app": "web"})));
    serves(&mut resolver, &[("a", 80)]).await;
}

#[tokio::test(start_paused = true)]
async fn an_edited_selector_and_port_are_followed() {
    let api = shop();
    api.put(PODS, pod("a", json!({"app": "web", "track": "stable"}), true));
    api.put(PODS, pod("b", json!({"app": "web", "track": "canary"}), true));
    api.put(SERVICES, web(json!({"app": "web", "track": "stable"})));
    let mut resolver = resolver(&api, to_service(&["http"]));
    serves(&mut resolver, &[("a", 80)]).await;
    api.put(SERVICES, web(json!({"app": "web", "track": "canary"})));
    serves(&mut resolver, &[("b", 80)]).await;
    let mut edited = web(json!({"app": "web", "track": "canary"}));
    edited["spec"]["ports"][0]["targetPort"] = json!(9000);
    api.put(SERVICES, edited.clone());
    serves(&mut resolver, &[("b", 9000)]).await;
    edited["spec"]["selector"] = json!({});
    api.put(SERVICES, edited);
    until(&mut resolver, "no selector", has(Code::NoSelector)).await;
    api.put(SERVICES, web(json!({"app": "web"})));
    serves(&mut resolver, &[("a", 80), ("b", 80)]).await;
}

#[tokio::test(start_paused = true)]
async fn pods_come_and_go() {
    let api = shop();
    api.put(SERVICES, web(json!({"app": "web"})));
    let mut resolver = resolver(&api, to_service(&["http"]));
    until(&mut resolver, "no pod", has(Code::NoReadyPod)).await;
    api.put(PODS, pod("a", json!({"app": "web"}), false));
    until(&mut resolver, "none ready", |r| r.trouble.as_ref().is_some_and(|t| t.problem.message.contains("only pod")))
        .await;
    api.put(PODS, pod("a", json!({"app": "web"}), true));
    serves(&mut resolver, &[("a", 80)]).await;
    let mut going = pod("a", json!({"app": "web"}), true);
    going["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    api.put(PODS, going);
    api.put(PODS, pod("b", json!({"app": "web"}), true));
    serves(&mut resolver, &[("b", 80)]).await;
    api.delete(PODS, "b");
    until(&mut resolver, "none left", has(Code::NoReadyPod)).await;
}

#[tokio::test(start_paused = true)]
async fn a_pod_is_meant_by_its_uid() {
    let pod_a = || Target::Pod { name: "a".into() };
    for replaced in [false, true] {
        let api = shop();
        api.put(PODS, pod("a", json!({}), true));
        let mut resolver = resolver(&api, forward(pod_a(), &["80"]));
        serves(&mut resolver, &[("a", 80)]).await;
        if replaced {
            let mut other = pod("a", json!({}), true);
            other["metadata"]["uid"] = json!("another");
            api.put(PODS, other);
        } else {
            api.delete(PODS, "a");
        }
        let found = tokio::time::timeout(Duration::from_secs(60), resolver.next()).await;
        let Ok(Found::PodGone(problem)) = found else { panic!("the pod that was meant is gone: {found:?}") };
        assert!(problem.message.contains("pod/a") && !problem.next.is_empty(), "{problem:?}");
    }
    // One that is on its way out and of which nothing runs any more is as good as gone.
    let api = shop();
    api.put(PODS, pod("a", json!({}), true));
    let mut following = resolver(&api, forward(pod_a(), &["80"]));
    serves(&mut following, &[("a", 80)]).await;
    let mut going = pod("a", json!({}), false);
    going["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    api.put(PODS, going.clone());
    serves(&mut following, &[("a", 80)]).await;
    going["status"]["containerStatuses"][0]["state"] = json!({"terminated": {"exitCode": 143}});
    api.put(PODS, going);
    let found = tokio::time::timeout(Duration::from_secs(60), following.next()).await;
    assert!(matches!(found, Ok(Found::PodGone(_))), "{found:?}");
    // One that was never seen is not gone: it is waited for.
    let api = shop();
    let mut resolver = resolver(&api, forward(pod_a(), &["80"]));
    until(&mut resolver, "missing", has(Code::TargetNotFound)).await;
    api.put(PODS, pod("a", json!({}), true));
    serves(&mut resolver, &[("a", 80)]).await;
}

#[tokio::test(start_paused = true)]
async fn an_unknown_namespace_is_answered_with_those_there_are() {
    let api = FakeApi::with(&[NAMESPACES, SERVICES, PODS]);
    api.put(NAMESPACES, json!({"metadata": {"name": "staging"}}));
    for target in [
        Target::Service { name: "web".into() },
        Target::Pod { name: "a".into() },
        Target::Selector { labels: "app=web".into() },
    ] {
        let mut resolver = resolver(&api, forward(target, &["80"]));
        let unknown = until(&mut resolver, "unknown", has(Code::UnknownNamespace)).await;
        assert!(trouble(&unknown).2.contains("“shop”; there is only staging"), "{unknown:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_read_is_told() {
    let api = FakeApi::default();
    let mut resolver = resolver(&api, to_service(&["http"]));
    let Found::Lost(failing) = resolver.next().await else { panic!("nothing may be read") };
    assert_eq!(failing.error.code(), Code::Forbidden);
    assert!(failing.error.to_string().contains("get services in shop"), "{}", failing.error);
}
