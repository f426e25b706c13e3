//! How often is written while there is more to read.
//!
//! A commit writes each incident that changed since the last, and most that go on did. So who
//! catches up with gigabytes, and has many incidents, writes less often; a crash repeats at most
//! [`LONGEST`].

use std::time::{Duration, Instant};

/// How long a busy engine goes on without a commit, at least and at most.
const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(2);

/// What a commit took is this part of the time until the next.
const PART: u32 = 40;

/// When the last commit was done, and what it took.
#[derive(Debug)]
pub(super) struct Pace {
    written: Instant,
    took: Duration,
}

impl Pace {
    /// That of a start.
    pub(super) fn new() -> Self {
        Self { written: Instant::now(), took: Duration::ZERO }
    }

    /// Whether a busy engine writes now.
    pub(super) fn is_due(&self) -> bool {
        self.written.elapsed() >= pause(self.took)
    }

    /// A commit that began then is done.
    pub(super) fn wrote(&mut self, begun: Instant) {
        *self = Self { written: Instant::now(), took: begun.elapsed() };
    }
}

/// How long nothing is written after a commit that took so long.
fn pause(took: Duration) -> Duration {
    took.saturating_mul(PART).clamp(SHORTEST, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_commit_that_takes_long_is_not_repeated_soon() {
        // milliseconds of a commit | until the next
        check(0,       500);
        check(5,       500);
        check(30,    1_200);
        check(50,    2_000);
        check(9_000, 2_000);
    }

    #[test]
    fn a_commit_that_took_longer_than_all_pauses_is_not_due_again_at_once() {
        let mut pace = Pace::new();
        let begun = Instant::now().checked_sub(2 * LONGEST).unwrap();
        pace.written = begun;
        assert!(pace.is_due());
        pace.wrote(begun);
        assert!(!pace.is_due());
    }

    #[track_caller]
    fn check(took: u64, expected: u64) {
        assert_eq!(pause(Duration::from_millis(took)), Duration::from_millis(expected));
    }
}
