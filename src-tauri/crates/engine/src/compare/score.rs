//! What became of a lane's probes, in numbers: of the last two minutes exactly, and of all of them.

use std::collections::{BTreeMap, VecDeque};

use super::view::{Outcome, Score};

/// What counts as recent, in milliseconds.
pub(super) const RECENT_MS: u64 = 120_000;

/// All probes of one lane, and those of the last two minutes once more.
#[derive(Debug, Default)]
pub(super) struct Scores {
    recent: VecDeque<One>,
    total: Score,
    times: Times,
}

#[derive(Clone, Copy, Debug)]
struct One {
    at: u64,
    took_us: u64,
    became: Became,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Became {
    Answered,
    Helped,
    Lost,
}

impl Became {
    fn of(outcome: &Outcome) -> Became {
        match outcome {
            Outcome::Answered { .. } => Became::Answered,
            Outcome::Held { .. } | Outcome::Again { .. } => Became::Helped,
            Outcome::Lost { .. } => Became::Lost,
        }
    }

    fn count(self, score: &mut Score) {
        match self {
            Became::Answered => score.answered += 1,
            Became::Helped => score.helped += 1,
            Became::Lost => score.lost += 1,
        }
    }
}

impl Scores {
    /// Takes in a probe that began at `at`, in milliseconds since 1970.
    pub(super) fn count(&mut self, at: u64, took_us: u64, outcome: &Outcome) {
        let became = Became::of(outcome);
        became.count(&mut self.total);
        if became != Became::Lost {
            self.times.add(took_us);
            self.total.longest_us = self.total.longest_us.max(Some(took_us));
        }
        // One that was held ends after younger ones.
        let place = self.recent.partition_point(|one| one.at <= at);
        self.recent.insert(place, One { at, took_us, became });
    }

    /// Of the two minutes before `now`.
    pub(super) fn recent(&mut self, now: u64) -> Score {
        while self.recent.front().is_some_and(|one| one.at + RECENT_MS < now) {
            self.recent.pop_front();
        }
        let mut score = Score::default();
        self.recent.iter().for_each(|one| one.became.count(&mut score));
        let mut times: Vec<u64> =
            self.recent.iter().filter(|one| one.became != Became::Lost).map(|one| one.took_us).collect();
        times.sort_unstable();
        let rank = |percent: usize| Some(times[(times.len() * percent).div_ceil(100).checked_sub(1)?]);
        Score { p50_us: rank(50), p95_us: rank(95), longest_us: times.last().copied(), ..score }
    }

    /// Of all. Its percentiles are right to one part in a hundred.
    pub(super) fn total(&self) -> Score {
        Score { p50_us: self.times.percentile(50), p95_us: self.times.percentile(95), ..self.total }
    }
}

/// Any number of times in bounded memory: powers of two, each in 128 parts.
#[derive(Debug, Default)]
struct Times {
    counts: BTreeMap<u64, u64>,
    all: u64,
}

impl Times {
    fn add(&mut self, us: u64) {
        // All but the upper eight bits are dropped.
        let dropped = 56_u32.saturating_sub(us.leading_zeros());
        *self.counts.entry(us >> dropped << dropped).or_default() += 1;
        self.all += 1;
    }

    /// By the nearest rank; `None` of nothing.
    fn percentile(&self, percent: u64) -> Option<u64> {
        let rank = (self.all * percent).div_ceil(100);
        let mut seen = 0;
        let reached = self.counts.iter().find(|(_, count)| {
            seen += **count;
            seen >= rank
        });
        reached.map(|(us, _)| *us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(answered: u64, helped: u64, lost: u64, [p50_us, p95_us, longest_us]: [Option<u64>; 3]) -> Score {
        Score { answered, helped, lost, p50_us, p95_us, longest_us }
    }

    #[test]
    fn what_is_recent_and_what_is_all() {
        let mut scores = Scores::default();
        assert_eq!((scores.recent(0), scores.total()), (Score::default(), Score::default()));
        let answered = Outcome::Answered { status: Some(200) };
        scores.count(1_000, 100, &answered);
        scores.count(2_000, 90, &Outcome::Again { status: None });
        scores.count(3_000, 70, &Outcome::Lost { why: "x".into() });
        scores.count(1_500, 3_000, &Outcome::Held { status: Some(200) });
        let all = score(1, 2, 1, [Some(100), Some(3_000), Some(3_000)]);
        assert_eq!((scores.recent(3_000), scores.total().longest_us), (all, Some(3_000)));
        // The held one began earlier than one that ended before it.
        let later = score(0, 1, 1, [Some(90), Some(90), Some(90)]);
        assert_eq!(scores.recent(1_501 + RECENT_MS), later);
        assert_eq!(scores.recent(3_001 + RECENT_MS), Score::default());
        let total = scores.total();
        assert_eq!((total.answered, total.helped, total.lost, total.p50_us), (1, 2, 1, Some(100)));
    }

    #[test]
    fn percentiles_of_all_are_right_to_a_hundredth_however_many() {
        let mut times = Times::default();
        assert_eq!(times.percentile(50), None);
        (1..=100_000).for_each(|us| times.add(us));
        for (percent, exact) in [(1, 1_000), (50, 50_000), (95, 95_000), (100, 100_000)] {
            let found = times.percentile(percent).unwrap();
            assert!(found <= exact && exact - found <= exact / 100, "{percent}: {found}");
        }
        assert!(times.counts.len() < 2_000);
        let mut few = Times::default();
        [7, 255, 257].into_iter().for_each(|us| few.add(us));
        assert_eq!((few.percentile(1), few.percentile(50), few.percentile(100)), (Some(7), Some(255), Some(256)));
        let mut huge = Times::default();
        huge.add(u64::MAX);
        assert!(huge.percentile(50) >= Some(u64::MAX / 100 * 99));
    }
}
