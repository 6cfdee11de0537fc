//! A WebSocket for each connection (`v4.channel.k8s.io`): the last resort.
//!
//! The first byte of a message is its channel, 0 for the connection's bytes and 1 for why it failed; each channel begins
//! with the port, in two bytes. There is no end of stream: closing the WebSocket ends both directions.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use futures::{
    Sink, SinkExt, Stream, StreamExt,
    stream::{SplitSink, SplitStream},
};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{self, Message},
};

use crate::{
    Connection, Failure, Io, Kind, connection::read_buffered, failure::LONGEST_TEXT, half_close::half_close,
    tunnel::as_io,
};

const DATA: u8 = 0;
const ERROR: u8 = 1;

/// What each channel begins with.
const PORT: usize = 2;

/// The most that goes into one message: as much as kubectl's SPDY frames take.
const MESSAGE: usize = 32 * 1024;

/// The connection that an open WebSocket is; `first` is what its client has sent already.
///
/// # Errors
/// When the WebSocket is no more.
pub async fn connection<S: Io>(mut messages: WebSocketStream<S>, first: &[u8]) -> Result<Connection, Failure> {
    if !first.is_empty() {
        let sent = messages.send(message(first)).await;
        sent.map_err(|error| Failure { kind: Kind::Broken, text: error.to_string() })?;
    }
    let (to_pod, from_pod) = messages.split();
    let said = Arc::new(Mutex::new(Said::default()));
    let from_pod = FromPod { messages: from_pod, said: said.clone(), piece: Bytes::new(), to_skip: [PORT; 2] };
    let (from_pod, to_pod) = half_close(from_pod, ToPod { messages: to_pod, on_its_way: None }, || ());
    let ending = async move { std::mem::take(&mut *said.lock().unwrap_or_else(PoisonError::into_inner)).verdict() };
    Ok(Connection::new(from_pod, to_pod, ending))
}

fn message(bytes: &[u8]) -> Message {
    let mut message = Vec::with_capacity(1 + bytes.len());
    message.push(DATA);
    message.extend_from_slice(bytes);
    Message::Binary(message.into())
}

/// What was heard of the connection's end.
#[derive(Debug, Default)]
struct Said {
    text: Vec<u8>,
    lost: Option<String>,
}

impl Said {
    fn verdict(self) -> Result<(), Failure> {
        match self.lost {
            // The text says more than the loss that comes with it.
            _ if !self.text.is_empty() => Err(Failure::from_error_stream(&String::from_utf8_lossy(&self.text))),
            Some(text) => Err(Failure { kind: Kind::Broken, text }),
            None => Ok(()),
        }
    }
}

struct FromPod<S> {
    messages: SplitStream<WebSocketStream<S>>,
    said: Arc<Mutex<Said>>,
    piece: Bytes,
    to_skip: [usize; 2],
}

impl<S: Io> FromPod<S> {
    fn take(&mut self, mut message: Bytes) {
        let Some(channel) = message.first().copied() else { return };
        message.advance(1);
        let Some(to_skip) = self.to_skip.get_mut(usize::from(channel)) else { return };
        let skipped = message.len().min(*to_skip);
        *to_skip -= skipped;
        message.advance(skipped);
        match channel {
            DATA => self.piece = message,
            ERROR => {
                let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
                let room = LONGEST_TEXT.saturating_sub(said.text.len());
                said.text.extend_from_slice(&message[..message.len().min(room)]);
            }
            _ => {}
        }
    }

    fn lost(&self, text: String) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).lost = Some(text);
    }
}

impl<S: Io> AsyncBufRead for FromPod<S> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        while this.piece.is_empty() {
            match ready!(Pin::new(&mut this.messages).poll_next(cx)) {
                Some(Ok(Message::Binary(message))) => this.take(message),
                Some(Ok(Message::Close(_))) => break,
                Some(Ok(_)) => {}
                None | Some(Err(tungstenite::Error::ConnectionClosed)) => break,
                Some(Err(error)) => {
                    this.lost(format!("the connection to the API server broke: {error}"));
                    return Poll::Ready(Err(as_io(error)));
                }
            }
        }
        Poll::Ready(Ok(&this.piece))
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.get_mut().piece.advance(amount);
    }
}

impl<S: Io> AsyncRead for FromPod<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        read_buffered(self, cx, into)
    }
}

struct ToPod<S> {
    messages: SplitSink<WebSocketStream<S>, Message>,
    /// How much of what the writer gave is on its way, and not yet taken by the transport.
    on_its_way: Option<usize>,
}

impl<S: Io> AsyncWrite for ToPod<S> {
    /// Done only once the transport has taken it: nobody comes back to flush what a last write left behind.
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let mut messages = Pin::new(&mut this.messages);
        let amount = match this.on_its_way {
            Some(amount) => amount,
            None => {
                ready!(messages.as_mut().poll_ready(cx)).map_err(as_io)?;
                let bytes = &bytes[..bytes.len().min(MESSAGE)];
                messages.as_mut().start_send(message(bytes)).map_err(as_io)?;
                bytes.len()
            }
        };
        this.on_its_way = Some(amount);
        ready!(messages.poll_flush(cx)).map_err(as_io)?;
        this.on_its_way = None;
        Poll::Ready(Ok(amount))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.messages).poll_flush(cx).map_err(as_io)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.messages).poll_close(cx).map_err(as_io)
    }
}

#[cfg(test)]
mod tests;
