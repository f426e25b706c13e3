//! `Login failed for user '{user}'`: a fragment with holes, found in a text and filled
//! in another.
//!
//! | written | means |
//! |---|---|
//! | `{user}` | capture what stands there, up to the next literal |
//! | `{}` | pass over what stands there |
//! | `{"error":`, `@{x()}`, `{0}` | themselves: only a plain lower-case name is a hole |
//!
//! A fragment is found anywhere in a text, as `normalise` leaves it,
//! and a number at its end must end there too, so that `ORA-1017` is not found in
//! `ORA-10170`. A hole holds [`GAP`] bytes at most: what is further away belongs to
//! another sentence. A hole at the end takes the text up to a quote, a comma, a
//! semicolon or the end of the sentence; one at the beginning takes one word.

mod literal;
mod pieces;

use std::collections::BTreeMap;
use std::ops::Range;

use crate::catalogue::normalise;
use crate::catalogue::template::literal::Literal;
use crate::catalogue::template::pieces::{Piece, pieces};

pub(super) use crate::catalogue::template::pieces::{fill, names};

/// Bytes a hole may take.
pub(super) const GAP: usize = 1024;

/// Places tried in one text; one that repeats itself more often is not worth more time.
pub(super) const TRIES: usize = 64;

/// What a rule captured, by name.
pub type Captures = BTreeMap<String, String>;

/// A fragment with holes.
#[derive(Debug, Clone)]
pub(super) struct Template {
    /// The name of the hole in front, where there is one.
    lead: Option<Box<str>>,
    /// Each literal with the name of the hole behind it; `""` for `{}`.
    parts: Box<[(Literal, Option<Box<str>>)]>,
}

/// What was found for each hole, in the order of the holes.
pub(super) type Spans<'t> = Vec<(&'t str, Range<usize>)>;

impl Template {
    /// Compiles a fragment; `None` when it has no literal, or two holes without a
    /// literal between them.
    pub(super) fn new(text: &str) -> Option<Self> {
        let mut lead = None;
        let mut parts: Vec<(Vec<u8>, Option<Box<str>>)> = Vec::new();
        for piece in pieces(text) {
            match (piece, parts.last_mut()) {
                (Piece::Literal(text), _) => parts.push((literal(text), None)),
                (Piece::Hole(name), None) if lead.is_none() => lead = Some(name.into()),
                (Piece::Hole(name), Some((_, hole @ None))) => *hole = Some(name.into()),
                (Piece::Hole(_), _) => return None,
            }
        }
        trim(&mut parts, lead.is_some());
        let sound = !parts.is_empty() && parts.iter().all(|(it, _)| !it.trim_ascii().is_empty());
        let parts = parts.into_iter().map(|(it, hole)| (Literal::new(&it), hole));
        sound.then(|| Self { lead, parts: parts.collect() })
    }

    /// The longest literal: no text without it can hold the fragment.
    pub(super) fn anchor(&self) -> &[u8] {
        self.literals().max_by_key(|it| it.len()).unwrap_or_default()
    }

    /// True when nothing but a hole stands before the longest literal.
    pub(super) fn begins_with_anchor(&self) -> bool {
        self.literals().next() == Some(self.anchor())
    }

    /// Bytes of all literals together.
    pub(super) fn weight(&self) -> usize {
        self.literals().map(<[u8]>::len).sum()
    }

    /// True when the fragment occurs in `text`.
    pub(super) fn occurs(&self, text: &[u8]) -> bool {
        self.find(text, None)
    }

    /// True when the fragment occurs in `text` with its first literal, which is there, at `start`.
    pub(super) fn occurs_at(&self, text: &[u8], start: usize) -> bool {
        self.holds_at(text, start, &mut None)
    }

    /// What stands in the holes where the fragment occurs first in `text`.
    pub(super) fn spans(&self, text: &[u8]) -> Option<Spans<'_>> {
        let mut spans = Vec::new();
        self.find(text, Some(&mut spans)).then_some(spans)
    }

    fn literals(&self) -> impl Iterator<Item = &[u8]> {
        self.parts.iter().map(|(it, _)| it.bytes())
    }

    fn find<'t>(&'t self, text: &[u8], mut spans: Option<&mut Spans<'t>>) -> bool {
        let Some((first, _)) = self.parts.first() else { return false };
        for start in first.find_iter(text).take(TRIES) {
            if let Some(spans) = spans.as_deref_mut() {
                spans.clear();
            }
            if self.holds_at(text, start, &mut spans) {
                return true;
            }
        }
        false
    }

    /// True when the fragment's first literal stands at `start` and the others follow.
    fn holds_at<'t>(
        &'t self,
        text: &[u8],
        start: usize,
        spans: &mut Option<&mut Spans<'t>>,
    ) -> bool {
        let mut keep = |hole: &'t str, range| {
            if let Some(spans) = spans.as_deref_mut() {
                spans.push((hole, range));
            }
        };
        match &self.lead {
            Some(hole) => keep(hole, word_before(text, start)..start),
            None if splits_number(text, start) => return false,
            None => {}
        }
        let mut at = start;
        for (i, (literal, hole)) in self.parts.iter().enumerate() {
            at += literal.len();
            let Some(hole) = hole else { return !splits_number(text, at) };
            let end = match self.parts.get(i + 1) {
                Some((next, _)) => {
                    let limit = text.len().min(at + GAP + next.len());
                    let Some(gap) = text.get(at..limit).and_then(|it| next.find(it)) else {
                        return false;
                    };
                    at + gap
                }
                None => sentence_end(text, at),
            };
            keep(hole, at..end);
            at = end;
        }
        true
    }
}

/// A literal as it is compared; a blank at its ends is kept, since it parts it from a hole.
fn literal(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    normalise::append(text, &mut out, &mut ());
    out
}

/// Takes the blanks from the ends of a fragment where no hole stands.
fn trim(parts: &mut [(Vec<u8>, Option<Box<str>>)], led: bool) {
    if let Some((first, _)) = parts.first_mut()
        && !led
    {
        *first = first.trim_ascii_start().to_vec();
    }
    if let Some((last, None)) = parts.last_mut() {
        *last = last.trim_ascii_end().to_vec();
    }
}

/// True when a number goes on over `at`.
pub(super) fn splits_number(text: &[u8], at: usize) -> bool {
    let digit = |i: Option<usize>| i.and_then(|i| text.get(i)).is_some_and(u8::is_ascii_digit);
    digit(at.checked_sub(1)) && digit(Some(at))
}

/// Where the word before `at` begins.
fn word_before(text: &[u8], at: usize) -> usize {
    let from = at.saturating_sub(GAP);
    let word = text.get(from..at).unwrap_or_default();
    let opens = |it: &u8| matches!(it, b' ' | b'\'' | b'"' | b'(' | b'[' | b'=' | b',');
    word.iter().rposition(opens).map_or(from, |it| from + it + 1)
}

/// Where what begins at `at` ends: at a quote, a comma, a semicolon or a full stop.
fn sentence_end(text: &[u8], at: usize) -> usize {
    let rest = &text[at.min(text.len())..text.len().min(at + GAP)];
    for (i, byte) in rest.iter().enumerate() {
        let next = rest.get(i + 1);
        match byte {
            b'\'' | b'"' | b',' | b';' | b'\n' => return at + i,
            b'.' if matches!(next, None | Some(b' ' | b'.' | b'\'' | b'"')) => return at + i,
            _ => {}
        }
    }
    at + rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn holes_are_found_and_named() {
        // fragment | text                                               what was captured
        check("login failed",            "Login  Failed.",                "");
        check("Login failed for user '{user}'", "Login failed for user 'etl_reader'.", "user=etl_reader");
        check("user '{user}'",           "a user 'b' and a user 'c'",     "user=b");
        check("user '{user}'",           "user ''.",                      "user=");
        check("host {host} on {} port",  "host h1 on tcp port",           "host=h1");
        check("'{a}' is not '{b}'",      "it 'x y' isn’t 'z'",            "a=x y|b=z");
        check("connect to {host}",       "connect to db.contoso.example.","host=db.contoso.example");
        check("connect to {host}",       "connect to db.contoso.example, port 1", "host=db.contoso.example");
        check("path {path}",             "path 'a b'",                    "path=");
        check("{host}: TCP error",       "to net.tcp://n1:8060/x: TCP error", "host=net.tcp://n1:8060/x");
        check("{\"error\": {code}}",     "{\"error\": 12}",               "code=12");
        check("@{x} ${y} {0} {A}",       "@{x} ${y} {0} {a}",             "");
        check("code 10061",              "code 100610",                   "nothing");
        check("code 10061",              "code 100610, code 10061",       "");
        check("10061",                   "110061",                        "nothing");
        check("ORA-0{n}:",               "ORA-01017: x",                  "n=1017");
        check("a {x} b",                 "a c",                           "nothing");
        check("a {x} b",                 "",                              "nothing");
        check("{a}{b} x",                "x",                             "no template");
        check("a{b}{c}",                 "x",                             "no template");
        check("{a}",                     "x",                             "no template");
        check("",                        "x",                             "no template");
    }

    #[test]
    fn a_hole_does_not_swallow_the_text() {
        let far = format!("from {} to", "x".repeat(GAP + 1));
        check("from {a} to", &far, "nothing");
        check("from {a} to", &"from ".repeat(1000), "nothing");
    }

    /// Captures of `fragment` in `text`, cut from the original.
    #[track_caller]
    fn check(fragment: &str, text: &str, expected: &str) {
        let Some(template) = Template::new(fragment) else {
            return assert_eq!("no template", expected);
        };
        let (mut out, mut trace) = (Vec::new(), Vec::new());
        normalise::append(text, &mut out, &mut trace);
        trace.push(text.len());
        let actual = match template.spans(&out) {
            None => "nothing".to_owned(),
            Some(spans) => {
                let named = spans.iter().filter(|(name, _)| !name.is_empty());
                let cut = named
                    .map(|(name, it)| format!("{name}={}", &text[trace[it.start]..trace[it.end]]));
                cut.collect::<Vec<_>>().join("|")
            }
        };
        assert_eq!(actual, expected);
    }
}
