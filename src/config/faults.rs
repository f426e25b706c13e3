//! What is wrong with a configuration: all of it at once, each fault with its line.
//!
//! ```text
//! shirwatch.yaml:12: unknown field `inculde`, expected one of `include`, `exclude`, …
//! shirwatch.yaml:31: route 2 names receiver `opps`, which is not configured; …
//! ```
//!
//! A YAML reader stops at its first fault. So each top-level section is read on its own,
//! with the others blanked out, which keeps the line numbers; and so is each entry of a list
//! in a section that is refused.

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
#[must_use]
pub fn chain(error: &dyn Error) -> String {
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
            let found: Vec<_> = sections(text).iter().flat_map(|it| faults_of(it)).collect();
            Err(if found.is_empty() { vec![fault(&whole)] } else { found })
        }
    }
}

/// What is wrong with one section: of each of its entries, or else of the whole.
fn faults_of(section: &str) -> Vec<Fault> {
    let Err(whole) = serde_saphyr::from_str::<Config>(section) else { return Vec::new() };
    let entries = entries(section);
    let errors = entries.iter().filter_map(|it| serde_saphyr::from_str::<Config>(it).err());
    let found: Vec<_> = errors.map(|it| fault(&it)).collect();
    if found.is_empty() { vec![fault(&whole)] } else { found }
}

fn fault(error: &serde_saphyr::Error) -> Fault {
    let line = error.location().map(|it| it.line() as usize);
    let message = error.without_snippet().to_string();
    let what = message.lines().next().unwrap_or_default().trim_end_matches('.');
    // The reader says the place a second time.
    let what = what.rsplit_once(" at line ").map_or(what, |(what, _)| what);
    Fault { line, what: in_our_words(what).to_owned() }
}

/// What the reader says of a value in the terms of its own code, said for people.
fn in_our_words(what: &str) -> &str {
    let said = [
        (
            "in the \"friendly\" duration format",
            "not a duration; write one like `30s`, `5m` or `4h`",
        ),
        ("untagged enum Values", "a value to match is a text or a list of texts; quote a number"),
    ];
    said.iter().find(|(theirs, _)| what.contains(theirs)).map_or(what, |(_, ours)| ours)
}

/// The text once for each top-level key, with all other lines blank.
fn sections(text: &str) -> Vec<String> {
    let top = |line: &str| line.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '"');
    apart(text, top, None)
}

/// A section once for each entry of its list, with the others blank.
fn entries(section: &str) -> Vec<String> {
    let mut lines = section.lines().enumerate().filter(|(_, it)| !it.trim().is_empty());
    let key = lines.next().map(|(at, _)| at);
    let first = lines.find(|(_, it)| !it.trim_start().starts_with('#'));
    let indent = first.map_or(0, |(_, it)| it.len() - it.trim_start().len());
    let begins = |line: &str| {
        line.get(indent..).is_some_and(|it| it.starts_with("- ")) && is_blank(&line[..indent])
    };
    apart(section, begins, key)
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// The text once for each line that `begins` a part, with the lines of other parts blank;
/// the line `kept` stays in all.
fn apart(text: &str, begins: impl Fn(&str) -> bool, kept: Option<usize>) -> Vec<String> {
    let lines = || text.lines().enumerate();
    let starts: Vec<usize> = lines().filter(|(_, it)| begins(it)).map(|(at, _)| at).collect();
    let ends = starts.iter().skip(1).copied().chain([usize::MAX]);
    let part = |(start, end): (&usize, usize)| {
        let stays = |at: usize| (*start..end).contains(&at) || kept == Some(at);
        let part: Vec<_> = lines().map(|(at, it)| if stays(at) { it } else { "" }).collect();
        part.join("\n")
    };
    starts.iter().zip(ends).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn every_fault_is_told_with_its_line() {
        // configuration                                                     faults
        check("web: { colour: red }\nlog: { level: loud }",                  "1 unknown field `colour` | 2 unknown variant `loud`");
        check("sources:\n  - frob: {}\n  # why\n  - file: {}\n  - nope: 1", "2 unknown field `frob` | 5 unknown field `nope`");
        check("receivers:\n- a: 1\n- name: x\n  b: 1\n",                    "2 unknown field `a` | 4 unknown field `b`");
        check("alerts: { repeat_interval: 4 parsecs }",                      "1 not a duration; write one like");
        check("log: { level: info }",                                        "");
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = parse(text).err().unwrap_or_default();
        let told = |it: &Fault| format!("{} {}", it.line.unwrap_or_default(), it.what);
        let found: Vec<_> = found.iter().map(told).collect();
        let expected: Vec<_> = expected.split(" | ").filter(|it| !it.is_empty()).collect();
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found:?} does not begin with {expected:?}");
        }
    }
}
