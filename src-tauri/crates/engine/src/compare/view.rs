//! What a comparison shows of itself.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{context::ContextId, error::Problem, phase::Phase, row::RowPort, session::view::SessionId};

/// A comparison as the window and the command show it. There is one at a time, as there is one window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ComparisonView {
    /// The cluster and the identity.
    pub context: ContextId,
    /// The Service's namespace.
    pub namespace: String,
    /// The Service's name.
    pub service: String,
    /// The port that is compared, as the Service has it.
    pub port: RowPort,
    /// What each probe does.
    pub asking: Asking,
    /// Whether probes are sent.
    pub state: ComparisonState,
    /// When it was opened, in milliseconds since 1970.
    #[ts(type = "number")]
    pub opened_at: u64,
    /// The lanes: Service, direct pod and, where the Service has one, NodePort; in this order.
    pub lanes: Vec<Lane>,
    /// Every pod that was met, in the order in which it was: its place is its letter.
    pub pods: Vec<PodMet>,
    /// What can be done to the pods, and why not.
    pub experiment: Experiment,
    /// What happened, oldest first: the last 200.
    pub account: Vec<AccountEntry>,
    /// How many probes there have been: see `Comparison::probes`.
    #[ts(type = "number")]
    pub probes: u64,
}

/// What a probe does, each over a connection of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Asking {
    /// How the port is asked.
    pub method: Method,
    /// The path, for HTTP: `/`.
    pub path: String,
    /// The time between two probes, in milliseconds: 500 for HTTP, 5,000 for other ports.
    pub every_ms: u32,
    /// Whether the port looks like HTTP, and by what; `None` where it does not.
    pub http_by: Option<HttpBy>,
}

/// How a port is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Method {
    /// `GET`.
    Get,
    /// `HEAD`.
    Head,
    /// The dial is accepted, and there is no error within 300 ms.
    Connect,
}

/// Why a port is taken for one that speaks HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum HttpBy {
    /// Its appProtocol says so.
    AppProtocol,
    /// Its name: `http`, `web`, `http-admin`.
    Name,
    /// Its number: 80, 8080, …
    Number,
    /// What it said first.
    FirstBytes,
    /// The user.
    User,
}

/// Whether probes are sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
#[ts(export)]
pub enum ComparisonState {
    /// The user has to start it.
    NotStarted {
        /// Why it did not start by itself.
        because: NotStarted,
    },
    /// Probes are sent.
    Running,
    /// It could not be opened, or cannot go on.
    Failed {
        /// Why.
        problem: Problem,
    },
}

/// Why a comparison does not start by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum NotStarted {
    /// The context is marked protected.
    Protected,
    /// The port does not look like HTTP: half-open logins fill a database's log.
    NotHttp,
}

/// One way, with all that became of its probes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Lane {
    /// Which one.
    pub kind: LaneKind,
    /// The session behind it; none for the NodePort. Such sessions are shown here and not among the others.
    pub session: Option<SessionId>,
    /// Where the probes go: `127.0.0.1:41780`; empty while it is not open.
    pub address: String,
    /// The way, hop by hop, with its real values.
    pub way: Vec<Hop>,
    /// Where the tunnel stands; none for the NodePort.
    pub phase: Option<Phase>,
    /// What became of the probes in the last two minutes.
    pub recent: Score,
    /// What became of all of them.
    pub total: Score,
    /// How many were answered by each pod, by its place in `ComparisonView::pods`; of all probes.
    #[ts(type = "[number, number][]")]
    pub by_pod: Vec<(u32, u64)>,
    /// The connection that is kept open.
    pub kept: Kept,
    /// Open connections that were cut, of this lane's tunnel.
    #[ts(type = "number")]
    pub cuts: u64,
}

/// The lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum LaneKind {
    /// The tunnel to the Service.
    Service,
    /// The tunnel to one of its pods.
    Pod,
    /// A node's port, past the API server.
    NodePort,
}

/// One hop of a way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Hop {
    /// What it is.
    pub kind: HopKind,
    /// Its real value: `127.0.0.1:41780`, `svc/web:http 8080 → targetPort http`, `web-c2f7q:80`. Several pods are several
    /// hops of the same kind.
    pub value: String,
    /// Whether it is gone, or does not answer.
    pub down: bool,
}

/// What a hop is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum HopKind {
    /// This machine's address.
    Local,
    /// The API server.
    ApiServer,
    /// Portolan's choice of a pod, in the Service's place.
    Choice,
    /// The kubelet on a pod's node.
    Kubelet,
    /// localhost in a pod, and the port there.
    PodLocalhost,
    /// A node's address and its port.
    Node,
    /// kube-proxy's translation: the ClusterIP and its port.
    ClusterIp,
    /// A pod's own address, and the port there.
    PodIp,
}

/// What became of probes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Score {
    /// Answered at once.
    #[ts(type = "number")]
    pub answered: u64,
    /// Answered, after Portolan had held them or dialled again.
    #[ts(type = "number")]
    pub helped: u64,
    /// Not answered.
    #[ts(type = "number")]
    pub lost: u64,
    /// What half of those that were answered took at most, in microseconds.
    #[ts(type = "number | null")]
    pub p50_us: Option<u64>,
    /// The same of 95 in 100.
    #[ts(type = "number | null")]
    pub p95_us: Option<u64>,
    /// The longest of those that were answered.
    #[ts(type = "number | null")]
    pub longest_us: Option<u64>,
}

/// A pod that was met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PodMet {
    /// Its UID.
    pub uid: String,
    /// Its name.
    pub name: String,
    /// Whether it exists now.
    pub exists: bool,
}

/// One probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Probe {
    /// Counts from 1, over all lanes.
    #[ts(type = "number")]
    pub number: u64,
    /// Its lane.
    pub lane: LaneKind,
    /// When it began, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
    /// How long it took, in microseconds.
    #[ts(type = "number")]
    pub took_us: u64,
    /// The pod, by its place in `ComparisonView::pods`, where it is known.
    pub pod: Option<u32>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "outcome", rename_all = "snake_case")]
#[ts(export)]
pub enum Outcome {
    /// Answered, by itself.
    Answered {
        /// HTTP's status; none for a bare connection.
        status: Option<u16>,
    },
    /// Answered after Portolan had held the connection: there was no pod.
    Held {
        /// As above.
        status: Option<u16>,
    },
    /// Answered after Portolan had dialled another pod: the first refused.
    Again {
        /// As above.
        status: Option<u16>,
    },
    /// Not answered.
    Lost {
        /// Why, in words.
        why: String,
    },
}

/// The connection that a lane keeps open: what a Service does not save.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kept", rename_all = "snake_case")]
#[ts(export)]
pub enum Kept {
    /// Not open yet, or not at all on this lane.
    None,
    /// Open.
    Open {
        /// Since when, in milliseconds since 1970.
        #[ts(type = "number")]
        since: u64,
        /// To which pod, by its place in `ComparisonView::pods`.
        pod: Option<u32>,
    },
    /// Its pod, or what stands between, has ended it. Another one is opened where the way still leads somewhere.
    Cut {
        /// When, in milliseconds since 1970.
        #[ts(type = "number")]
        at: u64,
        /// To which pod it was.
        pod: Option<u32>,
    },
}

/// What can be done to the pods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Experiment {
    /// Whether a pod may be deleted here.
    pub delete: Permission,
    /// The pod that the button names, by its place in `ComparisonView::pods`; one that exists now.
    pub pod: Option<u32>,
    /// Whether this is the demo cluster, where the Deployment can be rolled too.
    pub demo: bool,
}

/// Whether something may be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "may", rename_all = "snake_case")]
#[ts(export)]
pub enum Permission {
    /// Not known yet.
    Unknown,
    /// It may.
    Yes,
    /// The context is marked protected.
    Protected,
    /// This user may not, as the API server says.
    Forbidden,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AccountEntry {
    /// When, in milliseconds since 1970.
    #[ts(type = "number")]
    pub at: u64,
    /// The lane it belongs to; none where it is about all.
    pub lane: Option<LaneKind>,
    /// What it is: lines in the ribbons are drawn for some.
    pub what: Happened,
    /// The whole story in a sentence or two, with names and numbers.
    pub text: String,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Happened {
    /// The comparison was opened.
    Opened,
    /// A pod was deleted, here or by somebody else.
    PodDeleted,
    /// A pod became ready.
    PodReady,
    /// A pod ceased to be ready.
    PodNotReady,
    /// The Deployment was rolled.
    Rolled,
    /// A lane's tunnel changed its phase.
    Phase,
    /// A lane's open connection was cut.
    Cut,
    /// A lane's probes began to be lost.
    Lost,
    /// They are answered again.
    Answered,
    /// What a deletion cost each lane, told once all have settled.
    Verdict,
}
