//! What the cluster does badly on purpose.
//!
//! Faults are a state that everything looks at when it matters, and follows when it changes. Tests set them through
//! [`Faults::set`], people by the names of [`Fault`].

mod named;

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

pub use named::{Begun, FAULTS, Fault, Unknown};

/// What becomes of a dial to a pod's port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dials {
    /// It reaches what listens there.
    #[default]
    Reach,
    /// It is refused, as where nothing listens.
    Refuse,
    /// It is accepted by nobody, and never refused.
    Stall,
    /// It is accepted, and reset at once.
    Reset,
}

/// All faults at one time. The default has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faulty {
    /// Added to each round trip between a client and the API server, half of it a way.
    pub latency: Duration,
    /// Up to so much more a way, at random; the order of bytes stays.
    pub jitter: Duration,
    /// What becomes of dials to pods.
    pub dials: Dials,
    /// The API server is away: its port refuses, and what was open is cut.
    pub away: bool,
    /// Nothing is carried any more, either way, on any connection to the API server, and none is closed.
    pub silent: bool,
    /// Watches stay open and tell nothing.
    pub quiet_watches: bool,
    /// What is asked of the past is forgotten: watches and the later pages of lists get a 410.
    pub forgetful: bool,
    /// Every request is answered with a 429 that says to come back after so long.
    pub too_many: Option<Duration>,
    /// Verbs of resources that nobody may use any more: `list pods`, `create pods/portforward`; `*` stands for all.
    pub forbidden: Vec<(String, String)>,
    /// Lists take so much longer.
    pub slow_lists: Duration,
    /// How often upgrades have been cut. One more cuts those that are open.
    pub cuts: u64,
}

/// The faults of a cluster. Its clones are the same.
#[derive(Clone, Debug)]
pub struct Faults(Arc<watch::Sender<Faulty>>);

impl Faults {
    pub(crate) fn none() -> Self {
        Faults(Arc::new(watch::Sender::new(Faulty::default())))
    }

    /// As they are now.
    pub fn now(&self) -> Faulty {
        self.0.borrow().clone()
    }

    /// Changes them.
    pub fn set(&self, change: impl FnOnce(&mut Faulty)) {
        self.0.send_modify(change);
    }

    /// Cuts all upgrades that are open.
    pub fn cut_upgrades(&self) {
        self.set(|faulty| faulty.cuts += 1);
    }

    /// To follow them.
    pub fn watch(&self) -> watch::Receiver<Faulty> {
        self.0.subscribe()
    }
}
