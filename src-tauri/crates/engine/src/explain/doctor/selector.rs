//! Where the selector leads, or that there is none.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Pod, Service};
use serde_json::json;

use super::{
    evidence, finding,
    near::{self, Near},
};
use crate::{
    error::list,
    explain::{
        facts::{Addresses, Facts, called, pod_called},
        view::{Finding, FindingCode, Severity, Snippet},
    },
    forward::{Target, WorkloadKind},
    pod, service,
};

/// Pods that are named in evidence; there can be thousands.
const NAMED: usize = 3;

pub(super) fn findings(facts: &Facts) -> Option<Finding> {
    let service = facts.service()?;
    if service::is_external(service) {
        return Some(external_name(facts, service));
    }
    match service::selector(service) {
        None => no_selector(facts),
        Some(selector) => nobody_there(facts, selector),
    }
}

fn external_name(facts: &Facts, service: &Service) -> Finding {
    let host = service.spec.as_ref().and_then(|spec| spec.external_name.clone()).unwrap_or_default();
    let me = called(&facts.name);
    Finding {
        evidence: vec![evidence(&me, "spec.type", "ExternalName"), evidence(&me, "spec.externalName", &host)],
        why: format!("It is a DNS alias for {host}: no pod stands behind it, and there is nothing to forward to."),
        next: format!("Connect to {host} directly, if this machine can reach it."),
        ..finding(FindingCode::ExternalName, Severity::Note, me)
    }
}

fn no_selector(facts: &Facts) -> Option<Finding> {
    let (field, none) = match facts.addresses.as_ref()? {
        Addresses::Slices(slices) => ("endpointslices", slices.iter().all(|slice| slice.endpoints.is_empty())),
        Addresses::Endpoints(endpoints) => {
            let subsets = endpoints.iter().flat_map(|endpoints| endpoints.subsets.iter().flatten());
            let mut addresses = subsets.flat_map(|of| of.addresses.iter().chain(&of.not_ready_addresses).flatten());
            ("endpoints", addresses.next().is_none())
        }
    };
    let me = called(&facts.name);
    none.then(|| Finding {
        evidence: vec![evidence(&me, "spec.selector", "not set"), evidence(&me, field, "none")],
        why: "It has no selector, and nobody has named addresses for it by hand: it leads nowhere.".into(),
        next: "Give it the labels of its pods as a selector, or write an EndpointSlice for it.".into(),
        snippet: Some(Snippet {
            title: "A selector".into(),
            text: patch(facts, &json!({"spec": {"selector": {"app": "LABEL-OF-ITS-PODS"}}})),
        }),
        ..finding(FindingCode::NoSelector, Severity::Error, me)
    })
}

/// The selector matches no pod that serves or will: because there should be none, or because of its labels.
fn nobody_there(facts: &Facts, selector: &BTreeMap<String, String>) -> Option<Finding> {
    if !facts.serving()?.is_empty() {
        return None;
    }
    if let Some(scaled) = scaled_to_zero(facts) {
        return Some(scaled);
    }
    // They go, and others take their place: that is told as pods that are not ready.
    if facts.pods.iter().flatten().any(|pod| !pod::is_done(pod)) {
        return None;
    }
    Some(matches_nothing(facts, selector))
}

fn scaled_to_zero(facts: &Facts) -> Option<Finding> {
    let owners = facts.owners.as_ref()?;
    let first = owners.first()?;
    let all = owners.iter().all(|owner| owner.wanted == Some(0));
    let is_daemon = matches!(first.target, Target::Workload { kind: WorkloadKind::DaemonSet, .. });
    let (field, why, next) = if is_daemon {
        let why = format!("{} has no node to run on: no node fits its template.", first.target);
        ("status.desiredNumberScheduled", why, "Look at its nodeSelector and tolerations, and at the nodes' labels.")
    } else {
        let why = format!("{} is scaled to 0: there should be no pod.", first.target);
        ("spec.replicas", why, "Scale it up.")
    };
    let scale = || Snippet {
        title: "One pod".into(),
        text: format!("kubectl -n {} scale {} --replicas=1", facts.namespace, first.target),
    };
    all.then(|| Finding {
        evidence: owners.iter().map(|owner| evidence(owner.target.to_string(), field, "0")).collect(),
        why,
        next: next.into(),
        snippet: (!is_daemon).then(scale),
        ..finding(FindingCode::ScaledToZero, Severity::Error, called(&facts.name))
    })
}

fn matches_nothing(facts: &Facts, selector: &BTreeMap<String, String>) -> Finding {
    let me = called(&facts.name);
    let pairs = |labels: &BTreeMap<String, String>| -> String {
        labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ")
    };
    let wanted = pairs(selector);
    let mut found = Finding {
        evidence: vec![evidence(&me, "spec.selector", &wanted)],
        why: format!("No pod in {} has {wanted}.", facts.namespace),
        next: "Correct the selector, or the labels of the pods' template.".into(),
        ..finding(FindingCode::SelectorMatchesNothing, Severity::Error, &me)
    };
    if let Some(owner) = facts.owners.iter().flatten().next() {
        let labels = owner.labels();
        found.evidence.push(evidence(owner.target.to_string(), "spec.template.metadata.labels", pairs(&labels)));
        found.why =
            format!("No pod in {} has {wanted}, though {} would make such pods.", facts.namespace, owner.target);
        found.next = "Its events say why it has made none.".into();
        let text = format!("kubectl -n {} describe {}", facts.namespace, owner.target);
        found.snippet = Some(Snippet { title: "Its events".into(), text });
        return found;
    }
    let others: Vec<&Pod> = facts.neighbours.iter().flatten().filter(|pod| !pod::is_done(pod)).collect();
    if let Some(near) = near::nearest(selector, &others) {
        name_the_label(facts, &near, &mut found);
    } else if facts.neighbours.is_some() && others.is_empty() {
        found.why.push_str(" There is no pod at all.");
        found.next = "Start the workload that it is for.".into();
    }
    found
}

/// Adds which label it is that misses, and what would mend it.
fn name_the_label(facts: &Facts, near: &Near, found: &mut Finding) {
    for pod in near.pods.iter().take(NAMED) {
        for miss in &near.misses {
            let has = miss.has.as_deref().unwrap_or("not set");
            found.evidence.push(evidence(pod_called(pod), format!("metadata.labels.{}", miss.key), has));
        }
    }
    let names = list(near.pods.iter().map(|pod| pod_called(pod)));
    let lacks: Vec<String> = near
        .misses
        .iter()
        .map(|miss| match &miss.has {
            Some(has) => format!("{}={has} where {} is asked for", miss.key, miss.wanted),
            None => format!("no label {}", miss.key),
        })
        .collect();
    let verb = if near.pods.len() == 1 { "comes nearest: it has" } else { "come nearest: they have" };
    found.why.push_str(&format!(" {names} {verb} {}.", lacks.join(" and ")));
    let mended: serde_json::Map<String, serde_json::Value> =
        near.misses.iter().map(|miss| (miss.key.clone(), json!(miss.has))).collect();
    found.next = "Select the labels that the pods have, or give the pods' template the ones that are asked for.".into();
    found.snippet = Some(Snippet {
        title: "Select the labels that these pods have".into(),
        text: patch(facts, &json!({"spec": {"selector": mended}})),
    });
}

/// A change of the Service as a command.
pub(super) fn patch(facts: &Facts, change: &serde_json::Value) -> String {
    format!("kubectl -n {} patch svc {} -p '{change}'", facts.namespace, facts.name)
}
