//! What a session counts, from many connections at once.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::sync::Notify;

use super::view::Counters;

/// Times to the first byte are told of so many of the last connections: enough for a p95, few enough to follow a change.
const TIMED: usize = 256;

/// The counters of one session. Each is exact; together they are a moment's blur.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    open: AtomicU64,
    held: AtomicU64,
    served: AtomicU64,
    retried: AtomicU64,
    refused: AtomicU64,
    cut: AtomicU64,
    unanswered: AtomicU64,
    reconnects: AtomicU64,
    bytes_up: AtomicU64,
    bytes_down: AtomicU64,
    first_bytes: Mutex<VecDeque<Duration>>,
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

    /// One that was cut after something of it was delivered and before anything was answered.
    pub(crate) fn unanswered(&self) {
        self.add(&self.unanswered, 1);
    }

    pub(crate) fn reconnected(&self) {
        self.add(&self.reconnects, 1);
    }

    /// What a client waited for its first byte, from when it connected.
    pub(crate) fn first_byte(&self, after: Duration) {
        let mut times = self.first_bytes.lock().unwrap_or_else(PoisonError::into_inner);
        if times.len() == TIMED {
            times.pop_front();
        }
        times.push_back(after);
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
        let mut times: Vec<Duration> =
            self.first_bytes.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        times.sort_unstable();
        Counters {
            first_byte_p50_us: percentile(&times, 50),
            first_byte_p95_us: percentile(&times, 95),
            unanswered: self.unanswered.load(Relaxed),
            reconnects: self.reconnects.load(Relaxed),
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

/// In microseconds, by the nearest rank; `None` of nothing. `sorted` is.
fn percentile(sorted: &[Duration], percent: usize) -> Option<u64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    let at = sorted.get(rank.checked_sub(1)?)?;
    u64::try_from(at.as_micros()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_of_the_last_connections_are_told() {
        let tally = Tally::default();
        assert_eq!(tally.counters().first_byte_p50_us, None);
        tally.first_byte(Duration::from_micros(7));
        let counters = tally.counters();
        assert_eq!((counters.first_byte_p50_us, counters.first_byte_p95_us), (Some(7), Some(7)));
        // Those before are forgotten.
        (0..TIMED).for_each(|n| tally.first_byte(Duration::from_micros(1000 + n as u64)));
        let counters = tally.counters();
        assert_eq!((counters.first_byte_p50_us, counters.first_byte_p95_us), (Some(1127), Some(1243)));
    }
}
