//! Both directions of one connection, between the local client and the pod.
//!
//! The pod's end ends the connection. The client's is passed on by the wire when the server can bear it.

use std::{
    io::Read,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use portolan_wire::{AT_ONCE, Connection, Failure};
use socket2::SockRef;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};

use super::{connections::Counts, tally::Tally};

/// What a client sends after the pod has ended is read and dropped for this long: closing earlier would reset the
/// connection and could destroy the end of the answer on its way.
const DRAIN: Duration = Duration::from_secs(1);

/// What is read at once from a client that says little. It is taken only while there is something to read: a thousand idle
/// connections hold none.
const BUFFER: usize = 64 * 1024;

/// What a client has sent and no pod has provably received, kept for another pod.
#[derive(Debug, Default)]
pub(crate) struct Replay {
    bytes: Vec<u8>,
    ended: bool,
    overflown: bool,
}

impl Replay {
    /// Enough for a request's head or a login; more than this is not kept, and not tried again.
    const LIMIT: usize = 64 * 1024;

    fn record(&mut self, bytes: &[u8]) {
        if self.overflown || self.bytes.len() + bytes.len() > Self::LIMIT {
            self.overflown = true;
            self.bytes = Vec::new();
        } else {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// Whether all that the client has sent is still here.
    pub(crate) fn is_whole(&self) -> bool {
        !self.overflown
    }

    /// Whether the client has not said anything yet, not even that it is done.
    fn is_empty(&self) -> bool {
        self.bytes.is_empty() && !self.ended && !self.overflown
    }

    /// All that the client has sent so far, with what has just come: so that it goes out with what opens a connection.
    /// Never waits.
    pub(crate) fn with_what_is_there(&mut self, client: &TcpStream, counts: Counts<'_>) -> &[u8] {
        if !self.ended && self.bytes.len() < Self::LIMIT {
            let mut piece = [0; 4096];
            // The system is asked, not tokio, which has not heard of a new connection's first bytes yet.
            match (&*SockRef::from(client)).read(&mut piece) {
                Ok(0) => self.ended = true,
                Ok(n) => {
                    self.bytes.extend_from_slice(&piece[..n]);
                    counts.up(n);
                }
                // Nothing yet. Anything worse is met again by whoever reads next.
                Err(_) => {}
            }
        }
        &self.bytes
    }
}

/// How a connection ended.
#[derive(Debug)]
pub(crate) enum Spliced {
    /// In good order, whoever ended it.
    Served,
    /// The pod ended it in good order, without a word to a client that had said something and waited.
    Unanswered,
    /// The pod provably received nothing. The client is untouched: another pod may have it.
    NotDialled(Failure),
    /// It broke after something was sent or received.
    Cut {
        /// Why.
        failure: Failure,
        /// Whether the pod had begun to answer.
        answered: bool,
    },
}

/// Whether and when the pod began to answer a client.
#[derive(Debug)]
pub(crate) struct FirstByte {
    /// When the client connected.
    began: Instant,
    answered: AtomicBool,
}

impl FirstByte {
    pub(crate) fn of_one_that_began(began: Instant) -> Self {
        FirstByte { began, answered: AtomicBool::new(false) }
    }

    pub(crate) fn has_come(&self) -> bool {
        self.answered.load(Relaxed)
    }

    fn comes(&self, tally: &Tally) {
        if !self.answered.swap(true, Relaxed) {
            tally.first_byte(self.began.elapsed());
        }
    }
}

/// Carries bytes until the connection ends. What `replay` holds has been sent with the opening.
pub(crate) async fn splice(
    client: &mut TcpStream,
    connection: Connection,
    replay: &mut Replay,
    counts: Counts<'_>,
    first_byte: &FirstByte,
) -> Spliced {
    let (mut from_pod, mut to_pod, ending) = connection.into_parts();
    let pod_ended = {
        let (mut from_client, mut to_client) = client.split();

        let up = async {
            let mut buffer = Vec::new();
            while !replay.ended {
                // A client that filled it sends more, most of the time: then as much is read as the wire sends at once.
                let more = buffer.len() >= BUFFER;
                if !more {
                    buffer = Vec::new();
                    if from_client.readable().await.is_err() {
                        return Up::ClientGone;
                    }
                }
                buffer.clear();
                buffer.reserve_exact(if more { AT_ONCE } else { BUFFER });
                match from_client.read_buf(&mut buffer).await {
                    Err(_) => return Up::ClientGone,
                    Ok(0) => replay.ended = true,
                    Ok(n) => {
                        if first_byte.has_come() {
                            replay.bytes = Vec::new();
                        } else {
                            replay.record(&buffer);
                        }
                        if to_pod.write_all(&buffer).await.is_err() {
                            return Up::PodGone;
                        }
                        counts.up(n);
                    }
                }
            }
            match to_pod.shutdown().await {
                Ok(()) => Up::Ended,
                Err(_) => Up::PodGone,
            }
        };
        let down = async {
            loop {
                let piece = match from_pod.fill_buf().await {
                    Ok([]) | Err(_) => return true,
                    Ok(piece) => piece,
                };
                let Ok(n) = to_client.write(piece).await else { return false };
                from_pod.consume(n);
                first_byte.comes(counts.tally);
                counts.down(n);
            }
        };
        tokio::pin!(up, down);
        let mut uploading = true;
        loop {
            tokio::select! {
                pod_ended = &mut down => break pod_ended,
                up = &mut up, if uploading => match up {
                    Up::ClientGone => break false,
                    // What the pod still says is waited for.
                    Up::Ended | Up::PodGone => uploading = false,
                },
            }
        }
    };
    if !pod_ended {
        return Spliced::Served;
    }
    // What the connection holds is not needed while the rest is told.
    drop((from_pod, to_pod));
    match ending.await {
        Ok(()) => {
            let unanswered = !first_byte.has_come() && !replay.ended && !replay.is_empty();
            // One that has ended its side has nothing to say that could get in the way of the answer's end.
            if !replay.ended {
                finish(client).await;
            }
            if unanswered { Spliced::Unanswered } else { Spliced::Served }
        }
        Err(failure) => {
            let answered = first_byte.has_come();
            // A client that had said nothing yet has lost nothing, however the connection ended.
            if !answered && (failure.kind.proves_nothing_sent() || replay.is_empty()) {
                return Spliced::NotDialled(failure);
            }
            Spliced::Cut { failure, answered }
        }
    }
}

enum Up {
    Ended,
    ClientGone,
    PodGone,
}

/// Ends the client's connection without losing what is on its way to it.
async fn finish(client: &mut TcpStream) {
    if client.shutdown().await.is_err() {
        return; // It left already.
    }
    let mut rest = vec![0; BUFFER];
    let drained = async { while matches!(client.read(&mut rest).await, Ok(1..)) {} };
    // A client that neither ends nor reads has had its time.
    let _ = tokio::time::timeout(DRAIN, drained).await;
}
