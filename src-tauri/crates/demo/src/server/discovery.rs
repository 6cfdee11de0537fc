//! What the server says of itself: its version, and what resources it has.

use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::body::{self, Body};
use crate::kind::{KINDS, Kind};

/// The version that it behaves like, where versions differ.
const MINOR: &str = "33";

/// The group of the questions what one may do.
pub(crate) const AUTHORIZATION: &str = "authorization.k8s.io";

const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// The answer to a path that names no resource.
pub(crate) fn answer(path: &str) -> Response<Body> {
    let parts: Vec<_> = path.trim_matches('/').split('/').collect();
    let value = match parts.as_slice() {
        ["version"] => Some(version()),
        ["api"] => Some(json!({
            "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [],
        })),
        ["api", "v1"] => Some(resources("", "v1")),
        ["apis"] => Some(json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups()})),
        ["apis", group] => groups().into_iter().find(|known| known["name"] == *group).map(|mut known| {
            known["kind"] = json!("APIGroup");
            known["apiVersion"] = json!("v1");
            known
        }),
        ["apis", group, "v1"] if names().contains(group) => Some(resources(group, "v1")),
        ["healthz" | "livez" | "readyz", ..] => return body::text(StatusCode::OK, "ok"),
        _ => None,
    };
    match value {
        Some(value) => body::json(StatusCode::OK, &value),
        None => none(),
    }
}

/// The answer where there is nothing of that name.
pub(crate) fn none() -> Response<Body> {
    body::text(StatusCode::NOT_FOUND, "404 page not found\n")
}

/// Whether there is such a group of that version.
pub(crate) fn knows(group: &str, version: &str) -> bool {
    version == "v1" && (group.is_empty() || names().contains(&group))
}

fn version() -> Value {
    json!({
        "major": "1", "minor": MINOR, "gitVersion": format!("v1.{MINOR}.0"), "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "", "platform": "linux/amd64",
        "emulationMajor": "1", "emulationMinor": MINOR, "minCompatibilityMajor": "1", "minCompatibilityMinor": MINOR,
    })
}

fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = KINDS.iter().map(|kind| kind.group).filter(|group| !group.is_empty()).collect();
    names.push(AUTHORIZATION);
    names.sort_unstable();
    names.dedup();
    names
}

fn groups() -> Vec<Value> {
    let of = |name| {
        let version = json!({"groupVersion": format!("{name}/v1"), "version": "v1"});
        json!({"name": name, "versions": [version], "preferredVersion": version})
    };
    names().into_iter().map(of).collect()
}

fn resources(group: &str, version: &str) -> Value {
    let of_group = KINDS.iter().filter(|kind| kind.group == group);
    let mut resources: Vec<_> = of_group.flat_map(|kind| [vec![whole(kind)], parts(kind)].concat()).collect();
    if group == AUTHORIZATION {
        for (name, kind) in [
            ("selfsubjectaccessreviews", "SelfSubjectAccessReview"),
            ("selfsubjectrulesreviews", "SelfSubjectRulesReview"),
        ] {
            let singular = kind.to_lowercase();
            resources.push(json!({
                "name": name, "singularName": singular, "namespaced": false, "kind": kind, "verbs": ["create"],
            }));
        }
    }
    let full = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": full, "resources": resources})
}

fn whole(kind: &Kind) -> Value {
    let mut whole = json!({
        "name": kind.plural, "singularName": kind.kind.to_lowercase(), "namespaced": kind.namespaced,
        "kind": kind.kind, "verbs": VERBS,
    });
    if !kind.short.is_empty() {
        whole["shortNames"] = json!(kind.short);
    }
    if in_all(kind) {
        whole["categories"] = json!(["all"]);
    }
    whole
}

/// Whether `kubectl get all` shows them.
fn in_all(kind: &Kind) -> bool {
    matches!(kind.plural, "pods" | "services" | "replicationcontrollers" | "jobs") || kind.group == "apps"
}

fn parts(kind: &'static Kind) -> Vec<Value> {
    let part = |name: &str, of: &str, verbs: &[&str]| {
        json!({
            "name": format!("{}/{name}", kind.plural), "singularName": "", "namespaced": kind.namespaced, "kind": of,
            "verbs": verbs,
        })
    };
    let mut parts = Vec::new();
    if super::defaults::has_status(kind) {
        parts.push(part("status", kind.kind, &["get", "patch", "update"]));
    }
    if super::scale::has(kind) {
        let mut scale = part("scale", "Scale", &["get", "patch", "update"]);
        (scale["group"], scale["version"]) = (json!("autoscaling"), json!("v1"));
        parts.push(scale);
    }
    let every = ["create", "delete", "get", "patch", "update"];
    match kind.kind {
        "Pod" => {
            parts.push(part("portforward", "PodPortForwardOptions", &["create", "get"]));
            parts.push(part("proxy", "PodProxyOptions", &every));
            parts.push(part("log", "Pod", &["get"]));
        }
        "Service" => parts.push(part("proxy", "ServiceProxyOptions", &every)),
        _ => {}
    }
    parts
}
