//! Byte streams into a pod over a [`kube::Client`].
//!
//! The map, from the bottom:
//! - [`client`] makes the [`kube::Client`] of a cluster: its connections, proxies and timeouts.
//! - [`spdy`] speaks SPDY/3.1 over any byte stream, as a client or as a server.
//! - [`upgrade`] turns a connection to the API server into a byte stream to a pod, on each of the three [`upgrade::Wire`]s;
//!   [`tunnel`] is the second's, [`websocket`] the third's. [`ladder`] finds and remembers which of them a cluster speaks.
//! - [`pool`] keeps upgrades to each pod and hands them out, one to a connection.
//! - [`proof`] is what is known of the way to a pod.
//! - [`half_close`] passes on the end of the client's stream to servers that know no half-close.
//! - [`portforward`] puts these together: it is the [`Connector`], the seam behind which sessions know nothing of the
//!   wire, and in whose place tests put their own.
//! - [`failures`] counts those in a row, and says which refusal is believed.
//! - [`failure`] is the one table of what runtimes say when a connection fails, and of what that proves.
//!
//! This crate never decides where a connection goes or whether it is tried again; it says what happened.

pub mod client;
mod connection;
pub mod failure;
pub mod failures;
pub mod half_close;
pub mod ladder;
pub mod pool;
pub mod portforward;
pub mod proof;
pub mod spdy;
mod tls;
pub mod tunnel;
pub mod upgrade;
pub mod websocket;

use std::{any::Any, fmt};

use futures::future::BoxFuture;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
};

pub use connection::{AT_ONCE, Connection, Ending, FromPod, ToPod};
pub use failure::{Failure, Kind};
pub use proof::Proof;

/// Opens connections into pods.
pub trait Connector: fmt::Debug + Send + Sync + 'static {
    /// One TCP connection to `to`. `first` is what its client has sent already: it goes out together with what opens the
    /// connection, where the wire can do that.
    ///
    /// # Errors
    /// When the API server, the kubelet or the runtime refused it before a connection was there. A refusal that comes
    /// later is how the connection ends: see [`Connection::into_parts`].
    fn connect<'a>(&'a self, to: &'a PodPort, first: &'a [u8]) -> BoxFuture<'a, Result<Connection, Failure>>;

    /// Makes the next connection to `to` quick, as far as that costs the pod nothing, while what is returned lives.
    fn warm(&self, to: &PodPort) -> Warmth;

    /// Skips the waits before what is tried again.
    fn retry_now(&self);

    /// The network has changed, or the machine has slept: what is idle is made anew, and what is in use has to show that
    /// it is alive.
    fn renew(&self);
}

/// An interest in a pod: see [`Connector::warm`].
pub struct Warmth {
    proof: watch::Receiver<Proof>,
    /// Held for its end.
    _held: Box<dyn Any + Send + Sync>,
}

impl Warmth {
    /// What ends when `held` is dropped, and what is known of the way meanwhile.
    pub fn new(proof: watch::Receiver<Proof>, held: impl Any + Send + Sync) -> Self {
        Warmth { proof, _held: Box::new(held) }
    }

    /// What is known of the way to the pod, as it changes.
    pub fn proof(&self) -> watch::Receiver<Proof> {
        self.proof.clone()
    }
}

impl fmt::Debug for Warmth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Warmth").field(&*self.proof.borrow()).finish()
    }
}

/// What both directions of a connection run over.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin + 'static {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Io for T {}

/// One port of one pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PodPort {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name: what port-forward addresses.
    pub pod: String,
    /// The pod's UID: what is meant.
    pub uid: String,
    /// The port in the pod.
    pub port: u16,
}

impl fmt::Display for PodPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.pod, self.port)
    }
}
