//! Which objects of a kind are asked for, and how that is put to the API server.

use kube::{api::ListParams, runtime::watcher};

/// The API server ends a watch after this long, in seconds, and kube begins it anew where it was.
pub(super) const WATCH_SECONDS: u32 = 290;

/// What is asked of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Select {
    All,
    /// A label selector in kubectl's syntax.
    Labels(String),
    /// The one of this name.
    Name(String),
}

impl Select {
    pub(super) fn watch(&self) -> watcher::Config {
        // Bookmarks, which kube asks for by itself, keep the version young.
        let config = watcher::Config::default().timeout(WATCH_SECONDS);
        match self {
            Select::All => config,
            Select::Labels(labels) => config.labels(labels),
            Select::Name(name) => config.fields(&format!("metadata.name={name}")),
        }
    }

    pub(super) fn list(&self) -> ListParams {
        match self {
            Select::All => ListParams::default(),
            Select::Labels(labels) => ListParams::default().labels(labels),
            Select::Name(name) => ListParams::default().fields(&format!("metadata.name={name}")),
        }
    }
}
