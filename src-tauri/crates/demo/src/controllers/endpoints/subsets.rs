//! Endpoints: one object a Service, with all its pods.

use k8s_openapi::{
    api::core::v1::{EndpointAddress, EndpointPort, EndpointSubset, Endpoints},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use crate::Store;

use super::{
    Groups, Resolved,
    index::{Member, Selecting},
    target,
};

/// As many addresses as Kubernetes puts into one; it says when it leaves some out.
const MOST: usize = 1000;
const OVER: &str = "endpoints.kubernetes.io/over-capacity";

/// Writes the Endpoints of a Service, if they are not as they should be.
pub(super) fn write(store: &Store, namespace: &str, name: &str, service: &Selecting, groups: &Groups<'_>) {
    let mut room = MOST;
    let subsets: Vec<EndpointSubset> = groups
        .iter()
        // Who is reached at no port is not listed, unless no port is asked for.
        .filter(|(ports, _)| !ports.is_empty() || service.ports.is_empty())
        .map(|(ports, members)| subset(namespace, name, service, ports, members, &mut room))
        .collect();
    let all: usize = groups.values().map(Vec::len).sum();
    let mut labels = service.labels.clone();
    labels.insert("endpoints.kubernetes.io/managed-by".into(), "endpoint-controller".into());
    if service.headless {
        labels.insert("service.kubernetes.io/headless".into(), String::new());
    }
    let subsets = Some(subsets).filter(|subsets| !subsets.is_empty());
    let set = |endpoints: &mut Endpoints| {
        endpoints.metadata.labels = Some(labels.clone());
        endpoints.subsets = subsets.clone();
        let annotations = endpoints.metadata.annotations.get_or_insert_default();
        if all > MOST {
            annotations.insert(OVER.into(), "truncated".into());
        } else {
            annotations.remove(OVER);
        }
        endpoints.metadata.annotations.take_if(|annotations| annotations.is_empty());
    };
    if store.edit(namespace, name, set).is_err() {
        let mut endpoints = Endpoints {
            metadata: ObjectMeta {
                name: Some(name.into()),
                namespace: Some(namespace.into()),
                ..ObjectMeta::default()
            },
            subsets: None,
        };
        set(&mut endpoints);
        // Somebody else was quicker: it is looked at again when they delete it.
        let _ = store.add(&endpoints);
    }
}

fn subset(
    namespace: &str,
    name: &str,
    service: &Selecting,
    ports: &[Resolved],
    members: &[&Member],
    room: &mut usize,
) -> EndpointSubset {
    let listed = &members[..members.len().min(*room)];
    *room -= listed.len();
    let (ready, unready): (Vec<&Member>, Vec<&Member>) =
        listed.iter().copied().partition(|member| member.ready || service.publish);
    let addresses = |members: Vec<&Member>| -> Option<Vec<EndpointAddress>> {
        let all: Vec<_> = members.into_iter().map(|member| address(namespace, name, member)).collect();
        Some(all).filter(|all| !all.is_empty())
    };
    let ports: Vec<_> = ports
        .iter()
        .map(|port| EndpointPort {
            name: Some(port.name.clone()).filter(|name| !name.is_empty()),
            port: port.port.into(),
            protocol: Some(port.protocol.clone()),
            app_protocol: port.app_protocol.clone(),
        })
        .collect();
    EndpointSubset {
        addresses: addresses(ready),
        not_ready_addresses: addresses(unready),
        ports: Some(ports).filter(|ports| !ports.is_empty()),
    }
}

fn address(namespace: &str, service_name: &str, member: &Member) -> EndpointAddress {
    let hostname = member.hostname.as_ref().filter(|(_, subdomain)| subdomain == service_name);
    EndpointAddress {
        hostname: hostname.map(|(hostname, _)| hostname.clone()),
        ip: member.address.clone(),
        node_name: member.node.clone(),
        target_ref: Some(target(namespace, member)),
    }
}
