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

/// What a port's probes prove of its program, if that is bad.
pub(in crate::explain) fn listening(probed: &Probed) -> Option<FindingCode> {
    Some(match (probed.inside(), probed.outside()) {
        (Way::Answers, Way::Refused) => FindingCode::LocalhostOnly,
        (Way::Refused, Way::Answers) => FindingCode::PodIpOnly,
        (Way::Refused, Way::Refused | Way::Unclear) => FindingCode::NothingListens,
        _ => return None,
    })
}

fn one(facts: &Facts, probed: &Probed) -> Option<Finding> {
    let code = listening(probed)?;
    let inside = probed.tunnel.first().map_or(probed.port, |(_, port, _)| *port);
    // A machine elsewhere may have a node's address on this network, and refuse what it does not know.
    let sure = matches!(probed.api_proxy, Some(Heard::Refused(_)));
    let (severity, why, next) = match code {
        FindingCode::LocalhostOnly => (
            if sure { Severity::Error } else { Severity::Warning },
            format!(
                "The tunnel is answered, and who comes by the pod's own address is refused: the program listens on \
                 127.0.0.1:{inside} only, or a network policy or a mesh stands between."
            ),
            "Let it listen on all addresses, 0.0.0.0 or [::]. If it does, look at the NetworkPolicies and the mesh.",
        ),
        FindingCode::PodIpOnly => (
            Severity::Warning,
            format!(
                "Who comes by the pod's own address is answered, and the tunnel, which ends at localhost:{inside} in the \
                 pod, is refused: the program listens on the pod's address only."
            ),
            "The Service works. For a tunnel, let the program listen on all addresses, 0.0.0.0 or [::].",
        ),
        _ if probed.outside() == Way::Refused => (
            Severity::Error,
            format!("Both localhost and the pod's own address refuse port {inside}: nothing listens there."),
            "Compare the targetPort with the port that the program's log names.",
        ),
        _ => (
            Severity::Warning,
            format!(
                "The tunnel is refused at localhost:{inside} in the pod. By itself that does not prove that nothing \
                 listens: the program may be starting, or listen on the pod's own address only, or on another port."
            ),
            "Compare the targetPort with the port that the program's log names, and with the address it listens on.",
        ),
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
