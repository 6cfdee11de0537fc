//! What the tray's menu says: a pure function of sessions and profiles.

use portolan_engine::{
    error::Problem,
    phase::Phase,
    profiles::Profile,
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
pub(super) fn entries(sessions: &[SessionView], profiles: Result<&[Profile], &Problem>) -> Vec<Entry> {
    let mut entries = vec![Entry::Show, Entry::Line];
    if sessions.is_empty() {
        entries.push(Entry::Says("No tunnels".into()));
    }
    let mut ordered: Vec<&SessionView> = sessions.iter().collect();
    // By context, as the window groups them; within one, the newest first.
    ordered.sort_by(|a, b| a.forward.context.cmp(&b.forward.context).then(b.id.cmp(&a.id)));
    entries.extend(ordered.iter().take(SHOWN).map(|view| session(view)));
    entries.extend(more(ordered.len()));
    let profiles = profiles.unwrap_or_else(|problem| {
        entries.extend([Entry::Line, Entry::Says(problem.message.clone())]);
        &[]
    });
    if !profiles.is_empty() {
        entries.push(Entry::Line);
        // Favourites first; the order is the user's otherwise.
        let (pinned, others): (Vec<&Profile>, Vec<&Profile>) = profiles.iter().partition(|profile| profile.pinned);
        let listed = pinned.into_iter().chain(others).take(SHOWN);
        entries.extend(listed.map(|profile| Entry::Profile {
            name: profile.name.clone(),
            runs: !running(profile, sessions).is_empty(),
        }));
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

/// The sessions that are a profile's: those that were asked for what it asks for.
pub(super) fn running(profile: &Profile, sessions: &[SessionView]) -> Vec<SessionId> {
    // One that cannot mean anything has none; starting it says why.
    let forwards = profile.forwards().unwrap_or_default();
    let is = |view: &&SessionView| {
        forwards.iter().any(|forward| {
            let of = &view.forward;
            !view.phase.is_final()
                && forward.context == of.context
                && forward.namespace == of.namespace
                && forward.target == of.target
                && forward.ports == of.ports
        })
    };
    sessions.iter().filter(is).map(|view| view.id).collect()
}

#[cfg(test)]
mod tests;
