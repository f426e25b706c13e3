//! Text for a terminal: colour where one is there, plain where not, wrapped to its width.

mod text;

use std::error::Error;
use std::io::{self, IsTerminal, Write};

pub(crate) use text::fitted;
pub(crate) use text::width;
pub use text::{clean, wrapped};

/// How something is to look. The colours are the sixteen of the terminal, so that a dark
/// and a light one each show them as their owner chose.
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
    /// The root of a trouble.
    Root,
    /// The badge of an error.
    Alarm,
    /// The badge of a warning.
    Warning,
    /// The badge of all else.
    Note,
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
            Self::Root => "1;31",
            Self::Alarm => "1;97;41",
            Self::Warning => "30;43",
            Self::Note => "30;46",
        }
    }
}

/// What a page of text may do.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Whether it may use colour.
    pub colour: bool,
    /// Whether somebody looks at it; a program that reads it gets neither bars nor badges.
    pub terminal: bool,
    /// How many columns it may use.
    pub width: usize,
}

impl Style {
    /// Plain text of the customary width.
    pub const PLAIN: Self = Self { colour: false, terminal: false, width: 100 };

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
        let set = |name: &str| std::env::var_os(name).is_some_and(|it| !it.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|it| it == "dumb");
        // `COLUMNS` is what somebody asks for; what is measured comes second.
        let asked = std::env::var("COLUMNS").ok().and_then(|it| it.parse().ok());
        let measured = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        let width = asked.or_else(|| measured().filter(|_| terminal)).unwrap_or(100);
        // Longer lines are hard to read, and below 40 columns nothing is.
        let width = width.clamp(40, 120);
        Self { colour: terminal && !set("NO_COLOR") && !dumb, terminal, width }
    }

    /// `text` in the given look.
    #[must_use]
    pub fn paint(self, look: Look, text: &str) -> String {
        if self.colour { format!("\x1b[{}m{text}\x1b[0m", look.code()) } else { text.to_owned() }
    }

    /// `text` wrapped, its first line behind `first` and the others behind as many blanks.
    #[must_use]
    pub fn wrap(self, first: &str, text: &str) -> String {
        wrapped(self.width, first, &" ".repeat(width(first)), text)
    }

    /// Our own words, wrapped in the same way; what stands `like this` is a name.
    #[must_use]
    pub fn prose(self, first: &str, text: &str) -> String {
        let wrapped = self.wrap(first, text);
        if self.colour { text::names(&wrapped, Look::Cyan.code()) } else { wrapped }
    }
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
