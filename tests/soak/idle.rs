//! What fifty idle sessions cost: measured and printed. The goals are under 0.5 % of a core and under 60 MiB, in a release
//! build: `cargo test --release -p portolan-tests --test soak idle -- --ignored --nocapture`.

use std::time::Duration;

use portolan_tests::{Result, carries, figures::seconds, process, site::Site};
use tokio::time::{Instant, sleep};

/// They are all there all the time: see `tests/cluster/manifests`.
const TARGETS: [&str; 4] = ["svc/web", "deploy/web", "-l app=web", "pod/solo"];

const SESSIONS: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures, and needs a Kubernetes in a process of its own: see README, Tests"]
async fn fifty_idle_sessions() -> Result {
    let site = Site::real().await?;
    let mut tunnels = Vec::new();
    for target in TARGETS.into_iter().cycle().take(SESSIONS) {
        tunnels.push(site.open(target, &[if target == "svc/web" { ":8080" } else { ":80" }]).await?);
    }
    for tunnel in &mut tunnels {
        tunnel.until_active().await?;
        carries::http_get(tunnel.port()).await?;
    }
    // What was opened for the requests goes back to what an idle session keeps.
    sleep(Duration::from_secs(20)).await;
    let pid = std::process::id();
    let (began, before) = (Instant::now(), process::cpu_seconds(pid)?);
    sleep(seconds("PORTOLAN_TEST_IDLE_SECONDS", 60)).await;
    let share = (process::cpu_seconds(pid)? - before) / began.elapsed().as_secs_f64() * 100.0;
    if let Some(holds) = process::holds(pid)? {
        eprintln!(
            "{SESSIONS} idle sessions: {share:.2} % of a core, {} MiB, {} open files, {} threads",
            holds.memory / 1024,
            holds.files,
            holds.threads
        );
    }
    for tunnel in tunnels {
        tunnel.stop().await;
    }
    Ok(())
}
