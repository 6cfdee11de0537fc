//! A Service by its slices and Endpoints: the rules over Kubernetes' JSON, and the resolver over an API server in
//! memory.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    follow_tests::{has, resolver, serves, shop, until, web},
    listed::{self, Listed},
    rules,
    tests::{names, to_service, trouble},
    *,
};
use crate::{
    error::Code,
    fake_api::{ENDPOINTS, FakeApi, PODS, SERVICES, SLICES, Verb, pod, service, slice as web_slice},
};

fn slice(change: impl FnOnce(&mut Value)) -> Vec<Listed> {
    let mut slice = json!({
        "metadata": {"name": "web-1", "namespace": "shop"}, "addressType": "IPv4",
        "ports": [{"name": "http", "port": 80, "protocol": "TCP"}, {"name": "dns", "port": 53, "protocol": "UDP"}],
        "endpoints": [{"addresses": ["10.1.0.1"], "conditions": {"ready": true},
            "targetRef": {"kind": "Pod", "name": "a", "uid": "uid-a", "namespace": "shop"}}]
    });
    change(&mut slice);
    listed::of_slice(serde_json::from_value(slice).unwrap())
}

/// Who serves the port `http`.
fn http(listed: &[Vec<Listed>]) -> Vec<(&str, u16)> {
    let listed: Vec<&Listed> = listed.iter().flatten().collect();
    let port = |one: &Listed| one.ports.iter().find(|(name, _)| name == "http").map(|(_, port)| *port);
    listed::serving(&listed, |_| None, port).into_iter().map(|one| (one.pod, one.port)).collect()
}

/// A slice of one pod in this condition.
fn with(pod: &str, conditions: Value) -> Vec<Listed> {
    slice(|s| {
        s["endpoints"][0]["conditions"] = conditions;
        s["endpoints"][0]["targetRef"]["name"] = json!(pod);
        s["endpoints"][0]["targetRef"]["uid"] = json!(format!("uid-{pod}"));
    })
}

#[test]
fn who_takes_new_connections() {
    let ready = || with("r", json!({"ready": true, "serving": true, "terminating": false}));
    let unready = || with("u", json!({"ready": false, "serving": false, "terminating": false}));
    let leaving = || with("l", json!({"ready": false, "serving": true, "terminating": true}));
    let gone = || with("g", json!({"ready": false, "serving": false, "terminating": true}));
    // As before 1.20, or where whoever wrote it left everything out.
    let bare = || with("b", json!({}));
    let null = || with("n", Value::Null);
    // `publishNotReadyAddresses`: ready whatever the pod is.
    let published = || with("p", json!({"ready": true, "serving": false, "terminating": false}));
    let published_leaving = || with("q", json!({"ready": true, "serving": false, "terminating": true}));
    let table: Vec<(Vec<Vec<Listed>>, &[&str])> = vec![
        (vec![], &[]),
        (vec![ready(), unready(), leaving(), gone()], &["r"]),
        (vec![bare(), null(), unready()], &["b", "n"]),
        (vec![unready(), leaving(), gone()], &["l"]),
        (vec![unready(), gone()], &[]),
        (vec![published(), published_leaving()], &["p"]),
        (vec![published_leaving(), unready()], &["q"]),
        (vec![ready(), ready()], &["r"]),
        // Two slices that differ on a pod: one of them has not heard yet.
        (
            vec![
                with("x", json!({"ready": true})),
                with("x", json!({"ready": false, "terminating": true, "serving": false})),
            ],
            &[],
        ),
        (vec![with("x", json!({"ready": false})), with("x", json!({"ready": true}))], &["x"]),
    ];
    for (number, (listed, expected)) in table.iter().enumerate() {
        let found: Vec<&str> = http(listed).into_iter().map(|(pod, _)| pod).collect();
        assert_eq!(found, *expected, "row {number}");
    }
}

#[test]
fn a_pod_is_counted_once_by_its_uid() {
    let v6 = slice(|s| s["addressType"] = json!("IPv6"));
    assert_eq!(http(&[slice(|_| {}), v6]), [("a", 80)]);
    let reborn = slice(|s| s["endpoints"][0]["targetRef"]["uid"] = json!("another"));
    assert_eq!(http(&[slice(|_| {}), reborn]).len(), 2, "a pod of the same name is another pod");
}

#[test]
fn a_slice_has_the_number_of_its_own_pods() {
    let other = slice(|s| {
        s["ports"][0]["port"] = json!(8080);
        s["endpoints"][0]["targetRef"]["name"] = json!("b");
    });
    assert_eq!(http(&[other, slice(|_| {})]), [("a", 80), ("b", 8080)]);
    let without = slice(|s| s["ports"] = json!([]));
    assert_eq!(http(&[without]), [], "its pods have no container port of that name");
    let unnamed = slice(|s| s["ports"] = json!([{"port": 80}]));
    assert_eq!(unnamed[0].ports, [(String::new(), 80)], "TCP, and no name");
    assert_eq!(slice(|_| {})[0].ports, [("http".to_owned(), 80)], "UDP is left out");
}

#[test]
fn only_pods_of_this_namespace_can_be_reached() {
    type Change = fn(&mut Value);
    let table: [(Change, usize); 5] = [
        (|_| {}, 1),
        (|reference| reference["namespace"] = Value::Null, 1),
        (|reference| reference["namespace"] = json!("other"), 0),
        (|reference| reference["kind"] = json!("Node"), 0),
        (|reference| *reference = Value::Null, 0),
    ];
    for (number, (change, expected)) in table.into_iter().enumerate() {
        let listed = slice(|s| change(&mut s["endpoints"][0]["targetRef"]));
        assert_eq!(listed.len(), expected, "row {number}");
    }
}

#[test]
fn endpoints_name_pods_by_subset() {
    let address = |pod: &str| json!({"ip": "10.1.0.1", "targetRef": {"kind": "Pod", "name": pod, "uid": format!("uid-{pod}"), "namespace": "shop"}});
    let endpoints = json!({"metadata": {"name": "web", "namespace": "shop"}, "subsets": [
        {"addresses": [address("a")], "notReadyAddresses": [address("b"), {"ip": "192.0.2.1"}],
            "ports": [{"name": "http", "port": 80}, {"name": "http", "port": 80, "protocol": "UDP"}]},
        {"addresses": [address("c")], "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}]}]});
    let listed = listed::of_endpoints(serde_json::from_value(endpoints).unwrap());
    assert_eq!(listed.len(), 3);
    assert_eq!(http(&[listed]), [("a", 80), ("c", 8080)]);
    let none = json!({"metadata": {"name": "web", "namespace": "shop"}});
    assert_eq!(listed::of_endpoints(serde_json::from_value(none).unwrap()), []);
}

fn listing(spec: Value, remotes: &[&str], listed: &[Vec<Listed>]) -> Resolution {
    let service: Service = serde_json::from_value(service("web", spec)).unwrap();
    let listed: Vec<&Listed> = listed.iter().flatten().collect();
    rules::listed(&to_service(remotes), &service, &listed, None).0
}

#[test]
fn a_services_port_is_found_in_its_slices_by_name() {
    let ports =
        json!([{"name": "http", "port": 8080, "targetPort": "web"}, {"name": "dns", "port": 53, "protocol": "UDP"}]);
    let spec = || json!({"clusterIP": "10.0.0.1", "selector": {"app": "web"}, "ports": ports.clone()});
    for remote in ["http", "8080"] {
        let resolution = listing(spec(), &[remote], &[slice(|_| {})]);
        assert_eq!(names(&resolution), [("a", 0, 80)], "{remote}");
        assert_eq!((resolution.numbers, resolution.affinity), (vec![Some(8080)], false));
    }
    let mut headless = spec();
    headless["clusterIP"] = json!("None");
    headless["sessionAffinity"] = json!("ClientIP");
    let resolution = listing(headless, &["http"], &[slice(|_| {})]);
    assert_eq!(names(&resolution), [("a", 0, 8080)], "the number as it is, as kubectl has it");
    assert!(resolution.affinity);
    let unnamed = json!({"clusterIP": "10.0.0.1", "ports": [{"port": 8080, "targetPort": 80}]});
    for name in [json!(""), Value::Null] {
        let listed = slice(|s| s["ports"] = json!([{"name": name, "port": 80}]));
        assert_eq!(names(&listing(unnamed.clone(), &["8080"], &[listed])), [("a", 0, 80)]);
    }
    assert_eq!(listing(spec(), &["dns"], &[]).refused.map(|p| p.code), Some(Code::NotTcp));
    assert_eq!(trouble(&listing(spec(), &["9"], &[])).0, Code::PortNotFound);
}

/// A shop that has slices too.
fn shop_with_slices() -> FakeApi {
    let api = shop();
    api.put(SLICES, web_slice("web-1", &[]));
    api.put(SERVICES, web(json!({"app": "web"})));
    api
}

async fn nothing_more(resolver: &mut Resolver) {
    let more = tokio::time::timeout(Duration::from_secs(1), resolver.next()).await;
    assert!(more.is_err(), "{more:?}");
}

#[tokio::test(start_paused = true)]
async fn slices_say_who_serves_and_pods_say_why_none_does() {
    let api = shop_with_slices();
    let mut resolver = resolver(&api, to_service(&["http"]));
    let first = resolver.next().await;
    assert!(matches!(&first, Found::Now(none) if none.is_empty()), "before the pods were asked why: {first:?}");
    api.put(PODS, pod("a", json!({"app": "web"}), false));
    until(&mut resolver, "why", |r| r.trouble.as_ref().is_some_and(|t| t.problem.message.contains("only pod"))).await;
    api.put(SLICES, web_slice("web-1", &[("a", true)]));
    serves(&mut resolver, &[("a", 80)]).await;
    api.put(PODS, pod("b", json!({"app": "web"}), false));
    api.put(SLICES, web_slice("web-2", &[("b", true)]));
    serves(&mut resolver, &[("a", 80), ("b", 80)]).await;
    api.delete(SLICES, "web-2");
    serves(&mut resolver, &[("a", 80)]).await;
    api.put(SLICES, web_slice("web-1", &[("a", false)]));
    until(&mut resolver, "why again", has(Code::NoReadyPod)).await;
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_terminates_gets_nothing_new_though_its_slice_is_late() {
    let api = shop_with_slices();
    let web_pod = |name: &str, terminating: bool| {
        let mut pod = pod(name, json!({"app": "web"}), true);
        if terminating {
            pod["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        }
        pod
    };
    api.put(PODS, web_pod("a", false));
    api.put(PODS, web_pod("b", false));
    api.put(SLICES, web_slice("web-1", &[("a", true), ("b", true)]));
    let mut resolver = resolver(&api, to_service(&["http"]));
    serves(&mut resolver, &[("a", 80), ("b", 80)]).await;
    api.put(PODS, web_pod("a", true));
    serves(&mut resolver, &[("b", 80)]).await;
    // One that terminates and serves is better than none.
    api.put(PODS, web_pod("b", true));
    serves(&mut resolver, &[("a", 80), ("b", 80)]).await;
    // And worse than one that is ready, before its slice says so.
    api.put(PODS, web_pod("c", false));
    serves(&mut resolver, &[("c", 80)]).await;
    api.delete(PODS, "c");
    serves(&mut resolver, &[("a", 80), ("b", 80)]).await;
    // One that was deleted at once is not there any more, unless somebody has named it by hand.
    api.delete(PODS, "a");
    serves(&mut resolver, &[("b", 80)]).await;
    let mut by_hand = web_slice("web-2", &[("other", true)]);
    by_hand["metadata"]["labels"] = json!({"kubernetes.io/service-name": "web"});
    api.put(SLICES, by_hand);
    serves(&mut resolver, &[("other", 80)]).await;
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_is_ready_before_its_slice_says_so_is_used() {
    let api = shop_with_slices();
    let mut resolver = resolver(&api, to_service(&["http"]));
    until(&mut resolver, "no pod", has(Code::NoReadyPod)).await;
    api.put(PODS, pod("a", json!({"app": "web"}), true));
    serves(&mut resolver, &[("a", 80)]).await;
}

#[tokio::test(start_paused = true)]
async fn a_service_without_a_selector_works_where_its_slices_name_pods() {
    let api = shop_with_slices();
    api.put(SERVICES, web(json!({})));
    let mut resolver = resolver(&api, to_service(&["http"]));
    until(&mut resolver, "no selector", has(Code::NoSelector)).await;
    api.put(SLICES, web_slice("mine", &[("a", true)]));
    serves(&mut resolver, &[("a", 80)]).await;
    api.put(SLICES, web_slice("mine", &[("a", false)]));
    let none = until(&mut resolver, "none ready", has(Code::NoReadyPod)).await;
    assert_eq!(trouble(&none), (Code::NoReadyPod, false, "svc/web has no endpoint that is ready."));
}

#[tokio::test(start_paused = true)]
async fn pods_that_may_not_be_read_are_not_needed() {
    let api = shop_with_slices();
    api.forbid(PODS, Verb::List, true);
    let mut resolver = resolver(&api, to_service(&["http"]));
    let none = until(&mut resolver, "none ready", has(Code::NoReadyPod)).await;
    let (_, _, message) = trouble(&none);
    assert!(
        message.starts_with("svc/web has no endpoint that is ready. Its pods could not be looked at: "),
        "{message}"
    );
    api.put(SLICES, web_slice("web-1", &[("a", true)]));
    serves(&mut resolver, &[("a", 80)]).await;
}

#[tokio::test(start_paused = true)]
async fn endpoints_take_the_place_of_slices_that_there_are_not() {
    let address = json!({"ip": "10.1.0.1", "targetRef": {"kind": "Pod", "name": "a", "uid": "uid-a"}});
    let endpoints = json!({"metadata": {"name": "web", "namespace": "shop"},
        "subsets": [{"addresses": [address], "ports": [{"name": "http", "port": 80}]}]});
    let api = shop();
    api.lacks(SLICES);
    api.put(ENDPOINTS, endpoints);
    api.put(SERVICES, web(json!({"app": "web"})));
    let cluster = api.cluster();
    let mut first = Resolver::new(cluster.clone(), to_service(&["http"]), Arc::default());
    serves(&mut first, &[("a", 80)]).await;
    assert_eq!((api.asked(Verb::List, SLICES), api.asked(Verb::List, ENDPOINTS)), (1, 1));
    let mut second = Resolver::new(cluster, to_service(&["http"]), Arc::default());
    serves(&mut second, &[("a", 80)]).await;
    assert_eq!(api.asked(Verb::List, SLICES), 1, "it is remembered");
}

#[tokio::test(start_paused = true)]
async fn a_permission_that_is_granted_and_withdrawn_is_followed() {
    let api = shop_with_slices();
    api.put(SLICES, web_slice("web-1", &[("from-slice", true)]));
    // Each source says of one pod that it is ready, so that they can be told apart.
    api.put(PODS, pod("from-slice", json!({"app": "web"}), false));
    api.put(PODS, pod("from-pods", json!({"app": "web"}), true));
    api.forbid(SLICES, Verb::List, true);
    let mut resolver = resolver(&api, to_service(&["http"]));
    serves(&mut resolver, &[("from-pods", 80)]).await;
    api.forbid(SLICES, Verb::List, false);
    let begun = tokio::time::Instant::now();
    serves(&mut resolver, &[("from-slice", 80)]).await;
    assert_eq!(begun.elapsed().as_secs(), 30);
    api.forbid(SLICES, Verb::List, true);
    api.forbid(SLICES, Verb::Watch, true);
    api.away(true);
    api.away(false);
    serves(&mut resolver, &[("from-pods", 80)]).await;
    // The user need not wait.
    api.forbid(SLICES, Verb::List, false);
    api.forbid(SLICES, Verb::Watch, false);
    let retry_now = resolver.retry_now.clone();
    let begun = tokio::time::Instant::now();
    tokio::join!(serves(&mut resolver, &[("from-slice", 80)]), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        retry_now.notify_waiters();
    });
    assert_eq!(begun.elapsed().as_secs(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_role_that_serves_kubectl_serves_us() {
    let api = FakeApi::with(&[SERVICES, PODS]);
    for (path, verb) in [(SERVICES, Verb::List), (SERVICES, Verb::Watch), (PODS, Verb::Watch)] {
        api.forbid(path, verb, true);
    }
    api.put(SERVICES, web(json!({"app": "web"})));
    api.put(PODS, pod("a", json!({"app": "web"}), true));
    let cluster = api.cluster();
    let targets =
        [to_service(&["http"]), super::tests::forward(Target::Selector { labels: "app=web".into() }, &["http"])];
    for forward in targets {
        let mut resolver = Resolver::new(cluster.clone(), forward, Arc::default());
        // Neither of these meets a failure that is told.
        serves(&mut resolver, &[("a", 80)]).await;
        api.put(PODS, pod("b", json!({"app": "web"}), true));
        let begun = tokio::time::Instant::now();
        serves(&mut resolver, &[("a", 80), ("b", 80)]).await;
        assert!(begun.elapsed() <= Duration::from_secs(3), "{:?}", begun.elapsed());
        let quiet = tokio::time::timeout(Duration::from_secs(100), resolver.next()).await;
        assert!(!matches!(quiet, Ok(Found::Lost(_))), "{quiet:?}");
        api.delete(PODS, "b");
        serves(&mut resolver, &[("a", 80)]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn fifty_sessions_to_one_service_make_one_watch_a_kind() {
    let api = shop_with_slices();
    api.put(PODS, pod("a", json!({"app": "web"}), false));
    let cluster = api.cluster();
    let begin = || Resolver::new(cluster.clone(), to_service(&["http"]), Arc::default());
    let mut all: Vec<Resolver> = (0..50).map(|_| begin()).collect();
    for resolver in &mut all {
        until(resolver, "no pod", has(Code::NoReadyPod)).await;
    }
    let open = || [SERVICES, SLICES, PODS].map(|path| api.watching(path));
    assert_eq!(open(), [1, 1, 1]);
    api.put(SLICES, web_slice("web-1", &[("a", true)]));
    for resolver in &mut all {
        serves(resolver, &[("a", 80)]).await;
    }
    all.truncate(1);
    nothing_more(&mut all[0]).await;
    assert_eq!(open(), [1, 1, 1]);
    all.clear();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(open(), [0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn what_is_old_is_not_shown_while_a_part_of_it_cannot_be_asked() {
    let api = shop_with_slices();
    api.put(SLICES, web_slice("web-1", &[("a", true)]));
    let mut resolver = resolver(&api, to_service(&["http"]));
    serves(&mut resolver, &[("a", 80)]).await;
    api.breaks(SLICES, true);
    // What was told before that may be told first.
    while !matches!(resolver.next().await, Found::Lost(_)) {}
    // News of the Service do not make the slices any younger.
    api.put(SERVICES, web(json!({"app": "other"})));
    api.put(SLICES, web_slice("web-1", &[("b", true)]));
    for _ in 0..4 {
        let found = resolver.next().await;
        assert!(matches!(found, Found::Lost(_)), "{found:?}");
    }
    api.breaks(SLICES, false);
    loop {
        match resolver.next().await {
            Found::Lost(_) => {}
            Found::Now(resolution) => break assert_eq!(names(&resolution), [("b", 0, 80)]),
            other => panic!("{other:?}"),
        }
    }
}
