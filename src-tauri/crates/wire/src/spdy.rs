//! SPDY/3.1, as far as Kubernetes' port-forward speaks it.
//!
//! The map:
//! - [`frame`] reads and writes frames; it knows no streams.
//! - [`headers`] reads and writes header blocks, which share one zlib stream a direction.
//! - [`mux`] carries streams over one connection, as a client or as a server: one task drives it, its streams read and
//!   write through a shared state. [`stream`] is what their users hold.
//!
//! There is no flow control: Kubernetes' servers neither send nor heed window updates. A stream that is not read holds
//! up its connection, and through TCP its peer, as nothing else can; so who shares a connection is decided above, by
//! [`crate::pool`].

pub mod frame;
pub mod headers;
pub mod mux;
mod state;
pub mod stream;
#[cfg(test)]
mod tests;

use std::{io, sync::Arc};

pub use mux::{Mux, Pair};
pub use stream::{Reader, Stream, Writer};

/// Why a connection is over.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The peer sent what is not SPDY/3.1.
    #[error("the server sent what is not SPDY: {0}")]
    Malformed(&'static str),
    /// Reading or writing failed.
    #[error("the connection to the API server broke: {0}")]
    Io(#[source] Arc<io::Error>),
    /// The peer ended it.
    #[error("the API server ended the connection")]
    Ended,
    /// The peer answered no PING for so long that it is taken for dead.
    #[error("the API server has been silent for too long")]
    Silent,
    /// The peer has not taken what was sent on a stream that is no more, and so may take nothing else that is sent.
    #[error("what was sent before is not taken any more")]
    Stalled,
    /// This side ended it.
    #[error("the connection was closed")]
    Closed,
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Error::Io(Arc::new(error))
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Malformed(_) => io::ErrorKind::InvalidData,
            Error::Io(source) => source.kind(),
            Error::Ended | Error::Closed => io::ErrorKind::ConnectionReset,
            Error::Silent | Error::Stalled => io::ErrorKind::TimedOut,
        };
        io::Error::new(kind, error)
    }
}
