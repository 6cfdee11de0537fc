//! The places that a Service's slices or Endpoints name: pods, or addresses that somebody wrote by hand.

use std::collections::BTreeMap;

use k8s_openapi::api::{
    core::v1::{EndpointAddress, Endpoints, ObjectReference},
    discovery::v1::EndpointSlice,
};

use super::Place;
use crate::explain::facts::Addresses;

/// Those that are ready, by name: each once, however many slices and addresses it has.
pub(super) fn places(addresses: &Addresses) -> Vec<Place> {
    let mut places: BTreeMap<(String, String), Place> = BTreeMap::new();
    let named = match addresses {
        Addresses::Slices(slices) => slices.iter().flat_map(of_slice).collect(),
        Addresses::Endpoints(endpoints) => endpoints.iter().flat_map(|endpoints| of_endpoints(endpoints)).collect(),
    };
    let named: Vec<Place> = named;
    for place in named {
        let uid = place.pod.as_ref().map(|(_, uid)| uid.clone()).unwrap_or_default();
        let known = places
            .entry((place.name().to_owned(), uid))
            .or_insert_with(|| Place { ports: Vec::new(), ..place.clone() });
        for port in place.ports {
            if !known.ports.contains(&port) {
                known.ports.push(port);
            }
        }
    }
    places.into_values().collect()
}

fn of_slice(slice: &EndpointSlice) -> Vec<Place> {
    let ports = slice.ports.iter().flatten();
    let ports: Vec<(String, u16)> = ports.filter_map(|port| numbered(port.name.as_ref(), port.port?)).collect();
    let ready = slice.endpoints.iter().filter(|endpoint| {
        // Nil is ready.
        endpoint.conditions.as_ref().and_then(|conditions| conditions.ready) != Some(false)
    });
    let place = |endpoint: &k8s_openapi::api::discovery::v1::Endpoint| Place {
        pod: endpoint.target_ref.as_ref().and_then(pod_of),
        node: endpoint.node_name.clone().unwrap_or_default(),
        node_address: None,
        address: endpoint.addresses.first().cloned().unwrap_or_default(),
        hostname: endpoint.hostname.clone(),
        ports: ports.clone(),
    };
    ready.map(place).collect()
}

fn of_endpoints(endpoints: &Endpoints) -> Vec<Place> {
    let subsets = endpoints.subsets.iter().flatten();
    let of_subset = subsets.flat_map(|subset| {
        let ports = subset.ports.iter().flatten();
        let ports: Vec<(String, u16)> = ports.filter_map(|port| numbered(port.name.as_ref(), port.port)).collect();
        subset.addresses.iter().flatten().map(move |address: &EndpointAddress| Place {
            pod: address.target_ref.as_ref().and_then(pod_of),
            node: address.node_name.clone().unwrap_or_default(),
            node_address: None,
            address: address.ip.clone(),
            hostname: address.hostname.clone(),
            ports: ports.clone(),
        })
    });
    of_subset.collect()
}

/// The pod's name and UID.
fn pod_of(reference: &ObjectReference) -> Option<(String, String)> {
    let is_pod = reference.kind.as_deref() == Some("Pod");
    Some((reference.name.clone().filter(|_| is_pod)?, reference.uid.clone().unwrap_or_default()))
}

fn numbered(name: Option<&String>, number: i32) -> Option<(String, u16)> {
    Some((name.cloned().unwrap_or_default(), u16::try_from(number).ok()?))
}
