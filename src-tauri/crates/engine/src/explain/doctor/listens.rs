//! What the program listens on, told by setting one way against another.
//!
//! A tunnel ends at localhost in the pod; a NodePort and the API server's proxy end at the pod's own address. Who answers
//! one and refuses the other listens on one of them only, unless a policy or a mesh stands between. A tunnel that is
//! refused proves nothing by itself.

use super::{
    evidence, finding,
    probed::{Heard, Probed, Way},
};
use crate::explain::{
    facts::{Facts, called},
    view::{Evidence, Finding, FindingCode, Severity},
};

pub(super) fn findings(facts: &Facts, probed: &[Probed]) -> Vec<Finding> {
    probed.iter().filter_map(|probed| one(facts, probed)).collect()
}

fn one(facts: &Facts, probed: &Probed) -> Option<Finding> {
    let inside = probed.tunnel.first().map_or(probed.port, |(_, port, _)| *port);
    let (code, severity, why, next) = match (probed.inside(), probed.outside()) {
        (Way::Answers, Way::Refused) => (
            FindingCode::LocalhostOnly,
            Severity::Error,
            format!(
                "The tunnel is answered, and who comes by the pod's own address is refused: the program listens on \
                 127.0.0.1:{inside} only, or a network policy or a mesh stands between."
            ),
            "Let it listen on all addresses, 0.0.0.0 or [::]. If it does, look at the NetworkPolicies and the mesh.",
        ),
        (Way::Refused, Way::Answers) => (
            FindingCode::PodIpOnly,
            Severity::Warning,
            format!(
                "Who comes by the pod's own address is answered, and the tunnel, which ends at localhost:{inside} in the \
                 pod, is refused: the program listens on the pod's address only."
            ),
            "The Service works. For a tunnel, let the program listen on all addresses, 0.0.0.0 or [::].",
        ),
        (Way::Refused, Way::Refused) => (
            FindingCode::NothingListens,
            Severity::Error,
            format!("Both localhost and the pod's own address refuse port {inside}: nothing listens there."),
            "Compare the targetPort with the port that the program's log names.",
        ),
        (Way::Refused, Way::Unclear) => (
            FindingCode::NothingListens,
            Severity::Warning,
            format!(
                "The tunnel is refused at localhost:{inside} in the pod. By itself that does not prove that nothing \
                 listens: the program may be starting, or listen on the pod's own address only, or on another port."
            ),
            "Compare the targetPort with the port that the program's log names, and with the address it listens on.",
        ),
        _ => return None,
    };
    Some(Finding {
        evidence: heard(facts, probed),
        why,
        next: next.into(),
        ..finding(code, severity, called(&facts.name))
    })
}

fn heard(facts: &Facts, probed: &Probed) -> Vec<Evidence> {
    let told = |object: String, field: String, heard: &Heard| evidence(object, field, heard.words());
    let mut all: Vec<Evidence> = probed
        .tunnel
        .iter()
        .map(|(pod, port, heard)| told(format!("pod/{pod}"), format!("dial localhost:{port}"), heard))
        .collect();
    let me = called(&facts.name);
    all.extend(
        probed
            .api_proxy
            .iter()
            .map(|heard| told(me.clone(), format!("GET by the API server's proxy :{}", probed.port), heard)),
    );
    all.extend(probed.node_port.iter().map(|(address, heard)| told(me.clone(), format!("connect {address}"), heard)));
    all
}
