//! When errors happened: counts in buckets that grow coarser as the time grows longer.
//!
//! ```text
//! add 06:12, 06:12, 06:40      a bucket a minute:  06:12 ▇  06:40 ▃
//! bars(3)                      as many bars as there is room for, from first to last
//! ```

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::finding::Severity;

/// Buckets that are kept; beyond it each two become one.
const BUCKETS: usize = 2_000;
/// Years that a log may be of; what is beyond is a damaged number.
const YEARS: std::ops::RangeInclusive<i64> = 0..=4_102_444_800;

/// Counts over time.
pub(crate) struct Timeline {
    /// Seconds of a bucket.
    step: i64,
    /// Errors that are less than bad, and bad ones, by the number of the bucket.
    buckets: BTreeMap<i64, [u64; 2]>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

impl Default for Timeline {
    fn default() -> Self {
        Self { step: 1, buckets: BTreeMap::new(), first: None, last: None }
    }
}

/// What happened in one part of the time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Bar {
    /// Of severity warning or info.
    pub(crate) mild: u64,
    /// Of severity error or critical.
    pub(crate) bad: u64,
}

impl Timeline {
    /// Counts one error; one without a time is left out.
    pub(crate) fn add(&mut self, at: Option<Timestamp>, severity: Severity) {
        let Some(at) = at.filter(|it| YEARS.contains(&it.as_second())) else { return };
        self.first = Some(self.first.map_or(at, |it| it.min(at)));
        self.last = Some(self.last.map_or(at, |it| it.max(at)));
        let bucket = self.buckets.entry(at.as_second() / self.step).or_default();
        bucket[usize::from(severity >= Severity::Error)] += 1;
        while self.buckets.len() > BUCKETS {
            self.coarsen();
        }
    }

    /// When the first and the last happened.
    pub(crate) fn span(&self) -> Option<(Timestamp, Timestamp)> {
        self.first.zip(self.last)
    }

    /// The time from first to last, cut into so many parts of one length.
    pub(crate) fn bars(&self, count: usize) -> Vec<Bar> {
        let Some(span) = self.span() else { return Vec::new() };
        self.bars_of(span, count)
    }

    /// The same for a given time, so that several can be compared.
    pub(crate) fn bars_of(&self, (from, to): (Timestamp, Timestamp), count: usize) -> Vec<Bar> {
        let mut bars = vec![Bar::default(); count];
        let (from, to) = (from.as_second(), to.as_second() + 1);
        for (bucket, [mild, bad]) in &self.buckets {
            let at = (bucket * self.step).clamp(from, to - 1) - from;
            // Both are below 2^33 and `count` is a width: no overflow.
            let index = usize::try_from(at * count as i64 / (to - from)).unwrap_or(0);
            if let Some(bar) = bars.get_mut(index) {
                bar.mild += mild;
                bar.bad += bad;
            }
        }
        bars
    }

    fn coarsen(&mut self) {
        self.step *= 2;
        let mut buckets = BTreeMap::<i64, [u64; 2]>::new();
        for (bucket, [mild, bad]) in std::mem::take(&mut self.buckets) {
            let into = buckets.entry(bucket.div_euclid(2)).or_default();
            into[0] += mild;
            into[1] += bad;
        }
        self.buckets = buckets;
    }
}

impl Bar {
    /// All of them.
    pub(crate) fn total(self) -> u64 {
        self.mild + self.bad
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn errors_fall_into_the_part_of_the_time_they_happened_in() {
        // seconds                    parts   errors in each
        check(&[],                    4,      "");
        check(&[7],                   4,      "1 0 0 0");
        check(&[0, 10, 20, 39],       4,      "1 1 1 1");
        check(&[0, 0, 0, 99],         2,      "3 1");
        check(&[-5, 0, 99],           2,      "1 1");
        check(&[i64::from(u32::MAX)], 1,      "");
    }

    #[test]
    fn a_long_time_is_bounded_and_nothing_is_lost() {
        let seconds: Vec<_> = (0..50_000).map(|it| it * 600).collect();
        let timeline = timeline(&seconds);
        assert!(timeline.buckets.len() <= BUCKETS);
        assert_eq!(timeline.bars(50).iter().map(|it| it.total()).sum::<u64>(), 50_000);
        assert!(timeline.bars(50).iter().all(|it| (900..1100).contains(&it.total())));
    }

    fn timeline(seconds: &[i64]) -> Timeline {
        let mut timeline = Timeline::default();
        for at in seconds {
            timeline.add(Timestamp::from_second(*at).ok(), Severity::Error);
        }
        timeline
    }

    #[track_caller]
    fn check(seconds: &[i64], parts: usize, expected: &str) {
        let bars = timeline(seconds).bars(parts);
        let actual: Vec<_> = bars.iter().map(|it| it.total().to_string()).collect();
        assert_eq!(actual.join(" "), expected);
    }
}
