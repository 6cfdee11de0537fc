//! One connection to a port in a pod, as containerd carries it: dialled, copied both ways, and ended.

use std::{
    io,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use portolan_wire::spdy::frame::{HEAD, data_head};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf},
    sync::mpsc,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{Pod, texts};
use crate::{
    Quirks,
    network::{Network, Sandbox, Unreached},
    socket::{Peer, Socket},
};

/// What is read from a pod at once, and goes to the client as one frame: what Go copies by.
const PIECE: usize = 32 * 1024;

/// The way to one pod.
#[derive(Debug)]
pub(super) struct Way {
    network: Network,
    uid: String,
    sandbox: Sandbox,
    pub(super) quirks: Quirks,
}

/// How a connection failed.
#[derive(Debug)]
pub(super) enum Failed {
    /// Before it was there.
    NoSandbox(String),
    /// When it was dialled, or later.
    Inside(String),
}

impl Way {
    pub(super) fn new(network: Network, to: &Pod, quirks: Quirks) -> Self {
        let sandbox = network.sandbox(&to.uid);
        Way { network, uid: to.uid.clone(), sandbox, quirks }
    }

    async fn dial(&self, port: u16) -> Result<Socket, Failed> {
        if self.sandbox.is_gone() {
            return Err(Failed::NoSandbox(texts::gone(&self.uid, port)));
        }
        self.network.dial(&self.uid, port).await.map_err(|why| match why {
            // The container is down; its pod is there.
            Unreached::Refused | Unreached::NotRunning => Failed::Inside(texts::refused(&self.uid, port)),
        })
    }

    /// Carries one connection until it has ended. What the client sends comes from `inbox`, which ends with it; `over` says
    /// that the client neither sends nor takes more.
    pub(super) async fn carry(
        &self,
        port: u16,
        inbox: &mut mpsc::Receiver<Bytes>,
        to_client: &ToClient,
        over: &CancellationToken,
    ) -> Result<(), Failed> {
        let socket = tokio::select! {
            biased;
            () = over.cancelled() => return Ok(()),
            dialled = self.dial(port) => dialled?,
        };
        let peer = socket.peer();
        let (from_pod, to_pod) = tokio::io::split(socket);
        let failed = |text: fn(&str, u16) -> String| Failed::Inside(text(&self.uid, port));
        let up = async { self.up(inbox, to_pod, over).await.map_err(|_| failed(texts::broken)) };
        let down = async {
            let ended = down(from_pod, to_client).await.map_err(|_| failed(texts::reset));
            if self.quirks.late_close.is_none() {
                to_client.end().await;
            }
            ended
        };
        match self.quirks.late_close {
            Some(late) => late_close(up, down, late).await,
            None => tokio::select! {
                biased;
                () = over.cancelled() => Ok(()),
                ended = half_close(up, down, &peer) => ended,
            },
        }
    }

    /// What the client sends goes to the pod.
    async fn up(
        &self,
        inbox: &mut mpsc::Receiver<Bytes>,
        mut to_pod: WriteHalf<Socket>,
        over: &CancellationToken,
    ) -> io::Result<()> {
        let copying = async {
            while let Some(piece) = inbox.recv().await {
                to_pod.write_all(&piece).await?;
            }
            if self.quirks.late_close.is_none() { to_pod.shutdown().await } else { Ok(()) }
        };
        tokio::select! {
            biased;
            copied = copying => copied,
            // It may have been waiting for a pod that does not read.
            () = over.cancelled() => Ok(()),
        }
    }
}

/// What the pod sends goes to the client. That the client takes no more is its end, too.
async fn down(mut from_pod: ReadHalf<Socket>, to_client: &ToClient) -> io::Result<()> {
    loop {
        let mut frame = to_client.label.begin();
        frame.reserve(PIECE);
        if from_pod.read_buf(&mut frame).await? == 0 || to_client.send(frame).await.is_err() {
            return Ok(());
        }
    }
}

/// Either direction's end leaves the other so much time.
async fn late_close(
    up: impl Future<Output = Result<(), Failed>>,
    down: impl Future<Output = Result<(), Failed>>,
    late: Duration,
) -> Result<(), Failed> {
    tokio::pin!(up, down);
    let (first, other) = tokio::select! {
        ended = &mut down => (ended, timeout(late, up).await),
        ended = &mut up => (ended, timeout(late, down).await),
    };
    first.and(other.unwrap_or(Ok(())))
}

/// Each direction ends by itself, and both where the pod has gone or failed.
async fn half_close(
    up: impl Future<Output = Result<(), Failed>>,
    down: impl Future<Output = Result<(), Failed>>,
    pod: &Peer,
) -> Result<(), Failed> {
    tokio::pin!(up, down);
    tokio::select! {
        ended = &mut down => {
            ended?;
            tokio::select! {
                biased;
                () = pod.gone() => Ok(()),
                ended = up => ended,
            }
        }
        ended = &mut up => ended.and(down.await),
    }
}

/// The direction to a client, for one connection of an upgrade.
#[derive(Debug)]
pub(super) struct ToClient {
    out: mpsc::Sender<Bytes>,
    label: Label,
    ended: AtomicBool,
}

/// What each message begins with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Label {
    /// A data frame's head of that stream.
    Stream(u32),
    /// The number of a channel.
    Channel(u8),
}

impl Label {
    fn begin(self) -> BytesMut {
        let mut frame = BytesMut::with_capacity(HEAD + PIECE);
        match self {
            Label::Stream(_) => frame.extend_from_slice(&[0; HEAD]),
            Label::Channel(channel) => frame.extend_from_slice(&[channel]),
        }
        frame
    }

    fn seal(self, mut frame: BytesMut) -> Bytes {
        if let Label::Stream(id) = self {
            let head = data_head(id, frame.len() - HEAD, false);
            frame[..HEAD].copy_from_slice(&head);
        }
        frame.freeze()
    }
}

impl ToClient {
    pub(super) fn new(out: mpsc::Sender<Bytes>, label: Label) -> Self {
        ToClient { out, label, ended: AtomicBool::new(false) }
    }

    async fn send(&self, frame: BytesMut) -> Result<(), mpsc::error::SendError<Bytes>> {
        self.out.send(self.label.seal(frame)).await
    }

    /// Sends a text.
    pub(super) async fn say(&self, text: &str) {
        self.say_bytes(text.as_bytes()).await;
    }

    pub(super) async fn say_bytes(&self, bytes: &[u8]) {
        let mut frame = self.label.begin();
        frame.extend_from_slice(bytes);
        // A client that is gone is told nothing.
        let _ = self.send(frame).await;
    }

    /// Ends the stream, unless it has; a channel has no end of its own.
    pub(super) async fn end(&self) {
        if let Label::Stream(id) = self.label
            && !self.ended.swap(true, Relaxed)
        {
            let _ = self.out.send(Bytes::copy_from_slice(&data_head(id, 0, true))).await;
        }
    }
}
