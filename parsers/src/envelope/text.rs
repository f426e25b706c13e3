//! The text of an error, from the place where it stood to the fields of a record.
//!
//! ```text
//! {"message":"Failure happened on \u0027Source\u0027 side. ErrorCode=…"}
//!             └ written ───────────────────────────────────────────┘
//!             Failure happened on 'Source' side. ErrorCode=…      says
//! ```
//!
//! A text keeps how it was written, so that a byte of what it says can be led back to a
//! byte of the record. All carriers end here: this is the one place that asks for the
//! chain. Which carrier it was is not known.

use std::borrow::Cow;
use std::ops::Range;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::chain;
use crate::chain::{Link, Reading};
use crate::issue::{IssueKind, ParseIssue};
use crate::json;
use crate::json::Raw;
use crate::lex;
use crate::needle::needle;
use crate::record::Record;

/// A text, and how and where it was written.
#[derive(Debug, Clone)]
pub(crate) struct Text<'a> {
    pub(crate) says: Cow<'a, str>,
    written: &'a str,
    /// Where `written` begins in the record.
    at: usize,
    /// Bytes that were dropped in front of what it says.
    dropped: usize,
    lead_back: fn(&str, usize) -> usize,
}

impl<'a> Text<'a> {
    /// A text that stands in the record as it is.
    pub(crate) fn plain(written: &'a str, whole: &str) -> Self {
        let at = offset_in(whole, written);
        Self { says: Cow::Borrowed(written), written, at, dropped: 0, lead_back: |_, it| it }
    }

    /// A text whose escapes were undone; `lead_back` finds an offset in it as written.
    pub(crate) fn unescaped(
        says: Cow<'a, str>,
        written: &'a str,
        whole: &str,
        lead_back: fn(&str, usize) -> usize,
    ) -> Self {
        Self { says, written, at: offset_in(whole, written), dropped: 0, lead_back }
    }

    /// A JSON string, or a scalar; `None` where it is `null`, `"null"` or empty.
    pub(crate) fn json(raw: Raw<'a>, whole: &str) -> Option<Self> {
        let says = filled(raw)?;
        let written = raw.inner().unwrap_or(raw.0);
        Some(Self::unescaped(says, written, whole, json::written_offset))
    }

    /// The same text as part of a text that stands elsewhere, copied.
    pub(crate) fn within(self, at: usize) -> Text<'static> {
        let says = Cow::Owned(self.says.into_owned());
        Text { says, written: "", at, dropped: 0, lead_back: |_, _| 0 }
    }

    /// A part of the text; the text itself where the range is none.
    pub(crate) fn part(self, range: Range<usize>) -> Self {
        if self.says.get(range.clone()).is_none() {
            return self;
        }
        let dropped = self.dropped + range.start;
        Self { says: part(self.says, range), dropped, ..self }
    }

    /// The text with another on a line below.
    pub(crate) fn followed_by(self, other: &str) -> Self {
        // As long as nothing was unescaped, an offset is led back by itself.
        let lead_back: fn(&str, usize) -> usize = match self.says {
            Cow::Borrowed(_) => |_, offset| offset,
            Cow::Owned(_) => self.lead_back,
        };
        let says = Cow::Owned(format!("{}\n{other}", self.says));
        Self { says, lead_back, ..self }
    }

    /// A piece of what it says, borrowed where the text is.
    pub(crate) fn piece(&self, range: Range<usize>) -> Cow<'a, str> {
        match &self.says {
            Cow::Borrowed(says) => Cow::Borrowed(says.get(range).unwrap_or_default()),
            Cow::Owned(says) => Cow::Owned(says.get(range).unwrap_or_default().to_owned()),
        }
    }

    /// Where byte `offset` of what it says stands in the record.
    pub(crate) fn offset(&self, offset: usize) -> usize {
        let offset = offset + self.dropped;
        match self.says {
            Cow::Borrowed(_) => self.at + offset,
            Cow::Owned(_) => self.at + (self.lead_back)(self.written, offset),
        }
    }
}

/// The text of a JSON value, unless it is `null`, `"null"` or empty: the service writes
/// all three where there is nothing to say.
pub(crate) fn filled(raw: Raw<'_>) -> Option<Cow<'_, str>> {
    raw.text().filter(|text| !text.is_empty() && text != "null")
}

/// A part of a text that borrows where the text does.
pub(crate) fn part(text: Cow<'_, str>, range: Range<usize>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(range).unwrap_or(text)),
        Cow::Owned(text) if range == (0..text.len()) => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(text.get(range).unwrap_or(&text).to_owned()),
    }
}

/// Where `part` begins in `whole`; 0 where it stands elsewhere.
pub(crate) fn offset_in(whole: &str, part: &str) -> usize {
    let offset = part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
    if offset <= whole.len() { offset } else { 0 }
}

/// Writes what `text` says into the record: its message, the chain in it, and what the
/// words in front of the chain tell.
pub(crate) fn tell<'a>(record: &mut Record<'a>, text: Text<'a>) {
    let reading = read(&text.says);
    record.issues.extend(reading.issues.iter().map(|issue| at(issue, &text)));
    record.truncated |= reading.truncated;
    record.side = record.side.or(reading.side);
    if record.context.activity.is_none() {
        record.context.activity = reading.activity;
    }
    record.chain = reading.links;
    if let Some(at) = needle!("' is offline").find(text.says.as_bytes()) {
        if record.context.integration_runtime.is_none() {
            record.context.integration_runtime =
                runtime_range(&text.says, at).map(|range| text.piece(range));
        }
        record.context.last_connect = last_connect(&text.says[at..]);
    }
    record.message = text.says;
}

/// Reads the chain of a text; what it finds borrows where the text does.
pub(crate) fn read<'a>(text: &Cow<'a, str>) -> Reading<'a> {
    match text {
        Cow::Borrowed(text) => chain::read(text),
        Cow::Owned(text) => {
            let it = chain::read(text);
            Reading {
                links: it.links.into_iter().map(Link::into_owned).collect(),
                side: it.side,
                activity: it.activity.map(|name| Cow::Owned(name.into_owned())),
                truncated: it.truncated,
                end: it.end,
                issues: it.issues,
            }
        }
    }
}

fn at(issue: &ParseIssue, text: &Text<'_>) -> ParseIssue {
    ParseIssue { at: text.offset(issue.at), kind: issue.kind }
}

/// Notes something that was not as it should be.
pub(crate) fn note(record: &mut Record<'_>, at: usize, kind: IssueKind) {
    let issue = ParseIssue { at, kind };
    if !record.issues.contains(&issue) {
        record.issues.push(issue);
    }
}

/// `' is offline, last connect time is '11/21/2022 02:27:02.340 UTC'`: the service writes UTC,
/// also where it does not say so.
fn last_connect(text: &str) -> Option<Timestamp> {
    const BEFORE: &str = "last connect time is '";
    let start = needle!(BEFORE).find(text.as_bytes())? + BEFORE.len();
    let time = text[start..].split('\'').next()?;
    lex::timestamp(time, &TimeZone::UTC)
}

/// `The Self-hosted Integration Runtime 'x' is offline`: the service names the runtime
/// there and nowhere else.
fn runtime_range(text: &str, end: usize) -> Option<Range<usize>> {
    const BEFORE: &str = "ntegration Runtime '";
    let start = text[..end].rfind(BEFORE)? + BEFORE.len();
    (!text[start..end].contains('\'') && start < end).then_some(start..end)
}
