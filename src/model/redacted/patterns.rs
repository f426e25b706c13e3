//! What else is taken out at the levels `data` and `name`.
//!
//! ```text
//! Column 'x' contains an invalid value '[redacted:data]'.    Login failed for user '[redacted:name]'.
//! ```
//!
//! Nobody runs at these levels by accident, so here we rather take too much: a statement
//! goes to the end of its line, a URL but for its scheme. In each pattern the first
//! group is what goes. Secrets are found elsewhere, and first.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// Values of the data that is moved.
const DATA: &[&str] = &[
    // Invalid value 'x', converting value 'x', Truncated value: 'x'.
    r#"(?i)\bvalues?:? ['‘“"]([^'’”"\r\n]*)"#,
    r"(?i)\b(?:convert|converting|parse|parsing|string|text|date|literal) '([^'\r\n]*)'",
    r"(?i)\bduplicate key value is \((.*?)\)(?:[.']|$)",
    r"(?is)\binvalid query: '(.*)'",
    // A row as a session log quotes it, also within JSON.
    r#"((?:\\*"){2,4}[^"\\\r\n]+(?:\\*"){2,3}(?:\s*,\s*(?:\\*"){2,3}[^"\\\r\n]*(?:\\*"){2,3})*,?(?:\\*")?)"#,
    r"(?is)\b((?:select\s.{0,2000}?\sfrom|insert\s+into|update\s+\S+\s+set|delete\s+from|merge\s+into)\s[^\r\n]*)",
    r"(?is)\b(?:response|payload|body)(?: (?:content|body|text))?(?: is)?: ?(.+?)(?:,Source=|$)",
];

/// Users, hosts, paths and addresses.
const NAME: &[&str] = &[
    r"(?i)(/subscriptions/[^\s'\x22,<>]+)",
    r"(?i)\b[a-z][a-z0-9+.-]*://([^\s'\x22<>,]+)",
    r"([\w.+-]+@[\w-]+(?:\.[\w-]+)+)",
    r"(\\{2,}[\w.$-]+\\[^\s'\x22,;]+)",
    r"\b([A-Za-z]:\\[^\s'\x22,;]+)",
    r"\b([A-Z][A-Z0-9_-]+\\{1,16}[\w.$-]+)",
    r"(?:^|[\s'\x22(=:])(/(?:[\w.@%+-]+/)+[\w.@%+-]*)",
    r"(?i)\b(?:user|login|principal|account|file ?system|container|path|file|folder|directory|server|database|host|blob|share|bucket|machine|node|computer|gateway|vault|endpoint|runtime|service)(?: (?:name|id))?:? '([^'\r\n]*)'",
    r"(?i)\b(?:user id|uid|user|username|server|data source|host|database|initial catalog|accountname|sid)=([^;&\s'\x22]+)",
    r"(?i)\b(?:secretname|vaultbaseurl|account|filesystem|path|user|server|database|container name): ([^,\s']+)",
    r"\b(?:CN|OU|DC)=([^,\r\n]+)",
    r"\bO=([^,\s]+)",
    r"\b(\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?)\b",
    r"\b((?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{1,4})\b",
    r"\b((?:[A-Za-z0-9_-]+\.)+(?:com|net|org|io|example|local|internal|lan|corp|cloud|gov|edu|eu|de|uk|fr|nl)(?:[:,]\d{1,5})?)\b",
    r"(?i)\bhost ([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)",
];

static DATA_PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| compiled(DATA));
static NAME_PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| compiled(NAME));

/// The parts of `text` that are values of data.
pub(super) fn data(text: &str) -> Vec<Range<usize>> {
    spans(&DATA_PATTERNS, text)
}

/// The parts of `text` that are names.
pub(super) fn names(text: &str) -> Vec<Range<usize>> {
    spans(&NAME_PATTERNS, text)
}

/// A pattern that does not compile is missed by the tests, which count them.
fn compiled(patterns: &[&str]) -> Vec<Regex> {
    patterns.iter().filter_map(|pattern| Regex::new(pattern).ok()).collect()
}

fn spans(patterns: &[Regex], text: &str) -> Vec<Range<usize>> {
    let found = patterns.iter().flat_map(|pattern| pattern.captures_iter(text));
    let mut spans: Vec<Range<usize>> = found
        .filter_map(|captures| captures.get(1))
        .filter(|part| !part.is_empty() && !part.as_str().starts_with("[redacted:"))
        .map(|part| part.range())
        .collect();
    spans.sort_by_key(|span| (span.start, span.end));
    merged(spans)
}

/// Sorted spans, those that touch made one.
fn merged(spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::with_capacity(spans.len());
    for span in spans {
        match out.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => out.push(span),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(DATA_PATTERNS.len(), DATA.len());
        assert_eq!(NAME_PATTERNS.len(), NAME.len());
    }
}
