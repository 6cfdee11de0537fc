//! What one connection and all its streams share: the bytes that wait to be sent, the streams' queues, the PINGs.
//!
//! It lives behind one lock. Whoever has something to send puts it in and sends what the transport takes at once; what
//! is left, and all that is received, is the driver's work ([`super::mux`]). The transport is only ever polled with the
//! driver's waker, so nobody else is woken for it.

use std::{
    collections::{HashMap, VecDeque},
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::{io::AsyncWrite, time::Instant};
use tokio_util::io::poll_read_buf;

use super::{
    Error,
    frame::{self, Decoder, Frame},
    headers::{Packer, Unpacker},
    mux::Incoming,
};
use crate::{AT_ONCE, Io, connection::FRAME, failure::LONGEST_TEXT};

/// What a stream holds that is not yet read; then the connection is not read on. Two of a server's frames of 32 KiB are
/// on their way while two are read.
pub(super) const UNREAD: usize = 128 * 1024;

/// What waits to be sent; then writers wait.
const UNSENT: usize = 128 * 1024;

/// Heads are read with so much of what follows them: small frames come whole, and many at once. The rest of a long
/// payload is read to where its reader finds it.
const HEADS: usize = 2 * 1024;

/// A piece of a download, as its reader gets it: the payload of two of a server's frames.
const PIECE: usize = 64 * 1024;

/// The least that a piece has room for, so that tiny frames share one.
const SMALL: usize = 512;

/// How much is read before other tasks have their turn.
const TURN: usize = 256 * 1024;

/// Server-side streams that nobody has accepted yet; more are refused.
const BACKLOG: usize = 1024;

/// spdystream hands frames to as many workers, by stream id; PINGs go round all of them.
pub(super) const WORKERS: u32 = 5;

/// What may be unacknowledged on a connection that is used again: less than any pod's socket takes without reading.
const UNSETTLED: u64 = 64 * 1024;

/// A connection is asked this often whether it lives. Load balancers cut after four idle minutes; a tunnel is shown
/// active for 30 s after an answer.
const PING_EVERY: Duration = Duration::from_secs(15);

/// A connection from which nothing has come for this long after a PING is suspect.
const OVERDUE: Duration = Duration::from_secs(10);

/// A connection that has been suspect for this long is over.
const GIVEN_UP: Duration = Duration::from_secs(180);

/// What was sent on a stream that was then dropped has to be taken within this time, where others share the connection:
/// their server may read no further before. Longer than full buffers take to drain by a slow link.
const STALLED: Duration = Duration::from_secs(60);

/// Which side of a connection this is: it decides whose streams have odd ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Client,
    Server,
}

pub(super) struct State {
    role: Role,
    /// `None` once the connection is over.
    io: Option<Box<dyn Io>>,
    pub(super) driver: Option<Waker>,
    decoder: Decoder,
    received: BytesMut,
    unsent: BytesMut,
    pub(super) packer: Packer,
    unpacker: Unpacker,
    pub(super) streams: HashMap<u32, StreamState>,
    /// The stream that has to be read before the connection is read on.
    held_up_by: Option<u32>,
    writers: Vec<Waker>,
    /// Streams of the peer's that nobody has accepted yet.
    pub(super) backlog: VecDeque<Incoming>,
    pub(super) acceptor: Option<Waker>,
    pub(super) last_id: u32,
    pub(super) next_worker: u32,
    pings: Pings,
    going_away: bool,
    pub(super) over: Option<Error>,
    /// To be woken once the lock is free.
    pub(super) woken: Vec<Waker>,
}

/// One stream, as far as its own side has not dropped it.
#[derive(Debug)]
pub(super) struct StreamState {
    /// What is not read yet. The last may grow.
    queue: VecDeque<BytesMut>,
    /// How much is in the queue; where `drops`, how much has ever been.
    queued: usize,
    /// Whether a full queue drops what comes instead of holding up the connection.
    drops: bool,
    pub(super) remote: Remote,
    pub(super) local_ended: bool,
    pub(super) reader: Option<Waker>,
}

/// How far the peer is with a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remote {
    Open,
    Ended,
    Reset,
}

/// What is known from PINGs. The n-th goes to worker n modulo five, after all that was sent to that worker before: a
/// round of five that is answered shows that every worker has taken all that was sent before the round.
#[derive(Debug)]
struct Pings {
    next_id: u32,
    /// The unanswered ones of the round that is out.
    out: Vec<u32>,
    round_began: Instant,
    heard: Instant,
    /// Payload that no answered round covers.
    unsettled: u64,
    /// Of that, what was sent after the round that is out.
    after_round: u64,
    settle: bool,
    suspect: bool,
    /// Whether the peer has spoken since it was asked whether it does.
    proven: bool,
    doubt: Option<Doubt>,
}

/// A worker that may hang, since what was sent to it is for a stream that nobody has any more.
#[derive(Debug)]
struct Doubt {
    worker: u32,
    /// The PING whose answer shows that it does not.
    ping: Option<u32>,
    /// Until when that may come.
    by: Instant,
}

impl StreamState {
    pub(super) fn new(drops: bool, remote_ended: bool) -> Self {
        StreamState {
            queue: VecDeque::new(),
            queued: 0,
            drops,
            remote: if remote_ended { Remote::Ended } else { Remote::Open },
            local_ended: false,
            reader: None,
        }
    }

    /// Whether what comes is to be kept, all of it.
    fn takes(&self) -> bool {
        self.remote == Remote::Open && !self.drops && self.queued < UNREAD
    }

    /// The piece that the next bytes are put to. Pieces are never moved to make room: a long one begins where another
    /// ends. What a small frame brings takes little more than it needs, since a thousand idle streams may hold on to it.
    fn room_for(&mut self, bytes: usize) -> &mut BytesMut {
        let fits = self.queue.back().is_some_and(|last| last.capacity() - last.len() >= bytes.min(HEADS));
        if !fits {
            // One that was begun and got nothing must not stay between: at the front it would look like nothing to read.
            self.queue.pop_back_if(|last| last.is_empty());
            let capacity = if bytes > HEADS { PIECE } else { bytes.max(SMALL) };
            self.queue.push_back(BytesMut::with_capacity(capacity));
        }
        // There is one: see above.
        let last = self.queue.len() - 1;
        &mut self.queue[last]
    }
}

impl State {
    pub(super) fn new(role: Role, io: Box<dyn Io>) -> Self {
        let now = Instant::now();
        State {
            role,
            io: Some(io),
            driver: None,
            decoder: Decoder::default(),
            received: BytesMut::new(),
            unsent: BytesMut::new(),
            packer: Packer::default(),
            unpacker: Unpacker::default(),
            streams: HashMap::new(),
            held_up_by: None,
            writers: Vec::new(),
            backlog: VecDeque::new(),
            acceptor: None,
            last_id: 0,
            next_worker: 0,
            pings: Pings {
                next_id: if role == Role::Client { 1 } else { 2 },
                out: Vec::new(),
                round_began: now,
                heard: now,
                unsettled: 0,
                after_round: 0,
                settle: false,
                suspect: false,
                proven: false,
                doubt: None,
            },
            going_away: false,
            over: None,
            woken: Vec::new(),
        }
    }

    // ------------------------------------------------------------ sending

    /// Appends frames and sends what the transport takes now.
    pub(super) fn send(&mut self, put: impl FnOnce(&mut BytesMut)) {
        if self.over.is_none() {
            put(&mut self.unsent);
            self.flush();
        }
    }

    /// Sends `payload`, as much of it as `AT_ONCE` and the bound on what is unsent take. It goes in frames that are twice
    /// as long as kubectl's, as servers take a frame at a time; they queue up to 50 of them a worker, so larger ones would
    /// only take more of their memory. `None`: nothing now, and `waker` is woken when it is worth another try.
    pub(super) fn send_data(&mut self, id: u32, payload: &[u8], waker: &Waker) -> Option<usize> {
        if self.unsent.len() >= UNSENT {
            // A task that has other work, too, tries again each time it is woken for that.
            if !self.writers.iter().any(|writer| writer.will_wake(waker)) {
                self.writers.push(waker.clone());
            }
            return None;
        }
        let payload = &payload[..payload.len().min(AT_ONCE)];
        let mut heads = [[0; frame::HEAD]; AT_ONCE / FRAME];
        let mut parts = [IoSlice::new(&[]); 2 * AT_ONCE / FRAME];
        for ((part, head), bytes) in parts.chunks_exact_mut(2).zip(&mut heads).zip(payload.chunks(FRAME)) {
            *head = frame::data_head(id, bytes.len(), false);
            part.copy_from_slice(&[IoSlice::new(head), IoSlice::new(bytes)]);
        }
        for rest in self.send_at_once(&mut parts) {
            self.unsent.extend_from_slice(rest);
        }
        self.flush();
        self.count_sent(payload.len());
        Some(payload.len())
    }

    #[cfg(test)]
    pub(super) fn waiting_writers(&self) -> usize {
        self.writers.len()
    }

    /// Payload was sent, or will be.
    pub(super) fn count_sent(&mut self, bytes: usize) {
        self.pings.unsettled += bytes as u64;
        self.pings.after_round += bytes as u64;
    }

    /// Hands frames to the transport without copying them, where nothing else waits; what of them was not taken.
    fn send_at_once<'a, 'b>(&mut self, mut parts: &'a mut [IoSlice<'b>]) -> &'a [IoSlice<'b>] {
        let (Some(io), Some(driver), true) = (&mut self.io, &self.driver, self.unsent.is_empty()) else { return parts };
        if !io.is_write_vectored() {
            return parts;
        }
        let mut cx = Context::from_waker(driver);
        while !parts.is_empty() {
            match Pin::new(&mut *io).poll_write_vectored(&mut cx, parts) {
                Poll::Ready(Ok(0)) | Poll::Pending => break,
                Poll::Ready(Ok(n)) => IoSlice::advance_slices(&mut parts, n),
                // Seen again, and told, by the flush that follows.
                Poll::Ready(Err(_)) => break,
            }
        }
        parts
    }

    /// Sends what is unsent, as far as the transport takes it. Before the driver has run there is no waker for it; then
    /// it is the driver's first work.
    pub(super) fn flush(&mut self) {
        let Some(driver) = self.driver.clone() else { return };
        let mut cx = Context::from_waker(&driver);
        while let Some(io) = &mut self.io
            && !self.unsent.is_empty()
        {
            match Pin::new(io).poll_write(&mut cx, &self.unsent) {
                Poll::Ready(Ok(0)) => return self.end(Error::Ended),
                Poll::Ready(Ok(n)) => self.unsent.advance(n),
                Poll::Ready(Err(error)) => return self.end(error.into()),
                Poll::Pending => return,
            }
        }
        self.unsent = BytesMut::new();
        self.woken.append(&mut self.writers);
        if let Some(io) = &mut self.io
            && let Poll::Ready(Err(error)) = Pin::new(io).poll_flush(&mut cx)
        {
            self.end(error.into());
        }
    }

    // ------------------------------------------------------------ receiving

    /// The driver's work: sends, and receives until there is nothing left or somebody has to read first. Ready once the
    /// connection is over.
    pub(super) fn work(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.driver.as_ref().is_some_and(|driver| driver.will_wake(cx.waker())) {
            self.driver = Some(cx.waker().clone());
        }
        if self.pings.settle && self.pings.out.is_empty() {
            self.ping(Instant::now());
        }
        self.flush();
        let mut left = TURN;
        while left > 0 {
            if let Err(error) = self.dispatch() {
                self.end(error);
            }
            if self.over.is_some() {
                return Poll::Ready(());
            }
            if self.held_up_by.is_some() {
                return Poll::Pending;
            }
            match self.receive(cx) {
                Poll::Ready(Ok(0)) => self.end(Error::Ended),
                Poll::Ready(Ok(amount)) => left = left.saturating_sub(amount),
                Poll::Ready(Err(error)) => self.end(error.into()),
                Poll::Pending => {
                    if left < TURN {
                        self.heard();
                    }
                    if self.received.is_empty() {
                        // An idle connection holds no buffer.
                        self.received = BytesMut::new();
                    }
                    return Poll::Pending;
                }
            }
        }
        self.heard();
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn heard(&mut self) {
        self.pings.heard = Instant::now();
        self.pings.proven = true;
        if std::mem::take(&mut self.pings.suspect) {
            tracing::debug!("a silent upgrade speaks again");
        }
    }

    /// Reads once: the rest of a payload to its stream, or else what begins with a head.
    fn receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Some(io) = &mut self.io else { return Poll::Ready(Ok(0)) };
        let payload = self.decoder.payload().filter(|_| self.received.is_empty());
        let stream = payload.and_then(|(id, left)| Some((id, left, self.streams.get_mut(&id)?)));
        match stream {
            Some((id, left, stream)) if stream.takes() => {
                let room = left.min(UNREAD - stream.queued);
                let mut piece = stream.room_for(room).limit(room);
                let amount = ready!(poll_read_buf(Pin::new(io), cx, &mut piece))?;
                stream.queued += amount;
                let fin = self.decoder.took(amount);
                self.arrived(id);
                if fin {
                    self.remote_ended(id, Remote::Ended);
                }
                Poll::Ready(Ok(amount))
            }
            _ => {
                self.received.reserve(HEADS);
                poll_read_buf(Pin::new(io), cx, &mut (&mut self.received).limit(HEADS))
            }
        }
    }

    /// Something has come for a stream.
    fn arrived(&mut self, id: u32) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        if stream.queued >= UNREAD && !stream.drops {
            self.held_up_by = Some(id);
        }
        self.woken.extend(stream.reader.take());
    }

    fn dispatch(&mut self) -> Result<(), Error> {
        while self.held_up_by.is_none() {
            match self.decoder.next(&mut self.received)? {
                Some(frame) => self.handle(frame)?,
                None => break,
            }
        }
        Ok(())
    }

    fn handle(&mut self, frame: Frame) -> Result<(), Error> {
        match frame {
            Frame::Data { id, payload, fin } => self.data(id, &payload, fin),
            Frame::SynReply { id, fin: true } => self.data(id, &[], true),
            Frame::SynReply { .. } => {}
            Frame::SynStream { id, fin, block } => self.accept(id, fin, &block)?,
            Frame::RstStream { id, .. } => self.remote_ended(id, Remote::Reset),
            Frame::Ping(id) if id % 2 == self.pings.next_id % 2 => self.answered(id),
            Frame::Ping(id) => {
                // A peer that sends PINGs and does not read the answers must not fill the memory.
                if self.unsent.len() < UNSENT {
                    self.send(|out| frame::put_ping(out, id));
                }
            }
            Frame::GoAway => self.going_away = true,
        }
        Ok(())
    }

    fn data(&mut self, id: u32, mut payload: &[u8], fin: bool) {
        // What still comes for a stream that was dropped here is dropped too.
        let Some(stream) = self.streams.get_mut(&id) else { return };
        if stream.remote != Remote::Open {
            return;
        }
        if stream.drops {
            payload = &payload[..payload.len().min(LONGEST_TEXT - stream.queued)];
        }
        if !payload.is_empty() {
            stream.queued += payload.len();
            // Of a long payload this is only what came with its head.
            let rest = self.decoder.payload().map_or(0, |(_, left)| left);
            stream.room_for(payload.len() + rest).extend_from_slice(payload);
            self.arrived(id);
        }
        if fin {
            self.remote_ended(id, Remote::Ended);
        }
    }

    fn remote_ended(&mut self, id: u32, how: Remote) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        if stream.remote == Remote::Open {
            stream.remote = how;
            self.woken.extend(stream.reader.take());
            // A writer of this stream may wait for room that it no longer needs.
            self.woken.append(&mut self.writers);
        }
    }

    fn accept(&mut self, id: u32, fin: bool, block: &[u8]) -> Result<(), Error> {
        if self.role == Role::Client {
            return Err(Error::Malformed("a stream opened by a server"));
        }
        let headers = self.unpacker.unpack(block)?;
        if id.is_multiple_of(2) || id <= self.last_id {
            return Err(Error::Malformed("a stream id that is even, or not greater than those before"));
        }
        self.last_id = id;
        if self.backlog.len() >= BACKLOG {
            // As with PINGs.
            if self.unsent.len() < UNSENT {
                self.send(|out| frame::put_rst_stream(out, id, frame::REFUSED));
            }
            return Ok(());
        }
        let reply = self.packer.pack(&[]);
        self.send(|out| frame::put_syn_reply(out, id, &reply));
        self.streams.insert(id, StreamState::new(false, fin));
        self.backlog.push_back(Incoming { id, headers });
        self.woken.extend(self.acceptor.take());
        Ok(())
    }

    // ------------------------------------------------------------ streams

    /// The next piece of a stream; `Ok(None)` at its end.
    pub(super) fn read(&mut self, id: u32, waker: &Waker) -> Poll<Result<Option<Bytes>, Error>> {
        let Some(stream) = self.streams.get_mut(&id) else { return Poll::Ready(Ok(None)) };
        // One that has just been begun is empty.
        if let Some(piece) = stream.queue.pop_front_if(|piece| !piece.is_empty()) {
            if !stream.drops {
                stream.queued -= piece.len();
            }
            if self.held_up_by == Some(id) && stream.queued < UNREAD / 2 {
                self.held_up_by = None;
                self.wake_driver();
            }
            return Poll::Ready(Ok(Some(piece.freeze())));
        }
        match (stream.remote, &self.over) {
            (Remote::Ended, _) => Poll::Ready(Ok(None)),
            (Remote::Reset, _) => Poll::Ready(Err(Error::Ended)),
            (Remote::Open, Some(error)) => Poll::Ready(Err(error.clone())),
            (Remote::Open, None) => {
                stream.reader = Some(waker.clone());
                Poll::Pending
            }
        }
    }

    /// Ends this side of a stream, after all that was written. It is not sent at once, but with what is sent next, or by
    /// [`State::flush`].
    pub(super) fn finish(&mut self, id: u32) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        let ends = !std::mem::replace(&mut stream.local_ended, true) && stream.remote != Remote::Reset;
        if ends && self.over.is_none() {
            frame::put_data(&mut self.unsent, id, &[], true);
        }
    }

    /// Forgets a stream: in good order where the peer is done with it, else by a reset.
    pub(super) fn close(&mut self, id: u32) {
        let Some(stream) = self.streams.remove(&id) else { return };
        match stream.remote {
            Remote::Open => {
                self.send(|out| frame::put_rst_stream(out, id, frame::CANCEL));
                if !stream.drops && self.pings.unsettled > 0 && self.streams.values().any(|other| !other.drops) {
                    let by = Instant::now() + STALLED;
                    self.pings.doubt.get_or_insert(Doubt { worker: id % WORKERS, ping: None, by });
                    self.pings.settle = true;
                    self.wake_driver();
                }
            }
            Remote::Ended if !stream.local_ended => self.send(|out| frame::put_data(out, id, &[], true)),
            Remote::Ended | Remote::Reset => {}
        }
        if self.held_up_by == Some(id) {
            self.held_up_by = None;
            self.wake_driver();
        }
    }

    pub(super) fn wake_driver(&mut self) {
        self.woken.extend(self.driver.clone());
    }

    // ------------------------------------------------------------ liveness

    /// When to look at the time first.
    pub(super) fn first_look(&self) -> Instant {
        self.pings.round_began + PING_EVERY
    }

    /// Looks at the time; when to look again.
    pub(super) fn tick(&mut self, now: Instant) -> Instant {
        if self.held_up_by.is_some() {
            // Answers may wait behind what is not read. That is no silence.
            self.pings.heard = now;
        }
        if self.pings.doubt.as_ref().is_some_and(|doubt| now >= doubt.by) {
            self.end(Error::Stalled);
        }
        // Anything that came since shows that the peer lives, though one of its workers may have stalled.
        if self.pings.out.is_empty() || self.pings.heard >= self.pings.round_began {
            let due = self.pings.round_began + PING_EVERY;
            if now < due {
                return due;
            }
            self.ping(now);
        }
        let overdue = self.pings.round_began + OVERDUE;
        if now < overdue {
            return overdue;
        }
        self.pings.suspect = true;
        let end = overdue + GIVEN_UP;
        if now >= end {
            self.end(Error::Silent);
        }
        // If it speaks again meanwhile, it is asked again.
        end.min(now + PING_EVERY)
    }

    /// Sends a round of PINGs, one to each worker.
    fn ping(&mut self, now: Instant) {
        let pings = &mut self.pings;
        pings.round_began = now;
        pings.after_round = 0;
        pings.settle = false;
        pings.out.clear();
        for _ in 0..WORKERS {
            pings.out.push(pings.next_id);
            // The n-th is number 2n + 1.
            if let Some(doubt) = &mut pings.doubt
                && doubt.ping.is_none()
                && doubt.worker == pings.next_id / 2 % WORKERS
            {
                doubt.ping = Some(pings.next_id);
            }
            pings.next_id = pings.next_id.wrapping_add(2);
        }
        let ids = pings.out.clone();
        self.send(|out| ids.into_iter().for_each(|id| frame::put_ping(out, id)));
    }

    fn answered(&mut self, id: u32) {
        let pings = &mut self.pings;
        if pings.doubt.as_ref().is_some_and(|doubt| doubt.ping == Some(id)) {
            pings.doubt = None;
        }
        let before = pings.out.len();
        pings.out.retain(|out| *out != id);
        if before > 0 && pings.out.is_empty() {
            pings.unsettled = pings.after_round;
            if pings.settle {
                self.wake_driver();
            }
        }
    }

    /// Takes nothing that was sent for settled, however little it is.
    pub(super) fn doubt(&mut self) {
        if self.pings.unsettled > 0 {
            self.pings.unsettled += UNSETTLED;
            self.pings.after_round += UNSETTLED;
        }
    }

    /// Asks the peer's workers whether they have taken all that was sent, unless that is known or being asked.
    pub(super) fn settle(&mut self) {
        let not_asked = if self.pings.out.is_empty() { self.pings.unsettled } else { self.pings.after_round };
        if not_asked > UNSETTLED && self.over.is_none() {
            self.pings.settle = true;
            self.wake_driver();
        }
    }

    /// Asks the peer whether it is there; until it speaks, that is not proven.
    pub(super) fn ask(&mut self) {
        if self.over.is_none() {
            self.pings.proven = false;
            self.pings.settle = true;
            // A round that is out may have been lost with what it travelled by; another is answered all the same.
            self.pings.out.clear();
            self.wake_driver();
        }
    }

    /// Whether the peer is known to be there: it has spoken since it was asked, and is not overdue.
    pub(super) fn is_proven(&self) -> bool {
        self.pings.proven && !self.is_done_for()
    }

    /// Whether a PING is overdue.
    pub(super) fn is_silent(&self) -> bool {
        self.pings.suspect && self.over.is_none()
    }

    /// Whether a new stream would be served at once, as far as can be known.
    pub(super) fn is_fit(&self) -> bool {
        self.over.is_none()
            && !self.going_away
            && !self.pings.suspect
            && self.held_up_by.is_none()
            && self.unsent.len() < UNSENT
            && self.pings.unsettled <= UNSETTLED
    }

    /// Whether it will never be fit again.
    pub(super) fn is_done_for(&self) -> bool {
        self.over.is_some() || self.going_away || self.pings.suspect
    }

    // ------------------------------------------------------------ the end

    /// Ends the connection. What was received can still be read.
    pub(super) fn end(&mut self, why: Error) {
        if self.over.is_some() {
            return;
        }
        self.over = Some(why);
        self.io = None;
        self.unsent = BytesMut::new();
        self.received = BytesMut::new();
        self.held_up_by = None;
        self.woken.append(&mut self.writers);
        self.woken.extend(self.streams.values_mut().filter_map(|stream| stream.reader.take()));
        self.woken.extend(self.acceptor.take());
        self.wake_driver();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_that_got_nothing_does_not_stand_before_others() {
        let mut stream = StreamState::new(false, false);
        // Little room was left, and nothing came; then there was more.
        stream.room_for(72);
        stream.room_for(20_000).extend_from_slice(b"more");
        assert_eq!(stream.queue.len(), 1);
        assert_eq!(&stream.queue[0][..], b"more");
    }
}
