//! Favourites, as somebody has them who opens the same tunnels every day. On a demo cluster: nothing here asks for more.

use std::fs;

use fantoccini::{
    actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction},
    key::Key,
};
use portolan_demo::{Demo, Options};
use portolan_tests::Result;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::{
    page,
    window::{Card, Window, eventually},
};

/// A cluster, and a folder that outlives the window.
struct Desk {
    demo: Demo,
    folder: TempDir,
}

impl Desk {
    async fn new() -> Result<Desk> {
        Ok(Desk { demo: Demo::start(Options::default()).await?, folder: tempfile::tempdir()? })
    }

    /// The app, as it starts.
    async fn start(&self) -> Result<Window> {
        Window::open_keeping(self.demo.kubeconfig(), self.folder.path()).await
    }

    /// The app on the shop's Services.
    async fn shop(&self) -> Result<Window> {
        let window = self.start().await?;
        window.css("[data-testid^=\"context-\"]").await?.click().await?;
        window.choose_namespace(portolan_demo::NAMESPACE).await?;
        window.find("row-web").await?;
        Ok(window)
    }

    /// The app after it was quit with a favourite `web`, and the favourite's port.
    async fn with_a_favourite(&self) -> Result<u16> {
        let window = self.shop().await?;
        let card = window.open_tunnel("chip-web-80").await?;
        card.until("active").await?;
        let port = card.port().await?;
        card.click("session-save").await?;
        state(&window, "active").await?;
        window.photograph("favourite-saved").await?;
        card.stop().await?;
        state(&window, "idle").await?;
        window.close().await?;
        Ok(port)
    }

    /// The names of what is saved, in their order.
    fn order(&self) -> Result<Vec<String>> {
        let kept: Value = serde_json::from_str(&self.file("profiles.json"))?;
        let names = kept["profiles"].as_array().into_iter().flatten().filter_map(|profile| profile["name"].as_str());
        Ok(names.map(ToOwned::to_owned).collect())
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }
}

/// Waits until the favourite is shown so.
async fn state(window: &Window, state: &str) -> Result<()> {
    let css = format!("[data-testid=\"favourite-web\"][data-state=\"{state}\"]");
    window.css(&css).await.map_err(|error| format!("the favourite is never {state}: {error}"))?;
    Ok(())
}

async fn carries(card: &Card<'_>, port: u16) -> Result<()> {
    card.until("active").await?;
    assert_eq!(card.port().await?, port, "a profile's port never moves");
    let answer = page(port).await?;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn a_saved_tunnel_is_found_after_a_restart_and_one_click_away() -> Result<()> {
    let desk = Desk::new().await?;
    let port = desk.with_a_favourite().await?;
    let window = desk.start().await?;
    state(&window, "idle").await?;
    assert_eq!(window.count("[data-testid=\"session-card\"]").await?, 0, "nothing starts by itself");
    let card = window.opens_a_card(window.click("favourite-web")).await?;
    carries(&card, port).await?;
    state(&window, "active").await?;
    window.photograph("favourite-started").await?;
    // And one click ends it.
    window.click("favourite-web").await?;
    state(&window, "idle").await?;
    eventually("its port is free", async || Ok(TcpListener::bind(("127.0.0.1", port)).await.ok().map(drop))).await?;
    window.close().await
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn a_favourite_is_started_by_the_keyboard_alone() -> Result<()> {
    let desk = Desk::new().await?;
    let port = desk.with_a_favourite().await?;
    let window = desk.start().await?;
    state(&window, "idle").await?;
    let mut met = Vec::new();
    while met.last().map(String::as_str) != Some("favourite-web") {
        assert!(met.len() < 40, "Tab never comes there: {met:?}");
        window.press(&char::from(Key::Tab).to_string()).await?;
        met.push(window.focused().await?.unwrap_or_default());
    }
    let card = window.opens_a_card(window.press(&char::from(Key::Enter).to_string())).await?;
    carries(&card, port).await?;
    window.photograph("favourite-by-keyboard").await?;
    window.close().await
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn a_port_that_is_taken_names_its_holder_and_is_resolved_by_a_click() -> Result<()> {
    let desk = Desk::new().await?;
    let port = desk.with_a_favourite().await?;
    let saved = desk.file("profiles.json");
    let holder = TcpListener::bind(("127.0.0.1", port)).await?;
    let window = desk.start().await?;
    window.click("favourite-web").await?;
    let says = window.text("blocked-web").await?;
    assert!(says.contains(&port.to_string()) && says.contains(&format!("pid {}", std::process::id())), "{says}");
    assert_eq!(window.count("[data-testid=\"session-card\"]").await?, 0, "nothing of it is opened");
    window.photograph("favourite-conflict").await?;
    let card = window.opens_a_card(window.click("remedy-address")).await?;
    card.until("active").await?;
    assert!(card.text("session-address").await?.starts_with("127.0.0.2:"));
    let kept = |text: &str| text.contains("127.0.0.2");
    assert!(!kept(&desk.file("profiles.json")) && kept(&desk.file("open.json")) && !kept(&saved));
    window.click("keep-web").await?;
    eventually("it is kept", async || Ok(kept(&desk.file("profiles.json")).then_some(()))).await?;
    drop(holder);
    window.close().await
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn what_was_open_is_offered_again_after_a_crash() -> Result<()> {
    let desk = Desk::new().await?;
    let window = desk.shop().await?;
    let mut ports = Vec::new();
    for _ in 0..2 {
        // The second one by its own row's port, which is open: a port that is typed opens another.
        let card = if ports.is_empty() {
            window.open_tunnel("chip-web-80").await?
        } else {
            let typed = async {
                window.click("add-port-web").await?;
                window.enter("add-port-input", ":80").await
            };
            window.opens_a_card(typed).await?
        };
        card.until("active").await?;
        ports.push(card.port().await?);
    }
    let noted = |text: &str| ports.iter().all(|port| text.contains(&format!("{port}:80")));
    eventually("both are noted", async || Ok(noted(&desk.file("open.json")).then_some(()))).await?;
    window.crash().await?;

    let window = desk.start().await?;
    let says = window.text("left-open").await?;
    assert!(says.contains("2 tunnels were open") && says.contains("Reopen 2"), "{says}");
    assert_eq!(window.count("[data-testid=\"session-card\"]").await?, 0, "nothing starts by itself");
    window.photograph("left-open").await?;
    window.click("reopen").await?;
    let active = "[data-testid=\"session-card\"][data-state=\"active\"]";
    eventually("both are open", async || Ok((window.count(active).await? == 2).then_some(()))).await?;
    for port in ports {
        page(port).await?;
    }
    assert_eq!(window.count("[data-testid=\"left-open\"]").await?, 0);
    window.close().await
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn profiles_are_edited_in_place_and_a_deletion_is_undone() -> Result<()> {
    let desk = Desk::new().await?;
    desk.with_a_favourite().await?;
    let window = desk.start().await?;
    window.click("all-profiles").await?;
    window.click("edit-web").await?;
    window.enter("field-group", "shop").await?;
    window.enter("field-name", "front").await?;
    window.find("favourite-front").await?;
    window.click("duplicate").await?;
    window.find("favourite-front 2").await?;
    window.photograph("profiles").await?;
    let before = desk.file("profiles.json");
    // The copy's fields are open.
    window.click("remove").await?;
    eventually("it is gone", async || {
        Ok((window.count("[data-testid=\"favourite-front 2\"]").await? == 0).then_some(()))
    })
    .await?;
    assert_ne!(desk.file("profiles.json"), before);
    window.click("undo-remove").await?;
    window.find("favourite-front 2").await?;
    assert_eq!(desk.file("profiles.json"), before, "exactly, order included");
    window.close().await
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn favourites_are_dragged_into_another_order() -> Result<()> {
    let desk = Desk::new().await?;
    desk.with_a_favourite().await?;
    let window = desk.start().await?;
    window.click("all-profiles").await?;
    window.click("edit-web").await?;
    // Each copy's fields are open, and it is copied in its turn.
    for copy in ["web 2", "web 2 2"] {
        window.click("duplicate").await?;
        window.css(&format!("[data-testid=\"edit-{copy}\"][aria-expanded=\"true\"]")).await?;
    }
    window.click("edit-web 2 2").await?;
    assert_eq!(desk.order()?, ["web", "web 2", "web 2 2"]);

    let (handle, first) = (window.find("drag-web 2 2").await?, window.find("profile-web").await?);
    let over_first = [
        PointerAction::MoveToElement { element: handle, duration: None, x: 0.0, y: 0.0 },
        PointerAction::Down { button: MOUSE_BUTTON_LEFT },
        PointerAction::MoveToElement { element: first, duration: None, x: 0.0, y: -8.0 },
    ];
    window.client.perform_actions(mouse(over_first)).await?;
    window.css("[data-testid=\"profile-web\"][data-edge=\"above\"]").await?;
    window.photograph("profiles-dragged").await?;
    assert_eq!(desk.order()?, ["web", "web 2", "web 2 2"], "it is not let go yet");
    window.client.perform_actions(mouse([PointerAction::Up { button: MOUSE_BUTTON_LEFT }])).await?;
    eventually("the order is kept", async || Ok((desk.order()? == ["web 2 2", "web", "web 2"]).then_some(()))).await?;
    eventually("and shown", async || {
        let first = window.css("[data-profile]").await?.attr("data-testid").await?;
        Ok((first.as_deref() == Some("profile-web 2 2")).then_some(()))
    })
    .await?;
    window.close().await
}

fn mouse(actions: impl IntoIterator<Item = PointerAction>) -> MouseActions {
    actions.into_iter().fold(MouseActions::new("mouse".into()), MouseActions::then)
}
