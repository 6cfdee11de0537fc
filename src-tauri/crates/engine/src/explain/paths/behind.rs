//! What stands behind a Service: where its ways end. As its pods say it; where those may not be read, or the Service has no
//! selector, as its slices or Endpoints do (`listed`).

mod listed;

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Pod, Service};
use kube::ResourceExt;

use crate::{
    explain::{facts::Facts, mark::serves, port::Port, view::AccessPath},
    pod, service,
};

/// The places that take new connections, best first.
#[derive(Clone, Debug)]
pub(super) enum Behind {
    /// It may not be read.
    Unread,
    /// All of them.
    Known(Vec<Place>),
}

/// One of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Its pod's name and UID; none for an address that somebody wrote by hand.
    pub(super) pod: Option<(String, String)>,
    /// Its node; empty where nobody says.
    pub(super) node: String,
    /// That node's address, where a pod says it.
    pub(super) node_address: Option<String>,
    /// Its own address; empty while it has none.
    pub(super) address: String,
    /// What the Service's name is prefixed with for this pod alone.
    pub(super) hostname: Option<String>,
    /// The number of each of the Service's ports there, by the port's name. One that is missing has none there.
    ports: Vec<(String, u16)>,
}

impl Place {
    /// A pod, ready or not.
    pub(super) fn of(pod: &Pod, service: &Service, ports: &[Port]) -> Place {
        let (spec, status) = (pod.spec.as_ref(), pod.status.as_ref());
        let named_by = |subdomain: &str| service.metadata.name.as_deref() == Some(subdomain);
        Place {
            pod: Some((pod.name_any(), pod.metadata.uid.clone().unwrap_or_default())),
            node: spec.and_then(|s| s.node_name.clone()).unwrap_or_default(),
            node_address: status.and_then(|s| s.host_ip.clone()).filter(|ip| !ip.is_empty()),
            address: status.and_then(|s| s.pod_ip.clone()).unwrap_or_default(),
            hostname: spec.filter(|s| s.subdomain.as_deref().is_some_and(named_by)).and_then(|s| s.hostname.clone()),
            ports: ports.iter().filter_map(|port| Some((port.name.clone(), port.in_pod(pod)?))).collect(),
        }
    }

    /// The number of a port there; none where its targetPort is a name that the pod has not.
    pub(super) fn number(&self, port: &Port) -> Option<u16> {
        self.ports.iter().find(|(name, _)| *name == port.name).map(|(_, number)| *number)
    }

    /// The pod's name, else the address.
    pub(super) fn name(&self) -> &str {
        self.pod.as_ref().map_or(&self.address, |(name, _)| name)
    }

    /// `10.201.0.5 (db-0)`.
    pub(super) fn in_words(&self) -> String {
        let address = if self.address.is_empty() { "no address yet" } else { &self.address };
        match &self.pod {
            Some((name, _)) => format!("{address} ({name})"),
            None => address.to_owned(),
        }
    }
}

impl Behind {
    pub(super) fn of(facts: &Facts, service: &Service, ports: &[Port]) -> Behind {
        let selects = service::selector(service).is_some();
        match (&facts.pods, &facts.addresses) {
            (Some(pods), _) if selects => Behind::Known(of_pods(pods, service, ports)),
            (_, Some(addresses)) => Behind::Known(listed::places(addresses)),
            _ => Behind::Unread,
        }
    }

    /// Those on one node.
    pub(super) fn on(&self, node: &str) -> Behind {
        match self {
            Behind::Unread => Behind::Unread,
            Behind::Known(places) => Behind::Known(places.iter().filter(|place| place.node == node).cloned().collect()),
        }
    }

    pub(super) fn places(&self) -> &[Place] {
        match self {
            Behind::Unread => &[],
            Behind::Known(places) => places,
        }
    }

    /// Whether it is known that there is none.
    pub(super) fn is_none(&self) -> bool {
        matches!(self, Behind::Known(places) if places.is_empty())
    }

    /// Where a way to this port ends, drawn: `web-7d9:80`, `web-7d9:80 (of 3)`; each number once, where a named targetPort
    /// is another one in some pods.
    pub(super) fn end(&self, port: &Port) -> String {
        self.end_by(port, |place| place.number(port))
    }

    /// The same, where a place is met at another number.
    pub(super) fn end_by(&self, port: &Port, number: impl Fn(&Place) -> Option<u16>) -> String {
        let places = match self {
            Behind::Unread => return format!("a pod:{}", port.target()),
            Behind::Known(places) if places.is_empty() => return "no ready pod".into(),
            Behind::Known(places) => places,
        };
        let mut by_number: BTreeMap<u16, Vec<&Place>> = BTreeMap::new();
        for (number, place) in places.iter().filter_map(|place| Some((number(place)?, place))) {
            by_number.entry(number).or_default().push(place);
        }
        if by_number.is_empty() {
            return format!("no pod with a port “{}”", port.target());
        }
        let end =
            |(number, places): (&u16, &Vec<&Place>)| of_many(&format!("{}:{number}", places[0].name()), places.len());
        by_number.iter().map(end).collect::<Vec<_>>().join(", ")
    }

    /// The node where all of them run; none where they are spread, or where there are none.
    pub(super) fn only_node(&self) -> Option<&str> {
        let nodes: BTreeSet<&str> = self.places().iter().map(|place| place.node.as_str()).collect();
        let only = if nodes.len() == 1 { nodes.first().copied() } else { None };
        only.filter(|node| !node.is_empty())
    }

    /// A way that spreads over these, with what their number and their nodes make of its promises.
    pub(super) fn promised(&self, path: AccessPath) -> AccessPath {
        let Behind::Known(places) = self else { return path };
        let (mut survives_pod, mut survives_node) = (path.survives_pod, path.survives_node);
        if places.len() < 2 && survives_pod.starts_with("yes") {
            survives_pod = "only once a new pod is ready".into();
        }
        if (places.is_empty() || self.only_node().is_some()) && survives_node.starts_with("yes") {
            survives_node = "only once a pod is ready elsewhere".into();
        }
        AccessPath { survives_pod, survives_node, ..path }
    }
}

fn of_pods(pods: &[Pod], service: &Service, ports: &[Port]) -> Vec<Place> {
    let mut serving: Vec<&Pod> = pods.iter().filter(|pod| serves(service, pod)).collect();
    serving.sort_by_cached_key(|pod| pod::preference(pod));
    serving.into_iter().map(|pod| Place::of(pod, service, ports)).collect()
}

/// `web-7d9:80 (of 3)`: one of so many.
pub(super) fn of_many(one: &str, count: usize) -> String {
    if count > 1 { format!("{one} (of {count})") } else { one.to_owned() }
}
