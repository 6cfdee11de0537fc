//! What one pod lacks to be ready, read off its status.

use k8s_openapi::api::core::v1::{Container, ContainerStatus, Node, Pod, PodCondition};
use kube::ResourceExt;

use crate::explain::probe_line;

/// Why a pod is not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ailment {
    /// Reads on after the pod's name: `crashes: it ended with exit code 1`.
    pub(super) words: String,
    /// The fields that say so, and their values.
    pub(super) read: Vec<(String, String)>,
    care: Care,
}

/// What helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Care {
    /// What the program printed before it ended.
    Log,
    /// What it prints now, and what the probe was answered.
    Probe,
    /// What is wrong with what the pod is made of.
    Describe,
    /// Its image.
    Image,
    /// Room on a node.
    Room,
    /// Its node.
    Node,
    /// Nothing yet.
    Wait,
}

impl Ailment {
    fn new(care: Care, words: impl Into<String>) -> Self {
        Ailment { words: words.into(), read: Vec::new(), care }
    }

    fn reading(mut self, field: impl Into<String>, value: impl Into<String>) -> Self {
        self.read.push((field.into(), value.into()));
        self
    }

    /// What to do about it.
    pub(super) fn next(&self, namespace: &str, pod: &Pod) -> String {
        let name = pod.name_any();
        match self.care {
            Care::Log => format!("Read what it said last: kubectl -n {namespace} logs {name} --previous"),
            Care::Probe => format!(
                "Ask it yourself through a tunnel to pod/{name}; what the probe was answered, kubectl -n {namespace} describe pod {name} shows."
            ),
            Care::Describe => format!("Its events say more: kubectl -n {namespace} describe pod {name}"),
            Care::Image => "Correct the image's name or tag, or give the pod a secret that may pull it.".into(),
            Care::Room => {
                "Make room on a node, or ask for less: look at the pod's requests, nodeSelector and tolerations.".into()
            }
            Care::Node => "Look at the node; its pods are replaced once it is given up.".into(),
            Care::Wait => "Wait a moment, and look again.".into(),
        }
    }
}

/// What this pod lacks. `nodes` are those that there are, where they may be read.
pub(super) fn of(pod: &Pod, nodes: Option<&[Node]>) -> Ailment {
    unscheduled(pod).or_else(|| node_down(pod, nodes)).or_else(|| container(pod)).unwrap_or_else(|| conditions(pod))
}

fn condition<'a>(pod: &'a Pod, kind: &str) -> Option<&'a PodCondition> {
    pod.status.as_ref()?.conditions.as_ref()?.iter().find(|condition| condition.type_ == kind)
}

fn unscheduled(pod: &Pod) -> Option<Ailment> {
    let scheduled = condition(pod, "PodScheduled").filter(|condition| condition.status == "False")?;
    let message = scheduled.message.clone().unwrap_or_default();
    let ailment = Ailment::new(Care::Room, "is Pending: no node takes it").reading("status.phase", "Pending");
    Some(ailment.reading("status.conditions.PodScheduled", message))
}

fn node_down(pod: &Pod, nodes: Option<&[Node]>) -> Option<Ailment> {
    let name = pod.spec.as_ref()?.node_name.as_ref()?;
    let node = nodes?.iter().find(|node| node.name_any() == *name)?;
    let ready = node.status.as_ref()?.conditions.as_ref()?.iter().find(|condition| condition.type_ == "Ready")?;
    (ready.status != "True").then(|| {
        let message = ready.message.clone().unwrap_or_else(|| ready.status.clone());
        Ailment::new(Care::Node, format!("is on the node {name}, which is not ready"))
            .reading("spec.nodeName", name)
            .reading(format!("node/{name} status.conditions.Ready"), message)
    })
}

/// The first container that is not well; init containers come first, as they run first.
fn container(pod: &Pod) -> Option<Ailment> {
    let status = pod.status.as_ref()?;
    let first = status.init_container_statuses.iter().flatten().map(|status| ("init container", status));
    let then = status.container_statuses.iter().flatten().map(|status| ("container", status));
    first.chain(then).find_map(|(kind, status)| of_container(pod, kind, status))
}

fn of_container(pod: &Pod, kind: &str, status: &ContainerStatus) -> Option<Ailment> {
    let name = &status.name;
    let state = status.state.as_ref()?;
    let place = if kind == "container" { "containerStatuses" } else { "initContainerStatuses" };
    let field = |rest: &str| format!("status.{place}.{name}.{rest}");
    if let Some(waiting) = &state.waiting {
        let reason = waiting.reason.clone().unwrap_or_default();
        let message = waiting.message.clone().unwrap_or_default();
        let read = |ailment: Ailment| {
            let said = if message.is_empty() { reason.clone() } else { format!("{reason}: {message}") };
            ailment.reading(field("state.waiting"), said)
        };
        return Some(match reason.as_str() {
            "CrashLoopBackOff" => crashes(status, &field).reading(field("state.waiting.reason"), reason),
            "ImagePullBackOff" | "ErrImagePull" | "ErrImageNeverPull" | "InvalidImageName" => read(Ailment::new(
                Care::Image,
                format!("cannot get the image {} ({reason})", image(pod, name).unwrap_or(&status.image)),
            )),
            "ContainerCreating" | "PodInitializing" | "" => read(Ailment::new(Care::Wait, "is being started")),
            _ => read(Ailment::new(Care::Describe, format!("cannot start its {kind} {name} ({reason})"))),
        });
    }
    if let Some(ended) = &state.terminated {
        // An init container has done its work.
        if kind == "init container" && ended.exit_code == 0 {
            return None;
        }
        return Some(
            Ailment::new(Care::Log, format!("has a {kind}, {name}, that ended with exit code {}", ended.exit_code))
                .reading(field("state.terminated.exitCode"), ended.exit_code.to_string()),
        );
    }
    if kind == "init container" {
        let sidecar = declared(pod, name).is_some_and(|of| of.restart_policy.as_deref() == Some("Always"));
        return (!sidecar && state.running.is_some()).then(|| {
            Ailment::new(Care::Wait, format!("waits for its init container {name} to end"))
                .reading(field("state"), "running")
        });
    }
    (state.running.is_some() && !status.ready).then(|| probe_fails(pod, status, &field))
}

fn crashes(status: &ContainerStatus, field: &impl Fn(&str) -> String) -> Ailment {
    let last = status.last_state.as_ref().and_then(|state| state.terminated.as_ref());
    let times = if status.restart_count == 1 { "once".into() } else { format!("{} times", status.restart_count) };
    let ended = last.map(|end| {
        let reason = end.reason.as_ref().filter(|reason| *reason != "Error").map(|reason| format!(" ({reason})"));
        format!(", the last time with exit code {}{}", end.exit_code, reason.unwrap_or_default())
    });
    let words =
        format!("crashes: its container {} was restarted {times}{}", status.name, ended.clone().unwrap_or_default());
    let ailment = Ailment::new(Care::Log, words).reading(field("restartCount"), status.restart_count.to_string());
    match last {
        Some(end) => ailment.reading(field("lastState.terminated.exitCode"), end.exit_code.to_string()),
        None => ailment,
    }
}

fn probe_fails(pod: &Pod, status: &ContainerStatus, field: &impl Fn(&str) -> String) -> Ailment {
    let ready = condition(pod, "Ready").and_then(|condition| condition.message.clone());
    let probe = declared(pod, &status.name).and_then(|container| container.readiness_probe.as_ref());
    let words = match probe {
        Some(_) => "runs, but its readiness probe fails",
        None => "runs, and is not ready yet",
    };
    let restarts = match status.restart_count {
        0 => String::new(),
        1 => "; it was restarted once".into(),
        many => format!("; it was restarted {many} times"),
    };
    let mut ailment = Ailment::new(Care::Probe, format!("{words}{restarts}")).reading(field("ready"), "false");
    if let Some(probe) = probe {
        ailment = ailment.reading(format!("spec.containers.{}.readinessProbe", status.name), probe_line(probe));
    }
    match ready {
        Some(message) => ailment.reading("status.conditions.Ready", message),
        None => ailment,
    }
}

/// What is left when all containers are well: a gate, or a kubelet that has not spoken yet.
fn conditions(pod: &Pod) -> Ailment {
    if let Some(reason) = pod.status.as_ref().and_then(|status| status.reason.clone()) {
        let message = pod.status.as_ref().and_then(|status| status.message.clone()).unwrap_or_default();
        return Ailment::new(Care::Describe, format!("is {reason}")).reading("status.reason", message);
    }
    match condition(pod, "Ready").and_then(|ready| Some((ready.reason.clone()?, ready.message.clone()))) {
        Some((reason, message)) if reason == "ReadinessGatesNotReady" => {
            let ailment = Ailment::new(Care::Describe, "runs, but a readiness gate of it is not met");
            ailment.reading("status.conditions.Ready", message.unwrap_or(reason))
        }
        _ => {
            let phase = pod.status.as_ref().and_then(|status| status.phase.clone()).unwrap_or_else(|| "Unknown".into());
            Ailment::new(Care::Wait, "has not said yet how it is").reading("status.phase", phase)
        }
    }
}

fn declared<'a>(pod: &'a Pod, name: &str) -> Option<&'a Container> {
    let spec = pod.spec.as_ref()?;
    let init = spec.init_containers.iter().flatten();
    spec.containers.iter().chain(init).find(|container| container.name == name)
}

/// The image as it was asked for; the status may name another one.
fn image<'a>(pod: &'a Pod, container: &str) -> Option<&'a String> {
    declared(pod, container)?.image.as_ref()
}
