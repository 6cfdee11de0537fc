//! Who speaks first, and how a connection ends.

use std::{io, time::Duration};

use portolan_tests::{Result, carries, command::Portolan, noise, on_each_wire};
use tokio::{io::AsyncWriteExt, time::timeout};

use super::over;

const LIMIT: Duration = Duration::from_secs(30);

async fn a_server_that_speaks_first(wire: &str) -> Result {
    let forward = Portolan::new()?.forward("sts/db", &[":banner"], &over(wire)).await?;
    for _ in 0..3 {
        assert_eq!(carries::banner(forward.port()).await?, "db-0");
    }
    forward.stop().await
}

/// What was cut off must not look complete, and what came before is right.
async fn a_pod_that_resets_the_connection(wire: &str) -> Result {
    const BYTES: usize = 5_000_001;
    let forward = Portolan::new()?.forward("deploy/web", &[":1901", ":1900"], &over(wire)).await?;
    let [resetting, noise_port] = forward.ports[..] else { return Err("two ports".into()) };

    // After the whole answer.
    let mut tunnel = carries::connect(resetting).await?;
    noise::ask(&mut tunnel, BYTES).await?;
    timeout(LIMIT, noise::compare(&mut tunnel, BYTES as u64, BYTES)).await??;
    tunnel.write_all(b"!").await?;
    carries::is_reset(&mut tunnel).await?;

    // While the answer is on its way: how much of it still comes is nobody's promise.
    let mut tunnel = carries::connect(resetting).await?;
    noise::ask(&mut tunnel, BYTES).await?;
    tunnel.write_all(b"!").await?;
    let (got, end) = timeout(LIMIT, noise::compare_to_the_end(&mut tunnel, BYTES as u64)).await??;
    assert!(got <= BYTES, "{got} of {BYTES} bytes came");
    assert!(
        end.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset),
        "a reset was to come after {got} bytes, and it was {end:?}"
    );

    // One that ends in good order does so here, too, and all of it is there.
    let mut tunnel = carries::connect(noise_port).await?;
    noise::ask(&mut tunnel, BYTES).await?;
    let (got, end) = timeout(LIMIT, noise::compare_to_the_end(&mut tunnel, BYTES as u64)).await??;
    assert!(got == BYTES && end.is_ok(), "{got} of {BYTES} bytes came, then {end:?}");
    forward.stop().await
}

on_each_wire!(a_server_that_speaks_first a_pod_that_resets_the_connection);
