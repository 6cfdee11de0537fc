//! Bulk: so many bytes down or up, over several streams at once. Every byte is counted, and those that come are looked at.

use std::{
    io::{self, Read, Write},
    sync::Barrier,
    thread,
};

use super::{Failures, told, warm_lines};
use crate::{
    clock,
    line::{COUNT, Carrier, Line, SOURCE},
};

/// Read and written at once: more than any forwarder passes on at once, so that it is never waited for.
const PIECE: usize = 256 << 10;

/// Which way the bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the pod.
    Down,
    /// To the pod.
    Up,
}

/// What a bulk transfer took.
#[derive(Debug)]
pub(crate) struct Bulk {
    /// MiB a second, of the streams that were whole; `None` if none was.
    pub(crate) rate: Option<f64>,
    /// What the carrier's process used for it; `None` if a stream broke, as what was carried is not known then, or if the
    /// process has ended, as what it used went with it.
    pub(crate) cpu_seconds: Option<f64>,
    /// Streams that broke, or carried something else than was sent.
    pub(crate) failures: Failures,
}

/// Carries `bytes` on each of `streams`. `cpu` tells what the carrier's process has used so far.
///
/// # Errors
/// When not even small connections succeed before.
pub(crate) fn run(
    carrier: &dyn Carrier,
    direction: Direction,
    bytes: u64,
    streams: usize,
    cpu: impl Fn() -> Option<f64>,
) -> io::Result<Bulk> {
    let lines = warm_lines(carrier, streams)?;
    let (failures, ready) = (Failures::default(), Barrier::new(streams + 1));
    let before = cpu();
    let (whole, took) = thread::scope(|scope| {
        let workers: Vec<_> = lines
            .into_iter()
            .map(|line| {
                scope.spawn(|| {
                    // Moved in, so that it ends with the worker.
                    let mut line = line;
                    let line = line.as_mut();
                    ready.wait();
                    let carried = match direction {
                        Direction::Down => down(line, bytes, || {}),
                        Direction::Up => up(line, bytes),
                    };
                    carried.map_err(|error| failures.add(told(&error))).is_ok()
                })
            })
            .collect();
        ready.wait();
        let began = clock::now();
        let whole = workers.into_iter().filter_map(|worker| worker.join().ok()).filter(|whole| *whole).count();
        (whole, began.elapsed())
    });
    let used = before.zip(cpu()).map(|(before, after)| after - before);
    let carried = bytes as f64 * whole as f64 / f64::from(1 << 20);
    Ok(Bulk {
        rate: (whole > 0).then(|| carried / took.as_secs_f64()),
        cpu_seconds: used.filter(|_| whole == streams),
        failures,
    })
}

/// Reads `bytes` zeros; calls `flowing` with every piece that came.
pub(super) fn down(line: &mut dyn Line, bytes: u64, mut flowing: impl FnMut()) -> io::Result<()> {
    let mut pipe = line.open(SOURCE)?;
    let (mut piece, mut left) = (vec![0; PIECE], bytes);
    while left > 0 {
        let room = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let size = pipe.read(&mut piece[..room]).map_err(|error| at(&error, bytes - left, bytes))?;
        if size == 0 {
            return Err(at(&io::ErrorKind::UnexpectedEof.into(), bytes - left, bytes));
        }
        // Not `all`: this way the compiler looks at many bytes in one instruction, and it costs the bench nothing to speak of.
        if piece[..size].iter().fold(0, |all, byte| all | byte) != 0 {
            return Err(io::Error::other(format!(
                "something else than zeros came after {} of {bytes} bytes",
                bytes - left
            )));
        }
        left -= size as u64;
        flowing();
    }
    Ok(())
}

/// Writes `bytes` zeros, and waits until the pod has counted as many.
fn up(line: &mut dyn Line, bytes: u64) -> io::Result<()> {
    let mut pipe = line.open(COUNT)?;
    let (piece, mut left) = (vec![0; PIECE], bytes);
    pipe.write_all(&bytes.to_le_bytes())?;
    while left > 0 {
        let size = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        pipe.write_all(&piece[..size]).map_err(|error| at(&error, bytes - left, bytes))?;
        left -= size as u64;
    }
    let mut answer = Vec::new();
    while !answer.ends_with(b"\n") {
        let mut byte = [0];
        pipe.read_exact(&mut byte).map_err(|error| at(&error, bytes, bytes))?;
        answer.push(byte[0]);
    }
    let counted = String::from_utf8_lossy(&answer);
    if counted.trim_end() == bytes.to_string() {
        Ok(())
    } else {
        Err(io::Error::other(format!("the pod counted {} of {bytes} bytes", counted.trim_end())))
    }
}

/// The same error, and how far it had come.
fn at(error: &io::Error, carried: u64, bytes: u64) -> io::Error {
    io::Error::other(format!("{} after {carried} of {bytes} bytes", told(error)))
}
