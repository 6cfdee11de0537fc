//! A port on which nobody in the pod listens.

use futures::future::try_join_all;
use portolan_tests::{Result, carries, command::Portolan, on_each_wire};
use tokio::io::AsyncWriteExt;

use super::over;

/// What the client sends is on its way before the refusal is. Nobody in the pod reads it, and nothing may wait for that:
/// not this connection, and not a later one on the same upgrade.
async fn is_refused(port: u16, greeting: &str) -> Result {
    let mut tunnel = carries::connect(port).await?;
    tunnel.write_all(greeting.as_bytes()).await?;
    Ok(carries::is_reset(&mut tunnel).await.map_err(|error| format!("after the greeting {greeting:?}: {error}"))?)
}

async fn a_refused_port(wire: &str) -> Result {
    let portolan = Portolan::new()?;
    let forward = portolan.forward("deploy/web", &[":81", ":80", ":7"], &over(wire)).await?;
    let [refused, http, echo] = forward.ports[..] else { return Err("three ports".into()) };
    // Before and after another port of the session was served: only then may a refusal mean that a container restarts.
    for served in [false, true] {
        let both = try_join_all(["", "hello"].map(|greeting| is_refused(refused, greeting))).await;
        both.map_err(|error| format!("the session has served: {served}, {error}"))?;
        carries::http_get(http).await?;
        carries::echo(echo, 1_000_000).await?;
    }
    forward.until_says("A connection failed: web-").await?;
    forward.until_says(" refused :81").await?;
    forward.stop().await
}

on_each_wire!(a_refused_port);
