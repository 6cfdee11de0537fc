//! Writes: what is created, changed and deleted.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use serde_json::{Value, json};

use super::{
    answer::{Api, Asked},
    body::{self, Body},
    defaults,
    deletion::{self, Deleted, Deletion},
    patch::Patch,
    status::{self, CHANGED, Status},
    validate,
};
use crate::{
    Store,
    kind::Kind,
    store::{Object, Refused},
};

/// How often a change is tried again that somebody else came before.
const TRIES: usize = 20;

pub(crate) async fn create(api: &Api, asked: Asked) -> Result<Response<Body>, Status> {
    let (parts, asked_body) = take_body(asked).await?;
    let Taken { kind, namespace, sub, .. } = &parts;
    if !sub.is_empty() || kind.namespaced && namespace.is_empty() {
        return Err(Status::method());
    }
    let mut object = parse(&parts.headers, &asked_body)?;
    of_kind(kind, &object)?;
    in_namespace(kind, namespace, &object)?;
    if kind.namespaced {
        open(&api.store, kind, namespace, &object)?;
    }
    fresh(&mut object);
    defaults::apply(kind, &mut object, &api.store);
    validate::check(kind, &object)?;
    let stored = match parts.dry_run {
        true => try_create(&api.store, kind, namespace, object)?,
        false => {
            let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            let refused = |refused: Refused| Status::refused(&refused, kind, &name);
            api.store.create(kind, namespace, object).map_err(refused)?
        }
    };
    Ok(body::written(StatusCode::CREATED, parts.shape.one(&stored, api.store.clock())))
}

/// Creates it in a store that nobody else sees.
fn try_create(store: &Store, kind: &'static Kind, namespace: &str, object: Value) -> Result<Arc<Object>, Status> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    if store.get(kind, namespace, &name).is_some() {
        return Err(Status::exists(kind, &name));
    }
    let created = Store::new(store.clock()).create(kind, namespace, object);
    created.map_err(|refused| Status::refused(&refused, kind, &name))
}

pub(crate) async fn put(api: &Api, asked: Asked) -> Result<Response<Body>, Status> {
    let (parts, asked_body) = take_body(asked).await?;
    let object = parse(&parts.headers, &asked_body)?;
    of_kind(parts.kind, &object)?;
    in_namespace(parts.kind, &parts.namespace, &object)?;
    let named = object["metadata"]["name"].as_str().unwrap_or_default();
    if named != parts.name {
        return Err(Status::bad_request(format!(
            "the name of the object ({named}) does not match the name on the URL ({})",
            parts.name
        )));
    }
    change(api, &parts, |_| Ok(object.clone()))
}

pub(crate) async fn patch(api: &Api, asked: Asked) -> Result<Response<Body>, Status> {
    let (parts, asked_body) = take_body(asked).await?;
    let patch = Patch::parse(&parts.headers, &asked_body)?;
    change(api, &parts, |old| patch.apply(old, parts.kind))
}

/// Changes an object, or its status.
fn change(api: &Api, parts: &Taken, new: impl Fn(&Value) -> Result<Value, Status>) -> Result<Response<Body>, Status> {
    let stored = update(&api.store, parts, new)?;
    Ok(body::written(StatusCode::OK, parts.shape.one(&stored, api.store.clock())))
}

/// Reads, changes, and writes if nobody else has meanwhile; else again, unless one version was meant.
pub(crate) fn update(
    store: &Store,
    parts: &Taken,
    new: impl Fn(&Value) -> Result<Value, Status>,
) -> Result<Arc<Object>, Status> {
    let Taken { kind, namespace, name, .. } = parts;
    for _ in 0..TRIES {
        let before = store.get(kind, namespace, name).ok_or_else(|| Status::not_found(kind, name))?;
        let old = before.value();
        let wanted = new(&old)?;
        let meant = wanted["metadata"]["resourceVersion"].as_str().unwrap_or_default();
        if !meant.is_empty() && meant != before.version.to_string() {
            return Err(Status::conflict(kind, name, CHANGED));
        }
        same_uid(kind, &before, &wanted)?;
        let mut wanted = kept(kind, &parts.sub, &old, wanted);
        defaults::apply(kind, &mut wanted, store);
        validate::check(kind, &wanted)?;
        if parts.dry_run {
            return try_create(&Store::new(store.clock()), kind, namespace, wanted);
        }
        let written = store.modify(kind, namespace, name, |now| {
            if now["metadata"]["resourceVersion"] != old["metadata"]["resourceVersion"] {
                return Err(Refused::Conflict(CHANGED.into()));
            }
            *now = wanted;
            Ok(())
        });
        match written {
            Err(Refused::Conflict(_)) => {}
            written => return written.map_err(|refused| Status::refused(&refused, kind, name)),
        }
    }
    Err(Status::conflict(kind, name, CHANGED))
}

fn same_uid(kind: &Kind, before: &Object, wanted: &Value) -> Result<(), Status> {
    match wanted["metadata"]["uid"].as_str() {
        Some(uid) if !uid.is_empty() && uid != before.uid => Err(Status::precondition(
            kind,
            &before.name,
            &format!(
                "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might have been \
                 deleted and then recreated",
                before.uid
            ),
        )),
        _ => Ok(()),
    }
}

/// What such a change may change: the status, or all but that. Marks of deletion stay.
fn kept(kind: &'static Kind, sub: &str, old: &Value, wanted: Value) -> Value {
    let mut new = match sub {
        "status" => {
            let mut new = old.clone();
            new["status"] = wanted["status"].clone();
            new
        }
        _ => wanted,
    };
    let mut keep = |part: &str, field: &str| match old[part].get(field) {
        Some(value) => new[part][field] = value.clone(),
        None => drop(new[part].as_object_mut().map(|part| part.remove(field))),
    };
    keep("metadata", "deletionTimestamp");
    keep("metadata", "deletionGracePeriodSeconds");
    if kind.kind == "Service" && old["spec"]["type"] == new["spec"]["type"] {
        for field in ["clusterIP", "clusterIPs"] {
            if new["spec"][field].is_null() && !old["spec"][field].is_null() {
                new["spec"][field] = old["spec"][field].clone();
            }
        }
    }
    if sub.is_empty() && defaults::has_status(kind) {
        new["status"] = old["status"].clone();
    }
    (new["apiVersion"], new["kind"]) = (old["apiVersion"].clone(), old["kind"].clone());
    new
}

pub(crate) async fn delete(api: &Api, asked: Asked) -> Result<Response<Body>, Status> {
    let (parts, asked_body) = take_body(asked).await?;
    if !parts.sub.is_empty() {
        return Err(Status::method());
    }
    let how = Deletion::read(&asked_body, &parts.query)?;
    let deleted = deletion::delete(&api.store, parts.kind, &parts.namespace, &parts.name, &how)?;
    let object = deleted.object();
    // Most kinds are answered with no more than that they are gone.
    let told = matches!(parts.kind.kind, "Pod" | "Service" | "ServiceAccount");
    Ok(match &deleted {
        Deleted::Gone(_) if !told => body::json(StatusCode::OK, &status::gone(parts.kind, &object.name, &object.uid)),
        _ => body::written(StatusCode::OK, parts.shape.one(object, api.store.clock())),
    })
}

pub(crate) async fn delete_all(api: &Api, asked: Asked) -> Result<Response<Body>, Status> {
    let selector = asked.selector()?;
    let (parts, asked_body) = take_body(asked).await?;
    let how = Deletion::read(&asked_body, &parts.query)?;
    let namespace = Some(parts.namespace.as_str()).filter(|namespace| !namespace.is_empty());
    let (there, version) = api.store.list(parts.kind, namespace);
    let mut deleted = Vec::new();
    for object in there.iter().filter(|object| selector.matches(object)) {
        // What has gone meanwhile is what was wanted.
        if let Ok(gone) = deletion::delete(&api.store, parts.kind, &object.namespace, &object.name, &how) {
            deleted.push(gone.object().clone());
        }
    }
    let meta = json!({"resourceVersion": version.to_string()});
    Ok(body::written(StatusCode::OK, parts.shape.list(parts.kind, &deleted, &meta, api.store.clock())))
}

// ------------------------------------------------------------ bodies

/// What was asked, without its body.
pub(crate) struct Taken {
    pub(crate) kind: &'static Kind,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) sub: String,
    pub(crate) query: super::query::Query,
    pub(crate) shape: super::shape::Shape,
    pub(crate) headers: HeaderMap,
    pub(crate) dry_run: bool,
}

pub(crate) async fn take_body(asked: Asked) -> Result<(Taken, Bytes), Status> {
    let namespace = asked.namespace().to_owned();
    let Asked { target, kind, query, shape, request } = asked;
    let (head, carried) = request.into_parts();
    let bytes = body::read(carried).await?;
    let dry_run = query.dry_run();
    let (name, sub) = (target.name, target.sub);
    Ok((Taken { kind, namespace, name, sub, query, shape, headers: head.headers, dry_run }, bytes))
}

/// The object that a body is: JSON, or YAML.
pub(crate) fn parse(headers: &HeaderMap, bytes: &[u8]) -> Result<Value, Status> {
    let said = headers.get(header::CONTENT_TYPE).and_then(|said| said.to_str().ok()).unwrap_or("application/json");
    let wrong = |error: String| Status::bad_request(format!("the object provided cannot be read: {error}"));
    let object: Value = match said.split(';').next().unwrap_or_default().trim() {
        "application/json" | "*/*" | "" => serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))?,
        "application/yaml" => serde_saphyr::from_slice(bytes).map_err(|error| wrong(error.to_string()))?,
        other => {
            return Err(Status::media_type(format!(
                "the body of the request was in an unknown format - accepted media types include: application/json, \
                 application/yaml; not {other}"
            )));
        }
    };
    if object.is_object() { Ok(object) } else { Err(wrong("it is no object".into())) }
}

fn of_kind(kind: &Kind, object: &Value) -> Result<(), Status> {
    let said = |field: &str| object[field].as_str().unwrap_or_default().to_owned();
    let (api_version, name) = (said("apiVersion"), said("kind"));
    if (api_version.is_empty() || api_version == kind.api_version()) && (name.is_empty() || name == kind.kind) {
        return Ok(());
    }
    Err(Status::bad_request(format!(
        "{name} in version \"{api_version}\" cannot be handled as a {}: converting ({api_version}, {name}) to ({}, {}): \
         unknown conversion",
        kind.kind,
        kind.api_version(),
        kind.kind
    )))
}

fn in_namespace(kind: &Kind, namespace: &str, object: &Value) -> Result<(), Status> {
    let said = object["metadata"]["namespace"].as_str().unwrap_or_default();
    if !kind.namespaced || said.is_empty() || said == namespace {
        return Ok(());
    }
    Err(Status::bad_request("the namespace of the provided object does not match the namespace sent on the request"))
}

/// Refuses to create in a namespace that is not there, or ends.
fn open(store: &Store, kind: &Kind, namespace: &str, object: &Value) -> Result<(), Status> {
    let Some(namespaces) = Kind::named("v1", "Namespace") else { return Ok(()) };
    let there = store.get(namespaces, "", namespace).ok_or_else(|| Status::not_found(namespaces, namespace))?;
    if there.value()["metadata"]["deletionTimestamp"].is_null() {
        return Ok(());
    }
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
    Err(Status::forbidden(kind.group, kind.plural, name, &why))
}

/// What a client cannot give to what it creates.
fn fresh(object: &mut Value) {
    if let Some(meta) = object["metadata"].as_object_mut() {
        for given in ["uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "generation", "managedFields"]
        {
            meta.remove(given);
        }
    }
}
