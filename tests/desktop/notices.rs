//! What the desktop is told of tunnels while nobody looks at the window.

use std::time::Duration;

use portolan_engine::notices::SETTLES;
use portolan_tests::{Result, carries, cluster::Delete, site::Site};
use tokio::{net::TcpStream, time::Instant};

use crate::{
    desk::{self, Notifications},
    habits::shop,
    window::{Card, Window, eventually},
};

/// The pods that make their rows' neighbours come and go.
const WEB: &str = "app=web";

/// A window on a demo cluster's pods, and the names of three.
struct Pods {
    site: Site,
    window: Window,
    names: Vec<String>,
    _folder: tempfile::TempDir,
}

impl Pods {
    async fn new() -> Result<Pods> {
        let (folder, site) = (tempfile::tempdir()?, Site::demo().await?);
        let window = shop(folder.path(), &site).await?;
        let ready = site.cluster.until_ready(WEB, 3, &Default::default()).await?;
        let names = ready.into_iter().filter_map(|pod| pod.metadata.name).collect();
        window.click("list-pods").await?;
        Ok(Pods { site, window, names, _folder: folder })
    }

    /// Waits until so many of them are ready, so that one that was deleted has been replaced, and all pods there are stand in
    /// the list: a click on a row that others push aside would meet its neighbour.
    async fn listed(&self, web: usize) -> Result<()> {
        self.site.cluster.until_ready(WEB, web, &Default::default()).await?;
        eventually("all pods are in the list", async || {
            let rows = self.window.css("[role=\"grid\"]").await?.attr("aria-rowcount").await?;
            let pods = self.site.cluster.pods().list(&Default::default()).await?.items.len();
            // The head is a row, too.
            Ok((rows == Some(format!("{}", pods + 1))).then_some(()))
        })
        .await
    }

    /// A direct tunnel to one of them.
    async fn open(&self, pod: usize) -> Result<Card<'_>> {
        self.listed(3).await?;
        let card = self.window.open_tunnel(&format!("chip-{}-80", self.names[pod])).await?;
        card.until("active").await?;
        Ok(card)
    }

    /// Deletes the pod, and waits until its tunnel is told broken in the window.
    async fn delete(&self, pod: usize, card: &Card<'_>) -> Result<()> {
        self.site.cluster.delete_pod(&self.names[pod], Delete::AtOnce).await?;
        card.until("broken").await
    }

    fn broke(&self, pod: usize) -> String {
        format!("pod/{} broke", self.names[pod])
    }
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn a_tunnel_that_breaks_is_told_once() -> Result<()> {
    let (notifications, pods) = (Notifications::begin().await?, Pods::new().await?);
    let card = pods.open(0).await?;
    let port = card.port().await?;
    assert_eq!(carries::http_get(port).await?, pods.names[0]);
    pods.delete(0, &card).await?;
    let shown = notifications.until(&pods.broke(0)).await?;
    let context = pods.site.context()?.name;
    for words in [pods.names[0].as_str(), "is gone", &format!("Context {context}.")] {
        assert!(shown.body.contains(words), "“{words}” is not in: {}", shown.body);
    }
    let (name, icon, entry) = &shown.from;
    assert_eq!((name.as_str(), icon.as_str(), entry.as_str()), ("Portolan", "portolan-desktop", "Portolan"));
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err(), "the port of a broken tunnel is closed");
    card.stop().await?;
    // By the time that another is told of, a second word of the first would have come.
    let other = pods.open(1).await?;
    pods.delete(1, &other).await?;
    notifications.until(&pods.broke(1)).await?;
    assert_eq!(notifications.titles(), [pods.broke(0), pods.broke(1)]);
    pods.window.close().await
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn a_services_tunnel_that_waits_is_told_and_so_is_its_return() -> Result<()> {
    let (notifications, pods) = (Notifications::begin().await?, Pods::new().await?);
    pods.window.click("list-services").await?;
    let card = pods.window.open_tunnel("chip-web-8080").await?;
    card.until("active").await?;
    let port = card.port().await?;
    carries::http_get(port).await?;
    pods.site.cluster.scale("web", 0).await?;
    card.until("waiting").await?;
    let waits = Instant::now();
    let shown = notifications.until("svc/web waits").await?;
    // What the window says is a moment old.
    assert!(waits.elapsed() + Duration::from_secs(1) > SETTLES, "told after {:?}", waits.elapsed());
    assert!(shown.body.contains("Context ") && shown.body.contains("no pod"), "{}", shown.body);
    pods.site.cluster.scale("web", 1).await?;
    card.until("active").await?;
    carries::http_get(port).await?;
    notifications.until("svc/web is back").await?;
    // Once each: by the time that another is told of, a second one would have come.
    pods.window.click("list-pods").await?;
    pods.listed(1).await?;
    let direct = pods.window.open_tunnel("chip-solo-80").await?;
    direct.until("active").await?;
    pods.site.cluster.delete_pod("solo", Delete::AtOnce).await?;
    notifications.until("pod/solo broke").await?;
    assert_eq!(notifications.titles(), ["svc/web waits", "svc/web is back", "pod/solo broke"]);
    pods.window.close().await
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn a_muted_tunnel_is_not_told_of() -> Result<()> {
    let (notifications, pods) = (Notifications::begin().await?, Pods::new().await?);
    let muted = pods.open(0).await?;
    muted.click("session-details-toggle").await?;
    muted.click("session-silence").await?;
    eventually("it is muted", async || Ok((muted.text("session-silence").await? == "Muted").then_some(()))).await?;
    let other = pods.open(1).await?;
    pods.delete(0, &muted).await?;
    pods.delete(1, &other).await?;
    // The muted one broke first, and its time came first.
    notifications.until(&pods.broke(1)).await?;
    assert_eq!(notifications.titles(), [pods.broke(1)]);
    pods.window.close().await
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn nothing_is_told_while_notifications_are_off() -> Result<()> {
    let (notifications, pods) = (Notifications::begin().await?, Pods::new().await?);
    let card = pods.open(0).await?;
    switch_notifications(&pods.window).await?;
    pods.delete(0, &card).await?;
    let broke = Instant::now();
    // Nothing tells that it would have been told, but that its time is over.
    eventually("its time is over", async || Ok((broke.elapsed() > SETTLES + Duration::from_secs(2)).then_some(())))
        .await?;
    switch_notifications(&pods.window).await?;
    card.stop().await?;
    let other = pods.open(1).await?;
    pods.delete(1, &other).await?;
    notifications.until(&pods.broke(1)).await?;
    assert_eq!(notifications.titles(), [pods.broke(1)], "nor is it told later");
    pods.window.close().await
}

async fn switch_notifications(window: &Window) -> Result<()> {
    window.click("open-settings").await?;
    window.click("notifications").await?;
    window.click("close-settings").await
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn a_desktop_that_shows_no_notifications_is_told_in_the_settings() -> Result<()> {
    if desk::is_startable(desk::NOTIFICATIONS).await? {
        eprintln!("left out: this machine's session bus starts a notification service of its own");
        return Ok(());
    }
    let pods = Pods::new().await?;
    let card = pods.open(0).await?;
    pods.delete(0, &card).await?;
    pods.window.click("open-settings").await?;
    let says = pods.window.text("notifications-problem").await?;
    assert!(says.contains("shows no notifications") && says.contains("notification service"), "{says}");
    pods.window.photograph("no-notifications").await?;
    pods.window.click("close-settings").await?;
    card.stop().await?;

    // With one there, the next is shown and the trouble is over.
    let notifications = Notifications::begin().await?;
    let other = pods.open(1).await?;
    pods.delete(1, &other).await?;
    notifications.until(&pods.broke(1)).await?;
    pods.window.click("open-settings").await?;
    pods.window.find("notifications").await?;
    eventually("the trouble is over", async || {
        Ok((pods.window.count("[data-testid=\"notifications-problem\"]").await? == 0).then_some(()))
    })
    .await?;
    pods.window.close().await
}
