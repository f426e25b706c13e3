//! Where a value ends: the scan that everything else waits for.
//!
//! ```text
//! {"Input":{"q":"a } b"},"Output":[…]}
//!          └ nested ────┘ └ the end is the brace that is not in a string ┘
//! ```
//!
//! Every byte of a run record passes here, so eight of them are looked at at a time. What
//! stands between the ends is not looked at.

use memchr::{memchr2, memrchr};

/// True when the last byte is a quote that is not itself escaped.
pub(super) fn closes(inner: &[u8]) -> bool {
    let Some((b'"', before)) = inner.split_last() else { return false };
    before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0
}

pub(super) fn blank(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

pub(super) fn separators(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b',') {
        at += 1;
    }
    at
}

/// Where the value that begins at `start` ends; at the end of the text if it never does.
pub(super) fn value_end(bytes: &[u8], start: usize) -> Option<usize> {
    match bytes.get(start)? {
        b'"' => Some(string_end(bytes, start + 1)),
        b'{' | b'[' => Some(nested_end(bytes, start)),
        b',' | b'}' | b']' | b':' => None,
        _ => Some(scalar_end(bytes, start)),
    }
}

fn scalar_end(bytes: &[u8], start: usize) -> usize {
    let stops = |byte: &u8| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace();
    bytes[start..].iter().position(stops).map_or(bytes.len(), |length| start + length)
}

/// Where the string ends whose first character stands at `at`: behind its closing quote.
pub(super) fn string_end(bytes: &[u8], mut at: usize) -> usize {
    // Most strings are short, and a search has to be set up: eight bytes at a time first.
    for _ in 0..5 {
        let Some(word) = word(bytes, at) else { break };
        let found = holds(word, b'"') | holds(word, b'\\');
        if found == 0 {
            at += 8;
            continue;
        }
        at += first(found);
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}

/// Where the object or array ends that begins at `at`. Depth is counted, not recursed
/// into, so that no text can exhaust the stack.
pub(super) fn nested_end(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0usize;
    while at < bytes.len() {
        if let Some(word) = word(bytes, at) {
            // Brackets and braces differ in the bit of the capitals only.
            let lower = word | BLANKS;
            let found = holds(word, b'"') | holds(lower, b'{') | holds(lower, b'}');
            if found == 0 {
                at += 8;
                continue;
            }
            at += first(found);
        }
        match bytes[at] {
            b'"' => {
                at = string_end(bytes, at + 1);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

const ONES: u64 = 0x0101_0101_0101_0101;
/// The bit by which small letters differ from capitals, in each byte.
const BLANKS: u64 = ONES * 0x20;

/// Eight bytes as a number, the first one lowest.
fn word(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes)
}

/// Not 0 where `word` holds `byte`: the lowest bit that is set then lies in the first one.
fn holds(word: u64, byte: u8) -> u64 {
    let zero_where_equal = word ^ (ONES * u64::from(byte));
    zero_where_equal.wrapping_sub(ONES) & !zero_where_equal & (ONES * 0x80)
}

fn first(found: u64) -> usize {
    (found.trailing_zeros() / 8) as usize
}

/// Where the last object or array in an object ends, found from behind: what follows it
/// are pairs of texts and numbers, which are read backwards.
pub(super) fn last_nested_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = blank_before(bytes, bytes.len()).checked_sub(1)?;
    if bytes[at] != b'}' {
        return None;
    }
    loop {
        at = blank_before(bytes, at);
        match bytes.get(at.checked_sub(1)?)? {
            b'}' | b']' => return Some(at),
            b'"' => at = string_start(bytes, at - 1)?,
            _ => at = scalar_start(bytes, at),
        }
        at = blank_before(bytes, at).checked_sub(1).filter(|at| bytes[*at] == b':')?;
        at = blank_before(bytes, at).checked_sub(1).filter(|at| bytes[*at] == b'"')?;
        at = blank_before(bytes, string_start(bytes, at)?);
        at = at.checked_sub(1).filter(|at| bytes[*at] == b',')?;
    }
}

fn blank_before(bytes: &[u8], mut at: usize) -> usize {
    while at > 0 && bytes[at - 1].is_ascii_whitespace() {
        at -= 1;
    }
    at
}

/// Where the string begins whose closing quote stands at `end`.
fn string_start(bytes: &[u8], end: usize) -> Option<usize> {
    let mut at = end;
    loop {
        at = memrchr(b'"', &bytes[..at])?;
        let slashes = bytes[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
        if slashes % 2 == 0 {
            return Some(at);
        }
    }
}

fn scalar_start(bytes: &[u8], end: usize) -> usize {
    let stops = |byte: &u8| matches!(byte, b':' | b',' | b'{' | b'"') || byte.is_ascii_whitespace();
    bytes[..end].iter().rposition(stops).map_or(0, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn the_last_nested_value_is_found_from_behind() {
        // input                                  what ends there, or nothing
        ends(r#"{"a":1,"b":{"c":[1]},"d":"x"}"#,  r#"{"a":1,"b":{"c":[1]}"#);
        ends(r#"{"b":{"c":"}"},"d":"{}\"]","e": 1.5 }"#, r#"{"b":{"c":"}"}"#);
        ends(r#"{"b":{}} "#,                      r#"{"b":{}"#);
        ends(r#"{"a":1,"d":"x"}"#,                "nothing");
        ends(r#"{"b":{},"d":"cut"#,               "nothing");
        ends("}",                                 "nothing");
        ends("",                                  "nothing");
    }

    #[track_caller]
    fn ends(input: &str, expected: &str) {
        assert_eq!(last_nested_end(input).map_or("nothing", |end| &input[..end]), expected);
    }
}
