//! The table's rows: what each figure is called, its unit, which way is better, and what Portolan's should be.

use crate::measure::Measure;

/// One figure of a measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) measure: Measure,
    /// Which of the measure's figures.
    pub(crate) figure: Figure,
    pub(crate) title: &'static str,
    pub(crate) goal: Goal,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Figure {
    /// The median of a time, in milliseconds.
    P50,
    /// A time that one in ten exceeds.
    P90,
    /// A time that one in a hundred exceeds.
    P99,
    /// The median in round trips to the server.
    RoundTrips,
    /// Connections a second.
    PerSecond,
    /// MiB a second.
    Rate,
    /// CPU seconds of the forwarder for each GiB.
    Cpu,
    /// MiB of memory: see [`crate::process::Memory`].
    Rss,
    /// MiB of memory: see [`crate::process::Memory`].
    Pss,
}

impl Figure {
    /// Its name in the JSON, after the measure's.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Figure::P50 => "p50",
            Figure::P90 => "p90",
            Figure::P99 => "p99",
            Figure::RoundTrips => "round-trips",
            Figure::PerSecond => "connections-per-second",
            Figure::Rate => "rate",
            Figure::Cpu => "cpu-per-gib",
            Figure::Rss => "rss",
            Figure::Pss => "pss",
        }
    }

    pub(crate) fn unit(self) -> &'static str {
        match self {
            Figure::P50 | Figure::P90 | Figure::P99 => "ms",
            Figure::RoundTrips => "round trips",
            Figure::PerSecond => "conn/s",
            Figure::Rate => "MiB/s",
            Figure::Cpu => "CPU s/GiB",
            Figure::Rss | Figure::Pss => "MiB",
        }
    }

    pub(crate) fn more_is_better(self) -> bool {
        matches!(self, Figure::PerSecond | Figure::Rate)
    }

    /// What the better and the worse of two are called.
    pub(crate) fn words(self) -> (&'static str, &'static str) {
        match self {
            Figure::Cpu | Figure::Rss | Figure::Pss => ("less", "more"),
            _ => ("faster", "slower"),
        }
    }
}

/// What Portolan's figure should be. All that is named has to hold, and no connection may fail.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Goal {
    /// So many times better than kubectl's.
    pub(crate) times: Option<f64>,
    /// What is hoped for beyond that.
    pub(crate) aim: Option<f64>,
    /// Of the bare client's: at most so much of its time, at least so much of its rate.
    pub(crate) of_bare: Option<f64>,
    /// In the row's own unit.
    pub(crate) at_most: Option<f64>,
}

const NONE: Goal = Goal { times: None, aim: None, of_bare: None, at_most: None };
const FIRST_BYTE: Goal = Goal { times: Some(2.0), aim: Some(3.0), of_bare: Some(1.15), at_most: None };
const FRESH: Goal = Goal { times: Some(2.0), aim: Some(3.0), ..NONE };
const FAR: Goal = Goal { at_most: Some(1.1), ..NONE };
const CPU: Goal = Goal { at_most: Some(0.4), ..NONE };
const ECHO: Goal = Goal { times: Some(5.0), ..NONE };
const MEMORY: Goal = Goal { times: Some(2.0), at_most: Some(64.0), ..NONE };

/// A transfer's rate. One that costs nine tenths of what the wire allows is as good as the wire.
const fn rate(times: f64) -> Goal {
    Goal { times: Some(times), of_bare: Some(0.9), ..NONE }
}

const fn row(measure: Measure, figure: Figure, title: &'static str, goal: Goal) -> Row {
    Row { measure, figure, title, goal }
}

/// All rows, in order.
pub(crate) const ROWS: [Row; 27] = [
    row(Measure::FirstByte, Figure::P50, "first byte, one at a time, p50", FIRST_BYTE),
    row(Measure::FirstByte, Figure::P90, "first byte, one at a time, p90", FIRST_BYTE),
    row(Measure::FirstByte, Figure::P99, "first byte, one at a time, p99", NONE),
    row(Measure::FirstByte16, Figure::P50, "first byte, 16 at a time, p50", NONE),
    row(Measure::FirstByte16, Figure::P90, "first byte, 16 at a time, p90", NONE),
    row(Measure::FirstByte16, Figure::P99, "first byte, 16 at a time, p99", NONE),
    row(Measure::FirstByte16, Figure::PerSecond, "fresh connections, 16 at a time", FRESH),
    row(Measure::Far, Figure::P50, "first byte 50 ms away, one at a time, p50", NONE),
    row(Measure::Far, Figure::RoundTrips, "first byte 50 ms away, one at a time, p50", FAR),
    row(Measure::Far, Figure::P90, "first byte 50 ms away, one at a time, p90", NONE),
    row(Measure::Far16, Figure::P50, "first byte 50 ms away, 16 at a time, p50", NONE),
    row(Measure::Far16, Figure::RoundTrips, "first byte 50 ms away, 16 at a time, p50", NONE),
    row(Measure::Far16, Figure::P90, "first byte 50 ms away, 16 at a time, p90", NONE),
    row(Measure::Download, Figure::Rate, "download, 1 stream", rate(1.3)),
    row(Measure::Download8, Figure::Rate, "download, 8 streams", rate(1.7)),
    row(Measure::Upload, Figure::Rate, "upload, 1 stream", rate(1.3)),
    row(Measure::Upload8, Figure::Rate, "upload, 8 streams", rate(1.5)),
    row(Measure::Download, Figure::Cpu, "CPU, download, 1 stream", CPU),
    row(Measure::Download8, Figure::Cpu, "CPU, download, 8 streams", CPU),
    row(Measure::Upload, Figure::Cpu, "CPU, upload, 1 stream", CPU),
    row(Measure::Upload8, Figure::Cpu, "CPU, upload, 8 streams", CPU),
    row(Measure::Echo, Figure::P50, "echo during a download, p50", NONE),
    row(Measure::Echo, Figure::P99, "echo during a download, p99", ECHO),
    row(Measure::Echo, Figure::Rate, "the download beside the echo", NONE),
    row(Measure::Idle, Figure::Rss, "memory with idle connections, RSS", MEMORY),
    row(Measure::Idle, Figure::Pss, "memory with idle connections, PSS", NONE),
    row(Measure::Start, Figure::P50, "start to `Forwarding from`", NONE),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_figure_has_one_row() {
        let keys: BTreeSet<_> = ROWS.iter().map(|row| (row.measure, row.figure)).collect();
        assert_eq!(keys.len(), ROWS.len());
    }
}
