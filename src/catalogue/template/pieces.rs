//! A text with holes, cut at its holes.
//!
//! ```text
//! Login failed for user '{user}'.   →   `Login failed for user '`  {user}  `'.`
//! ```
//!
//! Only a plain lower-case name in braces is a hole, so that JSON (`{"error":`),
//! expressions (`@{x()}`, `${x}`) and format strings (`{0}`) can be written as they are.

use std::ops::Range;

use crate::catalogue::template::Captures;

/// `text` with each `{name}` replaced by what was captured, or by `<name>`.
pub(in crate::catalogue) fn fill(text: &str, captures: &Captures) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Literal(text) => out.push_str(text),
            Piece::Hole("") => out.push_str("{}"),
            Piece::Hole(name) => match captures.get(name).filter(|it| !it.trim().is_empty()) {
                Some(value) => show(value, &mut out),
                None => out.extend(["<", name, ">"]),
            },
        }
    }
    out
}

/// Characters of a captured value that are shown; a sentence has to stay readable.
const SHOWN: usize = 256;

/// A captured value in one line.
fn show(value: &str, out: &mut String) {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    out.extend(value.chars().take(SHOWN).map(plain));
    if value.chars().nth(SHOWN).is_some() {
        out.push('…');
    }
}

/// The names of the holes in `text`.
pub(in crate::catalogue) fn names(text: &str) -> impl Iterator<Item = &str> {
    pieces(text).filter_map(|piece| match piece {
        Piece::Hole(name) if !name.is_empty() => Some(name),
        _ => None,
    })
}

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Text that stands for itself.
    Literal(&'t str),
    /// A hole, with its name.
    Hole(&'t str),
}

/// Cuts `text` at its holes.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (range, name) = match next_hole(rest) {
            Some(it) => it,
            None if rest.is_empty() => return None,
            None => return Some(Piece::Literal(std::mem::take(&mut rest))),
        };
        let cut = if range.start == 0 { range.end } else { range.start };
        let (head, tail) = rest.split_at(cut);
        rest = tail;
        Some(if range.start == 0 { Piece::Hole(name) } else { Piece::Literal(head) })
    })
}

/// The first `{name}` or `{}` in `text`.
fn next_hole(text: &str) -> Option<(Range<usize>, &str)> {
    for (open, _) in text.match_indices('{') {
        let body = &text[open + 1..];
        let len = body.find('}')?;
        let name = &body[..len];
        let plain = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_';
        let named = name.bytes().all(plain) && !name.starts_with(|it: char| it.is_ascii_digit());
        if named && !text[..open].ends_with(['@', '$']) {
            return Some((open..open + len + 2, name));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn what_is_captured_is_filled_in() {
        let captures = Captures::from([("user".into(), "etl".into()), ("none".into(), " ".into())]);
        for (text, expected) in [
            ("Is `{user}` locked?",   "Is `etl` locked?"),
            ("{user}{user}",          "etletl"),
            ("{host} or {none}",      "<host> or <none>"),
            ("{} {0} @{user} {",      "{} {0} @{user} {"),
            ("",                      ""),
        ] {
            assert_eq!(fill(text, &captures), expected, "{text}");
        }
    }

    #[test]
    fn a_long_value_stays_in_its_line() {
        let captures = Captures::from([("x".into(), format!("a\nb\t{}", "c".repeat(SHOWN)))]);
        assert_eq!(fill("<{x}>", &captures), format!("<a b {}…>", "c".repeat(SHOWN - 4)));
    }
}
