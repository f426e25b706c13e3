//! Members of a cluster that were away while another took an alert.
//!
//! ```text
//! 02:00:00  am-0 took it, am-1 was away       delivered
//! 02:00:01  all that is open, to both again   after 1 s, 2 s, 4 s … and once both took one
//! 02:01:00  the ordinary refresh              each minute, while it goes on
//! ```
//!
//! An Alertmanager knows an alert by its labels, so that saying it again does no harm. Without
//! this a member that is back at once would learn of an alert with the next refresh only.

use std::time::{Duration, Instant};

use crate::delivery::backoff;

/// Rounds until only the ordinary refresh is left; the last pause is about half a minute.
const ROUNDS: u32 = 6;

/// What a member of a receiver has missed.
#[derive(Debug)]
pub(super) struct Missed {
    rounds: u32,
    due: Instant,
    back: Back,
}

/// Whether the member is back.
#[derive(Debug, PartialEq, Eq)]
enum Back {
    /// Not as far as we know.
    No,
    /// It took something, and is to be told the rest.
    Yes,
    /// It was told the rest.
    Told,
}

impl Missed {
    /// A member was away just now.
    pub(super) fn new(now: Instant) -> Self {
        Self { rounds: 1, due: now + pause(1), back: Back::No }
    }

    /// It was away again.
    pub(super) fn again(&mut self) {
        self.back = Back::No;
    }

    /// All members took something. True when nothing is left to be told again.
    pub(super) fn is_over(&mut self, now: Instant) -> bool {
        if self.back == Back::No {
            (self.back, self.due) = (Back::Yes, now);
        }
        self.back == Back::Told
    }

    /// Whether all that is open is to be said again now.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let wanted = match self.back {
            Back::No => self.rounds <= ROUNDS,
            Back::Yes => true,
            Back::Told => false,
        };
        if !wanted || now < self.due {
            return false;
        }
        if self.back == Back::Yes {
            self.back = Back::Told;
        }
        self.rounds += 1;
        self.due = now + pause(self.rounds);
        true
    }
}

fn pause(rounds: u32) -> Duration {
    backoff(rounds, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_was_away_is_told_soon_and_then_less_often() {
        let begun = Instant::now();
        let mut it = Missed::new(begun);
        let told = (0..1_200).filter(|tenth| it.is_due(begun + Duration::from_millis(tenth * 100)));
        let told: Vec<_> = told.map(|tenth| tenth / 10).collect();
        assert_eq!(told.len() as u32, ROUNDS, "{told:?}");
        assert!(told[0] <= 1 && told[1] <= 4 && told.is_sorted(), "{told:?}");
        // Long after, it takes something: then it is told the rest, once.
        let later = begun + Duration::from_secs(3_600);
        assert!(!it.is_due(later) && !it.is_over(later));
        assert!(it.is_due(later) && !it.is_due(later + Duration::from_secs(600)));
        assert!(it.is_over(later));
    }

    #[test]
    fn a_member_that_goes_away_again_is_waited_for_again() {
        let now = Instant::now();
        let mut it = Missed::new(now);
        assert!(!it.is_over(now) && it.is_due(now));
        it.again();
        assert!(!it.is_over(now) && it.is_due(now) && it.is_over(now));
    }
}
