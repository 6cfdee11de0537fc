//! Figures of many: how long most took, and the longest.

use std::{env, fmt, time::Duration};

/// A length that an environment variable may set, in seconds.
pub fn seconds(variable: &str, otherwise: u64) -> Duration {
    let said = env::var(variable).ok().and_then(|said| said.parse().ok());
    Duration::from_secs(said.unwrap_or(otherwise))
}

/// Times, in milliseconds. They may be negative: what was seen here may have happened elsewhere before.
#[derive(Clone, Debug, Default)]
pub struct Times(Vec<i64>);

impl Times {
    /// One more.
    pub fn add(&mut self, took: Duration) {
        self.add_millis(i64::try_from(took.as_millis()).unwrap_or(i64::MAX));
    }

    /// One more, that may be negative.
    pub fn add_millis(&mut self, took: i64) {
        let at = self.0.partition_point(|there| *there <= took);
        self.0.insert(at, took);
    }

    /// The one in the middle; 0 of none.
    pub fn median(&self) -> i64 {
        self.0.get(self.0.len().saturating_sub(1) / 2).copied().unwrap_or(0)
    }

    /// The longest; 0 of none.
    pub fn longest(&self) -> i64 {
        self.0.last().copied().unwrap_or(0)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p50 {} ms, longest {} ms", self.median(), self.longest())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_is_the_lower_one_and_order_does_not_matter() {
        for (times, median, longest) in
            [(&[][..], 0, 0), (&[7], 7, 7), (&[9, 1], 1, 9), (&[3, -5, 4], 3, 4), (&[4, 1, 3, 2], 2, 4)]
        {
            let mut all = Times::default();
            times.iter().for_each(|time| all.add_millis(*time));
            assert_eq!((all.median(), all.longest(), all.count()), (median, longest, times.len()), "{times:?}");
        }
    }
}
