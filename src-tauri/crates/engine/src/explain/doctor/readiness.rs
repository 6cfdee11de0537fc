//! Pods that are there and not ready.

use k8s_openapi::api::core::v1::Pod;

use super::{
    ailment::{self, Ailment},
    evidence, finding,
};
use crate::{
    explain::{
        facts::{Facts, called, pod_called},
        mark::serves,
        view::{Finding, FindingCode, Severity},
    },
    pod, service,
};

/// Pods of which it is told why; there can be thousands, and mostly it is the same.
const TOLD: usize = 3;

pub(super) fn findings(facts: &Facts) -> Option<Finding> {
    let service = facts.service()?;
    service::selector(service)?;
    let pods = facts.serving()?;
    if pods.is_empty() {
        return all_leave(facts);
    }
    let mut idle: Vec<&Pod> = pods.iter().copied().filter(|pod| !serves(service, pod)).collect();
    idle.sort_by_key(|pod| pod::created_at(pod));
    let ailments: Vec<(&Pod, Ailment)> =
        idle.iter().rev().map(|pod| (*pod, ailment::of(pod, facts.nodes.as_deref()))).collect();
    let (newest, ailment) = ailments.first()?;
    let all = idle.len() == pods.len();
    let count = match (all, pods.len()) {
        (true, 1) => format!("Its only pod, {}, is not ready", pod_called(newest)),
        (true, many) => format!("None of its {many} pods is ready: {}", pod_called(newest)),
        (false, many) => {
            let are = if idle.len() == 1 { "is" } else { "are" };
            format!("{} of its {many} pods {are} not ready: {}", idle.len(), pod_called(newest))
        }
    };
    let count = if all && pods.len() == 1 { format!("{count}: it") } else { count };
    let (code, severity) = match all {
        true => (FindingCode::NoPodReady, Severity::Error),
        false => (FindingCode::SomePodsNotReady, Severity::Warning),
    };
    Some(Finding {
        evidence: ailments
            .iter()
            .take(TOLD)
            .flat_map(|(pod, ailment)| {
                ailment.read.iter().map(|(field, value)| evidence(pod_called(pod), field, value))
            })
            .collect(),
        why: format!("{count} {}.", ailment.words),
        next: ailment.next(&facts.namespace, newest),
        ..finding(code, severity, called(&facts.name))
    })
}

/// All of its pods are on their way out, and none has come in their place.
fn all_leave(facts: &Facts) -> Option<Finding> {
    let leaving: Vec<&Pod> = facts.pods.iter().flatten().filter(|pod| pod::is_terminating(pod)).collect();
    // Where there should be none, that is what is wrong.
    let down = facts.owners.as_ref().is_some_and(|of| !of.is_empty() && of.iter().all(|owner| owner.wanted == Some(0)));
    (!leaving.is_empty() && !down).then(|| Finding {
        evidence: leaving
            .iter()
            .take(TOLD)
            .map(|pod| evidence(pod_called(pod), "metadata.deletionTimestamp", "set"))
            .collect(),
        why: "All of its pods are being deleted, and none has taken their place yet.".into(),
        next: "Wait for the next one; the workload's events say why there is none.".into(),
        ..finding(FindingCode::NoPodReady, Severity::Error, called(&facts.name))
    })
}
