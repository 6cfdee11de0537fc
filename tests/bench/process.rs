//! What the system knows of the memory that a process holds.

use std::fs;

use portolan_tests::Result;

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
        let rollup =
            "5500-7ffd ---p 0 00:00 0 [rollup]\nRss:          2048 kB\nPss:          1536 kB\nPss_Dirty: 1 kB\n";
        assert_eq!(mebibytes(rollup), Some(Memory { rss: 2.0, pss: 1.5 }));
        assert_eq!(mebibytes("Rss: 1 kB"), None);
    }
}
