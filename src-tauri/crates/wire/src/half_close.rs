//! The client's end of stream, on servers that know no half-close: one second after either direction ends, they end
//! both, and cut an answer that takes longer.
//!
//! So a client's end is held back while an answer is still flowing. A client that ends right after its request (`nc`, a
//! shell's pipe) may wait for an answer that is yet to begin, or for one that begins only after the end: its end is
//! passed on after a second's silence. A client that ends after an answer has most probably read it all, and closed:
//! there a moment's silence is enough, and what the connection held is free for the next at once.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use crate::connection::read_buffered;

/// An answer that has been silent for this long is over, as far as a client that has ended its side is concerned.
const QUIET: Duration = Duration::from_secs(1);

/// The same, if the last word was the pod's. Longer than the pauses within an answer that is sent in one go.
const SETTLED: Duration = Duration::from_millis(50);

/// Both directions of a connection, of which the second ends as above. `done` is called once the client is done and no more
/// answer is expected; a connection that is dropped before drops it uncalled.
pub fn half_close<R, W, D: FnOnce()>(from_pod: R, to_pod: W, done: D) -> (FromPod<R>, ToPod<W, D>) {
    let answer = Arc::new(Answer::default());
    let ends = ToPod { inner: to_pod, answer: answer.clone(), done: Some(done), ending: None };
    (FromPod { inner: from_pod, answer }, ends)
}

/// What both directions know of the answer.
#[derive(Debug, Default)]
struct Answer {
    bytes: AtomicU64,
    was_last: AtomicBool,
}

/// What comes from the pod.
#[derive(Debug)]
pub struct FromPod<R> {
    inner: R,
    answer: Arc<Answer>,
}

impl<R: AsyncBufRead + Unpin> AsyncBufRead for FromPod<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        Pin::new(&mut self.get_mut().inner).poll_fill_buf(cx)
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        if amount > 0 {
            self.answer.bytes.fetch_add(amount as u64, Relaxed);
            self.answer.was_last.store(true, Relaxed);
        }
        Pin::new(&mut self.inner).consume(amount);
    }
}

impl<R: AsyncBufRead + Unpin> AsyncRead for FromPod<R> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        read_buffered(self, cx, into)
    }
}

/// What goes to the pod.
#[derive(Debug)]
pub struct ToPod<W, D> {
    inner: W,
    answer: Arc<Answer>,
    done: Option<D>,
    /// Set once the client has ended: how much of the answer was there, and when to look again.
    ending: Option<(u64, Pin<Box<Sleep>>)>,
}

impl<W: AsyncWrite + Unpin, D: FnOnce() + Unpin> AsyncWrite for ToPod<W, D> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.inner).poll_write(cx, bytes));
        this.answer.was_last.store(false, Relaxed);
        Poll::Ready(written)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let (before, look) = this.ending.get_or_insert_with(|| {
            let answered = this.answer.was_last.load(Relaxed);
            if let Some(done) = this.done.take_if(|_| answered) {
                done();
            }
            let look = Instant::now() + if answered { SETTLED } else { QUIET };
            (this.answer.bytes.load(Relaxed), Box::pin(sleep_until(look)))
        });
        loop {
            ready!(look.as_mut().poll(cx));
            let now = this.answer.bytes.load(Relaxed);
            if std::mem::replace(before, now) == now {
                let ended = ready!(Pin::new(&mut this.inner).poll_shutdown(cx));
                if let Some(done) = this.done.take() {
                    done();
                }
                return Poll::Ready(ended);
            }
            look.as_mut().reset(Instant::now() + QUIET);
        }
    }
}

#[cfg(test)]
mod tests;
