//! Starting at login: the entry that the setting makes, and what a desktop would start by it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use portolan_tests::Result;
use tokio::process::Command;

use crate::{
    desk::Tray,
    frame::Frame,
    window::{Window, app, eventually},
};

/// The app in a place that is awkward to name. It takes no room: a link, where the place is on the same disk.
fn awkward(folder: &Path) -> Result<PathBuf> {
    let place = folder.join("my apps, 100% $HOME `x` \"y\" \\z");
    fs::create_dir_all(&place)?;
    let link = place.join("portolan-desktop");
    if fs::hard_link(app()?, &link).is_err() {
        fs::copy(app()?, &link)?;
    }
    Ok(link)
}

/// What stands behind a key of an entry, as a desktop reads it.
fn value(entry: &str, key: &str) -> Option<String> {
    let value = entry.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
    Some(value.replace(r"\\", "\\"))
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn the_setting_makes_an_entry_that_starts_the_app_and_takes_it_away() -> Result<()> {
    let (tray, folder) =
        (Tray::put_up().await?, tempfile::tempdir_in(app()?.parent().ok_or("the app is in no folder")?)?);
    let (binary, home) = (awkward(folder.path())?, folder.path().join("home"));
    let (config, own) = (home.join("its config"), folder.path().join("own"));
    fs::create_dir_all(&home)?;
    fs::create_dir_all(&own)?;
    let text = |path: &Path| path.to_str().map(str::to_owned).ok_or("a path is no text");
    let environment = [("HOME", text(&home)?), ("XDG_CONFIG_HOME", text(&config)?)];
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let missing = folder.path().join("no-kubeconfig");
    let window = Window::open_app(&binary, &own, &missing, &environment).await?;

    let entry = config.join("autostart/Portolan.desktop");
    assert!(!entry.exists(), "nothing is made before it is asked for");
    window.click("open-settings").await?;
    window.click("start-at-login").await?;
    let text = eventually("the entry is there", async || Ok(fs::read_to_string(&entry).ok())).await?;
    window.photograph("start-at-login").await?;
    assert_eq!(window.count("[data-testid=\"start-at-login-problem\"]").await?, 0);
    assert!(text.starts_with("[Desktop Entry]\n") && text.ends_with('\n'), "{text}");
    assert_eq!(value(&text, "Type").as_deref(), Some("Application"));
    assert_eq!(value(&text, "TryExec").as_deref(), binary.to_str());

    // What it starts is the app, which has its window shown: with this one in the tray, that is seen.
    tray.menu().await?;
    let frame = Frame::find()?;
    frame.close()?;
    eventually("the window is hidden", async || Ok((!frame.is_mapped()?).then_some(()))).await?;
    // A shell reads double quotes as a desktop does; what is left is the sign of a field code.
    let exec = value(&text, "Exec").ok_or("it starts nothing")?.replace("%%", "%");
    let mut started = Command::new("sh");
    started.args(["-c", &exec]).env("PORTOLAN_CONFIG_DIR", &own).envs(environment).stdin(Stdio::null());
    let ends = tokio::time::timeout(Duration::from_secs(20), started.kill_on_drop(true).status()).await;
    let status = ends.map_err(|_| "what was started goes on")??;
    assert!(status.success(), "{exec}: {status}");
    eventually("the window is back", async || Ok(frame.is_mapped()?.then_some(()))).await?;

    window.click("start-at-login").await?;
    eventually("the entry is gone", async || Ok((!entry.exists()).then_some(()))).await?;
    let left: Vec<_> = fs::read_dir(config.join("autostart"))?.collect::<Result<_, _>>()?;
    assert!(left.is_empty(), "{left:?}");
    window.close().await
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn an_entry_that_cannot_be_made_is_told_beside_the_setting() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("config");
    fs::create_dir_all(&config)?;
    // Where a folder has to be.
    fs::write(config.join("autostart"), "")?;
    let named = config.to_str().ok_or("a path is no text")?;
    let missing = folder.path().join("no-kubeconfig");
    let window = Window::open_with(&missing, &[("XDG_CONFIG_HOME", named)]).await?;
    window.click("open-settings").await?;
    window.click("start-at-login").await?;
    let says = window.text("start-at-login-problem").await?;
    assert!(says.contains("start at login") && says.contains("autostart"), "{says}");
    window.photograph("start-at-login-problem").await?;
    window.close().await
}
