//! The comparison, as somebody sees it who deletes a pod through it.

use std::time::Duration;

use k8s_openapi::api::core::v1::Service;
use kube::api::{Patch, PatchParams};
use portolan_tests::{Result, cluster::Cluster, eventually, temporary::Temporary};
use serde_json::json;

use crate::{
    shop,
    window::{Window, eventually as soon},
};

/// A verdict comes once all has settled: the pod is gone, another one is ready, and nothing has changed for a while.
const SETTLED: Duration = Duration::from_secs(120);

/// So many probes are seen before anything is done: the ribbons show what was before.
const SEEN: usize = 10;

#[tokio::test]
#[ignore = "needs a Kubernetes and a display: see README, Tests"]
async fn a_pod_is_deleted_through_the_comparison_and_the_lanes_tell_what_that_costs() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let own = Temporary::new("compare");
    own.deployment(&cluster, 2).await?;
    own.service(&cluster).await?;
    let node_port = Patch::Merge(json!({"spec": {"type": "NodePort"}}));
    cluster.objects::<Service>().patch(own.name(), &PatchParams::default(), &node_port).await?;
    cluster.until_rolled(own.name()).await?;

    let window = shop().await?;
    window.click(&format!("compare-{}", own.name())).await?;
    window.click(&format!("compare-{}-80", own.name())).await?;
    until_seen(&window).await?;
    assert_eq!(window.count("[data-testid=\"session-card\"]").await?, 0, "its tunnels are not among the sessions");
    let node_port = window.css("[data-testid=\"lane-node_port\"][data-state=\"answers\"]").await;
    node_port.map_err(|error| format!("the NodePort does not answer from here: {error}"))?;

    // What the button names, the question asks about, and that goes.
    let pod = window.find("delete-pod").await?.attr("data-name").await?.ok_or("the button names no pod")?;
    window.click("delete-pod").await?;
    let question = window.text("delete-question").await?;
    assert!(question.contains(&pod) && question.contains("namespace shop"), "{question}");
    window.photograph("compare-question").await?;
    window.click("delete-confirm").await?;
    window.css("[data-testid=\"lane-pod\"][data-state=\"broken\"]").await?;
    let verdict = verdict(&window).await?;
    window.photograph("compare").await?;

    assert!(verdict.contains(&pod), "the account names what went: {verdict}");
    let service = verdict.split("Service:").nth(1).ok_or_else(|| format!("nothing of the Service: {verdict}"))?;
    assert!(service.split(". ").next().is_some_and(|part| part.contains(" 0 lost")), "{verdict}");
    assert_eq!(figure(&window, "service", "lost").await?, "0", "{verdict}");
    assert_ne!(figure(&window, "pod", "lost").await?, "0", "{verdict}");
    window.css("[data-testid=\"lane-service\"][data-state=\"active\"]").await?;
    window.css("[data-testid=\"lane-node_port\"][data-state=\"answers\"]").await?;

    window.click("close-comparison").await?;
    window.find(&format!("row-{}", own.name())).await?;
    window.close().await
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn one_click_shows_on_the_demo_cluster_what_becomes_of_a_service_and_of_a_pod() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let window = Window::open(&folder.path().join("config")).await?;
    window.click("show-me").await?;
    window.css("[data-testid=\"story\"][data-step=\"watching\"]").await?;
    window.css("[data-testid=\"lane-pod\"][data-state=\"broken\"]").await?;
    let verdict = verdict(&window).await?;
    window.css("[data-testid=\"story\"][data-step=\"told\"]").await?;
    window.photograph("show-me").await?;
    assert!(verdict.contains("Service:") && verdict.contains("Direct pod:"), "{verdict}");
    assert_eq!(figure(&window, "service", "lost").await?, "0", "{verdict}");
    window.close().await
}

/// Waits until each lane's ribbon shows enough.
async fn until_seen(window: &Window) -> Result<()> {
    for lane in ["service", "pod", "node_port"] {
        let ribbon = format!("[data-testid=\"lane-{lane}\"] [data-testid=\"ribbon\"]");
        soon(format!("probes of {lane}"), async || {
            let bars = window.css(&ribbon).await?.attr("data-bars").await?;
            Ok(bars.and_then(|bars| bars.parse::<usize>().ok()).is_some_and(|bars| bars >= SEEN).then_some(()))
        })
        .await?;
    }
    Ok(())
}

/// What the account says in the end.
async fn verdict(window: &Window) -> Result<String> {
    eventually("the verdict", SETTLED, async || Ok(window.text("verdict").await.ok())).await
}

/// One of a lane's numbers.
async fn figure(window: &Window, lane: &str, name: &str) -> Result<String> {
    let css = format!("[data-testid=\"lane-{lane}\"] [data-testid=\"lane-{name}\"] dd");
    Ok(window.css(&css).await?.text().await?)
}
