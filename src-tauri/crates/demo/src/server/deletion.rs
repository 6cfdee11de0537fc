//! How objects are deleted.
//!
//! A pod that runs is told to end: it is marked, and its kubelet removes it. A namespace is marked, and its controller
//! empties it. All else goes at once; what it owned is the garbage collector's, unless it is to be orphaned.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Value, json};

use super::status::Status;
use crate::{
    Store,
    kind::{KINDS, Kind},
    store::{Object, Refused},
};

/// What becomes of what the object owned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dependants {
    /// The garbage collector removes them.
    #[default]
    Collected,
    /// They stay, and have no owner any more.
    Orphaned,
}

/// How to delete.
#[derive(Clone, Debug, Default)]
pub struct Deletion {
    /// So many seconds for a pod to end; its own number where it is `None`.
    pub grace: Option<i64>,
    /// What becomes of what it owned.
    pub dependants: Dependants,
    /// Only this one.
    pub uid: Option<String>,
    /// Only as of this version.
    pub version: Option<String>,
    /// Only to see whether it would work.
    pub dry_run: bool,
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum Deleted {
    /// It is marked, and will go.
    Marked(Arc<Object>),
    /// It is gone.
    Gone(Arc<Object>),
}

impl Deleted {
    /// As it is, or was last.
    pub fn object(&self) -> &Arc<Object> {
        match self {
            Deleted::Marked(object) | Deleted::Gone(object) => object,
        }
    }
}

/// Deletes an object, as a `DELETE` of it does.
///
/// # Errors
/// When there is none, or it is not the one that was meant.
pub fn delete(
    store: &Store,
    kind: &'static Kind,
    namespace: &str,
    name: &str,
    how: &Deletion,
) -> Result<Deleted, Status> {
    let object = store.get(kind, namespace, name).ok_or_else(|| Status::not_found(kind, name))?;
    meant(&object, how)?;
    if how.dry_run {
        return Ok(Deleted::Gone(object));
    }
    let fate = match kind.kind {
        "Pod" => pod(&object, how),
        "Namespace" => Fate::Marked { grace: None },
        _ => Fate::Gone,
    };
    match fate {
        Fate::Marked { grace } => mark(store, &object, grace).map(Deleted::Marked),
        Fate::Gone => {
            let refused = |refused: Refused| Status::refused(&refused, kind, name);
            let gone = store.remove(kind, namespace, name, Some(&object.uid)).map_err(refused)?;
            if how.dependants == Dependants::Orphaned {
                orphan(store, &gone);
            }
            Ok(Deleted::Gone(gone))
        }
    }
}

enum Fate {
    Marked { grace: Option<i64> },
    Gone,
}

fn meant(object: &Object, how: &Deletion) -> Result<(), Status> {
    let (kind, name) = (object.kind, object.name.as_str());
    let version = object.version.to_string();
    let wanted = [("UID", &how.uid, &object.uid), ("ResourceVersion", &how.version, &version)];
    for (what, wanted, actual) in wanted {
        if let Some(wanted) = wanted.as_ref().filter(|wanted| *wanted != actual) {
            return Err(Status::precondition(
                kind,
                name,
                &format!(
                    "the {what} in the precondition ({wanted}) does not match the {what} in record ({actual}). The \
                     object might have been deleted and then recreated"
                ),
            ));
        }
    }
    Ok(())
}

/// A pod that nothing has started, and one that has ended, needs no time to end.
fn pod(pod: &Object, how: &Deletion) -> Fate {
    let pod = pod.value();
    let own = pod["spec"]["terminationGracePeriodSeconds"].as_i64().unwrap_or(30);
    // Less than nothing means as little as possible that is not by force.
    let grace = how.grace.map_or(own, |grace| if grace < 0 { 1 } else { grace });
    let started = pod["spec"]["nodeName"].as_str().is_some_and(|node| !node.is_empty());
    let ended = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    match grace {
        0 => Fate::Gone,
        _ if !started || ended => Fate::Gone,
        grace => Fate::Marked { grace: Some(grace) },
    }
}

fn mark(store: &Store, object: &Object, grace: Option<i64>) -> Result<Arc<Object>, Status> {
    let now = store.clock().now().0;
    store
        .modify(object.kind, &object.namespace, &object.name, |object| {
            let meta = &mut object["metadata"];
            let before = meta["deletionGracePeriodSeconds"].as_i64();
            let marked = meta["deletionTimestamp"].is_string();
            // Whoever deletes again can only shorten it.
            if !marked || grace.zip(before).is_some_and(|(grace, before)| grace < before) {
                let seconds = std::time::Duration::from_secs(grace.unwrap_or(0).try_into().unwrap_or(0));
                let at = now.checked_add(seconds).unwrap_or(now);
                meta["deletionTimestamp"] = json!(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(at));
                if let Some(grace) = grace {
                    meta["deletionGracePeriodSeconds"] = json!(grace);
                }
                if !marked && let Some(generation) = meta["generation"].as_u64() {
                    meta["generation"] = json!(generation + 1);
                }
            }
            if object["kind"] == "Namespace" {
                object["status"]["phase"] = json!("Terminating");
            }
            Ok(())
        })
        .map_err(|refused| Status::refused(&refused, object.kind, &object.name))
}

/// Takes the owner from all that it owns.
fn orphan(store: &Store, owner: &Object) {
    for kind in KINDS.iter().filter(|kind| kind.namespaced) {
        for object in store.list(kind, Some(&owner.namespace)).0 {
            // Most have no owner, and are not read for it.
            if !owned(&object, &owner.uid) {
                continue;
            }
            let stripped = store.modify(kind, &object.namespace, &object.name, |object| {
                if let Some(owners) = object["metadata"]["ownerReferences"].as_array_mut() {
                    owners.retain(|reference| reference["uid"] != owner.uid.as_str());
                    if owners.is_empty()
                        && let Some(meta) = object["metadata"].as_object_mut()
                    {
                        meta.remove("ownerReferences");
                    }
                }
                Ok(())
            });
            // What has gone meanwhile needs no stripping.
            drop(stripped);
        }
    }
}

fn owned(object: &Object, owner: &str) -> bool {
    let named = object.json.windows(owner.len()).any(|part| part == owner.as_bytes());
    let owners = || object.value()["metadata"]["ownerReferences"].take();
    named && owners().as_array().is_some_and(|owners| owners.iter().any(|reference| reference["uid"] == owner))
}

impl Deletion {
    /// As `DeleteOptions` say it: what the body says, then the query.
    ///
    /// # Errors
    /// When the body is no JSON object.
    pub fn read(body: &[u8], query: &super::query::Query) -> Result<Self, Status> {
        let options: Value = match body {
            [] => json!({}),
            body => serde_json::from_slice(body)
                .map_err(|error| Status::bad_request(format!("the options of the deletion are no JSON: {error}")))?,
        };
        let text = |name: &str, value: &Value| value.as_str().or(query.get(name)).map(str::to_owned);
        let policy = text("propagationPolicy", &options["propagationPolicy"]);
        let orphan =
            options["orphanDependents"].as_bool() == Some(true) || query.get("orphanDependents") == Some("true");
        let grace = query.get("gracePeriodSeconds").and_then(|grace| grace.parse().ok());
        Ok(Deletion {
            grace: options["gracePeriodSeconds"].as_i64().or(grace),
            dependants: match policy.as_deref() {
                Some("Orphan") => Dependants::Orphaned,
                None if orphan => Dependants::Orphaned,
                _ => Dependants::Collected,
            },
            uid: options["preconditions"]["uid"].as_str().map(str::to_owned),
            version: options["preconditions"]["resourceVersion"].as_str().map(str::to_owned),
            dry_run: query.dry_run() || options["dryRun"].as_array().is_some_and(|all| !all.is_empty()),
        })
    }
}
