//! The rows of the window's lists, and how they are read off Kubernetes' objects.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    context::ContextId,
    error::Problem,
    explain::view::{FindingCode, Snippet},
    forward::{PortRef, Target, WorkloadKind},
};

/// What the window looks at.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct View {
    /// The cluster and the identity.
    pub context: ContextId,
    /// The namespaces.
    pub namespace: Scope,
    /// Which list.
    pub list: ListKind,
}

/// One namespace or all of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(tag = "scope", rename_all = "snake_case")]
#[ts(export)]
pub enum Scope {
    /// Every namespace, in one list.
    All,
    /// One.
    One {
        /// Its name.
        name: String,
    },
}

/// The three lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
#[allow(missing_docs, reason = "their names say it")]
pub enum ListKind {
    Services,
    Workloads,
    Pods,
}

/// The list that is looked at, and how complete it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ListView {
    /// What is looked at.
    pub view: View,
    /// How complete it is.
    pub status: ListStatus,
}

/// How complete a list is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
#[ts(export)]
pub enum ListStatus {
    /// The first answer is awaited.
    Loading,
    /// All of it, and kept up to date.
    Live,
    /// A part may not be read: what is there is shown.
    Forbidden {
        /// What the API server says, and what to do.
        problem: Problem,
        /// What may not be listed: `services`, `jobs`.
        resources: Vec<String>,
        /// The Role that would allow it; a ClusterRole where the view is of all namespaces.
        role: Snippet,
    },
    /// It cannot be read now: what is there is the last that was known.
    Stale {
        /// Why, and what to do.
        problem: Problem,
    },
}

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Row {
    /// The object's namespace.
    pub namespace: String,
    /// The object's name.
    pub name: String,
    /// What a click on one of its ports opens.
    pub target: Target,
    /// What depends on the kind.
    pub facts: RowFacts,
    /// Pods that could take a connection; `None` where pods may not be read or there can be none.
    pub ready: Option<u32>,
    /// Pods that there are, or should be; `None` as for `ready`.
    pub wanted: Option<u32>,
    /// The ports to click.
    pub ports: Vec<RowPort>,
    /// What is wrong, in a few words: `no selector`, `CrashLoopBackOff`; empty when all is well.
    pub trouble: String,
    /// The doctor's name for that, of a Service of which he has more to say.
    pub finding: Option<FindingCode>,
}

/// What depends on the kind of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[ts(export)]
pub enum RowFacts {
    /// A Service.
    Service {
        /// `ClusterIP`, `NodePort`, `LoadBalancer`, `ExternalName` or `headless`.
        service_type: String,
        /// The name that an ExternalName stands for.
        external_name: Option<String>,
    },
    /// A workload.
    Workload {
        /// Which kind.
        workload: WorkloadKind,
    },
    /// A pod.
    Pod {
        /// As kubectl's STATUS column: `Running`, `CrashLoopBackOff`, `Terminating`.
        status: String,
        /// How often its containers were restarted.
        restarts: u32,
        /// The node it runs on; empty while it is not scheduled.
        node: String,
        /// When it was made, in milliseconds since 1970; 0 where the API server does not say.
        #[ts(type = "number")]
        created_at: u64,
    },
}

/// A port of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RowPort {
    /// The port's name; empty where it has none.
    pub name: String,
    /// The port: a Service's, or a container's.
    pub port: u16,
    /// Where a Service leads to, when that differs from `port`.
    pub target: Option<PortRef>,
    /// The port on every node, of a NodePort or LoadBalancer Service.
    pub node_port: Option<u16>,
    /// `TCP`, `UDP` or `SCTP`. Only TCP can be forwarded.
    pub protocol: String,
}
