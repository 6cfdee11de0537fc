//! The pure half of a session: what it knows, and what follows from that.

use portolan_wire::{Failure, Kind};
use tokio::time::Instant;

use super::{wall_clock, ways::Way};
use crate::{
    api_error::SIGN_IN,
    error::{Code, Problem},
    phase::Event,
    resolve::Resolution,
};

/// What a session knows of its target.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// What the target was last.
    pub(crate) resolution: Option<Resolution>,
    /// Why it cannot be followed now.
    pub(crate) lost: Option<Lost>,
    /// Why connections are not made for a while.
    pub(crate) forbidden: Option<Lost>,
}

/// What is tried again later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) reason: Problem,
    pub(crate) needs_you: bool,
    /// How often it was tried in vain.
    pub(crate) attempt: u32,
    pub(crate) retry_at: Instant,
}

impl Lost {
    fn event(&self) -> Event {
        let Lost { reason, needs_you, attempt, retry_at } = self.clone();
        Event::Lost { reason, needs_you, attempt, retry_at: wall_clock(retry_at) }
    }
}

impl Standing {
    /// What this means for the phase; `None` while nothing is known.
    ///
    /// - What is proven to work is not called lost because the API server cannot be asked about it. Credentials that it
    ///   refuses are another matter: somebody has to see to them.
    /// - What cannot be asked and is not proven is lost, whatever was known of it.
    pub(crate) fn event(&self, way: &Way) -> Option<Event> {
        let lost = self.lost.as_ref().map(Lost::event);
        let Some(resolution) = &self.resolution else { return lost };
        if let Some(error) = &resolution.refused {
            return Some(Event::Refused { error: error.clone() });
        }
        if let Some(forbidden) = &self.forbidden {
            return Some(forbidden.event());
        }
        if self.lost.as_ref().is_some_and(|lost| lost.needs_you) {
            return lost;
        }
        let endpoints = resolution.endpoints.clone();
        if endpoints.is_empty() {
            let reason = resolution.trouble.clone();
            return Some(lost.unwrap_or(Event::Nowhere { reason }));
        }
        Some(match way {
            Way::Proven => Event::Open { endpoints },
            Way::Failed { failure, retry_at } => lost.unwrap_or_else(|| unproven(failure, *retry_at)),
            Way::Untested => lost.unwrap_or(Event::Open { endpoints }),
            Way::Awaited => lost.unwrap_or(Event::Trying { endpoints }),
        })
    }

    /// Whether connections are to be tried now; else they are held. What is lost is asked for by few, again and again:
    /// hundreds of held connections would only be in their way.
    pub(crate) fn is_worth_trying(&self, way: &Way) -> bool {
        match way {
            _ if self.forbidden.is_some() => false,
            Way::Proven => true,
            Way::Untested | Way::Awaited => self.lost.is_none(),
            Way::Failed { .. } => false,
        }
    }
}

/// No way to any endpoint works.
fn unproven(failure: &Failure, retry_at: Instant) -> Event {
    let Failure { kind, text } = failure;
    let (code, needs_you, message, next) = match kind {
        Kind::Login => (Code::Login, true, format!("The API server does not accept the credentials: {text}."), SIGN_IN),
        Kind::Forbidden => (Code::Forbidden, true, format!("You may not forward ports here: {text}."), FORBIDDEN),
        Kind::PodGone => {
            (Code::NoReadyPod, false, "The pod is gone, and the API server has not yet told of another.".into(), "")
        }
        Kind::Unreachable | Kind::Broken | Kind::Refused | Kind::NotDialled => {
            (Code::Unreachable, false, format!("No way to the pod: {text}."), UNREACHABLE)
        }
    };
    Event::Lost {
        reason: Problem { code, message, next: next.into() },
        needs_you,
        attempt: 1,
        retry_at: wall_clock(retry_at),
    }
}

const FORBIDDEN: &str = "Ask whoever runs the cluster for a Role with the verbs get and create on pods/portforward.";
const UNREACHABLE: &str = "Check the network, the VPN and whether the pod's node is up.";

/// This user may not forward.
pub(crate) fn may_not_forward(namespace: &str, text: &str, retry_at: Instant) -> Lost {
    let reason = Problem {
        code: Code::Forbidden,
        message: format!("You may not forward ports to pods in “{namespace}”: {text}."),
        next: FORBIDDEN.into(),
    };
    Lost { reason, needs_you: true, attempt: 1, retry_at }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phase::{Endpoint, Phase, Trouble};

    fn problem(code: Code) -> Problem {
        Problem { code, message: "m".into(), next: String::new() }
    }

    fn found() -> Resolution {
        let endpoint = Endpoint { slot: 0, pod: "web-1".into(), uid: "1".into(), port: 80 };
        Resolution { endpoints: vec![endpoint], ..Resolution::default() }
    }

    fn none_ready() -> Resolution {
        let trouble = Trouble { problem: problem(Code::NoReadyPod), needs_you: false };
        Resolution { trouble: Some(trouble), ..Resolution::default() }
    }

    fn lost(code: Code) -> Lost {
        let needs_you = matches!(code, Code::Login | Code::Forbidden);
        Lost { reason: problem(code), needs_you, attempt: 2, retry_at: Instant::now() }
    }

    fn failed(kind: Kind) -> Way {
        Way::Failed { failure: Failure { kind, text: "t".into() }, retry_at: Instant::now() }
    }

    /// In short: what phase comes of it, and whether connections are tried.
    fn outcome(standing: &Standing, way: &Way) -> (&'static str, bool) {
        let phase = standing.event(way).map_or(Phase::Resolving, |event| Phase::Resolving.next(event));
        let shown = match phase {
            Phase::Resolving => "resolving",
            Phase::Active { .. } => "active",
            Phase::Waiting { reason, .. } => match reason.code {
                Code::NoReadyPod => "no pod",
                Code::Unreachable => "unreachable",
                Code::Login => "login",
                Code::Forbidden => "forbidden",
                _ => "waiting",
            },
            Phase::Broken { .. } => "broken",
            Phase::Failed { .. } => "failed",
            Phase::Stopped => "stopped",
        };
        (shown, standing.is_worth_trying(way))
    }

    #[tokio::test]
    async fn what_follows_from_what_is_known() {
        let standing =
            |resolution: Option<Resolution>, lost: Option<Lost>| Standing { resolution, lost, forbidden: None };
        let unreachable = || Some(lost(Code::Unreachable));
        let login = || Some(lost(Code::Login));
        let table = [
            (standing(None, None), Way::Untested, ("resolving", true)),
            (standing(None, unreachable()), Way::Untested, ("unreachable", false)),
            // Found, and the way to it.
            (standing(Some(found()), None), Way::Proven, ("active", true)),
            (standing(Some(found()), None), Way::Untested, ("active", true)),
            (standing(Some(found()), None), Way::Awaited, ("resolving", true)),
            (standing(Some(found()), None), failed(Kind::Unreachable), ("unreachable", false)),
            (standing(Some(found()), None), failed(Kind::Broken), ("unreachable", false)),
            (standing(Some(found()), None), failed(Kind::Login), ("login", false)),
            (standing(Some(found()), None), failed(Kind::Forbidden), ("forbidden", false)),
            (standing(Some(found()), None), failed(Kind::PodGone), ("no pod", false)),
            // Not followed any more.
            (standing(Some(found()), unreachable()), Way::Proven, ("active", true)),
            (standing(Some(found()), unreachable()), Way::Untested, ("unreachable", false)),
            (standing(Some(found()), unreachable()), Way::Awaited, ("unreachable", false)),
            (standing(Some(found()), unreachable()), failed(Kind::Broken), ("unreachable", false)),
            (standing(Some(found()), login()), Way::Proven, ("login", true)),
            // Nowhere to go.
            (standing(Some(none_ready()), None), Way::Untested, ("no pod", true)),
            (standing(Some(none_ready()), unreachable()), Way::Untested, ("unreachable", false)),
        ];
        for (standing, way, expected) in table {
            assert_eq!(outcome(&standing, &way), expected, "{standing:?}, {way:?}");
        }
    }

    #[tokio::test]
    async fn what_is_forbidden_and_what_can_never_work_come_first() {
        let forbidden = may_not_forward("shop", "no", Instant::now());
        let standing = Standing { resolution: Some(found()), forbidden: Some(forbidden), ..Standing::default() };
        assert_eq!(outcome(&standing, &Way::Proven), ("forbidden", false));
        let refused = Resolution { refused: Some(problem(Code::NotTcp)), ..found() };
        let standing = Standing { resolution: Some(refused), ..standing };
        assert_eq!(outcome(&standing, &Way::Proven).0, "failed");
    }
}
