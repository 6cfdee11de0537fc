//! How workloads are shown.

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use super::{Always, Column, Look, Wide, age, containers, labels, list, number, selector};

const CONTAINERS: Column = ("Containers", Wide);
const IMAGES: Column = ("Images", Wide);
const SELECTOR: Column = ("Selector", Wide);

pub(super) const DEPLOYMENTS: Look = Look {
    columns: &[
        ("Name", Always),
        ("Ready", Always),
        ("Up-to-date", Always),
        ("Available", Always),
        ("Age", Always),
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ],
    cells: |object, now| {
        let status = &object["status"];
        let cells = vec![
            super::name(object),
            ready(object),
            json!(number(&status["updatedReplicas"])),
            json!(number(&status["availableReplicas"])),
            super::age(object, now),
        ];
        wide(object, cells)
    },
};

pub(super) const REPLICAS: Look = Look {
    columns: &[
        ("Name", Always),
        ("Desired", Always),
        ("Current", Always),
        ("Ready", Always),
        ("Age", Always),
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ],
    cells: |object, now| {
        let cells = vec![
            super::name(object),
            json!(number(&object["spec"]["replicas"])),
            json!(number(&object["status"]["replicas"])),
            json!(number(&object["status"]["readyReplicas"])),
            super::age(object, now),
        ];
        wide(object, cells)
    },
};

pub(super) const STATEFUL_SETS: Look = Look {
    columns: &[("Name", Always), ("Ready", Always), ("Age", Always), CONTAINERS, IMAGES],
    cells: |object, now| {
        let mut cells = wide(object, vec![super::name(object), ready(object), super::age(object, now)]);
        // These are shown without their selector.
        cells.pop();
        cells
    },
};

pub(super) const DAEMON_SETS: Look = Look {
    columns: &[
        ("Name", Always),
        ("Desired", Always),
        ("Current", Always),
        ("Ready", Always),
        ("Up-to-date", Always),
        ("Available", Always),
        ("Node Selector", Always),
        ("Age", Always),
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ],
    cells: |object, now| {
        let status = &object["status"];
        let cells = vec![
            super::name(object),
            json!(number(&status["desiredNumberScheduled"])),
            json!(number(&status["currentNumberScheduled"])),
            json!(number(&status["numberReady"])),
            json!(number(&status["updatedNumberScheduled"])),
            json!(number(&status["numberAvailable"])),
            json!(labels(&object["spec"]["template"]["spec"]["nodeSelector"])),
            super::age(object, now),
        ];
        wide(object, cells)
    },
};

pub(super) const JOBS: Look = Look {
    columns: &[
        ("Name", Always),
        ("Status", Always),
        ("Completions", Always),
        ("Duration", Always),
        ("Age", Always),
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ],
    cells: |object, now| {
        let cells = vec![
            super::name(object),
            json!(job_status(object)),
            json!(format!("{}/{}", number(&object["status"]["succeeded"]), completions(object))),
            json!(job_duration(object, now)),
            super::age(object, now),
        ];
        wide(object, cells)
    },
};

fn completions(job: &Value) -> String {
    match (&job["spec"]["completions"], number(&job["spec"]["parallelism"])) {
        (Value::Null, parallelism @ 2..) => format!("1 of {parallelism}"),
        (Value::Null, _) => "1".into(),
        (completions, _) => completions.to_string(),
    }
}

fn job_status(job: &Value) -> &'static str {
    let is = |of: &str| {
        let conditions = list(&job["status"]["conditions"]).iter();
        conditions.into_iter().any(|condition| condition["type"] == of && condition["status"] == "True")
    };
    if is("Complete") {
        "Complete"
    } else if is("Failed") {
        "Failed"
    } else if job["metadata"]["deletionTimestamp"].is_string() {
        "Terminating"
    } else if is("Suspended") {
        "Suspended"
    } else {
        "Running"
    }
}

fn job_duration(job: &Value, now: Timestamp) -> String {
    let Some(began) = age::read(&job["status"]["startTime"]) else { return String::new() };
    let ended = age::read(&job["status"]["completionTime"]).unwrap_or(now);
    age::short(ended.as_second() - began.as_second())
}

fn ready(object: &Value) -> Value {
    json!(format!("{}/{}", number(&object["status"]["readyReplicas"]), number(&object["spec"]["replicas"])))
}

fn wide(object: &Value, mut cells: Vec<Value>) -> Vec<Value> {
    let (names, images) = containers(&object["spec"]["template"]);
    cells.extend([json!(names), json!(images), json!(selector(&object["spec"]["selector"]))]);
    cells
}
