//! This user's `kubectl port-forward` processes: found by their command lines, ended at the user's word.

use std::{
    ffi::OsString,
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use sysinfo::{Pid, Process, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, Signal, System, UpdateKind};
use tokio::time::{Instant, sleep};

use super::takeover::Refused;
use crate::{
    blocking::blocking,
    error::Error,
    forward::{Forward, LocalPort},
    local_port::{self, Holder},
};

/// kubectl ends within milliseconds of being asked to. One that has not by then stays.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// How often it is looked at whether it has ended: no system tells who is not its parent.
const LOOK: Duration = Duration::from_millis(50);

/// A `kubectl port-forward` that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Running {
    pub(crate) pid: u32,
    /// In seconds since 1970: with the pid it names the process, as pids are used again.
    pub(crate) started_at: u64,
    /// The words behind `kubectl`, without `port-forward`. They may hold a token: never shown as they are.
    pub(crate) words: Vec<String>,
    /// Where it was started: what its relative paths mean.
    pub(crate) folder: Option<PathBuf>,
    /// The ports that it listens on, where the system tells.
    pub(crate) listens: Vec<u16>,
}

/// All of this user's, by their pids. Reads all processes: not for the runtime's own threads.
///
/// # Errors
/// When this system tells nothing of its processes.
pub(crate) fn running() -> Result<Vec<Running>, Refused> {
    let mut system = system()?;
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, what_is_read());
    let me = sysinfo::get_current_pid().ok().and_then(|pid| system.process(pid)?.user_id().cloned());
    let mut found: Vec<Running> = system
        .processes()
        .values()
        .filter(|process| process.thread_kind().is_none() && lives(process))
        .filter(|process| me.is_some() && process.user_id() == me.as_ref())
        .filter_map(read)
        .collect();
    if !found.is_empty() {
        let listening = listeners::get_all().unwrap_or_default();
        for running in &mut found {
            let own = listening.iter().filter(|listener| listener.process.pid == running.pid);
            running.listens =
                own.filter(|own| own.state == listeners::SocketState::Listen).map(|own| own.socket.port()).collect();
            running.listens.sort_unstable();
            running.listens.dedup();
        }
    }
    found.sort_by_key(|running| running.pid);
    Ok(found)
}

fn system() -> Result<System, Refused> {
    System::new().map_err(|error| Refused::CannotLook { why: error.to_string() })
}

/// The one of this pid, if it is the same as it was.
///
/// # Errors
/// As [`running`].
pub(crate) fn find(pid: u32, started_at: u64) -> Result<Option<Running>, Refused> {
    Ok(running()?.into_iter().find(|running| running.pid == pid && running.started_at == started_at))
}

fn what_is_read() -> ProcessRefreshKind {
    // Not its environment: that is where people keep their secrets.
    let always = UpdateKind::Always;
    ProcessRefreshKind::nothing().with_cmd(always).with_cwd(always).with_user(always).without_tasks()
}

fn read(process: &Process) -> Option<Running> {
    let words: Vec<String> = process.cmd().iter().map(|word: &OsString| word.to_string_lossy().into_owned()).collect();
    Some(Running {
        pid: process.pid().as_u32(),
        started_at: process.start_time(),
        words: forwarding(&words)?,
        folder: process.cwd().map(Path::to_owned),
        listens: Vec::new(),
    })
}

/// Programs that a script named kubectl is run by.
const SHELLS: [&str; 7] = ["sh", "bash", "dash", "zsh", "python", "python3", "env"];

/// The words behind `kubectl`, without `port-forward`, if that is what a command line is: as a program, or as a script
/// that stands for it. Whoever only speaks of it (an editor, `sh -c`) is none.
fn forwarding(words: &[String]) -> Option<Vec<String>> {
    let is = |word: &str, names: &[&str]| {
        let name = word.rsplit(['/', '\\']).next().unwrap_or_default();
        names.contains(&name.strip_suffix(".exe").unwrap_or(name))
    };
    let kubectl = match words {
        [program, ..] if is(program, &["kubectl"]) => 0,
        [shell, script, ..] if is(shell, &SHELLS) && is(script, &["kubectl"]) => 1,
        _ => return None,
    };
    let mut rest = words[kubectl + 1..].to_vec();
    let forward = rest.iter().position(|word| word == "port-forward")?;
    rest.remove(forward);
    Some(rest)
}

fn lives(process: &Process) -> bool {
    !matches!(process.status(), ProcessStatus::Zombie | ProcessStatus::Dead)
}

/// Ends a process and waits until the forward that takes its place can listen on its ports. It is asked to end; where a
/// system has no such request (Windows), it is ended.
///
/// # Errors
/// When it is not there any more, may not be ended, does not end, or its ports are taken all the same.
pub(crate) async fn end(running: &Running, forward: &Forward) -> Result<(), Error> {
    let (pid, started_at) = (running.pid, running.started_at);
    match blocking(move || ask_to_end(pid, started_at)).await? {
        None => return Err(Refused::Changed { pid }.into()),
        Some(false) => return Err(Refused::NotAllowed { pid }.into()),
        Some(true) => {}
    }
    let deadline = Instant::now() + ENDS_WITHIN;
    while blocking(move || the_same(pid, started_at)).await?.is_some() {
        if Instant::now() >= deadline {
            return Err(Refused::Stays { pid, seconds: ENDS_WITHIN.as_secs() }.into());
        }
        sleep(LOOK).await;
    }
    let ports: Vec<u16> = forward.ports.iter().filter_map(|map| map.local.fixed()).collect();
    until_free(&forward.addresses(), &ports, deadline).await
}

/// Waits until each of the ports can be listened on, as a session would.
async fn until_free(addresses: &[IpAddr], ports: &[u16], deadline: Instant) -> Result<(), Error> {
    for &port in ports {
        loop {
            match local_port::bind(addresses.to_vec(), LocalPort::Fixed { port }, port).await {
                Ok(_) => break,
                Err(Error::PortTaken { .. }) if Instant::now() < deadline => sleep(LOOK).await,
                Err(Error::PortTaken { port, holder, .. }) => {
                    let holder = holder.as_ref().map_or("another process".to_owned(), Holder::to_string);
                    return Err(Refused::PortKept { port, holder }.into());
                }
                Err(other) => return Err(other),
            }
        }
    }
    Ok(())
}

/// Whether it could be asked; `None` if it is not there any more.
fn ask_to_end(pid: u32, started_at: u64) -> Result<Option<bool>, Refused> {
    let system = the_same(pid, started_at)?;
    let process = system.as_ref().and_then(|system| system.process(Pid::from_u32(pid)));
    Ok(process.map(|process| process.kill_with(Signal::Term).unwrap_or_else(|| process.kill())))
}

/// The system with this process in it, if it is the same and lives.
fn the_same(pid: u32, started_at: u64) -> Result<Option<System>, Refused> {
    let pid = Pid::from_u32(pid);
    let mut system = system()?;
    let what = ProcessRefreshKind::nothing().without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, what);
    let same = |process: &Process| process.start_time() == started_at && lives(process);
    Ok(system.process(pid).is_some_and(same).then_some(system))
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
