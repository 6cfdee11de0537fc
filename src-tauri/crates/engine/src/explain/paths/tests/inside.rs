//! Tunnels, the proxy, the cluster's own addresses and names.

use super::*;

#[test]
fn the_ways_through_the_api_server_are_drawn_and_can_be_copied() {
    let facts = facts(PLAIN);
    let expected =
        "127.0.0.1:8080: 127.0.0.1:8080 → API server api.example:6443 → kubelet on n1 → web-1:80, web-2:8080";
    assert_eq!(ways(&facts, PathKind::ServiceTunnel), [expected]);
    let expected = "127.0.0.1:8080: 127.0.0.1:8080 → API server api.example:6443 → kubelet on n1 → web-1:80";
    assert_eq!(ways(&facts, PathKind::PodTunnel), [expected]);
    let url = "https://api.example:6443/api/v1/namespaces/shop/services/http:web:http/proxy/";
    let expected = format!("{url}: API server api.example:6443 → web-1:80, web-2:8080");
    assert_eq!(ways(&facts, PathKind::ApiProxy), [expected]);
    let copies = [
        (PathKind::ServiceTunnel, "portolan forward svc/web 8080:http -n shop --context staging"),
        (PathKind::PodTunnel, "portolan forward pod/web-1 8080:80 -n shop --context staging"),
        (PathKind::ApiProxy, url),
        (PathKind::ClusterIp, "http://web.shop.svc.cluster.local:8080/"),
    ];
    for (kind, expected) in copies {
        assert_eq!(first(&facts, kind).path.copy, expected);
    }
}

#[test]
fn the_copied_commands_are_what_the_command_takes() {
    for spec in [PLAIN, NODE_PORT, HEADLESS, BALANCED] {
        let tunnels = |kind| matches!(kind, PathKind::ServiceTunnel | PathKind::PodTunnel);
        for drawn in drawn(&facts(spec)).iter().filter(|drawn| tunnels(drawn.path.kind)) {
            let words: Vec<&str> = drawn.path.copy.split(' ').collect();
            assert_eq!(&words[..2], ["portolan", "forward"]);
            crate::parse::target(words[2]).unwrap();
            let port = crate::parse::port(words[3]).unwrap();
            let crate::forward::LocalPort::Fixed { port } = port.local else { panic!("{port:?}") };
            assert_eq!(drawn.path.address, format!("127.0.0.1:{port}"));
        }
    }
}

#[test]
fn the_proxys_scheme_is_the_ports_own() {
    let table = [
        ("{name: https, port: 8443}", "https:web:https"),
        ("{port: 443}", "https:web:443"),
        ("{name: x, port: 1, appProtocol: https}", "https:web:x"),
        ("{port: 80}", "http:web:80"),
        ("{name: db, port: 5432}", "http:web:db"),
    ];
    for (port, expected) in table {
        let facts = facts(&format!("{{clusterIP: 10.96.4.7, selector: {{app: web}}, ports: [{port}]}}"));
        let address = first(&facts, PathKind::ApiProxy).path.address;
        assert!(address.ends_with(&format!("/services/{expected}/proxy/")), "{address}");
    }
}

#[test]
fn what_one_pod_or_one_node_makes_of_the_promises_is_said() {
    let two = first(&facts(PLAIN), PathKind::ServiceTunnel).path;
    assert_eq!(two.survives_pod, "yes; open connections are cut");
    assert_eq!(two.survives_node, "only once a pod is ready elsewhere", "both are on n1");
    let ready = PODS.replace("status: 'False'", "status: 'True'");
    let service = format!("kind: Service\nmetadata: {{name: web, namespace: shop}}\nspec: {PLAIN}\n");
    let three = first(&sample::facts(&format!("{service}{ready}")), PathKind::ServiceTunnel).path;
    assert_eq!(three.survives_node, "yes; open connections are cut");
    assert_eq!(three.way[2], "kubelet of the pod's node");
    let one =
        PODS.replace("name: web-2, namespace: shop, uid: u2, labels: {app: web}", "name: other, labels: {app: other}");
    let one = sample::facts(&format!("{service}{one}"));
    for kind in [PathKind::ServiceTunnel, PathKind::ApiProxy, PathKind::ClusterIp] {
        assert_eq!(first(&one, kind).path.survives_pod, "only once a new pod is ready", "{kind:?}");
    }
}

#[test]
fn ports_that_are_not_tcp_are_carried_by_some_ways_and_not_by_others() {
    let facts = facts(UDP);
    let udp = |address: &str| format!("{address}/UDP: {address}/UDP (n2, InternalIP) → 10.96.4.7:53 → web-1:5353");
    let node_ports = ways(&facts, PathKind::NodePort);
    assert_eq!(node_ports[0], "10.0.3.11:30053/UDP: 10.0.3.11:30053/UDP (n1, InternalIP) → 10.96.4.7:53 → web-1:5353");
    assert_eq!(node_ports[3], "10.0.3.11:30053: 10.0.3.11:30053 (n1, InternalIP) → 10.96.4.7:53 → web-1:80 (of 2)");
    assert_eq!(node_ports.iter().filter(|way| **way == udp("10.0.3.12:30053")).count(), 1);
    let all = drawn(&facts);
    for drawn in all.iter().filter(|drawn| drawn.path.address.ends_with("/UDP") && drawn.path.configured) {
        assert_eq!(drawn.ask, None, "nothing is sent by UDP");
        assert_eq!(drawn.path.protocols, "TCP, UDP, SCTP; this port UDP");
        assert!(!drawn.path.copy.contains("UDP"), "{}", drawn.path.copy);
    }
    // The one of the same number that is TCP is asked.
    assert_eq!(all.iter().filter(|drawn| drawn.path.kind == PathKind::NodePort && drawn.ask.is_some()).count(), 3);
    let not_carried: Vec<&AccessPath> =
        all.iter().map(|drawn| &drawn.path).filter(|path| path.address == "53/UDP").collect();
    let kinds: Vec<PathKind> = not_carried.iter().map(|path| path.kind).collect();
    assert_eq!(kinds, [PathKind::ServiceTunnel, PathKind::PodTunnel, PathKind::ApiProxy]);
    assert!(not_carried.iter().all(|path| !path.configured && path.port == Some(53)));
    let why = "port-forward carries TCP only, not UDP".into();
    assert_eq!(not_carried[0].verdict, Verdict::NotProbed { why });
}

#[test]
fn a_headless_service_has_names_and_no_address() {
    let facts = facts(HEADLESS);
    let name = "web.shop.svc.cluster.local";
    let expected = [
        format!("{name}: {name} → 10.1.0.1 (web-1) (of 2)"),
        // The other ready pod has no name by this Service; the one that has is not ready.
        format!("web-1.{name}: web-1.{name} → 10.1.0.1 (web-1)"),
    ];
    assert_eq!(ways(&facts, PathKind::HeadlessName), expected);
    assert!(ways(&facts, PathKind::ClusterIp).is_empty());
    // Clients connect to the pod's port of the same number, whatever targetPort says.
    assert_eq!(first(&facts, PathKind::PodTunnel).path.way.last().unwrap(), "web-1:5432");
    assert_eq!(first(&facts, PathKind::ServiceTunnel).path.way.last().unwrap(), "web-1:5432 (of 2)");
    // The API server does not.
    assert_eq!(first(&facts, PathKind::ApiProxy).path.way.last().unwrap(), "web-1:80, web-2:8080");
    assert!(
        drawn(&facts)
            .iter()
            .filter(|d| d.path.kind == PathKind::HeadlessName)
            .all(|d| d.path.verdict == Verdict::InClusterOnly)
    );
    let all = sample::facts(&format!(
        "kind: Service\nmetadata: {{name: web}}\nspec: {}\n{PODS}",
        HEADLESS.replace("{clusterIP", "{publishNotReadyAddresses: true, clusterIP")
    ));
    let running = ways(&all, PathKind::HeadlessName).iter().filter(|way| way.contains("web-3")).count();
    assert_eq!(running, 0, "nothing runs in it");
}

#[test]
fn an_alias_is_a_name_and_nothing_else() {
    let facts = facts(ALIAS);
    let there: Vec<AccessPath> =
        drawn(&facts).into_iter().map(|drawn| drawn.path).filter(|path| path.configured).collect();
    assert_eq!(there.len(), 1, "{there:?}");
    assert_eq!(
        (there[0].kind, there[0].way.join(" → ").as_str()),
        (PathKind::HeadlessName, "web.shop.svc.cluster.local → smtp.example.org")
    );
    let tunnel = first(&facts, PathKind::ServiceTunnel).path;
    let why = "it stands for smtp.example.org: no pod is behind it".into();
    assert_eq!(tunnel.verdict, Verdict::NotProbed { why });
}

#[test]
fn a_service_whose_pods_are_not_there_or_not_known_says_so() {
    let none = facts(NO_POD);
    let tunnel = first(&none, PathKind::ServiceTunnel);
    assert_eq!((tunnel.path.way.last().unwrap().as_str(), tunnel.ask), ("no ready pod", None));
    let pod = first(&none, PathKind::PodTunnel).path;
    assert_eq!(pod.verdict, Verdict::NotProbed { why: "no pod of it runs".into() });
    // The API server is asked all the same: it says why not.
    assert!(matches!(first(&none, PathKind::ApiProxy).ask, Some(Ask::Proxy { .. })));
    let unread = Facts { pods: None, addresses: None, ..facts(PLAIN) };
    let tunnel = first(&unread, PathKind::ServiceTunnel).path;
    assert_eq!(tunnel.way.last().unwrap(), "a pod:http");
    assert_eq!(tunnel.verdict, Verdict::NotProbed { why: "no pod is known to dial".into() });
    let nope = first(&facts(&PLAIN.replace("targetPort: http", "targetPort: nope")), PathKind::ServiceTunnel).path;
    assert_eq!(nope.way.last().unwrap(), "no pod with a port “nope”");
}

#[test]
fn a_pod_that_runs_and_is_not_ready_can_be_tunnelled_to() {
    let running = PODS.replace("status: 'True'", "status: 'False'");
    let service = format!("kind: Service\nmetadata: {{name: web}}\nspec: {PLAIN}\n");
    let facts = sample::facts(&format!("{service}{running}"));
    let way = first(&facts, PathKind::PodTunnel);
    assert_eq!(way.path.way.last().unwrap(), "web-1:80", "the others have no container that runs");
    assert!(matches!(way.ask, Some(Ask::Tunnel { .. })));
    assert_eq!(first(&facts, PathKind::ServiceTunnel).ask, None);
}

const SLICE: &str = r"
---
kind: EndpointSlice
metadata: {name: web-1, namespace: shop}
addressType: IPv4
ports: [{name: https, port: 8443, protocol: TCP}, {name: http, port: 80, protocol: TCP}]
endpoints:
- {addresses: [192.0.2.10], conditions: {ready: true}}
- {addresses: [10.1.0.1], nodeName: n1, targetRef: {kind: Pod, name: web-1, uid: u1}}
- {addresses: [10.1.0.3], conditions: {ready: false}, targetRef: {kind: Pod, name: web-3, uid: u3}}
---
kind: EndpointSlice
metadata: {name: web-2, namespace: shop}
addressType: IPv6
ports: [{name: https, port: 8443, protocol: TCP}]
endpoints: [{addresses: ['fd00::1'], nodeName: n1, targetRef: {kind: Pod, name: web-1, uid: u1}}]
";

#[test]
fn without_a_selector_or_the_right_to_read_pods_the_slices_say_what_is_behind() {
    let by_hand = facts_with(BY_HAND, SLICE);
    assert_eq!(ways(&by_hand, PathKind::ClusterIp), ["10.96.4.7:443: 10.96.4.7:443 → 192.0.2.10:8443 (of 2)"]);
    // A tunnel can only go to what is a pod.
    let Some(Ask::Tunnel { to, .. }) = first(&by_hand, PathKind::ServiceTunnel).ask else { panic!("not asked") };
    assert_eq!((to.to_string().as_str(), to.uid.as_str()), ("web-1:8443", "u1"));
    let unread = Facts { pods: None, ..facts_with(PLAIN, SLICE) };
    assert_eq!(ways(&unread, PathKind::ClusterIp), ["10.96.4.7:8080: 10.96.4.7:8080 → 192.0.2.10:80 (of 2)"]);
    let nobody = facts(BY_HAND);
    assert_eq!(ways(&nobody, PathKind::ClusterIp), ["10.96.4.7:443: 10.96.4.7:443 → no ready pod"]);
}

#[test]
fn both_addresses_of_a_dual_stack_service_are_ways() {
    let facts =
        facts(&PLAIN.replace("clusterIP: 10.96.4.7", "clusterIP: 10.96.4.7, clusterIPs: [10.96.4.7, 'fd00:96::7']"));
    let addresses: Vec<String> = drawn(&facts)
        .into_iter()
        .map(|d| d.path)
        .filter(|p| p.kind == PathKind::ClusterIp)
        .map(|p| p.address)
        .collect();
    assert_eq!(addresses, ["10.96.4.7:8080", "[fd00:96::7]:8080"]);
}
