//! What stands before the Service: the API server, the login, its name, and what the user may do.

use super::{evidence, finding};
use crate::{
    credentials::failure::{Failure, Why},
    error::{Code, Problem, list},
    explain::{
        facts::{Facts, Seen, called},
        view::{Evidence, Finding, FindingCode, Severity},
    },
    role::{Right, refused_user, role},
};

const FORWARD: Right = Right::core("create", "pods/portforward");

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let about_service = match &facts.service {
        Seen::There(_) => None,
        Seen::Missing { known } => Some(not_found(facts, known)),
        Seen::Unread { because, plugin } => unread(facts, because, plugin.as_ref()),
    };
    about_service.into_iter().chain(forbidden(facts)).collect()
}

fn not_found(facts: &Facts, known: &[String]) -> Finding {
    let there = if known.is_empty() { "no Service, or none that you may list".into() } else { list(known) };
    let closest = known.iter().max_by(|a, b| likeness(a, &facts.name).total_cmp(&likeness(b, &facts.name)));
    let alike = closest.filter(|name| likeness(name, &facts.name) >= super::near::ALIKE);
    let next = match alike {
        Some(name) => format!("Did you mean {}?", called(name)),
        None if known.is_empty() => "Check the name and the namespace.".into(),
        None => "Choose one of these, or look in another namespace.".into(),
    };
    Finding {
        evidence: vec![evidence(format!("namespace {}", facts.namespace), "services", there)],
        why: format!("There is no Service “{}” in the namespace “{}”.", facts.name, facts.namespace),
        next,
        ..finding(FindingCode::ServiceNotFound, Severity::Error, called(&facts.name))
    }
}

fn likeness(one: &str, other: &str) -> f64 {
    strsim::normalized_damerau_levenshtein(one, other)
}

/// `None` for what says nothing but that it could not be read.
fn unread(facts: &Facts, because: &Problem, plugin: Option<&Failure>) -> Option<Finding> {
    let asked = format!("get {}", called(&facts.name));
    let told = |code, why: &str| Finding {
        evidence: vec![evidence(&facts.server, &asked, &because.message)],
        why: why.into(),
        next: because.next.clone(),
        ..finding(code, Severity::Error, &facts.server)
    };
    match (because.code, plugin) {
        (_, Some(Failure { plugin, why: Why::Missing { searched, whose, .. } })) => Some(Finding {
            evidence: [
                Some(evidence("the kubeconfig's user", "exec.command", plugin)),
                Some(evidence("this machine", "PATH", searched)),
                whose.as_ref().map(|whose| evidence("this machine", "which is", whose)),
            ]
            .into_iter()
            .flatten()
            .collect(),
            why: format!("The kubeconfig logs in with the program {plugin}, and it is not there."),
            next: because.next.clone(),
            ..finding(FindingCode::PluginMissing, Severity::Error, &facts.server)
        }),
        (Code::Login, _) => Some(told(
            FindingCode::Login,
            "The API server does not accept the login: nothing can be read, and no tunnel can open.",
        )),
        (Code::Unreachable, _) => Some(told(
            FindingCode::Unreachable,
            "The API server does not answer: nothing can be read, and no tunnel can open.",
        )),
        _ => None,
    }
}

/// What a tunnel to the Service takes and the user may not do.
fn forbidden(facts: &Facts) -> Option<Finding> {
    let denied = |verb, resource| facts.may(verb, resource) == Some(false);
    let mut missing: Vec<Right> = Vec::new();
    let service_denied = matches!(&facts.service, Seen::Unread { because, .. } if because.code == Code::Forbidden);
    if service_denied || denied("get", "services") {
        missing.push(Right::core("get", "services"));
    }
    // Where the Service's endpoints may be read, its pods need not be.
    if facts.addresses.is_none() {
        missing.extend(
            ["get", "list"].into_iter().filter(|verb| denied(verb, "pods")).map(|verb| Right::core(verb, "pods")),
        );
    }
    // By WebSocket it is a `get`.
    if denied(FORWARD.verb, FORWARD.resource) && denied("get", FORWARD.resource) {
        missing.push(FORWARD);
    }
    let first = missing.first()?;
    let words: Vec<String> = missing.iter().map(|Right { verb, resource, .. }| format!("{verb} {resource}")).collect();
    let tell = |right: &Right| told(facts, right, service_denied);
    Some(Finding {
        evidence: missing.iter().map(tell).collect(),
        why: format!("A tunnel takes the right to {}, which you do not have in {}.", list(&words), facts.namespace),
        next: "Ask whoever runs the cluster for this Role.".into(),
        snippet: Some(role(Some(&facts.namespace), &missing, user(facts))),
        ..finding(FindingCode::Forbidden, Severity::Error, format!("{} in {}", first.resource, facts.namespace))
    })
}

fn told(facts: &Facts, Right { verb, resource, .. }: &Right, service_denied: bool) -> Evidence {
    let how = if service_denied && *resource == "services" { called(&facts.name) } else { "access review".into() };
    evidence(how, format!("{verb} {resource}"), "not allowed")
}

/// How the API server calls the user, of whom it has refused something.
fn user(facts: &Facts) -> Option<&str> {
    let service = match &facts.service {
        Seen::Unread { because, .. } => Some(because),
        Seen::There(_) | Seen::Missing { .. } => None,
    };
    refused_user(facts.unread.iter().map(|unread| &unread.because).chain(service))
}
