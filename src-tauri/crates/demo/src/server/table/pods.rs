//! How pods are shown.

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use super::{Always, Look, Wide, age, list, number, text};

pub(super) const LOOK: Look = Look {
    columns: &[
        ("Name", Always),
        ("Ready", Always),
        ("Status", Always),
        ("Restarts", Always),
        ("Age", Always),
        ("IP", Wide),
        ("Node", Wide),
        ("Nominated Node", Wide),
        ("Readiness Gates", Wide),
    ],
    cells,
};

fn cells(pod: &Value, now: Timestamp) -> Vec<Value> {
    let containers = list(&pod["status"]["containerStatuses"]);
    let ready = containers.iter().filter(|container| container["ready"] == true).count();
    let all = list(&pod["spec"]["containers"]).len();
    vec![
        super::name(pod),
        json!(format!("{ready}/{all}")),
        json!(status(pod)),
        json!(restarts(containers, now)),
        super::age(pod, now),
        json!(text(&pod["status"]["podIP"])),
        json!(text(&pod["spec"]["nodeName"])),
        json!(text(&pod["status"]["nominatedNodeName"])),
        json!(gates(pod)),
    ]
}

/// What a pod is about: its phase, or what its containers wait or have ended for.
fn status(pod: &Value) -> String {
    let status = &pod["status"];
    let word = |value: &Value| value.as_str().filter(|word| !word.is_empty()).map(str::to_owned);
    let mut reason = word(&status["reason"]).or(word(&status["phase"])).unwrap_or_else(|| "Unknown".into());
    if let Some(waits) = initializing(pod) {
        reason = waits;
    } else {
        let mut running = false;
        for container in list(&status["containerStatuses"]).iter().rev() {
            let state = &container["state"];
            if let Some(waiting) = word(&state["waiting"]["reason"]) {
                reason = waiting;
            } else if state["terminated"].is_object() {
                reason = ended(&state["terminated"]);
            } else if container["ready"] == true && state["running"].is_object() {
                running = true;
            }
        }
        // A container that has done its work is no matter while another runs.
        if reason == "Completed" && running {
            let ready = list(&status["conditions"])
                .iter()
                .any(|condition| condition["type"] == "Ready" && condition["status"] == "True");
            reason = if ready { "Running".into() } else { "NotReady".into() };
        }
    }
    let over = matches!(status["phase"].as_str(), Some("Succeeded" | "Failed"));
    match pod["metadata"]["deletionTimestamp"].is_string() {
        true if status["reason"] == "NodeLost" => "Unknown".into(),
        true if !over => "Terminating".into(),
        _ => reason,
    }
}

fn ended(terminated: &Value) -> String {
    match terminated["reason"].as_str().filter(|reason| !reason.is_empty()) {
        Some(reason) => reason.to_owned(),
        None if number(&terminated["signal"]) != 0 => format!("Signal:{}", number(&terminated["signal"])),
        None => format!("ExitCode:{}", number(&terminated["exitCode"])),
    }
}

/// Which of the containers that run first it is at; `None` when they are through.
fn initializing(pod: &Value) -> Option<String> {
    let all = list(&pod["spec"]["initContainers"]).len();
    let statuses = list(&pod["status"]["initContainerStatuses"]);
    for (at, container) in statuses.iter().enumerate() {
        let state = &container["state"];
        if state["terminated"]["exitCode"] == 0 {
            continue;
        }
        let why = if state["terminated"].is_object() {
            ended(&state["terminated"])
        } else {
            match state["waiting"]["reason"].as_str() {
                Some(reason) if !reason.is_empty() && reason != "PodInitializing" => reason.to_owned(),
                _ => format!("{at}/{all}"),
            }
        };
        return Some(format!("Init:{why}"));
    }
    None
}

/// How often its containers have started again, and when last.
fn restarts(containers: &[Value], now: Timestamp) -> String {
    let count: i64 = containers.iter().map(|container| number(&container["restartCount"])).sum();
    let ends = containers.iter().filter_map(|container| age::read(&container["lastState"]["terminated"]["finishedAt"]));
    match ends.max() {
        Some(last) if count > 0 => format!("{count} ({} ago)", age::short(now.as_second() - last.as_second())),
        _ => count.to_string(),
    }
}

fn gates(pod: &Value) -> String {
    let gates = list(&pod["spec"]["readinessGates"]);
    if gates.is_empty() {
        return super::NONE.into();
    }
    let met = gates.iter().filter(|gate| {
        list(&pod["status"]["conditions"])
            .iter()
            .any(|condition| condition["type"] == gate["conditionType"] && condition["status"] == "True")
    });
    format!("{}/{}", met.count(), gates.len())
}
