//! Ports that lead nowhere: names that no container has, and protocols that a tunnel does not carry.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Pod, ServicePort};
use serde_json::json;

use super::{evidence, finding};
use crate::{
    error::list,
    explain::{
        facts::{Facts, called, pod_called},
        mark::{Mark, PodBrief, marks},
        view::{Evidence, Finding, FindingCode, Severity, Snippet},
    },
    pod,
    row::RowPort,
    service,
};

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let Some(service) = facts.service() else { return Vec::new() };
    let mut found: Vec<Finding> = unnamed(facts);
    let ports = service::ports(service);
    found.extend(not_tcp(facts, ports));
    found
}

/// The named targetPorts that no pod has, or not every one.
fn unnamed(facts: &Facts) -> Vec<Finding> {
    let (Some(service), Some(pods)) = (facts.service(), facts.serving()) else { return Vec::new() };
    if service::selector(service).is_none() || pods.is_empty() {
        return Vec::new();
    }
    let briefs: Vec<PodBrief> = pods.iter().filter_map(|pod| PodBrief::of(pod)).collect();
    let marks = marks(service, &briefs.iter().collect::<Vec<_>>());
    let unnamed = marks.iter().filter(|mark| matches!(mark, Mark::Unnamed { .. })).count();
    // One of several ports that leads nowhere leaves the others.
    let severity = if unnamed == service::ports(service).len() { Severity::Error } else { Severity::Warning };
    let port = |place: usize| Some(Place { facts, place, port: service::ports(service).get(place)? });
    let told = marks.iter().filter_map(|mark| match mark {
        Mark::Unnamed { port: place } => Some(port(*place)?.nowhere(&pods, severity)),
        Mark::Differs { port: place } => Some(port(*place)?.differs(&pods)),
        Mark::MatchesNothing | Mark::NoneReady { .. } | Mark::SomeNotReady { .. } => None,
    });
    told.collect()
}

/// A port of the Service, and its place among them.
struct Place<'a> {
    facts: &'a Facts,
    place: usize,
    port: &'a ServicePort,
}

impl Place<'_> {
    fn name(&self) -> &str {
        service::target_name(self.port).unwrap_or_default()
    }

    fn asked(&self) -> Evidence {
        let field =
            format!("spec.ports.{}.targetPort", self.port.name.as_deref().unwrap_or(&self.port.port.to_string()));
        evidence(called(&self.facts.name), field, self.name())
    }

    fn declared(&self, pod: &Pod) -> Evidence {
        let ports: Vec<String> = pod::declared_ports(pod).iter().map(pod::in_words).collect();
        evidence(pod_called(pod), "spec.containers.ports", list(ports))
    }

    fn has(&self, pod: &Pod) -> bool {
        service::port_in_pod(self.port, pod).is_some()
    }

    fn nowhere(&self, pods: &[&Pod], severity: Severity) -> Finding {
        let (words, name) = (service::port_in_words(self.port), self.name());
        let first = pods.first();
        let declared: BTreeSet<String> =
            pods.iter().flat_map(|pod| pod::declared_ports(pod)).map(|port| pod::in_words(&port)).collect();
        let there = match declared.len() {
            0 => "they declare no port at all".to_owned(),
            _ => format!("they have {}", list(declared)),
        };
        let best = first.and_then(|pod| self.best(pod::declared_ports(pod)));
        Finding {
            evidence: [self.asked()].into_iter().chain(first.map(|pod| self.declared(pod))).collect(),
            why: format!(
                "Its port {words} leads to the container port “{name}”, and no container of its pods has one of this name: {there}."
            ),
            next: "Correct the targetPort, or give the container's port this name.".into(),
            snippet: Some(match best {
                Some(port) => self.rename(&port),
                None => self.name_it(),
            }),
            ..finding(FindingCode::TargetPortUnnamed, severity, called(&self.facts.name))
        }
    }

    fn differs(&self, pods: &[&Pod]) -> Finding {
        let (with, without): (Vec<&Pod>, Vec<&Pod>) = pods.iter().partition(|pod| self.has(pod));
        let shown = with.first().into_iter().chain(without.first());
        Finding {
            evidence: [self.asked()].into_iter().chain(shown.map(|pod| self.declared(pod))).collect(),
            why: format!(
                "{} of its {} pods {} no container port “{}”, to which its port {} leads: connections to it never reach them.",
                without.len(),
                pods.len(),
                if without.len() == 1 { "has" } else { "have" },
                self.name(),
                service::port_in_words(self.port)
            ),
            next: "Give all templates behind the Service the same port names, or select the pods of one of them only."
                .into(),
            snippet: Some(self.name_it()),
            ..finding(FindingCode::TargetPortDiffers, Severity::Warning, called(&self.facts.name))
        }
    }

    /// The port that was probably meant, of this protocol: that of the Service's own number, else the one whose name is
    /// most alike.
    fn best(&self, ports: Vec<RowPort>) -> Option<RowPort> {
        let likeness = |port: &RowPort| match i32::from(port.port) == self.port.port {
            true => 2.0,
            false => strsim::normalized_damerau_levenshtein(&port.name, self.name()),
        };
        let same = ports.into_iter().filter(|port| port.protocol == service::protocol(self.port));
        same.max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
    }

    fn rename(&self, to: &RowPort) -> Snippet {
        let value = if to.name.is_empty() { json!(to.port) } else { json!(to.name) };
        let path = format!("/spec/ports/{}/targetPort", self.place);
        let change = json!([{"op": "replace", "path": path, "value": value}]);
        let Facts { namespace, name, .. } = self.facts;
        Snippet {
            title: format!("Lead to the port {}", pod::in_words(to)),
            text: format!("kubectl -n {namespace} patch svc {name} --type json -p '{change}'"),
        }
    }

    fn name_it(&self) -> Snippet {
        let protocol = match service::protocol(self.port) {
            "TCP" => String::new(),
            other => format!("\n  protocol: {other}"),
        };
        let text = format!(
            "# in the template, under the container\nports:\n- name: {}\n  containerPort: {} # where the program listens{protocol}",
            self.name(),
            self.port.port
        );
        Snippet { title: "The container's port".into(), text }
    }
}

fn not_tcp(facts: &Facts, ports: &[ServicePort]) -> Option<Finding> {
    let others: Vec<&ServicePort> = ports.iter().filter(|port| service::protocol(port) != "TCP").collect();
    let first = others.first()?;
    let all = others.len() == ports.len();
    let me = called(&facts.name);
    let words: Vec<String> = others.iter().map(|port| service::port_in_words(port)).collect();
    let field =
        |port: &ServicePort| format!("spec.ports.{}.protocol", port.name.as_deref().unwrap_or(&port.port.to_string()));
    let next = match all {
        true => "Reach it from inside the cluster, or by a NodePort or a LoadBalancer.",
        false => {
            "Its TCP ports can be forwarded. Reach the others from inside the cluster, or by a NodePort or a LoadBalancer."
        }
    };
    Some(Finding {
        evidence: others.iter().map(|port| evidence(&me, field(port), service::protocol(port))).collect(),
        why: format!(
            "{} cannot be forwarded: Kubernetes' port-forward carries TCP only, and no {}.",
            list(&words),
            service::protocol(first)
        ),
        next: next.into(),
        ..finding(FindingCode::NotTcp, if all { Severity::Warning } else { Severity::Note }, me)
    })
}
