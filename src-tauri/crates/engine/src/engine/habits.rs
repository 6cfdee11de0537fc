//! What the engine does for a desktop that is used all day: settings, notices, the login shell's environment.

#[cfg(test)]
mod tests;

use std::{collections::HashSet, convert::Infallible, path::PathBuf};

use tokio::sync::watch;

use super::Engine;
use crate::{
    context::ContextId,
    error::{Code, Error, Problem},
    feed::{Part, SILENCED},
    notices::{self, Notice},
    session::view::SessionId,
    settings::{Change, ProtectedContext, Settings},
    storage,
};

impl Engine {
    /// Goes by the user's `settings.json`, and keeps there what is changed. What is wrong with it is told in the feed.
    pub fn use_settings(&self) {
        self.use_settings_at(storage::folder().map(|folder| folder.join("settings.json")));
    }

    /// Goes by this file.
    pub fn use_settings_at(&self, path: Result<PathBuf, Error>) {
        self.settings.keep_in(path);
        self.settings_changed();
    }

    /// The settings, as they change.
    pub fn settings(&self) -> watch::Receiver<Settings> {
        self.settings.watch()
    }

    /// Changes a setting. It holds at once, also where it cannot be kept.
    ///
    /// # Errors
    /// When it cannot be meant, or cannot be kept.
    pub async fn change_setting(&self, change: Change) -> Result<(), Problem> {
        self.change_settings(move |settings| settings.with(&change)).await
    }

    /// Marks a context as protected, or takes the mark away: nothing is deleted there, and nothing is asked before the user
    /// says so. It holds at once.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub async fn protect(&self, context: &ContextId, protected: bool) -> Result<(), Problem> {
        let server = self.feed.context(context).map(|view| view.server).unwrap_or_default();
        let context = context.clone();
        self.change_settings(move |settings| Ok(settings.protecting(&context, &server, protected))).await
    }

    async fn change_settings(
        &self,
        change: impl Fn(Settings) -> Result<Settings, Error> + Send + 'static,
    ) -> Result<(), Problem> {
        let settings = self.settings.clone();
        // On a thread of its own: another process may have the file, or it lies on a server that does not answer.
        let changed = tokio::task::spawn_blocking(move || settings.change(change)).await;
        self.settings_changed();
        changed.unwrap_or_else(|error| {
            Err(Problem {
                code: Code::Storage,
                message: format!("The settings could not be changed: {error}."),
                next: String::new(),
            })
        })
    }

    /// Reads the settings again, which somebody has edited.
    pub(super) async fn settings_edited(&self) {
        let settings = self.settings.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || settings.read_again()).await {
            tracing::error!(%error, "the settings could not be read again");
        }
        self.settings_changed();
    }

    /// Has the rest of the engine go by the settings.
    fn settings_changed(&self) {
        let protected: HashSet<ContextId> =
            self.settings.watch().borrow().protected.iter().map(ProtectedContext::id).collect();
        self.marks.protect(protected);
        for key in self.feed.keys("context/") {
            self.feed.update(&key, |part| {
                if let Part::Context(view) = part {
                    view.protected = self.marks.is_protected(&view.id);
                }
            });
        }
        self.comparisons.marked();
    }

    /// Hands over what the desktop is to be told of sessions, until it is dropped.
    pub async fn tell(&self, show: impl FnMut(Notice)) -> Infallible {
        notices::tell(&self.feed, self.settings.watch(), show).await
    }

    /// Has nothing told of a session, or of it again, for as long as it runs.
    pub fn silence(&self, id: SessionId, silent: bool) {
        let mut ids = self.feed.silenced();
        // Those that have ended are never named again.
        ids.retain(|one| *one != id && self.sessions.watch(*one).is_some());
        if silent {
            ids.push(id);
        }
        self.feed.set(SILENCED, Part::Silenced(ids));
    }

    /// Asks the user's login shell for the environment, which this process has not got. Plugins, kubeconfig and proxies go
    /// by it from then on, and wait for it from this call on.
    pub fn ask_login_shell(&self) -> impl Future<Output = ()> + '_ {
        let asked = self.sources.variables().ask_login_shell();
        self.show_login_shell();
        async move {
            asked.await;
            self.show_login_shell();
            // It may name another kubeconfig.
            self.reload();
        }
    }

    /// Shows where the environment comes from.
    pub(super) fn show_login_shell(&self) {
        self.feed.set("login_shell", Part::LoginShell(self.sources.variables().login_shell()));
    }
}
