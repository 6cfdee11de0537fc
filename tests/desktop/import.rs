//! What comes in from elsewhere: a pasted line, a namespace's Services, a kubectl that runs.

use std::{fs, path::Path};

use fantoccini::key::Key;
use portolan_tests::{Result, carries, site::Site, stand_in::StandIn};
use serde_json::Value;

use crate::window::{Window, eventually};

/// A window on a demo cluster of its own, with a configuration folder of its own.
async fn on_demo(config: &Path) -> Result<(Site, Window)> {
    let site = Site::demo().await?;
    let kubeconfig = site.as_demo()?.kubeconfig().to_owned();
    Ok((site, Window::open_keeping(&kubeconfig, config).await?))
}

/// What is kept, in short: `web svc/web 18080:8080`.
fn kept(config: &Path) -> Result<Vec<String>> {
    let json: Value = serde_json::from_str(&fs::read_to_string(config.join("profiles.json"))?)?;
    let profiles = json["profiles"].as_array().ok_or("there are no profiles")?;
    let short = |profile: &Value| {
        let forward = &profile["forwards"][0];
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        [&profile["name"], &forward["target"], &forward["ports"][0]].map(word).join(" ")
    };
    Ok(profiles.iter().map(short).collect())
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn a_pasted_line_is_shown_before_it_is_added() -> Result<()> {
    let config = tempfile::tempdir()?;
    let (site, window) = on_demo(config.path()).await?;
    let context = site.context()?.name;
    window.click("open-import").await?;
    window.find("import-text").await?.send_keys("kubectl port-forward svc/web 18080:8080 -n shop").await?;
    let item = window.text("import-item-web").await?;
    assert!(item.contains("svc/web 18080:8080") && item.contains(&format!("{context} / shop")), "{item}");
    assert!(item.contains("new"), "{item}");
    assert!(!config.path().join("profiles.json").exists(), "nothing is kept before it is said so");
    window.click("import-take").await?;
    let done = window.text("import-done").await?;
    assert!(done.contains("Added web."), "{done}");
    assert_eq!(kept(config.path())?, ["web svc/web 18080:8080"]);
    assert_eq!(window.count("[data-testid=\"session-card\"]").await?, 0, "nothing was started");

    // The same again, another of its name, one of a context that is not here, and one that cannot be.
    // WebDriver's Enter: a bare line feed is no key.
    let lines = "kubectl port-forward svc/web 18080:8080 -n shop\nkubectl port-forward --address 0.0.0.0 -n shop deploy/web 18081:80\n\
                 kubectl --context gone port-forward -n shop svc/api 18082:80\nkubectl port-forward -n shop cm/web 1\n";
    window.find("import-text").await?.send_keys(&lines.replace('\n', &char::from(Key::Enter).to_string())).await?;
    window.css("[data-testid=\"import-item-web\"][data-fate=\"same\"]").await?;
    let reach = window.text("import-item-web 2").await?;
    assert!(reach.contains("listens on 0.0.0.0, which others can reach"), "{reach}");
    let left_out = window.text("import-left-out").await?;
    assert!(left_out.contains("line 4: “cm/web” is not a target"), "{left_out}");
    window.find("context-for-gone").await?.select_by_index(1).await?;
    eventually("the answer is taken", async || {
        Ok(window.text("import-item-api").await?.contains(&format!("{context} / shop")).then_some(()))
    })
    .await?;
    window.photograph("import").await?;
    window.click("import-take").await?;
    window.find("import-done").await?;
    assert_eq!(kept(config.path())?, ["web svc/web 18080:8080", "web 2 deploy/web 18081:80", "api svc/api 18082:80"]);
    let text = fs::read_to_string(config.path().join("profiles.json"))?;
    assert!(!text.contains("0.0.0.0"), "loopback unless the user says otherwise: {text}");
    window.close().await
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn all_services_of_a_namespace_become_a_profile() -> Result<()> {
    let config = tempfile::tempdir()?;
    let (site, window) = on_demo(config.path()).await?;
    window.click(&format!("context-{}", site.context()?.name)).await?;
    window.choose_namespace("shop").await?;
    window.find("row-web").await?;
    window.click("all-services").await?;
    let item = window.text("import-item-shop").await?;
    assert!(item.contains("svc/web 8080:8080"), "{item}");
    let left_out = window.text("import-left-out").await?;
    assert!(left_out.contains("svc/ext is an ExternalName") && left_out.contains("svc/dns 53/UDP"), "{left_out}");
    window.photograph("import-services").await?;
    window.click("import-take").await?;
    window.find("import-done").await?;
    assert!(kept(config.path())?[0].starts_with("shop svc/"));
    window.close().await
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn a_kubectl_that_runs_is_taken_over_after_a_question() -> Result<()> {
    let config = tempfile::tempdir()?;
    let (_site, window) = on_demo(config.path()).await?;
    let port = tokio::net::TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
    let line = ["-n", "shop", "port-forward", "svc/web", &format!("{port}:8080")];
    let mut kubectl = StandIn::start(env!("CARGO_BIN_EXE_kubectl-stand-in"), config.path(), &line).await?;
    let pid = kubectl.pid;

    window.click("open-import").await?;
    let shown = window.text(&format!("kubectl-{pid}")).await?;
    assert!(shown.contains(&format!("svc/web :{port} → 8080")), "{shown}");
    assert!(shown.contains("the current one is assumed"), "{shown}");
    window.click(&format!("kubectl-take-{pid}")).await?;
    let question = window.text("kubectl-question").await?;
    assert!(question.contains(&format!("End process {pid}")), "{question}");
    assert!(!kubectl.has_ended()?, "it is only asked about");
    window.photograph("takeover").await?;
    let card = window.opens_a_card(window.click("kubectl-confirm")).await?;
    card.until("active").await?;
    assert!(kubectl.has_ended()?);
    assert_eq!(card.port().await?, port);
    assert!(carries::http_get(port).await?.starts_with("web-"));
    window.find("kubectl-taken").await?;

    card.click("session-copies-toggle").await?;
    window.find("session-copies").await?;
    // What is cut by CSS is not called shown by the driver: so by what its title says.
    for (kind, starts) in [
        ("kubectl", format!("kubectl port-forward svc/web {port}:8080 -n shop --context ")),
        ("variable", format!("WEB_URL=http://127.0.0.1:{port}")),
    ] {
        let line = format!("[data-testid=\"copy-as-{kind}\"] code[title^=\"{starts}\"]");
        eventually(&line, async || Ok((window.count(&line).await? == 1).then_some(()))).await?;
    }
    window.photograph("copies").await?;
    card.stop().await?;
    window.close().await
}
