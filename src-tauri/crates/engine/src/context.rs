//! The names of contexts, and what the UI is told about each.

use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{error::Problem, explain::view::Snippet};

/// One context of one kubeconfig source. Sources are kept apart because different files use the same names
/// (k3s calls everything `default`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ContextId {
    /// [`ContextId::DEFAULT_SOURCE`], or the path of a file that the user named.
    pub source: String,
    /// The context's name in that source.
    pub name: String,
}

impl ContextId {
    /// The `KUBECONFIG` list, merged, or `~/.kube/config`.
    pub const DEFAULT_SOURCE: &str = "default";
}

impl fmt::Display for ContextId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A context in the window's list. Carries no credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ContextView {
    /// Which one.
    pub id: ContextId,
    /// The API server's URL.
    pub server: String,
    /// The name of the user entry.
    pub user: String,
    /// The namespace that kubectl would use.
    pub namespace: String,
    /// Whether it is the kubeconfig's current context.
    pub current: bool,
    /// What is known about its API server.
    pub reach: Reach,
    /// Its namespaces, as far as they are known.
    pub namespaces: Namespaces,
    /// Whether the user has marked it: nothing is deleted there, and nothing is asked before somebody says so.
    pub protected: bool,
}

/// What is known about a context's API server. Only contexts that were opened or carry sessions are contacted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
#[ts(export)]
pub enum Reach {
    /// Nobody asked yet.
    NotChecked,
    /// The first answer is awaited.
    Checking,
    /// It answers.
    Reachable,
    /// It does not answer, or refuses the credentials.
    Unreachable {
        /// Why, and what to do.
        problem: Problem,
    },
}

/// The namespaces of an opened context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
#[ts(export)]
pub enum Namespaces {
    /// Not known (yet).
    Unknown,
    /// All of them, sorted.
    Known {
        /// Their names.
        names: Vec<String>,
    },
    /// They may not be listed; the user types one.
    Forbidden {
        /// Why, and what to do.
        problem: Problem,
        /// The ClusterRole that would allow it.
        role: Snippet,
    },
}
