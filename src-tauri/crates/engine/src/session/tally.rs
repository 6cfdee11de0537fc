//! What a session counts, from many connections at once.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::sync::Notify;

use super::view::Counters;

/// The counters of one session. Each is exact; together they are a moment's blur.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    open: AtomicU64,
    held: AtomicU64,
    served: AtomicU64,
    retried: AtomicU64,
    refused: AtomicU64,
    cut: AtomicU64,
    bytes_up: AtomicU64,
    bytes_down: AtomicU64,
    changed: Notify,
}

/// Counts one while it lives.
#[derive(Debug)]
pub(crate) struct Counted<'a>(&'a Tally, &'a AtomicU64);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.1.fetch_sub(1, Relaxed);
        self.0.changed.notify_one();
    }
}

impl Tally {
    fn add(&self, counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Relaxed);
        self.changed.notify_one();
    }

    pub(crate) fn open(&self) -> Counted<'_> {
        self.add(&self.open, 1);
        Counted(self, &self.open)
    }

    pub(crate) fn held(&self) -> Counted<'_> {
        self.add(&self.held, 1);
        Counted(self, &self.held)
    }

    pub(crate) fn served(&self) {
        self.add(&self.served, 1);
    }

    pub(crate) fn retried(&self) {
        self.add(&self.retried, 1);
    }

    pub(crate) fn refused(&self) {
        self.add(&self.refused, 1);
    }

    pub(crate) fn cut(&self) {
        self.add(&self.cut, 1);
    }

    pub(crate) fn up(&self, bytes: usize) {
        self.add(&self.bytes_up, bytes as u64);
    }

    pub(crate) fn down(&self, bytes: usize) {
        self.add(&self.bytes_down, bytes as u64);
    }

    /// Whether a pod has ever answered, or a connection ended well without an answer. That is known with the first byte: many
    /// servers' ends come a second later.
    pub(crate) fn has_answered(&self) -> bool {
        self.bytes_down.load(Relaxed) > 0 || self.served.load(Relaxed) > 0
    }

    /// Waits until something was counted since it was last asked.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    pub(crate) fn counters(&self) -> Counters {
        Counters {
            open: self.open.load(Relaxed),
            held: self.held.load(Relaxed),
            served: self.served.load(Relaxed),
            retried: self.retried.load(Relaxed),
            refused: self.refused.load(Relaxed),
            cut: self.cut.load(Relaxed),
            bytes_up: self.bytes_up.load(Relaxed),
            bytes_down: self.bytes_down.load(Relaxed),
        }
    }
}
