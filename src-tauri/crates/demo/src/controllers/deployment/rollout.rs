//! How many pods each ReplicaSet of a Deployment shall have: arithmetic, as Kubernetes does it.

use k8s_openapi::{api::apps::v1::DeploymentSpec, apimachinery::pkg::util::intstr::IntOrString};

/// How one template takes the other's place; numbers of pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strategy {
    /// All old ones go, then all new ones come.
    Recreate,
    /// By and by.
    Rolling { unavailable: i32, surge: i32 },
}

/// A quarter, where nobody says.
const DEFAULT: &str = "25%";

impl Strategy {
    pub(super) fn of(spec: &DeploymentSpec) -> Strategy {
        let strategy = spec.strategy.as_ref();
        if strategy.and_then(|strategy| strategy.type_.as_deref()) == Some("Recreate") {
            return Strategy::Recreate;
        }
        let replicas = spec.replicas.unwrap_or(1);
        let rolling = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
        let surge = share(rolling.and_then(|rolling| rolling.max_surge.as_ref()), replicas, Round::Up);
        let unavailable = share(rolling.and_then(|rolling| rolling.max_unavailable.as_ref()), replicas, Round::Down);
        // With neither, nothing could ever change.
        let unavailable = if surge == 0 && unavailable == 0 { 1 } else { unavailable };
        Strategy::Rolling { unavailable: unavailable.min(replicas), surge }
    }

    pub(super) fn surge(self) -> i32 {
        match self {
            Strategy::Recreate => 0,
            Strategy::Rolling { surge, .. } => surge,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::controllers) enum Round {
    Up,
    Down,
}

/// A number of pods, or a share of all of them.
pub(in crate::controllers) fn share(value: Option<&IntOrString>, of: i32, round: Round) -> i32 {
    let text = match value {
        Some(IntOrString::Int(number)) => return (*number).max(0),
        Some(IntOrString::String(text)) => text.as_str(),
        None => DEFAULT,
    };
    let percent: i32 = text.trim_end_matches('%').parse().unwrap_or(0);
    let hundredfold = percent.max(0).saturating_mul(of);
    if round == Round::Up { hundredfold.saturating_add(99) / 100 } else { hundredfold / 100 }
}

/// A ReplicaSet's numbers of pods: those it shall have, those that are there, and those that serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Set {
    pub(super) replicas: i32,
    pub(super) there: i32,
    pub(super) available: i32,
}

/// A Deployment on its way from its older ReplicaSets, the oldest first, to that of its template.
#[derive(Clone, Debug)]
pub(super) struct Rollout {
    pub(super) replicas: i32,
    pub(super) strategy: Strategy,
    pub(super) new: Option<Set>,
    pub(super) old: Vec<Set>,
    /// Whether a pod of an older one is still there.
    pub(super) old_pods: bool,
}

/// What the new ReplicaSet and the old ones shall have.
pub(super) type Numbers = (Option<i32>, Vec<i32>);

impl Rollout {
    /// The next step.
    pub(super) fn next(&self) -> Numbers {
        match self.strategy {
            Strategy::Recreate => {
                let gone = !self.old_pods && self.old.iter().all(|old| old.replicas == 0);
                (self.new.map(|new| if gone { self.replicas } else { new.replicas }), vec![0; self.old.len()])
            }
            Strategy::Rolling { unavailable, surge } => self.roll(unavailable, surge),
        }
    }

    /// Nothing rolls, but the one that has pods is scaled.
    pub(super) fn paused(&self) -> Numbers {
        let mut old: Vec<i32> = self.old.iter().map(|old| old.replicas).collect();
        let active = old.iter().filter(|replicas| **replicas > 0).count();
        match self.new {
            Some(_) if active == 0 => (Some(self.replicas), old),
            None if active == 1 => {
                old.iter_mut().filter(|replicas| **replicas > 0).for_each(|replicas| *replicas = self.replicas);
                (None, old)
            }
            new => (new.map(|new| new.replicas), old),
        }
    }

    fn total(&self) -> i32 {
        self.new.iter().chain(&self.old).map(|set| set.replicas).sum()
    }

    /// First up as far as the surge allows; where there is nothing to add, down as far as enough are available.
    fn roll(&self, unavailable: i32, surge: i32) -> Numbers {
        let old: Vec<i32> = self.old.iter().map(|old| old.replicas).collect();
        let Some(new) = self.new else { return (None, old) };
        // Those that are to go and have not yet been told to are there still.
        let there: i32 = std::iter::once(&new).chain(&self.old).map(|set| set.replicas.max(set.there)).sum();
        let room = (self.replicas + surge - there).max(0);
        let wanted = if new.replicas > self.replicas {
            self.replicas
        } else {
            new.replicas + room.min(self.replicas - new.replicas)
        };
        if wanted != new.replicas {
            return (Some(wanted), old);
        }
        (Some(wanted), self.shrink(old, new, self.replicas - unavailable))
    }

    fn shrink(&self, mut old: Vec<i32>, new: Set, at_least: i32) -> Vec<i32> {
        // The new ones that do not serve yet are not to be counted on.
        let mut may_go = self.total() - at_least - (new.replicas - new.available).max(0);
        for (replicas, set) in old.iter_mut().zip(&self.old) {
            let idle = (*replicas - set.available).clamp(0, may_go.max(0));
            *replicas -= idle;
            may_go -= idle;
        }
        let available: i32 = new.available + self.old.iter().map(|set| set.available).sum::<i32>();
        let mut may_go = may_go.min(available - at_least);
        for replicas in &mut old {
            let going = (*replicas).clamp(0, may_go.max(0));
            *replicas -= going;
            may_go -= going;
        }
        old
    }
}

#[cfg(test)]
mod tests;
