//! TLS over a byte stream, for bulk: a thin layer over rustls's unbuffered sessions.
//!
//! rustls's buffered sessions read 4 KiB at a time into memory that grows and shrinks with each record, which cost a third
//! of a download's time. Here, the transport is read `READ` bytes at a time, each record is decrypted where it lies and
//! goes to the reader at once, several in one read; what is written is encrypted into one buffer and sent in one write.
//!
//! - `session` is rustls's state machine between its buffers; it never waits.
//! - `buffers` are those. A quiet connection has none: thousands of them may be open.
//! - Here are the transport and all waiting.
//!
//! As with tokio-rustls, what the transport does not take at once waits for the next write or flush, and a transport that
//! ends without TLS's own end is an error.

mod buffers;
mod session;
#[cfg(test)]
mod tests;

use std::{
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::BufMut;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio_util::io::poll_read_buf;

use session::{Got, Next, Session};

/// A client's side of a TLS connection.
pub(crate) struct Tls<T> {
    /// As tokio sees it, since tokio-util reads into fresh memory without clearing it first.
    io: TokioIo<T>,
    session: Session,
}

impl<T: Read + Write + Unpin> Tls<T> {
    /// Shakes hands with the server, whose certificate must be for `name`.
    ///
    /// # Errors
    /// When the transport fails or ends, or with rustls's error inside: the server is not trusted, or does not speak TLS.
    pub(crate) async fn connect(io: T, config: Arc<ClientConfig>, name: ServerName<'static>) -> io::Result<Self> {
        let session = Session::new(config, name).map_err(invalid)?;
        let mut tls = Tls { io: TokioIo::new(io), session };
        std::future::poll_fn(|cx| tls.poll_handshake(cx)).await?;
        Ok(tls)
    }

    fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let next = self.session.advance().map_err(|error| self.failed(cx, error))?;
            ready!(self.poll_send(cx))?;
            ready!(Pin::new(self.io.inner_mut()).poll_flush(cx))?;
            if next == Next::Traffic {
                return Poll::Ready(Ok(()));
            }
            if ready!(self.poll_receive(cx))? == 0 {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::UnexpectedEof, "tls handshake eof")));
            }
        }
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let room = self.session.incoming.room();
        let free = room.capacity() - room.len();
        let received = poll_read_buf(Pin::new(&mut self.io), cx, &mut room.limit(free));
        if received.is_pending() {
            self.session.release();
        }
        received
    }

    /// Ready once the transport has taken all.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outgoing = &mut self.session.outgoing;
        while !outgoing.unsent().is_empty() {
            match ready!(Pin::new(self.io.inner_mut()).poll_write(cx, outgoing.unsent()))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                amount => outgoing.sent(amount),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Tells the peer why, as far as that goes at once.
    fn failed(&mut self, cx: &mut Context<'_>, error: rustls::Error) -> io::Error {
        let _ = self.poll_send(cx);
        invalid(error)
    }
}

fn invalid(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

impl<T: Read + Write + Unpin> Read for Tls<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, mut to: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.session.read(&mut to) {
                Ok(Got::Bytes | Got::End) => return Poll::Ready(Ok(())),
                Ok(Got::NothingYet) => {}
                Err(error) => return Poll::Ready(Err(self.failed(cx, error))),
            }
            if ready!(self.poll_receive(cx))? == 0 {
                let text = "peer closed connection without sending TLS close_notify";
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::UnexpectedEof, text)));
            }
        }
    }
}

impl<T: Read + Write + Unpin> Write for Tls<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[io::IoSlice::new(bytes)])
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(cx))?;
        Pin::new(self.io.inner_mut()).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // What cannot be said any more is no reason not to end.
        let _ = self.session.close();
        ready!(self.poll_send(cx))?;
        Pin::new(self.io.inner_mut()).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // One write's records wait at most.
        ready!(self.poll_send(cx))?;
        let taken = match self.session.write(parts) {
            Ok(Some(taken)) => taken,
            Ok(None) => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            Err(error) => return Poll::Ready(Err(self.failed(cx, error))),
        };
        match self.poll_send(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(taken)),
        }
    }
}

impl<T: Connection> Connection for Tls<T> {
    fn connected(&self) -> Connected {
        self.io.inner().connected()
    }
}

impl<T> fmt::Debug for Tls<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}
