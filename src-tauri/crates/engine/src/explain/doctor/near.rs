//! Which label misses: the pods that come nearest to a selector that matches none.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;

use crate::pod;

/// From here on two words are taken for a slip of the same: `wbe` and `web`.
pub(super) const ALIKE: f64 = 0.65;

/// The pods that miss by the same.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Near<'a> {
    /// What they lack of the selector.
    pub(super) misses: Vec<Miss>,
    /// Sorted by name.
    pub(super) pods: Vec<&'a Pod>,
}

/// One pair of a selector that a pod does not have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Miss {
    pub(super) key: String,
    pub(super) wanted: String,
    /// What it has instead; `None` where it has no such label.
    pub(super) has: Option<String>,
}

impl Miss {
    /// How near it is to what is wanted, from 0 to 1.
    fn likeness(&self) -> f64 {
        self.has.as_ref().map_or(0.0, |has| strsim::normalized_damerau_levenshtein(has, &self.wanted))
    }
}

/// The nearest of these pods; `None` where none has anything in common with the selector.
pub(super) fn nearest<'a>(selector: &BTreeMap<String, String>, pods: &[&'a Pod]) -> Option<Near<'a>> {
    let mut groups: Vec<Near> = Vec::new();
    for pod in pods.iter().copied() {
        let misses = misses(selector, pod);
        match groups.iter_mut().find(|near| near.misses == misses) {
            Some(near) => near.pods.push(pod),
            None => groups.push(Near { misses, pods: vec![pod] }),
        }
    }
    groups.retain(|near| {
        // Some of it fits, or what does not was meant to.
        let fits = near.misses.len() < selector.len();
        fits || near.misses.iter().all(|miss| miss.likeness() >= ALIKE)
    });
    let total = |near: &Near| near.misses.iter().map(Miss::likeness).sum::<f64>();
    let mut nearest = groups.into_iter().min_by(|a, b| {
        (a.misses.len().cmp(&b.misses.len()))
            .then(total(b).total_cmp(&total(a)))
            .then_with(|| b.pods.len().cmp(&a.pods.len()))
            .then_with(|| a.misses.cmp(&b.misses))
    })?;
    nearest.pods.sort_by_key(|pod| pod.name_any());
    Some(nearest)
}

/// The nearest of these pods, for whoever shows one.
pub(in crate::explain) fn pods<'a>(selector: &BTreeMap<String, String>, pods: &'a [Pod]) -> Option<Vec<&'a Pod>> {
    let alive: Vec<&Pod> = pods.iter().filter(|pod| !pod::is_done(pod)).collect();
    Some(nearest(selector, &alive)?.pods)
}

fn misses(selector: &BTreeMap<String, String>, pod: &Pod) -> Vec<Miss> {
    let labels = pod.labels();
    let missed = selector.iter().filter(|(key, wanted)| labels.get(*key) != Some(wanted));
    missed
        .map(|(key, wanted)| Miss { key: key.clone(), wanted: wanted.clone(), has: labels.get(key).cloned() })
        .collect()
}
