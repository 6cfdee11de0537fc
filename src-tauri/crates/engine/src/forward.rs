//! What the user asks for: plain data, as profiles store it and the UI sends it.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{context::ContextId, error::Error};

/// A tunnel that the user wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Forward {
    /// The cluster and the identity.
    pub context: ContextId,
    /// The namespace of the target.
    pub namespace: String,
    /// What to reach.
    pub target: Target,
    /// Which of its ports, and where they listen here. At least one.
    pub ports: Vec<PortMap>,
    /// The local addresses to listen on. Empty: loopback, 127.0.0.1 and ::1.
    #[serde(default)]
    pub bind: Vec<IpAddr>,
    /// How connections are spread over the pods. `None`: the default of the target's kind.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub balance: Option<Balance>,
    /// How long a connection is held while no endpoint can take it, in seconds.
    #[serde(default = "Forward::default_hold_seconds")]
    pub hold_seconds: u32,
    /// Whether a direct tunnel goes on with the next pod of that name, as a StatefulSet makes them. Else it ends with its
    /// pod.
    #[serde(default)]
    pub wait_for_name: bool,
}

impl Forward {
    /// Long enough for a pod to be replaced, short enough that a client with a usual 60 s timeout still gets an answer.
    pub const DEFAULT_HOLD_SECONDS: u32 = 30;

    fn default_hold_seconds() -> u32 {
        Self::DEFAULT_HOLD_SECONDS
    }

    /// How connections are spread, with the target's default filled in.
    pub fn balance(&self) -> Balance {
        self.balance.unwrap_or(match self.target {
            Target::Service { .. } => Balance::Balanced,
            Target::Workload { .. } | Target::Selector { .. } | Target::Pod { .. } => Balance::Sticky,
        })
    }

    /// The addresses to listen on, with the default filled in.
    pub fn addresses(&self) -> Vec<IpAddr> {
        if self.bind.is_empty() {
            vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
        } else {
            self.bind.clone()
        }
    }

    /// Finds what cannot work whatever the cluster says: no port at all, port 0, one local port for two remote ones.
    pub fn check(&self) -> Result<(), Error> {
        if self.ports.is_empty() {
            return Err(Error::NoPort);
        }
        let mut taken: Vec<(u16, &PortRef)> = Vec::new();
        for map in &self.ports {
            if map.remote == PortRef::Number(0) {
                return Err(Error::BadPort { text: "0".into(), why: "a remote port is from 1 to 65535".into() });
            }
            let Some(port) = map.local.fixed() else { continue };
            if port == 0 {
                return Err(Error::BadPort { text: "0".into(), why: "a local port is from 1 to 65535".into() });
            }
            if let Some((_, first)) = taken.iter().find(|(p, _)| *p == port) {
                return Err(Error::DuplicatePort { port, first: (*first).clone(), second: map.remote.clone() });
            }
            taken.push((port, &map.remote));
        }
        Ok(())
    }
}

/// What a tunnel leads to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
#[ts(export)]
pub enum Target {
    /// Whatever is ready behind the Service's selector; its ports are the Service's.
    Service {
        /// The Service's name.
        name: String,
    },
    /// Whatever is ready behind the workload's selector; its ports are the containers'.
    Workload {
        /// Which kind.
        kind: WorkloadKind,
        /// The workload's name.
        name: String,
    },
    /// Whatever is ready among the pods with these labels; its ports are the containers'.
    Selector {
        /// A label selector in kubectl's syntax: `app=web,tier!=cache`.
        labels: String,
    },
    /// One pod, ready or not. It is pinned by its UID once seen.
    Pod {
        /// The pod's name.
        name: String,
    },
}

impl Target {
    /// Its name, or the labels where it has none.
    pub(crate) fn name(&self) -> &str {
        match self {
            Target::Service { name } | Target::Workload { name, .. } | Target::Pod { name } => name,
            Target::Selector { labels } => labels,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Service { name } => write!(f, "svc/{name}"),
            Target::Workload { kind, name } => write!(f, "{}/{name}", kind.short()),
            Target::Selector { labels } => write!(f, "-l {labels}"),
            Target::Pod { name } => write!(f, "pod/{name}"),
        }
    }
}

/// The kinds whose pods a tunnel can follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
#[allow(missing_docs, reason = "Kubernetes' own names")]
pub enum WorkloadKind {
    Deployment,
    StatefulSet,
    DaemonSet,
    ReplicaSet,
    ReplicationController,
    Job,
}

impl WorkloadKind {
    /// All of them, in the order in which they are listed.
    pub const ALL: [WorkloadKind; 6] = [
        WorkloadKind::Deployment,
        WorkloadKind::StatefulSet,
        WorkloadKind::DaemonSet,
        WorkloadKind::ReplicaSet,
        WorkloadKind::ReplicationController,
        WorkloadKind::Job,
    ];

    /// kubectl's short name.
    pub fn short(self) -> &'static str {
        match self {
            WorkloadKind::Deployment => "deploy",
            WorkloadKind::StatefulSet => "sts",
            WorkloadKind::DaemonSet => "ds",
            WorkloadKind::ReplicaSet => "rs",
            WorkloadKind::ReplicationController => "rc",
            WorkloadKind::Job => "job",
        }
    }

    /// The API's plural, as kubectl also takes it.
    pub fn plural(self) -> &'static str {
        match self {
            WorkloadKind::Deployment => "deployments",
            WorkloadKind::StatefulSet => "statefulsets",
            WorkloadKind::DaemonSet => "daemonsets",
            WorkloadKind::ReplicaSet => "replicasets",
            WorkloadKind::ReplicationController => "replicationcontrollers",
            WorkloadKind::Job => "jobs",
        }
    }

    /// The API's group; empty for the core's.
    pub fn group(self) -> &'static str {
        match self {
            WorkloadKind::Deployment
            | WorkloadKind::StatefulSet
            | WorkloadKind::DaemonSet
            | WorkloadKind::ReplicaSet => "apps",
            WorkloadKind::ReplicationController => "",
            WorkloadKind::Job => "batch",
        }
    }
}

/// One remote port and where it listens here.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PortMap {
    /// Where it listens on this machine.
    pub local: LocalPort,
    /// A Service's port, or a container's where the target is not a Service.
    pub remote: PortRef,
}

/// The choice of a local port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
#[ts(export)]
pub enum LocalPort {
    /// This one or none.
    Fixed {
        /// From 1 to 65535.
        port: u16,
    },
    /// The remote's own number; a named port's number is known once the target is resolved. kubectl's `http`.
    Same,
    /// Any free one. kubectl's `:80`.
    Any,
    /// One that is easy to remember, else the next free one: see [`crate::local_port`].
    Suggested {
        /// Tried first. The engine fills in the one that this target had the last time.
        #[serde(default)]
        #[ts(optional = nullable)]
        before: Option<u16>,
    },
}

impl LocalPort {
    /// The number that it must have, where one was asked for.
    pub(crate) fn fixed(self) -> Option<u16> {
        match self {
            LocalPort::Fixed { port } => Some(port),
            _ => None,
        }
    }
}

/// A port by number or by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(untagged)]
#[ts(export)]
pub enum PortRef {
    /// From 1 to 65535.
    Number(u16),
    /// A name such as `http`.
    Name(String),
}

impl PortRef {
    /// As it is typed: `80`, `http`.
    pub fn plain(&self) -> String {
        match self {
            PortRef::Number(number) => number.to_string(),
            PortRef::Name(name) => name.clone(),
        }
    }
}

impl fmt::Display for PortRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PortRef::Number(number) => write!(f, "{number}"),
            PortRef::Name(name) => write!(f, "“{name}”"),
        }
    }
}

/// How connections are spread over the endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Balance {
    /// Each connection to a random endpoint, as kube-proxy does.
    Balanced,
    /// One pod until it goes.
    Sticky,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forward(ports: Vec<PortMap>) -> Forward {
        Forward {
            context: ContextId { source: ContextId::DEFAULT_SOURCE.into(), name: "kind".into() },
            namespace: "shop".into(),
            target: Target::Service { name: "web".into() },
            ports,
            bind: Vec::new(),
            balance: None,
            hold_seconds: 30,
            wait_for_name: false,
        }
    }

    fn map(local: u16, remote: u16) -> PortMap {
        PortMap { local: LocalPort::Fixed { port: local }, remote: PortRef::Number(remote) }
    }

    #[test]
    fn one_local_port_cannot_serve_two() {
        assert!(forward(vec![map(8080, 80), map(8081, 81)]).check().is_ok());
        let error = forward(vec![map(8080, 80), map(8080, 81)]).check().unwrap_err();
        assert!(matches!(error, Error::DuplicatePort { port: 8080, .. }), "{error}");
    }

    #[test]
    fn what_the_ui_sends_is_checked_like_what_is_typed() {
        assert!(forward(vec![]).check().is_err());
        assert!(forward(vec![map(0, 80)]).check().is_err());
        assert!(forward(vec![map(80, 0)]).check().is_err());
    }

    #[test]
    fn a_service_balances_and_the_others_stick() {
        assert_eq!(forward(vec![map(1, 1)]).balance(), Balance::Balanced);
        let deploy = Forward {
            target: Target::Workload { kind: WorkloadKind::Deployment, name: "web".into() },
            ..forward(vec![map(1, 1)])
        };
        assert_eq!(deploy.balance(), Balance::Sticky);
    }

    #[test]
    fn a_forward_survives_json() {
        let before =
            forward(vec![map(8080, 80), PortMap { local: LocalPort::Any, remote: PortRef::Name("http".into()) }]);
        let json = serde_json::to_string(&before).unwrap();
        assert_eq!(serde_json::from_str::<Forward>(&json).unwrap(), before);
    }
}
