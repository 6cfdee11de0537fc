//! A long upload to a pod that reads slowly at first: every byte arrives, in order, and few of them wait here.

use std::time::Duration;

use portolan_tests::{Result, carries, command::Portolan, noise, on_each_wire, process};
use tokio::{io::AsyncReadExt, time::timeout};

use super::{over, own_pod, target};

/// As long as a slow machine takes.
const LIMIT: Duration = Duration::from_secs(120);

/// Not a round number: borders of buffers fall everywhere.
const BYTES: usize = (256 << 20) + 12_345;

/// What may be held of that, in KiB. A debug build's own needs are in it, too.
const HELD: usize = 64 * 1024;

async fn an_upload_to_a_slow_reader(wire: &str) -> Result {
    let own = own_pod("slow").await?;
    let forward = Portolan::new()?.forward(&target(&own), &[":7778", ":80"], &over(wire)).await?;
    carries::http_get(forward.ports[1]).await?;
    let pid = forward.running.pid()?;
    let before = process::holds(pid)?;
    let mut upload = carries::connect(forward.ports[0]).await?;
    noise::ask(&mut upload, BYTES).await?;
    timeout(LIMIT, noise::send(&mut upload, BYTES as u64, BYTES)).await.map_err(|_| "the upload hangs")??;
    let mut answer = String::new();
    timeout(LIMIT, upload.read_to_string(&mut answer)).await.map_err(|_| "the pod does not answer")??;
    assert_eq!(answer, format!("{BYTES}\n"));
    if let (Some(before), Some(after)) = (before, process::holds(pid)?) {
        let grown = after.most_memory.saturating_sub(before.memory);
        eprintln!("--wire {wire}: {BYTES} bytes up, the command's memory grew by {grown} KiB at most");
        assert!(grown < HELD, "{grown} KiB were held: {before:?} before, {after:?} after");
    }
    carries::http_get(forward.ports[1]).await?;
    forward.stop().await
}

on_each_wire!(an_upload_to_a_slow_reader);
