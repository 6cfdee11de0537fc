//! From Kubernetes' objects to the rows of a list.

use k8s_openapi::{
    api::core::v1::{Pod, Service, ServicePort},
    apimachinery::pkg::util::intstr::IntOrString,
};
use kube::ResourceExt;

use crate::{
    explain::mark::{self, PodBrief},
    forward::{PortRef, Target, WorkloadKind},
    pod,
    row::{Row, RowFacts, RowPort},
    service,
    workload::Workload,
};

/// A Service's row; `pods` is `None` where pods may not be read.
pub(crate) fn service(service: &Service, pods: Option<&[&PodBrief]>) -> Row {
    let spec = service.spec.clone().unwrap_or_default();
    let (headless, external) = (service::is_headless(service), service::is_external(service));
    let behind = pods.and_then(|pods| mark::behind(service, pods));
    let mark = behind.as_ref().and_then(|behind| mark::marks(service, behind).into_iter().next());
    let trouble = match &mark {
        Some(mark) => mark.words(service),
        None if service::selector(service).is_none() && !external => "no selector".into(),
        None => String::new(),
    };
    let count = |pods: usize| u32::try_from(pods).unwrap_or(u32::MAX);
    let ports = spec.ports.unwrap_or_default();
    let ports = ports.iter().filter_map(|port| service_port(port, headless));
    let name = service.name_any();
    Row {
        namespace: service.namespace().unwrap_or_default(),
        target: Target::Service { name: name.clone() },
        name,
        facts: RowFacts::Service {
            service_type: service::type_of(service),
            external_name: spec.external_name.filter(|_| external),
        },
        ready: behind.as_ref().map(|behind| count(behind.iter().filter(|pod| pod.ready).count())),
        wanted: behind.as_ref().map(|behind| count(behind.len())),
        ports: ports.collect(),
        trouble,
        finding: mark.map(|mark| mark.code()),
    }
}

/// One port of a Service; `None` if its number is none.
pub(crate) fn service_port(declared: &ServicePort, headless: bool) -> Option<RowPort> {
    let port = u16::try_from(declared.port).ok()?;
    let target = match declared.target_port.as_ref().filter(|_| !headless) {
        Some(IntOrString::Int(n)) => u16::try_from(*n).ok().filter(|n| *n != port && *n != 0).map(PortRef::Number),
        Some(IntOrString::String(name)) => Some(PortRef::Name(name.clone())),
        None => None,
    };
    Some(RowPort {
        name: declared.name.clone().unwrap_or_default(),
        port,
        target,
        node_port: declared.node_port.and_then(|n| u16::try_from(n).ok()),
        protocol: declared.protocol.clone().unwrap_or_else(|| "TCP".into()),
    })
}

/// A workload's row; `None` for what only stands in another's way: old ReplicaSets, and those of a Deployment.
pub(crate) fn workload(workload: &Workload) -> Option<Row> {
    if workload.kind == WorkloadKind::ReplicaSet && workload.owner.is_some() {
        return None;
    }
    let trouble = match workload {
        w if w.selector.is_none() => "no selector",
        w if w.wanted == 0 && w.kind == WorkloadKind::Job => "finished",
        w if w.wanted == 0 => "scaled to 0",
        w if w.ready == 0 => "none ready",
        w if w.ready < w.wanted => "not all ready",
        _ => "",
    };
    Some(Row {
        namespace: workload.namespace.clone(),
        name: workload.name.clone(),
        target: Target::Workload { kind: workload.kind, name: workload.name.clone() },
        facts: RowFacts::Workload { workload: workload.kind },
        ready: Some(workload.ready),
        wanted: Some(workload.wanted),
        ports: workload.ports.clone(),
        trouble: trouble.into(),
        finding: None,
    })
}

/// A pod's row.
pub(crate) fn pod(pod: &Pod) -> Row {
    let name = pod.name_any();
    let status = pod::status(pod);
    let containers = pod.spec.as_ref().map_or(0, |s| s.containers.len());
    let ready = pod.status.iter().flat_map(|s| s.container_statuses.iter().flatten()).filter(|c| c.ready).count();
    let trouble = match status.as_str() {
        "Running" if !pod::is_ready(pod) => "not ready".to_owned(),
        // On their way, or done: the status says it.
        "Running" | "Completed" | "Succeeded" | "Pending" | "ContainerCreating" | "PodInitializing" | "Terminating" => {
            String::new()
        }
        _ => pod::why_not_ready(pod),
    };
    Row {
        namespace: pod.namespace().unwrap_or_default(),
        target: Target::Pod { name: name.clone() },
        name,
        facts: RowFacts::Pod {
            status,
            restarts: pod::restarts(pod),
            node: pod.spec.as_ref().and_then(|s| s.node_name.clone()).unwrap_or_default(),
            created_at: pod::created_at(pod),
        },
        ready: u32::try_from(ready).ok(),
        wanted: u32::try_from(containers).ok(),
        ports: pod::declared_ports(pod),
        trouble,
        finding: None,
    }
}

/// Sorts and names a row: its key in the feed.
pub(crate) fn key(row: &Row) -> String {
    format!("row/{}/{}", row.namespace, row.target)
}
