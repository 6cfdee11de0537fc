//! Asks the ways to a Service's ports whether they are answered: what the doctor sets against each other.
//!
//! What was asked before ([`Answered`]) is not asked again. A port that speaks HTTP gets a plain `GET /`, any other a
//! connection and not a byte. Only pods to which the Service leads are asked; where there is none, what is wrong is said
//! already.

mod heard;
#[cfg(test)]
mod tests;

use futures::future::{join_all, join3};
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::ResourceExt;
use portolan_wire::PodPort;

use super::{
    api_proxy,
    ask::{Answered, Ask, how_to_ask},
    doctor::probed::{Heard, Probed},
    facts::Facts,
    mark::serves,
    paths::address::host_port,
    port::{Port, Speaks},
    view::ProbePorts,
};
use crate::{cluster::Cluster, node, pod, service};

/// Pods that are dialled: what differs between them is told by three.
const PODS: usize = 3;

/// Nodes that are asked: each has the same port.
const NODES: usize = 3;

/// Asks every TCP port that may be asked, in all ways that there are, and were not `answered` before.
pub(crate) async fn probe(cluster: &Cluster, facts: &Facts, ports: ProbePorts, answered: &Answered) -> Vec<Probed> {
    let (Some(of), Some(pods)) = (facts.service(), facts.serving()) else { return Vec::new() };
    let mut pods: Vec<&Pod> = pods.into_iter().filter(|pod| serves(of, pod)).collect();
    if pods.is_empty() {
        return Vec::new();
    }
    // As tunnels choose: the first of them was asked.
    pods.sort_by_cached_key(|pod| pod::preference(pod));
    let probing = Probing { cluster, facts, pods, headless: service::is_headless(of), answered };
    let tcp: Vec<Port> = service::ports(of).iter().filter_map(Port::of).filter(Port::is_tcp).collect();
    let tcp: Vec<Port> =
        tcp.into_iter().filter(|port| ports == ProbePorts::All || port.speaks == Speaks::Http).collect();
    join_all(tcp.iter().map(|port| probing.port(port))).await
}

/// What all of a Service's ports share.
struct Probing<'a> {
    cluster: &'a Cluster,
    facts: &'a Facts,
    /// Those to which the Service leads; one at least.
    pods: Vec<&'a Pod>,
    headless: bool,
    answered: &'a Answered,
}

impl Probing<'_> {
    async fn port(&self, port: &Port) -> Probed {
        let (tunnel, node_port, api_proxy) = join3(self.tunnels(port), self.nodes(port), self.api_proxy(port)).await;
        Probed { port: port.number, tunnel, node_port, api_proxy }
    }

    /// What was heard, else what is heard now.
    async fn hear(&self, ask: &Ask) -> Heard {
        match self.answered.get(ask) {
            Some(answer) => heard::of(ask, answer),
            None => self.ask(ask).await,
        }
    }

    async fn ask(&self, ask: &Ask) -> Heard {
        heard::of(ask, &ask.answer(self.cluster).await)
    }

    async fn tunnels(&self, port: &Port) -> Vec<(String, u16, Heard)> {
        let in_pod = |pod: &Pod| if self.headless { Some(port.number) } else { port.in_pod(pod) };
        let dialled = self.pods.iter().take(PODS).filter_map(|pod| {
            let (name, number) = (pod.name_any(), in_pod(pod)?);
            let to = PodPort {
                namespace: self.facts.namespace.clone(),
                pod: name.clone(),
                uid: pod.metadata.uid.clone().unwrap_or_default(),
                port: number,
            };
            let ask = Ask::Tunnel { to, how: how_to_ask(port, &host_port("localhost", number)) };
            Some(async move { (name, number, self.hear(&ask).await) })
        });
        join_all(dialled).await
    }

    /// The node port on nodes that have to answer: with `externalTrafficPolicy: Local` those that have a pod.
    async fn nodes(&self, port: &Port) -> Vec<(String, Heard)> {
        let (Some(number), Some(nodes)) = (port.node_port, self.facts.nodes.as_ref()) else { return Vec::new() };
        let local = self.facts.service().is_some_and(service::is_local);
        let has_pod = |node: &Node| {
            let name = node.name_any();
            self.pods.iter().any(|pod| pod.spec.as_ref().and_then(|spec| spec.node_name.as_ref()) == Some(&name))
        };
        let fitting = nodes.iter().filter(|node| !local || has_pod(node)).take(NODES);
        let asked = fitting.filter_map(address).map(async |host| {
            let address = host_port(host, number);
            let ask = Ask::Socket { host: host.to_owned(), port: number, how: how_to_ask(port, &address) };
            (address, self.hear(&ask).await)
        });
        join_all(asked).await
    }

    /// The API server's proxy, for what it can carry: HTTP.
    async fn api_proxy(&self, port: &Port) -> Option<Heard> {
        if port.speaks != Speaks::Http || self.headless || self.facts.may("get", "services/proxy") == Some(false) {
            return None;
        }
        let Facts { namespace, name, .. } = self.facts;
        let ask = Ask::Proxy { path: api_proxy::path(namespace, name, "http", &port.reference()) };
        match self.hear(&ask).await {
            // It may have chosen a pod that has just gone: the second time it is believed.
            Heard::Refused(_) => Some(self.ask(&ask).await),
            heard => Some(heard),
        }
    }
}

/// The address by which a node is reached from outside, as far as it has one.
fn address(node: &Node) -> Option<&str> {
    let of = |wanted: &str| node::addresses(node).find(|(kind, _)| *kind == wanted).map(|(_, address)| address);
    of("ExternalIP").or_else(|| of("InternalIP"))
}
