//! JSON as it stands in logs: read where it lies, damaged or not.
//!
//! ```text
//! {"status":"Failed","properties":{"Error":{…}}}
//!  └ key ┘ └ raw ─┘  └─ key ──┘ └──── raw ────┘
//! ```
//!
//! An object is walked key by key, and a value is only delimited: it is opened when
//! somebody asks. So the large input and output of a run that went well cost one pass
//! over their bytes. Raw line breaks in a text, keys given twice, and an end that never
//! comes are read as far as they go. What a key means is not known here.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

/// A value as it was written: `"a\tb"`, `12`, `{"k":[]}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Raw<'a>(pub(crate) &'a str);

impl<'a> Raw<'a> {
    /// The value that `text` begins with, and where it ends. `None` where no value begins.
    pub(crate) fn first(text: &'a str) -> Option<(Self, usize)> {
        let start = blank(text.as_bytes(), 0);
        let end = value_end(text.as_bytes(), start)?;
        Some((Self(text.get(start..end)?), end))
    }

    pub(crate) fn is_object(self) -> bool {
        self.0.starts_with('{')
    }

    pub(crate) fn is_array(self) -> bool {
        self.0.starts_with('[')
    }

    pub(crate) fn is_string(self) -> bool {
        self.0.starts_with('"')
    }

    /// The characters of a string as written, without its quotes.
    pub(crate) fn inner(self) -> Option<&'a str> {
        let inner = self.0.strip_prefix('"')?;
        Some(if closes(inner.as_bytes()) { &inner[..inner.len() - 1] } else { inner })
    }

    /// A string with its escapes undone, or a number or truth value as written. `None` for
    /// `null`, objects and arrays.
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        match self.0.as_bytes().first()? {
            b'"' => self.inner().map(unescape),
            b'{' | b'[' => None,
            _ if self.0 == "null" => None,
            _ => Some(Cow::Borrowed(self.0)),
        }
    }

    /// The fields of an object; none of anything else.
    pub(crate) fn fields(self) -> Fields<'a> {
        let at = if self.is_object() { 1 } else { self.0.len() };
        Fields { text: self.0, at, damage: None }
    }

    /// The items of an array; none of anything else.
    pub(crate) fn items(self) -> Items<'a> {
        Items { text: self.0, at: if self.is_array() { 1 } else { self.0.len() } }
    }

    /// All strings in the value that are no keys, however deep, in their order.
    pub(crate) fn strings(self) -> impl Iterator<Item = Raw<'a>> {
        let mut at = 0;
        std::iter::from_fn(move || {
            loop {
                let bytes = self.0.as_bytes();
                let start = at + memchr(b'"', bytes.get(at..)?)?;
                at = string_end(bytes, start + 1);
                if bytes.get(blank(bytes, at)) != Some(&b':') {
                    return self.0.get(start..at).map(Raw);
                }
            }
        })
    }

    /// The field `name` of an object, whatever its case.
    pub(crate) fn get(self, name: &str) -> Option<Raw<'a>> {
        self.fields().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// True when the value goes on to its own closing mark.
    pub(crate) fn is_whole(self) -> bool {
        match self.0.as_bytes() {
            [b'"', inner @ ..] => closes(inner),
            [b'{', .., last] => *last == b'}',
            [b'[', .., last] => *last == b']',
            [b'{' | b'['] => false,
            _ => true,
        }
    }
}

/// The fields of one object, in their order.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    text: &'a str,
    at: usize,
    damage: Option<usize>,
}

impl Fields<'_> {
    /// Where the object stopped being one: offset in its own text.
    pub(crate) fn damage(&self) -> Option<usize> {
        self.damage
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a str, Raw<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.text.as_bytes();
        let start = separators(bytes, self.at);
        self.at = start;
        match bytes.get(start)? {
            b'}' => return None,
            b'"' => {}
            _ => {
                self.damage = Some(start);
                return None;
            }
        }
        let key_end = string_end(bytes, start + 1);
        let key = self.text.get(start + 1..key_end.checked_sub(1)?)?;
        let colon = blank(bytes, key_end);
        if bytes.get(colon) != Some(&b':') {
            self.damage = Some(colon.min(bytes.len()));
            return None;
        }
        let value = blank(bytes, colon + 1);
        let end = value_end(bytes, value)?;
        self.at = end;
        Some((key, Raw(self.text.get(value..end)?)))
    }
}

/// The items of one array, in their order.
#[derive(Debug)]
pub(crate) struct Items<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Items<'a> {
    type Item = Raw<'a>;

    fn next(&mut self) -> Option<Raw<'a>> {
        let bytes = self.text.as_bytes();
        let start = separators(bytes, self.at);
        if *bytes.get(start)? == b']' {
            return None;
        }
        let end = value_end(bytes, start)?;
        self.at = end;
        self.text.get(start..end).map(Raw)
    }
}

/// True when the last byte is a quote that is not itself escaped.
fn closes(inner: &[u8]) -> bool {
    let Some((b'"', before)) = inner.split_last() else { return false };
    before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0
}

fn blank(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

fn separators(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b',') {
        at += 1;
    }
    at
}

/// Where the value that begins at `start` ends; at the end of the text if it never does.
fn value_end(bytes: &[u8], start: usize) -> Option<usize> {
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
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    // Most strings are short, and a call costs more than a few comparisons.
    let near = bytes.len().min(at + 24);
    while at < near {
        match bytes[at] {
            b'"' => return at + 1,
            b'\\' => break,
            _ => at += 1,
        }
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
fn nested_end(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0usize;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at = string_end(bytes, at + 1);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
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
    fn a_value_ends_where_it_closes() {
        // input                                  fields as written
        check(r#"{"a":1,"b":"x"}"#,               "a=1 b=\"x\"");
        check(r#"{ "a" : null , "a" : [] }"#,     "a=null a=[]");
        check(r#"{"a":{"b":"}"},"c":[1,{}]}"#,    r#"a={"b":"}"} c=[1,{}]"#);
        check(r#"{"a":"say \"hi\"","b":"\\"}"#,   r#"a="say \"hi\"" b="\\""#);
        check("{\"a\":\"line\nbreak\"}",          "a=\"line\nbreak\"");
        check(r#"{"a":"never closed, x"#,         r#"a="never closed, x"#);
        check(r#"{"a":{"b":1"#,                   r#"a={"b":1"#);
        check(r#"{"a":1 "b":2}"#,                 "a=1 b=2");
        check(r#"{"a" 1}"#,                       "!5");
        check(r#"{"a":1,b:2}"#,                   "a=1 !7");
        check(r#"{}"#,                            "");
        check(r#"{"#,                             "");
        check(r#"{"a""#,                          "!4");
    }

    #[track_caller]
    fn check(input: &str, expected: &str) {
        let mut fields = Raw(input).fields();
        let mut out: Vec<String> =
            fields.by_ref().map(|(key, value)| format!("{key}={}", value.0)).collect();
        out.extend(fields.damage().map(|at| format!("!{at}")));
        assert_eq!(out.join(" "), expected);
    }

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
