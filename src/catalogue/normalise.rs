//! Makes two spellings of one text the same, before anything is compared.
//!
//! The same error is printed with straight and with curly quotes, with `isn't` and with
//! `is not`, inside JSON, inside XML and inside both:
//!
//! ```text
//! Can&apos;t find the file &quot;A.csv&quot;\r\nIt  isn’t there   (as logged)
//! can not find the file "a.csv" it is not there                  (as compared)
//! ```
//!
//! Rules and records go through the same function, so it may be blunt: runs of
//! backslashes become one, `\n` in a Windows path becomes a blank, on both sides alike.
//! What a rule captures is given back as it was logged; a [`Trace`] remembers for each
//! byte where it came from.

mod escapes;
mod runs;

use crate::catalogue::normalise::escapes::decode;
use crate::catalogue::normalise::runs::run;

/// Remembers where each byte of a normalised text came from.
pub(super) trait Trace {
    /// One more byte was written, for the byte `at` of the original.
    fn wrote(&mut self, at: usize);
    /// Back to `len` bytes.
    fn truncate(&mut self, len: usize);
}

/// Remembers nothing, and costs nothing.
impl Trace for () {
    fn wrote(&mut self, _: usize) {}
    fn truncate(&mut self, _: usize) {}
}

/// Remembers everything. Holds the trace of one text only.
impl Trace for Vec<usize> {
    fn wrote(&mut self, at: usize) {
        self.push(at);
    }
    fn truncate(&mut self, len: usize) {
        Vec::truncate(self, len);
    }
}

/// The normal form of `text`, without blanks at its ends.
pub(super) fn normalise(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    append(text, &mut out, &mut ());
    out.trim_ascii().to_vec()
}

/// Appends the normal form of `text` to `out`. A blank at either end is kept as one.
pub(super) fn append<T: Trace>(text: &str, out: &mut Vec<u8>, trace: &mut T) {
    let base = out.len();
    let mut to = Writer { out, base, trace };
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        at = to.copy(bytes, at, run(bytes, at, to.written().last().copied()));
        if at < bytes.len() {
            let (c, len) = decode(text, at);
            at += len + to.put(c, at, &bytes[at + len..]);
        }
    }
}

struct Writer<'o, 't, T: Trace> {
    out: &'o mut Vec<u8>,
    base: usize,
    trace: &'t mut T,
}

impl<T: Trace> Writer<'_, '_, T> {
    /// Copies a run of plain bytes; says where it ends.
    fn copy(&mut self, bytes: &[u8], at: usize, end: usize) -> usize {
        let from = self.out.len();
        self.out.extend_from_slice(&bytes[at..end]);
        self.out[from..].make_ascii_lowercase();
        (at..end).for_each(|at| self.trace.wrote(at));
        end
    }

    fn push(&mut self, byte: u8, at: usize) {
        self.out.push(byte);
        self.trace.wrote(at);
    }

    fn extend(&mut self, bytes: &[u8], at: usize) {
        for &byte in bytes {
            self.push(byte, at);
        }
    }

    /// Takes back the last `count` bytes.
    fn pop(&mut self, count: usize) {
        let len = self.out.len().saturating_sub(count).max(self.base);
        self.out.truncate(len);
        self.trace.truncate(len - self.base);
    }

    fn written(&self) -> &[u8] {
        &self.out[self.base..]
    }

    /// Writes one character; says how many bytes of `rest` it took with it.
    fn put(&mut self, c: char, at: usize, rest: &[u8]) -> usize {
        match c {
            '\'' => return self.apostrophe(at, rest),
            '.' if self.ends_with_word(b"shaded") => self.pop(6),
            't' | 'T' if ends_here(rest) && self.ends_with_word(b"canno") => {
                self.pop(2);
                self.extend(b" not", at);
            }
            'd' | 'D' if self.written().ends_with(b"occure") => {
                self.pop(1);
                self.extend(b"red", at);
            }
            c if c.is_ascii_graphic() => self.push(c.to_ascii_lowercase() as u8, at),
            c if c.is_whitespace() || c.is_ascii_control() => self.blank(at),
            c => self.extend(c.encode_utf8(&mut [0; 4]).as_bytes(), at),
        }
        0
    }

    fn blank(&mut self, at: usize) {
        if self.written().last() != Some(&b' ') {
            self.push(b' ', at);
        }
    }

    /// `n't` becomes ` not`; any other apostrophe stays.
    fn apostrophe(&mut self, at: usize, rest: &[u8]) -> usize {
        let shortened = matches!(rest.first(), Some(b't' | b'T'))
            && ends_here(rest.get(1..).unwrap_or_default())
            && matches!(self.written(), [.., before, b'n'] if before.is_ascii_lowercase());
        if !shortened {
            self.push(b'\'', at);
            return 0;
        }
        if self.ends_with_word(b"won") {
            self.pop(2);
            self.extend(b"ill", at);
        } else if !self.ends_with_word(b"can") {
            self.pop(1);
        }
        self.extend(b" not", at);
        1
    }

    fn ends_with_word(&self, word: &[u8]) -> bool {
        self.written().strip_suffix(word).is_some_and(|before| {
            !before.last().is_some_and(|it| it.is_ascii_alphanumeric() || *it == b'_')
        })
    }
}

/// True when no word goes on here.
fn ends_here(rest: &[u8]) -> bool {
    !rest.first().is_some_and(u8::is_ascii_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn two_spellings_of_a_text_are_the_same() {
        check("Login FAILED",                         "login failed");
        check("  a \r\n\t b\u{a0}c ",                 "a b c");
        check("user ‘x’ “y” – z",                     "user 'x' \"y\" - z");
        check("it isn't, it isn’t, it isn&#39;t",     "it is not, it is not, it is not");
        check("can't cannot can not Can\\u0027t",     "can not can not can not can not");
        check("won't don't, the 'n't'x",              "will not do not, the 'n't'x");
        check("cannotate scannot",                    "cannotate scannot");
        check("an error occured. It occurred",        "an error occurred. it occurred");
        check("a &amp; b &lt;c&gt; &quot;d&apos;",    "a & b <c> \"d'");
        check("a&#44; b&#x2c; c &amp;quot;d&amp;",    "a, b, c \"d&");
        check("a&b &unknown; &#xZZ; &",               "a&b &unknown; &#xzz; &");
        check(r#"a\r\nb \"c\" \u0027d\u0027 \\"e"#,   "a b \"c\" 'd' \"e");
        check(r"\\server\share",                      r"\server\share");
        check("x\\",                                  "x\\");
        check("shaded.org.apache.X unshaded.y",       "org.apache.x unshaded.y");
        check("ÄÖ — ñ",                               "ÄÖ - ñ");
        check("",                                     "");
    }

    #[test]
    fn each_byte_knows_where_it_came_from() {
        let text = "It isn&#39;t “Ä\\r\\n  b”";
        let (mut out, mut trace) = (Vec::new(), Vec::new());
        append(text, &mut out, &mut trace);
        assert_eq!(out.len(), trace.len());
        let quote = out.iter().position(|it| *it == b'"').unwrap();
        let last = out.iter().rposition(|it| *it == b'"').unwrap();
        assert_eq!(text.get(trace[quote]..trace[last]), Some("“Ä\\r\\n  b"));
    }

    #[track_caller]
    fn check(input: &str, expected: &str) {
        assert_eq!(String::from_utf8(normalise(input)).unwrap(), expected);
    }
}
