//! The real app in a real WebKit window, on a real Kubernetes, worked as a user works it.
//!
//! `PORTOLAN_TEST_KUBECONFIG` names the cluster, which has the workloads of `tests/cluster/manifests`. Pictures are left
//! in `tests/desktop/output`.

mod accessible;
mod compare;
mod crowd;
mod desk;
mod disk;
mod explain;
mod eye;
mod favourites;
mod forbidden;
mod frame;
mod habits;
mod import;
mod login;
mod notices;
mod states;
mod tray;
mod window;

use std::time::Duration;

use portolan_tests::{
    Result, carries,
    cluster::{Cluster, Delete, kubeconfig, viewer_kubeconfig},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};

use window::{Card, Window, eventually};

const MEBIBYTE: usize = 1 << 20;

/// The window on the shop's Services.
async fn shop() -> Result<Window> {
    let window = Window::open(&kubeconfig()?).await?;
    let name = kube::config::Kubeconfig::read_from(kubeconfig()?)?.current_context.ok_or("no current context")?;
    window.click(&format!("context-{name}")).await?;
    window.choose_namespace("shop").await?;
    window.click("list-services").await?;
    window.find("row-web").await?;
    Ok(window)
}

#[tokio::test]
#[ignore = "needs a Kubernetes and a display: see README, Tests"]
async fn a_click_to_bytes_out_of_a_pod_and_past_its_replacement() -> Result<()> {
    let window = shop().await?;
    let card = window.open_tunnel("chip-web-8080").await?;
    card.until("active").await?;
    let port = card.port().await?;
    let way = card.text("session-way").await?;
    assert!(way.starts_with("svc/web:8080 → 3 pods"), "{way}");
    // Its text is cut by CSS where it is too long, so that the driver does not call it shown; a reader of screens does.
    let label = window.find("chip-web-8080").await?.attr("aria-label").await?.unwrap_or_default();
    assert!(label.contains(&format!(":{port} → http 8080 → http")), "{label}");

    // Every pod that answered is deleted; the next answer comes through the same port, from another one.
    let cluster = Cluster::connect().await?;
    let first = carries::http_get(port).await?;
    let waits = window.open_tunnel("chip-miss-80").await?;
    waits.until("waiting").await?;
    eventually("its address has been copied", async || {
        Ok((!waits.text("session-address").await?.contains("copied")).then_some(()))
    })
    .await?;
    window.photograph("window").await?;
    waits.stop().await?;
    cluster.delete_pod(&first, Delete::AtOnce).await?;
    let deleted = Instant::now();
    let second = eventually("an answer from another pod", async || {
        let pod = carries::http_get(port).await?;
        Ok((pod != first).then_some(pod))
    })
    .await?;
    assert!(deleted.elapsed() < Duration::from_secs(5), "{second} answered after {:?}", deleted.elapsed());
    card.until("active").await?;
    card.stop().await?;
    window.close().await
}

#[tokio::test]
#[ignore = "needs a Kubernetes and a display: see README, Tests"]
async fn every_kind_of_target_carries() -> Result<()> {
    let window = shop().await?;
    let targets = [
        ("services", "web"),
        ("workloads", "web"),
        ("workloads", "db"),
        ("workloads", "agent"),
        ("workloads", "rsweb"),
        ("workloads", "legacy"),
        ("workloads", "task"),
        ("pods", "solo"),
    ];
    for (list, name) in targets {
        let what = |error: String| format!("{list} {name}: {error}");
        window.click(&format!("list-{list}")).await?;
        window.find(&format!("row-{name}")).await?;
        let http = if list == "services" { 8080 } else { 80 };
        let web = window.open_tunnel(&format!("chip-{name}-{http}")).await?;
        web.until("active").await?;
        carries::http_get(web.port().await?).await.map_err(what)?;
        web.stop().await?;

        let echo = window.open_tunnel(&format!("chip-{name}-7")).await?;
        echo.until("active").await?;
        let port = echo.port().await?;
        carries::echo(port, 64 * MEBIBYTE).await.map_err(what)?;
        carries::hundred(port).await.map_err(what)?;
        echo.stop().await?;

        // A port that nobody declared can be typed.
        let typed = async {
            window.click(&format!("add-port-{name}")).await?;
            window.enter("add-port-input", ":2525").await
        };
        let speaks_first = window.opens_a_card(typed).await?;
        speaks_first.until("active").await?;
        carries::banner(speaks_first.port().await?).await.map_err(what)?;
        speaks_first.stop().await?;
    }
    window.close().await
}

#[tokio::test]
#[ignore = "needs a Kubernetes and a display: see README, Tests"]
async fn a_direct_tunnel_says_that_its_pod_went() -> Result<()> {
    let window = shop().await?;
    let cluster = Cluster::connect().await?;
    let pods = cluster.ready_pods("app=web").await?;
    let name = pods.first().and_then(|pod| pod.metadata.name.clone()).ok_or("no pod of web is ready")?;
    window.click("list-pods").await?;
    let card = window.open_tunnel(&format!("chip-{name}-80")).await?;
    card.until("active").await?;
    let port = card.port().await?;
    assert_eq!(carries::http_get(port).await?, name);
    cluster.delete_pod(&name, Delete::AtOnce).await?;
    card.until("broken").await?;
    let says = card.text("session-says").await?;
    assert!(says.contains(&name) && says.contains("Service or workload"), "{says}");
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err(), "the port of a broken tunnel is closed");
    window.photograph("broken").await?;
    card.stop().await?;
    window.close().await
}

#[tokio::test]
#[ignore = "needs a Kubernetes and a display: see README, Tests"]
async fn bad_input_is_answered_where_it_was_made() -> Result<()> {
    let window = shop().await?;
    for (service, port, state, words) in [
        ("nosel", "80", "waiting", "has no selector"),
        ("badport", "80", "waiting", "“nope”"),
        ("miss", "80", "waiting", "has no pod"),
    ] {
        let card = window.open_tunnel(&format!("chip-{service}-{port}")).await?;
        card.until(state).await?;
        says(&card, words).await?;
        card.stop().await?;
    }
    // What cannot be carried cannot be clicked, and what is typed is answered.
    assert_eq!(window.find("chip-dns-53-udp").await?.attr("disabled").await?.as_deref(), Some("true"));
    for (text, words) in [("70000", "out of range"), ("0", "out of range"), ("8080:", "missing")] {
        window.click("add-port-web").await?;
        window.enter("add-port-input", text).await?;
        let problem = window.text("problem").await?;
        assert!(problem.contains(words), "{text}: {problem}");
        window.click("add-port-web").await?;
    }
    for (service, text, state, words) in [
        ("web", "81", "waiting", "it has http 8080"),
        ("ext", "25", "waiting", "ExternalName"),
        ("dns", "53", "failed", "TCP only"),
    ] {
        let card = typed(&window, service, text).await?;
        card.until(state).await?;
        says(&card, words).await?;
        card.stop().await?;
    }
    // A port that another program has, and one that another session has.
    let holder = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let taken = holder.local_addr()?.port();
    let card = typed(&window, "web", &format!("{taken}:8080")).await?;
    card.until("failed").await?;
    says(&card, &format!("pid {}", std::process::id())).await?;
    card.stop().await?;
    let first = window.open_tunnel("chip-web-8080").await?;
    first.until("active").await?;
    let port = first.port().await?;
    let second = typed(&window, "web", &format!("{port}:7")).await?;
    second.until("failed").await?;
    says(&second, "another session of Portolan").await?;
    window.photograph("bad-input").await?;
    window.close().await
}

async fn typed<'a>(window: &'a Window, row: &str, text: &str) -> Result<Card<'a>> {
    let act = async {
        window.click(&format!("add-port-{row}")).await?;
        window.enter("add-port-input", text).await
    };
    window.opens_a_card(act).await
}

async fn says(card: &Card<'_>, words: &str) -> Result<()> {
    let text = card.text("session-says").await?;
    assert!(text.contains(words), "“{text}” does not say “{words}”");
    Ok(())
}

/// The demo shop's page.
async fn page(port: u16) -> Result<String> {
    let mut page = carries::connect(port).await?;
    page.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    page.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
#[ignore = "needs a Kubernetes and a display: see README, Tests"]
async fn without_a_kubeconfig_the_demo_cluster_can_be_tried() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let window = Window::open(&folder.path().join("config")).await?;
    window.click("open-demo").await?;
    let card = window.open_tunnel("chip-web-80").await?;
    card.until("active").await?;
    let answer = page(card.port().await?).await?;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("web-"), "{answer}");
    // What cannot work says why.
    let misses = window.open_tunnel("chip-checkout-80").await?;
    misses.until("waiting").await?;
    window.photograph("demo").await?;
    misses.stop().await?;
    card.stop().await?;
    window.close().await
}

#[tokio::test]
#[ignore = "needs a Kubernetes and a display: see README, Tests"]
async fn on_the_demo_cluster_a_tunnel_is_steered_and_tells_what_happened() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let window = Window::open(&folder.path().join("config")).await?;
    window.click("open-demo").await?;
    let card = window.open_tunnel("chip-web-80").await?;
    card.until("active").await?;
    card.click("session-details-toggle").await?;
    assert_eq!(card.attribute("balance-balanced", "aria-pressed").await?.as_deref(), Some("true"));
    card.click("balance-sticky").await?;
    eventually("the engine says that it is sticky", async || {
        Ok((card.attribute("balance-sticky", "aria-pressed").await?.as_deref() == Some("true")).then_some(()))
    })
    .await?;
    let details = card.text("session-details").await?;
    assert!(details.contains("Delivered, unanswered") && details.contains("no answer yet"), "{details}");
    // An answer is seen while somebody looks.
    page(card.port().await?).await?;
    eventually("the time to the first byte is shown", async || {
        Ok((!card.text("session-details").await?.contains("no answer yet")).then_some(()))
    })
    .await?;
    window.photograph("details").await?;

    card.click("session-events-toggle").await?;
    let events = card.text("session-events").await?;
    let listening = format!("Listening on 127.0.0.1:{}", card.port().await?);
    let newest_first = ["New connections are sticky from here on", "Connections can be served", &listening];
    let places: Vec<Option<usize>> = newest_first.iter().map(|words| events.find(words)).collect();
    assert!(places.is_sorted() && places.iter().all(Option::is_some), "{events}");
    assert!(events.contains("takes new connections"), "{events}");
    // What happens meanwhile comes by itself.
    card.click("session-details-toggle").await?;
    card.click("balance-balanced").await?;
    card.click("session-events-toggle").await?;
    eventually("the change is told", async || {
        Ok(card.text("session-events").await?.contains("New connections are balanced from here on").then_some(()))
    })
    .await?;
    window.photograph("events").await?;
    card.stop().await?;
    window.close().await
}

#[tokio::test]
#[ignore = "needs a Kubernetes and a display: see README, Tests"]
async fn a_kubeconfig_that_cannot_be_used_is_told_in_the_window() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("config");
    for (text, code) in [(None, "no_kubeconfig"), (Some("clusters: {not: [a, kubeconfig"), "bad_kubeconfig")] {
        if let Some(text) = text {
            std::fs::write(&path, text)?;
        }
        let window = Window::open(&path).await?;
        let problem = window.find("kubeconfig-problem").await?;
        assert_eq!(problem.attr("data-code").await?.as_deref(), Some(code));
        assert!(problem.text().await?.contains(&path.display().to_string()));
        window.photograph(code).await?;
        // Mended, it is found without a restart.
        std::fs::copy(kubeconfig()?, &path)?;
        window.click("look-again").await?;
        window.css("[data-testid^=\"context-\"]").await?;
        window.close().await?;
        std::fs::remove_file(&path)?;
    }
    // An API server that is not there.
    let dead = std::fs::read_to_string(kubeconfig()?)?;
    let server = dead.lines().find_map(|line| line.split("server:").nth(1)).ok_or("no server")?;
    let server = server.trim().trim_start_matches('"').split(['"', '}', ',']).next().unwrap_or_default().to_owned();
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    std::fs::write(&path, dead.replace(&server, &format!("https://{nobody}")))?;
    let window = Window::open(&path).await?;
    window.css("[data-testid^=\"context-\"]").await?.click().await?;
    let stale = window.text("list-stale").await?;
    assert!(stale.contains("does not answer"), "{stale}");
    window.close().await
}

#[tokio::test]
#[ignore = "needs a Kubernetes and a display: see README, Tests"]
async fn where_namespaces_may_not_be_listed_one_is_typed() -> Result<()> {
    let Some(viewer) = viewer_kubeconfig() else {
        eprintln!("left out: PORTOLAN_TEST_VIEWER_KUBECONFIG names no user who may only forward");
        return Ok(());
    };
    let window = Window::open(&viewer).await?;
    window.css("[data-testid^=\"context-\"]").await?.click().await?;
    let why = window.text("namespaces-forbidden").await?;
    assert!(why.contains("list namespaces"), "{why}");
    // The context's own namespace may not be read either, and the list says so.
    let forbidden = window.text("list-forbidden").await?;
    assert!(forbidden.contains("list services in default"), "{forbidden}");
    window.enter("namespace-select", "shop").await?;
    let card = window.open_tunnel("chip-web-8080").await?;
    card.until("active").await?;
    carries::http_get(card.port().await?).await?;
    card.stop().await?;
    window.close().await
}

#[tokio::test]
#[ignore = "needs a Kubernetes and a display: see README, Tests"]
async fn closing_the_app_leaves_nothing_behind() -> Result<()> {
    let window = shop().await?;
    let card = window.open_tunnel("chip-web-7").await?;
    card.until("active").await?;
    let port = card.port().await?;
    let mut open = TcpStream::connect(("127.0.0.1", port)).await?;
    carries::echo(port, 1024).await?;
    window.close().await?;
    eventually("the port is closed", async || Ok(TcpStream::connect(("127.0.0.1", port)).await.is_err().then_some(())))
        .await?;
    let mut byte = [0; 1];
    let ended = tokio::io::AsyncReadExt::read(&mut open, &mut byte).await;
    assert!(matches!(ended, Ok(0) | Err(_)), "the connection is closed too: {ended:?}");
    Ok(())
}
