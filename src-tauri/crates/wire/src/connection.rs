//! One TCP connection to one port of one pod, whatever carries it.

use std::{
    fmt,
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncBufRead, AsyncWrite, ReadBuf};

use crate::Failure;

/// The most that one SPDY frame carries: with the eight bytes of its head it fills four TLS records. Eight bytes more would
/// cost a record, and a system call on every machine on the way, of their own.
pub(crate) const FRAME: usize = 4 * 16 * 1024 - 8;

/// What is best written to a pod at once: it becomes whole frames, which go out in one system call.
pub const AT_ONCE: usize = 4 * FRAME;

/// What comes from the pod. Its end is the end of the connection; why, the connection's [`Ending`] tells.
pub type FromPod = Box<dyn AsyncBufRead + Send + Unpin>;

/// What goes to the pod. Shutting it down says that the client is done; that is passed on once no more answer flows, and
/// then ends the connection (see [`crate::half_close`]).
pub type ToPod = Box<dyn AsyncWrite + Send + Unpin>;

/// How a connection ended.
pub type Ending = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

/// An open connection into a pod. Dropping it and all its parts ends it, whatever is still on its way.
pub struct Connection {
    from_pod: FromPod,
    to_pod: ToPod,
    ending: Ending,
}

impl Connection {
    /// A connection of which `ending` tells how it ended, once `from_pod` has.
    pub fn new(
        from_pod: impl AsyncBufRead + Send + Unpin + 'static,
        to_pod: impl AsyncWrite + Send + Unpin + 'static,
        ending: impl Future<Output = Result<(), Failure>> + Send + 'static,
    ) -> Self {
        Connection { from_pod: Box::new(from_pod), to_pod: Box::new(to_pod), ending: Box::pin(ending) }
    }

    /// Both directions, and how it ended: await the last once the first has ended.
    pub fn into_parts(self) -> (FromPod, ToPod, Ending) {
        (self.from_pod, self.to_pod, self.ending)
    }
}

/// `AsyncRead::poll_read` of whatever has its bytes in a buffer anyway.
pub(crate) fn read_buffered(
    mut from: Pin<&mut impl AsyncBufRead>,
    cx: &mut Context<'_>,
    into: &mut ReadBuf<'_>,
) -> Poll<io::Result<()>> {
    let piece = ready!(from.as_mut().poll_fill_buf(cx))?;
    let amount = piece.len().min(into.remaining());
    into.put_slice(&piece[..amount]);
    from.consume(amount);
    Poll::Ready(Ok(()))
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}
