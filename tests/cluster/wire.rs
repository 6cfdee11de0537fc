//! What holds on every wire: `--wire spdy`, `tunnel` and `websocket`, each byte checked.
//!
//! Each test is three, one for each wire, and says so where the cluster does not have one (`PORTOLAN_TEST_WIRES`).

mod cut;
mod ends;
mod ladder;
mod many;
mod refusal;
mod restart;
mod stall;
mod upload;
mod vanish;

use std::collections::HashSet;

use portolan_tests::{Result, cluster::Cluster, temporary::Temporary};

/// A Deployment of one pod that no other test knows, ready.
async fn own_pod(what: &str) -> Result<Temporary> {
    let cluster = Cluster::connect().await?;
    let own = Temporary::new(what);
    own.deployment(&cluster, 1).await?;
    cluster.until_ready(&own.labels(), 1, &HashSet::new()).await?;
    Ok(own)
}

/// The target that [`own_pod`] made.
fn target(own: &Temporary) -> String {
    format!("deploy/{}", own.name())
}

/// The option that forces a wire.
fn over(wire: &str) -> String {
    format!("--wire {wire}")
}
