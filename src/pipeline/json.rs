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

use memchr::memchr2;

/// Where the value that begins at `at` ends; `None` when it is not whole.
///
/// The value is an object or an array. Brackets inside strings do not count.
pub(super) fn value_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut pos = at;
    loop {
        let byte = *bytes.get(pos)?;
        match byte {
            b'"' => pos = string_end(bytes, pos)? - 1,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
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
            b'"' => pos = string_end(bytes, pos)?,
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
