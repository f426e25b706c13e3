//! Incidents about our own sources: one that is silent, one that is stalled.
//!
//! ```text
//! sources: [{ silent_after: 6h, … }]   nothing for 6h   →  rule source-silent, as any error
//! ```
//!
//! "No errors" is not "no log". What is wrong with a source is told to the pipeline as a record
//! of that source, so it is counted, kept, routed and silenced like all other trouble. It is told
//! again while it lasts, and its incident ends when no source has that trouble any more.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::friendly::SpanPrinter;
use shirwatch_parsers::{Level, Record};

use crate::pipeline::incidents::Notice;
use crate::service::engine::Engine;
use crate::sources::SourceStatus;
use crate::sources::passed;

/// How often trouble that lasts is told again, so that its incident stays open.
const AGAIN: Duration = Duration::from_secs(15 * 60);

/// The rules that know what we say, by the place of their trouble.
const RULES: [&str; 2] = ["source-silent", "source-stalled"];

/// A trouble of each kind, in words.
type Troubles = [Option<String>; 2];

/// What is watched of one source.
#[derive(Debug)]
pub(super) struct Watch {
    /// How long it may be silent.
    silent_after: Option<Duration>,
    /// When we began to listen.
    since: Timestamp,
    /// When each trouble was told last.
    told: [Option<Timestamp>; 2],
}

impl Watch {
    pub(super) fn new(silent_after: Option<Duration>, since: Timestamp) -> Self {
        Self { silent_after, since, told: [None; 2] }
    }

    /// What is to be told of a source now; the incidents of the others may stay or end.
    fn look(&mut self, name: &str, status: &SourceStatus, now: Timestamp) -> Troubles {
        let troubles = self.troubles(name, status, now);
        let mut due = Troubles::default();
        for (kind, trouble) in troubles.into_iter().enumerate() {
            let told = &mut self.told[kind];
            match (&trouble, *told) {
                (None, _) => *told = None,
                (Some(_), Some(at)) if !passed(at, now, AGAIN) => {}
                (Some(_), _) => (*told, due[kind]) = (Some(now), trouble),
            }
        }
        due
    }

    /// What is wrong with a source now.
    fn troubles(&self, name: &str, status: &SourceStatus, now: Timestamp) -> Troubles {
        let heard = status.last_read.map_or(self.since, |it| it.max(self.since));
        let silent = self.silent_after.filter(|it| !status.finished && passed(heard, now, *it));
        let silent = silent.map(|it| {
            let span = SpanPrinter::new().unsigned_duration_to_string(&it);
            format!("shirwatch reports an error: the source '{name}' is silent: nothing came for {span}.")
        });
        let stalled = || {
            format!(
                "shirwatch reports an error: the source '{name}' is stalled: it is not read on."
            )
        };
        [silent, status.stalled.then(stalled)]
    }
}

impl Engine {
    /// Tells what is wrong with sources, and that nothing is any more.
    pub(super) fn watch_sources(&mut self, now: Timestamp) -> Vec<Notice> {
        let mut notices = Vec::new();
        let before = self.troubled();
        for tap in &mut self.taps {
            let name = tap.source.name();
            let mut labels = tap.source.labels().clone();
            // Each daemon has sources of its own.
            labels.extend(self.store.member().map(|it| ("member".to_owned(), it.to_owned())));
            let due = tap.watch.look(name, &tap.source.status(), now);
            for message in due.into_iter().flatten() {
                notices.extend(self.pipeline.own(name, &labels, ours(message, now), now));
            }
        }
        let after = self.troubled();
        for kind in (0..RULES.len()).filter(|kind| before[*kind] && !after[*kind]) {
            notices.extend(self.pipeline.incidents.over(RULES[kind], now));
        }
        notices
    }

    /// Which troubles any source has.
    fn troubled(&self) -> [bool; 2] {
        [0, 1].map(|kind| self.taps.iter().any(|it| it.watch.told[kind].is_some()))
    }
}

/// What we say, as a record.
fn ours(message: String, now: Timestamp) -> Record<'static> {
    Record {
        time: Some(now),
        level: Some(Level::Error),
        message: message.into(),
        ..Record::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SILENT: &str =
        "shirwatch reports an error: the source 'runs' is silent: nothing came for 1m.";
    const STALLED: &str =
        "shirwatch reports an error: the source 'runs' is stalled: it is not read on.";

    /// Seconds since we began, when something was read last, whether it is stalled; what is told.
    #[test]
    fn trouble_is_told_once_and_again_while_it_lasts() {
        let mut watch = Watch::new(Some(Duration::from_secs(60)), at(0));
        let mut check = |now, last_read: Option<i64>, stalled, told: &[&str]| {
            let last_read = last_read.map(at);
            let status = SourceStatus { last_read, stalled, ..SourceStatus::default() };
            let due: Vec<_> = watch.look("runs", &status, at(now)).into_iter().flatten().collect();
            assert_eq!(due, told, "after {now} s");
        };
        check(59, None, false, &[]);
        check(60, None, false, &[SILENT]);
        check(61, None, false, &[]);
        check(61, None, true, &[STALLED]);
        check(60 + 15 * 60, None, true, &[SILENT]);
        check(61 + 15 * 60, Some(970), true, &[STALLED]);
        check(1_000, Some(970), false, &[]);
        check(1_030, Some(970), true, &[SILENT, STALLED]);
    }

    #[test]
    fn what_was_read_before_we_began_is_no_silence_yet() {
        let mut watch = Watch::new(Some(Duration::from_secs(60)), at(1_000));
        let status = SourceStatus { last_read: Some(at(10)), ..SourceStatus::default() };
        assert_eq!(watch.look("runs", &status, at(1_059)), Troubles::default());
    }

    #[test]
    fn a_source_that_may_be_silent_or_has_ended_is_not_told_of() {
        let mut patient = Watch::new(None, at(0));
        assert_eq!(
            patient.look("runs", &SourceStatus::default(), at(1 << 30)),
            Troubles::default()
        );
        let mut watch = Watch::new(Some(Duration::from_secs(60)), at(0));
        let ended = SourceStatus { finished: true, ..SourceStatus::default() };
        assert_eq!(watch.look("runs", &ended, at(61)), Troubles::default());
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::constant(second, 0)
    }
}
