//! What became of single connections, for whoever asks: what of an answer was Portolan's doing is known only here.
//!
//! While nobody asks it costs a look at one flag.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::net::TcpStream;

use crate::phase::Endpoint;

/// So many tales are kept for somebody who asks. A comparison has some 140 connections under way at the most.
const KEPT: usize = 1024;

/// How far a connection has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It went to a pod.
    Given {
        /// Which, and which of its ports.
        to: Endpoint,
        /// Whether it had been held before: there was no pod.
        held: bool,
        /// How often it had been given to another pod before, in vain.
        again: u32,
        /// How long after it was accepted.
        after: Duration,
    },
    /// It was reset. One that its pod ends in good order is not told: its client sees it.
    Ended {
        /// Why, in words.
        why: String,
    },
}

/// What was told, the last of each connection.
#[derive(Debug, Default)]
pub(crate) struct Heard(Mutex<VecDeque<(SocketAddr, Step)>>);

impl Heard {
    /// How far the connection of this client has come; `None` while it waits for a pod.
    pub(crate) fn of(&self, client: SocketAddr) -> Option<Step> {
        let tales = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tales.iter().rev().find(|(of, _)| *of == client).map(|(_, step)| step.clone())
    }

    /// The same, and forgets it: another connection may come from there.
    pub(crate) fn take(&self, client: SocketAddr) -> Option<Step> {
        let last = self.of(client);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|(of, _)| *of != client);
        last
    }

    fn hear(&self, client: SocketAddr, step: Step) {
        let mut tales = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tales.retain(|(of, _)| *of != client);
        if tales.len() == KEPT {
            tales.pop_front();
        }
        tales.push_back((client, step));
    }
}

/// A session's end of it.
#[derive(Debug, Default)]
pub(crate) struct Tales {
    asked: AtomicBool,
    to: Mutex<Option<Arc<Heard>>>,
}

impl Tales {
    /// Tells `heard` from now on, and nobody else.
    pub(crate) fn tell_to(&self, heard: Arc<Heard>) {
        *self.to.lock().unwrap_or_else(PoisonError::into_inner) = Some(heard);
        self.asked.store(true, Relaxed);
    }

    /// Tells how far a connection has come.
    pub(crate) fn tell(&self, client: &TcpStream, step: impl FnOnce() -> Step) {
        if !self.asked.load(Relaxed) {
            return;
        }
        let to = self.to.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // A client that has left has no address any more, and asks nothing.
        if let (Some(heard), Ok(client)) = (to, client.peer_addr()) {
            heard.hear(client, step());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(why: &str) -> Step {
        Step::Ended { why: why.into() }
    }

    #[test]
    fn the_last_word_of_each_connection_is_kept_until_it_is_taken() {
        let heard = Heard::default();
        let client = |port| SocketAddr::from(([127, 0, 0, 1], port));
        heard.hear(client(1), ended("a"));
        heard.hear(client(2), ended("b"));
        heard.hear(client(1), ended("c"));
        assert_eq!(
            (heard.of(client(1)), heard.of(client(2)), heard.of(client(3))),
            (Some(ended("c")), Some(ended("b")), None)
        );
        assert_eq!((heard.take(client(1)), heard.take(client(1))), (Some(ended("c")), None));
        for port in 0..KEPT {
            heard.hear(client(10 + u16::try_from(port).unwrap()), ended("x"));
        }
        assert_eq!(heard.of(client(2)), None, "the oldest makes room");
        assert_eq!(heard.of(client(10)), Some(ended("x")));
    }
}
