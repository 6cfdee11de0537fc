//! Changing what is kept: each change is in the file when its answer comes, or the answer says why not.

use super::{Favourites, Link};
use crate::{
    error::{Error, Problem},
    forward::Forward,
    profiles::{Edit, Profile, Saved},
    session::{now, view::SessionId},
};

impl Favourites {
    /// Saves a session as a favourite of its own, on the local ports that it has; the favourite's name. With `workload`, a
    /// tunnel to a pod is saved as one to the workload that owns it.
    ///
    /// # Errors
    /// When the session is gone, or leads to what ends with the app; when its workload is not known; when the file cannot be
    /// written.
    pub async fn save(&self, id: SessionId, workload: bool) -> Result<String, Problem> {
        let bad = |name: &str, why: &str| Error::BadProfile { name: name.into(), why: why.into() };
        let gone = || bad("new", "its tunnel has just been stopped");
        let view = self.sessions.watch(id).ok_or_else(gone)?.borrow().clone();
        let mut forward = self.sessions.as_it_runs(id).ok_or_else(gone)?;
        if workload {
            let target = view.instead.ok_or_else(|| bad("new", "the workload of that pod is not known"))?;
            forward = Forward { target, wait_for_name: false, ..forward };
        }
        let name = forward.target.name();
        if self.marks.is_demo(&forward.context) {
            Err(bad(name, "a demo cluster ends with the app"))?;
        }
        self.keep_new(name, vec![(id, self.saved(&forward))]).await
    }

    /// Saves all that is open as one favourite; its name, which is `name` or the next one that is free.
    ///
    /// # Errors
    /// When nothing is open that can be saved, or the file cannot be written.
    pub async fn save_open(&self, name: &str) -> Result<String, Problem> {
        let open = self.kept().into_iter();
        let forwards = open.filter_map(|session| Some((session.id, self.sessions.as_it_runs(session.id)?)));
        let forwards: Vec<_> = forwards.map(|(id, forward)| (id, self.saved(&forward))).collect();
        self.keep_new(name, forwards).await
    }

    async fn keep_new(&self, name: &str, forwards: Vec<(SessionId, Saved)>) -> Result<String, Problem> {
        let (ids, forwards): (Vec<_>, Vec<_>) = forwards.into_iter().unzip();
        let profile = Profile { name: name.into(), forwards, pinned: true, used_at: now(), ..Profile::default() };
        let name = self.on_file(move |profiles| profiles.save(profile)).await?;
        let sessions = ids.into_iter().map(Some).collect();
        self.state().links.insert(name.clone(), Link::Open { sessions });
        self.reload().await;
        Ok(name)
    }

    /// Changes one field of a profile; its name from now on.
    ///
    /// # Errors
    /// When it cannot be, or the file cannot be written.
    pub async fn edit(&self, name: String, edit: Edit) -> Result<String, Problem> {
        let before = name.clone();
        let name = self.on_file(move |profiles| profiles.edit(&name, edit)).await?;
        {
            let mut state = self.state();
            if let Some(link) = state.links.remove(&before) {
                state.links.insert(name.clone(), link);
            }
        }
        self.reload().await;
        Ok(name)
    }

    /// Adds a copy after a profile; its name.
    ///
    /// # Errors
    /// When there is none of that name, or the file cannot be written.
    pub async fn duplicate(&self, name: String) -> Result<String, Problem> {
        let copy = self.on_file(move |profiles| profiles.duplicate(&name)).await;
        self.reload().await;
        copy
    }

    /// Puts a profile before another one, or at the end.
    ///
    /// # Errors
    /// When there is none of these names, or the file cannot be written.
    pub async fn put_before(&self, name: String, before: Option<String>) -> Result<(), Problem> {
        let put = self.on_file(move |profiles| profiles.put_before(&name, before.as_deref())).await;
        self.reload().await;
        put
    }

    /// Removes a profile, which can be put back for as long as the app runs. Its sessions go on.
    ///
    /// # Errors
    /// When there is none of that name, or the file cannot be written.
    pub async fn remove(&self, name: String) -> Result<(), Problem> {
        let removed = self.on_file(move |profiles| profiles.take_out(&name)).await;
        let removed = removed.map(|removed| self.state().removed.push(removed));
        self.reload().await;
        removed
    }

    /// Puts back the profile that was removed last, at its place; nothing if none was.
    ///
    /// # Errors
    /// When there is another one of its name by now, or the file cannot be written. It can be tried again.
    pub async fn undo_remove(&self) -> Result<(), Problem> {
        let Some((profile, place)) = self.state().removed.pop() else { return Ok(()) };
        let back = profile.clone();
        let put = self.on_file(move |profiles| profiles.put_back(&profile, place)).await;
        if put.is_err() {
            self.state().removed.push((back, place));
        }
        self.reload().await;
        put
    }
}
