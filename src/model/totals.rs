//! Counters that survive a restart.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use foldhash::fast::RandomState;

/// Counters by series. A series is written `name`, then a unit separator and a value for
/// each label, in the order in which the metric declares them; so it is one text, and can
/// be a key in the store.
#[derive(Debug, Default, Clone)]
pub struct Totals {
    series: HashMap<String, f64, RandomState>,
}

/// Stands between the parts of a series. No log text holds it: it is replaced on the way in.
pub const SEPARATOR: char = '\u{1f}';

impl Totals {
    /// Counters as they were stored.
    pub fn from_stored(series: impl IntoIterator<Item = (String, f64)>) -> Self {
        Self { series: series.into_iter().collect() }
    }

    /// Adds `by` to a series that [`series`] has written.
    pub fn add(&mut self, series: &str, by: f64) {
        if !self.grow(series, by) {
            self.series.insert(series.to_owned(), by);
        }
    }

    /// Adds `by` to a series that was counted before; false where it was not.
    pub fn grow(&mut self, series: &str, by: f64) -> bool {
        self.series.get_mut(series).map(|value| *value += by).is_some()
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: impl IntoIterator<Item = (String, f64)>) {
        for (series, by) in other {
            match self.series.entry(series) {
                Entry::Occupied(mut it) => *it.get_mut() += by,
                Entry::Vacant(it) => {
                    it.insert(by);
                }
            }
        }
    }

    /// The value of a series; 0 when it was never counted.
    #[must_use]
    pub fn get(&self, name: &str, labels: &[&str]) -> f64 {
        let mut key = String::new();
        series(&mut key, name, labels);
        self.series.get(&key).copied().unwrap_or(0.0)
    }

    /// True when nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// How many series there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// True when the series was counted before.
    #[must_use]
    pub fn contains(&self, series: &str) -> bool {
        self.series.contains_key(series)
    }

    /// Takes everything out and leaves nothing.
    pub fn take(&mut self) -> Vec<(String, f64)> {
        self.series.drain().collect()
    }

    /// Each series as name, labels and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Vec<&str>, f64)> {
        self.series.iter().map(|(key, value)| {
            let mut parts = key.split(SEPARATOR);
            let name = parts.next().unwrap_or_default();
            (name, parts.collect(), *value)
        })
    }
}

/// Writes the series of `name` with `labels` into `out`, which is emptied first.
pub fn series(out: &mut String, name: &str, labels: &[&str]) {
    out.clear();
    out.push_str(name);
    labels.iter().for_each(|it| label(out, it));
}

/// Adds the value of a label to a series.
fn label(out: &mut String, value: &str) {
    out.push(SEPARATOR);
    match value.contains(SEPARATOR) {
        false => out.push_str(value),
        true => out.push_str(&value.replace(SEPARATOR, " ")),
    }
}
