//! Real time. Elsewhere time comes from tokio, so that a test can pause it; here real time is what is measured, by threads
//! that belong to no runtime.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Now.
#[expect(clippy::disallowed_methods, reason = "real time is what is measured")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Keeps this thread from going on for so long.
#[expect(
    clippy::disallowed_methods,
    reason = "this thread belongs to no runtime, and tokio's timer counts in whole milliseconds"
)]
pub(crate) fn pause(time: Duration) {
    thread::sleep(time);
}
