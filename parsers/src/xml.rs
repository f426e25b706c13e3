//! XML as Windows writes events: tags by quick-xml, texts by their place.
//!
//! ```text
//! <Data>Retry.&lt;DoAsync&gt;d__1`1.MoveNext()</Data>
//!       └ written ─────────────────────────┘   one layer of escapes, undone once
//! ```
//!
//! A text is given as it was written, so that it can be borrowed where it holds no escape,
//! and an offset in it be led back. An unknown entity stays as it is. Which elements there
//! are is not known here.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr;
use quick_xml::Reader;
use quick_xml::events::{BytesEnd, BytesStart, Event};

/// One element or end, with its place in the text.
#[derive(Debug)]
pub(crate) enum Tag<'a> {
    /// `<Name a="b">`, and where it ends.
    Open(BytesStart<'a>, usize),
    /// `</Name>`, and its place.
    Close(BytesEnd<'a>, Range<usize>),
}

/// The tags of a text, until it ends or stops being XML.
pub(crate) struct Tags<'a> {
    reader: Reader<&'a [u8]>,
    /// Where the text stopped being XML.
    pub(crate) damage: Option<usize>,
}

impl<'a> Tags<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        Self { reader, damage: None }
    }

    fn place(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        loop {
            let before = self.place();
            match self.reader.read_event() {
                Ok(Event::Start(tag) | Event::Empty(tag)) => {
                    return Some(Tag::Open(tag, self.place()));
                }
                Ok(Event::End(tag)) => {
                    return Some(Tag::Close(tag, before..self.place()));
                }
                Ok(Event::Eof) => return None,
                Ok(_) => {}
                Err(_) => {
                    self.damage = Some(before);
                    return None;
                }
            }
        }
    }
}

/// The attribute `name` of a tag, its escapes undone.
pub(crate) fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = tag.attributes();
    let attributes = attributes.with_checks(false).filter_map(Result::ok);
    let found = attributes.into_iter().find(|it| it.key.local_name().as_ref() == name)?;
    Some(unescape(&found.value).into_owned())
}

/// Undoes one layer of escapes, and takes off the marks of a CDATA section.
pub(crate) fn unescape(written: &str) -> Cow<'_, str> {
    if let Some(inner) = cdata(written) {
        return Cow::Borrowed(inner);
    }
    let Some(first) = memchr(b'&', written.as_bytes()) else { return Cow::Borrowed(written) };
    let mut out = String::with_capacity(written.len());
    out.push_str(&written[..first]);
    let mut rest = &written[first..];
    while let Some(at) = memchr(b'&', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let length = match entity(&rest[at..]) {
            Some((character, length)) => {
                out.push(character);
                length
            }
            None => {
                out.push('&');
                1
            }
        };
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn cdata(written: &str) -> Option<&str> {
    let inner = written.trim().strip_prefix("<![CDATA[")?;
    Some(inner.strip_suffix("]]>").unwrap_or(inner))
}

/// The entity that `text` begins with, and how long it is written.
fn entity(text: &str) -> Option<(char, usize)> {
    let near = &text.as_bytes()[..text.len().min(12)];
    let end = memchr(b';', near)?;
    let character = match &text[1..end] {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        name => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((character, end + 1))
}

/// Where byte `offset` of the unescaped text stands in the text as written.
pub(crate) fn written_offset(written: &str, offset: usize) -> usize {
    let (mut read, mut at) = (0, 0);
    while read < offset && at < written.len() {
        let rest = &written[at..];
        match rest.starts_with('&').then(|| entity(rest)).flatten() {
            Some((character, length)) => {
                read += character.len_utf8();
                at += length;
            }
            None => {
                let next = memchr(b'&', &rest.as_bytes()[1..]).map_or(rest.len(), |next| next + 1);
                let run = next.min(offset - read);
                read += run;
                at += run;
            }
        }
        while !written.is_char_boundary(at) {
            at += 1;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn an_entity_is_undone_once() {
        // input                         unescaped
        check("plain",                   "plain");
        check("a &lt;b&gt; &amp;apos;",  "a <b> &apos;");
        check("x&#xD;&#10;y&#44;",       "x\r\ny,");
        check("a & b &nope; &",          "a & b &nope; &");
        check("<![CDATA[a <b>]]>",       "a <b>");
    }

    #[track_caller]
    fn check(input: &str, expected: &str) {
        assert_eq!(unescape(input), expected);
    }

    #[test]
    fn an_offset_is_led_back_over_entities() {
        assert_eq!(written_offset("a&lt;b&#xD;c", 4), 11);
        assert_eq!(written_offset("é&amp;x", 3), 7);
    }
}
