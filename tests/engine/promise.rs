//! A Service tunnel loses no new connection while pods roll: see `tests/support/rolling.rs` and `away.rs`. Shorter here than
//! on a real cluster (`tests/cluster/promise.rs`), as a demo cluster's pods start in a moment.

use std::time::Duration;

use portolan_demo::Options;
use portolan_tests::{
    Result, away,
    figures::seconds,
    rolling,
    site::{Site, workloads},
};

/// At the pace of a real one: what takes a moment there is to be met by requests here.
async fn site() -> Result<Site> {
    Site::demo_with(Options { pace: 1.0, ..workloads()? }).await
}

/// As on a real cluster.
const PACE: Duration = Duration::from_millis(25);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "by the clock: run alone, on a machine that has time"]
async fn no_request_is_lost_while_pods_roll() -> Result {
    let length = seconds("PORTOLAN_TEST_ROLL_SECONDS", 6);
    rolling::no_request_is_lost_while_pods_roll(&site().await?, PACE, length).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_held_while_all_pods_are_away() -> Result {
    away::connections_are_held_while_all_pods_are_away(&site().await?, Duration::from_secs(3)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_endpoint_is_used_within_100_ms() -> Result {
    away::a_new_endpoint_is_used_within_100_ms(&site().await?, 5).await
}
