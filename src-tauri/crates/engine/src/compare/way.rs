//! The ways of the lanes, hop by hop, with their real values. Pure.

use super::{
    pods::Pods,
    subject::Subject,
    view::{Hop, HopKind, LaneKind},
};
use crate::phase::{Endpoint, Phase};

/// What a way is drawn from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    pub(super) subject: &'a Subject,
    /// The API server's URL.
    pub(super) server: &'a str,
    /// Where the probes go; empty while it is not open.
    pub(super) address: &'a str,
    /// Of a tunnel.
    pub(super) phase: Option<&'a Phase>,
    /// Where the Service leads, as its tunnel knows it.
    pub(super) endpoints: &'a [Endpoint],
    /// The direct tunnel's pod and port.
    pub(super) direct: Option<&'a Endpoint>,
    /// Which knows their nodes.
    pub(super) pods: &'a Pods,
    /// Whether the last probe was answered.
    pub(super) answers: bool,
}

/// The way of a lane.
pub(super) fn way(kind: LaneKind, known: &Known<'_>) -> Vec<Hop> {
    let hop = |kind, value: String, down| Hop { kind, value, down };
    let local = || {
        let closed = known.address.is_empty();
        hop(HopKind::Local, if closed { "not open".into() } else { known.address.to_owned() }, closed)
    };
    let unreachable = matches!(known.phase, Some(Phase::Waiting { retry_at: Some(_), .. }));
    let api_server = || hop(HopKind::ApiServer, known.server.to_owned(), unreachable);
    let into = |pods: &[Endpoint], down| {
        let mut nodes: Vec<&str> = pods.iter().map(|to| known.pods.node(&to.uid)).collect();
        nodes.sort_unstable();
        nodes.dedup();
        let kubelets = nodes.into_iter().filter(|node| !node.is_empty());
        let kubelets = kubelets.map(move |node| hop(HopKind::Kubelet, node.to_owned(), false)).collect::<Vec<_>>();
        let localhosts = pods.iter().map(move |to| hop(HopKind::PodLocalhost, format!("{}:{}", to.pod, to.port), down));
        kubelets.into_iter().chain(localhosts).collect::<Vec<_>>()
    };
    match kind {
        LaneKind::Service => {
            let mut way = vec![local(), hop(HopKind::Choice, known.subject.in_words(), false), api_server()];
            way.extend(into(known.endpoints, false));
            if known.endpoints.is_empty() {
                way.push(hop(HopKind::PodLocalhost, "no ready pod".into(), true));
            }
            way
        }
        LaneKind::Pod => {
            let broken = matches!(known.phase, Some(Phase::Broken { .. }));
            let mut way = vec![local(), api_server()];
            way.extend(known.direct.map(|to| into(std::slice::from_ref(to), broken)).unwrap_or_default());
            if known.direct.is_none() {
                way.push(hop(HopKind::PodLocalhost, "no pod yet".into(), true));
            }
            way
        }
        LaneKind::NodePort => {
            let own = known.subject.port.port;
            let in_pod = known.endpoints.first().map_or(own, |to| to.port);
            let mut way = vec![hop(HopKind::Node, known.address.to_owned(), !known.answers)];
            if !known.subject.cluster_ip.is_empty() {
                way.push(hop(HopKind::ClusterIp, format!("{}:{own}", known.subject.cluster_ip), false));
            }
            let none = known.endpoints.is_empty();
            way.push(hop(HopKind::PodIp, format!("any ready pod, port {in_pod}"), none));
            way
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        compare::pods::Facts,
        error::{Code, Problem},
        forward::PortRef,
        row::RowPort,
    };

    fn endpoint(name: &str) -> Endpoint {
        Endpoint { slot: 0, pod: name.into(), uid: name.into(), port: 80 }
    }

    /// Each hop as its kind and value; `-` before what is down.
    fn drawn(way: Vec<Hop>) -> Vec<String> {
        way.into_iter().map(|hop| format!("{}{:?} {}", if hop.down { "-" } else { "" }, hop.kind, hop.value)).collect()
    }

    #[test]
    fn each_way_is_drawn_with_what_is_on_it() {
        let subject = Subject {
            service: "web".into(),
            port: RowPort {
                name: "http".into(),
                port: 8080,
                target: Some(PortRef::Name("http".into())),
                node_port: Some(30080),
                protocol: "TCP".into(),
            },
            http_by: None,
            selector: None,
            cluster_ip: "10.96.0.7".into(),
            local: false,
        };
        let mut pods = Pods::default();
        let facts = |name: &str, node: &str| Facts {
            uid: name.into(),
            name: name.into(),
            ready: true,
            leaving: false,
            host: String::new(),
            node: node.into(),
        };
        pods.take_in(vec![facts("a", "node1"), facts("b", "node1"), facts("c", "node2")]);
        let endpoints = ["a", "b", "c"].map(endpoint);
        let active = Phase::Active { endpoints: endpoints.to_vec() };
        let base = Known {
            subject: &subject,
            server: "https://k",
            address: "127.0.0.1:41780",
            phase: Some(&active),
            endpoints: &endpoints,
            direct: Some(&endpoints[1]),
            pods: &pods,
            answers: true,
        };
        let choice = "Choice svc/web:http 8080 → targetPort http";
        let service = [
            "Local 127.0.0.1:41780",
            choice,
            "ApiServer https://k",
            "Kubelet node1",
            "Kubelet node2",
            "PodLocalhost a:80",
            "PodLocalhost b:80",
            "PodLocalhost c:80",
        ];
        assert_eq!(drawn(way(LaneKind::Service, &base)), service);
        let pod = ["Local 127.0.0.1:41780", "ApiServer https://k", "Kubelet node1", "PodLocalhost b:80"];
        assert_eq!(drawn(way(LaneKind::Pod, &base)), pod);
        let node = Known { address: "10.0.3.11:30080", phase: None, ..base };
        let hops = ["Node 10.0.3.11:30080", "ClusterIp 10.96.0.7:8080", "PodIp any ready pod, port 80"];
        assert_eq!(drawn(way(LaneKind::NodePort, &node)), hops);

        let gone =
            Phase::Broken { reason: Problem { code: Code::PodGone, message: String::new(), next: String::new() } };
        let broken = Known { address: "", phase: Some(&gone), endpoints: &[], ..node };
        let pod = ["-Local not open", "ApiServer https://k", "Kubelet node1", "-PodLocalhost b:80"];
        assert_eq!(drawn(way(LaneKind::Pod, &broken)), pod);
        let away = Problem { code: Code::Unreachable, message: String::new(), next: String::new() };
        let waiting = Phase::Waiting { reason: away, needs_you: false, attempt: 1, retry_at: Some(1) };
        let waiting = Known { phase: Some(&waiting), direct: None, answers: false, ..broken };
        let service = ["-Local not open", choice, "-ApiServer https://k", "-PodLocalhost no ready pod"];
        assert_eq!(drawn(way(LaneKind::Service, &waiting)), service);
        assert_eq!(drawn(way(LaneKind::Pod, &waiting))[2], "-PodLocalhost no pod yet");
        let hops = drawn(way(LaneKind::NodePort, &waiting));
        assert!(hops[0].starts_with('-') && hops[2].starts_with('-'), "{hops:?}");
    }
}
