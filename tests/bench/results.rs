//! What came out, round by round, and what is made of it: medians, spreads, ratios, and whether a goal is reached.

use std::collections::BTreeMap;

use crate::{
    measure::{Measure, Way},
    row::{Figure, Goal, Row},
};

/// Everything that was measured.
#[derive(Debug, Default)]
pub(crate) struct Results {
    values: BTreeMap<(Measure, Figure, Way), Vec<f64>>,
    failures: BTreeMap<(Measure, Way), Failed>,
}

/// What went wrong in one measure, in all rounds together.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    /// How often.
    pub(crate) count: u64,
    /// The first time, in words.
    pub(crate) first: String,
}

/// The figures of the rounds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rounds {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) values: Vec<f64>,
}

impl Results {
    /// Adds one round's figure.
    pub(crate) fn add(&mut self, measure: Measure, figure: Figure, way: Way, value: f64) {
        self.values.entry((measure, figure, way)).or_default().push(value);
    }

    /// Adds what went wrong in one round.
    pub(crate) fn add_failures(&mut self, measure: Measure, way: Way, count: u64, first: String) {
        self.failures.entry((measure, way)).or_insert(Failed { count: 0, first }).count += count;
    }

    /// A cell of the table; `None` where nothing was measured.
    pub(crate) fn rounds(&self, row: &Row, way: Way) -> Option<Rounds> {
        let values = self.values.get(&(row.measure, row.figure, way))?;
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        Some(Rounds { median: median(&sorted)?, min, max, values: values.clone() })
    }

    /// What went wrong while that was measured.
    pub(crate) fn failed(&self, measure: Measure, way: Way) -> Option<&Failed> {
        self.failures.get(&(measure, way))
    }

    /// All that went wrong.
    pub(crate) fn failures(&self) -> impl Iterator<Item = (Measure, Way, &Failed)> {
        self.failures.iter().map(|((measure, way), failed)| (*measure, *way, failed))
    }

    /// How many times better Portolan is than another way, by the medians: above 1 is better.
    pub(crate) fn better_than(&self, row: &Row, other: Way) -> Option<f64> {
        let (ours, theirs) = (self.rounds(row, Way::Portolan)?.median, self.rounds(row, other)?.median);
        let times = if row.figure.more_is_better() { ours / theirs } else { theirs / ours };
        times.is_finite().then_some(times)
    }

    /// Whether the row's goal is reached; `None` if it has none, or what it takes to tell was not measured.
    pub(crate) fn reached(&self, row: &Row) -> Option<bool> {
        let Goal { times, aim: _, of_bare, at_most } = row.goal;
        let ours = self.rounds(row, Way::Portolan)?.median;
        let mut verdicts = Vec::new();
        if let Some(times) = times {
            verdicts.push(self.better_than(row, Way::Kubectl)? >= times);
        }
        if let Some(share) = of_bare {
            let share_of_it = ours / self.rounds(row, Way::Bare)?.median;
            verdicts.push(if row.figure.more_is_better() { share_of_it >= share } else { share_of_it <= share });
        }
        if let Some(limit) = at_most {
            verdicts.push(ours <= limit);
        }
        let whole = self.failed(row.measure, Way::Portolan).is_none();
        (!verdicts.is_empty()).then(|| whole && verdicts.into_iter().all(|reached| reached))
    }
}

/// The middle one, or the mean of the two in the middle. `sorted` is ascending.
pub(crate) fn median(sorted: &[f64]) -> Option<f64> {
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 { Some(upper) } else { Some(f64::midpoint(*sorted.get(middle - 1)?, upper)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::ROWS;

    fn row(measure: Measure, figure: Figure) -> &'static Row {
        ROWS.iter().find(|row| (row.measure, row.figure) == (measure, figure)).expect("there is such a row")
    }

    #[test]
    fn medians() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[1.0, 2.0, 9.0]), Some(2.0));
        assert_eq!(median(&[1.0, 2.0, 4.0, 9.0]), Some(3.0));
    }

    #[test]
    fn less_time_and_more_of_a_rate_are_better() {
        let mut results = Results::default();
        let (time, rate) = (row(Measure::FirstByte, Figure::P50), row(Measure::Download, Figure::Rate));
        for (row, kubectl, portolan) in [(time, 3.0, 1.0), (rate, 100.0, 150.0)] {
            results.add(row.measure, row.figure, Way::Kubectl, kubectl);
            results.add(row.measure, row.figure, Way::Portolan, portolan);
        }
        assert_eq!(results.better_than(time, Way::Kubectl), Some(3.0));
        assert_eq!(results.better_than(rate, Way::Kubectl), Some(1.5));
        assert_eq!(results.reached(rate), None, "the bare client was not measured");
        results.add(Measure::Download, Figure::Rate, Way::Bare, 160.0);
        assert_eq!(results.reached(rate), Some(true));
        results.add(Measure::FirstByte, Figure::P50, Way::Bare, 0.8);
        assert_eq!(results.reached(time), Some(false), "more than 15 % over the bare client");
    }

    #[test]
    fn an_error_reaches_no_goal() {
        let mut results = Results::default();
        let cpu = row(Measure::Upload, Figure::Cpu);
        results.add(cpu.measure, cpu.figure, Way::Portolan, 0.3);
        assert_eq!(results.reached(cpu), Some(true));
        results.add_failures(cpu.measure, Way::Portolan, 1, "reset".into());
        assert_eq!(results.reached(cpu), Some(false));
    }
}
