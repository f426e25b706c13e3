//! What a frame says by itself: its records, and of each that speaks of an error which rule
//! knows it.
//!
//! Nothing of what was read before matters here, so where a whole folder is read at once two
//! threads share this work, and what follows from it is still judged in the order of the log.

mod help;

use std::borrow::Cow;

use shirwatch_parsers::{Level, Record, Run, Settings, parse, parse_row};

use crate::catalogue::Catalogue;
use crate::catalogue::Verdict;
use crate::model::fingerprint::Fingerprint;
use crate::pipeline::framer::Frame;
#[cfg(test)]
use crate::pipeline::guard;
use crate::pipeline::guard::guarded;

/// Frames that are parsed before the first of them is classified, and classified before the first is
/// told of. What each of these steps does is more than the fastest cache of a core holds, so that one
/// frame after the other would fetch all of it anew for each.
const AT_ONCE: usize = 32;

/// Bytes of frames after which no more are taken together, so that what is known of them stays near,
/// and memory does not grow.
const ENOUGH: usize = 64 * 1024;

/// Reads the frames of one batch.
pub(super) struct Reader<'b, 'c> {
    pub(super) bytes: &'b [u8],
    pub(super) settings: &'b Settings,
    pub(super) catalogue: &'c Catalogue,
}

/// What a frame says.
pub(super) struct Reading<'b, 'c> {
    /// True when not all of it was text.
    pub(super) damaged: bool,
    /// Its records, in their order.
    pub(super) records: Vec<Weighed<'b, 'c>>,
}

/// A frame that is read, before it is judged.
enum Parsed<'b, 'c> {
    Whole(Vec<Record<'b>>),
    Damaged(Vec<Weighed<'b, 'c>>),
}

/// A record, and what it means.
pub(super) struct Weighed<'b, 'c> {
    pub(super) record: Record<'b>,
    /// `None` where it speaks of no error.
    pub(super) error: Option<(Verdict<'c>, Fingerprint)>,
}

impl<'b, 'c> Reader<'b, 'c> {
    /// Reads all `frames` and tells of them in their order, some at a time.
    pub(super) fn each(
        &self,
        frames: impl Iterator<Item = Frame>,
        mut tell: impl FnMut(&Frame, &Option<Reading<'b, 'c>>),
    ) {
        let mut frames = frames.fuse();
        while let Some(few) = next_few(&mut frames, AT_ONCE) {
            few.iter().zip(self.read(&few)).for_each(|(frame, it)| tell(frame, &it));
        }
    }

    /// What each of a few frames says; `None` where we fail on it.
    fn read(&self, few: &[Frame]) -> Vec<Option<Reading<'b, 'c>>> {
        let parsed: Vec<_> = few.iter().map(|it| self.parsed(it)).collect();
        parsed.into_iter().map(|it| self.weighed(it)).collect()
    }

    fn parsed(&self, frame: &Frame) -> Option<Parsed<'b, 'c>> {
        guarded(|| match text(&self.bytes[frame.range.clone()]) {
            Cow::Borrowed(text) => Parsed::Whole(self.records(text, frame)),
            Cow::Owned(text) => {
                let records = self.records(&text, frame).into_iter();
                let weighed = records.map(|it| Weighed::new(it, self.catalogue).into_owned());
                Parsed::Damaged(weighed.collect())
            }
        })
    }

    fn weighed(&self, parsed: Option<Parsed<'b, 'c>>) -> Option<Reading<'b, 'c>> {
        guarded(|| {
            Some(match parsed? {
                Parsed::Whole(records) => {
                    let weigh = |it| Weighed::new(it, self.catalogue);
                    Reading { damaged: false, records: records.into_iter().map(weigh).collect() }
                }
                Parsed::Damaged(records) => Reading { damaged: true, records },
            })
        })?
    }

    fn records<'t>(&self, text: &'t str, frame: &Frame) -> Vec<Record<'t>> {
        #[cfg(test)]
        guard::stumble(text, guard::UNREADABLE);
        match &frame.columns {
            Some(columns) => parse_row(text, columns, self.settings),
            None => parse(text, self.settings),
        }
    }
}

/// The next frames that are read together, `most` of them; `None` when there are no more.
fn next_few(frames: &mut impl Iterator<Item = Frame>, most: usize) -> Option<Vec<Frame>> {
    let first = frames.next()?;
    let (mut bytes, mut few) = (first.range.len(), Vec::with_capacity(most));
    few.push(first);
    while few.len() < most
        && bytes < ENOUGH
        && let Some(it) = frames.next()
    {
        bytes += it.range.len();
        few.push(it);
    }
    Some(few)
}

impl<'b, 'c> Weighed<'b, 'c> {
    /// Classifies `record`, unless it tells by itself that nothing failed.
    pub(super) fn new(record: Record<'b>, catalogue: &'c Catalogue) -> Self {
        let failed = record.run.as_ref().map(Run::failed);
        if record.report.is_some() || failed == Some(false) {
            return Self { record, error: None };
        }
        let verdict = catalogue.classify(&record);
        if failed.is_none() && !is_error(&record, &verdict) {
            return Self { record, error: None };
        }
        let print = verdict.fingerprint(&record);
        Self { record, error: Some((verdict, print)) }
    }

    /// The same without the text that it was read from.
    fn into_owned(self) -> Weighed<'static, 'c> {
        Weighed { record: self.record.into_owned(), error: self.error }
    }
}

/// Bytes as a text. Most are one as they are, which is sooner known than where they are not.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// Whether a record that is no run speaks of an error: its writer says so, or it holds an
/// exception, or a rule knows it as this very error.
fn is_error(record: &Record<'_>, verdict: &Verdict<'_>) -> bool {
    let grave = record.level.is_some_and(|it| it >= Level::Error);
    grave || !record.chain.is_empty() || verdict.certain()
}
