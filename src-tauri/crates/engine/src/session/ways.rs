//! The ways to the pods that the next connections may go to: kept warm, and watched for whether they work.

use std::collections::HashMap;

use futures::future::select_all;
use portolan_wire::{Connector, Failure, PodPort, Proof, Warmth};
use tokio::{sync::watch, time::Instant};

use crate::phase::Endpoint;

/// What is known of a session's ways, all together.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// One has been proven.
    Proven,
    /// Nothing asks; the connections will tell.
    Untested,
    /// Some are being tried.
    Awaited,
    /// None works.
    Failed {
        /// Why the one that is tried next did not.
        failure: Failure,
        /// When that is.
        retry_at: Instant,
    },
}

/// An interest in each of some pods, by UID.
#[derive(Debug, Default)]
pub(crate) struct Ways(HashMap<String, Kept>);

#[derive(Debug)]
struct Kept {
    proof: watch::Receiver<Proof>,
    /// Held for its end.
    _warmth: Warmth,
}

impl Ways {
    /// Keeps the ways to these, and lets go of the others.
    pub(crate) fn keep(&mut self, connector: &dyn Connector, namespace: &str, wanted: &[&Endpoint]) {
        self.0.retain(|uid, _| wanted.iter().any(|endpoint| endpoint.uid == *uid));
        for endpoint in wanted {
            self.0.entry(endpoint.uid.clone()).or_insert_with(|| {
                let warmth = connector.warm(&address(namespace, endpoint));
                Kept { proof: warmth.proof(), _warmth: warmth }
            });
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Waits until something more is known. Cancel-safe.
    pub(crate) async fn changed(&mut self) {
        if self.0.is_empty() {
            return std::future::pending().await;
        }
        let changes = self.0.values_mut().map(|kept| Box::pin(kept.proof.changed()));
        let (ended, at) = {
            let (changed, at, _) = select_all(changes).await;
            (changed.is_err(), at)
        };
        if ended {
            // Its keeper has ended, with its cluster: nothing more will be known.
            let over = self.0.keys().nth(at).cloned();
            over.and_then(|uid| self.0.remove(&uid));
        }
    }

    /// Whether the way to this pod is known not to work.
    pub(crate) fn has_failed(&self, uid: &str) -> bool {
        self.0.get(uid).is_some_and(|kept| matches!(*kept.proof.borrow(), Proof::Failed { .. }))
    }

    /// All together: the best of them counts.
    pub(crate) fn together(&self) -> Way {
        let mut best: Option<Way> = None;
        for kept in self.0.values() {
            let way = match &*kept.proof.borrow() {
                Proof::Proven => Way::Proven,
                Proof::Untested => Way::Untested,
                Proof::Awaited => Way::Awaited,
                Proof::Failed { failure, retry_at } => Way::Failed { failure: failure.clone(), retry_at: *retry_at },
            };
            best = Some(match best {
                Some(best) => best.or(way),
                None => way,
            });
        }
        best.unwrap_or(Way::Untested)
    }
}

impl Way {
    /// The better one; of two that failed, the one that is tried first.
    fn or(self, other: Way) -> Way {
        let rank = |way: &Way| match way {
            Way::Proven => 0,
            Way::Untested => 1,
            Way::Awaited => 2,
            Way::Failed { .. } => 3,
        };
        match (&self, &other) {
            (Way::Failed { retry_at: mine, .. }, Way::Failed { retry_at: theirs, .. }) if theirs < mine => other,
            _ if rank(&other) < rank(&self) => other,
            _ => self,
        }
    }
}

/// How the wire addresses an endpoint.
pub(crate) fn address(namespace: &str, endpoint: &Endpoint) -> PodPort {
    PodPort {
        namespace: namespace.to_owned(),
        pod: endpoint.pod.clone(),
        uid: endpoint.uid.clone(),
        port: endpoint.port,
    }
}
