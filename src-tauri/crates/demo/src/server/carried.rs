//! The connections between clients and the server, as the network between them carries them: at once, late, or not.
//!
//! As long as there is nothing to break, bytes go straight to the socket. From the first fault on, two pumps carry them.
//! What has begun to be carried stays so: the order of bytes is kept whatever becomes of the faults.

#[cfg(test)]
mod tests;

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf},
    net::TcpStream,
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};
use tokio_util::{
    sync::{CancellationToken, WaitForCancellationFutureOwned},
    task::AbortOnDropHandle,
};

use crate::{Faults, Faulty};

/// What is read at a time.
const CHUNK: usize = 16 * 1024;

/// Chunks that are under way in one direction: 4 MiB, so that 50 ms of latency still carry 80 MB/s.
const UNDER_WAY: usize = 256;

/// What waits between a pump and the server.
const BUFFER: usize = 64 * 1024;

/// One connection, seen from the server.
pub(crate) struct Carried {
    way: Way,
    faults: watch::Receiver<Faulty>,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
}

enum Way {
    Straight(TcpStream),
    Pumped(DuplexStream, #[expect(dead_code, reason = "held: it ends with this")] AbortOnDropHandle<()>),
    /// Only while one becomes the other.
    Changing,
}

impl Carried {
    pub(crate) fn new(stream: TcpStream, faults: &Faults, cut: CancellationToken) -> Self {
        Carried { way: Way::Straight(stream), faults: faults.watch(), cut: Box::pin(cut.cancelled_owned()) }
    }

    /// The way as the faults want it now; an error once it is cut.
    fn way(&mut self, cx: &mut Context<'_>) -> io::Result<&mut Way> {
        if self.cut.as_mut().poll(cx).is_ready() {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        if matches!(self.way, Way::Straight(_))
            && !straight(&self.faults.borrow())
            && let Way::Straight(stream) = std::mem::replace(&mut self.way, Way::Changing)
        {
            let (near, far) = tokio::io::duplex(BUFFER);
            let pumps = tokio::spawn(pump_both(stream, far, self.faults.clone()));
            self.way = Way::Pumped(near, AbortOnDropHandle::new(pumps));
        }
        Ok(&mut self.way)
    }
}

fn straight(faulty: &Faulty) -> bool {
    faulty.latency.is_zero() && faulty.jitter.is_zero() && !faulty.silent
}

impl AsyncRead for Carried {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.way(cx)? {
            Way::Straight(stream) => Pin::new(stream).poll_read(cx, into),
            Way::Pumped(stream, _) => Pin::new(stream).poll_read(cx, into),
            Way::Changing => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for Carried {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.way(cx)? {
            Way::Straight(stream) => Pin::new(stream).poll_write(cx, bytes),
            Way::Pumped(stream, _) => Pin::new(stream).poll_write(cx, bytes),
            Way::Changing => Poll::Ready(Ok(0)),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        all: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.way(cx)? {
            Way::Straight(stream) => Pin::new(stream).poll_write_vectored(cx, all),
            Way::Pumped(stream, _) => Pin::new(stream).poll_write_vectored(cx, all),
            Way::Changing => Poll::Ready(Ok(0)),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.way(cx)? {
            Way::Straight(stream) => Pin::new(stream).poll_flush(cx),
            Way::Pumped(stream, _) => Pin::new(stream).poll_flush(cx),
            Way::Changing => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.way(cx)? {
            Way::Straight(stream) => Pin::new(stream).poll_shutdown(cx),
            Way::Pumped(stream, _) => Pin::new(stream).poll_shutdown(cx),
            Way::Changing => Poll::Ready(Ok(())),
        }
    }
}

/// Carries both directions until both have ended, or one is broken.
async fn pump_both(stream: TcpStream, server: DuplexStream, faults: watch::Receiver<Faulty>) {
    let (from_client, to_client) = stream.into_split();
    let (from_server, to_server) = tokio::io::split(server);
    // Both ends are dropped either way: whoever still reads is told.
    let _ = tokio::try_join!(pump(from_client, to_server, faults.clone()), pump(from_server, to_client, faults));
}

/// Carries one direction: reads as fast as there is room, and hands on when the time has come.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    faults: watch::Receiver<Faulty>,
) -> io::Result<()> {
    let (under_way, mut arriving) = mpsc::channel::<(Instant, Bytes)>(UNDER_WAY);
    let (mut silence, mut silence_there) = (faults.clone(), faults.clone());
    let read = async move {
        loop {
            heard(&mut silence).await;
            let mut chunk = BytesMut::with_capacity(CHUNK);
            let read = from.read_buf(&mut chunk).await?;
            // What comes later does not arrive earlier: it waits in the queue.
            let arrives = Instant::now() + delay(&faults.borrow());
            if under_way.send((arrives, chunk.freeze())).await.is_err() || read == 0 {
                return io::Result::Ok(());
            }
        }
    };
    let write = async move {
        while let Some((at, chunk)) = arriving.recv().await {
            sleep_until(at).await;
            heard(&mut silence_there).await;
            if chunk.is_empty() {
                return to.shutdown().await;
            }
            to.write_all(&chunk).await?;
        }
        Ok(())
    };
    tokio::try_join!(read, write).map(drop)
}

/// How long what is sent now is under way.
fn delay(faulty: &Faulty) -> Duration {
    faulty.latency / 2 + faulty.jitter.mul_f64(fastrand::f64())
}

/// Waits as long as nothing is carried.
async fn heard(faults: &mut watch::Receiver<Faulty>) {
    if faults.wait_for(|faulty| !faulty.silent).await.is_err() {
        // The cluster has gone, and takes this with it.
        std::future::pending::<()>().await;
    }
}
