//! The engine's state as a feed: whoever wants news asks for what is newer than it has, and the answer waits.
//!
//! Every part of the state has a key and the revision at which it last changed. A removed part leaves a tombstone, so
//! that an answer can name it; when the oldest tombstones are dropped, a reader from before then gets everything anew.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{sync::watch, time::Instant};
use ts_rs::TS;

use crate::{
    compare::view::ComparisonView,
    context::{ContextId, ContextView},
    engine::context_key,
    environment::LoginShell,
    error::Problem,
    favourites::view::{ProfileView, ProfilesView},
    row::{ListView, Row},
    session::view::{SessionId, SessionView},
    settings::SettingsView,
};

/// At most five answers a second: faster than an eye follows, slow enough to draw.
const PACE: Duration = Duration::from_millis(200);

/// Tombstones kept. A reader that missed more removals than this is better served by a full snapshot.
const TOMBSTONES: usize = 4096;

/// The key of the sessions of which the desktop is not told.
pub(crate) const SILENCED: &str = "silenced";

/// One part of the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "part", content = "value", rename_all = "snake_case")]
#[ts(export)]
pub enum Part {
    /// Key `kubeconfig`.
    Kubeconfig(KubeconfigView),
    /// Key `context/SOURCE/NAME`.
    Context(ContextView),
    /// Key `session/ID`.
    Session(Box<SessionView>),
    /// Key `list`: the list that is looked at.
    List(ListView),
    /// Key `row/…`: one line of that list.
    Row(Row),
    /// Key `comparison`: the one that is open.
    Comparison(Box<ComparisonView>),
    /// Key `settings`.
    Settings(SettingsView),
    /// Key `login_shell`: where the environment of plugins, kubeconfig and proxies comes from.
    LoginShell(LoginShell),
    /// Key `silenced`: the sessions of which the desktop is not told.
    Silenced(Vec<SessionId>),
    /// Key `desktop`: what the desktop has, as the window's shell has found it.
    Desktop(DesktopView),
    /// Key `profile/NAME`.
    Profile(Box<ProfileView>),
    /// Key `profiles`: what is to be said of them as a whole.
    Profiles(ProfilesView),
}

/// What the desktop has, and what it refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DesktopView {
    /// Whether there is a tray to wait in. Where there is none, closing the window minimises it.
    pub tray: bool,
    /// Why Portolan is not started at login as the settings say, or is.
    pub start_at_login: Option<Problem>,
    /// Why the last notification was not shown.
    pub notifications: Option<Problem>,
}

/// Where contexts come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct KubeconfigView {
    /// The files that were read or looked for.
    pub paths: Vec<String>,
    /// Why there is none, or why one is not used.
    pub problem: Option<Problem>,
}

/// What is newer than the reader has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Changes {
    /// Ask for what is newer than this next time.
    #[ts(type = "number")]
    pub revision: u64,
    /// Whether this is everything: what the reader has is to be thrown away.
    pub full: bool,
    /// What is new or different.
    pub changed: Vec<Changed>,
    /// The keys of what is gone.
    pub removed: Vec<String>,
}

/// A part that is new or different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Changed {
    /// Names the part.
    pub key: String,
    /// Its value.
    pub part: Part,
}

/// The state, its revision, and who waits for news.
#[derive(Debug)]
pub struct Feed {
    state: Mutex<State>,
    revision: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    parts: HashMap<String, Stamped>,
    tombstones: VecDeque<(u64, String)>,
    /// Readers from before this revision may have missed a removal.
    complete_since: u64,
    answered: Option<Instant>,
}

#[derive(Debug)]
struct Stamped {
    revision: u64,
    part: Part,
}

impl Default for Feed {
    fn default() -> Self {
        // Readers say 0 for "everything", so that no revision is 0.
        Feed { state: Mutex::default(), revision: watch::Sender::new(1) }
    }
}

impl Feed {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the state whole: every change to it is one insert or one removal.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets a part; news only if it differs from what is there.
    pub fn set(&self, key: impl Into<String>, part: Part) {
        self.put(&mut self.state(), key.into(), part);
    }

    fn put(&self, state: &mut State, key: String, part: Part) {
        if state.parts.get(&key).is_some_and(|there| there.part == part) {
            return;
        }
        let revision = self.revision.borrow().wrapping_add(1);
        state.tombstones.retain(|(_, gone)| *gone != key);
        state.parts.insert(key, Stamped { revision, part });
        self.revision.send_replace(revision);
    }

    /// A part as it is now.
    pub fn get(&self, key: &str) -> Option<Part> {
        self.state().parts.get(key).map(|there| there.part.clone())
    }

    /// Changes a part that is there.
    pub fn update(&self, key: &str, change: impl FnOnce(&mut Part)) {
        let mut state = self.state();
        if let Some(mut part) = state.parts.get(key).map(|there| there.part.clone()) {
            change(&mut part);
            self.put(&mut state, key.to_owned(), part);
        }
    }

    /// Removes a part.
    pub fn remove(&self, key: &str) {
        let mut state = self.state();
        if state.parts.remove(key).is_none() {
            return;
        }
        let revision = self.revision.borrow().wrapping_add(1);
        state.tombstones.push_back((revision, key.to_owned()));
        while state.tombstones.len() > TOMBSTONES {
            if let Some((dropped, _)) = state.tombstones.pop_front() {
                state.complete_since = dropped;
            }
        }
        self.revision.send_replace(revision);
    }

    /// The parts whose keys start with `prefix`.
    pub fn parts(&self, prefix: &str) -> Vec<Part> {
        let state = self.state();
        state.parts.iter().filter(|(key, _)| key.starts_with(prefix)).map(|(_, there)| there.part.clone()).collect()
    }

    /// All sessions but those of the comparison, which has them in its own way: to break them is what it is for.
    pub fn sessions(&self) -> Vec<SessionView> {
        let compared = self.compared();
        let views = self.parts("session/").into_iter().filter_map(|part| match part {
            Part::Session(view) => Some(*view),
            _ => None,
        });
        views.filter(|view| !compared.contains(&view.id)).collect()
    }

    /// The sessions of the comparison that is open.
    pub(crate) fn compared(&self) -> Vec<SessionId> {
        match self.get("comparison") {
            Some(Part::Comparison(view)) => view.lanes.iter().filter_map(|lane| lane.session).collect(),
            _ => Vec::new(),
        }
    }

    /// A context that is there.
    pub(crate) fn context(&self, id: &ContextId) -> Option<ContextView> {
        match self.get(&context_key(id)) {
            Some(Part::Context(view)) => Some(view),
            _ => None,
        }
    }

    /// The sessions of which the desktop is not told.
    pub(crate) fn silenced(&self) -> Vec<SessionId> {
        match self.get(SILENCED) {
            Some(Part::Silenced(ids)) => ids,
            _ => Vec::new(),
        }
    }

    /// All profiles, in the user's order.
    pub fn profiles(&self) -> Vec<ProfileView> {
        let mut views: Vec<ProfileView> = self
            .parts("profile/")
            .into_iter()
            .filter_map(|part| match part {
                Part::Profile(view) => Some(*view),
                _ => None,
            })
            .collect();
        views.sort_by_key(|view| view.place);
        views
    }

    /// The revision, as it changes: for who looks at a few parts only.
    pub fn revision(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    /// The keys that start with `prefix`.
    pub fn keys(&self, prefix: &str) -> Vec<String> {
        self.state().parts.keys().filter(|key| key.starts_with(prefix)).cloned().collect()
    }

    /// What is newer than `after`; 0 for everything. Waits until there is something, and keeps the pace.
    ///
    /// Cancel-safe: a dropped call has taken nothing.
    pub async fn changes(&self, after: u64) -> Changes {
        let mut revisions = self.revision.subscribe();
        let now = *revisions.borrow();
        // A reader from an earlier run of the engine can be ahead of it; it gets everything too.
        if after != 0 && after <= now {
            // The sender lives as long as `self`, so that this cannot fail.
            let _ = revisions.wait_for(|revision| *revision > after).await;
            let due = self.state().answered.map(|at| at + PACE);
            if let Some(due) = due {
                tokio::time::sleep_until(due).await;
            }
        }
        let mut state = self.state();
        state.answered = Some(Instant::now());
        let revision = *self.revision.borrow();
        let full = after == 0 || after > revision || after < state.complete_since;
        let since = if full { 0 } else { after };
        let mut news: Vec<_> = state.parts.iter().filter(|(_, stamped)| full || stamped.revision > since).collect();
        news.sort_by_key(|(_, stamped)| stamped.revision);
        let changed =
            news.into_iter().map(|(key, stamped)| Changed { key: key.clone(), part: stamped.part.clone() }).collect();
        let removed = if full {
            Vec::new()
        } else {
            state.tombstones.iter().filter(|(at, _)| *at > since).map(|(_, key)| key.clone()).collect()
        };
        Changes { revision, full, changed, removed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(path: &str) -> Part {
        Part::Kubeconfig(KubeconfigView { paths: vec![path.into()], problem: None })
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_answer_is_everything_and_the_next_only_what_is_new() {
        let feed = Feed::default();
        feed.set("a", part("1"));
        feed.set("b", part("2"));
        let first = feed.changes(0).await;
        assert!(first.full);
        assert_eq!(first.changed.len(), 2);
        feed.set("b", part("3"));
        feed.remove("a");
        let second = feed.changes(first.revision).await;
        assert!(!second.full);
        assert_eq!(second.changed, [Changed { key: "b".into(), part: part("3") }]);
        assert_eq!(second.removed, ["a"]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_empty_feed_is_waited_on_too() {
        let feed = Feed::default();
        let first = feed.changes(0).await;
        assert!(first.full && first.changed.is_empty());
        tokio::select! {
            biased;
            _ = feed.changes(first.revision) => panic!("nothing changed"),
            () = tokio::time::sleep(Duration::from_secs(60)) => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_waits_for_news_and_keeps_the_pace() {
        let feed = Feed::default();
        feed.set("a", part("1"));
        let first = feed.changes(0).await;
        let begun = Instant::now();
        let (second, ()) = tokio::join!(feed.changes(first.revision), async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            feed.set("a", part("2"));
        });
        assert_eq!(begun.elapsed(), PACE, "news at 50 ms, but the last answer was at 0");
        assert_eq!(second.changed.len(), 1);
        // What does not differ is no news.
        feed.set("a", part("2"));
        tokio::select! {
            biased;
            _ = feed.changes(second.revision) => panic!("nothing changed"),
            () = tokio::time::sleep(Duration::from_secs(60)) => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_is_too_far_behind_gets_everything() {
        let feed = Feed::default();
        feed.set("kept", part("k"));
        let early = feed.changes(0).await.revision;
        for n in 0..=TOMBSTONES {
            let key = format!("row/{n}");
            feed.set(key.clone(), part("x"));
            feed.remove(&key);
        }
        let late = feed.changes(early).await;
        assert!(late.full, "a tombstone that it needs is gone");
        assert_eq!(late.changed.len(), 1);
        assert!(feed.changes(late.revision + 1_000_000).await.full, "a reader from another run");
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_back_is_not_reported_gone() {
        let feed = Feed::default();
        feed.set("a", part("1"));
        let first = feed.changes(0).await;
        feed.remove("a");
        feed.set("a", part("2"));
        let second = feed.changes(first.revision).await;
        assert_eq!(second.removed, Vec::<String>::new());
        assert_eq!(second.changed.len(), 1);
    }
}
