//! The explanation, as somebody sees it whose Service does not work.

use portolan_tests::Result;

use crate::{shop, window::Window};

#[tokio::test]
#[ignore = "needs a Kubernetes and a display: see README, Tests"]
async fn why_a_service_does_not_work_is_one_click_from_its_row() -> Result<()> {
    let window = shop().await?;
    window.click("finding-miss").await?;
    window.css("[data-testid=\"finding\"][data-code=\"selector_matches_nothing\"]").await?;
    window.css("[data-testid=\"lessons\"] [data-broken=\"selector_matches_nothing\"]").await?;
    window.photograph("explain-miss").await?;
    window.click("close-explanation").await?;

    window.click("explain-web").await?;
    window.find("healthy").await?;
    answers(&window, "service_tunnel").await?;
    answers(&window, "pod_tunnel").await?;
    // Inside the cluster only: said, and not asked.
    window.css("[data-testid=\"path\"][data-kind=\"cluster_ip\"][data-verdict=\"in_cluster_only\"]").await?;
    window.css("[data-testid=\"path\"][data-kind=\"ingress\"][data-verdict=\"not_configured\"]").await?;
    window.photograph("explain-web").await?;
    window.close().await
}

async fn answers(window: &Window, kind: &str) -> Result<()> {
    let css = format!("[data-testid=\"path\"][data-kind=\"{kind}\"][data-verdict=\"answers\"]");
    window.css(&css).await.map_err(|error| format!("{kind} does not answer: {error}"))?;
    Ok(())
}
