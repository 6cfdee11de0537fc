//! The ways that only the cluster itself knows: the Service's address, and names.

use super::{
    Drawn, Scene,
    address::{host_port, url},
    behind::of_many,
    facts_of::Sort,
};
use crate::explain::view::{AccessPath, Verdict};

/// What most clusters call themselves. Where one does not, the names without it are right.
const DOMAIN: &str = "cluster.local";

/// So many names of pods are drawn.
const NAMES: usize = 20;

/// The Service's address, of each family, for each port.
pub(super) fn cluster_ips(scene: &Scene) -> Vec<Drawn> {
    let addresses = scene.cluster_ips();
    let local = scene.service.spec.as_ref().and_then(|s| s.internal_traffic_policy.as_deref()) == Some("Local");
    let mut drawn = Vec::new();
    for port in &scene.ports {
        for address in &addresses {
            let path = Sort::ClusterIp.to(port, host_port(address, port.number));
            let path = AccessPath {
                copy: url(port.speaks, &own_name(scene), port.number),
                way: vec![path.address.clone(), scene.behind.end(port)],
                verdict: Verdict::InClusterOnly,
                ..path
            };
            let path = scene.sticking(scene.behind.promised(path));
            drawn.push(Drawn::unasked(match local {
                true => AccessPath { balances: "among the pods on the client's node".into(), ..path },
                false => path,
            }));
        }
    }
    drawn
}

/// The names of a headless Service: its own, and those that its pods have by their hostname and subdomain.
pub(super) fn headless_names(scene: &Scene) -> Vec<Drawn> {
    let own = own_name(scene);
    if let Some(host) = scene.external_name() {
        let path = Sort::Alias.at(own.clone());
        return vec![in_cluster(AccessPath { way: vec![own, host.to_owned()], ..path })];
    }
    if !scene.is_headless() {
        return Vec::new();
    }
    let places = scene.behind.places();
    let end = match places.first() {
        Some(place) => of_many(&place.in_words(), places.len()),
        None if scene.behind.is_none() => "no ready pod".into(),
        None => "its pods".into(),
    };
    let path = Sort::HeadlessName.at(own.clone());
    let path = scene.behind.promised(AccessPath { way: vec![own.clone(), end], ..path });
    let mut drawn = vec![in_cluster(path)];
    drawn.extend(places.iter().filter_map(|place| {
        let name = format!("{}.{own}", place.hostname.as_ref()?);
        let path = Sort::PodName.at(name.clone());
        Some(in_cluster(AccessPath { way: vec![name, place.in_words()], ..path }))
    }));
    drawn.truncate(1 + NAMES);
    drawn
}

fn in_cluster(path: AccessPath) -> Drawn {
    Drawn::unasked(AccessPath { verdict: Verdict::InClusterOnly, ..path })
}

/// `web.shop.svc.cluster.local`.
pub(super) fn own_name(scene: &Scene) -> String {
    format!("{}.{}.svc.{DOMAIN}", scene.name(), scene.namespace())
}
