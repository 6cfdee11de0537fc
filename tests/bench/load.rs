//! The load: what is done through a [`Carrier`], and what it took. Blocking threads, one a connection at a time, so that
//! nothing but the system's own scheduler stands between a byte and the clock.

pub(crate) mod bulk;
pub(crate) mod echo;
pub(crate) mod fresh;
pub(crate) mod idle;

use std::{
    io::{self, Read, Write},
    sync::{Mutex, PoisonError},
};

use crate::line::{Carrier, ECHO, Line};

/// Connections on every line before it is measured: the forwarder knows its pod and has its upgrades then, and both sides
/// their memory.
const WARM_UPS: usize = 20;

/// What went wrong, counted, and the first of it in words.
#[derive(Debug, Default)]
pub(crate) struct Failures(Mutex<(u64, Option<String>)>);

impl Failures {
    /// Adds one.
    fn add(&self, what: impl ToString) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.0 += 1;
        failures.1.get_or_insert_with(|| what.to_string());
    }

    /// How many, and the first.
    pub(crate) fn into_inner(self) -> (u64, Option<String>) {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lines that have carried something already, one for each of `workers`.
fn warm_lines(carrier: &dyn Carrier, workers: usize) -> io::Result<Vec<Box<dyn Line>>> {
    let mut lines = (0..workers).map(|_| carrier.line()).collect::<io::Result<Vec<_>>>()?;
    // At once, as they will be used: a forwarder then has as many upgrades as it will need.
    std::thread::scope(|scope| {
        let warming: Vec<_> = lines
            .iter_mut()
            .map(|line| scope.spawn(|| (0..WARM_UPS).try_for_each(|_| echo_one_byte(line.as_mut()))))
            .collect();
        warming.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| Err(panicked())))
    })
    .map_err(|error| io::Error::new(error.kind(), format!("while warming up: {}", told(&error))))?;
    Ok(lines)
}

/// A fresh connection, one byte there and one back.
fn echo_one_byte(line: &mut dyn Line) -> io::Result<()> {
    let mut pipe = line.open(ECHO)?;
    pipe.write_all(b"x")?;
    let mut byte = [0];
    pipe.read_exact(&mut byte)?;
    if byte == *b"x" { Ok(()) } else { Err(io::Error::other(format!("the echo of “x” was {byte:?}"))) }
}

/// An error of a connection, in words that can stand alone.
fn told(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            format!("nothing moved for {} s", crate::line::PATIENCE.as_secs())
        }
        io::ErrorKind::UnexpectedEof => "the connection ended early".into(),
        _ => error.to_string(),
    }
}

fn panicked() -> io::Error {
    io::Error::other("a worker of the load generator panicked (see above)")
}

/// The value that `percent` of all are below; of nothing, none. `sorted` is ascending.
pub(crate) fn percentile(sorted: &[f64], percent: usize) -> Option<f64> {
    sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles() {
        let hundred: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!(percentile(&hundred, 50), Some(50.0));
        assert_eq!(percentile(&hundred, 99), Some(99.0));
        assert_eq!(percentile(&[3.0], 99), Some(3.0));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn the_first_failure_is_the_one_that_is_told() {
        let failures = Failures::default();
        failures.add("refused");
        failures.add("reset");
        assert_eq!(failures.into_inner(), (2, Some("refused".into())));
    }
}
