//! Starting and stopping profiles. A profile starts whole or not at all: all its local ports are tried before any is opened.

use futures::future::join_all;

use super::{
    Favourites, Link,
    left_open::same_tunnel,
    taken::{self, Remedy, Taken},
};
use crate::{
    blocking::blocking,
    clusters::start_session,
    error::{Error, Problem},
    forward::{Forward, LocalPort},
    profiles::{Profile, not_found},
    session::view::{SessionId, SessionView},
};

impl Favourites {
    /// Starts what does not run of these profiles. One whose ports are taken is shown as blocked, and the others start.
    ///
    /// # Errors
    /// When one does not exist or cannot mean anything: then none is started. When it cannot be noted that they were used:
    /// then they run.
    pub async fn start(&self, names: Vec<String>) -> Result<(), Problem> {
        let acting = self.acting.lock().await;
        let wanted = self.named(&names)?;
        let wanted: Vec<_> = wanted
            .into_iter()
            .map(|profile| profile.forwards().map(|forwards| (profile.name, forwards)))
            .collect::<Result<_, _>>()?;
        for (name, forwards) in wanted {
            self.open(&name, forwards).await;
        }
        drop(acting);
        let used = self.on_file(move |profiles| profiles.used(&names)).await;
        self.reload().await;
        used
    }

    /// Starts those that the user has marked to start with the app.
    pub(super) async fn start_with_the_app(&self) {
        let profiles = self.state().profiles.clone();
        let names: Vec<String> = profiles.into_iter().filter(|p| p.autostart).map(|p| p.name).collect();
        if names.is_empty() {
            return;
        }
        if let Err(problem) = self.start(names).await {
            tracing::warn!(%problem, "not all that starts with the app has started");
            self.state().unread.get_or_insert(problem);
        }
    }

    /// Ends the sessions of these profiles; their ports are free when this returns. One that was blocked is so no more.
    pub async fn stop(&self, names: &[String]) {
        let _acting = self.acting.lock().await;
        let ids: Vec<SessionId> = {
            let mut state = self.state();
            let links: Vec<Link> = names.iter().filter_map(|name| state.links.remove(name)).collect();
            links.iter().flat_map(|link| link.sessions().to_vec()).flatten().collect()
        };
        join_all(ids.into_iter().map(|id| self.sessions.stop(id))).await;
        self.show();
    }

    /// Starts a blocked profile after all, with this done about one of its ports. What is kept of it is left as it is.
    pub async fn remedy(&self, name: &str, forward: usize, slot: usize, remedy: &Remedy) {
        let _acting = self.acting.lock().await;
        let link = self.state().links.get(name).cloned();
        // Stopped or started meanwhile: then there is nothing left to be done about it.
        let Some(Link::Blocked { mut forwards, .. }) = link else { return };
        if let Remedy::Stop { session } = remedy {
            self.sessions.stop(*session).await;
        }
        if let Some(changed) = forwards.get(forward).map(|one| remedy.apply(one.clone(), slot)) {
            forwards[forward] = changed;
        }
        self.open(name, forwards).await;
        self.show();
    }

    /// Gives a profile the local ports and addresses that its sessions have.
    ///
    /// # Errors
    /// When there is none of that name, or the file cannot be written.
    pub async fn keep(&self, name: String) -> Result<(), Problem> {
        let link = self.state().links.get(&name).cloned();
        let sessions = link.map(|link| link.sessions().to_vec()).unwrap_or_default();
        let running = sessions.iter().map(|id| self.sessions.as_it_runs((*id)?)).collect::<Vec<_>>();
        let kept = self.on_file(move |profiles| profiles.keep(&name, &running)).await;
        self.reload().await;
        kept
    }

    /// Which ports of a session that is over are taken by somebody else, and what can be done about it. None where it could
    /// start now.
    pub async fn taken(&self, id: SessionId) -> Vec<Taken> {
        let Some(view) = self.sessions.watch(id) else { return Vec::new() };
        let SessionView { forward, phase, .. } = view.borrow().clone();
        if !phase.is_final() {
            return Vec::new();
        }
        let mut ours = self.sessions.all();
        ours.retain(|session| session.id != id);
        blocking(move || taken::taken(&[forward], &ours)).await
    }

    /// Starts a session anew in its own place, with this done about one of its ports, if anything is; the new one. `None`
    /// if there is no such session.
    pub async fn start_again(&self, id: SessionId, slot: usize, remedy: Option<Remedy>) -> Option<SessionId> {
        let _acting = self.acting.lock().await;
        let mut forward = self.sessions.watch(id)?.borrow().forward.clone();
        if let Some(remedy) = remedy {
            if let Remedy::Stop { session } = remedy {
                self.sessions.stop(session).await;
            }
            forward = remedy.apply(forward, slot);
        }
        Some(self.replace(id, forward).await)
    }

    /// One session in another's place, also in the profiles that it belongs to. That ends first: its ports are to be free
    /// for the new one.
    pub(crate) async fn replace(&self, id: SessionId, forward: Forward) -> SessionId {
        let of_it = |link: &Link| link.sessions().contains(&Some(id));
        let links: Vec<(String, Link)> = {
            let state = self.state();
            state
                .links
                .iter()
                .filter(|(_, link)| of_it(link))
                .map(|(name, link)| (name.clone(), link.clone()))
                .collect()
        };
        self.sessions.stop(id).await;
        let new = start_session(&self.sessions, &self.clusters, forward);
        // While it had none, whoever looked may have taken it for ended.
        for (name, mut link) in links {
            let (Link::Open { sessions } | Link::Blocked { sessions, .. }) = &mut link;
            for place in sessions.iter_mut().filter(|place| **place == Some(id)) {
                *place = Some(new);
            }
            self.state().links.insert(name, link);
        }
        self.show();
        new
    }

    /// Opens again what was open when the app ended.
    pub async fn reopen(&self) {
        let _acting = self.acting.lock().await;
        let left = std::mem::take(&mut self.state().left_open);
        // One that means nothing any more was written by a hand: there is nothing to open.
        for forward in left.iter().filter_map(|saved| saved.forward().ok()) {
            if self.running(&forward, &self.sessions.all()).is_none() {
                start_session(&self.sessions, &self.clusters, forward);
            }
        }
        self.adopt();
        self.show();
    }

    /// Takes back the offer to open it again.
    pub fn forget_left_open(&self) {
        self.state().left_open.clear();
        // The note of what is open is written by who attends to it.
        self.sessions.note_change();
        self.show();
    }

    fn named(&self, names: &[String]) -> Result<Vec<Profile>, Problem> {
        let all = self.state().profiles.clone();
        let one = |name: &String| {
            let there = all.iter().find(|profile| profile.name == *name).cloned();
            there.ok_or_else(|| not_found(name, &all))
        };
        Ok(names.iter().map(one).collect::<Result<_, Error>>()?)
    }

    /// Starts what does not run of these forwards, if none of their ports is taken.
    async fn open(&self, name: &str, forwards: Vec<Forward>) {
        let before = self.state().links.get(name).map(|link| link.sessions().to_vec()).unwrap_or_default();
        let all = self.sessions.all();
        let runs = |id: &SessionId| all.iter().any(|session| session.id == *id && !session.phase.is_final());
        let (alive, over): (Vec<_>, Vec<_>) = before.iter().flatten().copied().partition(runs);
        // A card that only said how it ended makes room for the next one.
        join_all(over.into_iter().map(|id| self.sessions.stop(id))).await;
        let all = self.sessions.all();
        let place = |(n, forward): (usize, &Forward)| {
            let own = before.get(n).copied().flatten().filter(|id| alive.contains(id));
            own.or_else(|| self.running(forward, &all))
        };
        let mut sessions: Vec<Option<SessionId>> = forwards.iter().enumerate().map(place).collect();
        let missing: Vec<usize> = (0..forwards.len()).filter(|n| sessions[*n].is_none()).collect();
        let wanted: Vec<Forward> = missing.iter().map(|n| forwards[*n].clone()).collect();
        let found = blocking(move || taken::taken(&wanted, &all)).await;
        let link = if found.is_empty() {
            for n in missing {
                sessions[n] = Some(start_session(&self.sessions, &self.clusters, forwards[n].clone()));
            }
            Link::Open { sessions }
        } else {
            let taken = found.into_iter().map(|one| Taken { forward: missing[one.forward], ..one }).collect();
            Link::Blocked { sessions, forwards, taken }
        };
        self.state().links.insert(name.to_owned(), link);
        self.show();
    }

    /// The session that is this tunnel already.
    fn running(&self, forward: &Forward, among: &[SessionView]) -> Option<SessionId> {
        let mut running = among.iter().filter(|session| !session.phase.is_final());
        let is_it = |session: &&SessionView| {
            self.sessions.as_it_runs(session.id).is_some_and(|runs| same_tunnel(&runs, forward))
        };
        running.find(is_it).map(|session| session.id)
    }

    /// Gives profiles that do not run the sessions that are their tunnels.
    fn adopt(&self) {
        let (profiles, all) = (self.state().profiles.clone(), self.sessions.all());
        for profile in profiles {
            let Ok(forwards) = profile.forwards() else { continue };
            let sessions: Vec<_> = forwards.iter().map(|forward| self.running(forward, &all)).collect();
            let mut state = self.state();
            if sessions.iter().any(Option::is_some) && !state.links.contains_key(&profile.name) {
                state.links.insert(profile.name, Link::Open { sessions });
            }
        }
    }
}

/// Whether a tunnel listens elsewhere than the saved one says.
pub(super) fn listens_elsewhere(runs: &Forward, saved: &Forward) -> bool {
    let moved = runs.ports.iter().zip(&saved.ports).any(|(runs, saved)| {
        let fixed = matches!(saved.local, LocalPort::Fixed { .. }) && matches!(runs.local, LocalPort::Fixed { .. });
        fixed && runs.local != saved.local
    });
    moved || runs.addresses() != saved.addresses()
}
