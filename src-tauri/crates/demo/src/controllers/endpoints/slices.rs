//! EndpointSlices: at most so many endpoints each, and one that is in a slice stays in it.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice},
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference},
};

use crate::{Store, store::kind_of};

use super::{
    Groups, Resolved,
    index::{Member, Selecting},
    target,
};

/// As many as Kubernetes has by default.
const MOST: usize = 100;
const SERVICE: &str = "kubernetes.io/service-name";
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const CONTROLLER: &str = "endpointslice-controller.k8s.io";

/// Writes the slices of a Service, as far as they are not as they should be.
pub(super) fn write(store: &Store, namespace: &str, name: &str, service: &Selecting, groups: &Groups<'_>) {
    let owned = store.owned(&service.uid);
    let ours = owned.iter().filter(|object| object.labels.get(MANAGED_BY).is_some_and(|by| by == CONTROLLER));
    let before: Vec<EndpointSlice> = ours.filter_map(|object| object.read()).collect();
    let Written { added, kept, gone } = plan(namespace, name, service, groups, before);
    // First what is new, then what goes: nobody is in between without what serves.
    for slice in &added {
        // Its name is generated: nobody has it.
        let _ = store.add(slice);
    }
    for (slice, _) in kept.into_iter().filter(|(slice, before)| slice != before) {
        let slice_name = slice.metadata.name.clone().unwrap_or_default();
        let _ = store.edit::<EndpointSlice>(namespace, &slice_name, |stored| *stored = slice);
    }
    for slice in gone {
        let uid = slice.metadata.uid.as_deref();
        let slice_name = slice.metadata.name.as_deref().unwrap_or_default();
        let _ = store.remove(kind_of::<EndpointSlice>(), namespace, slice_name, uid);
    }
}

/// Slices as they shall be and as they were.
type Kept = Vec<(EndpointSlice, EndpointSlice)>;

/// What is to be written.
struct Written {
    added: Vec<EndpointSlice>,
    kept: Kept,
    gone: Vec<EndpointSlice>,
}

fn plan(namespace: &str, name: &str, service: &Selecting, groups: &Groups<'_>, before: Vec<EndpointSlice>) -> Written {
    let mut left = groups.clone();
    // A Service without pods has one slice without endpoints, as of old.
    if left.is_empty() {
        left.insert(Vec::new(), Vec::new());
    }
    let (mut kept, mut gone) = keep(namespace, name, before, &mut left, service);
    let mut added = Vec::new();
    for (ports, members) in left {
        let mut rest = members.into_iter().map(|member| endpoint(namespace, name, service, member)).peekable();
        for (slice, _) in kept.iter_mut().filter(|(slice, _)| ports_of(slice) == ports) {
            let room = MOST.saturating_sub(slice.endpoints.len());
            slice.endpoints.extend(rest.by_ref().take(room));
        }
        while rest.peek().is_some() {
            added.push(new(namespace, name, service, &ports, rest.by_ref().take(MOST).collect()));
        }
    }
    if groups.is_empty() && kept.is_empty() {
        added.push(new(namespace, name, service, &[], Vec::new()));
    }
    let (kept, empty): (Kept, Kept) =
        kept.into_iter().partition(|(slice, _)| groups.is_empty() || !slice.endpoints.is_empty());
    gone.extend(empty.into_iter().map(|(_, before)| before));
    Written { added, kept, gone }
}

/// What of the slices there are stays, as it shall be and as it was; and those of which nothing does. What is in them is
/// taken from `left`.
fn keep(
    namespace: &str,
    name: &str,
    before: Vec<EndpointSlice>,
    left: &mut Groups<'_>,
    service: &Selecting,
) -> (Kept, Vec<EndpointSlice>) {
    let (mut kept, mut gone) = (Kept::new(), Vec::new());
    for slice in before {
        let Some(members) = left.get_mut(&ports_of(&slice)) else {
            gone.push(slice);
            continue;
        };
        let mut by_uid: BTreeMap<&str, &Member> = members.iter().map(|member| (member.uid.as_str(), *member)).collect();
        let mut after = slice.clone();
        after.metadata.labels = Some(labels(name, service));
        after.endpoints = slice
            .endpoints
            .iter()
            .filter_map(|endpoint| by_uid.remove(endpoint.target_ref.as_ref()?.uid.as_deref()?))
            .map(|member| endpoint(namespace, name, service, member))
            .collect();
        members.retain(|member| by_uid.contains_key(member.uid.as_str()));
        kept.push((after, slice));
    }
    (kept, gone)
}

fn ports_of(slice: &EndpointSlice) -> Vec<Resolved> {
    slice.ports.iter().flatten().map(Resolved::from).collect()
}

fn endpoint(namespace: &str, service_name: &str, service: &Selecting, member: &Member) -> Endpoint {
    let hostname = member.hostname.as_ref().filter(|(_, subdomain)| subdomain == service_name);
    Endpoint {
        addresses: vec![member.address.clone()],
        conditions: Some(EndpointConditions {
            ready: Some(service.publish || (member.ready && !member.terminating)),
            serving: Some(member.ready),
            terminating: Some(member.terminating),
        }),
        hostname: hostname.map(|(hostname, _)| hostname.clone()),
        node_name: member.node.clone(),
        target_ref: Some(target(namespace, member)),
        ..Endpoint::default()
    }
}

fn labels(name: &str, service: &Selecting) -> BTreeMap<String, String> {
    let mut labels = service.labels.clone();
    labels.insert(SERVICE.into(), name.into());
    labels.insert(MANAGED_BY.into(), CONTROLLER.into());
    if service.headless {
        labels.insert("service.kubernetes.io/headless".into(), String::new());
    }
    labels
}

fn new(
    namespace: &str,
    name: &str,
    service: &Selecting,
    ports: &[Resolved],
    endpoints: Vec<Endpoint>,
) -> EndpointSlice {
    let ports = ports.iter().map(|port| EndpointPort {
        name: Some(port.name.clone()),
        protocol: Some(port.protocol.clone()),
        port: Some(port.port.into()),
        app_protocol: port.app_protocol.clone(),
    });
    EndpointSlice {
        address_type: "IPv4".into(),
        endpoints,
        metadata: ObjectMeta {
            generate_name: Some(format!("{name}-")),
            namespace: Some(namespace.into()),
            labels: Some(labels(name, service)),
            owner_references: Some(vec![OwnerReference {
                api_version: "v1".into(),
                kind: "Service".into(),
                name: name.into(),
                uid: service.uid.clone(),
                controller: Some(true),
                block_owner_deletion: Some(true),
            }]),
            ..ObjectMeta::default()
        },
        ports: Some(ports.collect()),
    }
}
