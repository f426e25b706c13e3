//! Where one record of a damaged document ends.
//!
//! ```text
//! {"records":[{"time":"…","a":"he said "no""},{"time":"…"},…]}
//!             └ quotes that nobody escaped ─┘ └ a neighbour that must not be lost
//! ```
//!
//! By its quotes and brackets alone a damaged record swallows those behind it. Two things
//! cannot stand in a sound one: a text that ends in `},{` right before a name, and an
//! object behind a comma within an object. Where one of them is followed by a key that
//! records begin with, the next record begins there. What is sound is never cut, however
//! many arrays of objects it holds. What a record says is left to the carriers.

use memchr::{memchr2, memchr2_iter};

/// Keys that records begin with, beside the one that this record began with.
const FIRST_KEYS: [&[u8]; 10] = [
    b"time",
    b"Level",
    b"level",
    b"count",
    b"category",
    b"resourceId",
    b"operationName",
    b"activityRunId",
    b"pipelineRunId",
    b"TimeGenerated",
];

/// Where the object or array ends that begins at `at`; `None` when it is not whole.
///
/// ```
/// use shirwatch_parsers::framing::element_end;
/// let text = br#"{"time":1,"a":[{"b":"}"},{"c":2}]},{"time":2}"#;
/// assert_eq!(element_end(text, 0), Some(34));
/// let torn = br#"{"time":1,"a":"he said "no"},{"time":2}"#;
/// assert_eq!(element_end(torn, 0), Some(28));
/// assert_eq!(element_end(br#"{"time":1,"a":"cut"#, 0), None);
/// ```
#[must_use]
pub fn element_end(bytes: &[u8], at: usize) -> Option<usize> {
    let first = first_key(bytes, at).unwrap_or_default();
    // One bit for each bracket that is open, 1 for an object. Below 64 of them nothing is
    // called damaged any more.
    let (mut open, mut depth, mut pos) = (0_u64, 0_usize, at);
    loop {
        match *bytes.get(pos)? {
            b'"' => {
                let end = string_end(bytes, pos)?;
                if let Some(cut) = neighbour(bytes, pos, end - 2, first) {
                    return Some(cut);
                }
                pos = end - 1;
            }
            byte @ (b'{' | b'[') => {
                let within = byte == b'{' && open & 1 == 1;
                if within && let Some(cut) = neighbour(bytes, at, pos, first) {
                    return Some(cut);
                }
                open = open << 1 | u64::from(byte == b'{');
                depth += 1;
            }
            b'}' | b']' => {
                open >>= 1;
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(pos + 1);
                }
            }
            _ => {}
        }
        pos += 1;
    }
}

/// Where the next record or row of a document begins, for who stands somewhere in the
/// middle of one that is too long to be read whole.
///
/// ```
/// use shirwatch_parsers::framing::next_element;
/// let rest = br#"{\"time\":1},{\"time\":2}","a":[{"b":1},{"b":2}]},{"time":3}]"#;
/// assert_eq!(next_element(rest, 0), Some(50));
/// assert_eq!(next_element(br#"1,"a"],["b",2],["c",3]]"#, 0), Some(7));
/// ```
#[must_use]
pub fn next_element(bytes: &[u8], from: usize) -> Option<usize> {
    let begins = |at: &usize| match bytes[*at] {
        b'{' => neighbour(bytes, from, *at, b"").is_some(),
        _ => joint(bytes, from, *at, b']').is_some() && bytes.get(at + 1) == Some(&b'"'),
    };
    memchr2_iter(b'{', b'[', bytes.get(from..)?).map(|it| from + it).find(begins)
}

/// The end of the record before the brace at `brace`, if the next record begins there.
fn neighbour(bytes: &[u8], from: usize, brace: usize, first: &[u8]) -> Option<usize> {
    if bytes.get(brace) != Some(&b'{') || brace <= from {
        return None;
    }
    let key = first_key(bytes, brace)?;
    let known = key == first || FIRST_KEYS.contains(&key);
    if known { joint(bytes, from, brace, b'}') } else { None }
}

/// Behind the closing bracket in front of `at`, with commas and blanks between them.
fn joint(bytes: &[u8], from: usize, at: usize, bracket: u8) -> Option<usize> {
    let joins = |it: &u8| it.is_ascii_whitespace() || *it == b',';
    let before = bytes.get(from..at)?;
    // A joint is short; more blanks are not looked through again and again.
    let joint = before.iter().rev().take(256).take_while(|it| joins(it)).count();
    let end = at - joint;
    (end > from && bytes[end - 1] == bracket).then_some(end)
}

/// The key that stands first in the object at `at`, if it is a name and has a value.
fn first_key(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let inside = bytes.get(at + 1..)?.trim_ascii_start();
    let key = inside.strip_prefix(b"\"")?;
    let length = key.iter().take(64).position(|it| !it.is_ascii_alphanumeric() && *it != b'_')?;
    let (key, rest) = key.split_at(length);
    let valued = rest.strip_prefix(b"\"")?.trim_ascii_start().starts_with(b":");
    (valued && length > 0).then_some(key)
}

/// Where the string that begins at `at` ends; `None` when it is not whole.
fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut pos = at + 1;
    loop {
        let found = pos + memchr2(b'"', b'\\', bytes.get(pos..)?)?;
        if bytes[found] == b'"' {
            return Some(found + 1);
        }
        pos = found + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_record_ends_before_its_neighbour() {
        // input                                                      the first record
        check(r#"{"time":1},{"time":2}"#,                             r#"{"time":1}"#);
        check(r#"{"a":[{"time":1},{"time":2}]},{"a":2}"#,             r#"{"a":[{"time":1},{"time":2}]}"#);
        check(r#"{"a":"{\"time\":1},{\"time\":2}"},{"a":2}"#,         r#"{"a":"{\"time\":1},{\"time\":2}"}"#);
        check(r#"{"a":"ends in },{","time":1},{"a":2}"#,              r#"{"a":"ends in },{","time":1}"#);
        check(r#"{"a":"one quote " more"},{"a":2}"#,                  r#"{"a":"one quote " more"}"#);
        check(r#"{"a":"never closed},{"a":2}"#,                       r#"{"a":"never closed}"#);
        check("{\"a\":\"never closed}\n{\"a\":2}",                    r#"{"a":"never closed}"#);
        check(r#"{"a":"C:\"},  {"time":2}"#,                          r#"{"a":"C:\"}"#);
        check(r#"{"a":{"b":1},{"a":2}"#,                              r#"{"a":{"b":1}"#);
        check(r#"{"a":"{"b":[{"x":1},{"y":2}]}","c":1},{"a":2}"#,     r#"{"a":"{"b":[{"x":1},{"y":2}]}","c":1}"#);
        check(r#"[1,{"a":"]"}],[2]"#,                                 r#"[1,{"a":"]"}]"#);
        check(r#"{"a":"cut"#,                                         "cut");
        check("{",                                                    "cut");
    }

    #[track_caller]
    fn check(input: &str, expected: &str) {
        let end = element_end(input.as_bytes(), 0);
        assert_eq!(end.map_or("cut", |end| &input[..end]), expected);
    }
}
