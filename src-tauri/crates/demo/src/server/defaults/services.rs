//! What Services are given: addresses and ports of their own.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{default, list, within};
use crate::{Store, kind::Kind};

/// The first node port, as Kubernetes has it by default.
const FIRST_NODE_PORT: u64 = 30_000;

/// The last one.
const LAST_NODE_PORT: u64 = 32_767;

pub(super) fn apply(object: &mut Value, store: &Store) {
    let spec = within(object, "spec");
    default(spec, "type", "ClusterIP");
    default(spec, "sessionAffinity", "None");
    let kind = spec["type"].as_str().unwrap_or_default().to_owned();
    for port in list(spec, "ports") {
        default(port, "protocol", "TCP");
        let number = port["port"].clone();
        default(port, "targetPort", number);
    }
    if kind != "ExternalName" {
        addresses(spec, store);
    }
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
        default(spec, "externalTrafficPolicy", "Cluster");
        node_ports(spec, store);
    }
    default(within(object, "status"), "loadBalancer", json!({}));
}

fn addresses(spec: &mut Value, store: &Store) {
    default(spec, "internalTrafficPolicy", "Cluster");
    default(spec, "ipFamilies", json!(["IPv4"]));
    default(spec, "ipFamilyPolicy", "SingleStack");
    if spec["clusterIP"].as_str().is_none_or(str::is_empty) {
        let taken: HashSet<_> = others(store).filter_map(|spec| Some(spec["clusterIP"].as_str()?.to_owned())).collect();
        // 10.96.0.0/12 has a million addresses: a few tries find a free one.
        let free = std::iter::repeat_with(address).take(100).find(|address| !taken.contains(address));
        spec["clusterIP"] = json!(free.unwrap_or_else(address));
    }
    let first = spec["clusterIP"].clone();
    default(spec, "clusterIPs", json!([first]));
}

/// One of 10.96.0.0/12; not one of the first, which have their users in real clusters (10.96.0.1, 10.96.0.10).
fn address() -> String {
    let number = fastrand::u32(256..(1 << 20) - 1);
    format!("10.{}.{}.{}", 96 + (number >> 16), (number >> 8) & 255, number & 255)
}

fn node_ports(spec: &mut Value, store: &Store) {
    let own = numbers(spec);
    let mut taken: HashSet<u64> = others(store).flat_map(|spec| numbers(&spec)).chain(own).collect();
    for port in list(spec, "ports") {
        if port["nodePort"].as_u64().is_some_and(|number| number > 0) {
            continue;
        }
        if let Some(free) = (FIRST_NODE_PORT..=LAST_NODE_PORT).find(|number| !taken.contains(number)) {
            taken.insert(free);
            port["nodePort"] = json!(free);
        }
    }
}

fn numbers(spec: &Value) -> Vec<u64> {
    spec["ports"].as_array().into_iter().flatten().filter_map(|port| port["nodePort"].as_u64()).collect()
}

fn others(store: &Store) -> impl Iterator<Item = Value> {
    let services = Kind::named("v1", "Service").map(|kind| store.list(kind, None).0).unwrap_or_default();
    services.into_iter().map(|service| service.value()["spec"].take())
}
