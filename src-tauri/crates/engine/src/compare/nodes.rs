//! The nodes' addresses, for the NodePort.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use k8s_openapi::api::core::v1::Node;
use kube::{Api, ResourceExt, api::ListParams};

use super::pods::Pods;
use crate::{cluster::Cluster, node, probe::Connected};

/// So many nodes are looked at.
const LOOKED_AT: u32 = 50;

/// A node that does not accept a connection within this does not answer.
const ANSWERS: Duration = Duration::from_secs(1);

/// So many addresses are tried.
const TRIED: usize = 5;

/// A node's own addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Addresses {
    name: String,
    ready: bool,
    internal: Vec<IpAddr>,
}

impl Addresses {
    fn of(node: &Node) -> Addresses {
        let status = node.status.as_ref();
        let conditions = status.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
        let internal = node::addresses(node).filter(|(kind, _)| *kind == "InternalIP");
        Addresses {
            name: node.name_any(),
            ready: conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True"),
            internal: internal.filter_map(|(_, address)| address.parse().ok()).collect(),
        }
    }
}

/// The nodes; `None` where they may not be read, or cannot be now.
pub(super) async fn read(cluster: &Cluster) -> Option<Vec<Addresses>> {
    let nodes: Api<Node> = Api::all(cluster.client.clone());
    let found = nodes.list(&ListParams::default().limit(LOOKED_AT)).await;
    match found {
        Ok(found) => Some(found.items.iter().map(Addresses::of).collect()),
        Err(error) => {
            tracing::debug!(%error, "nodes cannot be read: their addresses are taken from pods");
            None
        }
    }
}

/// Where the NodePort may answer, best first: at nodes that run one of the pods, then at others that are ready; where nodes
/// may not be read, where pods say that they run. `local`: other nodes drop what comes.
pub(super) fn addresses(nodes: Option<&[Addresses]>, pods: &Pods, local: bool) -> Vec<IpAddr> {
    let has_pod = |node: &Addresses| pods.serving().any(|facts| facts.node == node.name);
    let mut found: Vec<IpAddr> = match nodes {
        None => pods.serving().filter_map(|facts| facts.host.parse().ok()).collect(),
        Some(nodes) => {
            let mut nodes: Vec<&Addresses> = nodes.iter().filter(|node| node.ready).collect();
            if local {
                nodes.sort_by_key(|node| !has_pod(node));
            }
            nodes.iter().flat_map(|node| &node.internal).copied().collect()
        }
    };
    found.sort_by_key(IpAddr::is_ipv6);
    let mut seen = std::collections::HashSet::new();
    found.retain(|address| seen.insert(*address));
    found
}

/// The first of these that accepts a connection, over which nothing is said; the first where none does.
pub(super) async fn choose(addresses: Vec<IpAddr>, port: u16) -> Option<SocketAddr> {
    for address in addresses.iter().take(TRIED) {
        let to = SocketAddr::new(*address, port);
        if Connected::to(to, ANSWERS).await.is_ok() {
            return Some(to);
        }
    }
    addresses.first().map(|address| SocketAddr::new(*address, port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::pods::Facts;

    fn node(name: &str, ready: bool, addresses: &[&str]) -> Addresses {
        let internal = addresses.iter().map(|address| address.parse().unwrap()).collect();
        Addresses { name: name.into(), ready, internal }
    }

    fn pods() -> Pods {
        let mut pods = Pods::default();
        let facts = |name: &str, host: &str, node: &str| Facts {
            uid: name.into(),
            name: name.into(),
            ready: true,
            leaving: false,
            host: host.into(),
            node: node.into(),
        };
        pods.take_in(vec![facts("a", "10.0.0.3", "n3"), facts("b", "10.0.0.3", "n3")]);
        pods
    }

    #[test]
    fn a_node_port_is_asked_where_it_may_answer() {
        let nodes = [
            node("n1", true, &["fd00::1", "10.0.0.1"]),
            node("n2", false, &["10.0.0.2"]),
            node("n3", true, &["10.0.0.3"]),
        ];
        let found = |nodes: Option<&[Addresses]>, local| {
            addresses(nodes, &pods(), local).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(found(Some(&nodes), false), ["10.0.0.1", "10.0.0.3", "fd00::1"]);
        assert_eq!(found(Some(&nodes), true), ["10.0.0.3", "10.0.0.1", "fd00::1"]);
        assert_eq!(found(None, false), ["10.0.0.3"], "as the pods say");
        assert!(addresses(None, &Pods::default(), false).is_empty());
    }

    // Elsewhere loopback has one address.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_first_that_accepts_is_taken() {
        let listener = tokio::net::TcpListener::bind("127.0.0.2:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let both: Vec<IpAddr> = vec!["127.0.0.1".parse().unwrap(), "127.0.0.2".parse().unwrap()];
        assert_eq!(choose(both.clone(), port).await.map(|to| to.ip()), Some(both[1]));
        drop(listener);
        assert_eq!(choose(both.clone(), port).await.map(|to| to.ip()), Some(both[0]));
        assert_eq!(choose(Vec::new(), port).await, None);
    }
}
