//! Clients that vanish leave nothing behind: not here, and not in the pod.

use std::time::Duration;

use futures::future::try_join_all;
use portolan_tests::{Result, carries, command::Portolan, eventually, on_each_wire, process};
use tokio::{io::AsyncReadExt, time::timeout};

use super::{over, own_pod, target};

/// The pod learns of a client's end a second late, and a noisy machine later still.
const LIMIT: Duration = Duration::from_secs(20);

/// What the pool may keep idle for the next connections, with a margin for what the runtime and the watches hold.
const KEPT: usize = 40;

const ROUNDS: usize = 10;
const AT_ONCE: usize = 20;

/// Begins a download and resets its connection in the middle.
async fn vanish(port: u16, after: usize) -> Result {
    let mut download = carries::connect(port).await?;
    let mut came = vec![1; after];
    let read = timeout(LIMIT, download.read_exact(&mut came)).await.map_err(|_| "the download hangs")?;
    read.map_err(|error| format!("the download of {after} bytes: {error}"))?;
    assert!(came.iter().all(|byte| *byte == 0), "the source sends nothing but zeros");
    download.set_zero_linger()?;
    Ok(())
}

/// How many connections the pod serves beside the one that asks.
async fn users(port: u16) -> Result<usize> {
    let mut line = String::new();
    let mut tunnel = carries::connect(port).await?;
    timeout(LIMIT, tunnel.read_to_string(&mut line)).await.map_err(|_| "the pod does not answer")??;
    Ok(line.trim().parse().map_err(|error| format!("{line:?} is no number: {error}"))?)
}

async fn clients_that_vanish(wire: &str) -> Result {
    let own = own_pod("vanish").await?;
    let forward = Portolan::new()?.forward(&target(&own), &[":19", ":11", ":7", ":80"], &over(wire)).await?;
    let [source, users_port, echo, http] = forward.ports[..] else { return Err("four ports".into()) };
    carries::http_get(http).await?;
    let pid = forward.running.pid()?;
    let before = process::holds(pid)?;
    for round in 0..ROUNDS {
        try_join_all((0..AT_ONCE).map(|client| vanish(source, 1 + 10_000 * round * client))).await?;
    }
    if let Some(before) = before {
        eventually("the command holds no more than before", LIMIT, async || {
            let now = process::holds(pid)?.ok_or("no Linux any more")?;
            Ok((now.files <= before.files + KEPT && now.threads <= before.threads + 4).then_some(()))
        })
        .await
        .map_err(|error| format!("{error}: {before:?} before, {:?} now", process::holds(pid)))?;
    }
    // The readiness probe may be there at any time.
    eventually("the pod has lost its clients", LIMIT, async || Ok((users(users_port).await? <= 1).then_some(())))
        .await?;
    carries::echo(echo, 1_000_000).await?;
    assert!(carries::http_get(http).await?.starts_with(own.name()));
    forward.stop().await
}

on_each_wire!(clients_that_vanish);
