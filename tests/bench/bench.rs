//! The run: round after round, measure after measure, way after way. The ways of one measure follow one another at once, in
//! an order that changes from round to round, so that whatever drifts meets all of them.

use std::{io, process, time::Duration};

use portolan_tests::{Result, process::cpu_seconds};

use crate::{
    clock,
    forwarder::Forwarder,
    line::Carrier,
    load::{Failures, bulk, bulk::Direction, echo, fresh, idle},
    measure::{Measure, Sizes, Way},
    process::memory,
    results::{Results, median},
    row::Figure,
    site::{ROUND_TRIP, Site},
    table::number,
};

/// Between two measurements, so that the servers are done with the last one: they hold on to a connection for a second.
const REST: Duration = Duration::from_millis(1200);

/// What is to be done.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) site: Site,
    pub(crate) sizes: Sizes,
    pub(crate) rounds: usize,
    pub(crate) measures: Vec<Measure>,
    pub(crate) ways: Vec<Way>,
}

/// What one measurement gave.
struct Taken {
    figures: Vec<(Figure, f64)>,
    errors: u64,
    first: Option<String>,
}

impl Taken {
    fn new(figures: impl IntoIterator<Item = (Figure, Option<f64>)>, failures: Failures) -> Taken {
        let (errors, first) = failures.into_inner();
        let figures = figures.into_iter().filter_map(|(figure, value)| Some((figure, value?))).collect();
        Taken { figures, errors, first }
    }
}

impl Bench {
    /// Does it all. What fails is counted, and nothing ends the bench.
    pub(crate) fn run(&self) -> Results {
        let mut results = Results::default();
        for round in 0..self.rounds {
            for measure in &self.measures {
                for way in self.order(round).filter(|way| measure.asks(*way)) {
                    let label = format!("round {}/{}, {}, {}", round + 1, self.rounds, measure.name(), way.name());
                    let taken = self.take(*measure, way).unwrap_or_else(|error| Taken {
                        figures: Vec::new(),
                        errors: 1,
                        first: Some(error.to_string()),
                    });
                    say(&label, &taken);
                    for (figure, value) in taken.figures {
                        results.add(*measure, figure, way, value);
                    }
                    if taken.errors > 0 {
                        results.add_failures(*measure, way, taken.errors, taken.first.unwrap_or_default());
                    }
                    clock::pause(REST);
                }
            }
        }
        results
    }

    /// Everybody is first once, and last once; every other round goes backwards, so that everybody follows everybody.
    fn order(&self, round: usize) -> impl Iterator<Item = Way> {
        let mut ways = self.ways.clone();
        if !ways.is_empty() {
            let by = (round / 2) % ways.len();
            ways.rotate_left(by);
        }
        if round % 2 == 1 {
            ways.reverse();
        }
        ways.into_iter()
    }

    /// One measurement, with a forwarder of its own.
    fn take(&self, measure: Measure, way: Way) -> Result<Taken> {
        if measure == Measure::Start {
            return self.starts(way);
        }
        let forwarder = self.site.start(way, measure.is_far())?;
        let taken =
            self.load(measure, way, forwarder.as_ref()).map_err(|error| match last_words(forwarder.as_ref()) {
                Some(words) => format!("{error}. Its last words: “{words}”"),
                None => error.to_string(),
            })?;
        // Why a connection failed, the forwarder knows better than its client.
        let words = last_words(forwarder.as_ref());
        Ok(Taken {
            first: taken.first.map(|first| words.map_or(first.clone(), |words| format!("{first} (“{words}”)"))),
            ..taken
        })
    }

    fn load(&self, measure: Measure, way: Way, forwarder: Option<&Forwarder>) -> Result<Taken> {
        let bare = self.site.bare(way, measure.is_far());
        let carrier: &dyn Carrier = forwarder.map_or(bare, |forwarder| forwarder);
        // The bare client is this very process, and so is the local hop.
        let pid = forwarder.map_or_else(process::id, Forwarder::pid);
        let sizes = &self.sizes;
        match measure {
            Measure::Start => self.starts(way),
            Measure::FirstByte => Ok(first_byte(fresh::run(carrier, sizes.connections, 1)?)),
            Measure::FirstByte16 => Ok(first_byte(fresh::run(carrier, sizes.connections_16, 16)?)),
            Measure::Far => Ok(from_afar(fresh::run(carrier, sizes.far, 1)?)),
            Measure::Far16 => Ok(from_afar(fresh::run(carrier, sizes.far_16, 16)?)),
            Measure::Download => bulk(carrier, pid, Direction::Down, sizes.bulk_mib, 1),
            Measure::Download8 => bulk(carrier, pid, Direction::Down, sizes.bulk_8_mib, 8),
            Measure::Upload => bulk(carrier, pid, Direction::Up, sizes.bulk_mib, 1),
            Measure::Upload8 => bulk(carrier, pid, Direction::Up, sizes.bulk_8_mib, 8),
            Measure::Echo => {
                let beside = echo::run(carrier, sizes.echo_mib << 20)?;
                let figures =
                    [(Figure::P50, beside.echo(50)), (Figure::P99, beside.echo(99)), (Figure::Rate, beside.rate)];
                Ok(Taken::new(figures, beside.failures))
            }
            Measure::Idle => {
                let ports = forwarder.ok_or("the bare client holds no connections")?.ports;
                let (memory, failures) = idle::run(ports, sizes.idle, || memory(pid).map_err(io::Error::other))?;
                Ok(Taken::new([(Figure::Rss, Some(memory.rss)), (Figure::Pss, Some(memory.pss))], failures))
            }
        }
    }

    /// The median of some starts, one after another.
    fn starts(&self, way: Way) -> Result<Taken> {
        let mut took = Vec::new();
        for _ in 0..self.sizes.starts {
            let forwarder = self.site.start(way, false)?.ok_or("the bare client does not start up")?;
            took.push(forwarder.started_in.as_secs_f64() * 1e3);
        }
        took.sort_by(f64::total_cmp);
        Ok(Taken::new([(Figure::P50, median(&took))], Failures::default()))
    }
}

fn first_byte(fresh: fresh::Fresh) -> Taken {
    let figures = [
        (Figure::P50, fresh.first_byte(50)),
        (Figure::P90, fresh.first_byte(90)),
        (Figure::P99, fresh.first_byte(99)),
        (Figure::PerSecond, Some(fresh.per_second)),
    ];
    Taken::new(figures, fresh.failures)
}

/// The same; far from the server, what counts is how often it was waited for.
fn from_afar(fresh: fresh::Fresh) -> Taken {
    let round_trip = ROUND_TRIP.as_secs_f64() * 1e3;
    let round_trips = fresh.first_byte(50).map(|p50| (Figure::RoundTrips, p50 / round_trip));
    let mut taken = first_byte(fresh);
    taken.figures.extend(round_trips);
    taken
}

fn bulk(carrier: &dyn Carrier, pid: u32, direction: Direction, mib: u64, streams: usize) -> Result<Taken> {
    let bulk = bulk::run(carrier, direction, mib << 20, streams, || cpu_seconds(pid).ok())?;
    let gib = (mib * streams as u64) as f64 / 1024.0;
    let figures = [(Figure::Rate, bulk.rate), (Figure::Cpu, bulk.cpu_seconds.map(|seconds| seconds / gib))];
    Ok(Taken::new(figures, bulk.failures))
}

fn last_words(forwarder: Option<&Forwarder>) -> Option<String> {
    forwarder.map(Forwarder::last_words).filter(|words| !words.is_empty())
}

/// How it goes, for whoever watches.
fn say(label: &str, taken: &Taken) {
    let figures: Vec<String> = taken
        .figures
        .iter()
        .map(|(figure, value)| format!("{} {} {}", figure.name(), number(*value), figure.unit()))
        .collect();
    let errors = if taken.errors == 0 {
        String::new()
    } else {
        format!(" [{} failed: {}]", taken.errors, taken.first.as_deref().unwrap_or_default())
    };
    eprintln!("{label}: {}{errors}", figures.join(", "));
}
