//! What the tests share: the cluster, the command, the engine on a cluster, what a tunnel must carry, and the scenarios
//! that hold on any of them.

pub mod ailing;
pub mod away;
pub mod carries;
pub mod cluster;
pub mod command;
pub mod figures;
pub mod load;
pub mod noise;
pub mod notes;
pub mod outage;
pub mod process;
pub mod relay;
pub mod rolling;
pub mod scenario;
pub mod site;
#[cfg(unix)]
pub mod stand_in;
pub mod temporary;
pub mod wires;

use std::{error::Error, time::Duration};

use tokio::time::{Instant, sleep};

/// What a test returns: the first thing that went wrong, in words.
pub type Result<T = (), E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// How often a condition is looked at that cannot be waited for.
const LOOK: Duration = Duration::from_millis(50);

/// Asks again until there is an answer, for `limit` at most; returns it.
///
/// # Errors
/// That `what` did not come about, or the first error of `ask`.
pub async fn eventually<T>(what: &str, limit: Duration, mut ask: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        if Instant::now() >= deadline {
            return Err(format!("waited {limit:?} in vain until {what}").into());
        }
        sleep(LOOK).await;
    }
}
