//! When to try again: later and later, never all at once, and not before we were asked to.
//!
//! ```text
//! failure      1      2      3      4   …  at most
//! wait (s)   1–2    2–4    4–8   8–16      60–120     or what `Retry-After` says, if more
//! ```

use std::time::Duration;

use jiff::Timestamp;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::sources::azure::trouble::Trouble;

/// The first wait, and how often it is doubled.
const FIRST: Duration = Duration::from_secs(1);
const DOUBLED: u32 = 6;
const LONGEST: Duration = Duration::from_secs(60);

/// The longest wait that the other side may ask for.
const ASKED: Duration = Duration::from_secs(3600);

/// When to try again.
#[derive(Debug, Default)]
pub(in crate::sources) struct Pace {
    /// Failures in a row.
    pub(in crate::sources) failures: u32,
    until: Option<Timestamp>,
    /// What tells this source from others that failed at the same time.
    seed: u64,
}

impl Pace {
    pub(in crate::sources) fn new(name: &str) -> Self {
        Self {
            seed: xxh3_64_with_seed(name.as_bytes(), u64::from(std::process::id())),
            ..Self::default()
        }
    }

    /// It worked.
    pub(in crate::sources) fn succeeded(&mut self) {
        (self.failures, self.until) = (0, None);
    }

    /// It did not.
    pub(in crate::sources) fn failed(&mut self, trouble: &Trouble, now: Timestamp) {
        let wait = (FIRST * 2_u32.pow(self.failures.min(DOUBLED))).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let wait = wait + self.jitter(wait, now);
        let asked = trouble.after.unwrap_or_default().min(ASKED);
        let until = now.checked_add(wait.max(asked)).unwrap_or(now);
        self.until = Some(self.until.map_or(until, |it| it.max(until)));
    }

    /// Up to as much again, so that many who failed together do not come back together.
    fn jitter(&self, wait: Duration, now: Timestamp) -> Duration {
        let dice = xxh3_64_with_seed(&now.as_nanosecond().to_le_bytes(), self.seed);
        wait.mul_f64((dice % 1024) as f64 / 1024.0)
    }

    /// How long not to ask; `None` when asking is free.
    pub(in crate::sources) fn rests(&self, now: Timestamp) -> Option<Duration> {
        let left = self.until?.duration_since(now);
        // A clock that was set back must not make us wait for what it was set back by.
        Duration::try_from(left).ok().filter(|it| !it.is_zero()).map(|it| it.min(ASKED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::azure::trouble::Kind;

    /// Failures so far and what was asked for, in seconds; the bounds of the wait.
    #[test]
    fn waits_grow_to_a_bound_and_heed_what_was_asked() {
        check(0, None, 1..=2);
        check(1, None, 2..=4);
        check(5, None, 32..=64);
        check(9, None, 60..=120);
        check(u32::MAX, None, 60..=120);
        check(0, Some(30), 30..=30);
        check(9, Some(1), 60..=120);
        check(0, Some(1 << 40), 3600..=3600);
    }

    #[track_caller]
    fn check(failures: u32, asked: Option<u64>, expected: std::ops::RangeInclusive<u64>) {
        let mut pace = Pace { failures, ..Pace::new("runs") };
        let mut trouble = Trouble::new(Kind::Throttled, "");
        trouble.after = asked.map(Duration::from_secs);
        let now = Timestamp::constant(1_000, 0);
        pace.failed(&trouble, now);
        let wait = pace.rests(now).unwrap();
        assert!(expected.contains(&wait.as_secs()), "{wait:?} is not in {expected:?}");
        assert_eq!(pace.rests(now.checked_add(wait).unwrap()), None);
        pace.succeeded();
        assert_eq!(pace.rests(now), None);
    }

    #[test]
    fn sources_that_fail_together_come_back_one_by_one() {
        let now = Timestamp::constant(1_000, 0);
        let waits = (0..50).map(|it| {
            let mut pace = Pace::new(&it.to_string());
            pace.failed(&Trouble::new(Kind::Server, ""), now);
            pace.rests(now)
        });
        let different: std::collections::BTreeSet<_> = waits.collect();
        assert!(different.len() > 40, "only {} of 50 differ", different.len());
    }
}
