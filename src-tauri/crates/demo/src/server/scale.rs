//! The scale of a workload: how many pods it wants, and has.

use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::{
    answer::{Api, Asked},
    body::{self, Body},
    patch::Patch,
    status::Status,
    write,
};
use crate::kind::Kind;

/// Whether its objects have one.
pub(crate) fn has(kind: &Kind) -> bool {
    matches!(kind.kind, "Deployment" | "ReplicaSet" | "StatefulSet" | "ReplicationController")
}

pub(crate) async fn answer(api: &Api, asked: Asked) -> Result<Response<Body>, Status> {
    let method = asked.request.method().clone();
    let (parts, carried) = write::take_body(asked).await?;
    let (kind, name) = (parts.kind, parts.name.as_str());
    let stored = match method {
        Method::GET => api.store.get(kind, &parts.namespace, name).ok_or_else(|| Status::not_found(kind, name))?,
        Method::PUT => {
            let wanted = write::parse(&parts.headers, &carried)?;
            write::update(&api.store, &parts, |old| Ok(scaled(old, &wanted)))?
        }
        Method::PATCH => {
            let patch = Patch::parse(&parts.headers, &carried)?;
            write::update(&api.store, &parts, |old| Ok(scaled(old, &patch.apply(&scale(old), kind)?)))?
        }
        _ => return Err(Status::method()),
    };
    Ok(body::json(StatusCode::OK, &scale(&stored.value())))
}

/// The workload with the scale that is wanted.
fn scaled(old: &Value, wanted: &Value) -> Value {
    let mut new = old.clone();
    new["spec"]["replicas"] = wanted["spec"]["replicas"].as_u64().unwrap_or_default().into();
    // A version, where one is meant.
    new["metadata"]["resourceVersion"] = wanted["metadata"]["resourceVersion"].clone();
    new
}

fn scale(workload: &Value) -> Value {
    let meta = &workload["metadata"];
    let mut own = json!({});
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        own[field] = meta[field].clone();
    }
    let selector = &workload["spec"]["selector"];
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": own,
        "spec": {"replicas": workload["spec"]["replicas"]},
        "status": {
            "replicas": workload["status"]["replicas"].as_u64().unwrap_or_default(),
            "selector": super::table::selector(selector),
        },
    })
}
