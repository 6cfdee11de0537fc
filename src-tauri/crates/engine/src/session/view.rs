//! What a session shows of itself.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    error::Problem,
    forward::{Balance, Forward, PortRef, Target},
    local_port::Holder,
    phase::Phase,
};

/// Names a session for as long as the engine runs; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SessionId(#[ts(type = "number")] pub u64);

/// A session as the window and the command show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SessionView {
    /// Which one.
    pub id: SessionId,
    /// What was asked for.
    pub forward: Forward,
    /// How connections are spread: the forward's wish or its target's default.
    pub balance: Balance,
    /// Where it stands.
    pub phase: Phase,
    /// Where it listens: one a port of the forward that is bound now, none once the session is over.
    pub listeners: Vec<ListenerView>,
    /// What it has carried.
    pub counters: Counters,
    /// Whether it comes and goes: then this is shown, and not each change.
    pub unstable: Option<Unstable>,
    /// Of a direct tunnel: the workload that owns its pod, which outlives it.
    pub instead: Option<Target>,
    /// Of a direct tunnel whose pod is on its way out: when it has to be gone, in milliseconds since 1970.
    #[ts(type = "number | null")]
    pub terminating_at: Option<u64>,
    /// How many events there have been: see `Sessions::events`.
    #[ts(type = "number")]
    pub events: u64,
    /// The last dial that a pod refused, until one succeeds there: `web-7d9 refused :80`.
    pub mark: Option<String>,
    /// When it was started, in milliseconds since 1970.
    #[ts(type = "number")]
    pub started_at: u64,
}

/// A session that comes and goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Unstable {
    /// How often it became active or ceased to be within the last minute.
    pub changes: u32,
    /// Why it last ceased to be.
    pub reason: Problem,
    /// How often its pods' containers have been restarted, as far as that is known.
    pub restarts: u32,
    /// Why the last of those was: `OOMKilled, exit code 137`; empty where nobody says.
    pub restarted_because: String,
}

/// One bound local port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ListenerView {
    /// Which of the forward's ports it serves: an index into `Forward::ports`.
    pub slot: usize,
    /// The address to copy: `127.0.0.1:8080`.
    pub address: String,
    /// Every address that is listened on: `127.0.0.1:8080` and `[::1]:8080`.
    pub addresses: Vec<String>,
    /// The local port.
    pub port: u16,
    /// The remote port, as the user named it.
    pub remote: PortRef,
    /// Set where the port that was wanted first was taken: the port, and who has it.
    pub instead_of: Option<TakenPort>,
}

/// A local port that somebody else has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TakenPort {
    /// The port.
    pub port: u16,
    /// Who listens there, where the system tells.
    pub holder: Option<Holder>,
}

/// What a session has carried since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Counters {
    /// Local connections that are carried now.
    #[ts(type = "number")]
    pub open: u64,
    /// Local connections that wait for an endpoint now.
    #[ts(type = "number")]
    pub held: u64,
    /// Connections that ended in good order.
    #[ts(type = "number")]
    pub served: u64,
    /// Dials that were tried again on another endpoint.
    #[ts(type = "number")]
    pub retried: u64,
    /// Connections that were reset before an endpoint took them.
    #[ts(type = "number")]
    pub refused: u64,
    /// Connections that were cut while they were carried, after their pod had begun to answer.
    #[ts(type = "number")]
    pub cut: u64,
    /// Connections that were cut, or ended by their pod, after something of them was delivered and before anything was
    /// answered: what they asked for may have been done.
    #[ts(type = "number")]
    pub unanswered: u64,
    /// How often connections could be served again after they could not.
    #[ts(type = "number")]
    pub reconnects: u64,
    /// What half of the last 256 connections waited for their first byte at most, in microseconds; `None` before the first.
    #[ts(type = "number | null")]
    pub first_byte_p50_us: Option<u64>,
    /// The same of 95 in 100.
    #[ts(type = "number | null")]
    pub first_byte_p95_us: Option<u64>,
    /// Bytes from local clients to pods.
    #[ts(type = "number")]
    pub bytes_up: u64,
    /// Bytes from pods to local clients.
    #[ts(type = "number")]
    pub bytes_down: u64,
}

/// A session's connections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OpenConnections {
    /// The oldest 200, oldest first.
    pub connections: Vec<ConnectionView>,
    /// How many more there are.
    #[ts(type = "number")]
    pub left_out: u64,
}

/// One local connection that is carried, or held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ConnectionView {
    /// Its number in its session, from 1 on; never used twice.
    #[ts(type = "number")]
    pub number: u64,
    /// Which of the forward's ports it came to.
    pub slot: usize,
    /// Its client's end: `127.0.0.1:50412`.
    pub client: String,
    /// Whose that is, where the system tells.
    pub process: Option<ClientProcess>,
    /// The pod that has it; `None` while it is held.
    pub pod: Option<String>,
    /// That pod's port.
    pub port: Option<u16>,
    /// Bytes from the client to the pod.
    #[ts(type = "number")]
    pub bytes_up: u64,
    /// Bytes from the pod to the client.
    #[ts(type = "number")]
    pub bytes_down: u64,
    /// When it was accepted, in milliseconds since 1970.
    #[ts(type = "number")]
    pub began_at: u64,
}

/// A local program that uses a tunnel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ClientProcess {
    /// Its name.
    pub name: String,
    /// Its id.
    pub pid: u32,
}
