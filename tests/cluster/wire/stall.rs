//! Somebody who does not read: a local client, or a pod. Nobody else may wait for them, but who shares their upgrade.
//!
//! How long the others take is printed, not asserted: the machine has other work.

use std::time::Duration;

use futures::{
    StreamExt, TryStreamExt,
    stream::{self, FuturesUnordered},
};
use portolan_tests::{Result, carries, command::Portolan, eventually, noise, on_each_wire};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{Instant, timeout},
};

use super::{over, own_pod, target};

const LIMIT: Duration = Duration::from_secs(60);

/// More than all buffers on the way hold.
const MUCH: usize = 1 << 30;

/// Of what was stalled, so much is read and compared afterwards. More than the buffers on the way hold, too.
const CHECKED: usize = 32 << 20;

/// A write that makes no progress for this long is stuck.
const STUCK: Duration = Duration::from_secs(1);

/// The most connections that share an upgrade with one more.
const CO_TENANTS: usize = 7;

/// A connection on which one side does not read.
enum Stalled {
    Client(TcpStream),
    Pod(TcpStream),
}

impl Stalled {
    /// Asks for noise, and reads none of it.
    async fn client(port: u16) -> Result<Stalled> {
        let mut tunnel = carries::connect(port).await?;
        noise::ask(&mut tunnel, MUCH).await?;
        let mut before = 0;
        let mut room = vec![0; CHECKED];
        eventually("nothing more comes to a client that does not read", LIMIT, async || {
            let there = tunnel.peek(&mut room).await?;
            Ok((std::mem::replace(&mut before, there) == there).then_some(()))
        })
        .await?;
        Ok(Stalled::Client(tunnel))
    }

    /// Sends to a port where nobody reads, until no more is taken.
    async fn pod(port: u16) -> Result<Stalled> {
        let mut tunnel = carries::connect(port).await?;
        let piece = vec![1; 1 << 16];
        let mut sent = 0;
        while let Ok(size) = timeout(STUCK, tunnel.write(&piece)).await {
            sent += size?;
            assert!(sent < MUCH, "{sent} bytes were taken, and the pod read none");
        }
        Ok(Stalled::Pod(tunnel))
    }

    /// It goes on where it was, as far as it can.
    async fn resume(self) -> Result {
        match self {
            Stalled::Client(mut tunnel) => {
                timeout(LIMIT, noise::compare(&mut tunnel, MUCH as u64, CHECKED)).await??;
            }
            Stalled::Pod(tunnel) => drop(tunnel),
        }
        Ok(())
    }
}

/// Serves 200 requests, eight at a time, each on a connection of its own; the time that 99 % of them did not exceed.
async fn others(port: u16) -> Result<Duration> {
    let requests = stream::iter(0..200).map(|_| async move {
        let begun = Instant::now();
        carries::http_get(port).await?;
        Ok::<_, String>(begun.elapsed())
    });
    Ok(p99(requests.buffer_unordered(8).try_collect().await?))
}

fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() * 99 / 100).copied().unwrap_or_default()
}

async fn a_client_that_does_not_read(wire: &str) -> Result {
    let own = own_pod("client").await?;
    let forward = Portolan::new()?.forward(&target(&own), &[":1900", ":80"], &over(wire)).await?;
    let before = others(forward.ports[1]).await?;
    let stalled = Stalled::client(forward.ports[0]).await?;
    let beside = others(forward.ports[1]).await?;
    eprintln!("--wire {wire}: p99 of a request {before:?}, beside a client that does not read {beside:?}");
    stalled.resume().await?;
    forward.stop().await
}

async fn a_pod_that_does_not_read(wire: &str) -> Result {
    let own = own_pod("deaf").await?;
    let forward = Portolan::new()?.forward(&target(&own), &[":6", ":80"], &over(wire)).await?;
    let before = others(forward.ports[1]).await?;
    let stalled = Stalled::pod(forward.ports[0]).await?;
    let beside = others(forward.ports[1]).await?;
    eprintln!("--wire {wire}: p99 of a request {before:?}, beside a pod that does not read {beside:?}");
    stalled.resume().await?;
    others(forward.ports[1]).await?;
    forward.stop().await
}

/// With more connections than exclusive upgrades, somebody shares with the one that stalls, and goes on when that does.
async fn those_who_share_with_a_stalled_one(wire: &str) -> Result {
    const CONNECTIONS: u64 = 300;
    rlimit::increase_nofile_limit(4 * CONNECTIONS)?;
    let own = own_pod("shared").await?;
    let forward = Portolan::new()?.forward(&target(&own), &[":7", ":1900", ":6"], &over(wire)).await?;
    let [echo, noise, deaf] = forward.ports[..] else { return Err("three ports".into()) };
    let mut tunnels: Vec<TcpStream> = Vec::new();
    // The last one by one: so none of them leaves an upgrade idle that was dialled for it, which the stalled one would take.
    for (seeds, at_once) in [(0..CONNECTIONS - 50, 16), (CONNECTIONS - 50..CONNECTIONS, 1)] {
        let opening = stream::iter(seeds).map(|seed| async move {
            let mut tunnel = carries::connect(echo).await?;
            carries::echo_over(&mut tunnel, seed, 1000).await?;
            Ok::<_, String>(tunnel)
        });
        tunnels.extend(opening.buffer_unordered(at_once).try_collect::<Vec<_>>().await?);
    }
    let alone = round(&mut tunnels, None).await?;
    let client = round(&mut tunnels, Some(Stalled::client(noise).await?)).await?;
    let pod = round(&mut tunnels, Some(Stalled::pod(deaf).await?)).await?;
    eprintln!(
        "--wire {wire}, {CONNECTIONS} connections: alone {alone}; beside a client that does not read {client}; beside a pod {pod}"
    );
    forward.stop().await
}

/// Lets each connection echo; those that do not while `stalled` stands cannot be many, and go on once a client reads. In
/// words, what was measured.
async fn round(tunnels: &mut [TcpStream], stalled: Option<Stalled>) -> Result<String> {
    const PATIENCE: Duration = Duration::from_secs(5);
    let all = tunnels.len();
    let mut echoes: FuturesUnordered<_> = tunnels
        .iter_mut()
        .map(|tunnel| async {
            let begun = Instant::now();
            carries::echo_over(tunnel, 5, 10_000).await?;
            Ok::<_, String>(begun.elapsed())
        })
        .collect();
    let mut times = Vec::new();
    while times.len() < all
        && let Ok(Some(time)) = timeout(PATIENCE, echoes.next()).await
    {
        times.push(time?);
    }
    let waiting = all - times.len();
    let measured = format!("p99 {:?} and {waiting} waiting", p99(times));
    assert!(waiting <= CO_TENANTS && (waiting == 0 || stalled.is_some()), "{measured}");
    match stalled {
        None => Ok(measured),
        Some(Stalled::Pod(_)) => {
            // What the pod does not read is on its way still, and no server takes it back.
            drop(stalled);
            let later = timeout(PATIENCE, echoes.try_fold(0, async |served, _| Ok(served + 1))).await;
            Ok(format!("{measured}, {} once that one was left", if later.is_ok() { "served" } else { "waiting still" }))
        }
        Some(stalled) => {
            stalled.resume().await?;
            timeout(LIMIT, echoes.try_collect::<Vec<_>>()).await??;
            Ok(measured)
        }
    }
}

on_each_wire!(a_client_that_does_not_read a_pod_that_does_not_read those_who_share_with_a_stalled_one);
