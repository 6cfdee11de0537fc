//! What the window is told of a `kubectl port-forward` that runs, and why one is not taken over.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::forward::Forward;

/// A `kubectl port-forward` of this user's that runs now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct KubectlProcess {
    /// Its process id.
    pub pid: u32,
    /// When it was started, in seconds since 1970: with the pid it names the process, as pids are used again.
    #[ts(type = "number")]
    pub started_at: u64,
    /// What would be here in its place.
    pub offer: Offer,
}

/// What could take a process's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "can", rename_all = "snake_case")]
#[ts(export)]
pub enum Offer {
    /// A session on the same local ports.
    TakeOver {
        /// What it is asked for.
        forward: Forward,
        /// Whether the process names no context, so that the kubeconfig's current one is assumed: it may have been
        /// another one when the process began, or in the environment of its own.
        assumed: bool,
        /// The addresses of its that others can reach.
        reachable: Vec<String>,
    },
    /// None.
    Nothing {
        /// Why not: `it names its cluster by --server, and not by a context`.
        why: String,
    },
}

/// Why a process was not taken over.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Nothing is known of any process.
    #[error("this system does not tell which programs run: {why}")]
    CannotLook {
        /// What the system says.
        why: String,
    },
    /// It ended by itself, or means something else than what was shown.
    #[error("process {pid} is not what it was when it was shown")]
    Changed {
        /// Its process id.
        pid: u32,
    },
    /// The system does not let this user end it.
    #[error("process {pid} may not be ended by this user")]
    NotAllowed {
        /// Its process id.
        pid: u32,
    },
    /// It was asked to end and did not.
    #[error("process {pid} was asked to end and still runs after {seconds} s")]
    Stays {
        /// Its process id.
        pid: u32,
        /// How long that was waited for.
        seconds: u64,
    },
    /// It ended, and its port is taken all the same.
    #[error("kubectl has ended, but port {port} is still taken: {holder} listens there")]
    PortKept {
        /// The local port.
        port: u16,
        /// Who has it.
        holder: String,
    },
    /// There is nothing here that could take its place.
    #[error("process {pid} cannot be taken over: {why}")]
    NoOffer {
        /// Its process id.
        pid: u32,
        /// Why.
        why: String,
    },
}

impl Refused {
    /// What the user can do about it.
    pub(crate) fn next(&self) -> String {
        match self {
            Refused::CannotLook { .. } => "Paste the line that started kubectl instead.".into(),
            Refused::Changed { .. } => "Look again, and choose from what runs now. Nothing was ended.".into(),
            Refused::NotAllowed { pid } => {
                format!("End it where it was started, with Ctrl-C, or as its owner: kill {pid}. No tunnel was opened.")
            }
            Refused::Stays { pid, .. } => {
                format!("End it where it was started, with Ctrl-C, or by force: kill -9 {pid}. No tunnel was opened.")
            }
            Refused::PortKept { .. } => "Choose another local port, or end who has it. No tunnel was opened.".into(),
            Refused::NoOffer { .. } => "Leave it as it is, or open the tunnel from the list. Nothing was ended.".into(),
        }
    }
}
