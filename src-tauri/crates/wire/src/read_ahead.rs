//! A buffer below TLS, so that a download costs fewer system calls.
//!
//! rustls asks its transport for 4 KiB when it holds nothing, and for one record, 18 KiB, at most: 64 reads a MiB from
//! a server that fills its records, 200 from one that writes 1,300 bytes at a time. `ReadAhead` asks the socket for
//! `READ_AHEAD` bytes instead, which is 16 a MiB from either, and hands them up piece by piece; a caller whose own
//! buffer is at least as large reads past it. Writes go through untouched.
//!
//! A connection that has nothing to read has no buffer: thousands of them may be open, and nearly all are quiet.

#[cfg(test)]
mod tests;

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use tokio_util::io::poll_read_buf;

/// Bytes asked of the socket at once: four TLS records of the largest size. Past it, a system call is lost in the cost
/// of decrypting what it brought.
pub(crate) const READ_AHEAD: usize = 64 * 1024;

/// A stream that is read in large pieces.
#[derive(Debug)]
pub(crate) struct ReadAhead<T> {
    /// As tokio sees it, since tokio-util reads into fresh memory without clearing it first.
    io: TokioIo<T>,
    /// What was read; without any memory while there is nothing to read.
    buffer: Vec<u8>,
    /// How much of it has been handed up.
    taken: usize,
}

impl<T> ReadAhead<T> {
    pub(crate) fn new(io: T) -> Self {
        ReadAhead { io: TokioIo::new(io), buffer: Vec::new(), taken: 0 }
    }

    /// The stream underneath. What was read ahead of it is not in it any more.
    #[cfg(test)]
    pub(crate) fn get_ref(&self) -> &T {
        self.io.inner()
    }

    /// The largest part of what is there that fits.
    fn hand_up(&mut self, to: &mut ReadBufCursor<'_>) {
        let there = &self.buffer[self.taken..];
        let part = &there[..there.len().min(to.remaining())];
        to.put_slice(part);
        self.taken += part.len();
    }

    fn is_drained(&self) -> bool {
        self.taken == self.buffer.len()
    }

    fn release(&mut self) {
        self.buffer = Vec::new();
        self.taken = 0;
    }
}

impl<T: Read + Unpin> Read for ReadAhead<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, mut to: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.is_drained() {
            if to.remaining() >= READ_AHEAD {
                return Pin::new(this.io.inner_mut()).poll_read(cx, to);
            }
            this.buffer.clear();
            this.taken = 0;
            this.buffer.reserve_exact(READ_AHEAD);
            match poll_read_buf(Pin::new(&mut this.io), cx, &mut this.buffer) {
                Poll::Ready(Ok(1..)) => {}
                // Nothing to read now, or ever again.
                nothing => {
                    this.release();
                    return nothing.map_ok(|_| ());
                }
            }
        }
        this.hand_up(&mut to);
        Poll::Ready(Ok(()))
    }
}

impl<T: Write + Unpin> Write for ReadAhead<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(self.io.inner_mut()).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.io.inner_mut()).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.io.inner_mut()).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.inner().is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(self.io.inner_mut()).poll_write_vectored(cx, parts)
    }
}

impl<T: Connection> Connection for ReadAhead<T> {
    fn connected(&self) -> Connected {
        self.io.inner().connected()
    }
}
