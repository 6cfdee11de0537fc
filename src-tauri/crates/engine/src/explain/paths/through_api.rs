//! The ways through the API server: the tunnels and its proxy.

use portolan_wire::PodPort;

use super::{
    Drawn, Scene,
    address::{command, host_port, of_server},
    behind::Place,
    facts_of::Sort,
};
use crate::{
    explain::{
        api_proxy,
        ask::{Ask, how_to_ask},
        port::{Port, Speaks},
        view::{AccessPath, Verdict},
    },
    local_port::suggestion,
    pod,
};

/// Where Portolan listens.
const LOCAL: &str = "127.0.0.1";

/// A tunnel to the Service, for each port that it can carry.
pub(super) fn service_tunnels(scene: &Scene) -> Vec<Drawn> {
    scene.tcp().map(|port| service_tunnel(scene, port)).collect()
}

fn service_tunnel(scene: &Scene, port: &Port) -> Drawn {
    let local = suggestion(port.number);
    let path = Sort::ServiceTunnel.to(port, host_port(LOCAL, local));
    let kubelet = match scene.behind.only_node() {
        Some(node) => format!("kubelet on {node}"),
        None => "kubelet of the pod's node".into(),
    };
    let path = AccessPath {
        copy: command(&format!("svc/{}", scene.name()), (local, &port.reference()), scene.namespace(), scene.context),
        way: vec![
            path.address.clone(),
            scene.api_server(),
            kubelet,
            scene.behind.end_by(port, |place| scene.tunnelled(place, port)),
        ],
        ..scene.behind.promised(path)
    };
    let path = match scene.affinity {
        // All that come through one Portolan are one client.
        Some(_) => AccessPath { balances: "no: one client, so it sticks to a pod".into(), ..path },
        None => path,
    };
    let Some(to) = scene.behind.places().iter().find_map(|place| in_pod(scene, place, port)) else {
        let why = if scene.behind.is_none() { "there is no ready pod" } else { "no pod is known to dial" };
        return Drawn::unasked(AccessPath { verdict: Verdict::NotProbed { why: why.into() }, ..path });
    };
    let how = how_to_ask(port, &host_port("localhost", to.port));
    Drawn { path, ask: Some(Ask::Tunnel { to, how }) }
}

/// A tunnel to one of the pods, for each port: the one that Portolan would choose first, else one that runs.
pub(super) fn pod_tunnels(scene: &Scene) -> Vec<Drawn> {
    let running = || {
        let running = scene.facts.pods.iter().flatten().filter(|pod| pod::is_running(pod));
        let best = running.min_by_key(|pod| pod::preference(pod));
        best.map(|pod| Place::of(pod, scene.service, &scene.ports))
    };
    let ready = scene.behind.places().iter().find(|place| place.pod.is_some());
    let Some(place) = ready.cloned().or_else(running) else { return Vec::new() };
    scene.tcp().filter_map(|port| pod_tunnel(scene, &place, port)).collect()
}

fn pod_tunnel(scene: &Scene, place: &Place, port: &Port) -> Option<Drawn> {
    let to = in_pod(scene, place, port)?;
    let local = suggestion(to.port);
    let path = Sort::PodTunnel.to(port, host_port(LOCAL, local));
    let remote = to.port.to_string();
    let path = AccessPath {
        copy: command(&format!("pod/{}", to.pod), (local, &remote), scene.namespace(), scene.context),
        way: vec![path.address.clone(), scene.api_server(), format!("kubelet on {}", place.node), to.to_string()],
        ..path
    };
    let how = how_to_ask(port, &host_port("localhost", to.port));
    Some(Drawn { path, ask: Some(Ask::Tunnel { to, how }) })
}

/// How the wire addresses the port there; none where there is no pod, or where it has no such port.
fn in_pod(scene: &Scene, place: &Place, port: &Port) -> Option<PodPort> {
    let (pod, uid) = place.pod.clone()?;
    Some(PodPort { namespace: scene.namespace().to_owned(), pod, uid, port: scene.tunnelled(place, port)? })
}

/// The API server's proxy, for each port.
pub(super) fn proxies(scene: &Scene) -> Vec<Drawn> {
    scene.tcp().map(|port| proxy(scene, port)).collect()
}

fn proxy(scene: &Scene, port: &Port) -> Drawn {
    let scheme = if port.speaks == Speaks::Https { "https" } else { "http" };
    let below = api_proxy::path(scene.namespace(), scene.name(), scheme, &port.reference());
    let url = format!("{}{below}", scene.facts.server.trim_end_matches('/'));
    let path = Sort::ApiProxy.to(port, url);
    let path = scene.behind.promised(AccessPath { way: vec![scene.api_server(), scene.behind.end(port)], ..path });
    match port.speaks {
        Speaks::Http => Drawn { path, ask: Some(Ask::Proxy { path: below }) },
        // The API server speaks TLS with the pod itself: what is sent here is a plain GET either way.
        Speaks::Https => Drawn { path, ask: Some(Ask::Proxy { path: below }) },
        Speaks::Something => {
            let why = format!("port {} does not look like HTTP", port.number);
            Drawn::unasked(AccessPath { verdict: Verdict::NotProbed { why }, ..path })
        }
    }
}

/// What these ways cannot carry: one row for each of them.
pub(super) fn not_carried(scene: &Scene) -> Vec<Drawn> {
    let others: Vec<&Port> = scene.ports.iter().filter(|port| !port.is_tcp()).collect();
    let Some(first) = others.first() else { return Vec::new() };
    let names = others.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let row = |sort: Sort, carries: &str| {
        let path = sort.absent(&names, Verdict::NotProbed { why: format!("{carries}, not {}", first.protocol) });
        Drawn::unasked(AccessPath { port: (others.len() == 1).then_some(first.number), ..path })
    };
    vec![
        row(Sort::ServiceTunnel, "port-forward carries TCP only"),
        row(Sort::PodTunnel, "port-forward carries TCP only"),
        row(Sort::ApiProxy, "the proxy carries HTTP only"),
    ]
}

impl Scene<'_> {
    /// The number that a tunnel dials. A headless Service is only a name: clients connect to the pod's port of the same
    /// number, and so do tunnels. (The API server's proxy heeds targetPort.)
    fn tunnelled(&self, place: &Place, port: &Port) -> Option<u16> {
        if self.is_headless() { Some(port.number) } else { place.number(port) }
    }

    fn api_server(&self) -> String {
        format!("API server {}", of_server(&self.facts.server))
    }
}
