//! Where a session stands, and the one function that moves it.
//!
//! [`Phase::next`] is pure: it takes a phase and what happened, and gives the next phase. The session task does the
//! work around it and publishes each phase; nothing else writes one.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::Problem;

/// One pod and one of its ports that can take a connection now.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Endpoint {
    /// Which of the forward's ports it serves: an index into `Forward::ports`.
    pub slot: usize,
    /// The pod's name: what the API server is asked for.
    pub pod: String,
    /// The pod's UID: what a tunnel means.
    pub uid: String,
    /// The port in the pod.
    pub port: u16,
}

/// Where a session stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
#[ts(export)]
pub enum Phase {
    /// The first answer of the API server is awaited.
    Resolving,
    /// Connections go to these endpoints. Never empty.
    Active {
        /// Best first, as kubectl would choose.
        endpoints: Vec<Endpoint>,
    },
    /// It ends by itself, when what it waits for is there.
    Waiting {
        /// What for, and what the user can do.
        reason: Problem,
        /// Whether it needs somebody to change something.
        needs_you: bool,
        /// How often the API server was asked in vain; 0 while a watch is open.
        attempt: u32,
        /// When it is asked again, in milliseconds since 1970; `None` while a watch is open and tells by itself.
        #[ts(type = "number | null")]
        retry_at: Option<u64>,
    },
    /// The pod of a direct tunnel is gone. Final.
    Broken {
        /// Which pod went, and what to do.
        reason: Problem,
    },
    /// Bad input, or what only the user can end. Final.
    Failed {
        /// What is wrong, and what would be right.
        error: Problem,
    },
    /// The user ended it. Final.
    Stopped,
}

/// What happens to a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The target is there, and these endpoints serve it; none when `reason` says why.
    Resolved {
        /// Best first.
        endpoints: Vec<Endpoint>,
        /// Why there is none, or none for some port.
        reason: Option<Trouble>,
    },
    /// The API server did not answer, or refused the credentials.
    Lost {
        /// Why.
        reason: Problem,
        /// Whether somebody has to change something.
        needs_you: bool,
        /// How often in a row.
        attempt: u32,
        /// When it is asked again, in milliseconds since 1970.
        retry_at: u64,
    },
    /// The pod of a direct tunnel is gone.
    PodGone {
        /// Which, and what to do.
        reason: Problem,
    },
    /// The forward can never work as it is.
    Refused {
        /// What is wrong.
        error: Problem,
    },
    /// The user ended it.
    Stop,
}

/// Why a target that was looked at has no endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The words and the code.
    pub problem: Problem,
    /// Whether somebody has to change something.
    pub needs_you: bool,
}

impl Phase {
    /// The phase after `event`.
    ///
    /// - `Stopped`, `Broken` and `Failed` are final, but for a stop.
    /// - An `Active` session whose API server falls silent waits: what it shows as open must have been seen to be.
    #[must_use]
    pub fn next(self, event: Event) -> Phase {
        match (self, event) {
            (_, Event::Stop) => Phase::Stopped,
            (done @ (Phase::Stopped | Phase::Broken { .. } | Phase::Failed { .. }), _) => done,
            (_, Event::Refused { error }) => Phase::Failed { error },
            (_, Event::PodGone { reason }) => Phase::Broken { reason },
            (_, Event::Lost { reason, needs_you, attempt, retry_at }) => {
                Phase::Waiting { reason, needs_you, attempt, retry_at: Some(retry_at) }
            }
            (_, Event::Resolved { endpoints, .. }) if !endpoints.is_empty() => Phase::Active { endpoints },
            (_, Event::Resolved { reason: Some(Trouble { problem, needs_you }), .. }) => {
                Phase::Waiting { reason: problem, needs_you, attempt: 0, retry_at: None }
            }
            // Nothing known and nothing wrong: the first answer is still awaited.
            (before, Event::Resolved { reason: None, .. }) => match before {
                Phase::Active { .. } => Phase::Resolving,
                other => other,
            },
        }
    }

    /// Whether the session is over: its port is released and nothing brings it back.
    pub fn is_final(&self) -> bool {
        matches!(self, Phase::Broken { .. } | Phase::Failed { .. } | Phase::Stopped)
    }

    /// The endpoints of all of the forward's ports; none unless Active.
    pub fn all_endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        let all = match self {
            Phase::Active { endpoints } => endpoints.as_slice(),
            _ => &[],
        };
        all.iter()
    }

    /// The endpoints of one of the forward's ports; none unless Active.
    pub fn endpoints(&self, slot: usize) -> impl Iterator<Item = &Endpoint> {
        self.all_endpoints().filter(move |e| e.slot == slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn problem(code: Code) -> Problem {
        Problem { code, message: "m".into(), next: "n".into() }
    }

    fn endpoint(pod: &str) -> Endpoint {
        Endpoint { slot: 0, pod: pod.into(), uid: format!("uid-{pod}"), port: 80 }
    }

    fn active(pod: &str) -> Phase {
        Phase::Active { endpoints: vec![endpoint(pod)] }
    }

    fn resolved(pod: &str) -> Event {
        Event::Resolved { endpoints: vec![endpoint(pod)], reason: None }
    }

    fn none_ready() -> Event {
        Event::Resolved {
            endpoints: vec![],
            reason: Some(Trouble { problem: problem(Code::NoReadyPod), needs_you: false }),
        }
    }

    fn no_selector() -> Event {
        Event::Resolved {
            endpoints: vec![],
            reason: Some(Trouble { problem: problem(Code::NoSelector), needs_you: true }),
        }
    }

    fn lost(attempt: u32) -> Event {
        Event::Lost { reason: problem(Code::Unreachable), needs_you: false, attempt, retry_at: 7 }
    }

    fn waiting(code: Code, needs_you: bool) -> Phase {
        Phase::Waiting { reason: problem(code), needs_you, attempt: 0, retry_at: None }
    }

    fn unreachable(attempt: u32) -> Phase {
        Phase::Waiting { reason: problem(Code::Unreachable), needs_you: false, attempt, retry_at: Some(7) }
    }

    fn broken() -> Phase {
        Phase::Broken { reason: problem(Code::PodGone) }
    }

    fn failed() -> Phase {
        Phase::Failed { error: problem(Code::NotTcp) }
    }

    #[test]
    fn every_transition() {
        let gone = || Event::PodGone { reason: problem(Code::PodGone) };
        let refused = || Event::Refused { error: problem(Code::NotTcp) };
        let table = [
            // from Resolving
            (Phase::Resolving, resolved("a"), active("a")),
            (Phase::Resolving, none_ready(), waiting(Code::NoReadyPod, false)),
            (Phase::Resolving, no_selector(), waiting(Code::NoSelector, true)),
            (Phase::Resolving, lost(1), unreachable(1)),
            (Phase::Resolving, gone(), broken()),
            (Phase::Resolving, refused(), failed()),
            (Phase::Resolving, Event::Resolved { endpoints: vec![], reason: None }, Phase::Resolving),
            (Phase::Resolving, Event::Stop, Phase::Stopped),
            // from Active
            (active("a"), resolved("b"), active("b")),
            (active("a"), none_ready(), waiting(Code::NoReadyPod, false)),
            (active("a"), no_selector(), waiting(Code::NoSelector, true)),
            (active("a"), lost(1), unreachable(1)),
            (active("a"), gone(), broken()),
            (active("a"), refused(), failed()),
            (active("a"), Event::Resolved { endpoints: vec![], reason: None }, Phase::Resolving),
            (active("a"), Event::Stop, Phase::Stopped),
            // from Waiting
            (waiting(Code::NoReadyPod, false), resolved("a"), active("a")),
            (waiting(Code::NoSelector, true), resolved("a"), active("a")),
            (unreachable(3), resolved("a"), active("a")),
            (unreachable(3), lost(4), unreachable(4)),
            (unreachable(3), none_ready(), waiting(Code::NoReadyPod, false)),
            (unreachable(3), gone(), broken()),
            (unreachable(3), refused(), failed()),
            (unreachable(3), Event::Resolved { endpoints: vec![], reason: None }, unreachable(3)),
            (unreachable(3), Event::Stop, Phase::Stopped),
            // what is over stays over
            (broken(), resolved("a"), broken()),
            (broken(), lost(1), broken()),
            (broken(), Event::Stop, Phase::Stopped),
            (failed(), resolved("a"), failed()),
            (failed(), gone(), failed()),
            (failed(), Event::Stop, Phase::Stopped),
            (Phase::Stopped, resolved("a"), Phase::Stopped),
            (Phase::Stopped, lost(1), Phase::Stopped),
            (Phase::Stopped, refused(), Phase::Stopped),
        ];
        for (before, event, after) in table {
            let case = format!("{before:?} + {event:?}");
            assert_eq!(before.next(event), after, "{case}");
        }
    }

    #[test]
    fn only_an_active_session_has_endpoints() {
        let two = Phase::Active { endpoints: vec![endpoint("a"), Endpoint { slot: 1, ..endpoint("b") }] };
        assert_eq!(two.endpoints(0).count(), 1);
        assert_eq!(two.endpoints(1).next().map(|e| e.pod.as_str()), Some("b"));
        assert_eq!(unreachable(1).endpoints(0).count(), 0);
        assert_eq!(broken().endpoints(0).count(), 0);
    }
}
