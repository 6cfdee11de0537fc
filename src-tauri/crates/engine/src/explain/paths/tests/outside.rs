//! Node ports, load balancers, Ingresses.

use super::*;

#[test]
fn a_node_port_is_drawn_for_each_node_and_address_to_the_port_in_each_pod() {
    let expected = [
        "10.0.3.11:30080: 10.0.3.11:30080 (n1, InternalIP) → 10.96.4.7:8080 → web-1:80, web-2:8080",
        "198.51.100.1:30080: 198.51.100.1:30080 (n1, ExternalIP) → 10.96.4.7:8080 → web-1:80, web-2:8080",
        "10.0.3.12:30080: 10.0.3.12:30080 (n2, InternalIP) → 10.96.4.7:8080 → web-1:80, web-2:8080",
        "10.0.3.11:30432: 10.0.3.11:30432 (n1, InternalIP) → 10.96.4.7:5432 → web-1:5432 (of 2)",
        "198.51.100.1:30432: 198.51.100.1:30432 (n1, ExternalIP) → 10.96.4.7:5432 → web-1:5432 (of 2)",
        "10.0.3.12:30432: 10.0.3.12:30432 (n2, InternalIP) → 10.96.4.7:5432 → web-1:5432 (of 2)",
    ];
    let facts = facts(NODE_PORT);
    assert_eq!(ways(&facts, PathKind::NodePort), expected);
    let path = first(&facts, PathKind::NodePort).path;
    assert_eq!(
        (path.copy.as_str(), path.protocols.as_str()),
        ("http://10.0.3.11:30080/", "TCP, UDP, SCTP; this port TCP")
    );
}

#[test]
fn with_the_local_policy_only_nodes_that_run_a_ready_pod_answer_and_the_clients_address_is_kept() {
    let all = drawn(&facts(LOCAL));
    let of = |address: &str| &all.iter().find(|drawn| drawn.path.address == address).unwrap().path;
    let busy = of("10.0.3.11:30080");
    assert_eq!(busy.way, ["10.0.3.11:30080 (n1, InternalIP)", "10.96.4.7:8080", "web-1:80, web-2:8080"]);
    assert!(busy.gives.contains("the client's address is kept"), "{}", busy.gives);
    assert_eq!(busy.balances, "one client sticks to one pod for 3 h");
    // Its only pod is not ready.
    let dry = of("10.0.3.12:30080");
    assert_eq!(dry.way, ["10.0.3.12:30080 (n2, InternalIP)", "10.96.4.7:8080", "dropped: no ready pod on n2"]);
    assert_eq!(dry.balances, "no: no ready pod runs on this node");
    assert!(dry.price.contains("only nodes that run a ready pod answer"), "{}", dry.price);
    let cluster = first(&facts(NODE_PORT), PathKind::NodePort).path;
    assert!(cluster.price.contains("not the client's") && !cluster.gives.contains("kept"), "{cluster:?}");
}

#[test]
fn affinity_makes_a_client_stick_for_as_long_as_the_service_says() {
    let told = NODE_PORT
        .replace("{type", "{sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 600}}, type");
    let facts = facts(&told);
    for kind in [PathKind::NodePort, PathKind::ClusterIp] {
        assert_eq!(first(&facts, kind).path.balances, "one client sticks to one pod for 10 min");
    }
    // Whoever comes through Portolan is one client; the API server takes no notice.
    assert_eq!(first(&facts, PathKind::ServiceTunnel).path.balances, "no: one client, so it sticks to a pod");
    assert_eq!(first(&facts, PathKind::ApiProxy).path.balances, "each request to a random ready pod");
}

#[test]
fn where_nodes_may_not_be_read_the_pods_know_the_addresses_of_theirs() {
    let told = Facts { nodes: None, ..facts(NODE_PORT) };
    let expected = [
        "10.0.3.11:30080: 10.0.3.11:30080 (n1, hostIP) → 10.96.4.7:8080 → web-1:80, web-2:8080",
        "10.0.3.11:30432: 10.0.3.11:30432 (n1, hostIP) → 10.96.4.7:5432 → web-1:5432 (of 2)",
    ];
    assert_eq!(ways(&told, PathKind::NodePort), expected);
    let nothing = Facts { nodes: None, pods: None, addresses: None, ..facts(NODE_PORT) };
    let way = first(&nothing, PathKind::NodePort);
    assert_eq!((way.path.address.as_str(), way.ask), ("NODE:30080", None));
    assert_eq!(way.path.way, ["NODE:30080", "10.96.4.7:8080", "a pod:http"]);
    assert!(matches!(way.path.verdict, Verdict::NotProbed { why } if why.contains("nodes could not be read")));
}

#[test]
fn of_many_nodes_some_are_asked_first_those_that_run_its_pods() {
    let many: String = (0..30).map(|n| format!("---\nkind: Node\nmetadata: {{name: a{n:02}}}\nstatus: {{addresses: [{{type: InternalIP, address: 10.0.4.{n}}}]}}\n")).collect();
    let facts = facts_with(&NODE_PORT.replace(", {name: db, port: 5432, nodePort: 30432}", ""), &many);
    let all: Vec<AccessPath> =
        drawn(&facts).into_iter().map(|drawn| drawn.path).filter(|path| path.kind == PathKind::NodePort).collect();
    assert_eq!(all[0].address, "10.0.3.11:30080", "{all:?}");
    let last = all.last().unwrap();
    assert_eq!((all.len(), last.address.as_str()), (22, "12 more nodes:30080"));
    assert!(matches!(&last.verdict, Verdict::NotProbed { why } if why.contains("20 nodes")), "{last:?}");
}

#[test]
fn a_load_balancer_has_the_address_that_it_was_given_if_it_was() {
    let pending = first(&facts(BALANCED), PathKind::LoadBalancer);
    assert_eq!((pending.path.address.as_str(), pending.ask), ("pending:443", None));
    assert!(matches!(pending.path.verdict, Verdict::NotProbed { why } if why.contains("address yet")));

    let given = format!(
        "{}\nstatus: {{loadBalancer: {{ingress: [{{ip: 203.0.113.5}}, {{hostname: lb.example.org}}]}}}}",
        BALANCED.replace(
            "{type",
            "{externalTrafficPolicy: Local, loadBalancerSourceRanges: [10.0.0.0/8, 192.0.2.0/24], type"
        )
    );
    let facts = facts(&given);
    let expected = [
        "203.0.113.5:443: 203.0.113.5:443 → a node:30443 → 10.96.4.7:443 → web-1:80, web-2:8080",
        "lb.example.org:443: lb.example.org:443 → a node:30443 → 10.96.4.7:443 → web-1:80, web-2:8080",
    ];
    assert_eq!(ways(&facts, PathKind::LoadBalancer), expected);
    let Drawn { path, ask } = first(&facts, PathKind::LoadBalancer);
    // TLS is spoken there: a plain GET would be an error in its log.
    assert_eq!(ask, Some(Ask::Socket { host: "203.0.113.5".into(), port: 443, how: How::Connect }));
    assert_eq!((path.copy.as_str(), path.exposure.as_str()), ("https://203.0.113.5/", "from 2 address ranges only"));
    assert!(path.gives.contains("Local"), "{}", path.gives);
}

#[test]
fn external_addresses_are_ways_too() {
    let facts = facts(&PLAIN.replace("{clusterIP", "{externalIPs: [192.0.2.7], clusterIP"));
    assert_eq!(
        ways(&facts, PathKind::LoadBalancer),
        ["192.0.2.7:8080: 192.0.2.7:8080 → 10.96.4.7:8080 → web-1:80, web-2:8080"]
    );
    assert!(first(&facts, PathKind::LoadBalancer).path.gives.contains("externalIPs"));
}

const INGRESS: &str = r"
---
kind: Ingress
metadata: {name: front, namespace: shop}
spec:
  ingressClassName: nginx
  defaultBackend: {service: {name: web, port: {number: 8080}}}
  tls: [{hosts: ['*.shop.example']}]
  rules:
  - host: www.shop.example
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {name: http}}}}]}
  - host: plain.example
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 8080}}}}
      - {path: /api, pathType: Prefix, backend: {service: {name: web, port: {number: 8080}}}}
      - {path: /other, pathType: Prefix, backend: {service: {name: other, port: {number: 80}}}}
  - host: '*.plain.example'
    http: {paths: [{pathType: ImplementationSpecific, backend: {service: {name: web, port: {name: nope}}}}]}
status: {loadBalancer: {ingress: [{ip: 203.0.113.9}]}}
";

#[test]
fn ingress_rules_that_lead_to_the_service_are_ways_and_others_are_not() {
    let facts = facts_with(PLAIN, INGRESS);
    let end = "ingress/front (nginx) → svc/web:8080 → web-1:80, web-2:8080";
    let expected = [
        format!("https://www.shop.example/: https://www.shop.example/ → {end}"),
        format!("http://plain.example/: http://plain.example/ → {end}"),
        format!("http://plain.example/api: http://plain.example/api → {end}"),
        "http://*.plain.example/: http://*.plain.example/ → ingress/front (nginx) → svc/web has no such port".into(),
        format!("http://203.0.113.9/: http://203.0.113.9/ → {end}"),
    ];
    assert_eq!(ways(&facts, PathKind::Ingress), expected);
    let all = drawn(&facts);
    let asks: Vec<&Drawn> = all.iter().filter(|drawn| drawn.path.kind == PathKind::Ingress).collect();
    let front = |port, how| Some(Ask::Front { host: "203.0.113.9".into(), port, how });
    assert_eq!(asks[0].ask, front(443, How::Connect));
    assert_eq!(asks[1].ask, front(80, How::Get { host: "plain.example".into() }));
    // What is asked is always /, which says nothing of /api, nor of a host that is a pattern.
    for (at, words) in [(2, "only / is ever asked"), (3, "pattern")] {
        assert_eq!(asks[at].ask, None);
        assert!(matches!(&asks[at].path.verdict, Verdict::NotProbed { why } if why.contains(words)), "{:?}", asks[at]);
    }
    assert_eq!(asks[4].ask, front(80, How::Get { host: "203.0.113.9".into() }));
    assert!(asks[4].path.gives.starts_with("what no rule of ingress/front takes"), "{}", asks[4].path.gives);
}

#[test]
fn an_ingress_without_an_address_and_ingresses_that_may_not_be_read_say_so() {
    let facts = facts_with(PLAIN, &INGRESS.replace("status: {loadBalancer: {ingress: [{ip: 203.0.113.9}]}}", ""));
    let way = first(&facts, PathKind::Ingress);
    assert_eq!(way.ask, None);
    assert!(matches!(way.path.verdict, Verdict::NotProbed { why } if why.contains("no address")));
    let unread = Facts { ingresses: None, ..facts };
    let way = first(&unread, PathKind::Ingress).path;
    assert!(!way.configured && matches!(way.verdict, Verdict::NotProbed { why } if why.contains("could not be read")));
}
