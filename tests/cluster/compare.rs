//! The comparison by the command: what a user reads of it, and what a deletion costs each way.

use std::collections::HashSet;

use portolan_tests::{Result, cluster::Cluster, command::Portolan, temporary::Temporary};
use serde_json::Value;

/// The lane of a kind.
fn lane<'a>(comparison: &'a Value, kind: &str) -> Result<&'a Value> {
    let lanes = comparison["lanes"].as_array().ok_or("no lanes")?;
    Ok(lanes.iter().find(|lane| lane["kind"] == kind).ok_or_else(|| format!("no lane {kind}: {lanes:?}"))?)
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn a_deleted_pod_breaks_the_direct_tunnel_and_costs_the_service_nothing() -> Result {
    let cluster = Cluster::connect().await?;
    let own = Temporary::new("compare");
    own.deployment(&cluster, 2).await?;
    own.service(&cluster).await?;
    cluster.until_ready(&own.labels(), 2, &HashSet::new()).await?;
    let args = format!("compare svc/{}:http --for 24s --delete-pod --yes --output json", own.name());
    let ended = Portolan::new()?.run(&args).await?;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let report: Value = serde_json::from_str(&ended.stdout)?;
    let comparison = &report["comparison"];
    let account = &comparison["account"];
    let direct = lane(comparison, "pod")?;
    assert_eq!(direct["phase"]["state"], "broken", "{account:#}");
    assert!(direct["total"]["lost"].as_u64() > Some(0), "{direct:#}");
    let service = lane(comparison, "service")?;
    assert_eq!(service["phase"]["state"], "active", "{account:#}");
    assert!(service["total"]["answered"].as_u64() > Some(10), "{service:#}");
    assert_eq!(service["total"]["lost"], 0, "{account:#}");
    let told = |what: &str| {
        let entries = account.as_array().into_iter().flatten().filter(|entry| entry["what"] == what);
        entries.filter_map(|entry| entry["text"].as_str()).collect::<Vec<_>>()
    };
    let verdict = told("verdict");
    let [verdict] = verdict.as_slice() else { return Err(format!("not one verdict: {account:#}").into()) };
    assert!(verdict.contains(" was deleted. Direct pod: broken after "), "{verdict}");
    assert!(verdict.contains("Service: ") && verdict.contains(", 0 lost, "), "{verdict}");
    assert!(told("pod_deleted").iter().any(|text| text.contains("is deleted from here")), "{account:#}");
    assert!(told("cut").iter().any(|text| text.starts_with("Direct pod: ")), "{account:#}");
    let probes = report["probes"].as_array().ok_or("no probes")?;
    assert!(probes.len() > 60, "{}", probes.len());
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn a_node_port_answers_beside_the_tunnels_and_says_which_pod() -> Result {
    let ended = Portolan::new()?.run("compare svc/web:http --for 6s --output json").await?;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    let report: Value = serde_json::from_str(&ended.stdout)?;
    let node_port = lane(&report["comparison"], "node_port")?;
    assert!(node_port["total"]["answered"].as_u64() > Some(3), "{node_port:#}");
    assert_eq!(node_port["total"]["lost"], 0, "{node_port:#}");
    assert_eq!(node_port["way"][0]["kind"], "node", "{node_port:#}");
    let named = |lane: &Value| lane["by_pod"].as_array().is_some_and(|pods| !pods.is_empty());
    assert!(named(node_port), "its pods say who they are: {node_port:#}");
    let direct = lane(&report["comparison"], "pod")?;
    assert_eq!(direct["by_pod"].as_array().map(Vec::len), Some(1), "{direct:#}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn text_is_for_eighty_columns_without_colours_where_no_terminal_is() -> Result {
    let ended = Portolan::new()?.run("compare svc/web:http --for 3s").await?;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    assert!(!ended.stdout.contains('\x1b'), "{ended:?}");
    let (account, lanes) = ended.stdout.split_once("\n\n").ok_or("nothing is summed up")?;
    assert!(account.starts_with("   0.0 s  Opened for svc/web:http 8080 → targetPort http in shop"), "{account}");
    for start in ["svc/web:http  shop", "Service     ● active", "Direct pod  ● active", "NodePort    ● answers"] {
        assert!(lanes.lines().any(|line| line.starts_with(start)), "“{start}” is missing: {lanes}");
    }
    assert!(lanes.lines().all(|line| line.chars().count() <= 80), "{lanes}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn what_cannot_be_compared_or_was_not_agreed_to_ends_with_a_reason() -> Result {
    let table = [
        ("compare svc/web", 2, "it needs the Service's port"),
        ("compare deploy/web:80", 2, "only a Service is put beside its pods"),
        ("compare svc/web:http --delete-pod", 2, "no terminal on which to ask"),
        ("compare svc/nope:http", 1, "svc/nope does not exist"),
        ("compare svc/web:99", 1, "svc/web has no port 99"),
        ("compare svc/ext:80", 1, "an ExternalName Service"),
        ("compare svc/web:http --path nope", 1, "“nope” is not a path"),
    ];
    for (args, code, why) in table {
        let ended = Portolan::new()?.run(args).await?;
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.stderr.contains(why), "{ended:?}");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn a_port_that_is_not_http_is_asked_by_bare_connections_and_only_on_demand() -> Result {
    let ended = Portolan::new()?.run("compare svc/web:echo --for 3s --output json").await?;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("--start"), "{ended:?}");
    let report: Value = serde_json::from_str(&ended.stdout)?;
    assert_eq!(
        (&report["comparison"]["state"]["because"], &report["probes"]),
        (&"not_http".into(), &Value::Array(vec![]))
    );
    let ended = Portolan::new()?.run("compare svc/web:echo --for 3s --start --output json").await?;
    let report: Value = serde_json::from_str(&ended.stdout)?;
    let probes = report["probes"].as_array().ok_or("no probes")?;
    assert!(!probes.is_empty() && probes.iter().all(|probe| probe["outcome"]["outcome"] == "answered"), "{probes:?}");
    Ok(())
}
