//! An upgrade that carries many connections: SPDY/3.1, as the kubelet and containerd serve it.
//!
//! Whole frames are read and go to [`super::workers`], who do with them what [`super::session`] says. All that is sent
//! passes one bounded queue.

use std::{io, sync::Arc};

use bytes::{Bytes, BytesMut};
use portolan_wire::{
    Io,
    spdy::{
        frame::{Decoder, Frame},
        headers::Unpacker,
    },
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufWriter},
    sync::mpsc,
    task::JoinSet,
};

use super::{
    carry::Way,
    session::Session,
    workers::{Job, Workers},
};

/// What waits to be sent to the client, in frames; then whoever has more waits.
const OUT: usize = 8;

/// Small frames are sent together, up to so many bytes.
const TOGETHER: usize = 8 * 1024;

/// Serves an upgrade, until the client leaves it or `cut` is done.
pub(super) async fn serve(io: impl Io, way: Arc<Way>, cut: impl Future<Output = ()>) {
    let (out, to_send) = mpsc::channel(OUT);
    let (begin, mut begun) = mpsc::unbounded_channel();
    let session = Arc::new(Session::new(way, out, begin));
    let over = session.over();
    let mut connections = JoinSet::new();
    let mut transport = Box::pin(transport(io, session.clone(), to_send, cut));
    loop {
        tokio::select! {
            () = &mut transport => break,
            Some(connection) = begun.recv() => { connections.spawn(connection); }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
    drop((transport, over));
    drop(session);
    // The pod learns of it as late as it learns of every end.
    while connections.join_next().await.is_some() {}
}

/// Both directions of the transport, until either ends.
async fn transport(io: impl Io, session: Arc<Session>, to_send: mpsc::Receiver<Bytes>, cut: impl Future<Output = ()>) {
    let (from_client, to_client) = tokio::io::split(io);
    let workers = Workers::start(&session, session.workers());
    let ended = tokio::select! {
        () = cut => Ok(()),
        ended = send(to_client, to_send) => ended,
        ended = receive(from_client, &session, workers) => ended,
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "an upgrade broke");
    }
}

async fn send(to_client: impl AsyncWrite + Unpin, mut to_send: mpsc::Receiver<Bytes>) -> io::Result<()> {
    let mut to_client = BufWriter::with_capacity(TOGETHER, to_client);
    while let Some(bytes) = to_send.recv().await {
        to_client.write_all(&bytes).await?;
        if to_send.is_empty() {
            to_client.flush().await?;
        }
    }
    Ok(())
}

async fn receive(from_client: impl AsyncRead + Unpin, session: &Session, mut workers: Workers) -> io::Result<()> {
    let mut frames = Frames::new(from_client);
    let mut unpacker = Unpacker::default();
    while let Some(frame) = frames.next().await? {
        let job = match frame {
            Frame::SynStream { id, fin, block } => {
                let headers = unpacker.unpack(&block).map_err(io::Error::from)?;
                Job::Open { id, headers, inbox: session.begin(id, fin) }
            }
            Frame::Data { id, payload, fin } => Job::Data { id, payload, fin },
            Frame::RstStream { id, .. } => Job::Reset { id },
            Frame::Ping(id) => Job::Ping(id),
            Frame::SynReply { .. } | Frame::GoAway => continue,
        };
        workers.give(job).await;
    }
    Ok(())
}

/// Reads frames, data frames whole.
pub(super) struct Frames<R> {
    io: R,
    decoder: Decoder,
    received: BytesMut,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    pub(super) fn new(io: R) -> Self {
        Frames { io, decoder: Decoder::default(), received: BytesMut::new() }
    }

    /// The next one; `None` at the end of the transport. What it has read so far it keeps if it is dropped, but not of a
    /// data frame.
    pub(super) async fn next(&mut self) -> io::Result<Option<Frame>> {
        let mut whole = BytesMut::new();
        loop {
            match self.decoder.next(&mut self.received).map_err(io::Error::from)? {
                Some(Frame::Data { id, payload, fin }) => {
                    let left = self.decoder.payload().map_or(0, |(_, left)| left);
                    if left == 0 && whole.is_empty() {
                        return Ok(Some(Frame::Data { id, payload, fin }));
                    }
                    whole.extend_from_slice(&payload);
                    if left == 0 {
                        return Ok(Some(Frame::Data { id, payload: whole.freeze(), fin }));
                    }
                }
                Some(frame) => return Ok(Some(frame)),
                None => {
                    let left = self.decoder.payload().map_or(0, |(_, left)| left);
                    // Some more than is left of a frame, so that the next one's head comes with it.
                    self.received.reserve(left.clamp(TOGETHER, 64 * TOGETHER));
                    if self.io.read_buf(&mut self.received).await? == 0 {
                        return Ok(None);
                    }
                }
            }
        }
    }
}
