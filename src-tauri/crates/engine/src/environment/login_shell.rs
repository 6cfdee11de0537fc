//! Asks a login shell for its environment: started as a terminal would start it, for so long and no longer.
//!
//! Files that shells read print what they like: greetings, the news, escape codes. So what is meant stands between two
//! marks that nobody else can know. A shell that waits for an answer gets none: it has no terminal and no input.

use std::{
    ffi::{OsStr, OsString},
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use process_wrap::tokio::{ChildWrapper, CommandWrap};
use tokio::{io::AsyncReadExt, process::Command, time::timeout};

use super::Pairs;

/// It has this long. The slowest of the usual setups take two seconds.
pub(super) const LIMIT: Duration = Duration::from_secs(5);

/// The most that is read. The system allows some 2 MiB of environment.
const MOST: u64 = 4 << 20;

/// What every mark begins with.
const MARK: &str = "portolan-";

/// What a shell hears when its terminal is closed. POSIX has this number for it.
#[cfg(unix)]
const HANGUP: i32 = 1;

/// So long it may take to leave nothing behind.
#[cfg(unix)]
const GRACE: Duration = Duration::from_secs(1);

/// Tells files that shells read that nobody will type anything.
const TELLS: (&str, &str) = ("PORTOLAN_READS_ENVIRONMENT", "1");

/// Why a shell has told nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Why {
    #[error("cannot be run: {0}")]
    NotRun(String),
    #[error("did not end within {} s, and was stopped", LIMIT.as_secs())]
    Slow,
    #[error("ended with {0} and had not told it")]
    Ended(String),
    #[error("has printed more than an environment has")]
    TooMuch,
    #[cfg(not(unix))]
    #[error("is not asked on this system")]
    NotHere,
}

/// The shell's environment; `own` is what it is started with.
#[cfg(unix)]
pub(super) async fn ask(shell: &OsStr, own: &Pairs) -> Result<Pairs, Why> {
    let mark = Mark(format!("{:032x}", fastrand::u128(..)));
    let mut running = start(shell, own, &mark).map_err(|error| Why::NotRun(error.to_string()))?;
    let (printed, status) = timeout(LIMIT, finish(&mut running, &mark.text())).await.map_err(|_| Why::Slow)??;
    between(&printed, mark.text().as_bytes()).map(pairs).ok_or(Why::Ended(status))
}

/// Elsewhere desktop apps have the user's environment.
#[cfg(not(unix))]
pub(super) async fn ask(_: &OsStr, _: &Pairs) -> Result<Pairs, Why> {
    Err(Why::NotHere)
}

/// What stands before and behind the environment.
struct Mark(String);

impl Mark {
    fn text(&self) -> String {
        format!("{MARK}{}", self.0)
    }

    /// Prints it from two pieces. A shell may keep the last word of a command in `_`, in the environment: dash does, and the
    /// whole mark would then stand in the middle of what it marks.
    fn printed(&self) -> String {
        format!("printf %s%s {MARK} {}", self.0)
    }
}

/// A shell that runs, with all that it has started. It is told to go with this.
struct Running {
    /// `None` once it has ended.
    child: Option<Box<dyn ChildWrapper>>,
}

#[cfg(unix)]
impl Drop for Running {
    /// One that has told all may have something left to do, and nobody to do it for. It is ended as a terminal would: what
    /// its files have begun is put in order, and killed in the middle of it pyenv, for one, leaves a lock behind that holds
    /// up the user's next shells for a minute.
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        if let Err(error) = child.signal(HANGUP) {
            tracing::debug!(%error, "the login shell has ended by itself");
        }
        // At the app's end nobody waits for it: it has heard that it is to go.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            if timeout(GRACE, child.wait()).await.is_err()
                && let Err(error) = child.start_kill()
            {
                tracing::warn!(%error, "the login shell cannot be stopped");
            }
        });
    }
}

fn start(shell: &OsStr, own: &Pairs, mark: &Mark) -> io::Result<Running> {
    // A path of its own: what the shell calls `env` may be something else.
    let mark = mark.printed();
    let script = format!("{mark}; /usr/bin/env -0; {mark}");
    let mut command = Command::new(shell);
    command
        .args(["-l", "-i", "-c", &script])
        .env_clear()
        .envs(own.iter().map(|(name, value)| (name, value)))
        .env(TELLS.0, TELLS.1)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut command = CommandWrap::from(command);
    #[cfg(unix)]
    command.wrap(process_wrap::tokio::ProcessGroup::leader());
    Ok(Running { child: Some(command.spawn()?) })
}

/// Reads until all has been told, or the shell has ended; how it has.
async fn finish(running: &mut Running, mark: &str) -> Result<(Vec<u8>, String), Why> {
    let not_run = |error: io::Error| Why::NotRun(error.to_string());
    let mut printed = Vec::new();
    let Some(child) = &mut running.child else { return Ok((printed, String::new())) };
    if let Some(output) = child.stdout().take() {
        let mut output = output.take(MOST + 1);
        // Not to its end, which a process that was left behind may put off for ever.
        while between(&printed, mark.as_bytes()).is_none() {
            if output.read_buf(&mut printed).await.map_err(not_run)? == 0 {
                break;
            }
            if printed.len() as u64 > MOST {
                return Err(Why::TooMuch);
            }
        }
    }
    if between(&printed, mark.as_bytes()).is_some() {
        return Ok((printed, String::new()));
    }
    let status: ExitStatus = child.wait().await.map_err(not_run)?;
    running.child = None;
    Ok((printed, status.to_string()))
}

/// What stands between two marks.
fn between<'a>(printed: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    let find = |within: &[u8]| within.windows(mark.len()).position(|window| window == mark);
    let rest = &printed[find(printed)? + mark.len()..];
    Some(&rest[..find(rest)?])
}

/// Reads what `env -0` prints.
#[cfg(unix)]
fn pairs(told: &[u8]) -> Pairs {
    use std::os::unix::ffi::OsStringExt;
    let pair = |one: &[u8]| {
        let at = one.iter().position(|byte| *byte == b'=')?;
        let os = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        Some((os(&one[..at]), os(&one[at + 1..])))
    };
    told.split(|byte| *byte == 0).filter_map(pair).filter(|(name, _)| !name.is_empty()).collect()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant_stands_between_two_marks() {
        let table = [
            ("noiseMa=1\0M more", Some("a=1\0")),
            ("MM", Some("")),
            ("MaM b M", Some("a")),
            ("Ma=1\0", None),
            ("", None),
        ];
        for (printed, told) in table {
            assert_eq!(between(printed.as_bytes(), b"M"), told.map(str::as_bytes), "{printed:?}");
        }
    }

    #[test]
    fn values_may_hold_all_but_their_end() {
        let read = pairs(b"A=1\0TWO=a=b\nc\0EMPTY=\0=no name\0nothing\0");
        let read: Vec<_> = read.iter().map(|(name, value)| (name.to_str().unwrap(), value.to_str().unwrap())).collect();
        assert_eq!(read, [("A", "1"), ("TWO", "a=b\nc"), ("EMPTY", "")]);
    }
}
