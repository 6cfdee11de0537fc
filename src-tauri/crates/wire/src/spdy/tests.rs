//! A client against a server in memory, and each of them against a peer whose frames are written by hand.

mod bytes;
mod ends;
mod hold_up;
mod liveness;
mod pairs;
mod settle;

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use ::bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex},
    sync::Notify,
    time::Instant,
};

use super::{
    Mux, Stream,
    frame::{self, Decoder, Frame},
    headers::{Headers, Unpacker},
};

/// Transports from one that splits every frame to one that takes many at once.
const SIZES: [usize; 4] = [7, 64, 1000, 64 * 1024];

fn client(io: impl crate::Io) -> Mux {
    Mux::client(io, Arc::default())
}

/// A client and its server, with room for `size` bytes between them.
fn both(size: usize) -> (Mux, Mux) {
    let (near, far) = duplex(size);
    (client(near), Mux::server(far))
}

/// The server's end of a pair that the client has just opened: the error stream and the data stream.
async fn accepted(server: &Mux) -> (Stream, Stream) {
    let (_, error) = server.accept().await.unwrap();
    let (_, data) = server.accept().await.unwrap();
    (error, data)
}

/// Bytes of which no two pieces are alike.
fn pattern(length: usize) -> Vec<u8> {
    (0..length as u32).flat_map(|n| n.wrapping_mul(0x9e37_79b1).to_be_bytes()).take(length).collect()
}

/// Everything that can run has run. The clock has to be paused.
async fn quiet() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

async fn read_all(stream: &Stream) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    stream.reader().read_to_end(&mut all).await.map(|_| all)
}

/// A peer that does nothing by itself.
struct Peer {
    io: DuplexStream,
    decoder: Decoder,
    received: BytesMut,
    unsent: BytesMut,
}

impl Peer {
    fn new(io: DuplexStream) -> Self {
        Peer { io, decoder: Decoder::default(), received: BytesMut::new(), unsent: BytesMut::new() }
    }

    /// A client, and the peer that it talks to.
    fn of_client(size: usize) -> (Mux, Peer) {
        let (near, io) = duplex(size);
        (client(near), Peer::new(io))
    }

    /// A server, and the peer that it talks to.
    fn of_server(size: usize) -> (Mux, Peer) {
        let (near, io) = duplex(size);
        (Mux::server(near), Peer::new(io))
    }

    /// The next frame; `None` at the end of the transport.
    async fn frame(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.decoder.next(&mut self.received).unwrap() {
                return Some(frame);
            }
            if self.io.read_buf(&mut self.received).await.unwrap() == 0 {
                return None;
            }
        }
    }

    async fn send(&mut self, put: impl FnOnce(&mut BytesMut)) {
        put(&mut self.unsent);
        self.io.write_all_buf(&mut self.unsent).await.unwrap();
    }

    /// Sends data on a stream in frames of `length` for as long as it is taken, but not more than `at_most`; how much was
    /// taken, heads included. What of the last frame was not is the first to be sent later.
    async fn push(&mut self, id: u32, length: usize, at_most: usize) -> usize {
        let payload = vec![b'x'; length];
        let mut pushed = 0;
        while pushed < at_most {
            if self.unsent.is_empty() {
                frame::put_data(&mut self.unsent, id, &payload, false);
            }
            let writing = self.io.write_buf(&mut self.unsent);
            let Ok(taken) = tokio::time::timeout(Duration::from_secs(1), writing).await else { break };
            pushed += taken.unwrap();
        }
        pushed
    }

    /// Passes over what opens a pair; the ids of its error and of its data stream.
    async fn opened(&mut self) -> (u32, u32) {
        let Some(Frame::SynStream { id: error, .. }) = self.frame().await else { panic!("no error stream") };
        let ended = self.frame().await;
        assert!(matches!(ended, Some(Frame::Data { id, fin: true, .. }) if id == error), "{ended:?}");
        let Some(Frame::SynStream { id: data, .. }) = self.frame().await else { panic!("no data stream") };
        (error, data)
    }
}

/// A transport that counts the writes it has taken.
struct Counted {
    io: DuplexStream,
    writes: Arc<AtomicUsize>,
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, into)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let taken = ready!(Pin::new(&mut self.io).poll_write(cx, bytes));
        self.writes.fetch_add(1, Relaxed);
        Poll::Ready(taken)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let taken = ready!(Pin::new(&mut self.io).poll_write_vectored(cx, pieces));
        self.writes.fetch_add(1, Relaxed);
        Poll::Ready(taken)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
