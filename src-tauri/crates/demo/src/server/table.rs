//! Tables: what `kubectl get` shows. Columns and cells are the real server's.

mod age;
mod network;
mod pods;
mod rest;
#[cfg(test)]
mod tests;
mod workloads;

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use super::shape::{self, Rows};
use crate::{clock::Clock, kind::Kind, store::Object};

/// A column: its name, and from which width of the table on it is shown.
type Column = (&'static str, Shown);

/// When a column is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Always,
    /// With `-o wide`.
    Wide,
}

use Shown::{Always, Wide};

/// How a kind is shown.
struct Look {
    columns: &'static [Column],
    cells: fn(&Value, Timestamp) -> Vec<Value>,
}

/// What is missing.
const NONE: &str = "<none>";

/// The table of some objects of a kind.
pub(crate) fn of(kind: &Kind, objects: &[&Object], rows: Rows, clock: Clock, meta: Option<Value>) -> Value {
    let look = look(kind);
    let now = clock.now().0;
    let rows: Vec<_> = objects.iter().map(|object| row(&look, object, rows, now)).collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": meta.unwrap_or_else(|| json!({})),
        "columnDefinitions": columns(&look), "rows": rows,
    })
}

fn row(look: &Look, object: &Object, rows: Rows, now: Timestamp) -> Value {
    let mut value = object.value();
    let cells = (look.cells)(&value, now);
    match rows {
        Rows::Nothing => json!({"cells": cells}),
        Rows::Metadata => json!({"cells": cells, "object": shape::partial(value["metadata"].take())}),
        Rows::Whole => json!({"cells": cells, "object": value}),
    }
}

fn columns(look: &Look) -> Vec<Value> {
    let column = |(name, shown): &Column| {
        let priority = i32::from(*shown == Wide);
        let of = match *name {
            "Desired" | "Current" | "Secrets" => "integer",
            "Created At" => "date",
            _ => "string",
        };
        json!({
            "name": name, "type": of, "format": if *name == "Name" { "name" } else { "" }, "description": "",
            "priority": priority,
        })
    };
    look.columns.iter().map(column).collect()
}

fn look(kind: &Kind) -> Look {
    match kind.kind {
        "Pod" => pods::LOOK,
        "Service" => network::SERVICES,
        "Endpoints" => network::ENDPOINTS,
        "EndpointSlice" => network::SLICES,
        "Deployment" => workloads::DEPLOYMENTS,
        "ReplicaSet" | "ReplicationController" => workloads::REPLICAS,
        "StatefulSet" => workloads::STATEFUL_SETS,
        "DaemonSet" => workloads::DAEMON_SETS,
        "Job" => workloads::JOBS,
        "Node" => rest::NODES,
        "Namespace" => rest::NAMESPACES,
        "Event" => rest::EVENTS,
        "ServiceAccount" => rest::SERVICE_ACCOUNTS,
        "Role" | "ClusterRole" => rest::ROLES,
        "RoleBinding" | "ClusterRoleBinding" => rest::ROLE_BINDINGS,
        _ => rest::ANY,
    }
}

// ------------------------------------------------------------ cells

/// The text in a field, or what stands for nothing.
fn text(value: &Value) -> &str {
    value.as_str().filter(|text| !text.is_empty()).unwrap_or(NONE)
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

fn name(object: &Value) -> Value {
    object["metadata"]["name"].clone()
}

fn age(object: &Value, now: Timestamp) -> Value {
    json!(age::since(&object["metadata"]["creationTimestamp"], now))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Texts with commas between, or what stands for nothing.
fn joined(texts: impl IntoIterator<Item = impl Into<String>>, nothing: &str) -> String {
    let texts: Vec<String> = texts.into_iter().map(Into::into).collect();
    if texts.is_empty() { nothing.to_owned() } else { texts.join(",") }
}

/// Labels as selectors say them: `app=web,tier=front`.
fn labels(labels: &Value) -> String {
    let pairs = labels.as_object().into_iter().flatten();
    joined(pairs.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())), NONE)
}

/// A workload's selector as text: labels alone, or with expressions.
pub(crate) fn selector(selector: &Value) -> String {
    if selector.get("matchLabels").is_none() && selector.get("matchExpressions").is_none() {
        return labels(selector);
    }
    let pairs = selector["matchLabels"].as_object().into_iter().flatten();
    let pairs = pairs.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()));
    let expressions = list(&selector["matchExpressions"]).iter().map(|expression| {
        let name = expression["key"].as_str().unwrap_or_default();
        let values = joined(list(&expression["values"]).iter().filter_map(Value::as_str), "");
        match expression["operator"].as_str() {
            Some("In") => format!("{name} in ({values})"),
            Some("NotIn") => format!("{name} notin ({values})"),
            Some("DoesNotExist") => format!("!{name}"),
            _ => name.to_owned(),
        }
    });
    joined(pairs.chain(expressions), NONE)
}

/// The containers' names, and their images.
fn containers(pod: &Value) -> (String, String) {
    let of = |field: &'static str| {
        joined(list(&pod["spec"]["containers"]).iter().filter_map(move |container| container[field].as_str()), "")
    };
    (of("name"), of("image"))
}
