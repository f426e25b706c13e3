//! Where a link names its source: `,Source=mscorlib`.

use crate::chain::mark::{has_quote, is_quote, table};

/// Where a link names its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source<'a> {
    /// Where the message before it ends.
    pub start: usize,
    /// The name; may be empty.
    pub name: &'a str,
    /// Where the name ends.
    pub end: usize,
}

/// Reads the source whose `Source=` stands at `at`; `None` when it is none: when no comma
/// and no line break stands before it, or when a quote stands in its name.
///
/// ```
/// use shirwatch_parsers::chain::mark::source;
/// assert_eq!(source("m,Source=mscorlib,''Type=", 2).map(|it| it.name), Some("mscorlib"));
/// assert_eq!(source("VALUES('13', 'x',Source=y')", 17), None);
/// ```
#[must_use]
pub fn source(text: &str, at: usize) -> Option<Source<'_>> {
    let before = text[..at].trim_end();
    let start = match before.strip_suffix(',') {
        Some(it) => it.len(),
        None if text[before.len()..at].contains('\n') => before.len(),
        None => return None,
    };
    let value = &text[at + "Source=".len()..];
    let end = source_end(value);
    let name = value.get(..end)?;
    let inside = name.trim_end_matches(['.', ' ']).strip_suffix(is_quote);
    if inside.is_none() && has_quote(name) {
        return None;
    }
    let name = match inside {
        Some(it) if value.len() == end && !has_quote(it) => it,
        Some(_) => return None,
        None if value[end..].starts_with(',') => name,
        None => bare(name),
    };
    Some(Source { start, name, end: at + "Source=".len() + name.len() })
}

/// Where the name of a source ends: at a comma, a line end, or what no name holds.
fn source_end(value: &str) -> usize {
    static ENDS: [bool; 256] = table(false, b",\n\"\\<`");
    let limit = value.len().min(512);
    let ends = |b: u8| ENDS[usize::from(b)];
    let end = value.bytes().take(limit).position(ends).unwrap_or(limit);
    // The limit may lie inside a character; no name is so long.
    end + value.get(end..).map_or(0, wrapped)
}

/// How much of a name stands on the next lines, where a long line was broken at a blank:
/// it goes on to the comma that closes the link or begins the next field.
fn wrapped(rest: &str) -> usize {
    let Some(line) = rest.strip_prefix('\n') else { return 0 };
    let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'.' | b'_' | b'\n');
    let length = line.bytes().take(80).take_while(part).count();
    let next = &line[length..];
    let goes_on = [",'", ",SqlErrorNumber=", ",StackTrace=", ",StorageExtendedMessage="];
    let fits = length > 0 && goes_on.iter().any(|it| next.starts_with(it));
    if fits { 1 + length } else { 0 }
}

/// A name at the end of a text without what ends the sentence that it stands in.
fn bare(name: &str) -> &str {
    let name = name.trim_end_matches(|c: char| c == '.' || c.is_whitespace());
    if name.contains('(') { name } else { name.trim_end_matches(')') }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a name may end at most, a character may be going on.
    #[test]
    fn a_source_without_end_is_none_and_cut_nowhere() {
        for shift in 0..4 {
            for letter in ["a", "é", "あ", "😀", "’"] {
                let text = format!("m,Source={}{}", "x".repeat(shift), letter.repeat(600));
                let name = source(&text, 2).map(|it| it.name.len());
                assert!(name.is_none_or(|it| it == 512), "{letter} {name:?}");
            }
        }
    }
}
