//! The streams of one upgrade: what each frame does to them.
//!
//! Two streams of one request are a connection; once both are there the pod is dialled. What a client sends on a stream
//! whose connection has ended on this side is taken by nobody: where there are workers, it keeps its worker for as long
//! as the client does not end the stream, and that end waits behind it. Real servers do so.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures::future::BoxFuture;
use portolan_wire::spdy::{
    frame,
    headers::{Headers, Packer},
};
use tokio::{sync::mpsc, time::sleep};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    carry::{Failed, Label, ToClient, Way},
    texts,
    workers::Job,
};
use crate::network::Task;

/// What a stream's user has yet to take, in frames: where there are workers, these hold the rest.
const INBOX: usize = 1;

/// The same, where there are none.
const INBOX_ALONE: usize = 64;

/// So long a stream waits for the other one of its request.
const ALONE: Duration = Duration::from_secs(30);

/// What all workers of an upgrade know.
pub(super) struct Session {
    way: Arc<Way>,
    out: mpsc::Sender<Bytes>,
    packer: Mutex<Packer>,
    /// The streams that the client has not ended.
    streams: Mutex<HashMap<u32, Open>>,
    /// Streams that wait for the other of their request.
    halves: Mutex<HashMap<String, Half>>,
    begin: mpsc::UnboundedSender<BoxFuture<'static, ()>>,
    /// The client neither sends nor takes more.
    over: CancellationToken,
}

struct Open {
    to_user: mpsc::Sender<Bytes>,
    reset: CancellationToken,
    /// What nobody takes any more, once the connection is over on this side.
    left: Option<mpsc::Receiver<Bytes>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Error,
    Data,
}

struct Half {
    kind: Kind,
    stream: Stream,
    _until: Task,
}

/// One stream, in the hands of its user.
struct Stream {
    id: u32,
    inbox: mpsc::Receiver<Bytes>,
}

struct Pair {
    error: Stream,
    data: Stream,
}

/// What a new stream makes of its request.
enum Paired {
    Alone,
    Twice,
    Both(Pair),
}

impl Session {
    pub(super) fn new(
        way: Arc<Way>,
        out: mpsc::Sender<Bytes>,
        begin: mpsc::UnboundedSender<BoxFuture<'static, ()>>,
    ) -> Self {
        Session {
            way,
            out,
            packer: Mutex::default(),
            streams: Mutex::default(),
            halves: Mutex::default(),
            begin,
            over: CancellationToken::new(),
        }
    }

    /// Once this is dropped, all that is carried ends.
    pub(super) fn over(&self) -> DropGuard {
        self.over.clone().drop_guard()
    }

    pub(super) fn workers(&self) -> Option<u32> {
        self.way.quirks.workers
    }

    fn streams(&self) -> MutexGuard<'_, HashMap<u32, Open>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn halves(&self) -> MutexGuard<'_, HashMap<String, Half>> {
        self.halves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A stream's inbox, which is there before its worker has looked at it.
    pub(super) fn begin(&self, id: u32, fin: bool) -> mpsc::Receiver<Bytes> {
        let (to_user, inbox) = mpsc::channel(if self.workers().is_some() { INBOX } else { INBOX_ALONE });
        if !fin {
            self.streams().insert(id, Open { to_user, reset: self.over.child_token(), left: None });
        }
        inbox
    }

    /// Does what a frame asks for.
    pub(super) async fn handle(self: &Arc<Self>, job: Job) {
        match job {
            Job::Open { id, headers, inbox } => self.open(id, &headers, inbox).await,
            Job::Data { id, payload, fin } => {
                let to_user = self.streams().get(&id).map(|open| open.to_user.clone());
                if let Some(to_user) = to_user.filter(|_| !payload.is_empty()) {
                    // Where its user is gone and leaves nobody in its place, it is dropped.
                    let _ = to_user.send(payload).await;
                }
                if fin {
                    self.streams().remove(&id);
                }
            }
            Job::Reset { id } => {
                if let Some(open) = self.streams().remove(&id) {
                    open.reset.cancel();
                }
            }
            Job::Ping(id) => self.send(|out| frame::put_ping(out, id)).await,
        }
    }

    async fn send(&self, put: impl FnOnce(&mut BytesMut)) {
        let mut bytes = BytesMut::new();
        put(&mut bytes);
        // Nobody is told anything once the transport is gone.
        let _ = self.out.send(bytes.freeze()).await;
    }

    async fn reset(&self, id: u32) {
        self.streams().remove(&id);
        self.send(|out| frame::put_rst_stream(out, id, frame::CANCEL)).await;
    }

    async fn open(self: &Arc<Self>, id: u32, headers: &Headers, inbox: mpsc::Receiver<Bytes>) {
        let kind = match headers.get("streamtype") {
            Some("error") => Kind::Error,
            Some("data") => Kind::Data,
            _ => return self.reset(id).await,
        };
        let port = headers.get("port").and_then(|port| port.parse::<u16>().ok());
        let Some(port) = port.filter(|port| *port > 0) else { return self.reset(id).await };
        // The oldest clients name no request, and open the error stream right before the other.
        let first = if kind == Kind::Error { id } else { id.saturating_sub(2) };
        let request = headers.get("requestid").map_or_else(|| first.to_string(), str::to_owned);
        self.reply(id).await;
        match self.pair(kind, Stream { id, inbox }, &request) {
            Paired::Alone => {}
            Paired::Twice => {
                let which = if kind == Kind::Error { "error" } else { "data" };
                self.to(id).say(&texts::twice(&request, which)).await;
            }
            Paired::Both(pair) => {
                let reset = self.streams().get(&pair.data.id).map(|open| open.reset.clone());
                // One that the client has ended already may be waiting for its answer.
                let reset = reset.unwrap_or_else(|| self.over.child_token());
                // The upgrade's task takes them as long as there is anybody to send one.
                let _ = self.begin.send(Box::pin(self.clone().connection(port, pair, reset)));
            }
        }
    }

    async fn reply(&self, id: u32) {
        // Blocks are numbered by nothing but their order, so none may overtake another.
        let Ok(place) = self.out.reserve().await else { return };
        let mut bytes = BytesMut::new();
        let mut packer = self.packer.lock().unwrap_or_else(PoisonError::into_inner);
        frame::put_syn_reply(&mut bytes, id, &packer.pack(&[]));
        place.send(bytes.freeze());
    }

    fn to(&self, id: u32) -> ToClient {
        ToClient::new(self.out.clone(), Label::Stream(id))
    }

    fn pair(self: &Arc<Self>, kind: Kind, stream: Stream, request: &str) -> Paired {
        let mut halves = self.halves();
        match halves.remove(request) {
            None => {
                let until = Task::new(tokio::spawn(self.until_too_late(request)));
                halves.insert(request.into(), Half { kind, stream, _until: until });
                Paired::Alone
            }
            Some(other) if other.kind == kind => {
                halves.insert(request.into(), other);
                Paired::Twice
            }
            Some(other) => Paired::Both(match kind {
                Kind::Error => Pair { error: stream, data: other.stream },
                Kind::Data => Pair { error: other.stream, data: stream },
            }),
        }
    }

    /// Gives up a stream that stays alone.
    fn until_too_late(self: &Arc<Self>, request: &str) -> impl Future<Output = ()> + Send + 'static {
        let (session, request) = (Arc::downgrade(self), request.to_owned());
        async move {
            sleep(ALONE).await;
            let Some(session) = session.upgrade() else { return };
            // Its own task ends with it, so the last words are somebody else's.
            let Some(half) = session.halves().remove(&request) else { return };
            let last_words = session.clone();
            let _ = session.begin.send(Box::pin(async move {
                if half.kind == Kind::Error {
                    last_words.to(half.stream.id).say(&texts::alone(&request)).await;
                }
                last_words.reset(half.stream.id).await;
            }));
        }
    }

    /// Carries one connection, and says how it ended.
    async fn connection(self: Arc<Self>, port: u16, mut pair: Pair, reset: CancellationToken) {
        let (to_data, to_error) = (self.to(pair.data.id), self.to(pair.error.id));
        let ended = self.way.carry(port, &mut pair.data.inbox, &to_data, &reset).await;
        if !(reset.is_cancelled() || matches!(ended, Err(Failed::NoSandbox(_)))) {
            to_data.end().await;
        }
        if let Err(Failed::NoSandbox(text) | Failed::Inside(text)) = &ended {
            to_error.say(text).await;
        }
        to_error.end().await;
        if matches!(ended, Err(Failed::NoSandbox(_))) {
            to_data.end().await;
        }
        if self.workers().is_some() {
            self.leave(pair.error);
            self.leave(pair.data);
        }
    }

    /// Leaves a stream to the client, with nobody who takes what still comes.
    fn leave(&self, stream: Stream) {
        if let Some(open) = self.streams().get_mut(&stream.id) {
            open.left = Some(stream.inbox);
        }
    }
}
