//! CSV as it stands in logs: quoted cells, doubled quotes, and damage.
//!
//! ```text
//! 2026-10-19 08:39:56,Warning,FileSkip,"a.csv","File is skipped …, ""quoted"""
//! 2026-10-19 08:39:56, Warning, FileSkip, "a.csv" "a comma is missing here"
//! ```
//!
//! A quoted cell ends at a quote that is not doubled; blanks around cells, and a comma
//! that is missing between two quoted cells, are forgiven. What the columns mean is not
//! known here.

use std::borrow::Cow;

/// One cell.
#[derive(Debug, Clone)]
pub(crate) struct Cell<'a> {
    /// What stands between its quotes, or between the commas.
    pub(crate) written: &'a str,
    /// True when it stood in quotes.
    pub(crate) quoted: bool,
    /// False when its closing quote never came.
    pub(crate) whole: bool,
}

impl<'a> Cell<'a> {
    /// The cell with doubled quotes undone.
    pub(crate) fn text(&self) -> Cow<'a, str> {
        if self.quoted && self.written.contains("\"\"") {
            Cow::Owned(self.written.replace("\"\"", "\""))
        } else {
            Cow::Borrowed(self.written)
        }
    }
}

/// Where byte `offset` of the text of a cell stands in the cell as written.
pub(crate) fn written_offset(written: &str, offset: usize) -> usize {
    let (mut read, mut at) = (0, 0);
    while read < offset && at < written.len() {
        at += if written[at..].starts_with("\"\"") { 2 } else { 1 };
        read += 1;
        while !written.is_char_boundary(at) {
            at += 1;
            read += 1;
        }
    }
    at
}

/// The rows of a text.
pub(crate) struct Rows<'a> {
    pub(crate) text: &'a str,
    pub(crate) at: usize,
}

impl<'a> Iterator for Rows<'a> {
    type Item = Vec<Cell<'a>>;

    fn next(&mut self) -> Option<Vec<Cell<'a>>> {
        let blank = self.text[self.at..].trim_start();
        if blank.is_empty() {
            return None;
        }
        self.at = self.text.len() - blank.len();
        let mut cells = Vec::new();
        loop {
            let (cell, end) = cell(self.text, skip(self.text, self.at));
            cells.push(cell);
            self.at = end;
            let rest = &self.text[end..];
            if rest.starts_with(',') {
                self.at += 1;
            } else if !rest.starts_with('"') {
                return Some(cells);
            }
        }
    }
}

fn skip(text: &str, at: usize) -> usize {
    at + text[at..].len() - text[at..].trim_start_matches([' ', '\t']).len()
}

/// The cell that begins at `start`, and where the comma, the next quote or the line end
/// behind it stands.
fn cell(text: &str, start: usize) -> (Cell<'_>, usize) {
    let Some(inner) = text[start..].strip_prefix('"') else {
        let length = text[start..].find([',', '\r', '\n']).unwrap_or(text.len() - start);
        let written = text[start..start + length].trim_end();
        return (Cell { written, quoted: false, whole: true }, start + length);
    };
    let length = quoted_length(inner);
    let written = &inner[..length.unwrap_or(inner.len())];
    let behind = start + 1 + written.len() + usize::from(length.is_some());
    (Cell { written, quoted: true, whole: length.is_some() }, skip(text, behind))
}

/// Bytes up to the quote that closes: not doubled, and followed by what may follow a cell.
fn quoted_length(inner: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        let quote = at + inner[at..].find('"')?;
        let rest = &inner[quote + 1..];
        if rest.starts_with('"') {
            at = quote + 2;
            continue;
        }
        let behind = rest.trim_start_matches([' ', '\t']);
        if behind.is_empty() || behind.starts_with([',', '"', '\r', '\n']) {
            return Some(quote);
        }
        at = quote + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_row_is_read_as_it_was_meant() {
        // input                        cells of the first row
        check("a,b,c",                  "a|b|c");
        check("a, b , \"c, d\"",        "a|b|c, d");
        check("a,\"say \"\"hi\"\"\"",   "a|say \"hi\"");
        check("a,\"b\" \"c\"",          "a|b|c");
        check("a,\"b\nc\",d\ne",        "a|b\nc|d");
        check("a,,\"\"",                "a||");
        check("a,\"an \"odd\" quote\"", "a|an \"odd\" quote");
        check("a,\"never closed, b",    "a|never closed, b!");
        check("\"\"\"x\"\", \"\"y\"\",\" \"z\"", "\"x\", \"y\",|z");
    }

    #[track_caller]
    fn check(input: &str, expected: &str) {
        let row = Rows { text: input, at: 0 }.next().unwrap();
        let cells: Vec<String> = row
            .iter()
            .map(|it| format!("{}{}", it.text(), if it.whole { "" } else { "!" }))
            .collect();
        assert_eq!(cells.join("|"), expected);
    }

    #[test]
    fn an_offset_is_led_back_over_doubled_quotes() {
        assert_eq!(written_offset("a\"\"bé\"\"c", 6), 8);
    }
}
