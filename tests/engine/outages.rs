//! The demo cluster's control plane is away for a while: what a session must do then is in `tests/support/outage.rs`.
//!
//! `PORTOLAN_TEST_SILENT_SECONDS` is how long nothing is carried, and nothing closed.

use std::time::Duration;

use portolan_demo::{Dials, Faulty};
use portolan_tests::{
    Result,
    figures::seconds,
    outage::{Outage, is_survived},
    site::Site,
};

/// Brings about what `fault` sets, for so long.
async fn while_it_lasts(outage: Outage, fault: fn(&mut Faulty)) -> Result {
    let site = Site::demo().await?;
    let faults = site.as_demo()?.faults();
    let begin = async || {
        faults.set(fault);
        Ok(())
    };
    let end = async || {
        faults.set(|faulty| *faulty = Faulty { cuts: faulty.cuts, ..Faulty::default() });
        Ok(())
    };
    is_survived(&site, outage, begin, end).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_server_is_away() -> Result {
    let outage = Outage { what: "the API server away", lasts: Duration::from_secs(4), must_wait: true };
    while_it_lasts(outage, |faulty| faulty.away = true).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_carried_and_nothing_closed() -> Result {
    let lasts = seconds("PORTOLAN_TEST_SILENT_SECONDS", 40);
    let outage = Outage { what: "silence", lasts, must_wait: true };
    while_it_lasts(outage, |faulty| faulty.silent = true).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_upgrades_are_cut() -> Result {
    let outage = Outage { what: "upgrades cut", lasts: Duration::ZERO, must_wait: false };
    while_it_lasts(outage, |faulty| faulty.cuts += 1).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pods_reset_what_is_dialled() -> Result {
    let outage = Outage { what: "pods reset", lasts: Duration::from_secs(3), must_wait: false };
    while_it_lasts(outage, |faulty| faulty.dials = Dials::Reset).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_way_is_long_and_uneven() -> Result {
    let outage = Outage { what: "a second of latency", lasts: Duration::from_secs(6), must_wait: false };
    while_it_lasts(outage, |faulty| {
        faulty.latency = Duration::from_secs(1);
        faulty.jitter = Duration::from_millis(300);
    })
    .await
}
