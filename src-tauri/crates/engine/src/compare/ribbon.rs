//! The probes that are still shown: those of the last two minutes, asked for by number.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{score::RECENT_MS, view::Probe};

/// Two minutes of three lanes at two a second, twice.
const KEPT: usize = 1_440;

/// Numbers probes in the order in which they end, and keeps the last.
#[derive(Debug, Default)]
pub(super) struct Ribbon(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    last: u64,
    probes: VecDeque<Probe>,
}

impl Ribbon {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        // A probe is one push and some pops: a panic elsewhere leaves it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a probe that has ended, and drops what began two minutes before `now`, in milliseconds since 1970.
    pub(super) fn add(&self, probe: Probe, now: u64) {
        let mut kept = self.kept();
        kept.last += 1;
        let number = kept.last;
        kept.probes.push_back(Probe { number, ..probe });
        while kept.probes.len() > KEPT || kept.probes.front().is_some_and(|oldest| oldest.at + RECENT_MS < now) {
            kept.probes.pop_front();
        }
    }

    /// The number of the last; 0 before the first.
    pub(super) fn last(&self) -> u64 {
        self.kept().last
    }

    /// Those after number `n` that are kept, in the order in which they ended.
    pub(super) fn after(&self, n: u64) -> Vec<Probe> {
        let kept = self.kept();
        let begin = kept.probes.partition_point(|probe| probe.number <= n);
        kept.probes.range(begin..).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::view::{LaneKind, Outcome};

    #[test]
    fn the_last_two_minutes_are_kept_and_asked_for_by_number() {
        let ribbon = Ribbon::default();
        let probe = |at| Probe {
            number: 0,
            lane: LaneKind::Service,
            at,
            took_us: 1,
            pod: None,
            outcome: Outcome::Answered { status: None },
        };
        assert_eq!((ribbon.last(), ribbon.after(0)), (0, vec![]));
        (0..500).for_each(|n| ribbon.add(probe(n * 500), n * 500));
        assert_eq!(ribbon.last(), 500);
        let kept = ribbon.after(0);
        assert_eq!((kept.len(), kept[0].at, kept[0].number), (241, 129_500, 260));
        let new: Vec<u64> = ribbon.after(498).iter().map(|probe| probe.number).collect();
        assert_eq!(new, [499, 500]);
        // A clock that stands still does not fill the memory.
        (0..5_000).for_each(|_| ribbon.add(probe(250_000), 250_000));
        assert_eq!(ribbon.after(0).len(), KEPT);
    }
}
