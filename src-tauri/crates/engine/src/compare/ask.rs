//! One probe of a lane: asks, and puts what was answered beside what the tunnel tells.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    outcome::outcome,
    view::{Asking, LaneKind, Method, Outcome},
};
use crate::{
    phase::Endpoint,
    probe::{Answer, Connected, Missed, Said, micros},
    session::tale::{Heard, Step},
};

/// What came of it.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) lane: LaneKind,
    /// When it began, in milliseconds since 1970.
    pub(super) at: u64,
    pub(super) took_us: u64,
    pub(super) outcome: Outcome,
    /// The pod that Portolan gave it to.
    pub(super) given: Option<Endpoint>,
    pub(super) said: Option<Said>,
}

/// Asks once. `heard` is the tunnel's, where it is one of ours.
pub(super) async fn ask(
    (lane, at): (LaneKind, u64),
    to: SocketAddr,
    heard: Option<Arc<Heard>>,
    asking: Asking,
    limit: Duration,
) -> Asked {
    let began = Instant::now();
    let (answer, tale) = match Connected::to(to, limit).await {
        Err(missed) => (Answer { took_us: micros(began.elapsed()), said: Err(missed) }, None),
        Ok(connected) => {
            let local = connected.local();
            let left = limit.saturating_sub(began.elapsed());
            let answer = match (asking.method, &heard) {
                (Method::Connect, Some(heard)) => bare(connected, heard, (began, left)).await,
                (method, _) => connected.ask(method, &asking.path, left).await,
            };
            (answer, heard.and_then(|heard| heard.take(local)))
        }
    };
    let outcome = outcome(&answer.said, tale.as_ref());
    let given = match tale {
        Some(Step::Given { to, .. }) if !matches!(outcome, Outcome::Lost { .. }) => Some(to),
        _ => None,
    };
    Asked { lane, at, took_us: answer.took_us, outcome, given, said: answer.said.ok() }
}

/// A bare connection through a tunnel: that it is accepted here says nothing, so that it has to stay open after a pod has it.
async fn bare(mut connected: Connected, heard: &Heard, (began, limit): (Instant, Duration)) -> Answer {
    let local = connected.local();
    loop {
        let given = match heard.of(local) {
            Some(Step::Given { after, .. }) => Some(after),
            _ => None,
        };
        match (connected.stays().await, given) {
            (Ok(said), Some(after)) => return Answer { took_us: micros(after), said: Ok(said) },
            (Ok(_), None) if began.elapsed() < limit => {}
            (Ok(_), None) => {
                return Answer { took_us: micros(began.elapsed()), said: Err(Missed::NoAnswer(limit)) };
            }
            (Err(missed), _) => return Answer { took_us: micros(began.elapsed()), said: Err(missed) },
        }
    }
}
