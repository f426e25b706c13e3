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

mod escape;
mod scan;

use std::borrow::Cow;

use memchr::memchr;

use crate::framing;
use crate::json::scan::{
    blank, closes, last_nested_end, nested_end, separators, string_end, value_end,
};

pub(crate) use crate::json::escape::{unescape, written_offset};

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
        Fields { text: self.0, start: 0, at, damage: None, odd: false }
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

    /// The same of several fields in one walk: the first field of each name.
    pub(crate) fn get_each<const N: usize>(self, names: [&str; N]) -> [Option<Raw<'a>>; N] {
        let mut found = [None; N];
        for (key, value) in self.fields() {
            if let Some(at) = names.iter().position(|it| key.eq_ignore_ascii_case(it)) {
                found[at] = found[at].or(Some(value));
            }
            if found.iter().all(Option::is_some) {
                break;
            }
        }
        found
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
    /// Where the object begins.
    start: usize,
    at: usize,
    damage: Option<usize>,
    /// Whether a number or the like holds a quote or a brace.
    odd: bool,
}

impl Fields<'_> {
    /// Where the object ends, once all its fields were taken.
    pub(crate) fn end(&self) -> usize {
        let bytes = self.text.as_bytes();
        match bytes.get(self.at) {
            Some(b'}') => self.at + 1,
            _ => nested_end(bytes, self.start),
        }
    }

    /// Whether the object was closed behind its last field.
    pub(crate) fn closed(&self) -> bool {
        self.text.as_bytes().get(self.at) == Some(&b'}')
    }

    /// Where the object stopped being one: offset in its own text.
    pub(crate) fn damage(&self) -> Option<usize> {
        self.damage
    }
}

impl<'a> Fields<'a> {
    /// The next key; its value comes next, and must be taken before the next key.
    pub(crate) fn key(&mut self) -> Option<&'a str> {
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
        self.at = blank(bytes, colon + 1);
        Some(key)
    }

    /// The value of the key that was just given.
    pub(crate) fn value(&mut self) -> Option<Raw<'a>> {
        let start = self.at;
        self.at = value_end(self.text.as_bytes(), start)?;
        let value = self.text.get(start..self.at)?;
        let marks = |it: u8| matches!(it, b'"' | b'{' | b'[');
        let scalar = !value.bytes().next().is_some_and(marks);
        self.odd |= scalar && value.bytes().any(marks);
        Some(Raw(value))
    }

    /// The fields of the value of the key that was just given, if it is an object. Who takes them
    /// all need not have the value delimited: [`Fields::leave`] goes on behind it.
    pub(crate) fn enter(&self) -> Option<Fields<'a>> {
        let opens = self.text.as_bytes().get(self.at) == Some(&b'{');
        opens.then(|| Fields {
            text: self.text,
            start: self.at,
            at: self.at + 1,
            damage: None,
            odd: false,
        })
    }

    /// The value whose fields were taken; `None` where they were damaged, so that its end is to
    /// be found by its braces.
    pub(crate) fn leave(&mut self, inner: &Fields<'a>) -> Option<Raw<'a>> {
        if !inner.closed() || inner.odd {
            return None;
        }
        self.at = inner.end();
        self.text.get(inner.start..self.at).map(Raw)
    }

    /// The value, if it is an object that nobody will open: its end is found from behind,
    /// so that its bytes need not be read. Anything else is an ordinary value.
    pub(crate) fn unread_value(&mut self) -> Option<Raw<'a>> {
        let start = self.at;
        let end = last_nested_end(self.text).filter(|end| *end > start);
        match end {
            Some(end) if self.text.as_bytes().get(start) == Some(&b'{') => {
                self.at = end;
                self.text.get(start..end).map(Raw)
            }
            _ => self.value(),
        }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a str, Raw<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        Some((self.key()?, self.value()?))
    }
}

/// The items of one array, in their order.
#[derive(Debug)]
pub(crate) struct Items<'a> {
    text: &'a str,
    at: usize,
}

impl Items<'_> {
    /// Where the array ends, once all its items were taken.
    pub(crate) fn end(&self) -> usize {
        self.at + usize::from(self.text.as_bytes().get(self.at) == Some(&b']'))
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Raw<'a>;

    fn next(&mut self) -> Option<Raw<'a>> {
        let bytes = self.text.as_bytes();
        let start = separators(bytes, self.at);
        self.at = start.min(bytes.len());
        if *bytes.get(start)? == b']' {
            return None;
        }
        // By its quotes alone a damaged object would swallow its neighbours.
        let object = bytes[start] == b'{';
        let end = if object { framing::element_end(bytes, start) } else { None };
        self.at = end.or_else(|| value_end(bytes, start))?;
        self.text.get(start..self.at).map(Raw)
    }
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
}
