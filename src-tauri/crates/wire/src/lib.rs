//! Byte streams into a pod over a [`kube::Client`].
//!
//! The map:
//! - [`Connector`] is the seam: one call gives one TCP connection to one port of one pod. Sessions know nothing else of
//!   the wire, and tests put their own behind it.
//! - [`portforward`] is the connector on kube's own `Api::portforward`: one WebSocket a connection.
//! - [`failure`] is the one table of what runtimes say when a connection fails, and of what that proves.
//!
//! This crate never decides where a connection goes or whether it is tried again; it says what happened.

pub mod failure;
pub mod portforward;

use std::{fmt, future::Future, pin::Pin};

use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};

pub use failure::{Failure, Kind};

/// Opens connections into pods.
pub trait Connector: fmt::Debug + Send + Sync + 'static {
    /// One TCP connection to `to`.
    ///
    /// # Errors
    /// When the API server, the kubelet or the runtime refused it before a connection was there. A refusal that comes
    /// later is how the connection ends: see [`Connection::into_parts`].
    fn connect<'a>(&'a self, to: &'a PodPort) -> BoxFuture<'a, Result<Connection, Failure>>;
}

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

/// What both directions of a connection run over.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin + 'static {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Io for T {}

/// How a connection ended.
pub type Ending = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

/// An open connection into a pod. Dropping it ends it, whatever is still on its way.
pub struct Connection {
    io: Box<dyn Io>,
    ending: Ending,
}

impl Connection {
    /// A connection over `io`, of which `ending` tells how it ended once `io` is dropped. Dropping `ending` must end
    /// whatever runs behind it.
    pub fn new(io: impl Io, ending: impl Future<Output = Result<(), Failure>> + Send + 'static) -> Self {
        Connection { io: Box::new(io), ending: Box::pin(ending) }
    }

    /// The bytes, and how they ended: await the second once the first is dropped.
    pub fn into_parts(self) -> (Box<dyn Io>, Ending) {
        (self.io, self.ending)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}
