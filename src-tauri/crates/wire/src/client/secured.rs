//! A whole connection to the API server, as hyper uses it.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};

use super::connect::Transport;
use crate::tls::Tls;

/// In TLS, or in clear for a server whose URL says `http`.
#[derive(Debug)]
pub(super) enum Secured {
    Clear(Box<Transport>),
    Tls(Box<Tls<Transport>>),
}

/// What both kinds do.
trait Stream: Read + Write + Unpin {}
impl<T: Read + Write + Unpin> Stream for T {}

impl Secured {
    fn stream(self: Pin<&mut Self>) -> Pin<&mut dyn Stream> {
        match self.get_mut() {
            Secured::Clear(stream) => Pin::new(&mut **stream),
            Secured::Tls(stream) => Pin::new(&mut **stream),
        }
    }
}

impl Read for Secured {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, to: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_read(cx, to)
    }
}

impl Write for Secured {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.stream().poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Secured::Clear(stream) => stream.is_write_vectored(),
            Secured::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream().poll_write_vectored(cx, parts)
    }
}

impl Connection for Secured {
    fn connected(&self) -> Connected {
        match self {
            Secured::Clear(stream) => stream.connected(),
            Secured::Tls(stream) => stream.connected(),
        }
    }
}
