//! The ways from outside that the Service itself opens: node ports, load balancers, external addresses.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Node, Service};
use kube::ResourceExt;

use super::{
    Drawn, Scene,
    address::{host_port, url},
    behind::Place,
    facts_of::Sort,
};
use crate::{
    explain::{
        ask::{Ask, how_to_ask},
        port::Port,
        view::{AccessPath, Verdict},
    },
    node,
};

/// So many nodes are drawn and asked: enough to see how a cluster's nodes answer. Some have thousands, and each has
/// the same ports.
const NODES: usize = 20;

/// A node's address.
#[derive(Clone, Debug, PartialEq, Eq)]
struct NodeAddress {
    node: String,
    /// `InternalIP`, `ExternalIP`, `Hostname` …
    kind: String,
    address: String,
}

/// The node ports, of each node and address.
pub(super) fn node_ports(scene: &Scene) -> Vec<Drawn> {
    let (addresses, left_out) = addresses(scene);
    let mut drawn = Vec::new();
    for (port, number) in scene.ports.iter().filter_map(|port| Some((port, port.node_port?))) {
        drawn.extend(addresses.iter().map(|at| node_port(scene, port, number, at)));
        if addresses.is_empty() {
            let why = "no address of a node is known: nodes could not be read";
            drawn.push(some_node(scene, port, format!("NODE:{number}"), why));
        } else if left_out > 0 {
            let why = format!("only the first {NODES} nodes are asked");
            drawn.push(some_node(scene, port, format!("{left_out} more nodes:{number}"), &why));
        }
    }
    drawn
}

fn node_port(scene: &Scene, port: &Port, number: u16, at: &NodeAddress) -> Drawn {
    let here = if scene.is_local { scene.behind.on(&at.node) } else { scene.behind.clone() };
    let (sort, end) = match (scene.is_local, here.is_none()) {
        (false, _) => (Sort::NodePort, here.end(port)),
        (true, false) => (Sort::NodePortLocal, here.end(port)),
        (true, true) => (Sort::NodePortDry, format!("dropped: no ready pod on {}", at.node)),
    };
    let path = sort.to(port, host_port(&at.address, number));
    let path = AccessPath {
        copy: url(port.speaks, &at.address, number),
        way: scene.through_cluster(format!("{} ({}, {})", path.address, at.node, at.kind), None, port, end),
        ..path
    };
    let path = match sort {
        Sort::NodePortDry => path,
        _ => scene.sticking(here.promised(path)),
    };
    asked(path, port, &at.address, number)
}

/// A node of which no address is known, or nothing asked.
fn some_node(scene: &Scene, port: &Port, address: String, why: &str) -> Drawn {
    let sort = if scene.is_local { Sort::NodePortLocal } else { Sort::NodePort };
    let path = sort.to(port, address);
    let way = scene.through_cluster(path.address.clone(), None, port, scene.behind.end(port));
    let verdict = Verdict::NotProbed { why: why.into() };
    Drawn::unasked(AccessPath { verdict, copy: String::new(), way, ..scene.sticking(path) })
}

/// What is asked of an address outside, where it carries TCP.
fn asked(path: AccessPath, port: &Port, host: &str, number: u16) -> Drawn {
    if !port.is_tcp() {
        let why = format!("{} does not say whether it arrives", port.protocol);
        return Drawn::unasked(AccessPath { verdict: Verdict::NotProbed { why }, ..path });
    }
    let how = how_to_ask(port, &host_port(host, number));
    Drawn { path, ask: Some(Ask::Socket { host: host.to_owned(), port: number, how }) }
}

/// The addresses of the nodes, those that run a ready pod first, and how many nodes were left out. Where nodes may not be
/// read, the pods know the addresses of theirs.
fn addresses(scene: &Scene) -> (Vec<NodeAddress>, usize) {
    let Some(nodes) = &scene.facts.nodes else {
        let mut seen = BTreeSet::new();
        let of_pods = scene.behind.places().iter().filter_map(by_pod);
        return (of_pods.filter(|at| seen.insert(at.address.clone())).take(NODES).collect(), 0);
    };
    let busy: BTreeSet<&str> = scene.behind.places().iter().map(|place| place.node.as_str()).collect();
    let mut nodes: Vec<&Node> = nodes.iter().collect();
    nodes.sort_by_key(|node| (!busy.contains(node.name_any().as_str()), node.name_any()));
    let left_out = nodes.len().saturating_sub(NODES);
    let addresses = nodes.into_iter().take(NODES).flat_map(of_node);
    (addresses.collect(), left_out)
}

/// Each address once: some nodes are called by their IP.
fn of_node(node: &Node) -> Vec<NodeAddress> {
    let mut seen = BTreeSet::new();
    let new = node::addresses(node).filter(|(_, address)| seen.insert(*address));
    let of_it = |(kind, address): (&str, &str)| NodeAddress {
        node: node.name_any(),
        kind: kind.to_owned(),
        address: address.to_owned(),
    };
    new.map(of_it).collect()
}

fn by_pod(place: &Place) -> Option<NodeAddress> {
    Some(NodeAddress { node: place.node.clone(), kind: "hostIP".into(), address: place.node_address.clone()? })
}

/// The addresses that a load balancer was given, and those that somebody routes to the nodes.
pub(super) fn load_balancers(scene: &Scene) -> Vec<Drawn> {
    let spec = scene.service.spec.as_ref();
    let mut drawn = Vec::new();
    if spec.and_then(|s| s.type_.as_deref()) == Some("LoadBalancer") {
        let given = given(scene.service);
        for port in &scene.ports {
            drawn.extend(given.iter().map(|host| load_balancer(scene, port, host)));
            if given.is_empty() {
                let why = "no load balancer has given it an address yet".into();
                let path = load_balancer(scene, port, "pending").path;
                drawn.push(Drawn::unasked(AccessPath {
                    verdict: Verdict::NotProbed { why },
                    copy: String::new(),
                    ..path
                }));
            }
        }
    }
    for ip in spec.into_iter().flat_map(|s| s.external_ips.iter().flatten()) {
        drawn.extend(scene.ports.iter().map(|port| {
            let path = Sort::ExternalIp.to(port, host_port(ip, port.number));
            at_own_port(scene, path, port, ip, None)
        }));
    }
    drawn
}

/// The addresses in its status.
fn given(service: &Service) -> Vec<String> {
    let status = service.status.as_ref().and_then(|s| s.load_balancer.as_ref());
    let given = status.into_iter().flat_map(|s| s.ingress.iter().flatten());
    given.filter_map(|one| one.ip.clone().or_else(|| one.hostname.clone())).collect()
}

fn load_balancer(scene: &Scene, port: &Port, host: &str) -> Drawn {
    let sort = if scene.is_local { Sort::LoadBalancerLocal } else { Sort::LoadBalancer };
    let path = sort.to(port, host_port(host, port.number));
    let ranges = scene.service.spec.as_ref().and_then(|s| s.load_balancer_source_ranges.as_deref()).unwrap_or_default();
    let path = match ranges {
        [] => path,
        [one] => AccessPath { exposure: format!("from {one} only"), ..path },
        many => AccessPath { exposure: format!("from {} address ranges only", many.len()), ..path },
    };
    at_own_port(scene, path, port, host, port.node_port)
}

fn at_own_port(scene: &Scene, path: AccessPath, port: &Port, host: &str, node_port: Option<u16>) -> Drawn {
    let way = scene.through_cluster(path.address.clone(), node_port, port, scene.behind.end(port));
    let path = AccessPath { way, copy: url(port.speaks, host, port.number), ..path };
    asked(scene.sticking(scene.behind.promised(path)), port, host, port.number)
}
