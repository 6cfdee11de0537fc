//! Asks the ways to a Service's ports whether they are answered, once each: what the doctor sets against each other.
//!
//! A port that speaks HTTP gets a plain `GET /` with Portolan's name, any other a connection and not a byte. Only pods to
//! which the Service leads are asked; where there is none, what is wrong is said already.

mod heard;

use futures::future::{join_all, join3};
use http::Request;
use k8s_openapi::api::core::v1::{Node, Pod, ServicePort};
use kube::{ResourceExt, client::Body};
use portolan_wire::PodPort;
use tokio::{
    net::TcpStream,
    time::{Duration, timeout},
};

use super::{
    doctor::probed::{Heard, Probed},
    facts::Facts,
    http_port,
    mark::PodBrief,
};
use crate::{cluster::Cluster, pod, service};

/// Pods that are dialled: what differs between them is told by three.
const PODS: usize = 3;

/// Nodes that are asked: each has the same port.
const NODES: usize = 3;

/// A dial and the answer to it have this long.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is refused behind a connection that stands is told within this, and a round trip to a far cluster.
const ACCEPTED: Duration = Duration::from_secs(1);

/// A node answers a connection sooner than this, or not at all.
const NODE: Duration = Duration::from_secs(2);

/// Who asks.
const USER_AGENT: &str = concat!("portolan/", env!("CARGO_PKG_VERSION"));

/// Asks every TCP port in all ways that there are.
pub(crate) async fn probe(cluster: &Cluster, facts: &Facts) -> Vec<Probed> {
    let (Some(of), Some(pods)) = (facts.service(), facts.serving()) else { return Vec::new() };
    let serves = |pod: &Pod| PodBrief::of(pod).is_some_and(|brief| brief.serves(of));
    let pods: Vec<&Pod> = pods.into_iter().filter(|pod| serves(pod)).collect();
    if pods.is_empty() {
        return Vec::new();
    }
    let probing = Probing { cluster, facts, pods };
    let tcp = service::ports(of).iter().filter(|port| service::protocol(port) == "TCP");
    join_all(tcp.filter_map(|port| Some(probing.port(u16::try_from(port.port).ok()?, port)))).await
}

/// What all of a Service's ports share.
struct Probing<'a> {
    cluster: &'a Cluster,
    facts: &'a Facts,
    /// Those to which the Service leads; one at least.
    pods: Vec<&'a Pod>,
}

impl Probing<'_> {
    async fn port(&self, number: u16, port: &ServicePort) -> Probed {
        let http = http_port::by(port).is_some();
        let (tunnel, node_port, api_proxy) =
            join3(self.tunnels(number, port, http), self.nodes(port), self.api_proxy(number, http)).await;
        Probed { port: number, tunnel, node_port, api_proxy }
    }

    async fn tunnels(&self, number: u16, port: &ServicePort, http: bool) -> Vec<(String, u16, Heard)> {
        let headless = self.facts.service().is_some_and(service::is_headless);
        let in_pod = |of: &Pod| match &port.target_port {
            Some(target) if !headless => pod::target_port(of, target),
            _ => Some(number),
        };
        let dialled = self.pods.iter().take(PODS).filter_map(|pod| {
            let to = PodPort {
                namespace: self.facts.namespace.clone(),
                pod: pod.name_any(),
                uid: pod.metadata.uid.clone().unwrap_or_default(),
                port: in_pod(pod)?,
            };
            Some(async move {
                let heard = self.dial(&to, http).await;
                (to.pod, to.port, heard)
            })
        });
        join_all(dialled).await
    }

    async fn dial(&self, to: &PodPort, http: bool) -> Heard {
        let request =
            format!("GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {USER_AGENT}\r\nConnection: close\r\n\r\n");
        let first = if http { request.as_bytes() } else { &[] };
        match timeout(PATIENCE, self.cluster.connector.connect(to, first)).await {
            Err(_) => Heard::Silent(format!("no connection within {} s", PATIENCE.as_secs())),
            Ok(Err(failure)) => heard::failure(&failure),
            Ok(Ok(connection)) => heard::connection(connection, if http { PATIENCE } else { ACCEPTED }).await,
        }
    }

    /// The node port on nodes that have to answer: with `externalTrafficPolicy: Local` those that have a pod.
    async fn nodes(&self, port: &ServicePort) -> Vec<(String, Heard)> {
        let (Some(number), Some(nodes)) = (port.node_port, self.facts.nodes.as_ref()) else { return Vec::new() };
        let spec = self.facts.service().and_then(|service| service.spec.as_ref());
        let local = spec.and_then(|spec| spec.external_traffic_policy.as_deref()) == Some("Local");
        let has_pod = |node: &Node| {
            let name = node.name_any();
            self.pods.iter().any(|pod| pod.spec.as_ref().and_then(|spec| spec.node_name.as_ref()) == Some(&name))
        };
        let fitting = nodes.iter().filter(|node| !local || has_pod(node)).take(NODES);
        let asked = fitting.filter_map(address).map(async |host| {
            let address = if host.contains(':') { format!("[{host}]:{number}") } else { format!("{host}:{number}") };
            let heard = match timeout(NODE, TcpStream::connect(&address)).await {
                Err(_) => Heard::Silent(format!("no connection within {} s", NODE.as_secs())),
                Ok(Err(error)) => heard::refusal(&error),
                Ok(Ok(stream)) => heard::stream(stream, ACCEPTED).await,
            };
            (address, heard)
        });
        join_all(asked).await
    }

    /// The API server's proxy, for what it can carry: HTTP.
    async fn api_proxy(&self, number: u16, http: bool) -> Option<Heard> {
        let headless = self.facts.service().is_some_and(service::is_headless);
        if !http || headless || self.facts.may("get", "services/proxy") == Some(false) {
            return None;
        }
        match self.ask_proxy(number).await {
            // It may have chosen a pod that has just gone: the second time it is believed.
            Heard::Refused(_) => Some(self.ask_proxy(number).await),
            heard => Some(heard),
        }
    }

    async fn ask_proxy(&self, number: u16) -> Heard {
        let Facts { namespace, name, .. } = self.facts;
        let path = format!("/api/v1/namespaces/{namespace}/services/http:{name}:{number}/proxy/");
        let request = Request::get(path).header(http::header::USER_AGENT, USER_AGENT).body(Body::empty());
        let request = match request {
            Ok(request) => request,
            Err(error) => return Heard::Unasked(error.to_string()),
        };
        match timeout(PATIENCE, self.cluster.client.send(request)).await {
            Err(_) => Heard::Silent(format!("no answer within {} s", PATIENCE.as_secs())),
            Ok(Err(error)) => Heard::Unasked(error.to_string()),
            Ok(Ok(response)) => heard::proxied(response, PATIENCE).await,
        }
    }
}

/// The address by which a node is reached from outside, as far as it has one.
fn address(node: &Node) -> Option<String> {
    let addresses = node.status.as_ref()?.addresses.as_ref()?;
    let of = |kind: &str| addresses.iter().find(|address| address.type_ == kind).map(|address| address.address.clone());
    of("ExternalIP").or_else(|| of("InternalIP"))
}
