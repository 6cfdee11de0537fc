//! Services of every kind, drawn: what is there, in which values, and what would be asked of it.

mod inside;
mod outside;

use super::*;
use crate::{
    explain::{
        dial::How,
        facts::sample,
        view::{PathKind, Verdict},
    },
    fake_api::FakeApi,
};

/// Two nodes: the first has two addresses, and is called by one of them.
const NODES: &str = r"
---
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 10.0.3.11}, {type: ExternalIP, address: 198.51.100.1}, {type: Hostname, address: 10.0.3.11}]}
---
kind: Node
metadata: {name: n2}
status: {addresses: [{type: InternalIP, address: 10.0.3.12}]}
";

/// Its pods: two on the first node, which call different numbers `http`; one that is not ready, on the second.
const PODS: &str = r"
---
kind: Pod
metadata: {name: web-1, namespace: shop, uid: u1, labels: {app: web}}
spec: {nodeName: n1, hostname: web-1, subdomain: web, containers: [{name: c, ports: [{name: http, containerPort: 80}, {name: dns, containerPort: 5353, protocol: UDP}]}]}
status: {podIP: 10.1.0.1, hostIP: 10.0.3.11, phase: Running, conditions: [{type: Ready, status: 'True'}], containerStatuses: [{name: c, ready: true, restartCount: 0, image: '', imageID: '', state: {running: {}}}]}
---
kind: Pod
metadata: {name: web-2, namespace: shop, uid: u2, labels: {app: web}}
spec: {nodeName: n1, containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
status: {podIP: 10.1.0.2, hostIP: 10.0.3.11, phase: Running, conditions: [{type: Ready, status: 'True'}]}
---
kind: Pod
metadata: {name: web-3, namespace: shop, uid: u3, labels: {app: web}}
spec: {nodeName: n2, hostname: web-3, subdomain: web, containers: [{name: c, ports: [{name: http, containerPort: 80}]}]}
status: {podIP: 10.1.0.3, hostIP: 10.0.3.12, phase: Running, conditions: [{type: Ready, status: 'False'}]}
";

fn facts(spec: &str) -> Facts {
    facts_with(spec, "")
}

fn facts_with(spec: &str, more: &str) -> Facts {
    let service = format!("kind: Service\nmetadata: {{name: web, namespace: shop}}\nspec: {spec}\n");
    let facts = sample::facts(&format!("{service}{NODES}{PODS}{more}"));
    Facts { server: "https://api.example:6443".into(), ..facts }
}

fn drawn(facts: &Facts) -> Vec<Drawn> {
    let context = ContextId { source: ContextId::DEFAULT_SOURCE.into(), name: "staging".into() };
    draw(facts, &context)
}

/// What is there of one kind: the address, and the way.
fn ways(facts: &Facts, kind: PathKind) -> Vec<String> {
    let there = drawn(facts).into_iter().filter(|drawn| drawn.path.kind == kind && drawn.path.configured);
    there.map(|drawn| format!("{}: {}", drawn.path.address, drawn.path.way.join(" → "))).collect()
}

/// The first that is there of one kind.
fn first(facts: &Facts, kind: PathKind) -> Drawn {
    drawn(facts).into_iter().find(|drawn| drawn.path.kind == kind).unwrap()
}

const PLAIN: &str = "{clusterIP: 10.96.4.7, selector: {app: web}, ports: [{name: http, port: 8080, targetPort: http}]}";
const NODE_PORT: &str = "{type: NodePort, clusterIP: 10.96.4.7, selector: {app: web}, ports: [{name: http, port: 8080, targetPort: http, nodePort: 30080}, {name: db, port: 5432, nodePort: 30432}]}";
const LOCAL: &str = "{type: NodePort, externalTrafficPolicy: Local, sessionAffinity: ClientIP, clusterIP: 10.96.4.7, selector: {app: web}, ports: [{port: 8080, targetPort: http, nodePort: 30080}]}";
const BALANCED: &str = "{type: LoadBalancer, clusterIP: 10.96.4.7, selector: {app: web}, ports: [{name: https, port: 443, targetPort: http, nodePort: 30443}]}";
const HEADLESS: &str = "{clusterIP: None, selector: {app: web}, ports: [{name: db, port: 5432, targetPort: http}]}";
const UDP: &str = "{type: NodePort, clusterIP: 10.96.4.7, selector: {app: web}, ports: [{name: dns, port: 53, protocol: UDP, targetPort: dns, nodePort: 30053}, {name: dns-tcp, port: 53, targetPort: 80, nodePort: 30053}]}";
const ONLY_UDP: &str = "{clusterIP: 10.96.4.7, selector: {app: web}, ports: [{port: 53, protocol: UDP}, {port: 54, protocol: SCTP, name: b}]}";
const ALIAS: &str = "{type: ExternalName, externalName: smtp.example.org}";
const NO_POD: &str = "{clusterIP: 10.96.4.7, selector: {app: nobody}, ports: [{port: 80}]}";
const BY_HAND: &str = "{clusterIP: 10.96.4.7, ports: [{name: https, port: 443, targetPort: 8443}]}";

#[test]
fn every_kind_of_way_has_a_row_and_what_is_not_there_comes_last() {
    let all = [PLAIN, NODE_PORT, LOCAL, BALANCED, HEADLESS, UDP, ONLY_UDP, ALIAS, NO_POD, BY_HAND];
    for spec in all {
        let paths = of(&facts(spec), &ContextId { source: "/a/file".into(), name: "staging".into() });
        let kinds: std::collections::BTreeSet<PathKind> = paths.iter().map(|path| path.kind).collect();
        assert_eq!(kinds.len(), 8, "{spec}: {kinds:?}");
        assert!(paths.is_sorted_by_key(|path| !path.configured), "{spec}");
        for configured in [true, false] {
            let part = paths.iter().filter(|path| path.configured == configured);
            assert!(part.map(|path| path.kind).is_sorted(), "{spec}");
        }
        for path in &paths {
            assert!(path.configured || path.copy.is_empty() && path.way.is_empty(), "{spec}: {path:?}");
            assert!(
                !path.configured || path.way.len() > 1 && path.verdict != Verdict::NotConfigured,
                "{spec}: {path:?}"
            );
            let cells = [&path.protocols, &path.balances, &path.survives_pod, &path.survives_node];
            for cell in cells.into_iter().chain([&path.lasts, &path.exposure, &path.used_for]) {
                assert!((1..=40).contains(&cell.chars().count()), "{spec}: {cell:?}");
            }
            assert!(![&path.address, &path.gives, &path.price].iter().any(|text| text.is_empty()), "{spec}: {path:?}");
        }
    }
    let missing = sample::facts(NODES);
    assert!(drawn(&missing).is_empty(), "there is no Service");
}

#[test]
fn what_is_not_there_says_what_it_would_give_and_cost() {
    let all = drawn(&facts(PLAIN));
    let absent: Vec<&AccessPath> = all.iter().map(|drawn| &drawn.path).filter(|path| !path.configured).collect();
    let kinds: Vec<PathKind> = absent.iter().map(|path| path.kind).collect();
    assert_eq!(kinds, [PathKind::NodePort, PathKind::LoadBalancer, PathKind::Ingress, PathKind::HeadlessName]);
    assert!(absent.iter().all(|path| path.verdict == Verdict::NotConfigured));
    let says = |kind: PathKind, words: &[&str]| {
        let path = absent.iter().find(|path| path.kind == kind).unwrap();
        let text = format!("{}; {}; {}", path.used_for, path.gives, path.price);
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    };
    says(PathKind::Ingress, &["host names", "TLS", "ports 80 and 443"]);
    says(PathKind::LoadBalancer, &["one address", "health checks"]);
    let price =
        ["demos and tests, not production", "every node exposed", "30000-32767", "no failover from a dead node"];
    says(PathKind::NodePort, &price);
}

#[test]
fn only_ports_that_look_like_http_are_sent_anything() {
    let facts = facts(NODE_PORT);
    let all = drawn(&facts);
    let asked: Vec<String> = all
        .iter()
        .filter_map(|drawn| match drawn.ask.as_ref()? {
            Ask::Tunnel { to, how } => Some(format!("{:?} {to} {how:?}", drawn.path.kind)),
            Ask::Proxy { path } => Some(format!("{:?} {path}", drawn.path.kind)),
            Ask::Socket { host, port, how } => Some(format!("{:?} {host}:{port} {how:?}", drawn.path.kind)),
            Ask::Front { .. } => panic!("there is no Ingress"),
        })
        .collect();
    let get = |host: &str| How::Get { host: host.into() };
    let expected = [
        format!("ServiceTunnel web-1:80 {:?}", get("localhost:80")),
        format!("ServiceTunnel web-1:5432 {:?}", How::Connect),
        format!("PodTunnel web-1:80 {:?}", get("localhost:80")),
        format!("PodTunnel web-1:5432 {:?}", How::Connect),
        "ApiProxy /api/v1/namespaces/shop/services/http:web:http/proxy/".into(),
        format!("NodePort 10.0.3.11:30080 {:?}", get("10.0.3.11:30080")),
        format!("NodePort 198.51.100.1:30080 {:?}", get("198.51.100.1:30080")),
        format!("NodePort 10.0.3.12:30080 {:?}", get("10.0.3.12:30080")),
        format!("NodePort 10.0.3.11:30432 {:?}", How::Connect),
        format!("NodePort 198.51.100.1:30432 {:?}", How::Connect),
        format!("NodePort 10.0.3.12:30432 {:?}", How::Connect),
    ];
    assert_eq!(asked, expected);
    let unasked = |kind: PathKind, port: u16| {
        let mut of_kind = all.iter().filter(|drawn| drawn.path.kind == kind && drawn.path.port == Some(port));
        of_kind.next().unwrap().path.verdict.clone()
    };
    assert_eq!(unasked(PathKind::ClusterIp, 8080), Verdict::InClusterOnly);
    let why = "port 5432 does not look like HTTP".into();
    assert_eq!(unasked(PathKind::ApiProxy, 5432), Verdict::NotProbed { why });
}

#[tokio::test]
async fn what_was_measured_once_is_not_told_the_next_time() {
    // A server that knows nothing of pods: nothing answers, and nothing is measured.
    let cluster = FakeApi::with(&[]).cluster();
    let facts = facts(PLAIN);
    let before = of(&facts, &cluster.context);
    let mut paths = before.clone();
    for path in &mut paths {
        path.price.push_str("; 2.1 ms against 0.8 ms by the node port");
    }
    probe(&cluster, &facts, ProbePorts::All, &mut paths).await;
    for (path, before) in paths.iter().zip(&before) {
        assert_eq!(path.price, before.price);
        let asked = matches!(path.kind, PathKind::ServiceTunnel | PathKind::PodTunnel | PathKind::ApiProxy);
        assert_eq!(matches!(path.verdict, Verdict::Silent { .. }), asked, "{path:?}");
    }
    let told = paths.iter().filter(|path| matches!(&path.verdict, Verdict::Silent { why } if why.contains("403")));
    assert_eq!(told.count(), 1, "the proxy's: {paths:?}");
}

#[test]
fn times_are_said_as_people_say_them() {
    for (seconds, expected) in [(10_800, "3 h"), (5400, "90 min"), (45, "45 s"), (0, "0 s")] {
        assert_eq!(span(seconds), expected);
    }
}
