//! On a desktop with a tray: what is listed there, what a click does, and a window that waits in it.

use std::path::Path;

use arboard::Clipboard;
use portolan_tests::{Result, carries, site::Site};
use tokio::net::TcpListener;

use crate::{
    desk::Tray,
    frame::Frame,
    habits::shop,
    window::{Window, eventually},
};

/// A desktop with a tray, and the window on a demo cluster's shop.
struct Desktop {
    window: Window,
    site: Site,
    tray: Tray,
    _folder: tempfile::TempDir,
}

impl Desktop {
    async fn new() -> Result<Desktop> {
        // First: what is dropped last was there first.
        let (tray, folder, site) = (Tray::put_up().await?, tempfile::tempdir()?, Site::demo().await?);
        let window = shop(folder.path(), &site).await?;
        tray.menu().await?;
        knows_the_tray(&window).await?;
        Ok(Desktop { window, site, tray, _folder: folder })
    }

    /// `kind · svc/web · 127.0.0.1:8080 · active`.
    fn line(&self, target: &str, port: u16) -> Result<String> {
        Ok(format!("{} · {target} · 127.0.0.1:{port} · active", self.site.context()?.name))
    }
}

/// Waits until the window says that there is a tray. That is a moment after the tray has the item.
async fn knows_the_tray(window: &Window) -> Result<()> {
    window.click("open-settings").await?;
    window.find("closing-keep").await?;
    eventually("the window knows the tray", async || {
        Ok((window.count("[data-testid=\"no-tray\"]").await? == 0).then_some(()))
    })
    .await?;
    window.click("close-settings").await
}

async fn is_free(port: u16) -> Result<()> {
    eventually(format!("port {port} is free"), async || Ok(TcpListener::bind(("127.0.0.1", port)).await.ok().map(drop)))
        .await
}

async fn answers(port: u16) -> Result<()> {
    eventually(format!("port {port} answers"), async || Ok(carries::http_get(port).await.ok().map(drop))).await
}

async fn mapped(frame: &Frame, wanted: bool) -> Result<()> {
    let what = if wanted { "the window is on the screen" } else { "the window is hidden" };
    eventually(what, async || Ok((frame.is_mapped()? == wanted).then_some(()))).await
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn the_tray_lists_tunnels_and_profiles_and_starts_and_stops_them() -> Result<()> {
    let desktop = Desktop::new().await?;
    let (window, tray) = (&desktop.window, &desktop.tray);
    let icon = tray.icon().await?;
    assert!(Path::new(&icon).is_file(), "the icon is no file: {icon}");
    let menu = tray.menu().await?;
    let nothing = ["Show Portolan", "--", "(No tunnels)", "--", "Quit"];
    menu.until("that nothing is open", |lines| *lines == nothing).await?;

    let card = window.open_tunnel("chip-web-8080").await?;
    card.until("active").await?;
    let port = card.port().await?;
    card.click("session-save").await?;
    window.click("all-profiles").await?;
    window.click("edit-web").await?;
    // Both letters mean something else in menus.
    window.enter("field-name", "web_1 & co").await?;
    let open = desktop.line("svc/web", port)?;
    let with_both = ["Show Portolan", "--", &open, "--", "Stop web_1 & co", "--", "Quit"];
    menu.until("the tunnel and its profile", |lines| *lines == with_both).await?;

    menu.click("Stop web_1 & co").await?;
    is_free(port).await?;
    let with_profile = ["Show Portolan", "--", "(No tunnels)", "--", "Start web_1 & co", "--", "Quit"];
    menu.until("the profile", |lines| *lines == with_profile).await?;
    menu.click("Start web_1 & co").await?;
    answers(port).await?;
    menu.until("both again", |lines| *lines == with_both).await?;
    desktop.window.close().await
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn a_profile_that_the_tray_cannot_start_has_the_window_say_why() -> Result<()> {
    let desktop = Desktop::new().await?;
    let (window, menu) = (&desktop.window, desktop.tray.menu().await?);
    let card = window.open_tunnel("chip-web-8080").await?;
    card.until("active").await?;
    let port = card.port().await?;
    card.click("session-save").await?;
    window.find("favourite-web").await?;
    card.stop().await?;
    let frame = Frame::find()?;
    frame.close()?;
    mapped(&frame, false).await?;
    let _holder = TcpListener::bind(("127.0.0.1", port)).await?;
    menu.click("Start web").await?;
    mapped(&frame, true).await?;
    let says = window.text("blocked-web").await?;
    assert!(says.contains(&port.to_string()) && says.contains(&format!("pid {}", std::process::id())), "{says}");
    desktop.window.close().await
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn a_tunnel_in_the_tray_gives_its_address_to_the_clipboard() -> Result<()> {
    let desktop = Desktop::new().await?;
    let (window, menu) = (&desktop.window, desktop.tray.menu().await?);
    let mut clipboard = Clipboard::new()?;
    let mut has = async |port: u16| {
        let address = format!("127.0.0.1:{port}");
        eventually(format!("{address} is on the clipboard"), async || {
            // It has no text, or its owner does not answer.
            Ok(clipboard.get_text().ok().filter(|text| *text == address).map(drop))
        })
        .await
    };
    let web = window.open_tunnel("chip-web-8080").await?;
    web.until("active").await?;
    let port = web.port().await?;
    let echo = window.open_tunnel("chip-web-7").await?;
    echo.until("active").await?;
    let other = echo.port().await?;
    has(other).await?;
    menu.click(&desktop.line("svc/web", port)?).await?;
    has(port).await?;
    menu.click(&desktop.line("svc/web", other)?).await?;
    has(other).await?;
    desktop.window.close().await
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn a_closed_window_waits_in_the_tray_and_its_tunnels_go_on() -> Result<()> {
    let desktop = Desktop::new().await?;
    let (window, menu) = (&desktop.window, desktop.tray.menu().await?);
    let card = window.open_tunnel("chip-web-8080").await?;
    card.until("active").await?;
    let port = card.port().await?;
    let frame = Frame::find()?;
    for _ in 0..2 {
        frame.close()?;
        mapped(&frame, false).await?;
        carries::http_get(port).await?;
        menu.click("Show Portolan").await?;
        mapped(&frame, true).await?;
    }
    window.photograph("back-from-the-tray").await?;
    // With nothing left to keep it waits all the same: there is a place to wait in.
    card.stop().await?;
    frame.close()?;
    mapped(&frame, false).await?;
    menu.until("that nothing is open", |lines| lines.contains(&"(No tunnels)".to_owned())).await?;
    menu.click("Quit").await?;
    desktop.window.ended().await
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn a_window_comes_back_where_the_tray_that_it_waits_in_goes() -> Result<()> {
    let Desktop { window, site, mut tray, _folder } = Desktop::new().await?;
    let card = window.open_tunnel("chip-web-8080").await?;
    card.until("active").await?;
    let port = card.port().await?;
    let frame = Frame::find()?;
    // The whole of it, and then only what would show the item.
    for whole in [true, false] {
        tray.menu().await?.until("the tunnel", |lines| lines.iter().any(|line| line.contains("svc/web"))).await?;
        frame.close()?;
        mapped(&frame, false).await?;
        if whole {
            frame.leave()?;
            drop(tray);
            mapped(&frame, true).await?;
            tray = Tray::put_up().await?;
            // Nobody has turned to it: that is what a screen is like that was locked.
            mapped(&frame, false).await?;
            tray.menu().await?.click("Show Portolan").await?;
            mapped(&frame, true).await?;
        } else {
            tray.have_a_host(false).await?;
            mapped(&frame, true).await?;
            frame.focus()?;
        }
        carries::http_get(port).await?;
    }
    // There is nothing to hide it in now.
    window.click("open-settings").await?;
    window.find("no-tray").await?;
    window.click("close-settings").await?;
    tray.have_a_host(true).await?;
    knows_the_tray(&window).await?;
    assert!(frame.is_mapped()?, "somebody has turned to it");
    frame.close()?;
    mapped(&frame, false).await?;
    tray.menu().await?.click("Show Portolan").await?;
    mapped(&frame, true).await?;
    drop(site);
    window.close().await
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn where_nothing_shows_the_tray_no_window_is_hidden_in_it() -> Result<()> {
    let (tray, folder) = (Tray::without_a_host().await?, tempfile::tempdir()?);
    let window = Window::open_in(folder.path(), &folder.path().join("no-kubeconfig")).await?;
    window.click("open-settings").await?;
    window.find("no-tray").await?;
    assert_eq!(tray.registered(), 0);
    // Nothing is open, and there is nothing to wait in.
    Frame::find()?.close()?;
    window.ended().await
}
