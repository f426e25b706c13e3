//! A record as the matcher sees it: texts in normal form, and the codes, types and
//! numbers in it, each with its place.
//!
//! ```text
//! text     …operation on target 'copy' failed: ␟cannot connect to …␟login failed for …
//! spots    └─────────── depth 0 ──────────────┘└──── depth 0 ────┘└──── depth 1 ──…
//! codes    sqlfailedtoconnect 0
//! types    system.data.sqlclient.sqlexception 1
//! numbers  sql:18456 1
//! ```
//!
//! All texts lie in one buffer, the deepest last, so that one pass sees
//! them all. The buffers are used again for the next record.

use std::ops::Range;

use shirwatch_parsers::{Link, Record};

use crate::catalogue::normalise;
use crate::catalogue::places::{self, Part, Place};
use shirwatch_parsers::numbers::Number;

/// Parts the texts: no text holds it, since it is a control character.
const SEPARATOR: u8 = 0x1f;

/// Codes, types and numbers kept of one record. A text that prints more is a listing.
const LIMIT: usize = 1024;

/// A record as the matcher sees it.
#[derive(Debug, Default)]
pub(super) struct View {
    /// All texts in normal form, one after the other.
    pub(super) text: Vec<u8>,
    /// Where each text stands, the deepest last; who wins is found by it.
    pub(super) spots: Vec<Spot>,
    /// Numbers of vendors.
    pub(super) numbers: Vec<(Number, Place)>,
    codes: Vec<(Range<usize>, Place)>,
    types: Vec<(Range<usize>, Place)>,
    names: Vec<u8>,
    /// The deepest place of all.
    depth: u16,
}

/// One text of the record.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    pub(super) place: Place,
    pub(super) range: Range<usize>,
}

impl View {
    /// Looks at another record.
    pub(super) fn read(&mut self, record: &Record<'_>) {
        self.clear();
        if let Some(code) = &record.code {
            self.code(code, Place::default());
        }
        places::walk(record, &mut |place, part| {
            self.depth = self.depth.max(place.depth);
            match part {
                Part::Text(text) => self.append(text, place),
                Part::Link(link) => self.link(link, place),
            }
        });
    }

    /// The texts, the deepest first.
    pub(super) fn texts(&self) -> impl Iterator<Item = (Place, &[u8])> {
        self.spots.iter().rev().map(|it| (it.place, &self.text[it.range.clone()]))
    }

    /// The codes, without case and without `UserError`.
    pub(super) fn codes(&self) -> impl Iterator<Item = (&[u8], Place)> {
        self.codes.iter().map(|(it, place)| (&self.names[it.clone()], *place))
    }

    /// The types of the exceptions, without case.
    pub(super) fn types(&self) -> impl Iterator<Item = (&[u8], Place)> {
        self.types.iter().map(|(it, place)| (&self.names[it.clone()], *place))
    }

    /// The deepest place of all.
    pub(super) fn depth(&self) -> u16 {
        self.depth
    }

    /// The text that holds the byte `at`.
    pub(super) fn spot_of(&self, at: usize) -> Option<&Spot> {
        self.spots.get(self.spots.partition_point(|it| it.range.end <= at))
    }

    /// The place of the text that holds the byte `at`.
    pub(super) fn place_of(&self, at: usize) -> Place {
        self.spot_of(at).map(|it| it.place).unwrap_or_default()
    }

    /// Takes in a number that was found.
    pub(super) fn number(&mut self, number: Number, place: Place) {
        if self.numbers.len() < LIMIT {
            self.numbers.push((number, place));
        }
    }

    /// Takes in a code that `text` names after the word `code` which ends at `at`:
    /// `"errorCode":"AuthorizationFailure"`, `ErrorCode: 'LeaseAlreadyPresent'`.
    pub(super) fn code_after(&mut self, text: &[u8], at: usize) {
        if let Some(start) = after_filler(text, at) {
            self.code_at(text, start);
        }
    }

    /// Takes in the code that stands in `text` at `at`, if one does.
    pub(super) fn code_at(&mut self, text: &[u8], at: usize) {
        if let Some(code) = word_at(text, at)
            && self.codes.len() < LIMIT
        {
            let start = self.names.len();
            self.names.extend_from_slice(without_prefix(code));
            let place = self.place_of(at);
            self.codes.push((start..self.names.len(), place));
        }
    }

    fn clear(&mut self) {
        self.text.clear();
        self.names.clear();
        self.spots.clear();
        self.codes.clear();
        self.types.clear();
        self.numbers.clear();
        self.depth = 0;
    }

    fn append(&mut self, text: &str, place: Place) {
        let start = self.text.len();
        normalise::append(text, &mut self.text, &mut ());
        if self.text.len() > start {
            self.spots.push(Spot { place, range: start..self.text.len() });
            self.text.push(SEPARATOR);
        }
    }

    fn link(&mut self, link: &Link<'_>, place: Place) {
        if let Some(code) = &link.error_code {
            self.code(code, place);
        }
        if let Some(name) = link.class() {
            let start = self.names.len();
            normalise::append(name.trim(), &mut self.names, &mut ());
            self.types.push((start..self.names.len(), place));
        }
        if let Some(number) = Number::leading(&link.message) {
            self.number(number, place);
        }
        for (key, value) in &link.details {
            if let Some(number) = Number::of_detail(key, value) {
                self.number(number, place);
            }
        }
    }

    fn code(&mut self, code: &str, place: Place) {
        let code = code.trim().as_bytes();
        let code = if has_prefix(code) { &code[PREFIX.len()..] } else { code };
        let start = self.names.len();
        self.names.extend(code.iter().take(256).map(u8::to_ascii_lowercase));
        self.codes.push((start..self.names.len(), place));
    }
}

const PREFIX: &[u8] = b"usererror";

fn has_prefix(code: &[u8]) -> bool {
    code.len() > PREFIX.len()
        && code.get(..PREFIX.len()).is_some_and(|it| it.eq_ignore_ascii_case(PREFIX))
}

/// A code as it is compared: without case and without `UserError`.
pub(super) fn plain_code(code: &str) -> Vec<u8> {
    without_prefix(code.trim().to_ascii_lowercase().as_bytes()).to_vec()
}

/// A type as it is compared: without case and without `shaded.`.
pub(super) fn plain_type(name: &str) -> Vec<u8> {
    normalise::normalise(name)
}

fn without_prefix(code: &[u8]) -> &[u8] {
    if has_prefix(code) { &code[PREFIX.len()..] } else { code }
}

/// Where the code begins that follows the word `code` which ends at `at`.
fn after_filler(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let filler = rest.iter().take(6).take_while(|it| b"\"'>:= (".contains(it)).count();
    rest[..filler].iter().any(|it| b">:=".contains(it)).then_some(at + filler)
}

/// The code that begins at `at`: a word of letters, digits, `-`, `_` and `.`.
fn word_at(text: &[u8], at: usize) -> Option<&[u8]> {
    let rest = text.get(at..)?;
    let part = |it: &u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.');
    let mut len = rest.iter().take(128).take_while(|it| part(it)).count();
    while len > 0 && matches!(rest[len - 1], b'-' | b'.') {
        len -= 1;
    }
    let word = &rest[..len];
    (len >= 3 && word != b"usererror" && word[0].is_ascii_alphabetic()).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_text_names_codes() {
        // text                                           the code, or nothing
        check("{\"code\":\"AuthorizationFailure\",",      "authorizationfailure");
        check("ErrorCode: 'LeaseAlreadyPresent'.",        "leasealreadypresent");
        check("ErrorCode=UserErrorX_y,'Type=",            "x_y");
        check("StatusCode\":\"DF-Executor-Sys.\"",        "df-executor-sys");
        check("<Code>AccessDenied</Code>",                "accessdenied");
        check("the error code 17 and code that works",    "");
        check("error code: 17",                           "");
        check("code: ",                                   "");
        check("code",                                     "");
        check("failureType: UserError, code: UserError.", "");
    }

    #[test]
    #[rustfmt::skip]
    fn codes_are_compared_without_case_and_prefix() {
        for (code, expected) in [
            ("SqlFailedToConnect",          "sqlfailedtoconnect"),
            ("UserErrorSqlFailedToConnect", "sqlfailedtoconnect"),
            ("usererror",                   "usererror"),
            ("",                            ""),
        ] {
            assert_eq!(plain_code(code), expected.as_bytes(), "{code}");
            let mut view = View::default();
            view.read(&Record { code: Some(code.into()), ..Record::default() });
            assert_eq!(view.codes().next().unwrap().0, expected.as_bytes(), "{code}");
        }
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut view = View::default();
        view.read(&Record { message: text.into(), ..Record::default() });
        let at = memchr::memmem::find(&view.text, b"code").unwrap() + 4;
        let text = view.text.clone();
        view.code_after(&text, at);
        let found = view.codes().next().map(|it| String::from_utf8_lossy(it.0).into_owned());
        assert_eq!(found.unwrap_or_default(), expected);
    }
}
