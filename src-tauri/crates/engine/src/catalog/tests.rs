//! Rows from objects, and a whole list over an API server in memory.

use std::{collections::HashMap, time::Duration};

use k8s_openapi::api::core::v1::{Pod, Service};
use serde_json::{Value, json};

use super::*;
use crate::{
    context::{ContextView, Namespaces, Reach},
    engine::context_key,
    error::{Code, Problem},
    explain::{
        mark::PodBrief,
        view::{FindingCode, Snippet},
    },
    fake_api::{FakeApi, PODS, SERVICES, context, pod, service},
    feed::Part,
    forward::{PortRef, Target},
    row::{ListKind, ListStatus, Row, RowFacts, Scope},
};

fn service_row(spec: Value, pods: Option<&[Value]>) -> Row {
    let service: Service = serde_json::from_value(service("web", spec)).unwrap();
    let briefs: Option<Vec<PodBrief>> = pods.map(|pods| {
        pods.iter().filter_map(|p| PodBrief::of(&serde_json::from_value::<Pod>(p.clone()).unwrap())).collect()
    });
    let briefs: Option<Vec<&PodBrief>> = briefs.as_ref().map(|b| b.iter().collect());
    rows::service(&service, briefs.as_deref())
}

#[test]
fn a_service_counts_the_pods_behind_its_selector() {
    let web = json!({"selector": {"app": "web"}, "clusterIP": "10.0.0.1", "type": "NodePort",
        "ports": [{"name": "http", "port": 8080, "targetPort": "http", "nodePort": 30080}, {"port": 7, "targetPort": 7},
            {"port": 53, "protocol": "UDP"}]});
    let mut elsewhere = pod("x", json!({"app": "web"}), true);
    elsewhere["metadata"]["namespace"] = json!("other");
    let pods = [
        pod("a", json!({"app": "web", "tier": "front"}), true),
        pod("b", json!({"app": "web"}), false),
        pod("c", json!({"app": "api"}), true),
        elsewhere,
    ];
    let row = service_row(web, Some(&pods));
    assert_eq!((row.ready, row.wanted, row.trouble.as_str()), (Some(1), Some(2), "1 of 2 not ready"));
    assert_eq!(row.finding, Some(FindingCode::SomePodsNotReady));
    assert_eq!(row.facts, RowFacts::Service { service_type: "NodePort".into(), external_name: None });
    let ports: Vec<_> =
        row.ports.iter().map(|p| (p.port, p.target.clone(), p.node_port, p.protocol.as_str())).collect();
    assert_eq!(
        ports,
        [
            (8080, Some(PortRef::Name("http".into())), Some(30080), "TCP"),
            (7, None, None, "TCP"),
            (53, None, None, "UDP")
        ]
    );
}

#[test]
fn a_service_that_leads_nowhere_says_so() {
    let selects = json!({"selector": {"app": "web"}, "ports": [{"port": 80}]});
    let table = [
        (selects.clone(), Some(vec![]), "no pods"),
        (
            selects.clone(),
            Some(vec![pod("a", json!({"app": "web"}), false)]),
            "none ready: running, but its readiness probe fails, 2 restarts",
        ),
        (json!({"ports": [{"port": 80}]}), Some(vec![]), "no selector"),
        (json!({"type": "ExternalName", "externalName": "smtp.example.org"}), Some(vec![]), ""),
        // Where pods may not be read, nothing is said of them.
        (selects, None, ""),
    ];
    for (spec, pods, trouble) in table {
        assert_eq!(service_row(spec.clone(), pods.as_deref()).trouble, trouble, "{spec}");
    }
}

#[test]
fn a_pod_says_how_it_is() {
    let row = rows::pod(&serde_json::from_value(pod("a", json!({}), false)).unwrap());
    assert_eq!((row.ready, row.wanted, row.trouble.as_str()), (Some(0), Some(1), "not ready"));
    assert_eq!(row.target, Target::Pod { name: "a".into() });
    let RowFacts::Pod { status, restarts, node, .. } = row.facts else { panic!("a pod's facts") };
    assert_eq!((status.as_str(), restarts, node.as_str()), ("Running", 2, "node1"));
}

fn view(list: ListKind) -> View {
    View { context: context(), namespace: Scope::One { name: "shop".into() }, list }
}

fn feed() -> Arc<Feed> {
    let feed = Arc::new(Feed::default());
    let context = ContextView {
        protected: false,
        id: context(),
        server: "https://test".into(),
        user: "me".into(),
        namespace: "default".into(),
        current: true,
        reach: Reach::NotChecked,
        namespaces: Namespaces::Unknown,
    };
    feed.set(context_key(&context.id.clone()), Part::Context(context));
    feed
}

/// Reads the feed until `done` is satisfied with what it has shown.
async fn until<T>(feed: &Feed, what: &str, mut done: impl FnMut(&HashMap<String, Part>) -> Option<T>) -> T {
    let mut shown = HashMap::new();
    let mut revision = 0;
    let read = async {
        loop {
            let changes = feed.changes(revision).await;
            revision = changes.revision;
            if changes.full {
                shown.clear();
            }
            for key in changes.removed {
                shown.remove(&key);
            }
            shown.extend(changes.changed.into_iter().map(|c| (c.key, c.part)));
            if let Some(found) = done(&shown) {
                return found;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), read).await.unwrap_or_else(|_| panic!("never: {what}"))
}

fn status(shown: &HashMap<String, Part>) -> Option<ListStatus> {
    match shown.get("list") {
        Some(Part::List(list)) => Some(list.status.clone()),
        _ => None,
    }
}

fn rows_shown(shown: &HashMap<String, Part>) -> Vec<String> {
    let mut keys: Vec<String> = shown.keys().filter(|key| key.starts_with("row/")).cloned().collect();
    keys.sort();
    keys
}

#[tokio::test(start_paused = true)]
async fn what_may_be_read_is_shown_though_namespaces_may_not() {
    let server = FakeApi::default();
    server.put(SERVICES, service("web", json!({"selector": {"app": "web"}})));
    server.put(PODS, pod("a", json!({"app": "web"}), true));
    let (feed, clusters) = (feed(), Arc::new(Clusters::with(server.cluster())));
    let mut catalog = Catalog::new(feed.clone());
    catalog.look(Some(view(ListKind::Services)), &clusters).await;
    let context = until(&feed, "the list is live and the namespaces are told", |shown| {
        let Some(Part::Context(context)) = shown.get(&context_key(&context())) else { return None };
        let live = status(shown) == Some(ListStatus::Live) && context.namespaces != Namespaces::Unknown;
        live.then(|| context.clone())
    })
    .await;
    assert_eq!(context.reach, Reach::Reachable, "a server that says no is there");
    let Namespaces::Forbidden { problem, role } = context.namespaces else { panic!("{:?}", context.namespaces) };
    assert_eq!(problem.code, Code::Forbidden);
    assert_eq!(role.title, "The ClusterRole that is missing");
    assert!(role.text.contains("resources: [namespaces], verbs: [list, watch]"), "{}", role.text);
    assert_eq!(feed.keys("row/"), ["row/shop/svc/web"]);

    // Another list takes the place of the first, and none leaves nothing.
    catalog.look(Some(view(ListKind::Pods)), &clusters).await;
    let shown = until(&feed, "the pods", |shown| {
        (status(shown) == Some(ListStatus::Live)).then(|| rows_shown(shown)).filter(|rows| !rows.is_empty())
    });
    assert_eq!(shown.await, ["row/shop/pod/a"]);
    catalog.look(None, &clusters).await;
    assert_eq!(feed.keys("row/"), Vec::<String>::new());
    assert!(feed.get("list").is_none());
}

/// What the list says of which a part may not be read.
async fn forbidden(feed: &Feed) -> (Problem, Vec<String>, Snippet) {
    until(feed, "forbidden", |shown| match status(shown) {
        Some(ListStatus::Forbidden { problem, resources, role }) => Some((problem, resources, role)),
        _ => None,
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_list_that_may_not_be_read_comes_with_the_role_for_all_of_it() {
    let server = FakeApi::default();
    let (feed, clusters) = (feed(), Arc::new(Clusters::with(server.cluster())));
    let mut catalog = Catalog::new(feed.clone());
    catalog.look(Some(view(ListKind::Workloads)), &clusters).await;
    let (_, resources, role) = forbidden(&feed).await;
    let plurals = ["deployments", "statefulsets", "daemonsets", "replicasets", "replicationcontrollers", "jobs"];
    assert_eq!(resources, plurals);
    assert!(role.text.contains("kind: Role\n") && role.text.contains("namespace: \"shop\""), "{}", role.text);
    for line in [
        "[\"apps\"], resources: [deployments]",
        "[\"\"], resources: [replicationcontrollers]",
        "[\"batch\"], resources: [jobs]",
    ] {
        assert!(role.text.contains(line), "{line}: {}", role.text);
    }
    // Of all namespaces no Role can be one.
    catalog.look(Some(View { namespace: Scope::All, ..view(ListKind::Services) }), &clusters).await;
    let (_, resources, role) = forbidden(&feed).await;
    assert_eq!(resources, ["services", "pods"]);
    assert!(role.text.contains("kind: ClusterRole\n") && !role.text.contains("namespace:"), "{}", role.text);
    catalog.look(None, &clusters).await;
}

#[tokio::test(start_paused = true)]
async fn services_are_shown_though_their_pods_may_not_be_read() {
    let server = FakeApi::default();
    server.put(SERVICES, service("web", json!({"selector": {"app": "web"}})));
    let (feed, clusters) = (feed(), Arc::new(Clusters::with(server.cluster())));
    let mut catalog = Catalog::new(feed.clone());
    catalog.look(Some(view(ListKind::Services)), &clusters).await;
    let (problem, resources, role) = forbidden(&feed).await;
    assert!(problem.message.contains("list pods in shop"));
    assert_eq!(resources, ["pods"], "Services may be listed");
    assert!(
        role.text.contains("resources: [pods], verbs: [list, watch]") && !role.text.contains("services"),
        "{}",
        role.text
    );
    assert_eq!(feed.keys("row/"), ["row/shop/svc/web"]);
    catalog.look(None, &clusters).await;
}

#[tokio::test(start_paused = true)]
async fn a_list_follows_what_happens() {
    let server = FakeApi::with(&[SERVICES, PODS]);
    server.put(SERVICES, service("web", json!({"selector": {"app": "web"}})));
    let (feed, clusters) = (feed(), Arc::new(Clusters::with(server.cluster())));
    let mut catalog = Catalog::new(feed.clone());
    catalog.look(Some(view(ListKind::Services)), &clusters).await;
    let ready_of = |shown: &HashMap<String, Part>, wanted| match shown.get("row/shop/svc/web") {
        Some(Part::Row(row)) => (row.ready == wanted).then_some(()),
        _ => wanted.is_none().then_some(()),
    };
    until(&feed, "no pod yet", |shown| ready_of(shown, Some(0))).await;
    server.put(PODS, pod("a", json!({"app": "web"}), true));
    until(&feed, "a ready pod", |shown| ready_of(shown, Some(1))).await;
    server.put(PODS, pod("a", json!({"app": "web"}), false));
    until(&feed, "it is not ready any more", |shown| ready_of(shown, Some(0))).await;
    server.delete(SERVICES, "web");
    until(&feed, "the Service is gone", |shown| ready_of(shown, None)).await;
    catalog.look(None, &clusters).await;
}
