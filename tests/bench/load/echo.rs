//! A small echo while a bulk download runs: what somebody who types feels while somebody else copies.

use std::{
    io,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::Duration,
};

use super::{Failures, bulk, percentile, told, warm_lines};
use crate::{
    clock,
    line::{Carrier, ECHO, Line, Pipe},
};

/// What is echoed: a keystroke with its head, or a small query.
const MESSAGE: &[u8] = &[b'e'; 64];

/// Between an echo and the next, so that the echo itself is no load.
const PAUSE: Duration = Duration::from_millis(2);

/// What the echoes took, and the download beside them.
#[derive(Debug)]
pub(crate) struct Beside {
    /// Milliseconds, ascending.
    latencies: Vec<f64>,
    /// The download's MiB a second; `None` if it was not whole.
    pub(crate) rate: Option<f64>,
    /// Echoes that did not come back, and the download if it was not whole.
    pub(crate) failures: Failures,
}

impl Beside {
    /// A percentile of the echoes' round trips, in milliseconds.
    pub(crate) fn echo(&self, percent: usize) -> Option<f64> {
        percentile(&self.latencies, percent)
    }
}

/// Echoes on one connection for as long as `bytes` come on another.
///
/// # Errors
/// When not even small connections succeed before.
pub(crate) fn run(carrier: &dyn Carrier, bytes: u64) -> io::Result<Beside> {
    let mut lines = warm_lines(carrier, 2)?;
    let (Some(mut small), Some(mut large)) = (lines.pop(), lines.pop()) else {
        return Err(io::Error::other("two lines were asked for, and fewer came"));
    };
    let (failures, flowing, done) = (Failures::default(), AtomicBool::new(false), AtomicBool::new(false));
    let (mut latencies, rate) = thread::scope(|scope| {
        let download = scope.spawn(|| {
            let began = clock::now();
            let whole = bulk::down(large.as_mut(), bytes, || flowing.store(true, Relaxed));
            done.store(true, Relaxed);
            let took = began.elapsed().as_secs_f64();
            whole.map(|()| bytes as f64 / f64::from(1 << 20) / took).map_err(|error| failures.add(told(&error))).ok()
        });
        let latencies = echoes(small.as_mut(), &flowing, &done).unwrap_or_else(|error| {
            failures.add(format!("the echo beside a download: {}", told(&error)));
            Vec::new()
        });
        (latencies, download.join().unwrap_or_default())
    });
    latencies.sort_by(f64::total_cmp);
    Ok(Beside { latencies, rate, failures })
}

/// Round trips in milliseconds, from the download's first bytes to its end.
fn echoes(line: &mut dyn Line, flowing: &AtomicBool, done: &AtomicBool) -> io::Result<Vec<f64>> {
    let mut pipe = line.open(ECHO)?;
    echo(pipe.as_mut())?;
    while !flowing.load(Relaxed) && !done.load(Relaxed) {
        clock::pause(PAUSE);
    }
    let mut latencies = Vec::new();
    while !done.load(Relaxed) {
        let began = clock::now();
        echo(pipe.as_mut())?;
        latencies.push(began.elapsed().as_secs_f64() * 1e3);
        clock::pause(PAUSE);
    }
    Ok(latencies)
}

fn echo(pipe: &mut dyn Pipe) -> io::Result<()> {
    pipe.write_all(MESSAGE)?;
    let mut back = [0; MESSAGE.len()];
    pipe.read_exact(&mut back)?;
    if back == MESSAGE { Ok(()) } else { Err(io::Error::other("something else came back than was sent")) }
}
