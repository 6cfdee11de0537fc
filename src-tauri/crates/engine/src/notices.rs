//! What the desktop is told of sessions: that they broke, failed or wait for somebody, and that they are back.
//!
//! - [`Notices`] is a pure state machine: it sees each session, and says what is due. The time is handed in.
//! - Nothing that lasts less than [`SETTLES`] is told, in either direction: a pod that is replaced is no news.
//! - One cause, one notice: what ails many tunnels of a context is told once with their number, and who joins them later is
//!   not told of again. Nor is a session that changes from one trouble into another, unless the new one needs somebody.
//! - A session that has never worked is told of only where it needs somebody or is over: who opened it looks at it.
//! - What is silenced passes untold, and is not told later.
//! - `teller` is the loop around it, `words` what a notice says.

mod teller;
#[cfg(test)]
mod tests;
mod words;

use std::{
    collections::{BTreeMap, BTreeSet},
    mem::{Discriminant, discriminant},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    context::ContextId,
    error::{Code, Problem},
    forward::Forward,
    phase::Phase,
    session::view::{SessionId, SessionView},
};

pub(crate) use teller::tell;

/// What lasts less than this is not told.
pub const SETTLES: Duration = Duration::from_secs(5);

/// Something to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Which context it is about.
    pub context: ContextId,
    /// The sessions that it is about; one at least.
    pub sessions: Vec<Told>,
    /// What.
    pub news: News,
}

/// One of the sessions that a notice is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Which one.
    pub id: SessionId,
    /// `svc/web`.
    pub target: String,
}

/// What can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Connections cannot be served, for the reason of the first of the sessions.
    Ill(Ailment),
    /// They can again.
    Back,
}

/// Why a session does not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ailment {
    /// It waits, and goes on by itself.
    Waits(Problem),
    /// It waits for somebody to do something.
    NeedsYou(Problem),
    /// It comes and goes.
    Unstable(Problem),
    /// It is over: its pod is gone, or it could never work.
    Over(Problem),
}

impl Ailment {
    /// Why.
    pub fn problem(&self) -> &Problem {
        match self {
            Ailment::Waits(problem)
            | Ailment::NeedsYou(problem)
            | Ailment::Unstable(problem)
            | Ailment::Over(problem) => problem,
        }
    }

    /// Whether nothing gets better unless somebody does something.
    fn calls(&self) -> bool {
        matches!(self, Ailment::NeedsYou(_) | Ailment::Over(_))
    }

    /// What is one trouble for many sessions.
    fn cause(&self) -> Cause {
        (discriminant(self), self.problem().code)
    }
}

/// Which ailment, and its kind of trouble.
type Cause = (Discriminant<Ailment>, Code);

/// How a session is, for who is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Health {
    /// Nothing is known yet.
    New,
    Well,
    Ill(Ailment),
}

impl Health {
    /// `None` of one that the user has ended.
    fn of(view: &SessionView) -> Option<Health> {
        if let (Some(unstable), false) = (&view.unstable, view.phase.is_final()) {
            return Some(Health::Ill(Ailment::Unstable(unstable.reason.clone())));
        }
        Some(match &view.phase {
            Phase::Resolving => Health::New,
            Phase::Active { .. } => Health::Well,
            Phase::Waiting { reason, needs_you, .. } => Health::Ill(match *needs_you || reason.code == Code::Login {
                true => Ailment::NeedsYou(reason.clone()),
                false => Ailment::Waits(reason.clone()),
            }),
            Phase::Broken { reason: problem } | Phase::Failed { error: problem } => {
                Health::Ill(Ailment::Over(problem.clone()))
            }
            Phase::Stopped => return None,
        })
    }

    /// Whether the two are one and the same to who is told. Words may differ: they count seconds and attempts.
    fn like(&self, other: &Health) -> bool {
        match (self, other) {
            (Health::Ill(one), Health::Ill(other)) => one.cause() == other.cause(),
            _ => self == other,
        }
    }
}

#[derive(Debug)]
struct Seen {
    context: ContextId,
    target: String,
    health: Health,
    since: Instant,
    /// What was told of it last, or would have been; new as long as there is nothing, and it has not worked yet.
    last: Health,
    /// Whether the user knows of `last`.
    heard: bool,
}

impl Seen {
    /// Whether its health is news, once it has settled.
    fn is_news(&self) -> bool {
        match (&self.last, &self.health) {
            (_, Health::New) | (Health::New | Health::Well, Health::Well) => false,
            (Health::New, Health::Ill(ailment)) => ailment.calls(),
            (Health::Well, Health::Ill(_)) | (Health::Ill(_), Health::Well) => true,
            (Health::Ill(before), Health::Ill(now)) => now.calls() && before.cause() != now.cause(),
        }
    }

    /// When it is to be told; `None` if there is nothing to tell.
    fn due(&self) -> Option<Instant> {
        self.is_news().then(|| self.since + SETTLES)
    }

    /// Takes its health as told, or as what would have been.
    fn take(&mut self, heard: bool) {
        if self.health != Health::New {
            self.last = self.health.clone();
            self.heard = heard;
        }
    }
}

/// What is to be told and what is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Silence {
    /// Nothing is told.
    pub all: bool,
    /// Of these nothing is told.
    pub sessions: BTreeSet<SessionId>,
}

/// What is known of all sessions, and what was told.
#[derive(Debug, Default)]
pub struct Notices(BTreeMap<SessionId, Seen>);

impl Notices {
    /// Takes in how all sessions are now. One that is not there any more is forgotten.
    pub fn see(&mut self, views: &[SessionView], now: Instant) {
        let healths: BTreeMap<_, _> =
            views.iter().filter_map(|view| Some((view.id, (view, Health::of(view)?)))).collect();
        self.0.retain(|id, _| healths.contains_key(id));
        for (id, (view, health)) in healths {
            match self.0.get_mut(&id) {
                Some(seen) if seen.health.like(&health) => seen.health = health,
                Some(seen) => {
                    // One that has worked is well, also before that had settled: its end is news.
                    if seen.last == Health::New && seen.health == Health::Well {
                        seen.last = Health::Well;
                    }
                    (seen.health, seen.since) = (health, now);
                }
                None => {
                    let Forward { context, target, .. } = &view.forward;
                    let (context, target) = (context.clone(), target.to_string());
                    self.0.insert(id, Seen { context, target, health, since: now, last: Health::New, heard: false });
                }
            }
            // What went by between two looks is known by what pods have answered.
            if let Some(seen) = self.0.get_mut(&id)
                && seen.last == Health::New
                && view.counters.bytes_down > 0
            {
                seen.last = Health::Well;
            }
        }
    }

    /// When [`Notices::due`] has something to tell next, if nothing happens meanwhile.
    pub fn next(&self) -> Option<Instant> {
        self.0.values().filter_map(Seen::due).min()
    }

    /// What is to be told now. It is told once.
    pub fn due(&mut self, silence: &Silence, now: Instant) -> Vec<Notice> {
        let due: Vec<SessionId> =
            self.0.iter().filter(|(_, seen)| seen.due().is_some_and(|at| at <= now)).map(|(id, _)| *id).collect();
        let mut notices = Vec::new();
        for id in due {
            // An earlier one of the same cause may have brought it along.
            let Some(first) = self.0.get(&id).filter(|seen| seen.is_news()) else { continue };
            let (context, health) = (first.context.clone(), first.health.clone());
            let news = match &health {
                Health::Ill(ailment) => News::Ill(ailment.clone()),
                Health::Well | Health::New => News::Back,
            };
            // Of a cause that is told already, more sessions are no news.
            let known = news != News::Back
                && self.0.values().any(|seen| seen.heard && seen.context == context && seen.last.like(&health));
            let mut sessions = Vec::new();
            for (id, seen) in &mut self.0 {
                if seen.context == context && seen.health.like(&health) && seen.is_news() {
                    let silent = silence.all || silence.sessions.contains(id);
                    // What was not heard of has not come back.
                    if !silent && (news != News::Back || seen.heard) {
                        sessions.push(Told { id: *id, target: seen.target.clone() });
                    }
                    seen.take(!silent);
                }
            }
            if !known && !sessions.is_empty() {
                notices.push(Notice { context, sessions, news });
            }
        }
        notices
    }
}
