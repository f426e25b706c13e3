//! What is wrong with a configuration: all of it at once, each fault with its line.
//!
//! ```text
//! shirwatch.yaml:12: unknown field `inculde`, expected one of `include`, `exclude`, …
//! shirwatch.yaml:31: route 2 names receiver `opps`, which is not configured; …
//! ```
//!
//! A YAML reader stops at its first fault. So each top-level section is read on its own,
//! with the others blanked out, which keeps the line numbers.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::config::Config;

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1; `None` where it is not known.
    pub line: Option<usize>,
    /// What is wrong, and what to do.
    pub what: String,
}

impl Fault {
    pub(super) fn unreadable(source: &io::Error) -> Self {
        let what = format!("cannot be read: {source}; check the path and the rights on the file");
        Self { line: None, what }
    }

    /// A fault at the first line that holds `word`.
    pub(super) fn at(text: &str, word: &str, what: impl Into<String>) -> Self {
        let line = text.lines().position(|it| it.contains(word)).map(|it| it + 1);
        Self { line, what: what.into() }
    }

    /// A fault of a part, at the line of the first name that it quotes, or else at `section`.
    pub(super) fn of(text: &str, error: &dyn Error, section: &str) -> Self {
        let what = chain(error);
        let quoted = what.split('`').skip(1).step_by(2);
        let named = quoted.filter_map(|it| it.split(['.', ':']).next_back());
        let word = named.map(str::trim).find(|it| !it.is_empty() && text.contains(it));
        let word = word.unwrap_or(section).to_owned();
        Self::at(text, &word, what)
    }
}

/// An error and its causes on one line.
fn chain(error: &dyn Error) -> String {
    let mut out = error.to_string();
    let mut source = error.source();
    while let Some(it) = source {
        out = format!("{out}: {it}");
        source = it.source();
    }
    out
}

/// All faults of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    file: PathBuf,
    /// The faults, by line.
    pub found: Vec<Fault>,
}

impl Faults {
    pub(super) fn one(file: &Path, fault: Fault) -> Self {
        Self::new(file, vec![fault])
    }

    pub(super) fn new(file: &Path, mut found: Vec<Fault>) -> Self {
        found.sort_by_key(|it| it.line);
        Self { file: file.to_owned(), found }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.found.iter().enumerate() {
            let gap = if index == 0 { "" } else { "\n" };
            write!(out, "{gap}{}:", self.file.display())?;
            if let Some(line) = fault.line {
                write!(out, "{line}:")?;
            }
            write!(out, " {}", fault.what)?;
        }
        Ok(())
    }
}

impl Error for Faults {}

/// Reads a configuration, or says all that is wrong with its sections.
pub(super) fn parse(text: &str) -> Result<Config, Vec<Fault>> {
    if text.lines().all(|it| it.trim().is_empty() || it.trim_start().starts_with('#')) {
        return Ok(Config::default());
    }
    match serde_saphyr::from_str::<Config>(text) {
        Ok(config) => Ok(config),
        Err(whole) => {
            let found: Vec<_> = sections(text)
                .iter()
                .filter_map(|it| serde_saphyr::from_str::<Config>(it).err())
                .map(|it| fault(&it))
                .collect();
            Err(if found.is_empty() { vec![fault(&whole)] } else { found })
        }
    }
}

fn fault(error: &serde_saphyr::Error) -> Fault {
    let line = error.location().map(|it| it.line() as usize);
    let message = error.without_snippet().to_string();
    let what = message.lines().next().unwrap_or_default().trim_end_matches('.').to_owned();
    Fault { line, what }
}

/// The text once for each top-level key, with all other lines blank.
fn sections(text: &str) -> Vec<String> {
    let top = |line: &str| line.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '"');
    let starts: Vec<usize> =
        text.lines().enumerate().filter(|(_, line)| top(line)).map(|(at, _)| at).collect();
    let ends = starts.iter().skip(1).copied().chain([usize::MAX]);
    let ranges = starts.iter().zip(ends);
    ranges
        .map(|(start, end)| {
            let lines = text.lines().enumerate();
            let kept = lines.map(|(at, it)| if at >= *start && at < end { it } else { "" });
            kept.collect::<Vec<_>>().join("\n")
        })
        .collect()
}
