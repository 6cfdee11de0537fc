//! The lists are what the cluster has.

use k8s_openapi::api::core::v1::Pod;
use kube::{ResourceExt, api::ListParams};
use portolan_tests::{
    Result,
    cluster::{Cluster, kubeconfig},
    command::Portolan,
};
use serde_json::Value;

/// The lines of a table, each with single spaces: how wide the columns are depends on what else is there.
async fn table(portolan: &Portolan, args: &str) -> Result<Vec<String>> {
    let ended = portolan.run(args).await?;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    Ok(ended.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect())
}

async fn json(portolan: &Portolan, args: &str) -> Result<Vec<Value>> {
    let ended = portolan.run(&format!("{args} --output json")).await?;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    match serde_json::from_str(&ended.stdout)? {
        Value::Array(items) => Ok(items),
        other => Err(format!("not a list: {other}").into()),
    }
}

/// The header, and each of these lines, are there.
fn check(lines: &[String], header: &str, expected: &[&str]) {
    assert_eq!(lines.first().map(String::as_str), Some(header));
    for expected in expected {
        assert!(lines.iter().any(|line| line == expected), "“{expected}” is missing: {lines:#?}");
    }
}

fn named<'a>(rows: &'a [Value], name: &str) -> Result<&'a Value> {
    Ok(rows.iter().find(|row| row["name"] == name).ok_or_else(|| format!("{name} is missing: {rows:?}"))?)
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn contexts() -> Result {
    let portolan = Portolan::new()?.in_namespace(None);
    let file = kube::config::Kubeconfig::read_from(kubeconfig()?)?;
    let lines = table(&portolan, "get contexts").await?;
    assert_eq!(lines[0], "CURRENT NAME SERVER USER NAMESPACE");
    assert_eq!(lines.len(), file.contexts.len() + 1, "{lines:?}");
    let current = file.current_context.ok_or("no current context")?;
    assert!(lines.iter().any(|line| line.starts_with(&format!("* {current} https://"))), "{lines:?}");
    let all = json(&portolan, "get contexts").await?;
    let context = named(&all, &current)?;
    assert_eq!(context["current"], true);
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn namespaces() -> Result {
    let portolan = Portolan::new()?.in_namespace(None);
    check(&table(&portolan, "get namespaces").await?, "NAME", &["default", "kube-system", "shop"]);
    assert!(json(&portolan, "get ns").await?.contains(&"shop".into()));
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn services() -> Result {
    let portolan = Portolan::new()?;
    let expected = [
        "svc/badport ClusterIP 3/3 http 80→nope no container port nope",
        "svc/db headless 1/1 banner 2525",
        "svc/dns ClusterIP 3/3 dns 53 UDP, dns-tcp 54→7",
        "svc/ext ExternalName smtp.example.org - -",
        "svc/miss ClusterIP 0/0 http 80→http no pods",
        "svc/nosel ClusterIP - http 80 no selector",
        "svc/web NodePort 3/3 http 8080→http, echo 7→echo, source 19, count 7777, banner 2525",
    ];
    check(&table(&portolan, "get services").await?, "NAME TYPE READY PORTS TROUBLE", &expected);
    let rows = json(&portolan, "get services").await?;
    let web = named(&rows, "web")?;
    assert_eq!((&web["ready"], &web["namespace"]), (&3.into(), &"shop".into()), "{web}");
    assert_eq!((&web["ports"][0]["port"], &web["ports"][0]["target"]), (&8080.into(), &"http".into()), "{web}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn workloads() -> Result {
    let portolan = Portolan::new()?;
    let expected = [
        "deploy/web Deployment 3/3 http 80, echo 7",
        "ds/agent DaemonSet 1/1 http 80, echo 7, banner 2525",
        "job/task Job 1/1 http 80, echo 7, banner 2525",
        "rc/legacy ReplicationController 1/1 http 80, echo 7, banner 2525",
        "rs/rsweb ReplicaSet 1/1 http 80, echo 7, banner 2525",
        "sts/db StatefulSet 1/1 banner 2525, http 80, echo 7",
    ];
    let lines = table(&portolan, "get workloads").await?;
    check(&lines, "NAME KIND READY PORTS TROUBLE", &expected);
    assert!(
        !lines.iter().any(|line| line.starts_with("rs/web-")),
        "a Deployment stands for its ReplicaSets: {lines:?}"
    );
    let rows = json(&portolan, "get workloads").await?;
    assert_eq!(named(&rows, "agent")?["facts"]["workload"], "daemon_set");
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn pods() -> Result {
    let portolan = Portolan::new()?;
    let lines = table(&portolan, "get pods").await?;
    check(&lines, "NAME STATUS READY PORTS TROUBLE", &["pod/solo Running 1/1 http 80, echo 7, banner 2525"]);
    let names = |pods: Vec<Pod>| -> Vec<String> {
        // Other tests' pods come and go meanwhile.
        let mut names: Vec<_> = pods.iter().map(Pod::name_any).filter(|name| !name.starts_with("temp-")).collect();
        names.sort();
        names
    };
    let there = names(Cluster::connect().await?.pods().list(&ListParams::default()).await?.items);
    let rows = json(&portolan, "get pods").await?;
    let listed: Vec<_> =
        rows.iter().filter_map(|row| row["name"].as_str()).filter(|n| !n.starts_with("temp-")).collect();
    assert_eq!(listed, there);
    assert_eq!(named(&rows, "solo")?["facts"]["status"], "Running");
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn all_namespaces_and_none() -> Result {
    let portolan = Portolan::new()?.in_namespace(None);
    let lines = table(&portolan, "get services -A").await?;
    check(&lines, "NAMESPACE NAME TYPE READY PORTS TROUBLE", &["shop svc/db headless 1/1 banner 2525"]);
    assert!(lines.iter().any(|line| line.starts_with("default svc/kubernetes ClusterIP ")), "{lines:?}");
    let rows = json(&portolan, "get pods --all-namespaces").await?;
    assert_eq!(named(&rows, "db-0")?["namespace"], "shop");

    let empty = portolan.run("get pods -n kube-public").await?;
    assert_eq!((empty.code, empty.stdout.as_str()), (Some(0), ""), "{empty:?}");
    assert!(empty.stderr.contains("none in namespace “kube-public”"), "{empty:?}");
    assert!(json(&portolan, "get pods -n kube-public").await?.is_empty());
    Ok(())
}
