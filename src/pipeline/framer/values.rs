//! Where a JSON value ends, without reading it.
//!
//! Records come one a line, spread over many lines, or by the million in one document:
//!
//! ```text
//! {"records":[{…},{…}]}      {"value":[{…}],"continuationToken":"…"}      [{…},{…}]
//! ```
//!
//! A document of records is never held whole: its wrapper is passed over, and each element
//! is an event of its own. So is a table, whose columns are kept. Only strings and brackets are looked at; whether it is JSON at
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

use std::ops::Range;

use memchr::{memchr2, memchr3};

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

/// How a document of records opens.
#[derive(Debug)]
pub(super) struct Opening {
    /// Where its first record begins.
    pub(super) start: usize,
    /// The array of columns, where its records are the rows of a table.
    pub(super) columns: Option<Range<usize>>,
}

/// How the document opens that begins at `at`, if it says so at once: an array, or an
/// object that begins with its records or is a table.
pub(super) fn opening(bytes: &[u8], at: usize) -> Option<Opening> {
    let inside = blanks(bytes, at + 1);
    let says = |key: &[u8]| bytes.get(inside..).is_some_and(|it| it.starts_with(key));
    match bytes.get(at)? {
        b'[' => Some(Opening { start: at + 1, columns: None }),
        b'{' if says(b"\"records\"") || says(b"\"value\"") => late_opening(bytes, at),
        b'{' if says(b"\"tables\"") || says(b"\"name\"") => table(bytes, at),
        _ => None,
    }
}

/// The same for an object that says other things before its records, as the command line
/// of Azure prints them: `{"continuationToken":null,"value":[…`.
pub(super) fn late_opening(bytes: &[u8], at: usize) -> Option<Opening> {
    let mut fields = Fields::inside(bytes, at)?;
    let (_, value) = fields.find(|(key, _)| matches!(*key, b"records" | b"value"))?;
    (bytes.get(value) == Some(&b'[')).then_some(Opening { start: value + 1, columns: None })
}

/// `{"tables":[{"name":"PrimaryResult","columns":[…],"rows":[…`, also without the list of
/// tables around it, as the second one stands there.
fn table(bytes: &[u8], at: usize) -> Option<Opening> {
    let list = Fields::inside(bytes, at)?.next().filter(|(key, _)| *key == b"tables");
    let first = list.map_or(Some(at), |(_, value)| {
        (bytes.get(value) == Some(&b'[')).then(|| blanks(bytes, value + 1))
    })?;
    let mut columns = None;
    for (key, value) in Fields::inside(bytes, first)? {
        match (key, bytes.get(value)?) {
            (b"columns", b'[') => columns = Some(value..value_end(bytes, value)?),
            (b"rows", b'[') => {
                return columns.map(|it| Opening { start: value + 1, columns: Some(it) });
            }
            _ => {}
        }
    }
    None
}

/// The fields of an object, by their names and where their values begin.
struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
    left: usize,
}

impl<'a> Fields<'a> {
    /// Fields that are looked at: records stand among the first.
    const MOST: usize = 8;

    fn inside(bytes: &'a [u8], at: usize) -> Option<Self> {
        (bytes.get(at) == Some(&b'{')).then_some(Self { bytes, at: at + 1, left: Self::MOST })
    }

    /// Where the value ends that begins at `at`.
    fn value_end(&self, at: usize) -> Option<usize> {
        match self.bytes.get(at)? {
            b'"' => closed(string_end(self.bytes, at)?),
            b'{' | b'[' => value_end(self.bytes, at),
            _ => memchr2(b',', b'}', &self.bytes[at..]).map(|it| at + it),
        }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], usize);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let quote = blanks(self.bytes, self.at);
        (self.bytes.get(quote) == Some(&b'"')).then_some(())?;
        let behind = closed(string_end(self.bytes, quote)?)?;
        let colon = blanks(self.bytes, behind);
        (self.bytes.get(colon) == Some(&b':')).then_some(())?;
        let value = blanks(self.bytes, colon + 1);
        // The last value may not be whole: there are no fields behind it then.
        let comma = self.value_end(value).map(|end| blanks(self.bytes, end));
        match comma.filter(|at| self.bytes.get(*at) == Some(&b',')) {
            Some(at) => self.at = at + 1,
            None => self.left = 0,
        }
        Some((&self.bytes[quote + 1..behind - 1], value))
    }
}

/// Where a string ends that is not torn off.
fn closed(text: Text) -> Option<usize> {
    match text {
        Text::Ends(end) => Some(end),
        Text::Torn(_) => None,
    }
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
        let start = opening(text, 0).expect("a document").start;
        assert_eq!(&text[start..start + 7], br#"{"a":1}"#);
        assert_eq!(wrapper_end(text, start + 8), Some(text.len() - 2));
        assert!(opening(br#"{"time":[1]}"#, 0).is_none());
    }

    #[test]
    #[rustfmt::skip]
    fn a_document_opens_in_many_ways() {
        // input                                                                the columns     the records
        opens(r#"{"records": [ {"a":1}"#,                                       "",             r#" {"a":1}"#);
        opens(r#"{"continuationToken":"]","value":[{"#,                         "",             "{");
        opens(r#"{"a":{"value":[1]},"b":1.5,"c":null,"value":[{"#,              "",             "{");
        opens(r#"{"tables":[{"name":"T","columns":[{"name":"A"}],"rows":[["#,   r#"[{"name":"A"}]"#, "[");
        opens(r#"{"name":"T","columns":["A"],"rows":[]"#,                       r#"["A"]"#,     "]");
        opens(r#"[[1]]"#,                                                       "",             "[1]]");
        opens(r#"{"name":"T","columns":["A"],"rows":"#,                         "none",         "");
        opens(r#"{"name":"T","rows":[[1]]}"#,                                   "none",         "");
        opens(r#"{"time":"value","category":"[]"}"#,                            "none",         "");
        opens(r#"{"a":"cut"#,                                                   "none",         "");
    }

    #[track_caller]
    fn opens(input: &str, columns: &str, rest: &str) {
        let bytes = input.as_bytes();
        let it = opening(bytes, 0).or_else(|| late_opening(bytes, 0));
        let found = it.as_ref().map_or("none", |it| &input[it.columns.clone().unwrap_or(0..0)]);
        assert_eq!((found, it.map_or("", |it| &input[it.start..])), (columns, rest), "{input}");
    }

    #[track_caller]
    fn check(input: &str, expected: Option<usize>) {
        assert_eq!(value_end(input.as_bytes(), 0), expected);
    }
}
