//! What a Service and its pods tell by themselves, without another request: the rules that the doctor and the list share.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Pod, Service, ServicePort};
use kube::{ResourceExt, core::SelectorExt};

use crate::{explain::view::FindingCode, pod, service};

/// What these rules need of a pod.
#[derive(Clone, Debug)]
pub(crate) struct PodBrief {
    pub(crate) namespace: String,
    pub(crate) labels: BTreeMap<String, String>,
    /// Whether it is ready.
    pub(crate) ready: bool,
    /// Whether a container of it runs.
    running: bool,
    /// Why it is not ready, in a few words; empty where it is.
    why: String,
    /// The names of its container ports, with their protocols.
    ports: Vec<(String, String)>,
}

impl PodBrief {
    /// `None` for a pod that is done or on its way out: it neither serves nor will.
    pub(crate) fn of(pod: &Pod) -> Option<PodBrief> {
        if pod::is_done(pod) || pod::is_terminating(pod) {
            return None;
        }
        let ready = pod::is_ready(pod);
        let named = pod::declared_ports(pod).into_iter().filter(|port| !port.name.is_empty());
        Some(PodBrief {
            namespace: pod.namespace().unwrap_or_default(),
            labels: pod.metadata.labels.clone().unwrap_or_default(),
            ready,
            running: pod::is_running(pod),
            why: if ready { String::new() } else { pod::why_not_ready(pod) },
            ports: named.map(|port| (port.name, port.protocol)).collect(),
        })
    }

    /// Whether the Service leads to it: it is ready, or need not be.
    pub(crate) fn serves(&self, service: &Service) -> bool {
        self.ready || service::publishes_all(service) && self.running
    }

    /// Whether it has this port of the Service; one that is a number may be open unsaid.
    fn has(&self, port: &ServicePort) -> bool {
        match service::target_name(port) {
            Some(name) => self.ports.iter().any(|(of, kind)| of == name && kind == service::protocol(port)),
            None => true,
        }
    }
}

/// Whether the Service leads to this pod as it is now.
pub(crate) fn serves(service: &Service, pod: &Pod) -> bool {
    PodBrief::of(pod).is_some_and(|brief| brief.serves(service))
}

/// Something wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The selector matches no pod.
    MatchesNothing,
    /// Pods match, and the Service leads to none of them.
    NoneReady {
        /// Why, of one of them.
        why: String,
    },
    /// It leads to some of them only.
    SomeNotReady {
        /// To how many not.
        not: usize,
        /// Of how many.
        of: usize,
    },
    /// No pod has the container port that this port of the Service names.
    Unnamed {
        /// The port's place.
        port: usize,
    },
    /// Some have it, and others have not.
    Differs {
        /// The port's place.
        port: usize,
    },
}

/// The pods behind a Service: those of its namespace that its selector matches. `None` where it has none.
pub(crate) fn behind<'a>(service: &Service, pods: &[&'a PodBrief]) -> Option<Vec<&'a PodBrief>> {
    let selector: kube::core::Selector = service::selector(service)?.clone().into_iter().collect();
    let namespace = service.namespace().unwrap_or_default();
    let matched = pods.iter().filter(|pod| pod.namespace == namespace && selector.matches(&pod.labels));
    Some(matched.copied().collect())
}

/// What is wrong with a Service that has a selector, the worst first; `pods` are those behind it.
pub(crate) fn marks(service: &Service, pods: &[&PodBrief]) -> Vec<Mark> {
    if pods.is_empty() {
        return vec![Mark::MatchesNothing];
    }
    let mut marks = Vec::new();
    let idle: Vec<_> = pods.iter().filter(|pod| !pod.serves(service)).collect();
    match idle.first() {
        Some(first) if idle.len() == pods.len() => marks.push(Mark::NoneReady { why: first.why.clone() }),
        Some(_) | None => {}
    }
    // To a headless Service's name a client adds the port that the program really has.
    let ports = service::ports(service).iter().enumerate().filter(|_| !service::is_headless(service));
    marks.extend(ports.filter_map(|(port, of)| match pods.iter().filter(|pod| pod.has(of)).count() {
        0 => Some(Mark::Unnamed { port }),
        some if some < pods.len() => Some(Mark::Differs { port }),
        _ => None,
    }));
    if !idle.is_empty() && idle.len() < pods.len() {
        marks.push(Mark::SomeNotReady { not: idle.len(), of: pods.len() });
    }
    marks
}

impl Mark {
    /// The doctor's name for it.
    pub(crate) fn code(&self) -> FindingCode {
        match self {
            Mark::MatchesNothing => FindingCode::SelectorMatchesNothing,
            Mark::NoneReady { .. } => FindingCode::NoPodReady,
            Mark::SomeNotReady { .. } => FindingCode::SomePodsNotReady,
            Mark::Unnamed { .. } => FindingCode::TargetPortUnnamed,
            Mark::Differs { .. } => FindingCode::TargetPortDiffers,
        }
    }

    /// A few words for the Service's row.
    pub(crate) fn words(&self, service: &Service) -> String {
        let name = |port: usize| service::ports(service).get(port).and_then(service::target_name).unwrap_or_default();
        match self {
            Mark::MatchesNothing => "no pods".into(),
            Mark::NoneReady { why } => format!("none ready: {why}"),
            Mark::SomeNotReady { not, of } => format!("{not} of {of} not ready"),
            Mark::Unnamed { port } => format!("no container port {}", name(*port)),
            Mark::Differs { port } => format!("some pods have no port {}", name(*port)),
        }
    }
}

#[cfg(test)]
mod tests;
