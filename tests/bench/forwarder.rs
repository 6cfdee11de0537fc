//! A forwarder: a command that says on which local ports it listens, in kubectl's words, and then carries what comes there.
//!
//! Each measurement has one of its own, from its start to its end: so none is measured while another runs, and one that an
//! error has ended is missed by its own measurement only.

use std::{
    ffi::OsString,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use portolan_tests::Result;

use crate::{
    children::Child,
    clock,
    line::{Carrier, Line, LocalPorts, PORTS},
};

/// How long a forwarder may take until it listens.
const START: Duration = Duration::from_secs(30);

/// Proxies are for what is elsewhere, and a bench through one measures it.
const PROXIES: [&str; 6] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];

/// How a forwarder is started.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// The command.
    pub(crate) path: PathBuf,
    /// What it is told: the target and the ports, in its own syntax.
    pub(crate) args: Vec<OsString>,
}

/// A forwarder that listens. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Forwarder {
    child: Child,
    complaint: Complaint,
    /// Where it listens.
    pub(crate) ports: LocalPorts,
    /// From its start to the first line that says where it listens.
    pub(crate) started_in: Duration,
}

impl Program {
    /// Starts it, and waits until it listens on all ports. `caches` is where kubectl keeps what it knows of a cluster.
    ///
    /// # Errors
    /// When it ends before, or says nothing in time.
    pub(crate) fn start(&self, kubeconfig: &Path, caches: &Path) -> Result<Forwarder> {
        // Not the whole path: what went wrong is told in the report, and that is read elsewhere too.
        let name = self.path.file_name().unwrap_or(self.path.as_os_str()).display();
        let mut command = Command::new(&self.path);
        command.args(&self.args).env("KUBECONFIG", kubeconfig).env("KUBECACHEDIR", caches);
        for name in PROXIES {
            command.env_remove(name);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let began = clock::now();
        let (child, output) = Child::spawn(&mut command).map_err(|error| format!("cannot start {name}: {error}"))?;
        let (Some(stdout), Some(stderr)) = output else { return Err("the forwarder's outputs are no pipes".into()) };
        let complaint = Complaint::of(stderr);
        let (sender, lines) = channel();
        thread::spawn(move || tell(stdout, &sender));
        let (ports, first) = listening(&lines, began)
            .map_err(|error| format!("{name} does not listen: {error}. Its last words: “{}”", complaint.last()))?;
        Ok(Forwarder { child, complaint, ports, started_in: first - began })
    }
}

impl Forwarder {
    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// The last line of its standard error; empty if it had nothing to say.
    pub(crate) fn last_words(&self) -> String {
        self.complaint.last()
    }
}

impl Carrier for Forwarder {
    fn line(&self) -> io::Result<Box<dyn Line>> {
        Ok(Box::new(self.ports))
    }
}

/// Reads lines until all ports are there; returns them and when the first was told.
fn listening(lines: &Receiver<(Instant, String)>, began: Instant) -> Result<(LocalPorts, Instant)> {
    let (mut ports, mut first) = ([0; PORTS.len()], None);
    while ports.contains(&0) {
        let (told, line) = match lines.recv_timeout((began + START).saturating_duration_since(clock::now())) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => return Err(format!("{START:?} have passed").into()),
            Err(RecvTimeoutError::Disconnected) => return Err("it has ended".into()),
        };
        if let Some((local, remote)) = forwarding(&line)
            && let Some(at) = PORTS.iter().position(|port| *port == remote)
        {
            ports[at] = local;
            first.get_or_insert(told);
        }
    }
    Ok((LocalPorts(ports), first.ok_or("no port was asked for")?))
}

/// The two ports of `Forwarding from 127.0.0.1:LOCAL -> REMOTE`.
fn forwarding(line: &str) -> Option<(u16, u16)> {
    let (local, remote) = line.strip_prefix("Forwarding from 127.0.0.1:")?.split_once(" -> ")?;
    Some((local.parse().ok()?, remote.trim_end().parse().ok()?))
}

/// Passes the lines on as they come, and reads on when nobody wants them: kubectl writes one a connection, for ever.
fn tell(stdout: impl Read, sender: &Sender<(Instant, String)>) {
    for line in BufReader::new(stdout).lines().map_while(io::Result::ok) {
        drop(sender.send((clock::now(), line)));
    }
}

/// The last line that a forwarder wrote to its standard error.
#[derive(Debug)]
struct Complaint(Arc<Mutex<String>>);

impl Complaint {
    fn of(stderr: impl Read + Send + 'static) -> Complaint {
        let last = Arc::new(Mutex::new(String::new()));
        let into = Arc::clone(&last);
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(io::Result::ok) {
                *into.lock().unwrap_or_else(PoisonError::into_inner) = line;
            }
        });
        Complaint(last)
    }

    fn last(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_names_a_port() {
        assert_eq!(forwarding("Forwarding from 127.0.0.1:40001 -> 7"), Some((40001, 7)));
        assert_eq!(forwarding("Forwarding from [::1]:40001 -> 7"), None);
        assert_eq!(forwarding("Handling connection for 40001"), None);
    }
}
