//! The wire is found without being named, as far as the user may use it; one that is named is the only one tried.

use std::time::Duration;

use portolan_tests::{Result, carries, cluster::kubeconfig_as, command::Portolan, wires};
use tokio::time::Instant;

/// A user whose rights are enough for some wires is served by one of those.
async fn is_served_by_what_is_allowed(user: &str, forbidden: &str) -> Result {
    let Some(kubeconfig) = kubeconfig_as(user)? else { return Ok(()) };
    let portolan = Portolan::with(kubeconfig.path());
    let forward = portolan.forward("svc/web", &[":http", ":echo", ":banner"], "").await?;
    let [http, echo, banner] = forward.ports[..] else { return Err("three ports".into()) };
    let carried = async {
        for _ in 0..3 {
            assert!(carries::http_get(http).await?.starts_with("web-"));
            assert!(carries::banner(banner).await?.starts_with("web-"));
        }
        carries::echo(echo, 1_000_000).await?;
        carries::hundred(echo).await
    };
    let carried: Result<(), String> = carried.await;
    carried.map_err(|error| format!("{error}; the command said {:?}", forward.running.stderr()))?;
    assert_eq!(forward.running.stderr(), "", "nothing to be told");
    forward.stop().await?;

    // They have that one right and no more; and they are told.
    let forward = portolan.forward("svc/web", &[":http"], &format!("--wire {forbidden}")).await?;
    let mut refused = carries::connect(forward.port()).await?;
    carries::is_reset(&mut refused).await?;
    forward.until_says("You may not forward ports to pods in “shop”").await?;
    forward.stop().await
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn a_user_who_may_only_create() -> Result {
    is_served_by_what_is_allowed("PORTOLAN_TEST_CREATOR_KUBECONFIG", "websocket").await
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn a_user_who_may_only_get() -> Result {
    is_served_by_what_is_allowed("PORTOLAN_TEST_GETTER_KUBECONFIG", "spdy").await
}

/// A connection is held while it might still be served, no longer; the session stays.
#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn a_wire_that_the_server_does_not_have() -> Result {
    const HOLD: Duration = Duration::from_secs(3);
    const MARGIN: Duration = Duration::from_secs(3);
    if !wires::lacks("tunnel") {
        eprintln!("left out: PORTOLAN_TEST_WIRES does not say that the tunnel is missing");
        return Ok(());
    }
    let portolan = Portolan::new()?;
    let mut forward = portolan.forward("deploy/web", &[":80"], "--wire tunnel --hold 3s").await?;
    for _ in 0..2 {
        let begun = Instant::now();
        let mut tunnel = carries::connect(forward.port()).await?;
        carries::is_reset(&mut tunnel).await?;
        assert!(begun.elapsed() < HOLD + MARGIN, "it was held for {:?}", begun.elapsed());
    }
    forward.until_says("the API server answered 400 Bad Request").await?;
    assert!(!forward.running.has_ended()?, "the command ended");
    forward.stop().await
}
