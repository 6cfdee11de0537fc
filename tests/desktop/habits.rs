//! The app as somebody has it who uses it all day: settings that stay, one instance, a window that keeps its place.

use std::{fs, path::Path, process::Stdio, time::Duration};

use portolan_tests::{Result, carries, site::Site};
use serde_json::Value;
use tokio::process::Command;

use crate::{
    frame::Frame,
    window::{Window, app, eventually},
};

/// The window on the Services of a demo cluster's shop.
pub(crate) async fn shop(folder: &Path, site: &Site) -> Result<Window> {
    let window = Window::open_in(folder, site.kubeconfig()).await?;
    let name = site.context()?.name;
    window.click(&format!("context-{name}")).await?;
    window.choose_namespace("shop").await?;
    window.click("list-services").await?;
    window.find("row-web").await?;
    Ok(window)
}

/// What the page says to a script.
async fn said(window: &Window, script: &str) -> Result<Value> {
    Ok(window.client.execute(&format!("return {script}"), Vec::new()).await?)
}

fn setting(folder: &Path, name: &str) -> Result<Value> {
    let settings: Value = serde_json::from_slice(&fs::read(folder.join("settings.json"))?)?;
    Ok(settings[name].clone())
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn a_protected_context_stays_protected_and_nothing_is_deleted_there() -> Result<()> {
    let (folder, site) = (tempfile::tempdir()?, Site::demo().await?);
    let name = site.context()?.name;
    let window = shop(folder.path(), &site).await?;
    window.click(&format!("protect-{name}")).await?;
    window.css(&format!("[data-testid=\"protect-{name}\"][aria-pressed=\"true\"]")).await?;
    eventually("the mark is kept", async || Ok((folder.path().join("settings.json").exists()).then_some(()))).await?;
    window.close().await?;

    let window = shop(folder.path(), &site).await?;
    window.css(&format!("[data-testid=\"protect-{name}\"][aria-pressed=\"true\"]")).await?;
    window.click("compare-web").await?;
    window.click("compare-web-8080").await?;
    window.css("[data-testid=\"not-started\"][data-because=\"protected\"]").await?;
    assert_eq!(window.count("[data-testid=\"delete-pod\"]").await?, 0, "nothing is deleted there");
    window.photograph("protected").await?;
    window.close().await
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn a_theme_takes_effect_at_once_and_is_there_from_the_start_the_next_time() -> Result<()> {
    let (folder, site) = (tempfile::tempdir()?, Site::demo().await?);
    let window = shop(folder.path(), &site).await?;
    window.client.set_window_size(1280, 800).await?;
    window.click("open-settings").await?;
    for (theme, ground) in [("light", "rgb(246, 247, 249)"), ("dark", "rgb(20, 23, 28)")] {
        window.click(&format!("theme-{theme}")).await?;
        window.css(&format!("html[data-theme=\"{theme}\"]")).await?;
        assert_eq!(said(&window, "getComputedStyle(document.body).backgroundColor").await?, ground);
        // The toolkit draws lists to choose from, and knows, too.
        eventually("the toolkit has the theme", async || {
            let matches = said(&window, &format!("matchMedia('(prefers-color-scheme: {theme})').matches")).await?;
            Ok(matches.as_bool().filter(|matches| *matches))
        })
        .await?;
        window.photograph(&format!("settings-{theme}")).await?;
        window.click("close-settings").await?;
        window.find("row-web").await?;
        window.photograph(&format!("window-{theme}")).await?;
        window.click("open-settings").await?;
    }
    // What somebody writes into the file is taken in.
    assert_eq!(setting(folder.path(), "theme")?, "dark");
    fs::write(folder.path().join("settings.json"), r#"{"version": 1, "theme": "light"}"#)?;
    window.css("html[data-theme=\"light\"]").await?;
    window.close().await?;
    let window = Window::open_in(folder.path(), site.kubeconfig()).await?;
    window.css("html[data-theme=\"light\"]").await?;
    window.close().await
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn a_second_start_shows_the_first_and_ends() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let missing = folder.path().join("no-kubeconfig");
    let window = Window::open_in(folder.path(), &missing).await?;
    let frame = Frame::find()?;
    let second = Command::new(app()?)
        .env("KUBECONFIG", &missing)
        .env("PORTOLAN_CONFIG_DIR", folder.path())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .status();
    let status =
        tokio::time::timeout(Duration::from_secs(20), second).await.map_err(|_| "the second one goes on")??;
    assert!(status.success(), "{status}");
    assert!(window.runs().await? && frame.is_mapped()?);
    window.find("open-settings").await?;
    window.close().await
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn the_window_keeps_its_place_and_comes_back_from_off_the_screen() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let missing = folder.path().join("no-kubeconfig");
    let place = (120, 60, 1100, 700);
    let window = Window::open_in(folder.path(), &missing).await?;
    let frame = Frame::find()?;
    frame.place(place.0.into(), place.1.into(), place.2.into(), place.3.into())?;
    eventually("the window is there", async || Ok((frame.placed()? == place).then_some(()))).await?;
    // As a user closes it: what was open is nothing, so that it ends.
    frame.close()?;
    window.ended().await?;

    let window = Window::open_in(folder.path(), &missing).await?;
    let frame = Frame::find()?;
    eventually("the window is where it was", async || Ok((frame.placed()? == place).then_some(()))).await?;
    frame.close()?;
    window.ended().await?;

    // The screen that it was on is gone.
    let path = folder.path().join("window.json");
    let text = fs::read_to_string(&path)?;
    let mut kept: Value = serde_json::from_str(&text)?;
    kept["main"]["x"] = 5000.into();
    kept["main"]["y"] = 4000.into();
    fs::write(&path, kept.to_string())?;
    let window = Window::open_in(folder.path(), &missing).await?;
    let (x, y, ..) = Frame::find()?.placed()?;
    assert!((0..1440).contains(&x) && (0..900).contains(&y), "{x}, {y}");
    window.close().await
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn closing_without_a_tray_keeps_the_tunnels_and_a_second_start_brings_the_window_back() -> Result<()> {
    let (folder, site) = (tempfile::tempdir()?, Site::demo().await?);
    let window = shop(folder.path(), &site).await?;
    let card = window.open_tunnel("chip-web-8080").await?;
    card.until("active").await?;
    let port = card.port().await?;
    Frame::find()?.close()?;
    // Nothing tells that a window has not ended, but that it goes on.
    for _ in 0..5 {
        carries::http_get(port).await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert!(window.runs().await?);
    let second = Command::new(app()?).env("PORTOLAN_CONFIG_DIR", folder.path()).stdin(Stdio::null()).status().await?;
    assert!(second.success());
    let frame = Frame::find()?;
    eventually("the window is back", async || Ok(frame.is_mapped()?.then_some(()))).await?;
    card.stop().await?;
    // With nothing left to keep, closing ends it.
    frame.close()?;
    window.ended().await
}
