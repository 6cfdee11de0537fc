//! A connection that carries streams, and the task that drives it.

use std::{
    fmt,
    future::poll_fn,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    Error, frame,
    headers::Headers,
    state::{Role, State, StreamState, WORKERS},
    stream::Stream,
};
use crate::Io;

/// A connection. It ends when it and all of its streams are dropped.
#[derive(Clone)]
pub struct Mux(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    _driver: AbortOnDropHandle<()>,
}

/// The state behind its lock.
pub(super) struct Shared {
    state: Mutex<State>,
}

impl Shared {
    /// Works on the state, and then wakes whom that concerns, with the lock released.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = work(&mut state);
        let woken = std::mem::take(&mut state.woken);
        drop(state);
        for waker in woken {
            waker.wake();
        }
        result
    }
}

/// A stream that the peer has opened.
#[derive(Debug)]
pub struct Incoming {
    pub(super) id: u32,
    /// What the peer said it is for.
    pub headers: Headers,
}

/// The two streams of one forwarded TCP connection.
#[derive(Debug)]
pub struct Pair {
    /// Says why, where the connection fails. This side has ended it already.
    pub error: Stream,
    /// Carries the bytes.
    pub data: Stream,
}

impl Mux {
    /// A client's side of a connection; `changed` is notified whenever [`Mux::is_fit`] or [`Mux::is_proven`] has changed.
    pub fn client(io: impl Io, changed: Arc<Notify>) -> Self {
        Self::new(Role::Client, io, changed)
    }

    /// A server's side of a connection.
    pub fn server(io: impl Io) -> Self {
        Self::new(Role::Server, io, Arc::default())
    }

    fn new(role: Role, io: impl Io, changed: Arc<Notify>) -> Self {
        let shared = Arc::new(Shared { state: Mutex::new(State::new(role, Box::new(io))) });
        let driver = tokio::spawn(drive(shared.clone(), role, changed));
        Mux(Arc::new(Inner { shared, _driver: AbortOnDropHandle::new(driver) }))
    }

    /// Opens the streams of one connection to a port in the pod: all that this takes, and `first`, goes out in one write,
    /// and no answer is waited for. `first` is what the client has sent already, 16 MiB at most.
    ///
    /// # Errors
    /// When the connection is over.
    pub fn open(&self, port: u16, first: &[u8]) -> Result<Pair, Error> {
        self.with(|state| {
            if let Some(error) = &state.over {
                return Err(error.clone());
            }
            let (error, data) = next_ids(state);
            let (port, request) = (port.to_string(), error.to_string());
            let mut block = |kind| state.packer.pack(&[("streamtype", kind), ("port", &port), ("requestid", &request)]);
            let blocks = (block("error"), block("data"));
            let mut error_state = StreamState::new(true, false);
            error_state.local_ended = true;
            state.streams.insert(error, error_state);
            state.streams.insert(data, StreamState::new(false, false));
            state.count_sent(first.len());
            state.send(|out| {
                frame::put_syn_stream(out, error, &blocks.0);
                frame::put_data(out, error, &[], true);
                frame::put_syn_stream(out, data, &blocks.1);
                if !first.is_empty() {
                    frame::put_data(out, data, first, false);
                }
            });
            Ok(Pair { error: self.stream(error), data: self.stream(data) })
        })
    }

    /// The next stream that the peer opens; `None` at the end of the connection.
    pub async fn accept(&self) -> Option<(Headers, Stream)> {
        let incoming = poll_fn(|cx| {
            self.with(|state| match state.backlog.pop_front() {
                Some(incoming) => Poll::Ready(Some(incoming)),
                None if state.over.is_some() => Poll::Ready(None),
                None => {
                    state.acceptor = Some(cx.waker().clone());
                    Poll::Pending
                }
            })
        });
        let Incoming { id, headers } = incoming.await?;
        Some((headers, self.stream(id)))
    }

    /// Tells the peer that no more streams are taken.
    pub fn go_away(&self) {
        self.with(|state| {
            let last = state.last_id;
            state.send(|out| frame::put_go_away(out, last));
        });
    }

    /// Whether a new stream would be served at once, as far as can be known: not if the peer is silent, if somebody does
    /// not read, or if what was sent has not been taken.
    pub fn is_fit(&self) -> bool {
        self.with(|state| state.is_fit())
    }

    /// Asks the peer whether it is there; until it speaks, that is not proven.
    pub fn ask(&self) {
        self.with(State::ask);
    }

    /// Whether the peer has shown that it is there: since it was asked, or at all, and within the last 25 s.
    pub fn is_proven(&self) -> bool {
        self.with(|state| state.is_proven())
    }

    /// Whether the peer has been silent for longer than one that is there would be.
    pub fn is_silent(&self) -> bool {
        self.with(|state| state.is_silent())
    }

    /// Whether it will take no new streams again.
    pub fn is_done_for(&self) -> bool {
        self.with(|state| state.is_done_for())
    }

    /// Finds out whether the peer has taken all that was sent, where that is in doubt: until then it is not fit.
    pub fn settle(&self) {
        self.with(State::settle);
    }

    /// Takes nothing that was sent for settled, however little it is: see [`Mux::settle`].
    pub fn doubt(&self) {
        self.with(State::doubt);
    }

    /// How many streams this side still holds.
    pub fn streams(&self) -> usize {
        self.with(|state| state.streams.len())
    }

    /// Whether both are the same connection.
    pub fn is(&self, other: &Mux) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn stream(&self, id: u32) -> Stream {
        Stream::new(self.clone(), id)
    }

    pub(super) fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        self.0.shared.with(work)
    }
}

impl fmt::Debug for Mux {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mux").field("streams", &self.streams()).finish_non_exhaustive()
    }
}

/// The ids of a pair: odd, greater than all before, and of the same remainder by the number of the server's workers, so
/// that a stalled connection stalls one worker and no more. Pairs take the workers in turn.
fn next_ids(state: &mut State) -> (u32, u32) {
    let mut error = if state.last_id == 0 { 1 } else { state.last_id + 2 };
    while error % WORKERS != state.next_worker {
        error += 2;
    }
    let data = error + 2 * WORKERS;
    state.last_id = data;
    state.next_worker = (state.next_worker + 1) % WORKERS;
    (error, data)
}

async fn drive(shared: Arc<Shared>, role: Role, changed: Arc<Notify>) {
    let _end = EndOnDrop { shared: shared.clone(), changed: changed.clone() };
    let mut known = (true, false);
    let mut look_again = shared.with(|state| state.first_look());
    loop {
        let work = poll_fn(|cx| {
            let (over, now) = shared.with(|state| (state.work(cx), (state.is_fit(), state.is_proven())));
            if std::mem::replace(&mut known, now) != now {
                changed.notify_waiters();
            }
            over
        });
        tokio::select! {
            biased;
            () = work => return,
            () = sleep_until(look_again), if role == Role::Client => {}
        }
        look_again = shared.with(|state| state.tick(Instant::now()));
    }
}

/// However the driver ends, its connection does.
struct EndOnDrop {
    shared: Arc<Shared>,
    changed: Arc<Notify>,
}

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.shared.with(|state| state.end(Error::Closed));
        self.changed.notify_waiters();
    }
}
