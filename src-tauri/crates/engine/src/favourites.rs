//! The profiles in the window: shown as parts of the feed, changed from there, started and stopped, each with the sessions
//! that are its own. What was open when the app ended is offered again.
//!
//! - [`view`] is what is shown.
//! - [`taken`](mod@taken) finds local ports that somebody else has, before anything is opened, and what can be done.
//! - `run` starts and stops, `change` changes what is kept, `left_open` is what is written down of what is open.
//!
//! The file belongs to all processes of this user: it is read anew whenever it was changed, by whomever. What cannot be
//! read or written is told with its reason, and ends no tunnel. Nothing here starts by itself but what the user has marked
//! to start with the app.

mod change;
mod left_open;
mod run;
pub mod taken;
#[cfg(test)]
mod tests;
pub mod view;

use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::time::{Instant, MissedTickBehavior};

use crate::{
    blocking::blocking,
    clusters::Clusters,
    context::ContextId,
    error::{Code, Error, Problem},
    feed::{Feed, Part},
    forward::Forward,
    marks::Marks,
    profiles::{Listed, Profile, Profiles, Saved},
    session::view::{SessionId, SessionView},
    sessions::Sessions,
    storage,
    vigil::{self, Stamp},
};
use left_open::Note;
use taken::Taken;
use view::{ProfileView, ProfilesView, Run, SavedView};

/// The profiles, and what runs of each.
#[derive(Debug)]
pub struct Favourites {
    feed: Arc<Feed>,
    sessions: Arc<Sessions>,
    clusters: Arc<Clusters>,
    marks: Arc<Marks>,
    /// Where the files are; `None` for a user without a home.
    folder: Option<PathBuf>,
    state: Mutex<State>,
    /// One start or stop at a time: two clicks are not to start one twice.
    acting: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    /// As they were read last, in the user's order.
    profiles: Vec<Profile>,
    /// Why the file could not be read, or what became of a damaged one.
    unread: Option<Problem>,
    /// Why what is open could not be written down.
    unwritten: Option<Problem>,
    /// What runs of a profile, by its name.
    links: HashMap<String, Link>,
    /// What was removed, and from which place; the last one last.
    removed: Vec<(Profile, usize)>,
    /// What was open when the app ended, and nobody has answered to yet.
    left_open: Vec<Saved>,
    /// From here on sessions end because the app does.
    closing: bool,
}

/// What runs of a profile: a session for each of its forwards.
#[derive(Clone, Debug)]
enum Link {
    Open { sessions: Vec<Option<SessionId>> },
    Blocked { sessions: Vec<Option<SessionId>>, forwards: Vec<Forward>, taken: Vec<Taken> },
}

impl Link {
    fn sessions(&self) -> &[Option<SessionId>] {
        match self {
            Link::Open { sessions } | Link::Blocked { sessions, .. } => sessions,
        }
    }
}

impl Favourites {
    /// None are known yet, and no file is read.
    pub(crate) fn new(feed: Arc<Feed>, sessions: Arc<Sessions>, clusters: Arc<Clusters>, marks: Arc<Marks>) -> Self {
        let folder = storage::folder().ok();
        let (state, acting) = (Mutex::default(), tokio::sync::Mutex::default());
        Favourites { feed, sessions, clusters, marks, folder, state, acting }
    }

    /// Keeps the files in another folder; `None` is a user without a home.
    #[must_use]
    pub fn in_folder(self, folder: Option<PathBuf>) -> Self {
        Favourites { folder, ..self }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change to it is one assignment, insert or removal: a panic elsewhere leaves it whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows the profiles in the feed and keeps them up to date, starts those that start with the app, and notes what is
    /// open: until it is dropped.
    pub async fn attend(&self) -> Infallible {
        let mut changes = self.sessions.changes();
        let mut note = Note::of(self.read_left_open().await);
        let mut stamp = self.reload().await;
        self.start_with_the_app().await;
        let mut ticks = tokio::time::interval(vigil::TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.note_open(&mut note).await;
            self.show();
            tokio::select! {
                // The sender is `self`'s own: there is no other end to wait for.
                _ = changes.changed() => {}
                _ = ticks.tick() => {
                    let now = self.stamp().await;
                    if now != stamp {
                        stamp = self.reload().await;
                    }
                }
            }
        }
    }

    /// Sessions that end from now on end because the app does: what is open stays noted.
    pub(crate) fn close(&self) {
        self.state().closing = true;
    }

    /// Reads the profiles anew; what tells the next edit.
    pub(crate) async fn reload(&self) -> Option<Stamp> {
        // Before it is read: an edit that comes meanwhile is then seen at the next look.
        let stamp = self.stamp().await;
        let listed = self.on_file(|profiles| profiles.list()).await;
        {
            let mut state = self.state();
            match listed {
                Ok(Listed { profiles, moved_aside }) => {
                    state.profiles = profiles;
                    // What became of a damaged file is told for as long as the app runs: the next look finds a good one.
                    if let Some((aside, why)) = moved_aside {
                        state.unread = Some(moved(&aside, &why));
                    } else if state.unread.as_ref().is_some_and(|problem| problem.code != Code::BadProfile) {
                        state.unread = None;
                    }
                }
                Err(problem) => state.unread = Some(problem),
            }
        }
        self.show();
        stamp
    }

    async fn stamp(&self) -> Option<Stamp> {
        let path = self.folder.as_ref()?.join("profiles.json");
        blocking(move || Stamp::of(&path)).await
    }

    /// Does something with the file, on a thread that may wait: for another process, for a slow disk.
    async fn on_file<R: Send + 'static>(
        &self,
        act: impl FnOnce(&Profiles) -> Result<R, Error> + Send + 'static,
    ) -> Result<R, Problem> {
        let path = self.folder.as_ref().ok_or(Error::NoHome)?.join("profiles.json");
        Ok(blocking(move || act(&Profiles::at(path))).await?)
    }

    async fn read_left_open(&self) -> Vec<Saved> {
        let Some(folder) = self.folder.clone() else { return Vec::new() };
        let read = blocking(move || left_open::read(&folder)).await;
        let mut state = self.state();
        match read {
            Ok(open) => {
                state.left_open = open.clone();
                open
            }
            Err(error) => {
                state.unwritten = Some(error.problem());
                Vec::new()
            }
        }
    }

    /// Writes down what is open, where that is not what is noted.
    async fn note_open(&self, note: &mut Note) {
        let open = {
            let open = self.open_now();
            let mut state = self.state();
            // What is open again is offered no more.
            state.left_open.retain(|offered| !open.iter().any(|one| left_open::same(one, offered)));
            left_open::to_note(open, &state.left_open)
        };
        if self.state().closing || !note.is_due(&open) {
            return;
        }
        // Without a home the profiles say so already.
        let Some(folder) = self.folder.clone() else { return };
        let (noting, now) = (open.clone(), Instant::now());
        let written = blocking(move || left_open::write(&folder, noting)).await;
        if let Err(error) = &written {
            tracing::warn!(%error, "what is open cannot be written down");
        }
        note.tried(open, written.is_ok(), now);
        self.state().unwritten = written.err().map(|error| unnoted(error.problem()));
    }

    /// What runs now and can be opened again: not a comparison's tunnels, and not those of a cluster that ends with us.
    fn open_now(&self) -> Vec<Saved> {
        let sessions = self.kept().into_iter().filter_map(|session| self.sessions.as_it_runs(session.id));
        sessions.map(|forward| self.saved(&forward)).collect()
    }

    /// The sessions that run and that the user may want to keep.
    fn kept(&self) -> Vec<SessionView> {
        let compared = self.feed.compared();
        let mut sessions = self.sessions.all();
        sessions.retain(|session| {
            let passing = compared.contains(&session.id) || self.marks.is_demo(&session.forward.context);
            !session.phase.is_final() && !passing
        });
        sessions
    }

    fn saved(&self, forward: &Forward) -> Saved {
        Saved::of(forward, &self.server_of(&forward.context).unwrap_or_default())
    }

    /// The API server of a context that is there.
    fn server_of(&self, context: &ContextId) -> Option<String> {
        self.feed.context(context).map(|view| view.server)
    }

    /// Shows all of it. What does not differ is no news.
    fn show(&self) {
        let sessions = self.sessions.all();
        let mut state = self.state();
        // Each by its own end, or by the one of its card.
        state.links.retain(|_, link| {
            matches!(link, Link::Blocked { .. })
                || link.sessions().iter().flatten().any(|id| sessions.iter().any(|session| session.id == *id))
        });
        let keys: HashSet<String> = state.profiles.iter().map(|profile| key(&profile.name)).collect();
        for gone in self.feed.keys("profile/").into_iter().filter(|key| !keys.contains(key)) {
            self.feed.remove(&gone);
        }
        for (place, profile) in state.profiles.iter().enumerate() {
            let run = state.links.get(&profile.name).map(|link| self.run_of(profile, link, &sessions));
            let view = ProfileView::of(profile, place, run.unwrap_or_default(), |context| self.server_of(context));
            self.feed.set(key(&profile.name), Part::Profile(Box::new(view)));
        }
        let view = ProfilesView {
            problem: state.unread.clone().or_else(|| state.unwritten.clone()),
            removed: state.removed.last().map(|(profile, _)| profile.name.clone()),
            left_open: state.left_open.iter().map(|saved| SavedView::of(saved, |c| self.server_of(c))).collect(),
        };
        self.feed.set("profiles", Part::Profiles(view));
    }

    fn run_of(&self, profile: &Profile, link: &Link, sessions: &[SessionView]) -> Run {
        if let Link::Blocked { taken, .. } = link {
            return Run::Blocked { taken: taken.clone() };
        }
        let there = |id: &SessionId| sessions.iter().any(|session| session.id == *id);
        let moved = link.sessions().iter().zip(&profile.forwards).any(|(id, saved)| {
            let runs = id.and_then(|id| self.sessions.as_it_runs(id));
            matches!((runs, saved.forward()), (Some(runs), Ok(saved)) if run::listens_elsewhere(&runs, &saved))
        });
        Run::Open { sessions: link.sessions().iter().flatten().copied().filter(there).collect(), moved }
    }
}

/// What became of a file that cannot be understood.
fn moved(aside: &std::path::Path, why: &str) -> Problem {
    Problem {
        code: Code::BadProfile,
        message: format!("The profiles could not be read ({why}): their file was moved to {}.", aside.display()),
        next: "Nothing of it is lost. Mend it and put it back as profiles.json.".into(),
    }
}

/// Why what is open is not written down, and what that means.
fn unnoted(problem: Problem) -> Problem {
    let message = format!("{} What is open now may not be offered again when Portolan has ended.", problem.message);
    Problem { message, ..problem }
}

fn key(name: &str) -> String {
    format!("profile/{name}")
}
