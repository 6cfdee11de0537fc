//! What the window is told of the profiles.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::taken::Taken;
use crate::{
    context::ContextId,
    error::Problem,
    profiles::{Profile, Saved},
    session::view::SessionId,
};

/// A profile in the window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ProfileView {
    /// What the user calls it; no two have the same.
    pub name: String,
    /// Its place in the user's order.
    pub place: usize,
    /// Those of one group stand together; empty for none.
    pub group: String,
    /// What the user wants to remember.
    pub note: String,
    /// One of the window's colours; `None` for its context's.
    pub colour: Option<u8>,
    /// Whether it is a favourite.
    pub pinned: bool,
    /// Whether it is started with the app.
    pub autostart: bool,
    /// When it was last started, in milliseconds since 1970; 0 if never.
    #[ts(type = "number")]
    pub used_at: u64,
    /// Its tunnels.
    pub forwards: Vec<SavedView>,
    /// What it does now.
    pub run: Run,
}

/// One tunnel of a profile, or one that was open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SavedView {
    /// The context.
    pub context: ContextId,
    /// The namespace.
    pub namespace: String,
    /// `svc/web`.
    pub target: String,
    /// `8080:80`, as the command takes it.
    pub ports: Vec<String>,
    /// The local addresses; none for loopback.
    pub address: Vec<IpAddr>,
    /// Whether others than this machine can reach it.
    pub exposed: bool,
    /// The context's API server as it is now, if it was another one when this was saved.
    pub other_server: Option<String>,
}

/// What a profile does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
#[ts(export)]
pub enum Run {
    /// Nothing.
    #[default]
    Idle,
    /// It was to start, and nothing of it was: these of its ports are taken.
    Blocked {
        /// Never empty.
        taken: Vec<Taken>,
    },
    /// It has sessions.
    Open {
        /// Never empty, in the order of its forwards.
        sessions: Vec<SessionId>,
        /// Whether one of them listens elsewhere than the profile says: that can be kept.
        moved: bool,
    },
}

/// What is to be said of the profiles as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ProfilesView {
    /// Why they cannot be read, or why what is open cannot be written down.
    pub problem: Option<Problem>,
    /// The one that was removed last, and can be put back.
    pub removed: Option<String>,
    /// What was open when the app ended, and is offered again.
    pub left_open: Vec<SavedView>,
}

impl ProfileView {
    /// A profile at its place; `server_of` knows the contexts that there are.
    pub(super) fn of(
        profile: &Profile,
        place: usize,
        run: Run,
        server_of: impl Fn(&ContextId) -> Option<String>,
    ) -> ProfileView {
        let Profile { name, forwards, group, note, colour, pinned, autostart, used_at } = profile.clone();
        let forwards = forwards.iter().map(|saved| SavedView::of(saved, &server_of)).collect();
        ProfileView { name, place, group, note, colour, pinned, autostart, used_at, forwards, run }
    }
}

impl SavedView {
    pub(super) fn of(saved: &Saved, server_of: impl Fn(&ContextId) -> Option<String>) -> SavedView {
        let context = saved.context_id();
        let now = server_of(&context).filter(|now| !saved.server.is_empty() && *now != saved.server);
        let Saved { namespace, target, ports, address, .. } = saved.clone();
        let exposed = address.iter().any(|address| !address.is_loopback());
        SavedView { context, namespace, target, ports, address, exposed, other_server: now }
    }
}
