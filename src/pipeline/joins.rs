//! What is the same failure, though it was written down more than once.
//!
//! ```text
//! activity run a1 failed                    counted, remembered as a1 and as "in run p1"
//! Windows event that prints run id a1       duplicate of a1
//! ForEach in run p1, with the same text     duplicate: a wrapper repeats its inner text
//! pipeline run p1 failed                    duplicate: a failed activity of p1 is known
//! ```
//!
//! A wrapper or a pipeline may be written before its activity. Such a record is held until
//! word of the activity comes or the wait is over, and only then counted. Where neither
//! carrier prints an id that both have, nothing is joined.
//!
//! Keys are hashes; their number is bounded, and the oldest are forgotten first.

mod ids;
mod recent;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use shirwatch_parsers::Record;

use crate::model::batch::Position;
use crate::model::changes::Changes;
use crate::model::changes::Held;
use crate::model::finding::Finding;
use crate::model::fingerprint::Fingerprint;
use crate::model::redacted::Redacted;
use crate::pipeline::joins::ids::Ids;
use crate::pipeline::joins::recent::Recent;

/// Records held at once; beyond it the next is counted without waiting.
const HELD_LIMIT: usize = 10_000;

/// How long a record is held for word of its activity. Diagnostic settings deliver
/// activities and pipelines within seconds of each other.
const HOLD: SignedDuration = SignedDuration::from_secs(30);

/// What is to be done with a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// It is new: count it.
    New,
    /// It was counted before.
    Duplicate,
    /// It may have a cause that was not read yet: hold it under the first key, and drop it
    /// when the second turns up.
    Hold(u64, u64),
}

/// Keys that wait to be stored before all others do not wait any longer; a batch more fits into
/// what a list of 32,768 takes, a quarter of a mebibyte.
const FRESH: usize = 30_000;

/// The failures that were counted, and those that wait.
#[derive(Debug, Default)]
pub struct Joins {
    seen: Recent,
    fresh: Vec<u64>,
    held: BTreeMap<u64, Held>,
    /// Held, and not in the store yet.
    added: BTreeSet<u64>,
    /// Held no longer, and still in the store.
    settled: Vec<u64>,
}

impl Joins {
    /// Goes on with what was stored; `seen` has the newest first.
    #[must_use]
    pub fn restore(seen: &[u64], held: Vec<Held>) -> Self {
        let mut it = Self::default();
        for key in seen.iter().rev() {
            it.seen.insert(*key);
        }
        it.held = held.into_iter().map(|held| (held.key, held)).collect();
        it
    }

    /// Takes in what another daemon counted.
    pub fn take_in(&mut self, seen: &[u64]) {
        for key in seen {
            self.seen.insert(*key);
        }
    }

    /// Goes on with what was held by another daemon.
    pub fn take_over(&mut self, held: Vec<Held>) {
        self.held.extend(held.into_iter().map(|held| (held.key, held)));
    }

    /// Judges a failure, and remembers it if it is new.
    pub fn judge(&mut self, record: &Record<'_>, print: Fingerprint) -> Joined {
        let ids = Ids::of(record, print);
        if ids.own.is_some_and(|key| self.seen.contains(key) || self.held.contains_key(&key)) {
            return Joined::Duplicate;
        }
        // Who told of a failure elsewhere told of its operation too, and of most nobody did.
        let heard = ids.operation.is_some_and(|key| self.seen.contains(key));
        if heard && ids.elsewhere(record, print).any(|key| self.seen.contains(key)) {
            self.mark(&ids);
            return Joined::Duplicate;
        }
        let Some(waits_for) = ids.waits_for else {
            self.mark(&ids);
            return Joined::New;
        };
        if self.seen.contains(waits_for) {
            self.mark(&ids);
            return Joined::Duplicate;
        }
        match ids.own {
            Some(own) if self.held.len() < HELD_LIMIT => Joined::Hold(own, waits_for),
            _ => {
                self.mark(&ids);
                Joined::New
            }
        }
    }

    /// Holds a finding that [`Joins::judge`] said to hold. Whether it is counted or repeats
    /// what is counted, its run has failed: a pipeline or trigger that repeats it may know
    /// that at once.
    pub fn hold(
        &mut self,
        (key, waits_for): (u64, u64),
        finding: Redacted<Finding>,
        (source, position): (&str, Position),
        now: Timestamp,
    ) {
        let until = now.checked_add(HOLD).unwrap_or(now);
        let source = source.to_owned();
        for told in Ids::of(&finding.record, finding.fingerprint).tells {
            self.note(told);
        }
        self.held.insert(key, Held { key, waits_for, until, source, finding, position });
        self.added.insert(key);
    }

    /// Gives the held findings whose wait is over, each with whether it is new.
    pub fn settle(&mut self, now: Timestamp) -> Vec<(Held, bool)> {
        let due = |it: &&Held| it.until <= now || self.seen.contains(it.waits_for);
        let keys: Vec<u64> = self.held.values().filter(due).map(|it| it.key).collect();
        let mut out = Vec::new();
        for key in keys {
            let Some(held) = self.held.remove(&key) else { continue };
            let new = !self.seen.contains(held.waits_for);
            if !self.added.remove(&held.key) {
                self.settled.push(held.key);
            }
            self.note(held.key);
            if new {
                // Another wrapper of the same inner activity, or the run around it, only
                // repeats this one.
                self.note(held.waits_for);
            }
            out.push((held, new));
        }
        out
    }

    /// How many findings wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.held.len()
    }

    /// How many findings of `source` wait.
    #[must_use]
    pub fn waiting_of(&self, source: &str) -> usize {
        self.held.values().filter(|it| it.source == source).count()
    }

    /// True when so many keys wait to be stored that memory would grow.
    #[must_use]
    pub fn is_full_of_news(&self) -> bool {
        self.fresh.len() >= FRESH
    }

    /// Moves what changed into `changes`.
    pub fn drain(&mut self, changes: &mut Changes) {
        // Room that was needed once is not kept for what is fresh next.
        let fresh = std::mem::take(&mut self.fresh);
        if changes.seen.is_empty() {
            changes.seen = fresh;
        } else {
            changes.seen.extend(fresh);
        }
        changes.settled.append(&mut self.settled);
        let added = std::mem::take(&mut self.added).into_iter();
        changes.held.extend(added.filter_map(|key| self.held.get(&key).cloned()));
    }

    fn mark(&mut self, ids: &Ids) {
        for key in ids.own.iter().chain(&ids.tells) {
            self.note(*key);
        }
    }

    fn note(&mut self, key: u64) {
        if self.seen.insert(key) {
            self.fresh.push(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shirwatch_parsers::Context;
    use shirwatch_parsers::Format;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    #[rustfmt::skip]
    fn the_same_failure_is_counted_once() {
        // format, activity type, run, pipeline run, correlation        what becomes of each
        check(&["a Copy a1 p1 -", "a Copy a1 p1 -"],                    "new dup");
        check(&["a Copy a1 p1 -", "a Copy a2 p1 -"],                    "new new");
        check(&["a Copy a1 p1 -", "e - a1 - -"],                        "new dup");
        check(&["a Copy a1 p1 c1", "e - - - c1"],                       "new dup");
        check(&["a Copy a1 p1 c1", "e - a2 - c1"],                      "new new");
        check(&["e - a2 - c1", "a Copy a1 p1 c1"],                      "new new");
        check(&["a Copy a1 p1 c1", "a Copy a2 p1 c1"],                  "new new");
        check(&["a Copy a1 p1 c1", "a ForEach f1 p2 c1"],               "new hold, then new");
        check(&["a Copy a1 p1 c1", "p - - p2 c1"],                      "new hold, then new");
        check(&["a Copy a1 p1 -", "e - p1 - -"],                        "new new");
        check(&["e - - - c1", "e - - - c1"],                            "new new");
        check(&["e - - - -", "e - - - -"],                              "new new");
        check(&["a Copy a1 p1 -", "a ForEach f1 p1 -"],                 "new dup");
        check(&["a Copy a1 p1 -", "p - - p1 -"],                        "new dup");
        check(&["p - - p1 -", "a Copy a1 p1 -"],                        "hold new, then dup");
        check(&["p - - p1 -"],                                          "hold, then new");
        check(&["a ForEach f1 p1 -", "a Copy a1 p1 -", "p - - p1 -"],   "hold new dup, then dup");
        check(&["a Copy a1 p1 c1", "t - - - c1"],                       "new dup");
        check(&["a ForEach f1 p1 -", "a Switch f2 p1 -"],               "hold hold, then new, then dup");
        check(&["a ForEach f1 p1 -", "p - - p1 -"],                     "hold dup, then new");
        check(&["p - - p1 -", "a ForEach f1 p1 -"],                     "hold hold, then dup, then new");
        check(&["p - - p1 c1", "t - - - c1"],                           "hold dup, then new");
        check(&["t - - - c1", "p - - p1 c1"],                           "hold hold, then dup, then new");
        check(&["p - - p1 -", "p - - p1 -"],                            "hold dup, then new");
    }

    #[test]
    fn the_store_is_told_to_forget_what_it_has_and_nothing_else() {
        for stored in [true, false] {
            let (mut joins, mut changes) = (Joins::default(), Changes::default());
            let record = record("p - - p1 -");
            let Joined::Hold(key, waits_for) = joins.judge(&record, Fingerprint(7)) else {
                panic!("it waits for its activities");
            };
            let position = Position { path: String::new(), offset: 0, line: 0 };
            let finding = crate::pipeline::tests::finding(record);
            joins.hold((key, waits_for), finding, ("s", position), NOW);
            if stored {
                joins.drain(&mut changes);
            }
            assert_eq!(joins.settle(Timestamp::MAX).len(), 1);
            joins.drain(&mut changes);
            assert_eq!(
                (changes.held.len(), changes.settled.len()),
                if stored { (1, 1) } else { (0, 0) }
            );
        }
    }

    #[track_caller]
    fn check(records: &[&str], expected: &str) {
        let mut joins = Joins::default();
        let mut out = Vec::new();
        for record in records.iter().map(|it| record(it)) {
            out.push(match joins.judge(&record, Fingerprint(7)) {
                Joined::New => "new",
                Joined::Duplicate => "dup",
                Joined::Hold(key, waits_for) => {
                    let finding = crate::pipeline::tests::finding(record);
                    let position = Position { path: String::new(), offset: 0, line: 0 };
                    joins.hold((key, waits_for), finding, ("s", position), NOW);
                    "hold"
                }
            });
        }
        let mut actual = out.join(" ");
        for (_, new) in joins.settle(Timestamp::MAX) {
            actual += if new { ", then new" } else { ", then dup" };
        }
        assert_eq!(actual, expected);
    }

    fn record(text: &str) -> Record<'static> {
        let parts: Vec<_> =
            text.split(' ').map(|it| (it != "-").then(|| it.to_owned().into())).collect();
        let format = match text.as_bytes()[0] {
            b'a' => Format::ActivityRun,
            b'p' => Format::PipelineRun,
            b't' => Format::TriggerRun,
            _ => Format::EventLog,
        };
        let context = Context {
            activity_type: parts[1].clone(),
            activity_run_id: parts[2].clone(),
            pipeline_run_id: parts[3].clone(),
            correlation_id: parts[4].clone(),
            ..Context::default()
        };
        Record { format, context, ..Record::default() }
    }
}
