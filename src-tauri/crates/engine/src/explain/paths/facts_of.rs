//! What never changes of each way: the cells of the table, in one place.
//!
//! They are short, since they are cells: 40 characters at the most, but for `gives` and `price`, which are sentences. Where
//! a Service's own settings say otherwise, whoever draws the way replaces a cell.

use crate::explain::{
    port::Port,
    view::{AccessPath, PathKind, Verdict},
};

/// A kind of way, as finely as their facts differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    ServiceTunnel,
    PodTunnel,
    ApiProxy,
    ClusterIp,
    /// `externalTrafficPolicy: Cluster`.
    NodePort,
    /// `externalTrafficPolicy: Local`, on a node that runs a ready pod.
    NodePortLocal,
    /// The same, on a node that runs none.
    NodePortDry,
    LoadBalancer,
    /// `externalTrafficPolicy: Local`.
    LoadBalancerLocal,
    /// One of the Service's `externalIPs`.
    ExternalIp,
    Ingress,
    /// With a certificate for its host.
    IngressTls,
    /// A headless Service's own name.
    HeadlessName,
    /// The name of one of its pods.
    PodName,
    /// An ExternalName.
    Alias,
}

/// The cells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    pub(super) protocols: &'static str,
    pub(super) balances: &'static str,
    pub(super) survives_pod: &'static str,
    pub(super) survives_node: &'static str,
    pub(super) lasts: &'static str,
    pub(super) exposure: &'static str,
    pub(super) used_for: &'static str,
    pub(super) gives: &'static str,
    pub(super) price: &'static str,
}

const ANY_POD: &str = "each connection to a random ready pod";
const BUT_CUT: &str = "yes; open connections are cut";
const WHILE_SERVICE: &str = "while the Service exists";

const NODE_PORT: Facts = Facts {
    protocols: "TCP, UDP, SCTP",
    balances: ANY_POD,
    survives_pod: BUT_CUT,
    survives_node: "no: another node's address is needed",
    lasts: WHILE_SERVICE,
    exposure: "whoever reaches a node, on every node",
    used_for: "demos and tests, not production",
    gives: "a port on every node, without Portolan and without a login",
    price: "every node exposed, high ports only (30000-32767), no failover from a dead node; the pod sees a node's \
            address, not the client's",
};

const NODE_PORT_LOCAL: Facts = Facts {
    balances: "among the ready pods on this node only",
    gives: "a port on every node; the client's address is kept (externalTrafficPolicy: Local)",
    price: "only nodes that run a ready pod answer; every node exposed, high ports only (30000-32767), no failover from a \
            dead node",
    ..NODE_PORT
};

const LOAD_BALANCER: Facts = Facts {
    protocols: "TCP, UDP, some SCTP",
    balances: "over the nodes, then over the pods",
    survives_pod: BUT_CUT,
    survives_node: "yes: health checks leave it out",
    lasts: WHILE_SERVICE,
    exposure: "whoever reaches its address",
    used_for: "production, any protocol",
    gives: "one address, health checks, the Service's own port",
    price: "a load balancer for each Service, a provider's or your own",
};

const INGRESS: Facts = Facts {
    protocols: "HTTP",
    balances: "each request, as its controller does",
    survives_pod: "yes; running requests may fail",
    survives_node: "yes, where its controller does",
    lasts: "while the Ingress exists",
    exposure: "whoever reaches its controller",
    used_for: "production: web sites and APIs",
    gives: "host names, TLS, ports 80 and 443, many Services behind one address",
    price: "HTTP only, and an Ingress controller that somebody runs",
};

const HEADLESS_NAME: Facts = Facts {
    protocols: "any: it is only a name",
    balances: "no: the client picks an address",
    survives_pod: "yes, once it is looked up again",
    survives_node: "yes, once it is looked up again",
    lasts: WHILE_SERVICE,
    exposure: "pods of the cluster",
    used_for: "databases, clients that balance",
    gives: "the address of every ready pod, by one name",
    price: "nobody balances, and clients that keep an address miss what changes",
};

/// The facts of a kind of way.
pub(super) const fn facts_of(sort: Sort) -> Facts {
    match sort {
        Sort::ServiceTunnel => Facts {
            protocols: "TCP",
            balances: ANY_POD,
            survives_pod: BUT_CUT,
            survives_node: BUT_CUT,
            lasts: "while Portolan runs",
            exposure: "this machine only",
            used_for: "daily work on this machine",
            gives: "a local port that outlives the pods; nothing is exposed",
            price: "every byte goes through the API server and a kubelet, past kube-proxy and network policies",
        },
        Sort::PodTunnel => Facts {
            protocols: "TCP",
            balances: "no: this pod only",
            survives_pod: "no: it ends with its pod",
            survives_node: "no: its pod goes with the node",
            lasts: "while Portolan runs and the pod lives",
            exposure: "this machine only",
            used_for: "debugging one pod, ready or not",
            gives: "exactly this pod, also while it is not ready",
            price: "every byte goes through the API server and a kubelet, past kube-proxy and network policies",
        },
        Sort::ApiProxy => Facts {
            protocols: "HTTP, HTTPS, WebSocket",
            balances: "each request to a random ready pod",
            survives_pod: "yes; running requests fail",
            survives_node: "yes; running requests fail",
            lasts: WHILE_SERVICE,
            exposure: "who may get services/proxy",
            used_for: "a quick look at a page or an API",
            gives: "a URL of the API server, with no port opened anywhere",
            price: "needs the cluster's credentials, which `kubectl proxy` adds, and so does Portolan; links from the root of \
                    the host break",
        },
        Sort::ClusterIp => Facts {
            protocols: "TCP, UDP, SCTP",
            balances: ANY_POD,
            survives_pod: BUT_CUT,
            survives_node: BUT_CUT,
            lasts: WHILE_SERVICE,
            exposure: "pods and nodes of the cluster",
            used_for: "programs inside the cluster",
            gives: "one address and one name for all pods, inside the cluster",
            price: "from outside it leads nowhere: that takes one of the other ways",
        },
        Sort::NodePort => NODE_PORT,
        Sort::NodePortLocal => NODE_PORT_LOCAL,
        Sort::NodePortDry => Facts {
            balances: "no: no ready pod runs on this node",
            survives_pod: "only once a ready pod runs on this node",
            ..NODE_PORT_LOCAL
        },
        Sort::LoadBalancer => LOAD_BALANCER,
        Sort::LoadBalancerLocal => Facts {
            balances: "over nodes with pods, then over theirs",
            gives: "one address, health checks, the Service's own port; the client's address is kept as far as the load \
                    balancer keeps it (externalTrafficPolicy: Local)",
            ..LOAD_BALANCER
        },
        Sort::ExternalIp => Facts {
            survives_node: "only if the address moves to another",
            exposure: "whoever routes the address to a node",
            used_for: "networks that route it themselves",
            gives: "an address of your own (externalIPs), at the Service's own port",
            price: "Kubernetes neither owns the address nor moves it; whoever may edit Services may claim any",
            ..NODE_PORT
        },
        Sort::Ingress => INGRESS,
        Sort::IngressTls => Facts { protocols: "HTTPS, HTTP", ..INGRESS },
        Sort::HeadlessName => HEADLESS_NAME,
        Sort::PodName => Facts {
            balances: "no: this pod only",
            survives_pod: "yes: a new pod takes over its name",
            used_for: "members of a cluster, leaders, replicas",
            gives: "one pod by a name that stays when the pod is replaced",
            price: "while that pod is away, the name leads nowhere",
            ..HEADLESS_NAME
        },
        Sort::Alias => Facts {
            balances: "no: as whatever it stands for does",
            survives_pod: "it knows no pods",
            survives_node: "it knows no nodes",
            used_for: "a name for what is outside the cluster",
            gives: "a name inside the cluster for a host that is outside of it",
            price: "an alias in the cluster's DNS, and no more: no port, no check, and TLS sees the other name",
            ..HEADLESS_NAME
        },
    }
}

impl Sort {
    /// What the window and the command know it as.
    pub(super) const fn kind(self) -> PathKind {
        match self {
            Sort::ServiceTunnel => PathKind::ServiceTunnel,
            Sort::PodTunnel => PathKind::PodTunnel,
            Sort::ApiProxy => PathKind::ApiProxy,
            Sort::ClusterIp => PathKind::ClusterIp,
            Sort::NodePort | Sort::NodePortLocal | Sort::NodePortDry => PathKind::NodePort,
            Sort::LoadBalancer | Sort::LoadBalancerLocal | Sort::ExternalIp => PathKind::LoadBalancer,
            Sort::Ingress | Sort::IngressTls => PathKind::Ingress,
            Sort::HeadlessName | Sort::PodName | Sort::Alias => PathKind::HeadlessName,
        }
    }

    /// A way of this kind that is there, and was not asked yet.
    pub(super) fn at(self, address: String) -> AccessPath {
        let facts = facts_of(self);
        AccessPath {
            kind: self.kind(),
            port: None,
            copy: address.clone(),
            address,
            configured: true,
            way: Vec::new(),
            verdict: Verdict::NotProbed { why: "not asked yet".into() },
            protocols: facts.protocols.into(),
            balances: facts.balances.into(),
            survives_pod: facts.survives_pod.into(),
            survives_node: facts.survives_node.into(),
            lasts: facts.lasts.into(),
            exposure: facts.exposure.into(),
            used_for: facts.used_for.into(),
            gives: facts.gives.into(),
            price: facts.price.into(),
        }
    }

    /// The same, to one port of the Service.
    pub(super) fn to(self, port: &Port, address: String) -> AccessPath {
        let path = self.at(address);
        let address = if port.is_tcp() { path.address.clone() } else { format!("{}/{}", path.address, port.protocol) };
        // Only where it could be another one.
        let protocols = match path.protocols.contains("UDP") {
            true => format!("{}; this port {}", path.protocols, port.protocol),
            false => path.protocols.clone(),
        };
        AccessPath { port: Some(port.number), address, protocols, ..path }
    }

    /// A way of this kind that is not there.
    pub(super) fn absent(self, address: &str, verdict: Verdict) -> AccessPath {
        AccessPath { configured: false, verdict, copy: String::new(), ..self.at(address.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SORTS: [Sort; 15] = [
        Sort::ServiceTunnel,
        Sort::PodTunnel,
        Sort::ApiProxy,
        Sort::ClusterIp,
        Sort::NodePort,
        Sort::NodePortLocal,
        Sort::NodePortDry,
        Sort::LoadBalancer,
        Sort::LoadBalancerLocal,
        Sort::ExternalIp,
        Sort::Ingress,
        Sort::IngressTls,
        Sort::HeadlessName,
        Sort::PodName,
        Sort::Alias,
    ];

    #[test]
    fn every_cell_says_something_and_fits() {
        for sort in SORTS {
            let f = facts_of(sort);
            let cells = [f.balances, f.survives_pod, f.survives_node, f.lasts, f.exposure, f.used_for, f.protocols];
            for cell in cells {
                let length = cell.chars().count();
                assert!((1..=40).contains(&length), "{sort:?}: {cell:?} has {length} characters");
            }
            for sentence in [f.gives, f.price] {
                assert!((10..=160).contains(&sentence.chars().count()), "{sort:?}: {sentence:?}");
                assert!(!sentence.contains("  "), "{sort:?}: {sentence:?}");
            }
        }
    }

    #[test]
    fn only_tunnels_end_with_portolan() {
        for sort in SORTS {
            let tunnel = matches!(sort.kind(), PathKind::ServiceTunnel | PathKind::PodTunnel);
            assert_eq!(facts_of(sort).lasts.contains("Portolan"), tunnel, "{sort:?}");
        }
    }
}
