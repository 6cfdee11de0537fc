//! What tunnels do while the cluster does badly. Each test breaks a demo cluster of its own.

use std::time::Duration;

use portolan_demo::Dials;
use portolan_engine::{error::Code, phase::Phase, session::view::SessionView};
use portolan_tests::{Result, carries, cluster::Delete, site::Site};
use tokio::io::AsyncReadExt;

/// Why a session waits; `None` if it does not.
fn waits_for(view: &SessionView) -> Option<Code> {
    match &view.phase {
        Phase::Waiting { reason, .. } => Some(reason.code),
        _ => None,
    }
}

#[tokio::test]
async fn an_api_server_that_is_away_is_waited_for() -> Result {
    let site = Site::demo().await?;
    let mut tunnel = site.open("svc/web", &[":8080", ":7"]).await?;
    tunnel.until_active().await?;
    let mut open = carries::connect(tunnel.ports[1]).await?;
    carries::echo_over(&mut open, 1, 1000).await?;
    site.as_demo()?.faults().set(|faulty| faulty.away = true);
    carries::is_reset(&mut open).await?;
    let port = tunnel.port();
    let held = tokio::spawn(carries::http_get(port));
    let code = tunnel.until("it waits", waits_for).await?;
    assert_eq!(code, Code::Unreachable);
    assert!(!held.is_finished(), "the connection is held");
    site.as_demo()?.faults().set(|faulty| faulty.away = false);
    assert!(held.await??.starts_with("web-"));
    tunnel.until_active().await?;
    tunnel.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_refused_dial_is_a_mark_and_no_end() -> Result {
    let site = Site::demo().await?;
    let mut tunnel = site.open("deploy/web", &[":80"]).await?;
    tunnel.until_active().await?;
    site.as_demo()?.faults().set(|faulty| faulty.dials = Dials::Refuse);
    let mut refused = carries::connect(tunnel.port()).await?;
    carries::is_reset(&mut refused).await?;
    let mark = tunnel.until("it is marked", |view| view.mark.clone()).await?;
    assert!(mark.starts_with("web-") && mark.ends_with("refused :80"), "{mark}");
    assert!(matches!(tunnel.view().phase, Phase::Active { .. }));
    site.as_demo()?.faults().set(|faulty| faulty.dials = Dials::Reach);
    carries::http_get(tunnel.port()).await?;
    tunnel.until("the mark is gone", |view| view.mark.is_none().then_some(())).await?;
    tunnel.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_pod_that_resets_resets_the_client() -> Result {
    let site = Site::demo().await?;
    let mut tunnel = site.open("deploy/web", &[":7"]).await?;
    tunnel.until_active().await?;
    site.as_demo()?.faults().set(|faulty| faulty.dials = Dials::Reset);
    let mut reset = carries::connect(tunnel.port()).await?;
    // As a real one: what the pod resets, the runtime ends; either tells the client that it was no answer.
    let read = reset.read(&mut [0]).await;
    assert!(!matches!(read, Ok(1..)), "{read:?}");
    site.as_demo()?.faults().set(|faulty| faulty.dials = Dials::Reach);
    carries::echo(tunnel.port(), 1000).await?;
    tunnel.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_dial_that_stalls_holds_up_nobody_else() -> Result {
    let site = Site::demo().await?;
    let mut tunnel = site.open("deploy/web", &[":7"]).await?;
    tunnel.until_active().await?;
    site.as_demo()?.faults().set(|faulty| faulty.dials = Dials::Stall);
    let stalled = carries::connect(tunnel.port()).await?;
    tunnel.until("it is open", |view| (view.counters.open == 1).then_some(())).await?;
    site.as_demo()?.faults().set(|faulty| faulty.dials = Dials::Reach);
    carries::hundred(tunnel.port()).await?;
    drop(stalled);
    tunnel.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_cut_upgrade_ends_its_connections_and_no_others() -> Result {
    let site = Site::demo().await?;
    let mut tunnel = site.open("svc/web", &[":7"]).await?;
    tunnel.until_active().await?;
    let mut open = carries::connect(tunnel.port()).await?;
    carries::echo_over(&mut open, 1, 1000).await?;
    site.as_demo()?.faults().cut_upgrades();
    carries::is_reset(&mut open).await?;
    carries::hundred(tunnel.port()).await?;
    tunnel.stop().await;
    Ok(())
}

#[tokio::test]
async fn too_many_requests_are_waited_out() -> Result {
    let site = Site::demo().await?;
    site.as_demo()?.faults().set(|faulty| faulty.too_many = Some(Duration::from_secs(1)));
    let mut tunnel = site.begin("svc/web", &[":8080"])?;
    tunnel.until("it waits", waits_for).await?;
    site.as_demo()?.faults().set(|faulty| faulty.too_many = None);
    tunnel.until_active().await?;
    tunnel.until_listening().await?;
    carries::http_get(tunnel.port()).await?;
    tunnel.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_forgotten_watch_is_begun_anew() -> Result {
    let site = Site::demo().await?;
    let mut tunnel = site.open("svc/web", &[":8080"]).await?;
    tunnel.until_active().await?;
    let demo = site.as_demo()?;
    demo.faults().set(|faulty| faulty.forgetful = true);
    demo.store().compact();
    let first = carries::http_get(tunnel.port()).await?;
    site.cluster.delete_pod(&first, Delete::AtOnce).await?;
    demo.faults().set(|faulty| faulty.forgetful = false);
    for _ in 0..20 {
        assert_ne!(carries::http_get(tunnel.port()).await?, first);
    }
    tunnel.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_pod_that_went_unseen_is_found_gone_by_dialling() -> Result {
    let site = Site::demo().await?;
    let mut tunnel = site.open("svc/web", &[":8080"]).await?;
    // What it does not know when the watches go quiet it cannot turn to.
    let all_three = |view: &SessionView| matches!(&view.phase, Phase::Active { endpoints } if endpoints.len() == 3);
    tunnel.until("it knows all pods", |view| all_three(view).then_some(())).await?;
    let first = carries::http_get(tunnel.port()).await?;
    site.as_demo()?.faults().set(|faulty| faulty.quiet_watches = true);
    site.cluster.delete_pod(&first, Delete::AtOnce).await?;
    for _ in 0..20 {
        assert_ne!(carries::http_get(tunnel.port()).await?, first);
    }
    tunnel.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_wire_that_is_forbidden_is_no_verdict_on_the_next() -> Result {
    let site = Site::demo().await?;
    site.as_demo()?.faults().set(|faulty| faulty.forbidden = vec![("create".into(), "pods/portforward".into())]);
    let mut tunnel = site.open("svc/web", &[":8080", ":7"]).await?;
    tunnel.until_active().await?;
    carries::http_get(tunnel.port()).await?;
    carries::echo(tunnel.ports[1], 1 << 20).await?;
    tunnel.stop().await;
    Ok(())
}

#[tokio::test]
async fn an_expired_token_is_told_as_such() -> Result {
    let site = Site::demo().await?;
    // Whoever has opened the context goes on with the token that it had.
    let mut first = site.open("svc/web", &[":7"]).await?;
    first.until_active().await?;
    let mut open = carries::connect(first.port()).await?;
    carries::echo_over(&mut open, 1, 1000).await?;
    site.as_demo()?.server().expire_tokens()?;
    let mut second = site.begin("svc/db", &["2525"])?;
    let code = second.until("it waits", waits_for).await?;
    assert_eq!(code, Code::Login);
    // What is open needs no token any more.
    carries::echo_over(&mut open, 2, 1000).await?;
    first.stop().await;
    second.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_slow_list_is_waited_for() -> Result {
    let site = Site::demo().await?;
    site.as_demo()?.faults().set(|faulty| faulty.slow_lists = Duration::from_millis(500));
    let mut tunnel = site.open("-l app=web", &[":80"]).await?;
    tunnel.until_active().await?;
    carries::http_get(tunnel.port()).await?;
    tunnel.stop().await;
    Ok(())
}

#[tokio::test]
async fn distance_changes_nothing_but_time() -> Result {
    let site = Site::demo().await?;
    site.as_demo()?.faults().set(|faulty| {
        faulty.latency = Duration::from_millis(20);
        faulty.jitter = Duration::from_millis(10);
    });
    let mut tunnel = site.open("svc/web", &[":7", ":2525"]).await?;
    tunnel.until_active().await?;
    carries::echo(tunnel.port(), 1 << 20).await?;
    carries::hundred(tunnel.port()).await?;
    carries::banner(tunnel.ports[1]).await?;
    tunnel.stop().await;
    Ok(())
}
