//! A byte stream inside a WebSocket: what carries SPDY where `POST` is not upgraded.
//!
//! The borders of messages mean nothing. What is written at once goes into one message.

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use futures::{Sink, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{self, Message, protocol::WebSocketConfig},
};

use crate::Io;

/// What is read at once. The library's own default, 128 KiB, is taken for every connection, the idle ones too.
const READ: usize = 16 * 1024;

/// How the project's WebSockets are set up. A server's frames are as long as what it has read, so no limit but the
/// library's on what one message holds is needed.
pub fn config() -> WebSocketConfig {
    WebSocketConfig::default().read_buffer_size(READ).write_buffer_size(0)
}

/// Both directions.
pub struct Tunnel<S> {
    messages: WebSocketStream<S>,
    piece: Bytes,
}

impl<S> Tunnel<S> {
    /// Over an open WebSocket.
    pub fn new(messages: WebSocketStream<S>) -> Self {
        Tunnel { messages, piece: Bytes::new() }
    }
}

impl<S> fmt::Debug for Tunnel<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tunnel")
    }
}

impl<S: Io> AsyncRead for Tunnel<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.piece.is_empty() {
            match ready!(Pin::new(&mut self.messages).poll_next(cx)) {
                Some(Ok(Message::Binary(piece))) => self.piece = piece,
                Some(Ok(Message::Close(_))) | None => return Poll::Ready(Ok(())),
                // The library answers PINGs by itself.
                Some(Ok(_)) => {}
                Some(Err(error)) => return Poll::Ready(Err(as_io(error))),
            }
        }
        let amount = self.piece.len().min(into.remaining());
        into.put_slice(&self.piece[..amount]);
        self.piece.advance(amount);
        Poll::Ready(Ok(()))
    }
}

impl<S: Io> AsyncWrite for Tunnel<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut messages = Pin::new(&mut self.messages);
        ready!(messages.as_mut().poll_ready(cx)).map_err(as_io)?;
        let message = Message::Binary(Bytes::copy_from_slice(bytes));
        Poll::Ready(messages.start_send(message).map(|()| bytes.len()).map_err(as_io))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.messages).poll_flush(cx).map_err(as_io)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.messages).poll_close(cx).map_err(as_io)
    }
}

/// A WebSocket's error as one of the transport.
pub fn as_io(error: tungstenite::Error) -> io::Error {
    match error {
        tungstenite::Error::Io(error) => error,
        tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed => io::ErrorKind::BrokenPipe.into(),
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests;
