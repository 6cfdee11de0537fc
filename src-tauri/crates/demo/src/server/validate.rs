//! What an object must be, as far as kubectl's users and Portolan's tests find out.

use serde_json::Value;

use super::status::Status;
use crate::kind::Kind;

type Wrong = Vec<(String, String)>;

/// What a name may be.
const NAME: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and \
                    must start and end with an alphanumeric character";

/// Refuses what cannot be such an object. Its defaults are applied.
pub(crate) fn check(kind: &Kind, object: &Value) -> Result<(), Status> {
    let mut wrong = Wrong::new();
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    // RBAC takes any name.
    if !name.is_empty() && !kind.group.starts_with("rbac.") && !named(name) {
        wrong.push(("metadata.name".into(), format!("Invalid value: \"{name}\": {NAME}")));
    }
    match kind.kind {
        "Pod" => containers("spec", &object["spec"], &mut wrong),
        "Service" => service(&object["spec"], &mut wrong),
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "ReplicationController" | "Job" => {
            containers("spec.template.spec", &object["spec"]["template"]["spec"], &mut wrong);
            if kind.kind != "Job" {
                selector(kind, &object["spec"], &mut wrong);
            }
        }
        _ => {}
    }
    if wrong.is_empty() { Ok(()) } else { Err(Status::invalid(kind, name, &wrong)) }
}

fn named(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() <= 253
        && name.chars().all(|c| inner(c) || c == '-' || c == '.')
        && name.starts_with(inner)
        && name.ends_with(inner)
}

fn required(field: &str, wrong: &mut Wrong) {
    wrong.push((field.to_owned(), "Required value".into()));
}

fn containers(at: &str, spec: &Value, wrong: &mut Wrong) {
    let containers = spec["containers"].as_array().map(Vec::as_slice).unwrap_or_default();
    if containers.is_empty() {
        required(&format!("{at}.containers"), wrong);
    }
    for (index, container) in containers.iter().enumerate() {
        for field in ["name", "image"] {
            if container[field].as_str().is_none_or(str::is_empty) {
                required(&format!("{at}.containers[{index}].{field}"), wrong);
            }
        }
    }
}

fn service(spec: &Value, wrong: &mut Wrong) {
    let ports = spec["ports"].as_array().map(Vec::as_slice).unwrap_or_default();
    let external = spec["type"] == "ExternalName";
    if ports.is_empty() && !external && spec["clusterIP"] != "None" {
        required("spec.ports", wrong);
    }
    if external && spec["externalName"].as_str().is_none_or(str::is_empty) {
        required("spec.externalName", wrong);
    }
    for (index, port) in ports.iter().enumerate() {
        if ports.len() > 1 && port["name"].as_str().is_none_or(str::is_empty) {
            required(&format!("spec.ports[{index}].name"), wrong);
        }
        if !port["port"].as_u64().is_some_and(|port| (1..=65_535).contains(&port)) {
            let what = format!("Invalid value: {}: must be between 1 and 65535, inclusive", port["port"]);
            wrong.push((format!("spec.ports[{index}].port"), what));
        }
    }
}

/// A workload's selector selects the pods of its own template.
fn selector(kind: &Kind, spec: &Value, wrong: &mut Wrong) {
    let old = kind.kind == "ReplicationController";
    let wanted = if old { &spec["selector"] } else { &spec["selector"]["matchLabels"] };
    if spec["selector"].is_null() {
        return required("spec.selector", wrong);
    }
    let labels = &spec["template"]["metadata"]["labels"];
    let mut wanted = wanted.as_object().into_iter().flatten();
    if wanted.all(|(name, value)| labels[name] == *value) {
        return;
    }
    let said: Vec<_> =
        labels.as_object().into_iter().flatten().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    let what =
        format!("Invalid value: map[string]string{{{}}}: `selector` does not match template `labels`", said.join(", "));
    wrong.push(("spec.template.metadata.labels".into(), what));
}
