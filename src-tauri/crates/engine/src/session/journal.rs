//! What happened to a session, as a list to read: the last thousand events.
//!
//! A connection that was served without ado is counted and not listed: a busy session would push out in seconds what
//! somebody looks for in the morning.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::now;
use crate::error::Code;

/// How many events a session keeps.
const KEPT: usize = 1000;

/// Something that happened to a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SessionEvent {
    /// Its number, from 1 on; none is left out.
    #[ts(type = "number")]
    pub n: u64,
    /// When, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
    /// What.
    pub event: What,
    /// The pod that it is about.
    pub pod: Option<String>,
    /// How long it took or lasted, in milliseconds.
    #[ts(type = "number | null")]
    pub took_ms: Option<u64>,
    /// What to branch on, where something is wrong.
    pub code: Option<Code>,
    /// The rest, in words.
    pub text: Option<String>,
}

/// What can happen to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum What {
    /// A local port is listened on; `text` is the address.
    Listening,
    /// Connections can be served; `took_ms` is how long they could not.
    Active,
    /// They cannot; `text` says why.
    Waiting,
    /// The pod of a direct tunnel is gone.
    Broken,
    /// The forward can never work.
    Failed,
    /// The user ended it.
    Stopped,
    /// A pod takes new connections.
    EndpointAdded,
    /// A pod takes no new connections any more; those it has run on.
    EndpointRemoved,
    /// A connection was held and then served; `took_ms` is how long it was held.
    Held,
    /// A dial that failed was tried again; nothing of it had reached a pod.
    Retried,
    /// A connection was reset before a pod had it.
    Refused,
    /// A connection was cut after its pod had begun to answer.
    Cut,
    /// A connection was cut, or ended by its pod, after something of it was delivered and before anything was answered. It is
    /// not tried again, as it may have been executed.
    DeliveredUnanswered,
    /// The API server cannot be asked, while connections still work; `text` says why.
    NotFollowed,
    /// How connections are spread was changed; `text` is how.
    Balance,
    /// New connections go to this pod now.
    Moved,
    /// The network has changed, or the machine has slept: all was looked at anew.
    Renewed,
    /// The kubeconfig's entry was changed: what is new goes by it.
    Reconfigured,
}

impl SessionEvent {
    pub(crate) fn new(event: What) -> Self {
        SessionEvent { n: 0, at: now(), event, pod: None, took_ms: None, code: None, text: None }
    }

    pub(crate) fn pod(self, pod: &str) -> Self {
        SessionEvent { pod: Some(pod.to_owned()), ..self }
    }

    pub(crate) fn took(self, took: Duration) -> Self {
        SessionEvent { took_ms: u64::try_from(took.as_millis()).ok(), ..self }
    }

    pub(crate) fn because(self, code: Code, text: impl ToString) -> Self {
        SessionEvent { code: Some(code), ..self }.text(text)
    }

    pub(crate) fn text(self, text: impl ToString) -> Self {
        SessionEvent { text: Some(text.to_string()), ..self }
    }
}

/// The last events of a session.
#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    last: u64,
    events: VecDeque<SessionEvent>,
}

impl Journal {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        // An event is one push and one pop: a panic elsewhere leaves it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note(&self, event: SessionEvent) {
        let mut kept = self.kept();
        kept.last += 1;
        let n = kept.last;
        if kept.events.len() == KEPT {
            kept.events.pop_front();
        }
        kept.events.push_back(SessionEvent { n, ..event });
    }

    /// The number of the last event; 0 before the first.
    pub(crate) fn last(&self) -> u64 {
        self.kept().last
    }

    /// The events after number `n` that are still kept, oldest first.
    pub(crate) fn after(&self, n: u64) -> Vec<SessionEvent> {
        let kept = self.kept();
        let begin = kept.events.partition_point(|event| event.n <= n);
        kept.events.range(begin..).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_thousand_are_kept_and_asked_for_by_number() {
        let journal = Journal::default();
        assert_eq!((journal.last(), journal.after(0)), (0, vec![]));
        for n in 1..=1500 {
            journal.note(SessionEvent::new(What::Held).took(Duration::from_millis(n)));
        }
        assert_eq!(journal.last(), 1500);
        let all = journal.after(0);
        assert_eq!((all.len(), all[0].n, all[0].took_ms), (1000, 501, Some(501)));
        let new: Vec<u64> = journal.after(1498).iter().map(|event| event.n).collect();
        assert_eq!(new, [1499, 1500]);
        assert_eq!(journal.after(1500), []);
    }
}
