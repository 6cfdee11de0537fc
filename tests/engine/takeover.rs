//! Tunnels that come from a kubectl that runs, and the Services of a namespace as profiles.

use portolan_engine::{
    kubectl::takeover::{KubectlProcess, Offer},
    phase::Phase,
    profiles::import::view::ImportSource,
};
use portolan_tests::{Result, carries, site::Site, stand_in::StandIn};
use tokio::net::TcpListener;

const KUBECTL: &str = env!("CARGO_BIN_EXE_kubectl-stand-in");

async fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port())
}

async fn shown(site: &Site, pid: u32) -> Result<KubectlProcess> {
    let all = site.engine.kubectl_processes().await.map_err(|problem| problem.to_string())?;
    all.into_iter().find(|process| process.pid == pid).ok_or_else(|| "it is not found".into())
}

#[tokio::test]
async fn a_kubectl_is_ended_and_its_port_is_served_from_here() -> Result {
    let site = Site::demo().await?;
    let folder = tempfile::tempdir()?;
    let port = free_port().await?;
    let mut kubectl =
        StandIn::start(KUBECTL, folder.path(), &["-n", "shop", "port-forward", "svc/web", &format!("{port}:8080")])
            .await?;
    let process = shown(&site, kubectl.pid).await?;
    let Offer::TakeOver { forward, assumed, .. } = &process.offer else { return Err(format!("{process:?}").into()) };
    assert_eq!((forward.target.to_string().as_str(), forward.namespace.as_str(), *assumed), ("svc/web", "shop", true));

    // What the user was not shown is not done.
    let mut other = process.clone();
    other.started_at += 1;
    let refused = site.engine.take_over(other, true).await.err().ok_or("another process was ended")?;
    assert!(refused.message.contains("is not what it was"), "{refused}");
    assert!(!kubectl.has_ended()?);

    let id = site.engine.take_over(process, true).await.map_err(|problem| problem.to_string())?;
    assert!(kubectl.has_ended()?);
    let mut views = site.engine.sessions().watch(id).ok_or("there is no session")?;
    views.wait_for(|view| matches!(view.phase, Phase::Active { .. })).await?;
    assert!(carries::http_get(port).await?.starts_with("web-"));
    site.engine.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn one_that_is_gone_starts_nothing() -> Result {
    let site = Site::demo().await?;
    let folder = tempfile::tempdir()?;
    let port = free_port().await?;
    let line = ["-n", "shop", "port-forward", "svc/web", &format!("{port}:8080")];
    let kubectl = StandIn::start(KUBECTL, folder.path(), &line).await?;
    let process = shown(&site, kubectl.pid).await?;
    kubectl.end().await?;
    let refused = site.engine.take_over(process, true).await.err().ok_or("something was started")?;
    assert!(refused.message.contains("is not what it was"), "{refused}");
    Ok(())
}

#[tokio::test]
async fn all_services_of_a_namespace_are_planned_and_none_is_started() -> Result {
    let site = Site::demo().await?;
    let source = ImportSource::Services { context: site.context()?, namespace: "shop".into(), each: false };
    let plan = site.engine.plan_import(&source, &[]).await.map_err(|problem| problem.to_string())?;
    let [shop] = &plan.items[..] else { return Err(format!("{plan:?}").into()) };
    assert_eq!((shop.name.as_str(), plan.contexts.len()), ("shop", 0));
    let web = shop.forwards.iter().find(|forward| forward.target == "svc/web").ok_or("web is missing")?;
    assert!(web.ports.contains(&"8080:8080".to_owned()), "{web:?}");
    let left_out = |name: &str| plan.left_out.iter().any(|why| why.starts_with(name));
    assert!(left_out("svc/ext is an ExternalName") && left_out("svc/dns 53/UDP"), "{:?}", plan.left_out);
    assert_eq!(site.engine.feed().keys("session/"), Vec::<String>::new());
    Ok(())
}
