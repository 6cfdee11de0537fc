//! The anatomy of a Service: its real lines beside those of the template and of one pod, and what has to match what.
//!
//! Pure: [`Facts`] in, lines and joins out. `lines` writes the objects, `joins` looks for what matches.

mod joins;
mod lines;
#[cfg(test)]
mod tests;

use k8s_openapi::api::core::v1::Pod;

use super::{
    doctor::{nearest, probed::Probed},
    facts::{Facts, Owner, called, pod_called},
    view::{Anatomy, AnatomyObject},
};
use crate::service;

/// What is shown beside the Service.
struct Shown<'a> {
    owner: Option<&'a Owner>,
    /// One of its pods; where none matches, the nearest.
    pod: Option<&'a Pod>,
}

/// The objects and their joins; nothing where the Service could not be read.
pub(crate) fn of(facts: &Facts, probed: &[Probed]) -> Anatomy {
    let Some(service) = facts.service() else { return Anatomy::default() };
    let near = || {
        let labels = service::selector(service)?;
        Some(*nearest(labels, facts.neighbours.as_deref()?)?.first()?)
    };
    let leaving = || facts.pods.as_ref()?.first();
    let shown =
        Shown { owner: facts.owners.iter().flatten().next(), pod: facts.example().or_else(leaving).or_else(near) };
    let mut objects = vec![AnatomyObject { object: called(&facts.name), lines: lines::service(service).done() }];
    let mut places = joins::Places::default();
    if let Some(owner) = shown.owner {
        places.template = Some(objects.len());
        objects.push(AnatomyObject { object: owner.target.to_string(), lines: lines::template(owner).done() });
    }
    if let Some(pod) = shown.pod {
        places.pod = Some(objects.len());
        // What the template says of the containers need not be said twice.
        let lines = lines::pod(pod, shown.owner.is_none()).done();
        objects.push(AnatomyObject { object: pod_called(pod), lines });
    }
    let joins = joins::of(facts, service, &objects, &places, probed);
    Anatomy { objects, joins }
}
