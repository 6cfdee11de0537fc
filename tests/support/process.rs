//! What a process holds, as Linux tells it.

use std::{fs, path::PathBuf};

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
