//! A Service tunnel loses no new connection while pods roll: see `tests/support/rolling.rs` and `away.rs`.
//!
//! `PORTOLAN_TEST_ROLL_SECONDS` and `PORTOLAN_TEST_AWAY_SECONDS` make them shorter, or longer.

use std::time::Duration;

use portolan_tests::{Result, away, figures::seconds, rolling, site::Site};

/// Forty a second through each tunnel.
const PACE: Duration = Duration::from_millis(25);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn no_request_is_lost_while_pods_roll() -> Result {
    let length = seconds("PORTOLAN_TEST_ROLL_SECONDS", 60);
    rolling::no_request_is_lost_while_pods_roll(&Site::real().await?, PACE, length).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn connections_are_held_while_all_pods_are_away() -> Result {
    let away = seconds("PORTOLAN_TEST_AWAY_SECONDS", 20);
    away::connections_are_held_while_all_pods_are_away(&Site::real().await?, away).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn a_new_endpoint_is_used_within_100_ms() -> Result {
    away::a_new_endpoint_is_used_within_100_ms(&Site::real().await?, 5).await
}
