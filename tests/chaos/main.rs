//! The control plane of a real Kubernetes is away for a while: what a session must do then is in `tests/support/outage.rs`.
//!
//! Not run beside other tests on the same cluster, and each alone: whoever shares it is without an API server, too. It takes
//! root and our own cluster (`tests/cluster/up.sh`), whose kubeconfig `PORTOLAN_TEST_KUBECONFIG` names.
//! `PORTOLAN_TEST_DROP_SECONDS` is how long packets vanish.

mod node;

use std::time::Duration;

use node::{Ended, Node};
use portolan_tests::{
    Result,
    figures::seconds,
    outage::{Outage, is_survived},
    site::Site,
};
use tokio::sync::Mutex;

/// One at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

async fn a_part_is_away(part: &'static str, outage: Outage) -> Result {
    let _alone = ALONE.lock().await;
    let Some(node) = Node::of_the_tests()? else { return Ok(()) };
    let site = Site::real().await?;
    // Should the scenario fail while the part is away.
    let _again = Ended::guard(&node, part);
    is_survived(&site, outage, async || node.stop(part).await, async || node.start(part).await).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "ends parts of our own Kubernetes: see README, Tests"]
async fn the_api_server_is_killed_and_comes_back() -> Result {
    let outage = Outage { what: "API server killed", lasts: Duration::from_secs(15), must_wait: true };
    a_part_is_away("apiserver", outage).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "ends parts of our own Kubernetes: see README, Tests"]
async fn the_kubelet_is_restarted() -> Result {
    let outage = Outage { what: "kubelet restarted", lasts: Duration::from_secs(5), must_wait: false };
    a_part_is_away("kubelet", outage).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "ends parts of our own Kubernetes: see README, Tests"]
async fn containerd_is_restarted() -> Result {
    let outage = Outage { what: "containerd restarted", lasts: Duration::from_secs(5), must_wait: false };
    a_part_is_away("containerd", outage).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "makes packets vanish on the way to our own Kubernetes: see README, Tests"]
async fn packets_vanish_for_a_while() -> Result {
    let _alone = ALONE.lock().await;
    let Some(node) = Node::of_the_tests()? else { return Ok(()) };
    let way = node.way().await?;
    let (site, _kubeconfig) = way.site().await?;
    let lasts = seconds("PORTOLAN_TEST_DROP_SECONDS", 60);
    let outage = Outage { what: "packets vanish", lasts, must_wait: true };
    is_survived(&site, outage, async || way.drop_all().await, async || way.restore().await).await
}
