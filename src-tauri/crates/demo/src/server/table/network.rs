//! How Services and what stands behind them are shown.

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use super::{Always, Look, NONE, Wide, joined, labels, list, number, text};

/// What a list of addresses shows before it says how many more there are.
const SHOWN: usize = 3;

pub(super) const SERVICES: Look = Look {
    columns: &[
        ("Name", Always),
        ("Type", Always),
        ("Cluster-IP", Always),
        ("External-IP", Always),
        ("Port(s)", Always),
        ("Age", Always),
        ("Selector", Wide),
    ],
    cells: service,
};

fn service(service: &Value, now: Timestamp) -> Vec<Value> {
    let spec = &service["spec"];
    let ports = list(&spec["ports"]).iter().map(|port| {
        let protocol = port["protocol"].as_str().unwrap_or("TCP");
        match number(&port["nodePort"]) {
            0 => format!("{}/{protocol}", port["port"]),
            node => format!("{}:{node}/{protocol}", port["port"]),
        }
    });
    vec![
        super::name(service),
        spec["type"].clone(),
        json!(text(&spec["clusterIP"])),
        json!(external(service)),
        json!(joined(ports, NONE)),
        super::age(service, now),
        json!(labels(&spec["selector"])),
    ]
}

fn external(service: &Value) -> String {
    let spec = &service["spec"];
    let extra = list(&spec["externalIPs"]).iter().filter_map(|ip| ip.as_str().map(str::to_owned));
    match spec["type"].as_str() {
        Some("ExternalName") => text(&spec["externalName"]).to_owned(),
        Some("LoadBalancer") => {
            let ingress = list(&service["status"]["loadBalancer"]["ingress"]).iter();
            let given = ingress.filter_map(|way| way["ip"].as_str().or(way["hostname"].as_str()).map(str::to_owned));
            joined(given.chain(extra), "<pending>")
        }
        _ => joined(extra, NONE),
    }
}

pub(super) const ENDPOINTS: Look =
    Look { columns: &[("Name", Always), ("Endpoints", Always), ("Age", Always)], cells: endpoints };

fn endpoints(endpoints: &Value, now: Timestamp) -> Vec<Value> {
    let mut all = Vec::new();
    for subset in list(&endpoints["subsets"]) {
        let ips = || list(&subset["addresses"]).iter().map(|address| address["ip"].as_str().unwrap_or_default());
        let ports = list(&subset["ports"]);
        if ports.is_empty() {
            all.extend(ips().map(str::to_owned));
        }
        for port in ports {
            all.extend(ips().map(|ip| format!("{ip}:{}", port["port"])));
        }
    }
    vec![super::name(endpoints), json!(shortened(all, NONE)), super::age(endpoints, now)]
}

pub(super) const SLICES: Look = Look {
    columns: &[("Name", Always), ("AddressType", Always), ("Ports", Always), ("Endpoints", Always), ("Age", Always)],
    cells: slice,
};

fn slice(slice: &Value, now: Timestamp) -> Vec<Value> {
    let ports = list(&slice["ports"]).iter().map(|port| match number(&port["port"]) {
        0 => "*".to_owned(),
        port => port.to_string(),
    });
    let addresses = list(&slice["endpoints"]).iter().flat_map(|endpoint| list(&endpoint["addresses"]));
    let addresses = addresses.filter_map(|address| address.as_str().map(str::to_owned));
    vec![
        super::name(slice),
        slice["addressType"].clone(),
        json!(shortened(ports.collect(), "<unset>")),
        json!(shortened(addresses.collect(), "<unset>")),
        super::age(slice, now),
    ]
}

fn shortened(mut all: Vec<String>, nothing: &str) -> String {
    let more = all.len().saturating_sub(SHOWN);
    all.truncate(SHOWN);
    let shown = joined(all, nothing);
    if more == 0 { shown } else { format!("{shown} + {more} more...") }
}
