//! What the server says when it does not do what it is asked: `Status` objects, in Kubernetes' words.

use http::{Response, StatusCode, header};
use serde_json::{Value, json};

use super::body::{self, Body};
use crate::{kind::Kind, store::Refused};

/// An answer that says why not.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Status {
    code: StatusCode,
    /// In one word, for programs; empty if there is none.
    reason: &'static str,
    message: String,
    details: Value,
    /// The token to go on with, for a list that is forgotten.
    resume: Option<String>,
}

/// What a conflict says where an object has changed.
pub(crate) const CHANGED: &str =
    "the object has been modified; please apply your changes to the latest version and try again";

impl Status {
    fn new(code: StatusCode, reason: &'static str, message: impl Into<String>, details: Value) -> Self {
        Status { code, reason, message: message.into(), details, resume: None }
    }

    /// There is no such object.
    pub fn not_found(kind: &Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", resource(kind));
        Status::new(StatusCode::NOT_FOUND, "NotFound", message, details(kind, kind.plural, name))
    }

    /// There is no such resource.
    pub fn unknown() -> Self {
        let message = "the server could not find the requested resource";
        Status::new(StatusCode::NOT_FOUND, "NotFound", message, json!({}))
    }

    /// An object of that name is there already.
    pub fn exists(kind: &Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", resource(kind));
        Status::new(StatusCode::CONFLICT, "AlreadyExists", message, details(kind, kind.plural, name))
    }

    /// The object is not what it was thought to be.
    pub fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", resource(kind));
        Status::new(StatusCode::CONFLICT, "Conflict", message, details(kind, kind.plural, name))
    }

    /// The object is not the one that was meant. Kubernetes names it by its kind here.
    pub fn precondition(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", full(kind));
        Status::new(StatusCode::CONFLICT, "Conflict", message, details(kind, kind.kind, name))
    }

    /// It cannot be such an object: fields, and what is wrong with each: `Required value`, `Invalid value: …`.
    pub fn invalid(kind: &Kind, name: &str, wrong: &[(String, String)]) -> Self {
        let said: Vec<_> = wrong.iter().map(|(field, what)| format!("{field}: {what}")).collect();
        let all = if said.len() == 1 { said.concat() } else { format!("[{}]", said.join(", ")) };
        let causes: Vec<_> = wrong
            .iter()
            .map(|(field, what)| {
                let required = what.starts_with("Required");
                let reason = if required { "FieldValueRequired" } else { "FieldValueInvalid" };
                json!({"reason": reason, "message": what, "field": field})
            })
            .collect();
        let mut details = details(kind, kind.kind, name);
        details["causes"] = json!(causes);
        let message = format!("{} \"{name}\" is invalid: {all}", full(kind));
        Status::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message, details)
    }

    /// The request makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Status::new(StatusCode::BAD_REQUEST, "BadRequest", message, Value::Null)
    }

    /// Nobody knows who asks.
    pub fn unauthorized() -> Self {
        Status::new(StatusCode::UNAUTHORIZED, "Unauthorized", "Unauthorized", Value::Null)
    }

    /// Who asks may not. `group`, `resource` and `name` are what was asked for.
    pub fn forbidden(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let mut full = if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
        let mut details = json!({"kind": resource});
        if !group.is_empty() {
            details["group"] = json!(group);
        }
        if !name.is_empty() {
            details["name"] = json!(name);
            full = format!("{full} \"{name}\"");
        }
        Status::new(StatusCode::FORBIDDEN, "Forbidden", format!("{full} is forbidden: {why}"), details)
    }

    /// Who asks may not see that path.
    pub fn forbidden_path(why: &str) -> Self {
        Status::new(StatusCode::FORBIDDEN, "Forbidden", format!("forbidden: {why}"), json!({}))
    }

    /// What was asked for is forgotten.
    pub fn expired(message: impl Into<String>) -> Self {
        Status::new(StatusCode::GONE, "Expired", message, Value::Null)
    }

    /// With the token that goes on from there, though things have changed.
    pub fn resume(self, token: String) -> Self {
        Status { resume: Some(token), ..self }
    }

    /// Not now; again in so many seconds.
    pub fn too_many(seconds: u64) -> Self {
        let message = "Too many requests, please try again later.";
        let details = json!({"retryAfterSeconds": seconds});
        Status::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message, details)
    }

    /// The resource does not know that method.
    pub fn method() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Status::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message, json!({}))
    }

    /// The body is of a type that nothing here reads.
    pub fn media_type(message: impl Into<String>) -> Self {
        Status::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message, json!({}))
    }

    /// What stands behind is not there.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Status::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message, Value::Null)
    }

    /// Something failed behind the server.
    pub fn failed(message: impl Into<String>) -> Self {
        Status::new(StatusCode::INTERNAL_SERVER_ERROR, "", message, Value::Null)
    }

    /// A version that is yet to come.
    pub fn ahead(wanted: u64, version: u64) -> Self {
        let message = format!("Timeout: Too large resource version: {wanted}, current: {version}");
        let details = json!({
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": 1,
        });
        Status::new(StatusCode::GATEWAY_TIMEOUT, "Timeout", message, details)
    }

    /// The demo cluster does not do that.
    pub fn missing(message: impl Into<String>) -> Self {
        Status::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message, json!({}))
    }

    /// What the store refuses.
    pub fn refused(refused: &Refused, kind: &Kind, name: &str) -> Self {
        match refused {
            Refused::NotFound { name, .. } => Status::not_found(kind, name),
            Refused::Exists { name, .. } => Status::exists(kind, name),
            Refused::Conflict(why) => Status::conflict(kind, name, why),
            Refused::Invalid(why) => {
                let (field, what) = why.split_once(": ").unwrap_or(("", why));
                Status::invalid(kind, name, &[(field.to_owned(), what.to_owned())])
            }
        }
    }

    /// As an object.
    pub fn value(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "code": self.code.as_u16(),
        });
        if !self.reason.is_empty() {
            status["reason"] = json!(self.reason);
        }
        if !self.details.is_null() {
            status["details"] = self.details.clone();
        }
        if let Some(token) = &self.resume {
            status["metadata"]["continue"] = json!(token);
        }
        status
    }

    /// As an answer.
    pub(crate) fn answer(&self) -> Response<Body> {
        let mut response = body::json(self.code, &self.value());
        if let Some(seconds) = self.details["retryAfterSeconds"].as_u64() {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// That something has gone, as most kinds' deletion is answered.
pub(crate) fn gone(kind: &Kind, name: &str, uid: &str) -> Value {
    let mut details = details(kind, kind.plural, name);
    details["uid"] = json!(uid);
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}

fn resource(kind: &Kind) -> String {
    if kind.group.is_empty() { kind.plural.to_owned() } else { format!("{}.{}", kind.plural, kind.group) }
}

fn full(kind: &Kind) -> String {
    if kind.group.is_empty() { kind.kind.to_owned() } else { format!("{}.{}", kind.kind, kind.group) }
}

fn details(kind: &Kind, said: &str, name: &str) -> Value {
    let mut details = json!({"kind": said, "name": name});
    if !kind.group.is_empty() {
        details["group"] = json!(kind.group);
    }
    details
}
