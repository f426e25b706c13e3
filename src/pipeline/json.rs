//! Where a JSON value ends, without reading it.
//!
//! Records come one a line, spread over many lines, or by the million in one document:
//!
//! ```text
//! {"records":[{…},{…}]}      {"value":[{…}],"continuationToken":"…"}      [{…},{…}]
//! ```
//!
//! A document of records is never held whole: its wrapper is passed over, and each element
//! is an event of its own. Only strings and brackets are looked at; whether it is JSON at
//! all is the parser's business.
//!
//! A writer that dies leaves half a value, and the next one begins on a new line:
//!
//! ```text
//! {"level":"Error","properties":{"Error":{"message":"Login fai
//! {"level":"Error","properties":…
//! ```
//!
//! JSON has no such place, so the half value ends there and takes nothing else with it.

use memchr::memchr3;

/// Where the value that begins at `at` ends; `None` when it is not whole.
///
/// The value is an object or an array. Brackets inside strings do not count. A value that
/// is torn off ends with its line.
pub(super) fn value_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    // The innermost brackets, the last in the lowest bit: 1 for an object. Deeper than 64
    // the outermost are forgotten, and a torn value may take the next with it.
    let mut objects = 0_u64;
    let mut pos = at;
    loop {
        match *bytes.get(pos)? {
            b'"' => match string_end(bytes, pos)? {
                Text::Ends(end) => pos = end - 1,
                Text::Torn(end) => return Some(end),
            },
            open @ (b'{' | b'[') => {
                depth += 1;
                objects = objects << 1 | u64::from(open == b'{');
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                objects >>= 1;
                if depth == 0 {
                    return Some(pos + 1);
                }
            }
            b'\n' if objects & 1 == 1 && opens_value(bytes, pos + 1) => return Some(pos + 1),
            _ => {}
        }
        pos += 1;
    }
}

/// How a string ends.
enum Text {
    /// With a quote, behind which this is.
    Ends(usize),
    /// Not at all: the next value begins here.
    Torn(usize),
}

/// Where the string that begins at `at` ends; `None` when it is not whole.
fn string_end(bytes: &[u8], at: usize) -> Option<Text> {
    let mut pos = at + 1;
    loop {
        let found = pos + memchr3(b'"', b'\\', b'\n', bytes.get(pos..)?)?;
        pos = match bytes[found] {
            b'"' => return Some(Text::Ends(found + 1)),
            b'\n' if opens_value(bytes, found + 1) => return Some(Text::Torn(found + 1)),
            b'\n' => found + 1,
            _ => found + 2,
        };
    }
}

/// Whether an object begins at `at`, as it does on a line of its own. Inside another object
/// a key would have to stand there, and inside a string there is no bare line end.
fn opens_value(bytes: &[u8], at: usize) -> bool {
    let Some((b'{', rest)) = bytes.get(at..).and_then(<[u8]>::split_first) else { return false };
    rest.trim_ascii_start().first() == Some(&b'"')
}

/// Where the elements begin, if the value at `at` is a document of records.
pub(super) fn array_start(bytes: &[u8], at: usize) -> Option<usize> {
    let mut pos = at;
    if bytes.get(pos) == Some(&b'{') {
        pos = blanks(bytes, pos + 1);
        let key = ["\"records\"", "\"value\""]
            .iter()
            .find(|it| bytes[pos..].starts_with(it.as_bytes()))?;
        pos = blanks(bytes, pos + key.len());
        pos = (bytes.get(pos) == Some(&b':')).then(|| blanks(bytes, pos + 1))?;
    }
    (bytes.get(pos) == Some(&b'[')).then_some(pos + 1)
}

/// Where the wrapper ends that stands behind the last element; `at` is behind the `]`.
/// Zero bytes of wrapper when the document was a bare array.
pub(super) fn wrapper_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut pos = blanks(bytes, at);
    match bytes.get(pos) {
        Some(b'}') => return Some(pos + 1),
        Some(b',') => {}
        _ => return Some(at),
    }
    loop {
        match *bytes.get(pos)? {
            b'"' => match string_end(bytes, pos)? {
                Text::Ends(end) => pos = end,
                Text::Torn(end) => return Some(end),
            },
            b'{' | b'[' => pos = value_end(bytes, pos)?,
            b'}' => return Some(pos + 1),
            _ => pos += 1,
        }
    }
}

/// Where the blanks end that begin at `at`.
pub(super) fn blanks(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|it| it.is_ascii_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_value_ends_at_its_own_bracket() {
        // input                       end
        check(r#"{"a":1}{"b":2}"#,     Some(7));
        check(r#"{"a":"}\"}"}x"#,      Some(12));
        check(r#"[{"a":[1]}]"#,        Some(11));
        check(r#"{"a":{"b""#,          None);
        check(r#"{"a":"x\"#,           None);
    }

    #[test]
    #[rustfmt::skip]
    fn a_torn_value_ends_with_its_line() {
        // input                                   end
        check("{\"a\":\"cut\n{\"b\":2}\n",           Some(10));
        check("{\"a\":\"cut\n{ \"b\":2}\n",          Some(10));
        check("{\"a\":{\"b\":1,\n{\"c\":2}\n",       Some(13));
        check("{\"a\":\n{\"c\":2}\n",                Some(6));
        check("{\"a\":\"two\nlines\"}\n",            Some(17));
        check("{\"a\":[\n{\"b\":1},\n{\"b\":2}\n]}",  Some(26));
        check("{\n  \"a\":\n  {\n    \"b\":1}}\n",    Some(24));
        check("{\"a\":\"cut\n{",                     None);
    }

    #[test]
    fn a_document_of_records_is_entered() {
        let text = br#"{ "value" : [{"a":1}],"nextLink":"x}y"} {"#;
        let start = array_start(text, 0).expect("an array");
        assert_eq!(&text[start..start + 7], br#"{"a":1}"#);
        assert_eq!(wrapper_end(text, start + 8), Some(text.len() - 2));
        assert_eq!(array_start(br#"{"time":[1]}"#, 0), None);
    }

    #[track_caller]
    fn check(input: &str, expected: Option<usize>) {
        assert_eq!(value_end(input.as_bytes(), 0), expected);
    }
}
