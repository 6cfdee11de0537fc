//! A container that restarts inside its pod: the pod stays, and the session with it.

use std::time::Duration;

use portolan_tests::{Result, carries, cluster::Cluster, command::Portolan, eventually, on_each_wire};
use tokio::{
    io::AsyncReadExt,
    time::{Instant, timeout},
};

use super::{over, own_pod, target};

const LIMIT: Duration = Duration::from_secs(10);

async fn a_container_that_restarts(wire: &str) -> Result {
    let own = own_pod("restart").await?;
    let mut forward = Portolan::new()?.forward(&target(&own), &[":80", ":7", ":86"], &over(wire)).await?;
    let [http, echo, exit] = forward.ports[..] else { return Err("three ports".into()) };
    let pod = carries::http_get(http).await?;
    let mut open = carries::connect(echo).await?;
    carries::echo_over(&mut open, 1, 100_000).await?;

    let _last = carries::connect(exit).await?;
    let in_flight = tokio::spawn(async move { timeout(LIMIT, open.read(&mut [0])).await });
    let (mut cut, mut longest) = (Vec::new(), Duration::ZERO);
    while !in_flight.is_finished() || longest.is_zero() {
        let asked = Instant::now();
        match carries::http_get(http).await {
            Ok(served) => {
                assert_eq!(served, pod);
                longest = longest.max(asked.elapsed());
            }
            Err(error) => cut.push(error),
        }
    }
    let ended = in_flight.await?.map_err(|_| "the connection in flight still looks open")?;
    assert!(!matches!(ended, Ok(1..)), "{ended:?}");
    eprintln!("--wire {wire}: while a container restarted, a request took {longest:?} at most");
    // One may have been on its way when the process ended; those after it are held for the next process.
    assert!(cut.len() <= 1, "{} requests were cut: {cut:?}", cut.len());
    carries::echo(echo, 1_000_000).await?;

    let cluster = Cluster::connect().await?;
    eventually("the container's restart is on record", LIMIT, async || {
        let status = cluster.pods().get(&pod).await?.status.unwrap_or_default();
        let restarts = status.container_statuses.unwrap_or_default().iter().map(|c| c.restart_count).sum::<i32>();
        Ok((restarts == 1).then_some(()))
    })
    .await?;
    assert!(!forward.running.has_ended()?, "the command ended");
    forward.stop().await
}

on_each_wire!(a_container_that_restarts);
