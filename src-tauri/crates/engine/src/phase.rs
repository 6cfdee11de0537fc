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
    /// These endpoints serve the target, and the way to one of them at least has been proven, where that can be.
    Open {
        /// Best first; one at least.
        endpoints: Vec<Endpoint>,
    },
    /// These endpoints serve the target, and whether a way to any of them works is being found out.
    Trying {
        /// Best first; one at least.
        endpoints: Vec<Endpoint>,
    },
    /// The target has no endpoint.
    Nowhere {
        /// Why, where that is known.
        reason: Option<Trouble>,
    },
    /// The API server did not answer or refused the credentials, or no way to an endpoint works.
    Lost {
        /// Why.
        reason: Problem,
        /// Whether somebody has to change something.
        needs_you: bool,
        /// How often in a row.
        attempt: u32,
        /// When it is tried again, in milliseconds since 1970.
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
    /// - Only what has been proven makes a session `Active`. One that is stays so while the way to another endpoint is
    ///   tried, which takes 10 s at most and then is `Open` or `Lost`.
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
            (_, Event::Open { endpoints }) | (Phase::Active { .. }, Event::Trying { endpoints }) => {
                Phase::Active { endpoints }
            }
            (before, Event::Trying { .. }) => before,
            (_, Event::Nowhere { reason: Some(Trouble { problem, needs_you }) }) => {
                Phase::Waiting { reason: problem, needs_you, attempt: 0, retry_at: None }
            }
            // Nothing known and nothing wrong: the first answer is still awaited.
            (Phase::Active { .. }, Event::Nowhere { reason: None }) => Phase::Resolving,
            (before, Event::Nowhere { reason: None }) => before,
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

    fn open(pod: &str) -> Event {
        Event::Open { endpoints: vec![endpoint(pod)] }
    }

    fn trying(pod: &str) -> Event {
        Event::Trying { endpoints: vec![endpoint(pod)] }
    }

    fn nothing() -> Event {
        Event::Nowhere { reason: None }
    }

    fn none_ready() -> Event {
        Event::Nowhere { reason: Some(Trouble { problem: problem(Code::NoReadyPod), needs_you: false }) }
    }

    fn no_selector() -> Event {
        Event::Nowhere { reason: Some(Trouble { problem: problem(Code::NoSelector), needs_you: true }) }
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
            (Phase::Resolving, open("a"), active("a")),
            (Phase::Resolving, none_ready(), waiting(Code::NoReadyPod, false)),
            (Phase::Resolving, no_selector(), waiting(Code::NoSelector, true)),
            (Phase::Resolving, lost(1), unreachable(1)),
            (Phase::Resolving, gone(), broken()),
            (Phase::Resolving, refused(), failed()),
            (Phase::Resolving, nothing(), Phase::Resolving),
            (Phase::Resolving, Event::Stop, Phase::Stopped),
            (Phase::Resolving, trying("a"), Phase::Resolving),
            // from Active
            (active("a"), trying("b"), active("b")),
            (active("a"), open("b"), active("b")),
            (active("a"), none_ready(), waiting(Code::NoReadyPod, false)),
            (active("a"), no_selector(), waiting(Code::NoSelector, true)),
            (active("a"), lost(1), unreachable(1)),
            (active("a"), gone(), broken()),
            (active("a"), refused(), failed()),
            (active("a"), nothing(), Phase::Resolving),
            (active("a"), Event::Stop, Phase::Stopped),
            // from Waiting
            (waiting(Code::NoReadyPod, false), open("a"), active("a")),
            (waiting(Code::NoSelector, true), open("a"), active("a")),
            (unreachable(3), open("a"), active("a")),
            (unreachable(3), lost(4), unreachable(4)),
            (unreachable(3), none_ready(), waiting(Code::NoReadyPod, false)),
            (unreachable(3), gone(), broken()),
            (unreachable(3), refused(), failed()),
            (unreachable(3), nothing(), unreachable(3)),
            (unreachable(3), Event::Stop, Phase::Stopped),
            (unreachable(3), trying("a"), unreachable(3)),
            // what is over stays over
            (broken(), open("a"), broken()),
            (broken(), lost(1), broken()),
            (broken(), Event::Stop, Phase::Stopped),
            (failed(), open("a"), failed()),
            (failed(), gone(), failed()),
            (failed(), Event::Stop, Phase::Stopped),
            (Phase::Stopped, open("a"), Phase::Stopped),
            (Phase::Stopped, lost(1), Phase::Stopped),
            (Phase::Stopped, refused(), Phase::Stopped),
        ];
        for (before, event, after) in table {
            let case = format!("{before:?} + {event:?}");
            assert_eq!(before.next(event), after, "{case}");
        }
    }

    /// From wherever chance has led it, a healthy world makes a session Active again, unless the user, bad input or a
    /// vanished pod has ended it; and nothing but a proof makes it Active.
    #[test]
    fn whatever_happens_a_healthy_world_leads_back_to_active() {
        let any = |rng: &mut fastrand::Rng| match rng.u8(0..40) {
            0 => Event::Stop,
            1 => Event::Refused { error: problem(Code::NotTcp) },
            2 => Event::PodGone { reason: problem(Code::PodGone) },
            3..10 => open(["a", "b"][rng.usize(0..2)]),
            10..18 => trying(["a", "b"][rng.usize(0..2)]),
            18..25 => lost(rng.u32(1..9)),
            25..31 => none_ready(),
            31..35 => no_selector(),
            _ => nothing(),
        };
        let (mut ended, mut led_back) = (0, 0);
        for seed in 0..2000 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut phase = Phase::Resolving;
            let mut ends = false;
            for _ in 0..rng.usize(0..40) {
                let event = any(&mut rng);
                ends |= matches!(event, Event::Stop | Event::Refused { .. } | Event::PodGone { .. });
                let was_active = matches!(phase, Phase::Active { .. });
                let proves = matches!(event, Event::Open { .. });
                phase = phase.next(event);
                assert_eq!(phase.is_final(), ends, "seed {seed}: {phase:?}");
                assert!(was_active || proves || !matches!(phase, Phase::Active { .. }), "seed {seed}: {phase:?}");
            }
            let healthy = phase.clone().next(trying("c")).next(open("c"));
            if ends {
                assert_eq!(healthy, phase, "seed {seed}");
                ended += 1;
            } else {
                assert_eq!(healthy, active("c"), "seed {seed}");
                led_back += 1;
            }
            assert_eq!(healthy.next(Event::Stop), Phase::Stopped);
        }
        assert!(ended > 200 && led_back > 200, "{ended} ended, {led_back} led back");
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
