//! The ways that a Service has not: what they would give, and their price.

use std::collections::BTreeSet;

use super::{Drawn, Scene, facts_of::Sort, in_cluster::own_name};
use crate::explain::view::{PathKind, Verdict};

/// One row for each kind of way that is neither among those that are there nor among those of which it was said why not.
pub(super) fn absent(scene: &Scene, there: &[Drawn], said: &[Drawn]) -> Vec<Drawn> {
    // Where there is something that a way could carry, more is to be said of why there is none.
    let said = if scene.tcp().next().is_none() { said } else { &[] };
    let kinds: BTreeSet<PathKind> = there.iter().chain(said).map(|drawn| drawn.path.kind).collect();
    let rows = [
        (Sort::ServiceTunnel, format!("127.0.0.1 → svc/{}", scene.name())),
        (Sort::PodTunnel, "127.0.0.1 → one of its pods".to_owned()),
        (Sort::ApiProxy, "a URL of the API server".to_owned()),
        (Sort::ClusterIp, "one address in the cluster".to_owned()),
        (Sort::NodePort, "NODE:30000-32767".to_owned()),
        (Sort::LoadBalancer, "an address outside the cluster".to_owned()),
        (Sort::Ingress, "http(s)://HOST/".to_owned()),
        (Sort::HeadlessName, format!("POD.{}", own_name(scene))),
    ];
    let missing = rows.into_iter().filter(|(sort, _)| !kinds.contains(&sort.kind()));
    missing.map(|(sort, address)| Drawn::unasked(sort.absent(&address, why(scene, sort)))).collect()
}

fn why(scene: &Scene, sort: Sort) -> Verdict {
    let why = match sort {
        Sort::Ingress if scene.facts.ingresses.is_none() => "Ingresses could not be read".to_owned(),
        Sort::ServiceTunnel | Sort::PodTunnel | Sort::ApiProxy => match scene.external_name() {
            Some(host) => format!("it stands for {host}: no pod is behind it"),
            None if scene.ports.is_empty() => "the Service has no ports".into(),
            None if scene.facts.pods.is_none() => "pods could not be read".into(),
            None => "no pod of it runs".into(),
        },
        _ => return Verdict::NotConfigured,
    };
    Verdict::NotProbed { why }
}
