//! How all other kinds are shown.

use serde_json::{Value, json};

use super::{Always, Look, NONE, Wide, age, list, text};

/// What has no look of its own.
pub(super) const ANY: Look = Look {
    columns: &[("Name", Always), ("Age", Always)],
    cells: |object, now| vec![super::name(object), super::age(object, now)],
};

pub(super) const NAMESPACES: Look = Look {
    columns: &[("Name", Always), ("Status", Always), ("Age", Always)],
    cells: |object, now| vec![super::name(object), object["status"]["phase"].clone(), super::age(object, now)],
};

pub(super) const SERVICE_ACCOUNTS: Look = Look {
    columns: &[("Name", Always), ("Secrets", Always), ("Age", Always)],
    cells: |object, now| vec![super::name(object), json!(list(&object["secrets"]).len()), super::age(object, now)],
};

pub(super) const ROLES: Look = Look {
    columns: &[("Name", Always), ("Created At", Always)],
    cells: |object, _| vec![super::name(object), object["metadata"]["creationTimestamp"].clone()],
};

pub(super) const ROLE_BINDINGS: Look = Look {
    columns: &[
        ("Name", Always),
        ("Role", Always),
        ("Age", Always),
        ("Users", Wide),
        ("Groups", Wide),
        ("ServiceAccounts", Wide),
    ],
    cells: |object, now| {
        let role = &object["roleRef"];
        let role = format!("{}/{}", text(&role["kind"]), text(&role["name"]));
        let subjects = |kind: &'static str| {
            let own = list(&object["subjects"]).iter().filter(move |subject| subject["kind"] == kind);
            let named = own.map(|subject| match subject["namespace"].as_str() {
                Some(namespace) => format!("{namespace}/{}", text(&subject["name"])),
                None => text(&subject["name"]).to_owned(),
            });
            json!(named.collect::<Vec<_>>().join(", "))
        };
        vec![
            super::name(object),
            json!(role),
            super::age(object, now),
            subjects("User"),
            subjects("Group"),
            subjects("ServiceAccount"),
        ]
    },
};

pub(super) const NODES: Look = Look {
    columns: &[
        ("Name", Always),
        ("Status", Always),
        ("Roles", Always),
        ("Age", Always),
        ("Version", Always),
        ("Internal-IP", Wide),
        ("External-IP", Wide),
        ("OS-Image", Wide),
        ("Kernel-Version", Wide),
        ("Container-Runtime", Wide),
    ],
    cells: |node, now| {
        let info = &node["status"]["nodeInfo"];
        let unknown = |field: &str| json!(info[field].as_str().filter(|text| !text.is_empty()).unwrap_or("<unknown>"));
        vec![
            super::name(node),
            json!(node_status(node)),
            json!(node_roles(node)),
            super::age(node, now),
            info["kubeletVersion"].clone(),
            json!(address(node, "InternalIP")),
            json!(address(node, "ExternalIP")),
            unknown("osImage"),
            unknown("kernelVersion"),
            unknown("containerRuntimeVersion"),
        ]
    },
};

fn node_status(node: &Value) -> String {
    let ready = list(&node["status"]["conditions"]).iter().find(|condition| condition["type"] == "Ready");
    let word = match ready.map(|condition| &condition["status"]) {
        Some(status) if status == "True" => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    };
    let closed = if node["spec"]["unschedulable"] == true { ",SchedulingDisabled" } else { "" };
    format!("{word}{closed}")
}

fn node_roles(node: &Value) -> String {
    let labels = node["metadata"]["labels"].as_object().into_iter().flatten();
    let roles = labels.filter_map(|(name, _)| name.strip_prefix("node-role.kubernetes.io/"));
    super::joined(roles.filter(|role| !role.is_empty()), NONE)
}

fn address(node: &Value, of: &str) -> String {
    let found = list(&node["status"]["addresses"]).iter().find(|address| address["type"] == of);
    found.map_or(NONE, |address| text(&address["address"])).to_owned()
}

pub(super) const EVENTS: Look = Look {
    columns: &[
        ("Last Seen", Always),
        ("Type", Always),
        ("Reason", Always),
        ("Object", Always),
        ("Subobject", Wide),
        ("Source", Wide),
        ("Message", Always),
        ("First Seen", Wide),
        ("Count", Wide),
        ("Name", Wide),
    ],
    cells: |event, now| {
        let about = &event["involvedObject"];
        let either =
            |one: &str, other: &str| if event[one].is_string() { event[one].clone() } else { event[other].clone() };
        let first = either("firstTimestamp", "eventTime");
        let last = if event["lastTimestamp"].is_string() { event["lastTimestamp"].clone() } else { first.clone() };
        let kind = about["kind"].as_str().unwrap_or_default().to_lowercase();
        let source = &event["source"];
        let source = [&source["component"], &source["host"]].into_iter().filter_map(Value::as_str);
        vec![
            json!(age::since(&last, now)),
            event["type"].clone(),
            event["reason"].clone(),
            json!(format!("{kind}/{}", text(&about["name"]))),
            json!(about["fieldPath"].as_str().unwrap_or_default()),
            json!(source.collect::<Vec<_>>().join(", ")),
            json!(event["message"].as_str().unwrap_or_default().trim()),
            json!(age::since(&first, now)),
            json!(event["count"].as_i64().unwrap_or(1)),
            super::name(event),
        ]
    },
};
