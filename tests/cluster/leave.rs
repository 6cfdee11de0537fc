//! Ctrl-C leaves nothing behind: no process, no listener, no connection that looks open.

use std::{net::TcpListener, time::Duration};

use portolan_tests::{Result, carries, command::Portolan};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};

/// A user who presses Ctrl-C does not want to wait.
const LIMIT: Duration = Duration::from_secs(3);

/// Reads until the connection ends, and says how.
async fn end_of(mut tunnel: TcpStream) -> Result<std::io::Result<usize>> {
    let mut rest = vec![0; 1 << 16];
    let reading = async {
        loop {
            match tunnel.read(&mut rest).await {
                Ok(1..) => {}
                end => return end,
            }
        }
    };
    Ok(timeout(LIMIT, reading).await.map_err(|_| "the connection still looks open")?)
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn ctrl_c_with_connections_open() -> Result {
    let forward = Portolan::new()?.forward("deploy/web", &[":7", ":19"], "").await?;
    let [echo, source] = forward.ports[..] else { return Err("two ports".into()) };
    let mut idle = carries::connect(echo).await?;
    carries::echo_over(&mut idle, 1, 100).await?;
    let silent = carries::connect(echo).await?;
    // One download that flows, and one whose client has stopped reading.
    let mut download = carries::connect(source).await?;
    download.read_exact(&mut [0; 100_000]).await?;
    let mut stuck = carries::connect(source).await?;
    stuck.read_exact(&mut [0; 1]).await?;
    let mut half_sent = carries::connect(echo).await?;
    half_sent.write_all(b"abc").await?;

    let pid = forward.running.pid()?;
    let pressed = Instant::now();
    forward.running.interrupt().await?;
    let ended = forward.running.ended().await?;
    let took = pressed.elapsed();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(took < LIMIT, "it took {took:?}");
    for port in [echo, source] {
        TcpListener::bind(("127.0.0.1", port)).map_err(|error| format!("port {port} is not free again: {error}"))?;
    }
    for (what, tunnel) in
        [("idle", idle), ("silent", silent), ("download", download), ("stuck", stuck), ("half sent", half_sent)]
    {
        let end = end_of(tunnel).await.map_err(|error| format!("{what}: {error}"))?;
        assert!(end.is_err(), "{what}: what was cut off must not look like a good end, and it ended with {end:?}");
    }
    #[cfg(target_os = "linux")]
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists(), "process {pid} is still there");
    #[cfg(not(target_os = "linux"))]
    let _ = pid;
    Ok(())
}

/// Before there is anything to forward to, and while a connection is held for it.
#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn ctrl_c_while_it_waits() -> Result {
    let forward = Portolan::new()?.forward("svc/miss", &[":http"], "").await?;
    forward.until_says("has no pod").await?;
    let port = forward.port();
    let held = carries::connect(port).await?;
    let pressed = Instant::now();
    forward.stop().await?;
    assert!(pressed.elapsed() < LIMIT, "it took {:?}", pressed.elapsed());
    let end = end_of(held).await?;
    assert!(end.is_err(), "{end:?}");
    TcpListener::bind(("127.0.0.1", port))?;
    Ok(())
}
