//! The access paths: every way to a Service, with its real address, what never changes of it, and whether it answers from
//! this machine.
//!
//! - `of` draws them from what was read. Pure: nothing is asked.
//! - `probe` asks each that leads out of the cluster, all at once, and says what came of it. [`now`] does all of that.
//!
//! The map: a `Scene` is what is drawn from, a `Drawn` way knows what it can be asked. `through_api`, `outside`,
//! `ingress` and `in_cluster` draw what is there, `absent` what is not. `facts_of` is the one table of what never changes;
//! `behind` knows where ways end, `address` how things are written. `verdict` says what an answer means, `cost` sets the
//! detour through the API server against the node port.
//!
//! Nothing but `GET /` or a bare connection is ever sent, and the former only to ports that look like HTTP.

mod absent;
pub(super) mod address;
mod behind;
mod cost;
mod facts_of;
mod in_cluster;
mod ingress;
mod outside;
#[cfg(test)]
mod tests;
mod through_api;
mod verdict;

use std::collections::HashSet;

use futures::future::join_all;
use k8s_openapi::api::core::v1::Service;

use self::behind::Behind;
use super::{
    ask::{Answered, Ask},
    facts::Facts,
    port::Port,
    view::{AccessPath, ProbePorts, Verdict},
};
use crate::{cluster::Cluster, context::ContextId, error::Problem, service};

/// Of a port that may speak anything.
const NOT_HTTP: &str = "not HTTP by its looks: asked on demand";

/// How long a client sticks to its pod where the Service does not say: three hours, as Kubernetes has it.
const STICKS: i32 = 10_800;

/// Reads a Service anew, draws every way to it, those that are not there last, and asks those that can be asked. None where
/// the Service does not exist or cannot be read.
///
/// # Errors
/// When there is no such namespace.
pub async fn now(cluster: &Cluster, namespace: &str, service: &str) -> Result<Vec<AccessPath>, Problem> {
    let facts = Facts::read(cluster, namespace, service).await?;
    let mut paths = of(&facts, &cluster.context);
    probe(cluster, &facts, ProbePorts::All, &mut paths).await;
    Ok(paths)
}

/// Every way to the Service, those that are not there last; none where there is no Service, or where it could not be read.
pub(crate) fn of(facts: &Facts, context: &ContextId) -> Vec<AccessPath> {
    draw(facts, context).into_iter().map(|drawn| drawn.path).collect()
}

/// Asks each way that leads out of the cluster whether it answers, all at once, and sets their verdicts; then what the
/// detour through the API server costs, where that can be measured. Ways that come to the same are asked once. Gives what
/// was answered to whoever else wants to know.
pub(crate) async fn probe(cluster: &Cluster, facts: &Facts, ports: ProbePorts, paths: &mut [AccessPath]) -> Answered {
    let drawn = draw(facts, &cluster.context);
    let mut asked = Vec::new();
    for path in paths {
        let Some(drawn) = drawn.iter().find(|drawn| drawn.is(path)) else { continue };
        // What was measured the last time is not true for ever.
        path.price.clone_from(&drawn.path.price);
        match &drawn.ask {
            Some(ask) if ask.is_allowed(ports) => asked.push((path, ask)),
            Some(_) => path.verdict = Verdict::NotProbed { why: NOT_HTTP.into() },
            None => {}
        }
    }
    let questions: HashSet<&Ask> = asked.iter().map(|(_, ask)| *ask).collect();
    let answers = questions.into_iter().map(async |ask| (ask.clone(), ask.answer(cluster).await));
    let answered: Answered = join_all(answers).await.into_iter().collect();
    for (path, ask) in &mut asked {
        if let Some(answer) = answered.get(*ask) {
            path.verdict = verdict::of(ask, answer);
        }
    }
    cost::tell(cluster, &mut asked).await;
    answered
}

/// A way, and what it can be asked.
#[derive(Clone, Debug)]
struct Drawn {
    path: AccessPath,
    /// None where its verdict stands without.
    ask: Option<Ask>,
}

impl Drawn {
    fn unasked(path: AccessPath) -> Drawn {
        Drawn { path, ask: None }
    }

    /// Whether it is this way.
    fn is(&self, path: &AccessPath) -> bool {
        (self.path.kind, self.path.port, &self.path.address) == (path.kind, path.port, &path.address)
    }
}

fn draw(facts: &Facts, context: &ContextId) -> Vec<Drawn> {
    let Some(scene) = Scene::of(facts, context) else { return Vec::new() };
    let mut all = Vec::new();
    if scene.external_name().is_none() {
        all.extend(through_api::service_tunnels(&scene));
        all.extend(through_api::pod_tunnels(&scene));
        all.extend(through_api::proxies(&scene));
        all.extend(in_cluster::cluster_ips(&scene));
        all.extend(outside::node_ports(&scene));
        all.extend(outside::load_balancers(&scene));
    }
    all.extend(ingress::rules(&scene));
    all.extend(in_cluster::headless_names(&scene));
    let mut missing = through_api::not_carried(&scene);
    missing.extend(absent::absent(&scene, &all, &missing));
    missing.sort_by_key(|drawn| drawn.path.kind);
    all.extend(missing);
    all
}

/// What the ways are drawn from.
struct Scene<'a> {
    facts: &'a Facts,
    context: &'a ContextId,
    service: &'a Service,
    ports: Vec<Port>,
    behind: Behind,
    /// `externalTrafficPolicy: Local`: a node gives what comes from outside to its own pods only.
    is_local: bool,
    /// `sessionAffinity: ClientIP`: for so many seconds.
    affinity: Option<u32>,
}

impl<'a> Scene<'a> {
    fn of(facts: &'a Facts, context: &'a ContextId) -> Option<Scene<'a>> {
        let service = facts.service()?;
        let spec = service.spec.as_ref()?;
        let ports: Vec<Port> = service::ports(service).iter().filter_map(Port::of).collect();
        let affinity = service::has_affinity(service).then(|| {
            let told =
                spec.session_affinity_config.as_ref().and_then(|config| config.client_ip.as_ref()?.timeout_seconds);
            u32::try_from(told.unwrap_or(STICKS)).unwrap_or_default()
        });
        let behind = Behind::of(facts, service, &ports);
        Some(Scene { facts, context, service, ports, behind, is_local: service::is_local(service), affinity })
    }

    fn name(&self) -> &str {
        &self.facts.name
    }

    fn namespace(&self) -> &str {
        &self.facts.namespace
    }

    /// The ports that the API can carry.
    fn tcp(&self) -> impl Iterator<Item = &Port> {
        self.ports.iter().filter(|port| port.is_tcp())
    }

    fn is_headless(&self) -> bool {
        service::is_headless(self.service)
    }

    /// What an ExternalName stands for.
    fn external_name(&self) -> Option<&str> {
        let stands_for = self.service.spec.as_ref()?.external_name.as_deref();
        stands_for.filter(|_| service::is_external(self.service))
    }

    /// The Service's addresses, one of each family.
    fn cluster_ips(&self) -> Vec<&str> {
        let Some(spec) = self.service.spec.as_ref() else { return Vec::new() };
        let all = match spec.cluster_ips.as_deref() {
            Some([]) | None => spec.cluster_ip.as_slice(),
            Some(all) => all,
        };
        all.iter().map(String::as_str).filter(|ip| !ip.is_empty() && *ip != "None").collect()
    }

    /// A way from outside: from there, by a port of some node, by the Service's own address, to its end.
    fn through_cluster(&self, from: String, node_port: Option<u16>, port: &Port, end: String) -> Vec<String> {
        let mut way = vec![from];
        way.extend(node_port.map(|number| format!("a node:{number}")));
        way.extend(self.cluster_ips().first().map(|ip| address::host_port(ip, port.number)));
        way.push(end);
        way
    }

    /// A way that goes through kube-proxy, with what `sessionAffinity` makes of how it balances.
    fn sticking(&self, path: AccessPath) -> AccessPath {
        match self.affinity {
            Some(seconds) => {
                AccessPath { balances: format!("one client sticks to one pod for {}", span(seconds)), ..path }
            }
            None => path,
        }
    }
}

/// `3 h`, `90 min`, `45 s`.
fn span(seconds: u32) -> String {
    match seconds {
        s if s >= 3600 && s % 3600 == 0 => format!("{} h", s / 3600),
        s if s >= 60 && s % 60 == 0 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}
