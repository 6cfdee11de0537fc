//! One stream of a connection, in the hands of its user.

use std::{
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Buf, Bytes};
use tokio::{
    io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use super::{
    Error,
    mux::Mux,
    state::{Remote, State},
};
use crate::connection::read_buffered;

/// A stream's peer has this long to end it once it is known to be over.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The end of a stream waits so long for something else that goes the same way: each write passes the API server, the
/// kubelet and the runtime, and one that carries an end and the next connection's opening costs them half of two.
const COMPANY: Duration = Duration::from_millis(50);

/// One stream. Once it and its [`Reader`] and [`Writer`] are dropped it is over: reset, unless the peer has ended it.
#[derive(Clone)]
pub struct Stream(Arc<Inner>);

struct Inner {
    mux: Mux,
    id: u32,
}

impl Stream {
    pub(super) fn new(mux: Mux, id: u32) -> Self {
        Stream(Arc::new(Inner { mux, id }))
    }

    /// Its id on its connection.
    pub fn id(&self) -> u32 {
        self.0.id
    }

    /// What the peer sends. One reader at a time.
    pub fn reader(&self) -> Reader {
        Reader { stream: self.clone(), piece: Bytes::new() }
    }

    /// Sends to the peer. One writer at a time.
    pub fn writer(&self) -> Writer {
        Writer { stream: self.clone(), ending: None }
    }

    /// Ends it both ways.
    pub fn reset(&self) {
        self.with(|state, id| state.close(id));
    }

    /// What the peer said before it ended the stream, as text, once it has; waits a moment for that, since it is called
    /// where the stream is known to be over.
    ///
    /// # Errors
    /// When the connection broke before the peer said anything.
    pub(crate) async fn last_words(&self) -> Result<String, Error> {
        let mut said = Vec::new();
        let reading = async {
            loop {
                match std::future::poll_fn(|cx| self.with(|state, id| state.read(id, cx.waker()))).await {
                    Ok(Some(piece)) => said.extend_from_slice(&piece),
                    Ok(None) => return Ok(()),
                    Err(error) => return Err(error),
                }
            }
        };
        let ended = tokio::time::timeout(LAST_WORDS, reading).await;
        match ended {
            // A reset ends a stream, too; only the connection's own end is an error.
            Ok(Err(error)) if said.is_empty() && self.with(|state, _| state.over.is_some()) => Err(error),
            _ => Ok(String::from_utf8_lossy(&said).into_owned()),
        }
    }

    /// How the peer ended it; `None` while it has not.
    pub(crate) fn end(&self) -> Option<Result<(), Error>> {
        self.with(|state, id| match (state.streams.get(&id).map(|stream| stream.remote), &state.over) {
            (Some(Remote::Ended), _) => Some(Ok(())),
            (Some(Remote::Reset) | None, _) => Some(Err(Error::Ended)),
            (Some(Remote::Open), Some(error)) => Some(Err(error.clone())),
            (Some(Remote::Open), None) => None,
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut State, u32) -> T) -> T {
        self.0.mux.with(|state| work(state, self.0.id))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.mux.with(|state| state.close(self.id));
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stream").field(&self.0.id).finish()
    }
}

/// What a stream's peer sends. A reset, or the end of the connection before the stream's, is an error.
#[derive(Debug)]
pub struct Reader {
    stream: Stream,
    piece: Bytes,
}

impl AsyncBufRead for Reader {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let reader = self.get_mut();
        if reader.piece.is_empty() {
            match reader.stream.with(|state, id| state.read(id, cx.waker())) {
                Poll::Ready(Ok(piece)) => reader.piece = piece.unwrap_or_default(),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error.into())),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(&reader.piece))
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.get_mut().piece.advance(amount);
    }
}

impl AsyncRead for Reader {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        read_buffered(self, cx, into)
    }
}

/// Sends to a stream's peer. Shutting it down ends this direction.
#[derive(Debug)]
pub struct Writer {
    stream: Stream,
    /// When the end goes out by itself.
    ending: Option<Pin<Box<Sleep>>>,
}

impl AsyncWrite for Writer {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.stream.with(|state, id| {
            if let Some(error) = &state.over {
                return Poll::Ready(Err(error.clone().into()));
            }
            match state.streams.get(&id) {
                Some(stream) if !stream.local_ended && stream.remote != Remote::Reset => {}
                _ => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            }
            if bytes.is_empty() {
                return Poll::Ready(Ok(0));
            }
            match state.send_data(id, bytes, cx.waker()) {
                Some(sent) => Poll::Ready(Ok(sent)),
                None => Poll::Pending,
            }
        })
    }

    /// What was written is sent as soon as the connection takes it; nobody has to ask for that.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let ending = this.ending.get_or_insert_with(|| {
            this.stream.with(|state, id| state.finish(id));
            Box::pin(sleep(COMPANY))
        });
        std::task::ready!(ending.as_mut().poll(cx));
        this.stream.with(|state, _| state.flush());
        Poll::Ready(Ok(()))
    }
}
