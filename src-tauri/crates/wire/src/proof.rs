//! What is known of the way to a pod, apart from whether anybody uses it.

use tokio::{sync::watch, time::Instant};

use crate::Failure;

/// Whether the way to a pod works: see [`crate::Warmth::proof`].
#[derive(Clone, Debug, Default)]
pub enum Proof {
    /// It is being tried.
    #[default]
    Awaited,
    /// An upgrade to the pod has answered a PING, 25 s ago at most.
    Proven,
    /// Nothing is kept ready to this pod, which would be asked: the last connection tells. So it is on the v4 wire, and
    /// with more pods than idle upgrades are kept to.
    Untested,
    /// The last try failed.
    Failed {
        /// Why.
        failure: Failure,
        /// When the next comes by itself.
        retry_at: Instant,
    },
}

/// The side of a proof that writes it.
#[derive(Debug, Default)]
pub(crate) struct Prover(watch::Sender<Proof>);

impl Prover {
    pub(crate) fn subscribe(&self) -> watch::Receiver<Proof> {
        self.0.subscribe()
    }

    /// What has been found out. What is being tried anew says nothing against what was known before it.
    pub(crate) fn tell(&self, now: Proof) {
        self.0.send_if_modified(|known| {
            let news = match (&*known, &now) {
                (_, Proof::Failed { .. }) => true,
                (Proof::Proven, Proof::Proven) | (Proof::Untested, Proof::Untested) | (_, Proof::Awaited) => false,
                (_, Proof::Proven | Proof::Untested) => true,
            };
            if news {
                *known = now;
            }
            news
        });
    }
}
