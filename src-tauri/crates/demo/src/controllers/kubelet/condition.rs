//! A pod's status, as its life goes on.

use k8s_openapi::{
    api::core::v1::{
        ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting, ContainerStatus,
        HostIP, PodCondition, PodIP, PodStatus,
    },
    apimachinery::pkg::apis::meta::v1::Time,
};

use super::plan::{Container, Plan, Restart};

/// What a container does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Not yet, or not again.
    Waiting { reason: &'static str, message: Option<String> },
    /// It runs.
    Running { since: Time },
    /// It has ended.
    Ended(End),
}

/// How a container has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub(super) code: i32,
    pub(super) since: Option<Time>,
    pub(super) at: Time,
    /// The run that it was the end of.
    pub(super) run: i32,
}

/// What a container does, and has done.
#[derive(Clone, Debug)]
pub(super) struct Doing {
    pub(super) state: State,
    pub(super) ready: bool,
    pub(super) restarts: i32,
    pub(super) last: Option<End>,
}

impl Doing {
    /// Not yet.
    pub(super) fn creating() -> Self {
        let state = State::Waiting { reason: "ContainerCreating", message: None };
        Doing { state, ready: false, restarts: 0, last: None }
    }

    fn started(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }
}

/// All of a pod, as its status says it.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) host: String,
    /// Told once it has one.
    pub(super) address: Option<String>,
    pub(super) began: Time,
    /// Since when it is ready, or is not.
    turned: (bool, Time),
    pub(super) doing: Vec<Doing>,
    /// Whether the pod is being deleted: what has ended then does not start again.
    pub(super) ending: bool,
}

impl Condition {
    pub(super) fn new(host: String, now: Time, containers: usize) -> Self {
        let doing = std::iter::repeat_with(Doing::creating).take(containers).collect();
        Condition { host, address: None, began: now.clone(), turned: (false, now), doing, ending: false }
    }

    /// As the pod's status.
    pub(super) fn status(&mut self, plan: &Plan, now: &Time) -> PodStatus {
        let ready = !self.doing.is_empty() && self.doing.iter().all(|doing| doing.ready);
        if self.turned.0 != ready {
            self.turned = (ready, now.clone());
        }
        let phase = phase(plan.restart, self.ending, &self.doing);
        PodStatus {
            phase: Some(phase.into()),
            host_ip: Some(self.host.clone()),
            host_ips: Some(vec![HostIP { ip: self.host.clone() }]),
            pod_ip: self.address.clone(),
            pod_ips: self.address.clone().map(|ip| vec![PodIP { ip }]),
            start_time: Some(self.began.clone()),
            qos_class: Some("BestEffort".into()),
            conditions: Some(self.conditions(plan, phase)),
            container_statuses: Some(
                plan.containers.iter().zip(&self.doing).map(|(c, doing)| container(plan, c, doing)).collect(),
            ),
            ..PodStatus::default()
        }
    }

    fn conditions(&self, plan: &Plan, phase: &str) -> Vec<PodCondition> {
        let unready: Vec<&str> = plan
            .containers
            .iter()
            .zip(&self.doing)
            .filter(|(_, doing)| !doing.ready)
            .map(|(c, _)| c.name.as_str())
            .collect();
        let (ready, since) = (self.turned.0, Some(self.turned.1.clone()));
        let (reason, message) = match phase {
            _ if ready => (None, None),
            "Succeeded" => (Some("PodCompleted".to_owned()), None),
            "Failed" => (Some("PodFailed".to_owned()), None),
            _ => (
                Some("ContainersNotReady".to_owned()),
                Some(format!("containers with unready status: [{}]", unready.join(" "))),
            ),
        };
        let condition = |type_: &str, holds: bool, since: Option<Time>| PodCondition {
            type_: type_.into(),
            status: if holds { "True" } else { "False" }.into(),
            last_transition_time: since,
            ..PodCondition::default()
        };
        let open = |type_: &str| PodCondition {
            reason: reason.clone(),
            message: message.clone(),
            ..condition(type_, ready, since.clone())
        };
        vec![
            condition("Initialized", true, Some(self.began.clone())),
            open("Ready"),
            open("ContainersReady"),
            condition("PodScheduled", true, Some(self.began.clone())),
        ]
    }
}

fn phase(restart: Restart, ending: bool, doing: &[Doing]) -> &'static str {
    let ended = |doing: &Doing| match &doing.state {
        State::Ended(end) => Some(end.code),
        _ => None,
    };
    let codes: Vec<i32> = doing.iter().filter_map(ended).collect();
    if !doing.is_empty() && codes.len() == doing.len() {
        let good = codes.iter().all(|code| *code == 0);
        return match restart {
            // They start again in a moment.
            Restart::Always if !ending => "Running",
            Restart::OnFailure if !good && !ending => "Running",
            _ if good => "Succeeded",
            _ => "Failed",
        };
    }
    let never_ran = |doing: &Doing| matches!(doing.state, State::Waiting { .. }) && doing.last.is_none();
    if doing.iter().any(never_ran) { "Pending" } else { "Running" }
}

fn container(plan: &Plan, container: &Container, doing: &Doing) -> ContainerStatus {
    let ran = doing.started() || matches!(doing.state, State::Ended(_));
    let run = if ran { Some(doing.restarts) } else { doing.last.as_ref().map(|end| end.run) };
    ContainerStatus {
        name: container.name.clone(),
        image: container.image.clone(),
        image_id: if run.is_some() { image_id(&container.image) } else { String::new() },
        container_id: run.map(|run| container_id(plan, container, run)),
        ready: doing.ready,
        started: Some(doing.started()),
        restart_count: doing.restarts,
        state: Some(state(plan, container, &doing.state)),
        last_state: Some(
            doing.last.as_ref().map_or_else(ContainerState::default, |end| terminated(plan, container, end)),
        ),
        ..ContainerStatus::default()
    }
}

fn state(plan: &Plan, container: &Container, state: &State) -> ContainerState {
    match state {
        State::Waiting { reason, message } => ContainerState {
            waiting: Some(ContainerStateWaiting { reason: Some((*reason).into()), message: message.clone() }),
            ..ContainerState::default()
        },
        State::Running { since } => ContainerState {
            running: Some(ContainerStateRunning { started_at: Some(since.clone()) }),
            ..ContainerState::default()
        },
        State::Ended(end) => terminated(plan, container, end),
    }
}

fn terminated(plan: &Plan, container: &Container, end: &End) -> ContainerState {
    let ended = ContainerStateTerminated {
        exit_code: end.code,
        reason: Some(if end.code == 0 { "Completed" } else { "Error" }.into()),
        started_at: end.since.clone(),
        finished_at: Some(end.at.clone()),
        container_id: Some(container_id(plan, container, end.run)),
        ..ContainerStateTerminated::default()
    };
    ContainerState { terminated: Some(ended), ..ContainerState::default() }
}

/// 64 digits, as real ones have; another for each run.
fn container_id(plan: &Plan, container: &Container, run: i32) -> String {
    let at = plan.containers.iter().position(|other| other.name == container.name).unwrap_or(0);
    format!("containerd://{}{:016x}{:016x}", plan.uid.replace('-', ""), at, run)
}

/// The same for each pod of an image.
fn image_id(image: &str) -> String {
    let hash = image
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("sha256:{}", format!("{hash:016x}").repeat(4))
}
