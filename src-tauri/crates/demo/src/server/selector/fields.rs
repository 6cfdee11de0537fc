//! Field selectors: each kind knows a few fields.

use serde_json::Value;

use crate::{kind::Kind, server::status::Status, store::Object};

/// One requirement: path, value, and whether it has to be that value.
pub(super) fn parse(said: &str) -> Result<(String, String, bool), Status> {
    let (field, value) = said
        .split_once('=')
        .ok_or_else(|| Status::bad_request(format!("invalid selector: '{said}'; can't understand '{said}'")))?;
    let value = value.strip_prefix('=').unwrap_or(value).trim();
    Ok(match field.strip_suffix('!') {
        Some(field) => (field.trim().into(), value.into(), false),
        None => (field.trim().into(), value.into(), true),
    })
}

/// Refuses a field that objects of that kind are not selected by.
pub(super) fn check(kind: &Kind, field: &str) -> Result<(), Status> {
    let known: &[&str] = match kind.kind {
        "Pod" => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        "Event" => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        "Namespace" => &["status.phase"],
        "Node" => &["spec.unschedulable"],
        "Job" => &["status.successful"],
        "ReplicaSet" | "ReplicationController" => &["status.replicas"],
        "Service" => &["spec.clusterIP", "spec.type"],
        _ => &[],
    };
    if known.contains(&field) || field == "metadata.name" || field == "metadata.namespace" && kind.namespaced {
        return Ok(());
    }
    Err(Status::bad_request(if known.is_empty() {
        let both = r#""metadata.name", "metadata.namespace""#;
        let own = if kind.namespaced { both } else { r#""metadata.name""# };
        format!("\"{field}\" is not a known field selector: only {own}")
    } else {
        format!("field label not supported: {field}")
    }))
}

/// Whether all of them hold. The object is read only where it has to be.
pub(super) fn hold(fields: &[(String, String, bool)], object: &Object) -> bool {
    let mut read: Option<Value> = None;
    fields.iter().all(|(field, wanted, is)| {
        let same = match field.as_str() {
            "metadata.name" => object.name == *wanted,
            "metadata.namespace" => object.namespace == *wanted,
            field => {
                let object = read.get_or_insert_with(|| object.value());
                text(field, at(object, field)) == *wanted
            }
        };
        same == *is
    })
}

fn at<'a>(object: &'a Value, field: &str) -> &'a Value {
    match field {
        "status.successful" => &object["status"]["succeeded"],
        "source" => &object["source"]["component"],
        field => field.split('.').fold(object, |value, part| &value[part]),
    }
}

/// Kubernetes compares what is missing as what it would be.
fn text(field: &str, value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => match field {
            "spec.unschedulable" => "false".into(),
            "status.replicas" | "status.successful" => "0".into(),
            _ => String::new(),
        },
        other => other.to_string(),
    }
}
