//! `portolan explain` on a real Kubernetes.

use std::time::Duration;

use futures::future::try_join_all;
use portolan_engine::explain::view::{Explanation, FindingCode};
use portolan_tests::{
    Result,
    ailing::{AILING, Ailing},
    cluster::{Cluster, viewer_kubeconfig},
    command::Portolan,
    eventually,
};

/// Pods have to start, and some to fail; the kubelet tells of that when its next round comes.
const LIMIT: Duration = Duration::from_secs(180);

async fn explain(portolan: &Portolan, args: &str) -> Result<Explanation> {
    let ended = portolan.run(&format!("explain {args} --probe all --output json")).await?;
    serde_json::from_str(&ended.stdout).map_err(|error| format!("{error}: {ended:?}").into())
}

async fn is_found(portolan: &Portolan, cluster: &Cluster, ailing: &Ailing) -> Result {
    let own = ailing.make(cluster).await?;
    let mut last = Vec::new();
    let what = format!("{:?} is told", ailing.code);
    let told = eventually(&what, LIMIT, async || {
        let explanation = explain(portolan, &format!("svc/{}", own.name())).await?;
        let told = ailing.is_told(&explanation);
        last = explanation.findings;
        Ok(told.then_some(()))
    });
    let told = told.await;
    told.map_err(|error| format!("{error}: {last:#?}").into())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn what_is_wrong_with_a_service_is_found() -> Result {
    let (portolan, cluster) = (Portolan::new()?, Cluster::connect().await?);
    try_join_all(AILING.iter().map(|ailing| is_found(&portolan, &cluster, ailing))).await?;
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn nothing_is_found_wrong_with_services_that_work() -> Result {
    let portolan = Portolan::new()?;
    for service in ["web", "db"] {
        let explanation = explain(&portolan, &format!("svc/{service}")).await?;
        assert_eq!((explanation.findings.as_slice(), explanation.unread.as_slice()), ([].as_slice(), [].as_slice()));
        assert!(explanation.anatomy.joins.iter().all(|join| join.broken.is_none()), "{:?}", explanation.anatomy);
    }
    let text = portolan.run("explain svc/web").await?;
    assert!(text.code == Some(0) && text.stdout.contains("nothing found wrong"), "{text:?}");
    assert!(!text.stdout.contains('\u{1b}'), "no colours where there is no terminal: {text:?}");
    // An address to copy is not broken.
    let wraps = |line: &str| !line.trim_start().starts_with("https://");
    assert!(text.stdout.lines().filter(|line| wraps(line)).all(|line| line.chars().count() <= 80), "{text:?}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn a_service_that_does_not_exist_is_a_failure_that_names_those_that_do() -> Result {
    let ended = Portolan::new()?.run("explain svc/wbe").await?;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
    for words in ["error: There is no Service “wbe”", "web", "Did you mean svc/web?"] {
        assert!(ended.stderr.contains(words), "“{words}” is missing: {ended:?}");
    }
    let ended = Portolan::new()?.run("explain deploy/web").await?;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn a_user_with_few_rights_is_told_which_miss_and_what_could_not_be_read() -> Result {
    let Some(kubeconfig) = viewer_kubeconfig() else { return Ok(()) };
    let viewer = Portolan::with(&kubeconfig).in_namespace(None);
    let healthy = explain(&viewer, "svc/web -n shop").await?;
    assert_eq!(healthy.findings, []);
    assert!(healthy.unread.iter().any(|unread| unread.what == "nodes"), "{:?}", healthy.unread);
    let elsewhere = explain(&viewer, "svc/kubernetes -n default").await?;
    let codes: Vec<FindingCode> = elsewhere.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [FindingCode::Forbidden]);
    let role = elsewhere.findings[0].snippet.as_ref().map(|snippet| snippet.text.as_str()).unwrap_or_default();
    assert!(
        role.contains("resources: [pods/portforward], verbs: [create]") && role.contains("name: \"viewer\"}"),
        "{role}"
    );
    Ok(())
}
