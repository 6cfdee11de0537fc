//! The strategic merge: objects are merged by field, and lists of objects by the field that tells their items apart.
//!
//! Which field that is, the real server knows from its types; here from the list's name.

use serde_json::{Map, Value};

/// Says what to do with an object or a list, instead of merging it.
const DIRECTIVE: &str = "$patch";

/// Fields of a patch that say in which order items are. The items that are new come last here, whatever they say.
const ORDER: &str = "$setElementOrder/";

/// Values to take from a list of plain values.
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";

/// The fields to keep of a union.
const RETAIN: &str = "$retainKeys";

/// Changes `old` as `patch` says.
pub(super) fn merge(old: &mut Value, patch: &Value) {
    let Some(changes) = patch.as_object() else {
        *old = patch.clone();
        return;
    };
    match changes.get(DIRECTIVE).and_then(Value::as_str) {
        Some("replace") => *old = without_directives(changes),
        Some("delete") => *old = Value::Null,
        _ => merge_fields(old, changes),
    }
}

fn merge_fields(old: &mut Value, changes: &Map<String, Value>) {
    if !old.is_object() {
        *old = Value::Object(Map::new());
    }
    let Some(fields) = old.as_object_mut() else { return };
    if let Some(kept) = changes.get(RETAIN).and_then(Value::as_array) {
        fields.retain(|name, _| kept.iter().any(|kept| kept == name));
    }
    for (name, change) in changes {
        if let Some(list) = name.strip_prefix(DELETE_FROM) {
            let gone = change.as_array().map(Vec::as_slice).unwrap_or_default();
            if let Some(list) = fields.get_mut(list).and_then(Value::as_array_mut) {
                list.retain(|value| !gone.contains(value));
            }
        } else if name == DIRECTIVE || name == RETAIN || name.starts_with(ORDER) {
            // Heeded above, or by order of arrival.
        } else if change.is_null() || change.get(DIRECTIVE).is_some_and(|what| what == "delete") {
            fields.remove(name);
        } else if let Some(items) = change.as_array() {
            let list = fields.entry(name.clone()).or_insert(Value::Null);
            merge_list(name, list, items);
        } else {
            merge(fields.entry(name.clone()).or_insert(Value::Null), change);
        }
    }
}

fn merge_list(name: &str, old: &mut Value, items: &[Value]) {
    let replaces = items.iter().any(|item| item.get(DIRECTIVE).is_some_and(|what| what == "replace"));
    let key = key(name, items).filter(|_| !replaces);
    let (Some(key), Some(list)) = (key, old.as_array_mut()) else {
        // What the patch adds is no directive.
        let added = items.iter().filter(|item| item.get(DIRECTIVE).is_none());
        let added = added.map(|item| item.as_object().map_or_else(|| item.clone(), without_directives));
        match old.as_array_mut().filter(|_| name == "finalizers") {
            Some(list) => {
                let new: Vec<_> = added.filter(|item| !list.contains(item)).collect();
                list.extend(new);
            }
            None => *old = added.collect(),
        }
        return;
    };
    for item in items {
        let at = list.iter().position(|known| known[key] == item[key]);
        match (item.get(DIRECTIVE).and_then(Value::as_str), at) {
            (Some("delete"), at) => drop(at.map(|at| list.remove(at))),
            (_, Some(at)) => merge(&mut list[at], item),
            (_, None) => list.push(item.as_object().map_or_else(|| item.clone(), without_directives)),
        }
    }
}

/// What tells the items of a list apart; `None` where a list is replaced as a whole.
fn key(list: &str, items: &[Value]) -> Option<&'static str> {
    let key = match list {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "env"
        | "volumes"
        | "imagePullSecrets"
        | "secrets" => "name",
        "volumeMounts" => "mountPath",
        "ownerReferences" => "uid",
        "conditions" | "addresses" => "type",
        "hostAliases" => "ip",
        // Of a container, and of a Service.
        "ports" if items.iter().any(|item| item.get("containerPort").is_some()) => "containerPort",
        "ports" => "port",
        _ => return None,
    };
    items.iter().all(|item| item.get(key).is_some()).then_some(key)
}

/// What a patch adds, as it is without what is said to the merge.
fn without_directives(fields: &Map<String, Value>) -> Value {
    let plain = |name: &str| !name.starts_with('$');
    let fields = fields.iter().filter(|(name, value)| plain(name) && !value.is_null());
    let clean = fields.map(|(name, value)| {
        let value = match value {
            Value::Object(fields) => without_directives(fields),
            value => value.clone(),
        };
        (name.clone(), value)
    });
    Value::Object(clean.collect())
}
