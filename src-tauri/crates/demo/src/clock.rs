//! The cluster's clock: wall time, which stands still where tokio's time does.

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};
use tokio::time::Instant;

/// Tells the time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Timestamp,
    at: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Clock { began: Timestamp::now(), at: Instant::now() }
    }

    /// Now, as objects say it: to the second.
    pub fn now(&self) -> Time {
        let now = self.began.checked_add(self.at.elapsed()).unwrap_or(self.began);
        Time(Timestamp::from_second(now.as_second()).unwrap_or(now))
    }
}
