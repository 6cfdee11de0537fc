//! Which of the three ways to a Service's endpoints a user has: found once for a namespace, remembered for all sessions.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

use crate::watched::Failing;

/// A permission may be granted later: it is looked at again this often.
const FORBIDDEN: Duration = Duration::from_secs(30);

/// An API that a cluster does not have comes with a new version of Kubernetes, if at all.
const MISSING: Duration = Duration::from_secs(600);

/// Where endpoints are read, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rung {
    /// EndpointSlice v1: says also which pods serve while they terminate.
    Slices,
    /// Endpoints v1.
    Endpoints,
    /// The pods that the Service's selector finds.
    Pods,
}

impl Rung {
    /// The next best; the last has none.
    pub(super) fn below(self) -> Option<Rung> {
        match self {
            Rung::Slices => Some(Rung::Endpoints),
            Rung::Endpoints => Some(Rung::Pods),
            Rung::Pods => None,
        }
    }
}

/// Why a rung cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    Forbidden,
    /// The API server does not have this API.
    Missing,
}

impl Denied {
    /// Whether a failure means that; others say nothing of the rung.
    pub(super) fn by(failing: &Failing) -> Option<Denied> {
        match failing.error.status()? {
            403 => Some(Denied::Forbidden),
            404 => Some(Denied::Missing),
            _ => None,
        }
    }
}

/// What is known of a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// The best that was not denied.
    pub(super) rung: Rung,
    /// When the better ones are tried again, if there are any.
    pub(super) again: Option<Instant>,
}

impl Known {
    const UNKNOWN: Known = Known { rung: Rung::Slices, again: None };

    fn denied(self, rung: Rung, why: Denied, now: Instant) -> Known {
        let wait = match why {
            Denied::Forbidden => FORBIDDEN,
            Denied::Missing => MISSING,
        };
        Known { rung: rung.below().unwrap_or(rung).max(self.rung), again: Some(now + wait) }
    }

    fn works(self, rung: Rung) -> Known {
        Known { rung, again: self.again.filter(|_| rung != Rung::Slices) }
    }
}

/// What is known of all namespaces of one cluster.
#[derive(Debug, Default)]
pub(crate) struct Rungs(Mutex<HashMap<String, watch::Sender<Known>>>);

impl Rungs {
    /// Of one namespace; all who ask share it.
    pub(super) fn of(&self, namespace: &str) -> Namespace {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.entry(namespace.to_owned()).or_insert_with(|| watch::Sender::new(Known::UNKNOWN));
        Namespace { seen: known.subscribe(), known: known.clone() }
    }
}

/// What is known of one namespace, and news of it.
#[derive(Debug)]
pub(super) struct Namespace {
    known: watch::Sender<Known>,
    seen: watch::Receiver<Known>,
}

impl Namespace {
    pub(super) fn known(&self) -> Known {
        *self.known.borrow()
    }

    pub(super) fn denied(&self, rung: Rung, why: Denied) {
        self.change(|known| known.denied(rung, why, Instant::now()));
    }

    pub(super) fn works(&self, rung: Rung) {
        self.change(|known| known.works(rung));
    }

    /// Whether it falls to the caller to try the better rungs again: to one of all the sessions, when it is time or
    /// when the user asks.
    pub(super) fn claim(&self, asked: bool) -> bool {
        let now = Instant::now();
        self.known.send_if_modified(|known| {
            let due = known.again.is_some_and(|at| asked || at <= now);
            if due {
                known.again = Some(now + FORBIDDEN);
            }
            due
        })
    }

    /// Waits until something else is known, or until it is time to try again. Cancel-safe.
    pub(super) async fn news(&mut self) {
        let again = self.seen.borrow().again;
        let due = async {
            match again {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // `self` has a sender, so that this cannot fail.
            _ = self.seen.changed() => {}
            () = due => {}
        }
    }

    fn change(&self, change: impl FnOnce(Known) -> Known) {
        self.known.send_if_modified(|known| {
            let before = std::mem::replace(known, change(*known));
            before != *known
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_denied_and_what_works_is_remembered() {
        use Rung::{Endpoints, Pods, Slices};
        let now = Instant::now();
        let known = |rung, after: Option<Duration>| Known { rung, again: after.map(|after| now + after) };
        let soon = Some(FORBIDDEN);
        let table = [
            (known(Slices, None).denied(Slices, Denied::Forbidden, now), known(Endpoints, soon)),
            (known(Slices, None).denied(Slices, Denied::Missing, now), known(Endpoints, Some(MISSING))),
            (known(Endpoints, Some(MISSING)).denied(Endpoints, Denied::Forbidden, now), known(Pods, soon)),
            // Looked at again in vain: the lower one stays.
            (known(Pods, soon).denied(Slices, Denied::Forbidden, now), known(Pods, soon)),
            (known(Pods, soon).works(Slices), known(Slices, None)),
            (known(Pods, soon).works(Endpoints), known(Endpoints, soon)),
        ];
        for (number, (found, expected)) in table.into_iter().enumerate() {
            assert_eq!(found, expected, "row {number}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_of_all_sessions_tries_again() {
        let rungs = Rungs::default();
        let (mut first, second) = (rungs.of("shop"), rungs.of("shop"));
        assert!(!first.claim(true), "nothing better was denied");
        second.denied(Rung::Slices, Denied::Forbidden);
        first.news().await;
        assert_eq!(first.known().rung, Rung::Endpoints, "what one found, all know");
        assert_eq!(rungs.of("other").known(), Known::UNKNOWN);
        let begun = Instant::now();
        assert!(!first.claim(false), "too early");
        first.news().await;
        assert_eq!(begun.elapsed(), FORBIDDEN);
        assert!(first.claim(false));
        assert!(!second.claim(false), "the first is at it");
        assert!(second.claim(true), "the user has asked");
    }
}
