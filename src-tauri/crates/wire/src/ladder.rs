//! Which wire a cluster speaks: tried once, best first, and remembered.
//!
//! Each wire asks for another verb (`create` for SPDY, `get` for WebSockets), so that one which is forbidden says nothing
//! of the next; and rights differ between namespaces, so the memory is by namespace, and a namespace that is new begins
//! with what worked elsewhere.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures::future::BoxFuture;

use crate::{
    Failure, Kind,
    upgrade::{Refusal, Wire},
};

/// A wire that is not known to work here is given up after this long: some proxies swallow an upgrade that they do not
/// know.
const TRIAL: Duration = Duration::from_secs(5);

/// One that is known to work has this long to answer. Longer than a far cluster through a VPN needs, shorter than the
/// patience of a client that is held meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is known of a cluster's wires.
#[derive(Debug, Default)]
pub struct Ladder {
    forced: Option<Wire>,
    worked: Mutex<Worked>,
}

#[derive(Debug, Default)]
struct Worked {
    last: Option<Wire>,
    by_namespace: HashMap<String, Wire>,
}

impl Ladder {
    /// With nothing known; `forced` is the only one tried, if any.
    pub fn new(forced: Option<Wire>) -> Self {
        Ladder { forced, worked: Mutex::default() }
    }

    /// The wire to count on in a namespace, as far as that is known.
    pub fn known(&self, namespace: &str) -> Option<Wire> {
        let worked = self.worked.lock().unwrap_or_else(PoisonError::into_inner);
        self.forced.or(worked.by_namespace.get(namespace).copied()).or(worked.last)
    }

    /// Tries the wires of `choice` by `attempt`, which has so much time, until one works. With what it gave comes the
    /// wire.
    ///
    /// # Errors
    /// That of a wire for which no other stands in, else the most telling of all.
    pub async fn climb<'a, T>(
        &self,
        namespace: &str,
        choice: impl Fn(Wire) -> bool,
        attempt: impl Fn(Wire, Duration) -> BoxFuture<'a, Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        let known = self.known(namespace);
        let mut wires: Vec<Wire> = known.into_iter().collect();
        if self.forced.is_none() {
            wires.extend(Wire::ALL.into_iter().filter(|wire| Some(*wire) != known));
        }
        let mut said: Option<Refusal> = None;
        for wire in wires.into_iter().filter(|wire| choice(*wire)) {
            let patience = if Some(wire) == known { PATIENCE } else { TRIAL };
            match attempt(wire, patience).await {
                Ok(works) => {
                    self.remember(namespace, wire);
                    return Ok(works);
                }
                Err(Refusal::Any(failure)) => return Err(Refusal::Any(failure)),
                Err(refusal) => {
                    let failure = refusal.clone().failure();
                    tracing::debug!(%wire, %failure, "no upgrade");
                    // A wire that has worked here fails for another reason than its own, unless rights have changed.
                    if Some(wire) == known && self.forced.is_none() && failure.kind != Kind::Forbidden {
                        return Err(Refusal::Any(failure));
                    }
                    said = Some(more_telling(said, refusal));
                }
            }
        }
        Err(said.unwrap_or_else(|| {
            let text = "this cluster's way to forward ports is not known".into();
            Refusal::ThisWire(Failure { kind: Kind::Unreachable, text })
        }))
    }

    fn remember(&self, namespace: &str, wire: Wire) {
        let mut worked = self.worked.lock().unwrap_or_else(PoisonError::into_inner);
        if worked.by_namespace.insert(namespace.to_owned(), wire) != Some(wire) {
            tracing::debug!(namespace, %wire, "ports are forwarded by");
        }
        worked.last = Some(wire);
    }
}

/// A server that knows a wire says more about it than one that does not: forbidden counts before unreachable, and the
/// first of equals, which is the better wire's. But while a wire was not answered, nothing is decided: what is forbidden
/// on another might work on this one, so that silence counts before both.
pub(crate) fn more_telling(before: Option<Refusal>, now: Refusal) -> Refusal {
    let rank = |refusal: &Refusal| match refusal {
        Refusal::Any(_) => 3,
        Refusal::Silent(_) => 2,
        Refusal::ThisWire(failure) => i32::from(failure.kind == Kind::Forbidden),
    };
    match before {
        Some(before) if rank(&before) >= rank(&now) => before,
        _ => now,
    }
}

#[cfg(test)]
mod tests;
