//! What the system knows of a process: the CPU time it has used and the memory it holds.

use std::fs;

use portolan_tests::Result;

/// `/proc/PID/stat` counts CPU time in ticks of `USER_HZ`, which Linux has fixed at 100 a second for every program.
const TICKS: f64 = 100.0;

/// CPU seconds of a process so far, its own and the kernel's on its behalf.
///
/// # Errors
/// When there is no such process any more.
pub(crate) fn cpu_seconds(pid: u32) -> Result<f64> {
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

/// What a process holds in memory, in MiB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Memory {
    /// All pages that it can reach without a page fault.
    pub(crate) rss: f64,
    /// The same, with pages that several processes share counted to each in part.
    pub(crate) pss: f64,
}

/// The memory of a process.
///
/// # Errors
/// When there is no such process any more, or it is somebody else's.
pub(crate) fn memory(pid: u32) -> Result<Memory> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let rollup = fs::read_to_string(&path).map_err(|error| format!("cannot read {path}: {error}"))?;
    Ok(mebibytes(&rollup).ok_or_else(|| format!("{path} tells neither Rss nor Pss: {rollup}"))?)
}

fn mebibytes(rollup: &str) -> Option<Memory> {
    let of = |name: &str| {
        let kibibytes = rollup.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        Some(kibibytes.trim().strip_suffix(" kB")?.parse::<f64>().ok()? / 1024.0)
    };
    Some(Memory { rss: of("Rss")?, pss: of("Pss")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_writes_is_read() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 900 0 3 0 150 25 0 0 20 0 9 0 1234 0 0";
        assert_eq!(ticks(stat), Some(175.0));
        assert_eq!(ticks("7 (cut) S 1"), None);
        let rollup =
            "5500-7ffd ---p 0 00:00 0 [rollup]\nRss:          2048 kB\nPss:          1536 kB\nPss_Dirty: 1 kB\n";
        assert_eq!(mebibytes(rollup), Some(Memory { rss: 2.0, pss: 1.5 }));
        assert_eq!(mebibytes("Rss: 1 kB"), None);
    }
}
