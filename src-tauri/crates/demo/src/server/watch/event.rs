//! The lines of a watch.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    clock::Clock,
    kind,
    server::{
        shape::{Rows, Shape},
        status::Status,
        table,
    },
    store::Object,
};

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Added,
    Modified,
    Deleted,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Added => "ADDED",
            Kind::Modified => "MODIFIED",
            Kind::Deleted => "DELETED",
        }
    }
}

/// Writes the lines of one watch.
pub(super) struct Teller {
    kind: &'static kind::Kind,
    shape: Shape,
    clock: Clock,
    /// A table's columns are told once.
    columns: Columns,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Columns {
    Untold,
    Told,
}

impl Teller {
    pub(super) fn new(kind: &'static kind::Kind, shape: Shape, clock: Clock) -> Self {
        Teller { kind, shape, clock, columns: Columns::Untold }
    }

    pub(super) fn kind(&self) -> &'static kind::Kind {
        self.kind
    }

    /// That it happened to this object.
    pub(super) fn tell(&mut self, what: Kind, object: &Object, lines: &mut Vec<u8>) {
        match self.shape {
            Shape::Table(rows) => {
                let table = self.table(object, rows);
                line(what.name(), table.to_string().as_bytes(), lines);
            }
            shape => line(what.name(), &shape.one(object, self.clock), lines),
        }
    }

    /// That it happened to this object at a version that is not its own.
    pub(super) fn tell_as_of(&mut self, what: Kind, object: &Object, version: u64, lines: &mut Vec<u8>) {
        let mut value = object.value();
        value["metadata"]["resourceVersion"] = json!(version.to_string());
        let as_of = Object { version, json: value.to_string().into(), ..object.clone() };
        self.tell(what, &as_of, lines);
    }

    /// How far all is told.
    pub(super) fn bookmark(&mut self, version: u64, annotations: Option<Value>, lines: &mut Vec<u8>) {
        let mut metadata = json!({"resourceVersion": version.to_string(), "creationTimestamp": null});
        if let Some(annotations) = annotations {
            metadata["annotations"] = annotations;
        }
        let (kind, api_version) = match self.shape {
            Shape::Whole => (self.kind.kind, self.kind.api_version()),
            Shape::Metadata => ("PartialObjectMetadata", "meta.k8s.io/v1".into()),
            Shape::Table(_) => ("Table", "meta.k8s.io/v1".into()),
        };
        let mut object = json!({"kind": kind, "apiVersion": api_version, "metadata": metadata});
        if matches!(self.shape, Shape::Table(_)) {
            (object["columnDefinitions"], object["rows"]) = (json!([]), json!([]));
        }
        line("BOOKMARK", object.to_string().as_bytes(), lines);
    }

    fn table(&mut self, object: &Object, rows: Rows) -> Value {
        let version = json!({"resourceVersion": object.version.to_string()});
        let mut table = table::of(self.kind, &[object], rows, self.clock, Some(version));
        if std::mem::replace(&mut self.columns, Columns::Told) == Columns::Told {
            table["columnDefinitions"] = json!([]);
        }
        table
    }
}

/// That the watch ends, and why.
pub(super) fn error(status: &Status) -> Bytes {
    let mut lines = Vec::new();
    line("ERROR", status.value().to_string().as_bytes(), &mut lines);
    lines.into()
}

fn line(what: &str, object: &[u8], lines: &mut Vec<u8>) {
    lines.extend_from_slice(format!(r#"{{"type":"{what}","object":"#).as_bytes());
    lines.extend_from_slice(object);
    lines.extend_from_slice(b"}\n");
}
