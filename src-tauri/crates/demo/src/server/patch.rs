//! Patches, of the three kinds that clients send.

mod strategic;
#[cfg(test)]
mod tests;

use http::{HeaderMap, header};
use serde_json::Value;

use super::status::Status;
use crate::kind::Kind;

/// What to change.
#[derive(Clone, Debug)]
pub(crate) enum Patch {
    /// RFC 6902.
    Json(json_patch::Patch),
    /// RFC 7386.
    Merge(Value),
    /// Kubernetes' own: a merge that knows which lists are sets, and of what.
    Strategic(Value),
}

impl Patch {
    pub(crate) fn parse(headers: &HeaderMap, bytes: &[u8]) -> Result<Self, Status> {
        let said = headers.get(header::CONTENT_TYPE).and_then(|said| said.to_str().ok()).unwrap_or_default();
        let wrong = |error: serde_json::Error| Status::bad_request(format!("the patch cannot be read: {error}"));
        match said.split(';').next().unwrap_or_default().trim() {
            "application/json-patch+json" => Ok(Patch::Json(serde_json::from_slice(bytes).map_err(wrong)?)),
            "application/merge-patch+json" => Ok(Patch::Merge(serde_json::from_slice(bytes).map_err(wrong)?)),
            "application/strategic-merge-patch+json" => {
                Ok(Patch::Strategic(serde_json::from_slice(bytes).map_err(wrong)?))
            }
            other => Err(Status::media_type(format!(
                "415: Unsupported Media Type: the demo cluster takes application/json-patch+json, \
                 application/merge-patch+json and application/strategic-merge-patch+json, not {other:?}; without \
                 --server-side, kubectl sends those"
            ))),
        }
    }

    /// The object as it is then.
    pub(crate) fn apply(&self, old: &Value, kind: &Kind) -> Result<Value, Status> {
        let mut new = old.clone();
        // Only a patch that says a version means one.
        if let Some(meta) = new["metadata"].as_object_mut() {
            meta.remove("resourceVersion");
        }
        match self {
            Patch::Json(patch) => json_patch::patch(&mut new, patch).map_err(|error| {
                let name = old["metadata"]["name"].as_str().unwrap_or_default();
                Status::invalid(kind, name, &[("patch".into(), format!("Invalid value: {error}"))])
            })?,
            Patch::Merge(patch) => json_patch::merge(&mut new, patch),
            Patch::Strategic(patch) => strategic::merge(&mut new, patch),
        }
        Ok(new)
    }
}
