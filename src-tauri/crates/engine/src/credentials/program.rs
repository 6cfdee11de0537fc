//! Runs a plugin: found as a shell finds it, without a terminal, in a process group of its own, for so long and no longer.
//!
//! When the future is dropped, the whole group is killed: a plugin may wait for the user in a child of its own.

#[cfg(test)]
mod tests;

use std::{
    ffi::{OsStr, OsString},
    io, iter,
    path::{MAIN_SEPARATOR, Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use process_wrap::tokio::{ChildWrapper, CommandWrap, KillOnDrop};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Command,
    time::timeout,
};

use super::{failure::Why, plugin::Plugin};

/// It has this long. A browser may be open meanwhile, and somebody look for a second factor.
const LIMIT: Duration = Duration::from_secs(60);

/// When it has ended, what it printed is there. But a child that it has left behind may hold the pipe open for ever.
const DRAIN: Duration = Duration::from_secs(1);

/// The most that it may print. Certificates with long chains have some 10 KiB.
const MOST: u64 = 1 << 20;

/// The end of its error output that is kept, and the longest line of it that is shown.
const TAIL: usize = 4096;
const LONGEST_LINE: usize = 300;

/// Runs it once; what it has printed.
pub(super) async fn run(plugin: &Plugin, environment: &[(OsString, OsString)]) -> Result<Vec<u8>, Why> {
    plugin.check()?;
    let path = variable(environment, "PATH").unwrap_or_default();
    let program = find(&plugin.command, &path).ok_or_else(|| missing(plugin, &path))?;
    let mut running = start(&program, plugin, environment).map_err(|error| Why::NotRun(error.to_string()))?;
    let (mut printed, mut said) = (Vec::new(), Vec::new());
    match timeout(LIMIT, finish(&mut running, &mut printed, &mut said)).await {
        Ok(Ok(status)) if status.success() => Ok(printed),
        Ok(Ok(status)) => Err(Why::Ended { status: status.to_string(), said: last_line(&said) }),
        Ok(Err(why)) => Err(why),
        Err(_) => Err(Why::Slow { seconds: LIMIT.as_secs(), said: last_line(&said) }),
    }
}

/// Reads both of its outputs until it ends.
async fn finish(
    running: &mut Running,
    printed: &mut Vec<u8>,
    said: &mut Vec<u8>,
) -> Result<std::process::ExitStatus, Why> {
    let not_run = |error: io::Error| Why::NotRun(error.to_string());
    let (stdout, stderr) = (running.child.stdout().take(), running.child.stderr().take());
    let reading = async { tokio::try_join!(all(stdout, printed), tail(stderr, said)).map(|_| ()) };
    tokio::pin!(reading);
    let status = tokio::select! {
        biased;
        read = &mut reading => {
            read?;
            running.child.wait().await
        }
        status = running.child.wait() => {
            if let Ok(read) = timeout(DRAIN, &mut reading).await {
                read?;
            }
            status
        }
    };
    running.ended = true;
    status.map_err(not_run)
}

/// A plugin that runs, with all that it has started. It does not outlive this.
struct Running {
    child: Box<dyn ChildWrapper>,
    ended: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        // What has ended by itself may leave others behind, as agents that keep a session. That is its own affair.
        if !self.ended
            && let Err(error) = self.child.start_kill()
        {
            tracing::warn!(%error, "a plugin cannot be stopped");
        }
    }
}

fn start(program: &Path, plugin: &Plugin, environment: &[(OsString, OsString)]) -> io::Result<Running> {
    let mut command = Command::new(program);
    command
        .args(&plugin.args)
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .envs(plugin.env.iter().map(|(name, value)| (name, value)))
        .env("KUBERNETES_EXEC_INFO", plugin.exec_info())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut command = CommandWrap::from(command);
    command.wrap(KillOnDrop);
    #[cfg(unix)]
    command.wrap(process_wrap::tokio::ProcessGroup::leader());
    #[cfg(windows)]
    command.wrap(process_wrap::tokio::JobObject);
    Ok(Running { child: command.spawn()?, ended: false })
}

/// A name is looked for in PATH, but not in its relative folders: which program that is would depend on where Portolan was
/// started. A path is taken as it is.
fn find(command: &str, path: &OsStr) -> Option<PathBuf> {
    if is_path(command) {
        return which::which_in(command, None::<&OsStr>, std::env::current_dir().ok()?).ok();
    }
    let folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
    which::which_in_global(command, Some(std::env::join_paths(folders).ok()?)).ok()?.next()
}

pub(super) fn is_path(command: &str) -> bool {
    command.contains(MAIN_SEPARATOR) || command.contains('/')
}

fn missing(plugin: &Plugin, path: &OsStr) -> Why {
    let searched = match is_path(&plugin.command) {
        true => plugin.command.clone(),
        false if path.is_empty() => "an empty PATH".into(),
        false => path.to_string_lossy().into_owned(),
    };
    Why::Missing { searched, whose: None, hint: plugin.install_hint.clone() }
}

/// Windows does not tell `PATH` from `Path`.
fn variable(environment: &[(OsString, OsString)], name: &str) -> Option<OsString> {
    let is = |one: &OsStr| if cfg!(windows) { one.eq_ignore_ascii_case(name) } else { one == name };
    environment.iter().find(|(one, _)| is(one)).map(|(_, value)| value.clone())
}

async fn all(output: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) -> Result<(), Why> {
    let Some(output) = output else { return Ok(()) };
    let read = output.take(MOST + 1).read_to_end(into).await;
    read.map_err(|error| Why::NotRun(error.to_string()))?;
    if into.len() as u64 > MOST { Err(Why::TooMuch) } else { Ok(()) }
}

/// All is read, so that it is not held up; the end is kept.
async fn tail(output: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) -> Result<(), Why> {
    let Some(mut output) = output else { return Ok(()) };
    loop {
        match output.read_buf(into).await {
            Ok(0) => return Ok(()),
            Ok(_) => drop(into.drain(..into.len().saturating_sub(TAIL))),
            Err(error) => return Err(Why::NotRun(error.to_string())),
        }
    }
}

/// The last line that says something, without what moves a terminal's cursor or colours it.
fn last_line(said: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(said);
    let line = text.lines().rfind(|line| !line.trim().is_empty())?;
    let plain: String = without_escapes(line).filter(|c| !c.is_control()).take(LONGEST_LINE).collect();
    Some(plain.trim().to_owned()).filter(|line| !line.is_empty())
}

/// Without `ESC [ … letter`.
fn without_escapes(line: &str) -> impl Iterator<Item = char> {
    let mut chars = line.chars();
    iter::from_fn(move || {
        loop {
            match chars.next()? {
                '\u{1b}' => {
                    let mut rest = chars.clone();
                    if rest.next() == Some('[') {
                        rest.find(char::is_ascii_alphabetic);
                        chars = rest;
                    }
                }
                c => return Some(c),
            }
        }
    })
}
