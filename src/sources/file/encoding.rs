//! From the bytes of a log to UTF-8, and back to where they stood.
//!
//! ```text
//! raw    FF FE 45 00 72 00 0A 00      at 0: the mark, at 2: `Er⏎` in UTF-16
//! text         45    72    0A         3 bytes taken are 6 raw ones: go on at 8
//! ```
//!
//! The pipeline sees UTF-8 only, checkpoints hold raw offsets only, and this module knows
//! how the two belong together. A log that is UTF-8 (nearly all are) is passed on as it
//! is, damage included. A byte order mark is passed over at the start of a file, never
//! elsewhere.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use schemars::json_schema;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use serde::de::Error;

/// How the characters of one file are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Encoding(&'static encoding_rs::Encoding);

impl Encoding {
    /// UTF-8, as is.
    pub const UTF_8: Self = Self(encoding_rs::UTF_8);
    /// Windows' own, the low byte first.
    pub const UTF_16LE: Self = Self(encoding_rs::UTF_16LE);
    /// The high byte first.
    pub const UTF_16BE: Self = Self(encoding_rs::UTF_16BE);

    /// The encoding of a file that begins so: by its mark, or else by where its zeros are.
    #[must_use]
    pub fn of(head: &[u8]) -> Self {
        match head {
            [0xFF, 0xFE, ..] => Self::UTF_16LE,
            [0xFE, 0xFF, ..] => Self::UTF_16BE,
            [low, 0, low2, 0, ..] if *low != 0 && *low2 != 0 => Self::UTF_16LE,
            [0, low, 0, low2, ..] if *low != 0 && *low2 != 0 => Self::UTF_16BE,
            _ => Self::UTF_8,
        }
    }

    /// True when `head` is enough to tell. One character may still become a mark or half of
    /// a wider one.
    #[must_use]
    pub fn is_told_by(head: &[u8]) -> bool {
        let may_be_wide = |first: &u8| matches!(first, 0xEF | 0xFE | 0xFF) || head.contains(&0);
        head.len() >= 4 || (head.len() >= 2 && !head.first().is_some_and(may_be_wide))
    }

    /// Its name, as it is written in the configuration.
    #[must_use]
    pub fn name(self) -> String {
        self.0.name().to_ascii_lowercase()
    }

    /// How many bytes of `head`, the start of a file, are its mark.
    #[must_use]
    pub fn mark(self, head: &[u8]) -> usize {
        match encoding_rs::Encoding::for_bom(head) {
            Some((encoding, length)) if encoding == self.0 => length,
            _ => 0,
        }
    }

    /// Bytes of the smallest character.
    #[must_use]
    pub fn unit(self) -> usize {
        if self.is_utf_16() { 2 } else { 1 }
    }

    fn is_utf_16(self) -> bool {
        self == Self::UTF_16LE || self == Self::UTF_16BE
    }

    /// `raw` as UTF-8; `text` is where it is written when it was not. Half a character at
    /// the end is left off.
    pub fn decode<'a>(self, raw: &'a [u8], text: &'a mut String) -> &'a [u8] {
        if self == Self::UTF_8 {
            return raw;
        }
        text.clear();
        let mut decoder = self.0.new_decoder_without_bom_handling();
        text.reserve(decoder.max_utf8_buffer_length(raw.len()).unwrap_or(raw.len()));
        let _ = decoder.decode_to_string(raw, text, false);
        text.as_bytes()
    }

    /// How many bytes of `raw` became the first `taken` bytes of `text`.
    #[must_use]
    pub fn raw_len(self, raw: &[u8], text: &str, taken: usize) -> usize {
        if self == Self::UTF_8 {
            return taken.min(raw.len());
        }
        let whole = (0..=taken.min(text.len())).rev().find(|it| text.is_char_boundary(*it));
        let taken = &text[..whole.unwrap_or(0)];
        let length = if self.is_utf_16() {
            // A broken unit became U+FFFD, which is one unit too.
            2 * taken.encode_utf16().count()
        } else if self.0.is_single_byte() {
            taken.chars().count()
        } else {
            self.raw_len_by_lines(raw, taken)
        };
        length.min(raw.len())
    }

    /// In no encoding that we read is a line feed part of another character, so lines
    /// correspond; within the last one we decode again, byte for byte.
    fn raw_len_by_lines(self, raw: &[u8], taken: &str) -> usize {
        let lines = memchr::memchr_iter(b'\n', taken.as_bytes()).count();
        let lines_end = match lines.checked_sub(1) {
            Some(last) => memchr::memchr_iter(b'\n', raw).nth(last).map_or(raw.len(), |it| it + 1),
            None => 0,
        };
        let rest = taken.len() - taken.rfind('\n').map_or(0, |it| it + 1);
        let mut decoder = self.0.new_decoder_without_bom_handling();
        let (mut written, mut piece) = (0, [0; 16]);
        let mut end = lines_end;
        while written < rest && end < raw.len() {
            written += decoder.decode_to_utf8(&raw[end..=end], &mut piece, false).2;
            end += 1;
        }
        end
    }
}

impl fmt::Debug for Encoding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.name())
    }
}

/// `encoding:` the encoding of a source: `auto`, or a name like `utf-16le` or `windows-1252`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Charset {
    /// Each file by its first bytes.
    #[default]
    Auto,
    /// All files alike.
    Fixed(Encoding),
}

/// A name that no encoding has, or one that cannot be read from the middle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an encoding we read; write `auto`, `utf-8`, `utf-16le`, `utf-16be` or a code page like `windows-1252`"
)]
pub struct UnknownEncoding(String);

impl FromStr for Charset {
    type Err = UnknownEncoding;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.eq_ignore_ascii_case("auto") {
            return Ok(Self::Auto);
        }
        // ISO-2022-JP means different things by what stood before.
        let readable = |it: &&encoding_rs::Encoding| {
            *it != encoding_rs::REPLACEMENT && *it != encoding_rs::ISO_2022_JP
        };
        encoding_rs::Encoding::for_label(text.as_bytes())
            .filter(readable)
            .map(|it| Self::Fixed(Encoding(it)))
            .ok_or_else(|| UnknownEncoding(text.to_owned()))
    }
}

impl fmt::Display for Charset {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => out.write_str("auto"),
            Self::Fixed(encoding) => out.write_str(&encoding.name()),
        }
    }
}

impl Serialize for Charset {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Charset {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for Charset {
    fn schema_name() -> Cow<'static, str> {
        "Charset".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_file_tells_its_encoding_by_its_first_bytes() {
        let of = |head: &[u8]| format!("{:?} {}", Encoding::of(head), Encoding::of(head).mark(head));
        assert_eq!(of(b""),                     "utf-8 0");
        assert_eq!(of(b"Error"),                "utf-8 0");
        assert_eq!(of(b"\xEF\xBB\xBFError"),    "utf-8 3");
        assert_eq!(of(b"\xFF\xFEE\0"),          "utf-16le 2");
        assert_eq!(of(b"\xFE\xFF\0E"),          "utf-16be 2");
        assert_eq!(of(b"E\0r\0"),               "utf-16le 0");
        assert_eq!(of(b"\0E\0r"),               "utf-16be 0");
        assert_eq!(of(b"\0\0\0\0"),             "utf-8 0");
    }

    #[test]
    #[rustfmt::skip]
    fn each_end_in_the_text_is_an_end_in_the_bytes() {
        // encoding, bytes             text | raw length at the end of each character
        check("utf-8",        b"a\xC3\xBC\xFF",              "a\u{fc}\u{fffd} | as is");
        check("utf-16le",     b"a\0\xFC\0\n\0",              "aü⏎ | 2 4 6");
        check("utf-16le",     b"a\0\xFC",                    "a | 2");
        check("utf-16le",     b"\x3D\xD8\x00\xDEa\0",        "😀a | 4 6");
        check("utf-16le",     b"a\0\x3D\xD8",                "a | 2");
        check("utf-16le",     b"\x3D\xD8a\0\x00\xDEb\0",     "\u{fffd}a\u{fffd}b | 2 4 6 8");
        check("utf-16be",     b"\0a\xFE\xFF\0b",             "a\u{feff}b | 2 4 6");
        check("utf-16le",     b"\x0A\x0A\x0A\0",             "\u{0a0a}⏎ | 2 4");
        check("windows-1252", b"a\xE4\x80\n",                "aä€⏎ | 1 2 3 4");
        check("windows-1253", b"a\xD2b",                     "a\u{fffd}b | 1 2 3");
        check("shift_jis",    b"\x83\x5C\nb\x83\x5C\x83",    "ソ⏎bソ | 2 3 4 6");
        check("gbk",          b"\xC4\xE3\xFF\na",            "你\u{fffd}⏎a | 2 3 4 5");
        check("gb18030",      b"\x81\x30\x81\x30\n\x81\x30", "\u{80}⏎ | 4 5");
        check("big5",         b"\x88\x62\n",                 "\u{ca}\u{304}⏎ | 2 2 3");
    }

    #[track_caller]
    fn check(name: &str, raw: &[u8], expected: &str) {
        let Charset::Fixed(encoding) = name.parse().unwrap() else { panic!("{name} is fixed") };
        let mut text = String::new();
        let decoded = String::from_utf8_lossy(encoding.decode(raw, &mut text)).into_owned();
        let ends = decoded.char_indices().map(|(at, it)| at + it.len_utf8());
        let lengths: Vec<_> =
            ends.map(|end| encoding.raw_len(raw, &decoded, end).to_string()).collect();
        let lengths = if name == "utf-8" { "as is".to_owned() } else { lengths.join(" ") };
        assert_eq!(format!("{} | {lengths}", decoded.replace('\n', "⏎")), expected);
        assert_eq!(encoding.raw_len(raw, &text, 0), 0);
    }

    #[test]
    fn names_are_read_and_refused() {
        let read =
            |name: &str| name.parse().map_or("refused".to_owned(), |it: Charset| it.to_string());
        assert_eq!(read("auto"), "auto");
        assert_eq!(read("UTF-8"), "utf-8");
        assert_eq!(read("utf-16"), "utf-16le");
        assert_eq!(read("latin1"), "windows-1252");
        assert_eq!(read("iso-2022-jp"), "refused");
        assert_eq!(read("hz-gb-2312"), "refused");
        assert_eq!(read("ebcdic"), "refused");
    }
}
