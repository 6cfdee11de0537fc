//! What the tray's menu says: a pure function of sessions and profiles.

use portolan_engine::{
    favourites::view::{ProfileView, Run},
    phase::Phase,
    session::view::{SessionId, SessionView},
};

/// So many sessions and so many profiles are listed; the window has the others.
const SHOWN: usize = 15;

/// A line of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// Shows the window.
    Show,
    /// Ends Portolan.
    Quit,
    /// Divides.
    Line,
    /// Says something, and cannot be clicked.
    Says(String),
    /// Copies a session's address. One without an address cannot be clicked.
    Session { id: SessionId, text: String, address: Option<String> },
    /// Starts a profile, or stops its sessions.
    Profile { name: String, runs: bool },
}

/// The menu, from its top.
pub(super) fn entries(sessions: &[SessionView], profiles: &[ProfileView]) -> Vec<Entry> {
    let mut entries = vec![Entry::Show, Entry::Line];
    if sessions.is_empty() {
        entries.push(Entry::Says("No tunnels".into()));
    }
    let mut ordered: Vec<&SessionView> = sessions.iter().collect();
    // By context, as the window groups them; within one, the newest first.
    ordered.sort_by(|a, b| a.forward.context.cmp(&b.forward.context).then(b.id.cmp(&a.id)));
    entries.extend(ordered.iter().take(SHOWN).map(|view| session(view)));
    entries.extend(more(ordered.len()));
    if !profiles.is_empty() {
        entries.push(Entry::Line);
        // Favourites first; the order is the user's otherwise.
        let (pinned, others): (Vec<&ProfileView>, Vec<&ProfileView>) =
            profiles.iter().partition(|profile| profile.pinned);
        let listed = pinned.into_iter().chain(others).take(SHOWN);
        entries.extend(listed.map(|view| Entry::Profile { name: view.name.clone(), runs: runs(view) }));
        entries.extend(more(profiles.len()));
    }
    entries.extend([Entry::Line, Entry::Quit]);
    entries
}

fn more(all: usize) -> Option<Entry> {
    (all > SHOWN).then(|| Entry::Says(format!("{} more in the window", all - SHOWN)))
}

/// `staging · svc/web · 127.0.0.1:8080 · active`.
fn session(view: &SessionView) -> Entry {
    let address = view.listeners.first().map(|listener| listener.address.clone());
    let parts = [
        Some(view.forward.context.name.clone()),
        Some(view.forward.target.to_string()),
        address.clone(),
        Some(state(view).to_owned()),
    ];
    let text = parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    Entry::Session { id: view.id, text, address }
}

fn state(view: &SessionView) -> &'static str {
    match &view.phase {
        Phase::Broken { .. } => "broken",
        Phase::Failed { .. } => "failed",
        Phase::Stopped => "stopped",
        _ if view.unstable.is_some() => "unstable",
        Phase::Resolving => "resolving",
        Phase::Active { .. } => "active",
        Phase::Waiting { needs_you: true, .. } => "needs you",
        Phase::Waiting { .. } => "waiting",
    }
}

/// Whether a profile has sessions.
fn runs(profile: &ProfileView) -> bool {
    matches!(profile.run, Run::Open { .. })
}

#[cfg(test)]
mod tests;
