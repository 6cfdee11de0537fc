//! Fresh connections: connect, send a byte, wait for its echo, close; several at a time, again and again.

use std::{
    io, panic,
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use super::{Failures, echo_one_byte, percentile, told, warm_lines};
use crate::{
    clock,
    line::{Carrier, Line},
};

/// What fresh connections took.
#[derive(Debug)]
pub(crate) struct Fresh {
    /// Milliseconds from connect to the first byte, ascending; failed ones are not among them.
    latencies: Vec<f64>,
    /// Those that succeeded, a second.
    pub(crate) per_second: f64,
    /// Those that did not.
    pub(crate) failures: Failures,
}

impl Fresh {
    /// A percentile of the time to the first byte, in milliseconds.
    pub(crate) fn first_byte(&self, percent: usize) -> Option<f64> {
        percentile(&self.latencies, percent)
    }
}

/// Makes `count` connections, `at_once` at a time.
///
/// # Errors
/// When not even the first ones, which are not measured, succeed.
pub(crate) fn run(carrier: &dyn Carrier, count: usize, at_once: usize) -> io::Result<Fresh> {
    let lines = warm_lines(carrier, at_once)?;
    let (made, failures, ready) = (AtomicUsize::new(0), Failures::default(), Barrier::new(at_once + 1));
    let (mut latencies, took) = thread::scope(|scope| {
        let workers: Vec<_> = lines
            .into_iter()
            .map(|line| {
                scope.spawn(|| {
                    ready.wait();
                    work(carrier, line, || made.fetch_add(1, Relaxed) < count, &failures)
                })
            })
            .collect();
        ready.wait();
        let began = clock::now();
        let latencies: Vec<f64> = workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_else(|panic| panic::resume_unwind(panic)))
            .collect();
        (latencies, began.elapsed())
    });
    latencies.sort_by(f64::total_cmp);
    Ok(Fresh { per_second: latencies.len() as f64 / took.as_secs_f64(), latencies, failures })
}

/// One connection after another, while there are `more` to make.
fn work(carrier: &dyn Carrier, mut line: Box<dyn Line>, more: impl Fn() -> bool, failures: &Failures) -> Vec<f64> {
    let mut latencies = Vec::new();
    while more() {
        let began = clock::now();
        match echo_one_byte(line.as_mut()) {
            Ok(()) => latencies.push(began.elapsed().as_secs_f64() * 1e3),
            Err(error) => {
                failures.add(told(&error));
                // The bare client's upgrade may have gone with it.
                if let Ok(fresh) = carrier.line() {
                    line = fresh;
                }
            }
        }
    }
    latencies
}
