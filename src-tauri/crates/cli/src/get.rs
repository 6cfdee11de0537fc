//! `portolan get`: the lists, once.

use portolan_engine::{
    catalog::list_once,
    engine::Engine,
    forward::{PortRef, WorkloadKind},
    row::{ListKind, Row, RowFacts, RowPort, Scope},
};
use serde_json::json;

use crate::{
    Ended,
    args::{Format, GetArgs, List, Opened},
    output,
};

pub(crate) async fn run(args: GetArgs) -> Result<(), Ended> {
    let opened = args.cluster.open().await?;
    let kind = match args.list {
        List::Contexts => return contexts(&args, &opened),
        List::Namespaces => return namespaces(&args, &opened).await,
        List::Services => ListKind::Services,
        List::Workloads => ListKind::Workloads,
        List::Pods => ListKind::Pods,
    };
    let context = args.cluster.context(&opened)?;
    let scope = if args.all_namespaces { Scope::All } else { Scope::One { name: args.cluster.namespace(&context) } };
    let engine = Engine::new(opened.source.clone(), None);
    let cluster = engine.cluster(&context.id).await?;
    let listing = list_once(&cluster, &scope, kind).await?;
    if let Some(problem) = &listing.forbidden {
        output::note(&format!("not whole: {problem}"));
    }
    match args.output {
        Format::Json => output::line(&json!(listing.rows).to_string()),
        Format::Text => print(kind, &scope, &listing.rows),
    }
    Ok(())
}

fn contexts(args: &GetArgs, opened: &Opened) -> Result<(), Ended> {
    let entries = opened.source.load()?.entries();
    match args.output {
        Format::Json => {
            let all: Vec<_> = entries
                .iter()
                .map(|e| json!({"name": e.id.name, "server": e.server, "user": e.user, "namespace": e.namespace, "current": e.current}))
                .collect();
            output::line(&json!(all).to_string());
        }
        Format::Text => {
            let mark = |current| if current { "*" } else { "" }.to_owned();
            let rows: Vec<_> =
                entries.into_iter().map(|e| vec![mark(e.current), e.id.name, e.server, e.user, e.namespace]).collect();
            output::table(&["CURRENT", "NAME", "SERVER", "USER", "NAMESPACE"], &rows);
        }
    }
    Ok(())
}

async fn namespaces(args: &GetArgs, opened: &Opened) -> Result<(), Ended> {
    let context = args.cluster.context(opened)?;
    let engine = Engine::new(opened.source.clone(), None);
    let names = engine.cluster(&context.id).await?.namespaces().await?;
    match args.output {
        Format::Json => output::line(&json!(names).to_string()),
        Format::Text => output::table(&["NAME"], &names.into_iter().map(|name| vec![name]).collect::<Vec<_>>()),
    }
    Ok(())
}

fn print(kind: ListKind, scope: &Scope, rows: &[Row]) {
    if rows.is_empty() {
        return output::note(&match scope {
            Scope::All => "none in any namespace".to_owned(),
            Scope::One { name } => format!("none in namespace “{name}”; -A looks in all"),
        });
    }
    let of_kind: &[&str] = match kind {
        ListKind::Services => &["NAME", "TYPE", "READY", "PORTS", "TROUBLE"],
        ListKind::Workloads => &["NAME", "KIND", "READY", "PORTS", "TROUBLE"],
        ListKind::Pods => &["NAME", "STATUS", "READY", "PORTS", "TROUBLE"],
    };
    let in_all = *scope == Scope::All;
    let mut head = of_kind.to_vec();
    if in_all {
        head.insert(0, "NAMESPACE");
    }
    let cells = |row: &Row| {
        let mut cells =
            vec![row.target.to_string(), fact(&row.facts), ready(row), ports(&row.ports), row.trouble.clone()];
        if in_all {
            cells.insert(0, row.namespace.clone());
        }
        cells
    };
    output::table(&head, &rows.iter().map(cells).collect::<Vec<_>>());
}

fn fact(facts: &RowFacts) -> String {
    match facts {
        RowFacts::Service { service_type, external_name: Some(host) } => format!("{service_type} {host}"),
        RowFacts::Service { service_type, .. } => service_type.clone(),
        RowFacts::Workload { workload } => match workload {
            WorkloadKind::Deployment => "Deployment",
            WorkloadKind::StatefulSet => "StatefulSet",
            WorkloadKind::DaemonSet => "DaemonSet",
            WorkloadKind::ReplicaSet => "ReplicaSet",
            WorkloadKind::ReplicationController => "ReplicationController",
            WorkloadKind::Job => "Job",
        }
        .into(),
        RowFacts::Pod { status, .. } => status.clone(),
    }
}

fn ready(row: &Row) -> String {
    match (row.ready, row.wanted) {
        (Some(ready), Some(wanted)) => format!("{ready}/{wanted}"),
        _ => "-".into(),
    }
}

fn ports(ports: &[RowPort]) -> String {
    let all: Vec<String> = ports.iter().map(port).collect();
    if all.is_empty() { "-".into() } else { all.join(", ") }
}

fn port(port: &RowPort) -> String {
    let mut text = if port.name.is_empty() { String::new() } else { format!("{} ", port.name) };
    text.push_str(&port.port.to_string());
    match &port.target {
        Some(PortRef::Number(number)) => text.push_str(&format!("→{number}")),
        Some(PortRef::Name(name)) => text.push_str(&format!("→{name}")),
        None => {}
    }
    if port.protocol != "TCP" {
        text.push_str(&format!(" {}", port.protocol));
    }
    text
}
