//! Which pods each Service selects.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use k8s_openapi::{
    api::core::v1::{Pod, Service},
    apimachinery::pkg::util::intstr::IntOrString,
};

use crate::{
    Store,
    controllers::{reconcile::Name, views},
    store::{Change, Object, kind_of},
};

/// All Services with selectors, and the pods that have an address.
#[derive(Debug, Default)]
pub(super) struct Index {
    namespaces: HashMap<String, Namespace>,
}

#[derive(Debug, Default)]
struct Namespace {
    services: BTreeMap<String, Selecting>,
    pods: BTreeMap<String, Member>,
}

/// What of a Service says which pods stand behind it, and how they are written down.
#[derive(Debug)]
pub(super) struct Selecting {
    pub(super) uid: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) ports: Vec<Port>,
    pub(super) headless: bool,
    /// Whether those that are not ready are to be reached too.
    pub(super) publish: bool,
    selector: BTreeMap<String, String>,
    /// By name.
    pods: BTreeSet<String>,
}

/// A Service's port.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) name: String,
    pub(super) protocol: String,
    pub(super) target: IntOrString,
    pub(super) app_protocol: Option<String>,
}

/// What of a pod is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) address: String,
    pub(super) node: Option<String>,
    /// As other pods of a headless Service look it up, and in which Service.
    pub(super) hostname: Option<(String, String)>,
    pub(super) ready: bool,
    pub(super) terminating: bool,
    labels: BTreeMap<String, String>,
    ports: Vec<(String, String, u16)>,
}

impl Member {
    /// The pod, if it has an address and not ended for good.
    fn of(object: &Object) -> Option<Member> {
        let pod = views::pod(object).filter(|pod| !pod.ended())?;
        let ports = pod.spec.containers.iter().flat_map(|container| &container.ports);
        let named = ports.filter_map(|port| {
            Some((port.name.clone()?, port.protocol.clone().unwrap_or_else(|| "TCP".into()), port.container_port))
        });
        Some(Member {
            ports: named.collect(),
            ready: pod.ready(),
            terminating: pod.terminating(),
            address: pod.status.pod_ip?,
            node: pod.spec.node_name,
            hostname: pod.spec.hostname.zip(pod.spec.subdomain),
            name: pod.metadata.name,
            uid: pod.metadata.uid,
            labels: pod.metadata.labels,
        })
    }

    /// The number of its port that a Service means.
    pub(super) fn port(&self, target: &IntOrString, protocol: &str) -> Option<u16> {
        match target {
            IntOrString::Int(number) => u16::try_from(*number).ok(),
            IntOrString::String(name) => {
                self.ports.iter().find(|port| port.0 == *name && port.1 == protocol).map(|port| port.2)
            }
        }
    }
}

impl Selecting {
    /// The Service, if it selects pods.
    fn of(object: &Object) -> Option<Selecting> {
        let service: Service = object.read()?;
        let spec = service.spec?;
        let selector = spec.selector.filter(|selector| !selector.is_empty())?;
        if spec.type_.as_deref() == Some("ExternalName") {
            return None;
        }
        let ports = spec.ports.into_iter().flatten().map(|port| Port {
            name: port.name.unwrap_or_default(),
            protocol: port.protocol.unwrap_or_else(|| "TCP".into()),
            target: port.target_port.unwrap_or(IntOrString::Int(port.port)),
            app_protocol: port.app_protocol,
        });
        Some(Selecting {
            uid: object.uid.clone(),
            labels: object.labels.clone(),
            ports: ports.collect(),
            headless: spec.cluster_ip.as_deref() == Some("None"),
            publish: spec.publish_not_ready_addresses == Some(true),
            selector,
            pods: BTreeSet::new(),
        })
    }

    fn selects(&self, pod: &Member) -> bool {
        self.selector.iter().all(|(name, value)| pod.labels.get(name) == Some(value))
    }
}

impl Index {
    /// Of all there is; and the names of the Services in it.
    pub(super) fn of(store: &Store) -> (Index, BTreeSet<Name>) {
        let (mut index, mut concerned) = (Index::default(), BTreeSet::new());
        for kind in [kind_of::<Pod>(), kind_of::<Service>()] {
            for object in store.list(kind, None).0 {
                index.follow(&Change { before: None, object, there: true }, &mut concerned);
            }
        }
        (index, concerned)
    }

    /// Follows a change; which Services it concerns.
    pub(super) fn follow(&mut self, change: &Change, concerned: &mut BTreeSet<Name>) {
        let object = &change.object;
        if object.kind == kind_of::<Pod>() {
            let member = Some(object).filter(|_| change.there).and_then(|object| Member::of(object));
            let namespace = self.namespaces.entry(object.namespace.clone()).or_default();
            let names = namespace.set_pod(&object.name, member);
            concerned.extend(names.into_iter().map(|name| (object.namespace.clone(), name)));
        } else if object.kind == kind_of::<Service>() {
            let service = Some(object).filter(|_| change.there).and_then(|object| Selecting::of(object));
            self.namespaces.entry(object.namespace.clone()).or_default().set_service(&object.name, service);
            concerned.insert((object.namespace.clone(), object.name.clone()));
        }
    }

    /// A Service and the pods behind it; `None` if it is gone or selects none.
    pub(super) fn behind(
        &self,
        namespace: &str,
        name: &str,
    ) -> Option<(&Selecting, impl Iterator<Item = &Member> + use<'_>)> {
        let namespace = self.namespaces.get(namespace)?;
        let service = namespace.services.get(name)?;
        Some((service, service.pods.iter().filter_map(|name| namespace.pods.get(name))))
    }
}

impl Namespace {
    fn set_service(&mut self, name: &str, service: Option<Selecting>) {
        let Some(mut service) = service else {
            self.services.remove(name);
            return;
        };
        let selected = self.pods.values().filter(|pod| service.selects(pod)).map(|pod| pod.name.clone());
        service.pods = selected.collect();
        self.services.insert(name.to_owned(), service);
    }

    /// The names of the Services that it was or is behind, if anything of it has changed.
    fn set_pod(&mut self, name: &str, pod: Option<Member>) -> Vec<String> {
        if self.pods.get(name) == pod.as_ref() {
            return Vec::new();
        }
        let mut concerned = Vec::new();
        for (service_name, service) in &mut self.services {
            let is = pod.as_ref().is_some_and(|pod| service.selects(pod));
            let was = if is { !service.pods.insert(name.to_owned()) } else { service.pods.remove(name) };
            if is || was {
                concerned.push(service_name.clone());
            }
        }
        match pod {
            Some(pod) => drop(self.pods.insert(name.to_owned(), pod)),
            None => drop(self.pods.remove(name)),
        }
        concerned
    }
}
