//! What leads into a pod.

use http::{Response, StatusCode, header};
use http_body_util::BodyExt;

use super::{
    answer::{Api, Asked},
    body::Body,
    proxy,
    status::Status,
};
use crate::portforward;

pub(crate) async fn answer(api: &Api, asked: Asked) -> Result<Response<Body>, Status> {
    match (asked.kind.kind, asked.target.sub.as_str()) {
        ("Pod", "portforward") => forward(api, asked),
        ("Pod" | "Service", "proxy") => proxy::answer(api, asked).await,
        ("Pod", "log") => {
            pod(api, &asked)?;
            Err(Status::missing("the demo cluster keeps no logs"))
        }
        ("Pod", "exec" | "attach") => {
            pod(api, &asked)?;
            Err(Status::missing("the demo cluster has nothing to execute in its pods: they are programs of its own"))
        }
        _ => Err(Status::unknown()),
    }
}

fn forward(api: &Api, asked: Asked) -> Result<Response<Body>, Status> {
    if !matches!(*asked.request.method(), http::Method::GET | http::Method::POST) {
        return Err(Status::method());
    }
    let pod = pod(api, &asked)?;
    if !asked.request.headers().contains_key(header::UPGRADE) {
        return Err(Status::bad_request("Upgrade request required"));
    }
    let answer = portforward::answer(asked.request, pod, &api.upgrades);
    let answer = answer.map(BodyExt::boxed_unsync);
    tracing::debug!(upgraded = answer.status() == StatusCode::SWITCHING_PROTOCOLS, "a port-forward");
    Ok(answer)
}

fn pod(api: &Api, asked: &Asked) -> Result<portforward::Pod, Status> {
    let (kind, name) = (asked.kind, asked.target.name.as_str());
    let pod = api.store.get(kind, asked.namespace(), name).ok_or_else(|| Status::not_found(kind, name))?;
    let running = pod.value()["status"]["phase"] == "Running";
    Ok(portforward::Pod { namespace: pod.namespace.clone(), name: pod.name.clone(), uid: pod.uid.clone(), running })
}
