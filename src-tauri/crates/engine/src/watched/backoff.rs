//! How long to wait before the next try.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

/// First and longest wait between two tries, before jitter. Short enough to be back before a user looks again, long
/// enough that fifty sessions do not hammer an API server that starts.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// An API server that asks for more than this is not believed: it would hold a session up for minutes.
const LONGEST_ASKED: Duration = Duration::from_secs(60);

/// The wait before try number `failures` + 1, with full jitter: anything up to the exponential wait, so that sessions
/// that failed together do not come back together.
pub(crate) fn backoff(failures: u32) -> Duration {
    let (first, longest) = BACKOFF;
    let mut waits = ExponentialBuilder::new().with_min_delay(first).with_max_delay(longest).without_max_times().build();
    let ceiling = waits.nth(failures.saturating_sub(1).min(16) as usize).unwrap_or(longest);
    // Never at once: a server that refuses immediately would be asked in a tight loop.
    ceiling.mul_f64(fastrand::f64()).max(first / 4)
}

/// The least wait that a server asks for which is overloaded or starts: its `Retry-After`.
pub(super) fn asked(error: &kube::Error) -> Option<Duration> {
    let kube::Error::Api(status) = error else { return None };
    let seconds = status.details.as_ref()?.retry_after_seconds;
    let asked = Duration::from_secs(seconds.into()).min(LONGEST_ASKED);
    (matches!(status.code, 429 | 503) && !asked.is_zero()).then_some(asked)
}

#[cfg(test)]
mod tests {
    use kube::core::Status;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_wait_grows_to_its_longest_and_is_never_nothing() {
        let (first, longest) = BACKOFF;
        for failures in 1..40 {
            for _ in 0..50 {
                let wait = backoff(failures);
                assert!(wait >= first / 4 && wait <= longest, "{failures}: {wait:?}");
                assert!(failures > 1 || wait <= first, "the first is short: {wait:?}");
            }
        }
        assert!((0..200).any(|_| backoff(20) > longest / 2), "later ones are long");
    }

    #[test]
    fn an_overloaded_server_says_how_long() {
        let error = |code: u16, seconds: u32| {
            let status = json!({"code": code, "details": {"retryAfterSeconds": seconds}});
            kube::Error::Api(serde_json::from_value::<Status>(status).unwrap().boxed())
        };
        let table = [
            (error(429, 7), Some(Duration::from_secs(7))),
            (error(503, 1), Some(Duration::from_secs(1))),
            (error(429, 3600), Some(LONGEST_ASKED)),
            (error(429, 0), None),
            (error(500, 7), None),
            (kube::Error::Api(Status { code: 429, ..Status::default() }.boxed()), None),
        ];
        for (number, (error, expected)) in table.into_iter().enumerate() {
            assert_eq!(asked(&error), expected, "row {number}");
        }
    }
}
