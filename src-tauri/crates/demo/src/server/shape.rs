//! The shapes in which objects are told: whole, their metadata alone, or as rows of a table.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{query::Query, table};
use crate::{clock::Clock, kind::Kind, store::Object};

/// What an `Accept` header asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Whole,
    /// `PartialObjectMetadata`.
    Metadata,
    Table(Rows),
}

/// What the rows of a table carry beside their cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Rows {
    Nothing,
    #[default]
    Metadata,
    Whole,
}

#[derive(Deserialize)]
struct Described {
    metadata: Value,
}

impl Shape {
    /// The first that is known, as the client puts them.
    pub(crate) fn parse(accept: &str, query: &Query) -> Self {
        for wanted in accept.split(',') {
            let mut parameters = wanted.split(';').map(str::trim);
            let media = parameters.next().unwrap_or_default();
            if !matches!(media, "application/json" | "application/*" | "*/*") {
                continue;
            }
            match parameters.find_map(|parameter| parameter.strip_prefix("as=")) {
                None => return Shape::Whole,
                Some("Table") => {
                    return Shape::Table(match query.get("includeObject") {
                        Some("None") => Rows::Nothing,
                        Some("Object") => Rows::Whole,
                        _ => Rows::default(),
                    });
                }
                Some("PartialObjectMetadata" | "PartialObjectMetadataList") => return Shape::Metadata,
                Some(_) => {}
            }
        }
        Shape::Whole
    }

    /// One object.
    pub(crate) fn one(self, object: &Object, clock: Clock) -> Bytes {
        match self {
            Shape::Whole => object.json.clone(),
            Shape::Metadata => metadata(object).to_string().into(),
            Shape::Table(rows) => {
                let version = json!({"resourceVersion": object.version.to_string()});
                table::of(object.kind, &[object], rows, clock, Some(version)).to_string().into()
            }
        }
    }

    /// Several. `meta` is the list's own metadata.
    pub(crate) fn list(self, kind: &'static Kind, objects: &[impl AsRef<Object>], meta: &Value, clock: Clock) -> Bytes {
        match self {
            Shape::Whole => whole(kind, objects, meta),
            Shape::Metadata => {
                let items: Vec<_> = objects.iter().map(|object| metadata(object.as_ref())).collect();
                let list = json!({
                    "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "items": items,
                });
                list.to_string().into()
            }
            Shape::Table(rows) => {
                let objects: Vec<_> = objects.iter().map(AsRef::as_ref).collect();
                table::of(kind, &objects, rows, clock, Some(meta.clone())).to_string().into()
            }
        }
    }
}

/// The objects are JSON already: only what is between them is written.
fn whole(kind: &'static Kind, objects: &[impl AsRef<Object>], meta: &Value) -> Bytes {
    let begin =
        format!(r#"{{"kind":"{}List","apiVersion":"{}","metadata":{meta},"items":["#, kind.kind, kind.api_version());
    // Items of lists do not say what they are.
    let known = format!(r#"{{"apiVersion":"{}","kind":"{}","#, kind.api_version(), kind.kind);
    let length: usize = objects.iter().map(|object| object.as_ref().json.len() + 1).sum();
    let mut list = Vec::with_capacity(begin.len() + length + 3);
    list.extend_from_slice(begin.as_bytes());
    for (at, object) in objects.iter().enumerate() {
        if at > 0 {
            list.push(b',');
        }
        let json = &object.as_ref().json;
        match json.strip_prefix(known.as_bytes()) {
            Some(rest) => {
                list.push(b'{');
                list.extend_from_slice(rest);
            }
            None => list.extend_from_slice(json),
        }
    }
    list.extend_from_slice(b"]}");
    list.into()
}

/// An object's metadata alone.
fn metadata(object: &Object) -> Value {
    let described: Option<Described> = object.read();
    let metadata = described.map(|described| described.metadata).unwrap_or_default();
    partial(metadata)
}

/// An object that is its metadata alone.
pub(crate) fn partial(metadata: Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata})
}
