//! How often something happened in each hour: what a chart over time is drawn from.
//!
//! An hour is that of the log, so that logs read late stand where they belong. A time in the
//! future, which only a wrong clock writes, counts as the hour of reading.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::finding::Severity;

/// An hour, counted from the beginning of 1970 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hour(pub i64);

/// Seconds of an hour.
const SECONDS: i64 = 3600;

impl Hour {
    /// The hour of `time`, which was read at `read_at`.
    #[must_use]
    pub fn of(time: Timestamp, read_at: Timestamp) -> Self {
        Self(time.min(read_at).as_second().div_euclid(SECONDS))
    }

    /// When it begins.
    #[must_use]
    pub fn begin(self) -> Timestamp {
        Timestamp::from_second(self.0.saturating_mul(SECONDS)).unwrap_or(Timestamp::MIN)
    }
}

/// Errors by hour and severity that wait for the next commit.
#[derive(Debug, Default)]
pub struct Hours(BTreeMap<(Hour, Severity), u64>);

impl Hours {
    /// Counts one error.
    pub fn count(&mut self, hour: Hour, severity: Severity) {
        *self.0.entry((hour, severity)).or_default() += 1;
    }

    /// What was counted since the last call.
    pub fn drain(&mut self) -> impl Iterator<Item = HourCount> + use<> {
        let counted = std::mem::take(&mut self.0).into_iter();
        counted.map(|((hour, severity), count)| HourCount { hour, severity, count })
    }
}

/// Errors of one severity in one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourCount {
    /// The hour.
    pub hour: Hour,
    /// How urgent they were.
    pub severity: Severity,
    /// How many there were.
    pub count: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn an_hour_is_that_of_the_log_and_never_in_the_future() {
        // time in the log          read at                    the hour
        check("2026-03-01T06:59:59Z", "2026-03-01T07:00:00Z", "2026-03-01T06:00:00Z");
        check("2026-03-01T07:00:00Z", "2026-03-01T07:00:00Z", "2026-03-01T07:00:00Z");
        check("1969-12-31T23:30:00Z", "2026-03-01T07:00:00Z", "1969-12-31T23:00:00Z");
        check("9000-01-01T00:00:00Z", "2026-03-01T07:10:00Z", "2026-03-01T07:00:00Z");
    }

    #[track_caller]
    fn check(time: &str, read_at: &str, expected: &str) {
        let hour = Hour::of(time.parse().unwrap(), read_at.parse().unwrap());
        assert_eq!(hour.begin().to_string(), expected);
    }
}
