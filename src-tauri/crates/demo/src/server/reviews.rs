//! Questions what one may do: `kubectl auth can-i`.

use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::{
    answer::Api,
    body::{self, Body},
    path::Target,
    protobuf,
    rights::{self, Wish},
    status::Status,
    users::ADMINISTRATOR,
    write,
};

pub(crate) async fn answer(
    api: &Api,
    user: &str,
    target: &Target,
    request: Request<Incoming>,
) -> Result<Response<Body>, Status> {
    if target.version != "v1" || !target.name.is_empty() {
        return Err(Status::unknown());
    }
    let answer = match target.resource.as_str() {
        "selfsubjectaccessreviews" => access,
        "selfsubjectrulesreviews" => rules,
        _ => return Err(Status::unknown()),
    };
    if request.method() != Method::POST {
        return Err(Status::method());
    }
    let (head, carried) = request.into_parts();
    let carried = body::read(carried).await?;
    let mut review = match protobuf::review(&carried) {
        Some(review) => review,
        None => write::parse(&head.headers, &carried)?,
    };
    review["status"] = answer(api, user, &review["spec"]);
    review["metadata"] = json!({"creationTimestamp": null});
    Ok(body::json(StatusCode::CREATED, &review))
}

fn access(api: &Api, user: &str, spec: &Value) -> Value {
    let wanted = &spec["resourceAttributes"];
    let text = |field: &str| wanted[field].as_str().unwrap_or_default().to_owned();
    let allowed = if wanted.is_object() {
        let wish = Wish {
            verb: text("verb"),
            group: text("group"),
            resource: text("resource"),
            sub: text("subresource"),
            namespace: text("namespace"),
            name: text("name"),
        };
        wish.granted(user, &api.store, &api.faults)
    } else {
        let path = spec["nonResourceAttributes"]["path"].as_str().unwrap_or_default();
        rights::check_path(user, path).is_ok()
    };
    json!({"allowed": allowed})
}

fn rules(api: &Api, user: &str, spec: &Value) -> Value {
    let namespace = spec["namespace"].as_str().unwrap_or_default();
    let everything = json!([{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]);
    let resources = match user {
        ADMINISTRATOR => everything,
        user => json!(rights::rules(user, namespace, &api.store)),
    };
    json!({"resourceRules": resources, "nonResourceRules": [], "incomplete": false})
}
