//! What a tunnel does while there is nothing to forward to.

use std::{collections::HashSet, time::Duration};

use portolan_tests::{Result, carries, cluster::Cluster, command::Portolan, temporary::Temporary};
use tokio::{
    io::AsyncReadExt,
    time::{Instant, timeout},
};

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn a_target_that_does_not_exist_yet_is_waited_for() -> Result {
    let cluster = Cluster::connect().await?;
    let own = Temporary::new("wait");
    own.deployment(&cluster, 1).await?;
    cluster.until_ready(&own.labels(), 1, &HashSet::new()).await?;
    let forward = Portolan::new()?.forward(&format!("svc/{}", own.name()), &[":http"], "--wait").await?;
    forward.until_says("does not exist in namespace “shop”").await?;
    // A connection that comes before the Service is held, like one that comes before a pod.
    let port = forward.port();
    let held = tokio::spawn(carries::http_get(port));
    own.service(&cluster).await?;
    forward.until_says("Active again: temp-wait-").await?;
    assert!(held.await??.starts_with(own.name()));
    assert!(carries::http_get(port).await?.starts_with(own.name()));
    forward.stop().await
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn a_connection_waits_for_the_first_pod() -> Result {
    let cluster = Cluster::connect().await?;
    let own = Temporary::new("held");
    own.service(&cluster).await?;
    let forward = Portolan::new()?.forward(&format!("svc/{}", own.name()), &[":http"], "").await?;
    forward.until_says("has no pod").await?;
    let held = tokio::spawn(carries::http_get(forward.port()));
    own.deployment(&cluster, 1).await?;
    assert!(held.await??.starts_with(own.name()));
    forward.stop().await
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn without_a_hold_a_connection_is_refused_at_once() -> Result {
    const AT_ONCE: Duration = Duration::from_secs(2);
    let forward = Portolan::new()?.forward("svc/miss", &[":http"], "--hold 0s").await?;
    forward.until_says("svc/miss has no pod in namespace “shop”").await?;
    let begun = Instant::now();
    let error = carries::http_get(forward.port()).await.err().ok_or("nobody can have answered")?;
    assert!(begun.elapsed() < AT_ONCE, "{error} after {:?}", begun.elapsed());
    // Refused, not ended: no client takes it for an empty answer.
    let mut tunnel = carries::connect(forward.port()).await?;
    let read = timeout(AT_ONCE, tunnel.read(&mut [0])).await?;
    assert!(read.is_err(), "expected a reset, got {read:?}");
    forward.stop().await
}
