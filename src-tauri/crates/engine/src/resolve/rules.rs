//! The pure half of resolution: objects in, endpoints or a reason out.

use k8s_openapi::{
    api::core::v1::{Pod, Service, ServicePort},
    apimachinery::pkg::util::intstr::IntOrString,
};
use kube::ResourceExt;

use super::{
    labels_selector,
    listed::{self, Listed, Serving, Standing},
};
use crate::{
    error::{Code, Error, Problem, list},
    forward::{Forward, PortRef, Target},
    phase::{Endpoint, Trouble},
    pod::{self, Restarts},
    service,
};

/// What a target is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Resolution {
    /// Best first.
    pub(crate) endpoints: Vec<Endpoint>,
    /// Why there is none.
    pub(crate) trouble: Option<Trouble>,
    /// What can never work.
    pub(crate) refused: Option<Problem>,
    /// The number of each of the forward's ports, where it is known: a Service's port, or a container's.
    pub(crate) numbers: Vec<Option<u16>>,
    /// Whether the Service asks that a client stays with its pod: `sessionAffinity: ClientIP`.
    pub(crate) affinity: bool,
    /// The restarts of its pods; `None` if there were none, or where its pods may not be read.
    pub(crate) restarts: Option<Restarts>,
    /// When a direct tunnel's pod is to be gone, in milliseconds since 1970, if it is on its way out.
    pub(crate) terminating_at: Option<u64>,
    /// The workload that a direct tunnel's pod belongs to.
    pub(crate) owner: Option<Target>,
}

impl Resolution {
    /// No endpoint, for this reason. UDP ends it, as no waiting helps.
    pub(crate) fn trouble(error: &Error, needs_you: bool) -> Self {
        if error.code() == Code::NotTcp {
            return Resolution { refused: Some(error.problem()), ..Resolution::default() };
        }
        Resolution { trouble: Some(Trouble { problem: error.problem(), needs_you }), ..Resolution::default() }
    }

    /// Whether nothing was found, and nothing wrong.
    pub(super) fn is_empty(&self) -> bool {
        self.endpoints.is_empty() && self.trouble.is_none() && self.refused.is_none()
    }

    fn none_ready(message: String, numbers: Vec<Option<u16>>) -> Self {
        let problem = Problem { code: Code::NoReadyPod, message, next: String::new() };
        Resolution { trouble: Some(Trouble { problem, needs_you: false }), numbers, ..Resolution::default() }
    }
}

/// A Service's selector.
///
/// # Errors
/// When it has none.
pub(crate) fn selector_of(service: &Service, target: &Target) -> Result<String, Error> {
    let target = target.clone();
    if service::is_external(service) {
        let host = service.spec.as_ref().and_then(|spec| spec.external_name.clone()).unwrap_or_default();
        return Err(Error::ExternalName { target, host });
    }
    match service::selector(service) {
        Some(labels) => Ok(labels_selector(labels).to_string()),
        None => Err(Error::NoSelector { target }),
    }
}

/// The ports of a Service that the forward asks for, in the forward's order.
fn chosen<'a>(forward: &Forward, service: &'a Service) -> Result<Vec<&'a ServicePort>, Error> {
    let declared = service::ports(service);
    let of = forward.target.to_string();
    forward.ports.iter().map(|map| service_port(&of, declared, &map.remote)).collect()
}

/// The endpoints of a Service as its slices list them, none where none of them takes connections; and whether one of them
/// is ready, rather than on its way out. `pods` are those of its selector, where they are known: slices are written after
/// the fact.
pub(super) fn listed(
    forward: &Forward,
    service: &Service,
    listed: &[&Listed],
    pods: Option<&[&Pod]>,
) -> (Resolution, bool) {
    let chosen = match chosen(forward, service) {
        Ok(chosen) => chosen,
        Err(error) => return (Resolution::trouble(&error, true), false),
    };
    let known = |one: &Listed| match pods?.iter().find(|pod| pod.metadata.uid.as_ref() == Some(&one.uid)) {
        Some(pod) => pod::is_terminating(pod).then_some(Standing::Leaving),
        // Its selector finds it no more: it was deleted at once, or its labels were changed.
        None => one.selected.then_some(Standing::Gone),
    };
    let mut endpoints = Vec::new();
    let mut any_ready = false;
    for (slot, wanted) in chosen.iter().enumerate() {
        let serving = listed::serving(listed, known, |one| {
            // A headless Service is only a name: clients connect to the pod's port of the same number.
            if service::is_headless(service) {
                return u16::try_from(wanted.port).ok();
            }
            let name = wanted.name.as_deref().unwrap_or_default();
            one.ports.iter().find(|(of, _)| of == name).map(|(_, port)| *port)
        });
        any_ready |= serving.iter().any(|one| one.standing == Standing::Ready);
        let endpoint = |one: Serving| Endpoint { slot, pod: one.pod.into(), uid: one.uid.into(), port: one.port };
        endpoints.extend(serving.into_iter().map(endpoint));
    }
    let resolution = Resolution {
        endpoints,
        numbers: chosen.iter().map(|p| u16::try_from(p.port).ok()).collect(),
        affinity: service::has_affinity(service),
        restarts: pod::restarts_of(pods.unwrap_or_default().iter().copied()),
        ..Resolution::default()
    };
    (resolution, any_ready)
}

/// Adds the words to what [`listed`] found no endpoint in. `why` tells why its pods cannot say more.
pub(super) fn none_listed(forward: &Forward, found: Resolution, why: Option<&Problem>) -> Resolution {
    let mut message = format!("{} has no endpoint that is ready.", forward.target);
    if let Some(why) = why {
        message.push_str(&format!(" Its pods could not be looked at: {}", why.message));
    }
    Resolution { affinity: found.affinity, ..Resolution::none_ready(message, found.numbers) }
}

/// The endpoints of a Service: its ready pods, each at what targetPort means in that pod.
pub(crate) fn service(forward: &Forward, service: &Service, pods: Vec<&Pod>) -> Resolution {
    let headless = service::is_headless(service);
    let of = forward.target.to_string();
    let chosen = match chosen(forward, service) {
        Ok(chosen) => chosen,
        Err(error) => return Resolution::trouble(&error, true),
    };
    let publishes_all = service::publishes_all(service);
    let serves = |pod: &Pod| serves(pod) || publishes_all && pod::is_running(pod) && !pod::is_terminating(pod);
    let numbers = chosen.iter().map(|p| u16::try_from(p.port).ok()).collect();
    let in_pod = |pod: &Pod, slot: usize| {
        let port: &ServicePort = chosen[slot];
        // A headless Service is only a name: clients connect to the pod's port of the same number.
        if headless { u16::try_from(port.port).ok() } else { service::port_in_pod(port, pod) }
    };
    let resolution =
        Resolution { affinity: service::has_affinity(service), ..ready(forward, &pods, numbers, (serves, in_pod)) };
    // Ready pods, but no endpoint: a targetPort that none of them has.
    if resolution.endpoints.is_empty() && pods.iter().any(|p| serves(p)) {
        let known = pods.iter().flat_map(|p| pod::declared_ports(p)).map(|p| pod::in_words(&p));
        let mut known: Vec<String> = known.collect();
        known.sort();
        known.dedup();
        let wanted = chosen.iter().find_map(|p| match &p.target_port {
            Some(IntOrString::String(name)) => Some(PortRef::Name(name.clone())),
            _ => None,
        });
        if let Some(wanted) = wanted {
            let of = format!("No pod of {of}");
            let problem = Problem {
                code: Code::PortNotFound,
                message: format!(
                    "{of} has a container port {wanted}, which the Service's targetPort names; they have {}.",
                    list(known)
                ),
                next: "Correct the Service's targetPort or the container's port name, or forward to a pod by number."
                    .into(),
            };
            return Resolution { trouble: Some(Trouble { problem, needs_you: true }), ..Resolution::default() };
        }
    }
    resolution
}

/// The TCP port of a Service that the user named.
///
/// # Errors
/// When there is none.
pub(crate) fn service_port<'a>(
    of: &str,
    declared: &'a [ServicePort],
    wanted: &PortRef,
) -> Result<&'a ServicePort, Error> {
    let same = |p: &&ServicePort| match wanted {
        PortRef::Number(number) => p.port == i32::from(*number),
        PortRef::Name(name) => p.name.as_deref() == Some(name),
    };
    let named: Vec<&ServicePort> = declared.iter().filter(same).collect();
    if let Some(port) = named.iter().find(|p| service::protocol(p) == "TCP") {
        return Ok(port);
    }
    if let Some(other) = named.first() {
        return Err(Error::NotTcp {
            of: of.to_owned(),
            wanted: wanted.clone(),
            protocol: service::protocol(other).to_owned(),
        });
    }
    Err(Error::PortNotFound {
        of: of.to_owned(),
        wanted: wanted.clone(),
        known: declared.iter().map(service::port_in_words).collect(),
    })
}

/// The endpoints of a workload or a selector: its ready pods, each at the container port that the user named.
pub(crate) fn ready_pods(forward: &Forward, pods: Vec<&Pod>) -> Resolution {
    // What is wrong with a port is told by the pod that would be chosen.
    let best = pods.iter().filter(|p| serves(p)).min_by_key(|p| pod::preference(p)).or(pods.first());
    let mut numbers = Vec::with_capacity(forward.ports.len());
    for map in &forward.ports {
        match best.map(|pod| pod::port_number(pod, &map.remote)) {
            Some(Ok(number)) => numbers.push(Some(number)),
            Some(Err(error)) => return Resolution::trouble(&error, true),
            None => numbers.push(None),
        }
    }
    let in_pod = |pod: &Pod, slot: usize| pod::port_number(pod, &forward.ports[slot].remote).ok();
    ready(forward, &pods, numbers, (serves, in_pod))
}

fn serves(pod: &Pod) -> bool {
    pod::is_ready(pod) && !pod::is_terminating(pod)
}

fn ready(
    forward: &Forward,
    pods: &[&Pod],
    numbers: Vec<Option<u16>>,
    (serves, in_pod): (impl Fn(&Pod) -> bool, impl Fn(&Pod, usize) -> Option<u16>),
) -> Resolution {
    let mut serving: Vec<&&Pod> = pods.iter().filter(|p| serves(p)).collect();
    serving.sort_by_cached_key(|p| pod::preference(p));
    let slots = 0..forward.ports.len();
    let endpoints: Vec<Endpoint> = serving
        .iter()
        .flat_map(|p| slots.clone().filter_map(|slot| Some(endpoint(p, slot, in_pod(p, slot)?))))
        .collect();
    let restarts = pod::restarts_of(pods.iter().copied());
    if !endpoints.is_empty() {
        return Resolution { endpoints, numbers, restarts, ..Resolution::default() };
    }
    let target = &forward.target;
    let message = match pods {
        [] => format!("{target} has no pod in namespace “{}”.", forward.namespace),
        [one] => format!("The only pod of {target} is not ready: {}.", pod::why_not_ready(one)),
        many => {
            let newest = many.iter().max_by_key(|p| pod::created_at(p));
            let why = newest.map(|p| format!("{} is {}", p.name_any(), pod::why_not_ready(p))).unwrap_or_default();
            format!("None of the {} pods of {target} is ready: {why}.", many.len())
        }
    };
    Resolution { restarts, ..Resolution::none_ready(message, numbers) }
}

/// The endpoints of a direct tunnel: a running container is enough, ready or not, terminating or not.
pub(crate) fn pod(forward: &Forward, pod: &Pod) -> Resolution {
    let mut numbers = Vec::with_capacity(forward.ports.len());
    for map in &forward.ports {
        match pod::port_number(pod, &map.remote) {
            Ok(number) => numbers.push(number),
            Err(error) => return Resolution::trouble(&error, true),
        }
    }
    let known = Resolution {
        numbers: numbers.iter().copied().map(Some).collect(),
        restarts: pod::restarts_of([pod]),
        terminating_at: pod::terminating_at(pod),
        ..Resolution::default()
    };
    if !pod::is_running(pod) {
        let problem = Problem {
            code: Code::PodNotRunning,
            message: format!("No container of pod/{} runs: {}.", pod.name_any(), pod::why_not_ready(pod)),
            next: String::new(),
        };
        return Resolution { trouble: Some(Trouble { problem, needs_you: false }), ..known };
    }
    let endpoints = numbers.iter().enumerate().map(|(slot, port)| endpoint(pod, slot, *port)).collect();
    Resolution { endpoints, ..known }
}

fn endpoint(pod: &Pod, slot: usize, port: u16) -> Endpoint {
    Endpoint { slot, pod: pod.name_any(), uid: pod.metadata.uid.clone().unwrap_or_default(), port }
}
