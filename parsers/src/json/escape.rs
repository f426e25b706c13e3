//! The escapes of a JSON string, undone and led back.
//!
//! ```text
//! \u0027Type=A.B\r\n   →   'Type=A.B⏎
//! ```
//!
//! A string without escapes is borrowed. What is no escape stays as it is written.

use std::borrow::Cow;

use memchr::memchr;

/// Undoes the escapes of a string. One that is none (`\q`) stays as it is written.
pub(crate) fn unescape(inner: &str) -> Cow<'_, str> {
    let Some(first) = memchr(b'\\', inner.as_bytes()) else { return Cow::Borrowed(inner) };
    let mut out = String::with_capacity(inner.len());
    out.push_str(&inner[..first]);
    let mut rest = &inner[first..];
    while let Some(at) = memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let (character, length) = escape(&rest[at..]);
        match character {
            Some(character) => out.push(character),
            None => out.push_str(&rest[at..at + length]),
        }
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// What the escape says that `text` begins with, and how long it is.
fn escape(text: &str) -> (Option<char>, usize) {
    let plain = match text.as_bytes().get(1) {
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(byte @ (b'"' | b'\\' | b'/')) => char::from(*byte),
        Some(b'u') => return unicode_escape(text),
        _ => return (None, 1),
    };
    (Some(plain), 2)
}

/// `\u0027`, or a pair of halves: `\ud83d\ude00`.
fn unicode_escape(text: &str) -> (Option<char>, usize) {
    let Some(high) = hex4(text, 2) else { return (None, 2) };
    if let Some(character) = char::from_u32(high) {
        return (Some(character), 6);
    }
    let low = text.get(6..8).filter(|it| *it == "\\u").and_then(|_| hex4(text, 8));
    match low {
        Some(low) if (0xD800..0xDC00).contains(&high) && (0xDC00..0xE000).contains(&low) => {
            let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
            (char::from_u32(code), 12)
        }
        _ => (Some(char::REPLACEMENT_CHARACTER), 6),
    }
}

fn hex4(text: &str, at: usize) -> Option<u32> {
    let digits = text.get(at..at + 4)?;
    let all_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if all_hex { u32::from_str_radix(digits, 16).ok() } else { None }
}

/// Where byte `offset` of the unescaped text stands in the text as written.
pub(crate) fn written_offset(inner: &str, offset: usize) -> usize {
    let (mut read, mut at) = (0, 0);
    while read < offset && at < inner.len() {
        let rest = &inner[at..];
        if rest.starts_with('\\') {
            let (character, length) = escape(rest);
            read += character.map_or(length, char::len_utf8);
            at += length;
        } else {
            let run = memchr(b'\\', rest.as_bytes()).unwrap_or(rest.len()).min(offset - read);
            read += run;
            at += run;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn an_escape_is_undone_once() {
        // input                      unescaped
        unescapes(r"plain",           "plain");
        unescapes(r"a\r\n\tb",        "a\r\n\tb");
        unescapes(r#"\"x\" \\n \/"#,  r#""x" \n /"#);
        unescapes(r"\u0027\u00e9",    "'é");
        unescapes(r"\ud83d\ude00",    "😀");
        unescapes(r"\ud83d!",         "\u{fffd}!");
        unescapes(r"\q \u12 end\",    r"\q \u12 end\");
    }

    #[track_caller]
    fn unescapes(input: &str, expected: &str) {
        assert_eq!(unescape(input), expected);
        assert_eq!(written_offset(input, unescape(input).len()), input.len());
    }

    #[test]
    fn an_offset_is_led_back_over_escapes() {
        assert_eq!(written_offset(r"ab\n\u0027c", 4), 10);
        assert_eq!(written_offset("plain", 3), 3);
    }
}
