//! What a process holds, as Linux tells it.

use std::{fs, path::PathBuf, time::Duration};

use crate::Result;

/// What a process holds.
#[derive(Clone, Copy, Debug)]
pub struct Holds {
    /// Open files, and so connections.
    pub files: usize,
    /// Threads.
    pub threads: usize,
    /// Memory, in KiB.
    pub memory: usize,
    /// The most memory that it ever held, in KiB.
    pub most_memory: usize,
}

/// What the process holds now; `None`, and a word of it, where the system does not tell in Linux's way.
///
/// # Errors
/// When there is no such process.
pub fn holds(pid: u32) -> Result<Option<Holds>> {
    let folder = PathBuf::from(format!("/proc/{pid}"));
    if !cfg!(target_os = "linux") {
        eprintln!("left out: what the command holds, which only Linux tells");
        return Ok(None);
    }
    let status = fs::read_to_string(folder.join("status"))?;
    let number = |name: &str| -> Result<usize> {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|rest| rest.split_whitespace().next()).ok_or_else(|| format!("no {name}"))?;
        Ok(number.parse()?)
    };
    Ok(Some(Holds {
        files: fs::read_dir(folder.join("fd"))?.count(),
        threads: number("Threads:")?,
        memory: number("VmRSS:")?,
        most_memory: number("VmHWM:")?,
    }))
}

/// How long, since the machine began, something that could have run had to wait for a processor; `None` where the system
/// does not tell.
pub fn waited_for_processors() -> Option<Duration> {
    let told = fs::read_to_string("/proc/pressure/cpu").ok()?;
    let (_, total) = told.lines().next()?.rsplit_once("total=")?;
    Some(Duration::from_micros(total.parse().ok()?))
}

/// How busy the machine is, beside what is tested.
#[derive(Debug)]
pub struct Pressure {
    began: tokio::time::Instant,
    waited: Option<Duration>,
}

impl Pressure {
    /// From now on.
    pub fn begin() -> Pressure {
        Pressure { began: tokio::time::Instant::now(), waited: waited_for_processors() }
    }

    /// The share of the time, in percent, in which something had to wait for a processor; 0 where the system does not tell.
    pub fn percent(&self) -> u128 {
        let waited = waited_for_processors().zip(self.waited).map(|(now, then)| now.saturating_sub(then));
        waited.unwrap_or_default().as_micros() * 100 / self.began.elapsed().as_micros().max(1)
    }
}

/// `/proc/PID/stat` counts CPU time in ticks of `USER_HZ`, which Linux has fixed at 100 a second for every program.
const TICKS: f64 = 100.0;

/// CPU seconds of a process so far, its own and the kernel's on its behalf.
///
/// # Errors
/// When there is no such process any more.
pub fn cpu_seconds(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).map_err(|error| format!("cannot read {path}: {error}"))?;
    Ok(ticks(&stat).ok_or_else(|| format!("{path} is not what the manual says: {stat}"))? / TICKS)
}

/// utime and stime: the 14th and 15th field. The second, the name, stands in brackets and may hold anything.
fn ticks(stat: &str) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_writes_is_read() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 900 0 3 0 150 25 0 0 20 0 9 0 1234 0 0";
        assert_eq!(ticks(stat), Some(175.0));
        assert_eq!(ticks("7 (cut) S 1"), None);
    }
}
