//! kftray's JSON, as its documentation describes it: a list of objects, one a forward.

use serde::Deserialize;
use serde_json::Value;

use super::{Here, free_name};
use crate::profiles::{Profile, Saved, saved::default_hold};

/// What of an entry means something here.
#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(default)]
    service: Option<String>,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    local_port: Option<u16>,
    #[serde(default)]
    remote_port: Option<u16>,
    #[serde(default)]
    context: Option<String>,
    #[serde(default)]
    workload_type: Option<String>,
    #[serde(default)]
    protocol: Option<String>,
    #[serde(default)]
    alias: Option<String>,
    /// A pod's labels.
    #[serde(default)]
    target: Option<String>,
    #[serde(default)]
    local_address: Option<String>,
}

/// Each entry that can be forwarded; and why others are not taken.
pub(super) fn read(json: Value, here: &Here) -> Result<(Vec<Profile>, Vec<String>), String> {
    let entries = match json {
        Value::Array(entries) => entries,
        one => vec![one],
    };
    let (mut found, mut left_out) = (Vec::new(), Vec::new());
    for (n, entry) in (1..).zip(entries) {
        let entry: Entry =
            serde_json::from_value(entry).map_err(|error| format!("entry {n} is none of kftray's: {error}"))?;
        match saved(&entry, here) {
            Ok(saved) => {
                let name = [&entry.alias, &entry.service, &entry.target].into_iter().find_map(some);
                let name = free_name(&name.unwrap_or_else(|| saved.target.clone()), &found);
                found.push(Profile { name, forwards: vec![saved], ..Profile::default() });
            }
            Err(why) => left_out.push(format!("entry {n}: {why}")),
        }
    }
    Ok((found, left_out))
}

/// It writes what is not there as empty, or not at all.
fn some(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}

fn saved(entry: &Entry, here: &Here) -> Result<Saved, String> {
    if let Some(protocol) = some(&entry.protocol).filter(|protocol| !protocol.eq_ignore_ascii_case("tcp")) {
        return Err(format!("it is {protocol}, and Kubernetes' port-forward carries TCP only"));
    }
    let target = match some(&entry.workload_type).as_deref() {
        None | Some("service") => format!("svc/{}", some(&entry.service).ok_or("it names no Service")?),
        Some("pod") => match some(&entry.target) {
            Some(labels) => format!("-l {labels}"),
            None => format!("pod/{}", some(&entry.service).ok_or("it names no pod")?),
        },
        Some(other) => return Err(format!("“{other}” takes a program of kftray's in the cluster")),
    };
    let remote = entry.remote_port.ok_or("it has no remote port")?;
    let address = some(&entry.local_address).filter(|address| address != "localhost");
    let address = address.map(|address| address.parse().map_err(|_| format!("“{address}” is not an address")));
    Ok(Saved {
        context: some(&entry.context)
            .or_else(|| here.current().map(|current| current.id.name.clone()))
            .ok_or("it names no context, and there is no current one here")?,
        namespace: some(&entry.namespace).unwrap_or_else(|| "default".into()),
        target,
        ports: vec![
            entry
                .local_port
                .filter(|port| *port != 0)
                .map_or(format!(":{remote}"), |local| format!("{local}:{remote}")),
        ],
        // Its own default, told in full by every entry that it writes.
        address: address
            .transpose()?
            .into_iter()
            .filter(|address| *address != std::net::IpAddr::from([127, 0, 0, 1]))
            .collect(),
        hold_seconds: default_hold(),
        ..Saved::default()
    })
}
