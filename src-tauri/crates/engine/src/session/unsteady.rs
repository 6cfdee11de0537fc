//! Whether a session comes and goes so often that each change is no news any more.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::view::Unstable;
use crate::{error::Problem, phase::Phase, pod::Restarts};

/// So many changes …
const CHANGES: usize = 3;

/// … within this time make a session unstable.
const WITHIN: Duration = Duration::from_secs(60);

/// When a session became active and ceased to be, lately.
#[derive(Debug, Default)]
pub(crate) struct Unsteady {
    changes: VecDeque<Instant>,
    active: Option<bool>,
    /// Why it last ceased to be active.
    reason: Option<Problem>,
    /// What was last known of its containers' restarts.
    restarts: Option<Restarts>,
}

impl Unsteady {
    /// Takes note of a phase.
    pub(crate) fn note(&mut self, phase: &Phase, now: Instant) {
        let active = match phase {
            Phase::Active { .. } => true,
            Phase::Waiting { reason, .. } => {
                self.reason = Some(reason.clone());
                false
            }
            // The first answer is awaited: nothing is known either way.
            _ => return,
        };
        if self.active.replace(active).is_some_and(|before| before != active) {
            self.changes.push_back(now);
        }
    }

    /// Takes note of what is known of the containers' restarts. What once was told stands until more is.
    pub(crate) fn note_restarts(&mut self, restarts: Option<&Restarts>) {
        if restarts.is_some() {
            self.restarts = restarts.cloned();
        }
    }

    /// What is to be said of it now, and when to look again.
    pub(crate) fn look(&mut self, now: Instant) -> (Option<Unstable>, Option<Instant>) {
        while self.changes.front().is_some_and(|at| *at + WITHIN <= now) {
            self.changes.pop_front();
        }
        let look_again = self.changes.front().map(|at| *at + WITHIN);
        let reason = self.reason.clone().filter(|_| self.changes.len() >= CHANGES);
        let changes = u32::try_from(self.changes.len()).unwrap_or(u32::MAX);
        let (restarts, restarted_because) =
            self.restarts.as_ref().map(|known| (known.count, known.reason.clone())).unwrap_or_default();
        (reason.map(|reason| Unstable { changes, reason, restarts, restarted_because }), look_again)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::Code, phase::Endpoint};

    fn active() -> Phase {
        Phase::Active { endpoints: vec![Endpoint { slot: 0, pod: "p".into(), uid: "u".into(), port: 80 }] }
    }

    fn waiting(message: &str) -> Phase {
        let reason = Problem { code: Code::NoReadyPod, message: message.into(), next: String::new() };
        Phase::Waiting { reason, needs_you: false, attempt: 0, retry_at: None }
    }

    #[tokio::test(start_paused = true)]
    async fn three_changes_in_a_minute_are_one_state_until_it_is_quiet_for_a_minute() {
        let mut unsteady = Unsteady::default();
        let began = Instant::now();
        let at = |seconds| began + Duration::from_secs(seconds);
        let changes = |unsteady: &mut Unsteady, seconds| unsteady.look(at(seconds)).0.map(|shown| shown.changes);
        unsteady.note(&active(), at(0));
        unsteady.note(&active(), at(1));
        unsteady.note(&waiting("one"), at(2));
        unsteady.note(&waiting("one, still"), at(3));
        unsteady.note(&active(), at(10));
        assert_eq!(changes(&mut unsteady, 10), None, "twice is a pod that was replaced");
        unsteady.note(&waiting("down"), at(20));
        unsteady.note_restarts(Some(&Restarts { count: 7, reason: "OOMKilled".into() }));
        unsteady.note_restarts(None);
        let (shown, look_again) = unsteady.look(at(20));
        let shown = shown.unwrap();
        assert_eq!((shown.changes, shown.reason.message.as_str()), (3, "down"));
        assert_eq!((shown.restarts, shown.restarted_because.as_str()), (7, "OOMKilled"));
        assert_eq!(look_again, Some(at(62)));
        unsteady.note(&active(), at(61));
        assert_eq!(changes(&mut unsteady, 61), Some(4));
        assert_eq!(changes(&mut unsteady, 62), Some(3));
        assert_eq!(changes(&mut unsteady, 70), None);
        assert_eq!(unsteady.look(at(200)), (None, None));
    }
}
