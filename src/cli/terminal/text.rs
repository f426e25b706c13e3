//! Lines of a width: text is cleaned, broken between words, and never wider than it may be.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How many columns a text takes; a character of Chinese takes two.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The text without what could move the cursor or recolour a terminal: log text is not ours.
#[must_use]
pub fn clean(text: &str) -> String {
    let hidden = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    let keep = |c: char| if c.is_control() && c != '\n' || hidden(c) { '\u{fffd}' } else { c };
    text.replace("\r\n", "\n").replace('\t', " ").chars().map(keep).collect()
}

/// `text` on lines of `columns`, the first behind `first` and the others behind `rest`.
#[must_use]
pub fn wrapped(columns: usize, first: &str, rest: &str, text: &str) -> String {
    let room = columns.saturating_sub(width(first).max(width(rest))).max(20);
    let mut lines = vec![String::new()];
    for word in clean(text).split_whitespace() {
        for piece in pieces(word, room) {
            let line = lines.last().map_or(0, |it| width(it));
            if line > 0 && line + 1 + width(piece) > room {
                lines.push(String::new());
            }
            if let Some(line) = lines.last_mut() {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(piece);
            }
        }
    }
    let mut out = String::new();
    for (at, line) in lines.iter().enumerate() {
        let lead = if at == 0 { first } else { rest };
        out.push_str(format!("{lead}{line}").trim_end());
        out.push('\n');
    }
    out
}

/// A word that is wider than a line, in pieces that fit; an address stays whole, so that it
/// can be followed.
fn pieces(word: &str, room: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = word;
    while width(rest) > room && !word.starts_with("https://") {
        let (piece, more) = rest.split_at(cut(rest, room));
        pieces.push(piece);
        rest = more;
    }
    pieces.push(rest);
    pieces
}

/// Where a word is cut: behind a mark in its last third, or where the room ends.
fn cut(word: &str, room: usize) -> usize {
    let mut taken = 0;
    let mut end = 0;
    let mut mark = 0;
    for (at, c) in word.char_indices() {
        taken += c.width().unwrap_or(0);
        if taken > room && at > 0 {
            break;
        }
        end = at + c.len_utf8();
        if taken * 3 > room * 2 && matches!(c, '/' | '\\' | '.' | ',' | ';' | '&' | '?' | '-') {
            mark = end;
        }
    }
    if mark > 0 { mark } else { end }
}

/// The beginning of a text that has to fit into so many columns.
pub(crate) fn fitted(text: &str, columns: usize) -> String {
    let text = clean(text).replace('\n', " ");
    if width(&text) <= columns {
        return text;
    }
    let mut out = String::new();
    for c in text.chars() {
        if width(&out) + c.width().unwrap_or(0) + 1 > columns {
            break;
        }
        out.push(c);
    }
    out + "…"
}

/// What stands between two backticks in this colour, without them. A name that goes on in the
/// next line ends its colour before the break, so that no margin is coloured.
pub(super) fn names(text: &str, code: &str) -> String {
    if !text.matches('`').count().is_multiple_of(2) {
        return text.to_owned();
    }
    let (on, off) = (format!("\x1b[{code}m"), "\x1b[0m");
    let mut out = String::new();
    let mut inside = false;
    for line in text.split_inclusive('\n') {
        let margin = line.len() - line.trim_start().len();
        out.push_str(&line[..margin]);
        out.push_str(if inside { &on } else { "" });
        for c in line[margin..].chars() {
            match c {
                '`' => {
                    inside = !inside;
                    out.push_str(if inside { &on } else { off });
                }
                '\n' if inside => out.push_str(&format!("{off}\n")),
                c => out.push(c),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn text_is_wrapped_behind_its_label() {
        // columns, label, text                                                    lines
        check(30, "1. ", "Test the linked service from the node.",                 "1. Test the linked service|   from the node.");
        check(30, "  ",  "",                                                       "");
        check(30, "  ",  "a\nb\r\nc\td",                                           "  a b c d");
        check(30, "",    "Data Source=sql-01.contoso.example;Initial-Catalog=x",   "Data|Source=sql-01.contoso.example;|Initial-Catalog=x");
        check(26, "",    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",               "xxxxxxxxxxxxxxxxxxxxxxxxxx|xxxxxxxxxxxxxx");
        check(20, "",    "see https://learn.microsoft.com/azure/data-factory",      "see|https://learn.microsoft.com/azure/data-factory");
        check(20, "",    "数据工厂连接失败 数据工厂",                                  "数据工厂连接失败|数据工厂");
    }

    #[test]
    fn log_text_cannot_drive_the_terminal() {
        assert_eq!(clean("a\x1b[31mb\u{202e}c\r\nd"), "a\u{fffd}[31mb\u{fffd}c\nd");
    }

    #[test]
    #[rustfmt::skip]
    fn what_is_too_long_ends_in_an_ellipsis() {
        assert_eq!(fitted("pl_load_sales", 13), "pl_load_sales");
        assert_eq!(fitted("pl_load_sales", 8),  "pl_load…");
        assert_eq!(fitted("数据工厂", 5),        "数据…");
    }

    #[test]
    #[rustfmt::skip]
    fn names_are_coloured_and_margins_are_not() {
        assert_eq!(names("use `a` or `b`\n", "36"),   "use \x1b[36ma\x1b[0m or \x1b[36mb\x1b[0m\n");
        assert_eq!(names("  `a\n  b`\n", "36"),       "  \x1b[36ma\x1b[0m\n  \x1b[36mb\x1b[0m\n");
        assert_eq!(names("one ` alone\n", "36"),      "one ` alone\n");
    }

    proptest::proptest! {
        #[test]
        fn no_line_is_wider_than_it_may_be(text in "[\\PC\\s]{0,200}", columns in 24usize..80) {
            for line in wrapped(columns, "  ", "  ", &text).lines() {
                assert!(width(line) <= columns || line.contains("https://"), "{line}");
            }
        }
    }

    #[track_caller]
    fn check(columns: usize, label: &str, text: &str, expected: &str) {
        let lines = wrapped(columns, label, &" ".repeat(label.len()), text);
        assert_eq!(lines.lines().collect::<Vec<_>>().join("|"), expected);
    }
}
