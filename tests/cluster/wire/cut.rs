//! Upgrades that are cut on their way to the API server.

use portolan_tests::{Result, carries, command::Portolan, on_each_wire, relay::Relay};

use super::over;

/// Only the connections of the upgrade that is cut end; few connections have one each.
async fn an_upgrade_that_is_cut(wire: &str) -> Result {
    const MARK: usize = 1 << 20;
    let relay = Relay::start().await?;
    let kubeconfig = relay.kubeconfig()?;
    let mut forward = Portolan::with(kubeconfig.path()).forward("deploy/web", &[":7", ":80"], &over(wire)).await?;
    let [echo, http] = forward.ports[..] else { return Err("two ports".into()) };
    let mut tunnels = Vec::new();
    for seed in 0..5 {
        let mut tunnel = carries::connect(echo).await?;
        carries::echo_over(&mut tunnel, seed, 1000).await?;
        tunnels.push(tunnel);
    }
    // Which of the relay's connections is whose shows only in how much they carry.
    let before = relay.carried();
    carries::echo_over(&mut tunnels[2], 2, MARK).await?;
    let carried = relay.cut_busiest(&before);
    assert!(carried > 2 * MARK as u64, "the relay has carried {carried} bytes, and {MARK} went both ways");
    carries::is_reset(&mut tunnels[2]).await?;
    tunnels.remove(2);
    for tunnel in &mut tunnels {
        carries::echo_over(tunnel, 3, 100_000).await.map_err(|error| format!("one that was not cut: {error}"))?;
    }
    carries::http_get(http).await?;

    relay.cut_all();
    for tunnel in &mut tunnels {
        carries::is_reset(tunnel).await?;
    }
    carries::http_get(http).await.map_err(|error| format!("after all were cut: {error}"))?;
    carries::echo(echo, MARK).await?;
    assert!(!forward.running.has_ended()?, "the command ended");
    forward.stop().await
}

on_each_wire!(an_upgrade_that_is_cut);
