//! One end of a connection inside the cluster: bytes in memory, with TCP's two ways to end.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf},
    sync::Notify,
};

/// What one direction holds that is not yet read: about what a socket's buffers take.
const BUFFER: usize = 256 * 1024;

/// The connection is reset.
const RESET: u8 = 1;

/// One end. Dropping it ends both directions in good order.
#[derive(Debug)]
pub struct Socket {
    stream: DuplexStream,
    ends: Arc<Ends>,
    side: Side,
}

/// What both ends know of how the connection ends, beside the bytes.
#[derive(Debug, Default)]
struct Ends {
    flags: AtomicU8,
    changed: Notify,
}

impl Ends {
    fn add(&self, flags: u8) {
        self.flags.fetch_or(flags, Ordering::AcqRel);
        self.changed.notify_waiters();
    }

    fn has(&self, flag: u8) -> bool {
        self.flags.load(Ordering::Acquire) & flag != 0
    }

    async fn until(&self, flag: u8) {
        loop {
            let changed = self.changed.notified();
            if self.has(flag) {
                return;
            }
            changed.await;
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Side {
    One,
    Other,
}

impl Side {
    /// Writes no more.
    fn done(self) -> u8 {
        match self {
            Side::One => 2,
            Side::Other => 4,
        }
    }

    /// Reads no more, either.
    fn gone(self) -> u8 {
        match self {
            Side::One => 8,
            Side::Other => 16,
        }
    }
}

/// Marks a connection as reset: see [`Socket::reset`].
#[derive(Clone, Debug)]
pub struct Resetter(Arc<Ends>);

impl Resetter {
    /// From now on, the end of the stream is a reset to whoever reads it at the other end.
    pub fn reset(&self) {
        self.0.add(RESET);
    }
}

/// What becomes of the other end, known without reading what it has sent.
#[derive(Clone, Debug)]
pub struct Peer {
    ends: Arc<Ends>,
    side: Side,
}

impl Peer {
    /// Waits until it writes no more. What it has written may be unread still.
    pub async fn done(&self) {
        self.ends.until(self.side.done()).await;
    }

    /// Waits until it is dropped: it neither reads nor writes.
    pub async fn gone(&self) {
        self.ends.until(self.side.gone()).await;
    }
}

impl Socket {
    /// Both ends of a new connection.
    pub fn pair() -> (Socket, Socket) {
        let (one, other) = tokio::io::duplex(BUFFER);
        let ends = Arc::new(Ends::default());
        (Socket { stream: one, ends: ends.clone(), side: Side::One }, Socket { stream: other, ends, side: Side::Other })
    }

    /// Ends the connection in bad order.
    pub fn reset(self) {
        self.resetter().reset();
    }

    /// To end it in bad order while somebody else holds it.
    pub fn resetter(&self) -> Resetter {
        Resetter(self.ends.clone())
    }

    /// To follow what becomes of the other end.
    pub fn peer(&self) -> Peer {
        let side = match self.side {
            Side::One => Side::Other,
            Side::Other => Side::One,
        };
        Peer { ends: self.ends.clone(), side }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.ends.add(self.side.done() | self.side.gone());
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, into);
        let ended = matches!(read, Poll::Ready(Ok(()))) && into.filled().len() == before && into.remaining() > 0;
        if ended && self.ends.has(RESET) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        read
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.ends.add(self.side.done());
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
