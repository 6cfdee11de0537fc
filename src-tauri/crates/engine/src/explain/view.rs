//! What is told of a Service.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{context::ContextId, error::Problem};

/// Which of a Service's ports are asked whether they answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ProbePorts {
    /// None: nothing is sent to a pod.
    None,
    /// Those that look like HTTP, by a `GET /`.
    Http,
    /// Those, and the others by a connection without a byte. A database may log that as a login that broke off.
    All,
}

/// A Service explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Explanation {
    /// The cluster and the identity.
    pub context: ContextId,
    /// The Service's namespace.
    pub namespace: String,
    /// The Service's name.
    pub service: String,
    /// `ClusterIP`, `NodePort`, `LoadBalancer`, `ExternalName` or `headless`.
    pub service_type: String,
    /// Its lines beside those of the template and a pod.
    pub anatomy: Anatomy,
    /// Every way to it, those that are not configured last.
    pub paths: Vec<AccessPath>,
    /// What is wrong, the worst first; empty for a healthy Service.
    pub findings: Vec<Finding>,
    /// What could not be read, so that nothing is said of it.
    pub unread: Vec<Unread>,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Unread {
    /// What: `nodes`, `ingresses in shop`.
    pub what: String,
    /// Why.
    pub because: Problem,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Finding {
    /// What to branch on.
    pub code: FindingCode,
    /// How bad it is.
    pub severity: Severity,
    /// The object that it is about: `svc/web`, `pod/web-7d9`.
    pub object: String,
    /// What was read.
    pub evidence: Vec<Evidence>,
    /// Why that is wrong, in a sentence.
    pub why: String,
    /// What to do next.
    pub next: String,
    /// What would mend it, to copy.
    pub snippet: Option<Snippet>,
}

/// What the doctor can find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum FindingCode {
    /// The selector matches no pod.
    SelectorMatchesNothing,
    /// Pods match, and none is ready.
    NoPodReady,
    /// Some pods are not ready, others are.
    SomePodsNotReady,
    /// There should be no pod: the workload is scaled to 0.
    ScaledToZero,
    /// A named targetPort that no container has.
    TargetPortUnnamed,
    /// Some pods have the named targetPort and others have not.
    TargetPortDiffers,
    /// Nothing in the pod listens on the targetPort.
    NothingListens,
    /// The program listens on 127.0.0.1 only: the tunnel answers, others cannot reach it.
    LocalhostOnly,
    /// The program listens on the pod's address only: others reach it, the tunnel cannot.
    PodIpOnly,
    /// The Service has no selector, and nobody has named addresses for it.
    NoSelector,
    /// The Service is a DNS alias.
    ExternalName,
    /// A port is UDP or SCTP: the API carries TCP only.
    NotTcp,
    /// The user may not do what a tunnel takes.
    Forbidden,
    /// The API server cannot be reached.
    Unreachable,
    /// The login has expired, or is not accepted.
    Login,
    /// The exec plugin that would log in was not found.
    PluginMissing,
    /// The Service does not exist.
    ServiceNotFound,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Severity {
    /// Nothing works.
    Error,
    /// Something does not.
    Warning,
    /// Good to know.
    Note,
}

/// What a finding was read off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Evidence {
    /// The object: `svc/web`.
    pub object: String,
    /// The field: `spec.selector.app`; or what was done: `dial :80`.
    pub field: String,
    /// Its value.
    pub value: String,
}

/// A text to copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Snippet {
    /// What it does: `The Role that is missing`.
    pub title: String,
    /// The YAML or the command.
    pub text: String,
}

/// The real lines of Service, template and pod, and where they match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Anatomy {
    /// The objects beside each other: the Service, the workload whose template makes its pods, one of the pods.
    pub objects: Vec<AnatomyObject>,
    /// What matches what.
    pub joins: Vec<Join>,
}

/// One object's lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AnatomyObject {
    /// `svc/web`, `deploy/web`, `pod/web-7d9`.
    pub object: String,
    /// Its lines, as YAML would have them.
    pub lines: Vec<AnatomyLine>,
}

/// One line of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AnatomyLine {
    /// The field's path: `spec.selector.app`. Joins name it.
    pub field: String,
    /// How deep it is indented.
    pub depth: u32,
    /// The line: `app: web`.
    pub text: String,
}

/// Two lines that have to match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Join {
    /// Which pair it is.
    pub kind: JoinKind,
    /// The line it leads from: the place of its object and its field.
    pub from: End,
    /// The line it leads to; none where it leads nowhere.
    pub to: Option<End>,
    /// Whether it holds; else the finding that says why.
    pub broken: Option<FindingCode>,
    /// For who learns: what this join does, in one sentence.
    pub lesson: String,
}

/// An end of a join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct End {
    /// The object's place in `Anatomy::objects`.
    pub object: u32,
    /// The line's field.
    pub field: String,
}

/// What is joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum JoinKind {
    /// The selector and the labels.
    Selector,
    /// The node's port and the Service's.
    NodePort,
    /// The Service's port and its targetPort.
    TargetPort,
    /// The targetPort and the container's.
    ContainerPort,
}

/// One way to a Service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AccessPath {
    /// Which way.
    pub kind: PathKind,
    /// The Service's port that it leads to, by number; none for a way of all ports, or of none.
    pub port: Option<u16>,
    /// Its real address, or what it would look like: `10.0.3.11:30080`.
    pub address: String,
    /// What to copy: the address, a URL, a command; empty where there is nothing to copy.
    pub copy: String,
    /// Whether it is there.
    pub configured: bool,
    /// The way drawn with its values: `10.0.3.11:30080`, `10.96.4.7:8080`, `web-7d9:80`.
    pub way: Vec<String>,
    /// Whether it answers from this machine now.
    pub verdict: Verdict,
    /// The protocols of the way: `TCP`, `HTTP`, `TCP, UDP, SCTP`.
    pub protocols: String,
    /// Whether, and how, it balances.
    pub balances: String,
    /// Whether it survives that its pod is replaced.
    pub survives_pod: String,
    /// Whether it survives that a node is lost.
    pub survives_node: String,
    /// How long it lasts.
    pub lasts: String,
    /// Who can reach it.
    pub exposure: String,
    /// What it is for.
    pub used_for: String,
    /// What it would give, or gives.
    pub gives: String,
    /// What it costs.
    pub price: String,
}

/// The ways to a Service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum PathKind {
    /// A tunnel to the Service.
    ServiceTunnel,
    /// A tunnel to one of its pods.
    PodTunnel,
    /// The API server's proxy, as `kubectl proxy` uses it.
    ApiProxy,
    /// The Service's address in the cluster.
    ClusterIp,
    /// A node's address and port.
    NodePort,
    /// A load balancer's address.
    LoadBalancer,
    /// An Ingress rule.
    Ingress,
    /// The names of a headless Service and its pods.
    HeadlessName,
}

/// Whether a way answers from this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "verdict", rename_all = "snake_case")]
#[ts(export)]
pub enum Verdict {
    /// It was not asked.
    NotProbed {
        /// Why not, in words.
        why: String,
    },
    /// It answered.
    Answers {
        /// After how many microseconds.
        #[ts(type = "number")]
        took_us: u64,
        /// What: `200 OK`, `connected`.
        what: String,
    },
    /// It did not.
    Silent {
        /// Why, in words: `refused`, `no answer within 2 s`.
        why: String,
    },
    /// It leads somewhere in the cluster only.
    InClusterOnly,
    /// It is not there.
    NotConfigured,
}
