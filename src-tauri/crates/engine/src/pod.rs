//! What a pod says of itself, as far as tunnels and lists need it.

use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod};

use crate::{error::Error, forward::PortRef, row::RowPort};

/// Without what nobody here reads, and which can be long.
pub(crate) fn slim(mut pod: Pod) -> Pod {
    pod.metadata.managed_fields = None;
    pod.metadata.annotations = None;
    pod
}

/// Whether the Ready condition is true.
pub(crate) fn is_ready(pod: &Pod) -> bool {
    ready_since(pod).is_some()
}

/// Since when the pod is ready, in milliseconds since 1970; `None` if it is not.
fn ready_since(pod: &Pod) -> Option<i64> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let ready = conditions.iter().find(|c| c.type_ == "Ready" && c.status == "True")?;
    Some(ready.last_transition_time.as_ref().map_or(0, |t| t.0.as_millisecond()))
}

/// Whether somebody has asked for its deletion.
pub(crate) fn is_terminating(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_some()
}

/// Whether it has done what it was for, or has failed at it: it serves no more, and never will.
pub(crate) fn is_done(pod: &Pod) -> bool {
    matches!(pod.status.as_ref().and_then(|s| s.phase.as_deref()), Some("Succeeded" | "Failed"))
}

/// Whether at least one container runs, so that something could listen.
pub(crate) fn is_running(pod: &Pod) -> bool {
    statuses(pod).any(|s| s.state.as_ref().is_some_and(|state| state.running.is_some()))
}

fn statuses(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    pod.status.iter().flat_map(|s| s.container_statuses.iter().flatten())
}

/// How often its containers were restarted.
pub(crate) fn restarts(pod: &Pod) -> u32 {
    statuses(pod).map(|s| u32::try_from(s.restart_count).unwrap_or_default()).sum()
}

/// Restarts of a target's containers, and why the last one was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Restarts {
    /// Of all of its pods.
    pub(crate) count: u32,
    /// `OOMKilled, exit code 137`; empty where no pod says.
    pub(crate) reason: String,
}

/// The restarts of these pods; `None` if there were none.
pub(crate) fn restarts_of<'a>(pods: impl IntoIterator<Item = &'a Pod> + Clone) -> Option<Restarts> {
    let count = pods.clone().into_iter().map(restarts).sum();
    let ends = pods.into_iter().flat_map(statuses).filter_map(|s| s.last_state.as_ref()?.terminated.as_ref());
    let last = ends.max_by_key(|end| end.finished_at.as_ref().map(|t| t.0));
    let reason = last.map(|end| {
        let code = format!("exit code {}", end.exit_code);
        end.reason.as_ref().map_or_else(|| code.clone(), |reason| format!("{reason}, {code}"))
    });
    (count > 0).then(|| Restarts { count, reason: reason.unwrap_or_default() })
}

/// When it is to be gone, in milliseconds since 1970, if somebody has asked for its deletion: after its grace period.
pub(crate) fn terminating_at(pod: &Pod) -> Option<u64> {
    let at = pod.metadata.deletion_timestamp.as_ref()?;
    Some(u64::try_from(at.0.as_millisecond()).unwrap_or_default())
}

pub(crate) fn created_at(pod: &Pod) -> u64 {
    let created = pod.metadata.creation_timestamp.as_ref().map_or(0, |t| t.0.as_millisecond());
    u64::try_from(created).unwrap_or_default()
}

/// Sorts best first, as kubectl does among ready pods: ready longest, then fewest restarts, then oldest; the name last,
/// so that the order is total.
pub(crate) fn preference(pod: &Pod) -> impl Ord + use<> {
    (ready_since(pod).unwrap_or(i64::MAX), restarts(pod), created_at(pod), pod.metadata.name.clone())
}

/// kubectl's STATUS column: `Running`, `Pending`, `CrashLoopBackOff`, `Error`, `Completed`, `Terminating`.
pub(crate) fn status(pod: &Pod) -> String {
    if is_terminating(pod) {
        return "Terminating".into();
    }
    if let Some(reason) = pod.status.as_ref().and_then(|s| s.reason.clone()) {
        return reason; // Evicted, NodeLost
    }
    let mut shown = pod.status.as_ref().and_then(|s| s.phase.clone()).unwrap_or_else(|| "Unknown".into());
    for status in statuses(pod) {
        let Some(state) = &status.state else { continue };
        if let Some(waiting) = &state.waiting {
            if let Some(reason) = &waiting.reason {
                shown.clone_from(reason);
            }
        } else if let Some(ended) = &state.terminated {
            shown = match &ended.reason {
                Some(reason) => reason.clone(),
                None => format!("ExitCode:{}", ended.exit_code),
            };
        }
    }
    shown
}

/// Why a pod is not ready, in a few words: `CrashLoopBackOff, exit code 1, 7 restarts`.
pub(crate) fn why_not_ready(pod: &Pod) -> String {
    let mut words = status(pod);
    if words == "Running" {
        words = "running, but its readiness probe fails".into();
    }
    let last_exit = statuses(pod).find_map(|s| Some(s.last_state.as_ref()?.terminated.as_ref()?.exit_code));
    if let Some(code) = last_exit.filter(|_| !is_running(pod)) {
        words.push_str(&format!(", exit code {code}"));
    }
    match restarts(pod) {
        0 => {}
        1 => words.push_str(", 1 restart"),
        n => words.push_str(&format!(", {n} restarts")),
    }
    words
}

/// The containers that serve while the pod runs: the ordinary ones and the sidecars among the init containers.
fn containers(pod: &Pod) -> impl Iterator<Item = &Container> {
    pod.spec.iter().flat_map(|spec| {
        let sidecars = spec.init_containers.iter().flatten().filter(|c| c.restart_policy.as_deref() == Some("Always"));
        spec.containers.iter().chain(sidecars)
    })
}

/// The ports that the containers declare. Others may be open too.
pub(crate) fn ports<'a>(containers: impl Iterator<Item = &'a Container>) -> Vec<RowPort> {
    let declared = containers.flat_map(|c| c.ports.iter().flatten());
    let port = |p: &k8s_openapi::api::core::v1::ContainerPort| {
        Some(RowPort {
            name: p.name.clone().unwrap_or_default(),
            port: u16::try_from(p.container_port).ok()?,
            target: None,
            node_port: None,
            protocol: p.protocol.clone().unwrap_or_else(|| "TCP".into()),
        })
    };
    declared.filter_map(port).collect()
}

/// The ports that the pod's containers declare.
pub(crate) fn declared_ports(pod: &Pod) -> Vec<RowPort> {
    ports(containers(pod))
}

/// The number of a port of this pod that the user named.
///
/// # Errors
/// When a name is not there, or what is there carries no TCP. An undeclared number is taken as it is: it may be open.
pub(crate) fn port_number(pod: &Pod, wanted: &PortRef) -> Result<u16, Error> {
    let of = || format!("pod {}", pod.metadata.name.as_deref().unwrap_or_default());
    let ports = declared_ports(pod);
    let named: Vec<&RowPort> = ports
        .iter()
        .filter(|p| match wanted {
            PortRef::Number(number) => p.port == *number,
            PortRef::Name(name) => p.name == *name,
        })
        .collect();
    if let Some(port) = named.iter().find(|p| p.protocol == "TCP") {
        return Ok(port.port);
    }
    match (named.first(), wanted) {
        (Some(other), _) => Err(Error::NotTcp { of: of(), wanted: wanted.clone(), protocol: other.protocol.clone() }),
        (None, PortRef::Number(number)) => Ok(*number),
        (None, PortRef::Name(_)) => {
            Err(Error::PortNotFound { of: of(), wanted: wanted.clone(), known: ports.iter().map(in_words).collect() })
        }
    }
}

/// `http 8080`, `8080` or `dns 53 UDP`.
pub(crate) fn in_words(port: &RowPort) -> String {
    let mut words = if port.name.is_empty() { port.port.to_string() } else { format!("{} {}", port.name, port.port) };
    if port.protocol != "TCP" {
        words.push(' ');
        words.push_str(&port.protocol);
    }
    words
}
