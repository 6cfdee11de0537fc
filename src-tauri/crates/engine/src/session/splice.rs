//! Both directions of one connection, between the local client and the pod.
//!
//! Two rules come from the servers, which know no half-close (one second after either direction ends, they end both):
//! the client's end of stream is held back while an answer is still flowing, and the pod's end ends the connection.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use portolan_wire::{Connection, Failure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::tally::Tally;

/// An answer that has been silent for this long is over, as far as a client that has ended its side is concerned.
const QUIET: Duration = Duration::from_secs(1);

/// What a client sends after the pod has ended is read and dropped for this long: closing earlier would reset the
/// connection and could destroy the end of the answer on its way.
const DRAIN: Duration = Duration::from_secs(1);

/// What a read takes at once. Two of them a connection.
const BUFFER: usize = 32 * 1024;

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
}

/// How a connection ended.
#[derive(Debug)]
pub(crate) enum Spliced {
    /// In good order, whoever ended it.
    Served,
    /// The pod provably received nothing. The client is untouched: another pod may have it.
    NotDialled(Failure),
    /// It broke after something was sent or received.
    Cut(Failure),
}

/// Carries bytes until the connection ends.
pub(crate) async fn splice(
    client: &mut TcpStream,
    connection: Connection,
    replay: &mut Replay,
    tally: &Tally,
) -> Spliced {
    let (io, ending) = connection.into_parts();
    let answer = Answer::default();
    let pod_ended = {
        let (mut from_pod, mut to_pod) = tokio::io::split(io);
        let (mut from_client, mut to_client) = client.split();

        let up = async {
            // What another pod did not get, first.
            if !replay.bytes.is_empty() && to_pod.write_all(&replay.bytes).await.is_err() {
                return Up::PodGone;
            }
            let mut buffer = vec![0; BUFFER];
            while !replay.ended {
                match from_client.read(&mut buffer).await {
                    Err(_) => return Up::ClientGone,
                    Ok(0) => replay.ended = true,
                    Ok(n) => {
                        if !answer.has_begun() {
                            replay.record(&buffer[..n]);
                        }
                        if to_pod.write_all(&buffer[..n]).await.is_err() {
                            return Up::PodGone;
                        }
                        tally.up(n);
                    }
                }
            }
            // The end of stream would end the answer too: it waits until that is quiet.
            answer.quiet().await;
            match to_pod.shutdown().await {
                Ok(()) => Up::Ended,
                Err(_) => Up::PodGone,
            }
        };
        let down = async {
            let mut buffer = vec![0; BUFFER];
            loop {
                match from_pod.read(&mut buffer).await {
                    Ok(0) | Err(_) => return true,
                    Ok(n) => {
                        answer.bytes.fetch_add(n as u64, Relaxed);
                        if to_client.write_all(&buffer[..n]).await.is_err() {
                            return false;
                        }
                        tally.down(n);
                    }
                }
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
    match ending.await {
        Ok(()) => {
            finish(client).await;
            Spliced::Served
        }
        Err(failure) if !answer.has_begun() && failure.kind.proves_nothing_sent() => Spliced::NotDialled(failure),
        Err(failure) => Spliced::Cut(failure),
    }
}

/// What came back, as far as the other direction needs to know.
#[derive(Default)]
struct Answer {
    bytes: AtomicU64,
}

impl Answer {
    fn has_begun(&self) -> bool {
        self.bytes.load(Relaxed) > 0
    }

    /// Waits until nothing came for a while.
    async fn quiet(&self) {
        let mut before = self.bytes.load(Relaxed);
        loop {
            tokio::time::sleep(QUIET).await;
            let now = self.bytes.load(Relaxed);
            if now == before {
                return;
            }
            before = now;
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
