//! A thousand connections to one pod: most of them share an upgrade, where the wire has such.

use portolan_tests::{Result, carries, command::Portolan, on_each_wire};

use super::{over, own_pod, target};

/// What many systems let a process have, unless it asks for more.
const OPEN_FILES: u32 = 1024;

async fn a_thousand_connections(wire: &str) -> Result {
    const CONNECTIONS: u64 = 1000;
    rlimit::increase_nofile_limit(4 * CONNECTIONS)?;
    let own = own_pod("thousand").await?;
    let portolan = Portolan::new()?.with_open_files(OPEN_FILES);
    let forward = portolan.forward(&target(&own), &[":7", ":80"], &over(wire)).await?;
    carries::many(forward.ports[0], CONNECTIONS).await?;
    assert!(carries::http_get(forward.ports[1]).await?.starts_with(own.name()));
    forward.stop().await
}

on_each_wire!(a_thousand_connections);
