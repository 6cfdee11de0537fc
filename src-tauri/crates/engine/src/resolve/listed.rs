//! The pods that EndpointSlices and Endpoints name, read off them: what a Service's own controllers say of it.
//!
//! An entry that names no pod, as hand-made ones do that lead out of the cluster, is left out: port-forward reaches
//! nothing but pods.

use std::collections::BTreeMap;

use k8s_openapi::api::{
    core::v1::{EndpointAddress, Endpoints, ObjectReference},
    discovery::v1::{EndpointConditions, EndpointSlice},
};

/// One pod as one slice or subset has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(super) pod: String,
    /// Empty where whoever wrote the object by hand left it out.
    pub(super) uid: String,
    pub(super) standing: Standing,
    /// Whether Kubernetes wrote it, by the Service's selector, and not somebody by hand.
    pub(super) selected: bool,
    /// Its TCP ports by the name of the Service's port; an unnamed one's name is empty.
    pub(super) ports: Vec<(String, u16)>,
}

/// What a pod may be given. Where several entries differ on one pod, as slices do for a moment, the later variant has
/// it: nobody stops being on the way out, and a slice that says `ready` knows more than one that does not yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// Not ready: nothing.
    Down,
    /// New connections.
    Ready,
    /// Terminating, but it still serves: new connections only while no pod is ready, as kube-proxy has it.
    Leaving,
    /// Terminating, and it serves no longer.
    Gone,
}

/// The label and the value by which Kubernetes tells the slices that it writes.
const MANAGED_BY: (&str, &str) = ("endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io");

/// The pods that a slice names.
pub(super) fn of_slice(slice: EndpointSlice) -> Vec<Listed> {
    let namespace = slice.metadata.namespace;
    let labels = slice.metadata.labels.unwrap_or_default();
    let selected = labels.get(MANAGED_BY.0).is_some_and(|by| by == MANAGED_BY.1);
    let ports = slice.ports.unwrap_or_default().into_iter();
    let ports = tcp(ports.map(|p| (p.name, p.protocol, p.port)));
    let listed = slice.endpoints.into_iter().filter_map(|endpoint| {
        let (pod, uid) = pod_of(endpoint.target_ref?, namespace.as_deref())?;
        Some(Listed { pod, uid, standing: standing(endpoint.conditions.as_ref()), selected, ports: ports.clone() })
    });
    listed.collect()
}

/// The pods that an Endpoints object names. Its controller leaves terminating ones out. Of a Service with a selector
/// nobody else keeps it.
pub(super) fn of_endpoints(endpoints: Endpoints) -> Vec<Listed> {
    let namespace = endpoints.metadata.namespace;
    let mut listed = Vec::new();
    for subset in endpoints.subsets.unwrap_or_default() {
        let ports = subset.ports.unwrap_or_default().into_iter();
        let ports = tcp(ports.map(|p| (p.name, p.protocol, Some(p.port))));
        let mut add = |addresses: Option<Vec<EndpointAddress>>, standing| {
            for reference in addresses.unwrap_or_default().into_iter().filter_map(|address| address.target_ref) {
                let named = pod_of(reference, namespace.as_deref());
                listed.extend(named.map(|(pod, uid)| Listed {
                    pod,
                    uid,
                    standing,
                    selected: true,
                    ports: ports.clone(),
                }));
            }
        };
        add(subset.addresses, Standing::Ready);
        add(subset.not_ready_addresses, Standing::Down);
    }
    listed
}

fn tcp(ports: impl Iterator<Item = (Option<String>, Option<String>, Option<i32>)>) -> Vec<(String, u16)> {
    let tcp = ports.filter(|(_, protocol, _)| protocol.as_deref().is_none_or(|p| p == "TCP"));
    tcp.filter_map(|(name, _, port)| Some((name.unwrap_or_default(), u16::try_from(port?).ok()?))).collect()
}

/// The pod's name and UID. One of another namespace cannot be meant: a forward is in one.
fn pod_of(reference: ObjectReference, namespace: Option<&str>) -> Option<(String, String)> {
    let here = reference.namespace.is_none() || reference.namespace.as_deref() == namespace;
    let is_pod = reference.kind.as_deref() == Some("Pod");
    if !here || !is_pod {
        return None;
    }
    Some((reference.name?, reference.uid.unwrap_or_default()))
}

/// Nil is ready, and serving follows ready. A Service with `publishNotReadyAddresses` has `ready` on all of its pods,
/// also on those that terminate.
fn standing(conditions: Option<&EndpointConditions>) -> Standing {
    let said = |of: fn(&EndpointConditions) -> Option<bool>| conditions.and_then(of);
    let ready = said(|c| c.ready).unwrap_or(true);
    let serving = said(|c| c.serving).unwrap_or(ready);
    match (said(|c| c.terminating).unwrap_or(false), ready) {
        (true, _) if serving || ready => Standing::Leaving,
        (true, _) => Standing::Gone,
        (false, true) => Standing::Ready,
        (false, false) => Standing::Down,
    }
}

/// A pod that takes new connections on one port.
pub(super) struct Serving<'a> {
    pub(super) pod: &'a str,
    pub(super) uid: &'a str,
    pub(super) port: u16,
    /// `Ready`, or `Leaving` where none is ready.
    pub(super) standing: Standing,
}

/// The pods that take new connections on one port, sorted by name: each once, however many slices and addresses it has.
/// `port` says which port of an entry is meant, `known` what the pods say by themselves that an entry may not say yet.
pub(super) fn serving<'a>(
    listed: &[&'a Listed],
    known: impl Fn(&Listed) -> Option<Standing>,
    port: impl Fn(&Listed) -> Option<u16>,
) -> Vec<Serving<'a>> {
    let mut pods: BTreeMap<(&str, &str), (Standing, Option<u16>)> = BTreeMap::new();
    for one in listed {
        let pod = pods.entry((&one.pod, &one.uid)).or_insert((one.standing, None));
        let standing = known(one).unwrap_or(one.standing).max(one.standing);
        pod.0 = pod.0.max(standing);
        pod.1 = pod.1.or_else(|| port(one));
    }
    let of = |wanted: Standing| -> Vec<Serving> {
        let that = pods.iter().filter(|(_, (standing, _))| *standing == wanted);
        that.filter_map(|((pod, uid), (standing, port))| {
            Some(Serving { pod, uid, port: (*port)?, standing: *standing })
        })
        .collect()
    };
    let ready = of(Standing::Ready);
    if ready.is_empty() { of(Standing::Leaving) } else { ready }
}
