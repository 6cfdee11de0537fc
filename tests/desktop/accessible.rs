//! Every view through axe-core, in both themes, and photographed in three sizes.
//!
//! A new view is one line in [`VIEWS`]: its name, and the way to it from the demo cluster's Services.

use fantoccini::key::Key;
use futures::future::LocalBoxFuture;
use portolan_tests::Result;

use crate::{
    eye::{Eye, THEMES},
    window::Window,
};

/// Goes to a view.
type Way = for<'a> fn(&'a Window) -> LocalBoxFuture<'a, Result<()>>;

const VIEWS: &[(&str, Way)] = &[
    ("services", |window| Box::pin(async move { found(window, "row-web").await })),
    ("workloads", |window| Box::pin(clicks(window, &["list-workloads"]))),
    ("pods", |window| Box::pin(clicks(window, &["list-pods"]))),
    ("empty", |window| Box::pin(empty(window))),
    ("unmatched", |window| Box::pin(unmatched(window))),
    ("port", |window| Box::pin(clicks(window, &["add-port-web"]))),
    ("cards", |window| Box::pin(cards(window))),
    ("details", |window| Box::pin(clicks(window, &["chip-web-80", "session-details-toggle"]))),
    ("connections", |window| Box::pin(clicks(window, &["chip-web-80", "session-connections-toggle"]))),
    ("events", |window| Box::pin(clicks(window, &["chip-web-80", "session-events-toggle"]))),
    ("palette", |window| Box::pin(palette(window))),
    ("keys", |window| Box::pin(keys(window))),
    ("explanation", |window| Box::pin(explanation(window))),
    ("comparison", |window| Box::pin(comparison(window))),
    ("import", |window| Box::pin(import(window))),
    ("profiles", |window| Box::pin(profiles(window))),
    ("settings", |window| Box::pin(clicks(window, &["open-settings"]))),
];

#[tokio::test]
#[ignore = "needs a display and npm ci in ui: see README, Tests"]
async fn no_view_has_a_violation_in_either_theme() -> Result<()> {
    let wanted = std::env::var("PORTOLAN_TEST_VIEWS").unwrap_or_default();
    let mut eye = Eye::new()?;
    for theme in THEMES {
        eye.theme = theme;
        let nowhere = tempfile::tempdir()?;
        let window = Window::open_with(&nowhere.path().join("config"), &[theme.gtk()]).await?;
        window.find("kubeconfig-problem").await?;
        eye.sees(&window, "no-kubeconfig").await?;
        window.click("open-demo").await?;
        for (view, way) in VIEWS {
            if !wanted.is_empty() && !wanted.split(',').any(|one| one == *view) {
                continue;
            }
            let there = async {
                window.click("list-services").await?;
                found(&window, "row-web").await?;
                way(&window).await?;
                eye.sees(&window, view).await
            };
            there.await.map_err(|error| format!("{} {view}: {error}", theme.name))?;
            leave(&window).await?;
        }
        window.close().await?;
    }
    eye.closes()
}

/// Back to the list, as it was at first.
async fn leave(window: &Window) -> Result<()> {
    let escape = char::from(Key::Escape).to_string();
    if window.count("dialog[open]").await? > 0 {
        window.press(&escape).await?;
    }
    if window.count("[data-testid=\"add-port-input\"]").await? > 0 {
        window.click("add-port-web").await?;
    }
    while window.count("[data-testid=\"session-stop\"]").await? > 0 {
        let before = window.count("[data-testid=\"session-stop\"]").await?;
        window.click("session-stop").await?;
        crate::window::eventually("a card goes", async || {
            Ok((window.count("[data-testid=\"session-stop\"]").await? < before).then_some(()))
        })
        .await?;
    }
    if window.count("[data-testid=\"close-comparison\"]").await? > 0 {
        window.click("close-comparison").await?;
    }
    if window.count("[data-testid=\"filter\"]").await? > 0 {
        window.find("filter").await?.send_keys(&escape).await?;
    }
    window.choose_namespace("shop").await
}

async fn found(window: &Window, id: &str) -> Result<()> {
    window.find(id).await.map(drop)
}

async fn clicks(window: &Window, ids: &[&str]) -> Result<()> {
    for id in ids {
        window.click(id).await?;
    }
    Ok(())
}

async fn empty(window: &Window) -> Result<()> {
    window.choose_namespace("default").await?;
    window.click("list-pods").await?;
    found(window, "list-empty").await
}

async fn unmatched(window: &Window) -> Result<()> {
    window.enter("filter", "nothing is called so").await?;
    found(window, "list-unmatched").await
}

/// One that works, one that waits and one that can never work.
async fn cards(window: &Window) -> Result<()> {
    window.open_tunnel("chip-web-80").await?.until("active").await?;
    window.open_tunnel("chip-checkout-80").await?.until("waiting").await?;
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let asked = format!("{}:80", taken.local_addr()?.port());
    let typed = async {
        window.click("add-port-web").await?;
        window.enter("add-port-input", &asked).await
    };
    window.opens_a_card(typed).await?.until("failed").await
}

/// A plan with all that one can say.
async fn import(window: &Window) -> Result<()> {
    window.click("open-import").await?;
    let lines =
        "kubectl --context gone port-forward --address 0.0.0.0 svc/web 18080:80 -n shop; kubectl port-forward cm/web 1";
    window.find("import-text").await?.send_keys(lines).await?;
    found(window, "import-plan").await
}

/// One that is not pinned, with its fields open.
async fn profiles(window: &Window) -> Result<()> {
    import(window).await?;
    window.click("import-take").await?;
    found(window, "import-done").await?;
    window.click("all-profiles").await?;
    window.click("edit-web").await?;
    found(window, "field-port").await
}

async fn palette(window: &Window) -> Result<()> {
    let control = char::from(Key::Control);
    window.press(&format!("{control}k")).await?;
    found(window, "palette-input").await?;
    window.press("web").await
}

async fn keys(window: &Window) -> Result<()> {
    window.press("?").await?;
    found(window, "keys").await
}

async fn explanation(window: &Window) -> Result<()> {
    window.click("explain-checkout").await?;
    window.css("[data-testid=\"finding\"]").await.map(drop)
}

async fn comparison(window: &Window) -> Result<()> {
    window.click("compare-web").await?;
    window.css("[data-testid=\"lane-service\"]").await.map(drop)
}
