//! What the window shows where something is amiss or asks for a word, as [`Eye`] sees it: on demo clusters that misbehave.

use std::{fs, path::PathBuf, time::Duration};

use portolan_demo::{Demo, NAMESPACE, Options};
use portolan_tests::Result;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::{
    eye::{Eye, THEMES, Theme},
    window::{Card, Window, eventually},
};

/// More than six, some of which cannot work.
const CHIPS: [&str; 8] = [
    "chip-web-80",
    "chip-api-80",
    "chip-orders-db-5432",
    "chip-cache-6379",
    "chip-search-80",
    "chip-checkout-80",
    "chip-backend-80",
    "chip-reports-80",
];

/// A cluster, what the user keeps, and a kubeconfig that nobody renews.
struct Desk {
    demo: Demo,
    folder: TempDir,
    theme: Theme,
}

impl Desk {
    async fn new(theme: Theme) -> Result<Desk> {
        let demo = Demo::start(Options { pace: 0.2, ..Options::default() }).await?;
        let desk = Desk { demo, folder: tempfile::tempdir()?, theme };
        fs::copy(desk.demo.kubeconfig(), desk.kubeconfig())?;
        Ok(desk)
    }

    fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    async fn start(&self) -> Result<Window> {
        Window::open_keeping_with(&self.kubeconfig(), self.folder.path(), &[self.theme.gtk()]).await
    }

    async fn shop(&self, window: &Window) -> Result<()> {
        window.click("context-demo").await?;
        window.choose_namespace(NAMESPACE).await?;
        window.click("list-services").await?;
        window.find("row-web").await.map(drop)
    }

    fn forbid(&self, resources: &[&str]) {
        let both = |resource: &&str| ["list", "watch"].map(|verb| (verb.to_owned(), (*resource).to_owned()));
        self.demo.faults().set(|faulty| faulty.forbidden = resources.iter().flat_map(both).collect());
    }

    fn away(&self, away: bool) {
        self.demo.faults().set(|faulty| faulty.away = away);
    }
}

#[tokio::test]
#[ignore = "needs a display and npm ci in ui: see README, Tests"]
async fn no_state_has_a_violation_in_either_theme() -> Result<()> {
    let mut eye = Eye::new()?;
    for theme in THEMES {
        eye.theme = theme;
        let desk = Desk::new(theme).await?;
        let window = desk.start().await?;
        desk.shop(&window).await?;
        crowded(&window, &mut eye).await?;
        let noted = || fs::read_to_string(desk.folder.path().join("open.json")).unwrap_or_default();
        eventually("all are noted", async || Ok((noted().matches("\"target\"").count() == CHIPS.len()).then_some(())))
            .await?;
        window.crash().await?;

        let window = desk.start().await?;
        offers(&window, &mut eye).await?;
        desk.shop(&window).await?;
        lists(&desk, &window, &mut eye).await?;
        question(&window, &mut eye).await?;
        outages(&desk, &window, &mut eye).await?;
        login(&desk, &window, &mut eye).await?;
        window.close().await?;
    }
    eye.closes()
}

/// Eight tunnels, of which one becomes a favourite.
async fn crowded(window: &Window, eye: &mut Eye) -> Result<()> {
    for (n, chip) in CHIPS.into_iter().enumerate() {
        let card = window.open_tunnel(chip).await?;
        if n == 0 {
            card.until("active").await?;
            card.click("session-save").await?;
            window.find("favourite-web").await?;
        }
    }
    eye.sees(window, "eight").await
}

/// What was open, a profile whose port is taken, one that was removed.
async fn offers(window: &Window, eye: &mut Eye) -> Result<()> {
    let says = window.text("left-open").await?;
    assert!(says.contains("Reopen 8"), "{says}");
    eye.sees(window, "reopen").await?;
    window.click("forget-left-open").await?;

    let card = window.opens_a_card(window.click("favourite-web")).await?;
    card.until("active").await?;
    let port = card.port().await?;
    card.stop().await?;
    // Until then a click would end it.
    window.css("[data-testid=\"favourite-web\"][data-state=\"idle\"]").await?;
    let holder = TcpListener::bind(("127.0.0.1", port)).await?;
    window.click("favourite-web").await?;
    window.find("blocked-web").await?;
    eye.sees(window, "blocked").await?;
    drop(holder);
    window.click("blocked-dismiss").await?;

    window.click("all-profiles").await?;
    window.click("edit-web").await?;
    window.click("remove").await?;
    window.find("undo-remove").await?;
    eye.sees(window, "undo").await
}

async fn lists(desk: &Desk, window: &Window, eye: &mut Eye) -> Result<()> {
    // Longer than anybody looks at it.
    desk.demo.faults().set(|faulty| faulty.slow_lists = Duration::from_secs(600));
    window.click("list-workloads").await?;
    window.find("list-loading").await?;
    eye.sees(window, "loading").await?;
    desk.demo.faults().set(|faulty| faulty.slow_lists = Duration::ZERO);

    desk.forbid(&["namespaces", "services", "pods", "jobs"]);
    // What is forbidden while it is followed is so only once it is asked for anew.
    window.click("list-pods").await?;
    window.find("list-forbidden").await?;
    eye.sees(window, "forbidden").await?;
    window.click("type-name").await?;
    window.find("name-input").await?.send_keys("cm/web").await?;
    window.enter("name-port-input", "80").await?;
    window.css("[data-testid=\"problem\"][data-code=\"bad_target\"]").await?;
    eye.sees(window, "by-name").await?;
    window.click("list-workloads").await?;
    window.find("row-web").await?;
    window.find("list-forbidden").await?;
    eye.sees(window, "partly").await?;
    desk.forbid(&[]);
    window.click("list-services").await?;
    window.find("row-web").await.map(drop)
}

/// Whether a pod is to be deleted.
async fn question(window: &Window, eye: &mut Eye) -> Result<()> {
    window.click("compare-web").await?;
    // The button is there before it is known which pod.
    window.css("[data-testid=\"delete-pod\"][data-name]").await?;
    window.click("delete-pod").await?;
    window.find("delete-question").await?;
    eye.sees(window, "question").await?;
    window.click("close-comparison").await?;
    window.find("row-web").await.map(drop)
}

/// An API server that comes and goes, and one that is away.
async fn outages(desk: &Desk, window: &Window, eye: &mut Eye) -> Result<()> {
    let card = window.open_tunnel("chip-web-80").await?;
    card.until("active").await?;
    for _ in 0..2 {
        desk.away(true);
        card.until("waiting").await?;
        desk.away(false);
        card.until("active").await?;
    }
    window.css("[data-testid=\"session-card\"][data-shown=\"unstable\"]").await?;
    eye.sees(window, "unstable").await?;

    window.open_tunnel("chip-api-80").await?.until("active").await?;
    desk.away(true);
    window.css("[data-testid=\"cause\"][data-code=\"unreachable\"]").await?;
    window.find("list-stale").await?;
    window.find("row-web").await?;
    eye.sees(window, "stale").await?;
    window.click("list-pods").await?;
    window.find("list-stale").await?;
    eye.sees(window, "failed").await?;
    desk.away(false);
    // Until then cards come out of the fold.
    eventually("both are active again", async || {
        Ok((window.count("[data-testid=\"session-card\"][data-state=\"active\"]").await? == 2).then_some(()))
    })
    .await?;
    window.click("list-services").await?;
    window.find("row-web").await.map(drop)
}

/// Credentials that have expired: on one card, and told once for several.
async fn login(desk: &Desk, window: &Window, eye: &mut Eye) -> Result<()> {
    stop_all(window).await?;
    desk.demo.server().expire_tokens()?;
    window.open_tunnel("chip-cache-6379").await?;
    window.find("session-sign-in").await?;
    eye.sees(window, "sign-in").await?;
    window.open_tunnel("chip-web-80").await?;
    window.find("cause-sign-in").await?;
    eye.sees(window, "sign-in-many").await
}

async fn stop_all(window: &Window) -> Result<()> {
    while window.count("[data-testid=\"session-card\"]").await? > 0 {
        let card: Card<'_> = window.newest().await?;
        card.stop().await?;
    }
    Ok(())
}
