//! What a Deployment says of itself: what `kubectl rollout status` waits for.

use std::time::Duration;

use k8s_openapi::{
    api::apps::v1::{Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet},
    apimachinery::pkg::apis::meta::v1::Time,
};
use tokio::time::Instant;

use crate::{clock::Clock, controllers::reconcile::Again};

use super::{replicas_of, rollout::Strategy};

/// How long a rollout may stand still, in seconds, where nobody says.
const DEADLINE: i32 = 600;

/// The ReplicaSets of a Deployment.
pub(super) struct Sets {
    pub(super) new: Option<ReplicaSet>,
    pub(super) old: Vec<ReplicaSet>,
}

impl Sets {
    fn sum(&self, of: impl Fn(&ReplicaSet) -> i32) -> i32 {
        self.new.iter().chain(&self.old).map(of).sum()
    }
}

fn counted(set: &ReplicaSet, of: impl Fn(&k8s_openapi::api::apps::v1::ReplicaSetStatus) -> Option<i32>) -> i32 {
    set.status.as_ref().and_then(of).unwrap_or(0)
}

/// The status, and when it may change by itself.
pub(super) fn of(deployment: &Deployment, sets: &Sets, clock: &Clock) -> (DeploymentStatus, Again) {
    let before = deployment.status.clone().unwrap_or_default();
    let available = sets.sum(|set| counted(set, |status| status.available_replicas));
    let some = |count: i32| Some(count).filter(|count| *count > 0);
    let mut status = DeploymentStatus {
        replicas: some(sets.sum(|set| counted(set, |status| Some(status.replicas)))),
        updated_replicas: some(sets.new.as_ref().map_or(0, |set| counted(set, |status| Some(status.replicas)))),
        ready_replicas: some(sets.sum(|set| counted(set, |status| status.ready_replicas))),
        available_replicas: some(available),
        unavailable_replicas: some(sets.sum(replicas_of) - available),
        observed_generation: deployment.metadata.generation,
        collision_count: before.collision_count,
        ..DeploymentStatus::default()
    };
    let now = clock.now();
    let mut conditions = before.conditions.clone().unwrap_or_default();
    set(&mut conditions, "Available", availability(deployment, available), false, &now);
    let (progress, moved) = progress(deployment, sets, &before, &status, &now);
    set(&mut conditions, "Progressing", progress, moved, &now);
    let again = deadline(deployment, &conditions, &now);
    status.conditions = Some(conditions);
    (status, again)
}

/// A condition's status, reason and message.
struct Said(&'static str, String, String);

fn said(status: &'static str, reason: &str, message: &str) -> Said {
    Said(status, reason.into(), message.into())
}

fn availability(deployment: &Deployment, available: i32) -> Said {
    let spec = deployment.spec.as_ref();
    let replicas = spec.and_then(|spec| spec.replicas).unwrap_or(1);
    let unavailable = match spec.map(Strategy::of) {
        Some(Strategy::Rolling { unavailable, .. }) => unavailable,
        _ => 0,
    };
    if available >= replicas - unavailable {
        said("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        said("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    }
}

const DONE: &str = "NewReplicaSetAvailable";

/// How the rollout goes, and whether it has moved just now.
fn progress(
    deployment: &Deployment,
    sets: &Sets,
    before: &DeploymentStatus,
    status: &DeploymentStatus,
    now: &Time,
) -> (Said, bool) {
    let set = sets.new.as_ref().and_then(|set| set.metadata.name.as_deref()).unwrap_or_default();
    let replicas = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let all = |count: Option<i32>| count.unwrap_or(0) == replicas;
    let known = progressing(before);
    let was_done = known.is_some_and(|known| known.reason.as_deref() == Some(DONE));
    if all(status.updated_replicas) && all(status.replicas) && all(status.available_replicas) {
        return (said("True", DONE, &format!("ReplicaSet \"{set}\" has successfully progressed.")), !was_done);
    }
    let Some(known) = known else {
        return (said("True", "NewReplicaSetCreated", &format!("Created new replica set \"{set}\"")), true);
    };
    // Once it has come to its end, a pod that misses is no rollout that stands still.
    let rolls = status.updated_replicas != status.replicas;
    if (was_done && rolls) || (!was_done && moved(before, status)) {
        return (said("True", "ReplicaSetUpdated", &format!("ReplicaSet \"{set}\" is progressing.")), true);
    }
    let since = known.last_update_time.as_ref().map_or(0, |since| now.0.duration_since(since.0).as_secs());
    if !was_done && since >= i64::from(limit(deployment)) {
        let message = format!("ReplicaSet \"{set}\" has timed out progressing.");
        return (said("False", "ProgressDeadlineExceeded", &message), false);
    }
    let status = if known.status == "False" { "False" } else { "True" };
    let (reason, message) = (known.reason.as_deref(), known.message.as_deref());
    (said(status, reason.unwrap_or_default(), message.unwrap_or_default()), false)
}

/// Whether more pods are new, or serve, or fewer are old.
fn moved(before: &DeploymentStatus, now: &DeploymentStatus) -> bool {
    let old = |of: &DeploymentStatus| of.replicas.unwrap_or(0) - of.updated_replicas.unwrap_or(0);
    now.updated_replicas > before.updated_replicas
        || old(now) < old(before)
        || now.ready_replicas > before.ready_replicas
        || now.available_replicas > before.available_replicas
}

fn limit(deployment: &Deployment) -> i32 {
    deployment.spec.as_ref().and_then(|spec| spec.progress_deadline_seconds).unwrap_or(DEADLINE)
}

fn progressing(status: &DeploymentStatus) -> Option<&DeploymentCondition> {
    status.conditions.iter().flatten().find(|condition| condition.type_ == "Progressing")
}

fn set(conditions: &mut Vec<DeploymentCondition>, type_: &str, said: Said, moved: bool, now: &Time) {
    let Said(status, reason, message) = said;
    let before = conditions.iter().position(|condition| condition.type_ == type_).map(|at| conditions.remove(at));
    let same = before.as_ref().is_some_and(|before| before.status == status);
    let told = same && before.as_ref().is_some_and(|before| before.reason.as_ref() == Some(&reason));
    let since = |time: Option<Time>, kept: bool| Some(time.filter(|_| kept).unwrap_or_else(|| now.clone()));
    let (updated, transition) = before.map_or((None, None), |b| (b.last_update_time, b.last_transition_time));
    let condition = DeploymentCondition {
        type_: type_.into(),
        status: status.into(),
        reason: Some(reason),
        message: Some(message),
        last_update_time: since(updated, told && !moved),
        last_transition_time: since(transition, same),
    };
    // In one order, that an unchanged status is equal.
    let at = usize::from(type_ == "Progressing").min(conditions.len());
    conditions.insert(at, condition);
}

/// When the rollout has stood still for too long.
fn deadline(deployment: &Deployment, conditions: &[DeploymentCondition], now: &Time) -> Again {
    let condition = conditions.iter().find(|condition| condition.type_ == "Progressing")?;
    if !matches!(condition.reason.as_deref(), Some("NewReplicaSetCreated" | "ReplicaSetUpdated")) {
        return None;
    }
    let gone = now.0.duration_since(condition.last_update_time.as_ref()?.0).as_secs();
    let left = u64::try_from(i64::from(limit(deployment)) - gone).unwrap_or(0);
    // The clock tells whole seconds.
    Some(Instant::now() + Duration::from_secs(left.saturating_add(1)))
}
