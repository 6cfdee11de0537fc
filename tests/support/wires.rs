//! The wires on which the tests' cluster can be reached.

use std::env;

use crate::Result;

/// What `--wire` takes.
pub const ALL: [&str; 3] = ["spdy", "tunnel", "websocket"];

/// Those that every cluster has.
const EVERYWHERE: &str = "spdy,websocket";

/// Whether the cluster has this wire, as far as `PORTOLAN_TEST_WIRES` tells.
pub fn has(wire: &str) -> bool {
    let wires = env::var("PORTOLAN_TEST_WIRES").unwrap_or_else(|_| EVERYWHERE.into());
    wires.split(',').any(|has| has == wire)
}

/// Whether `PORTOLAN_TEST_WIRES` says that the cluster lacks this wire. Where it says nothing nobody knows.
pub fn lacks(wire: &str) -> bool {
    env::var_os("PORTOLAN_TEST_WIRES").is_some() && !has(wire)
}

/// Runs a test on one wire; a word, and nothing else, where the cluster does not have that.
///
/// # Errors
/// Those of the test, after the wire's name.
pub async fn on<F: Future<Output = Result>>(wire: &'static str, test: fn(&'static str) -> F) -> Result {
    if !has(wire) {
        eprintln!("left out: PORTOLAN_TEST_WIRES does not name {wire}");
        return Ok(());
    }
    test(wire).await.map_err(|error| format!("--wire {wire}: {error}").into())
}

/// Makes a test for each wire of a function that takes one: `a_test::spdy` and so on.
#[macro_export]
macro_rules! on_each_wire {
    ($($test:ident)*) => {$(
        mod $test {
            $crate::on_each_wire!(@ $test spdy tunnel websocket);
        }
    )*};
    (@ $test:ident $($wire:ident)*) => {$(
        #[tokio::test]
        #[ignore = "needs a Kubernetes: see README, Tests"]
        async fn $wire() -> portolan_tests::Result {
            portolan_tests::wires::on(stringify!($wire), super::$test).await
        }
    )*};
}
