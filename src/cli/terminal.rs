//! Text for a terminal: colour where one is there, plain where not, wrapped to its width.

use std::error::Error;
use std::io::{self, IsTerminal, Write};

/// How something is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// A heading.
    Bold,
    /// What matters less.
    Faint,
    /// An error.
    Red,
    /// A warning.
    Yellow,
    /// What to do, and what is well.
    Green,
    /// A name.
    Cyan,
}

impl Look {
    fn code(self) -> &'static str {
        match self {
            Self::Bold => "1",
            Self::Faint => "2",
            Self::Red => "31",
            Self::Yellow => "33",
            Self::Green => "32",
            Self::Cyan => "36",
        }
    }
}

/// What a page of text may do.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Whether it may use colour.
    pub colour: bool,
    /// How many columns it may use.
    pub width: usize,
}

impl Style {
    /// Plain text of the customary width.
    pub const PLAIN: Self = Self { colour: false, width: 100 };

    /// What standard output may do. `NO_COLOR` is honoured.
    #[must_use]
    pub fn of_stdout() -> Self {
        Self::of(io::stdout().is_terminal())
    }

    /// What standard error may do.
    #[must_use]
    pub fn of_stderr() -> Self {
        Self::of(io::stderr().is_terminal())
    }

    fn of(terminal: bool) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|it| !it.is_empty());
        let columns = std::env::var("COLUMNS").ok().and_then(|it| it.parse().ok());
        let width = columns.unwrap_or(100).clamp(40, 120);
        Self { colour: terminal && !refused, width }
    }

    /// `text` in the given look.
    #[must_use]
    pub fn paint(self, look: Look, text: &str) -> String {
        if self.colour { format!("\x1b[{}m{text}\x1b[0m", look.code()) } else { text.to_owned() }
    }

    /// `text` wrapped, its first line behind `first` and the others behind as many blanks.
    #[must_use]
    pub fn wrap(self, first: &str, text: &str) -> String {
        let indent = first.chars().count();
        let room = self.width.saturating_sub(indent).max(20);
        let mut out = String::new();
        let mut line = String::new();
        for word in clean(text).split_whitespace() {
            let long = line.chars().count() + 1 + word.chars().count() > room;
            if long && !line.is_empty() {
                push_line(&mut out, first, indent, &line);
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        push_line(&mut out, first, indent, &line);
        out
    }
}

fn push_line(out: &mut String, first: &str, indent: usize, line: &str) {
    let lead = if out.is_empty() { first.to_owned() } else { " ".repeat(indent) };
    out.push_str(&lead);
    out.push_str(line);
    out.push('\n');
}

/// The text without what could move the cursor or recolour a terminal: log text is not ours.
#[must_use]
pub fn clean(text: &str) -> String {
    let hidden = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    let keep = |c: char| if c.is_control() && c != '\n' || hidden(c) { '\u{fffd}' } else { c };
    text.replace("\r\n", "\n").replace('\t', " ").chars().map(keep).collect()
}

/// Writes to standard output.
pub(crate) fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Writes an error and its causes to standard error.
pub(crate) fn complain(error: &(dyn Error + 'static)) {
    let mut text = format!("error: {error}\n");
    let mut source = error.source();
    while let Some(it) = source {
        text.push_str(&format!("  because: {it}\n"));
        source = it.source();
    }
    let _ = io::stderr().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_wrapped_behind_its_label() {
        let style = Style { colour: false, width: 40 };
        let actual =
            style.wrap("  1. ", "Test the linked service from the node, not from the portal.");
        assert_eq!(
            actual,
            "  1. Test the linked service from the\n     node, not from the portal.\n"
        );
    }

    #[test]
    fn log_text_cannot_drive_the_terminal() {
        assert_eq!(clean("a\x1b[31mb\u{202e}c\r\nd"), "a\u{fffd}[31mb\u{fffd}c\nd");
    }
}
