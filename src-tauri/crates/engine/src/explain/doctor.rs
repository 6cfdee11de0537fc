//! Why a Service does not work: pure, from what was read and what probes showed.
//!
//! Each finding is a small function that sees the [`Facts`] and says what it found, or nothing; where a fact was not read
//! it says nothing. The map:
//! - `access`: the API server, the login, the Service itself, and what the user may do.
//! - `selector`: where the selector leads, or that there is none; `near` looks for the label that misses.
//! - `readiness`: pods that are not ready; `ailment` has the words for one pod.
//! - `ports`: targetPorts that no container has, and what is not TCP.
//! - `listens`: what probes prove of the program; [`probed`] is what they showed.
//!
//! `crate::explain::mark` decides what the list can tell as well; the words and the evidence are here.

mod access;
mod ailment;
mod listens;
mod near;
mod ports;
pub(crate) mod probed;
mod readiness;
mod selector;
#[cfg(test)]
mod tests;

use super::{
    facts::Facts,
    view::{Evidence, Finding, FindingCode, Severity},
};
pub(super) use listens::listening;
pub(super) use near::pods as nearest;
use probed::Probed;

/// What is wrong, the worst first.
pub(crate) fn findings(facts: &Facts, probed: &[Probed]) -> Vec<Finding> {
    let mut found = access::findings(facts);
    found.extend(selector::findings(facts));
    found.extend(readiness::findings(facts));
    found.extend(ports::findings(facts));
    found.extend(listens::findings(facts, probed));
    // Those that are as bad stay in this order, which is the way of a connection.
    found.sort_by_key(|finding| finding.severity);
    found
}

/// A finding whose words are still to come.
fn finding(code: FindingCode, severity: Severity, object: impl Into<String>) -> Finding {
    Finding {
        code,
        severity,
        object: object.into(),
        evidence: Vec::new(),
        why: String::new(),
        next: String::new(),
        snippet: None,
    }
}

fn evidence(object: impl Into<String>, field: impl Into<String>, value: impl Into<String>) -> Evidence {
    Evidence { object: object.into(), field: field.into(), value: value.into() }
}
