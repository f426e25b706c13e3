//! Where a link may close: `,'`.

use crate::chain::mark::code::starts_with_code;
use crate::chain::mark::is_quote;

/// Where a link may close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Close {
    /// Where the comma stands.
    pub at: usize,
    /// Behind the quote.
    pub end: usize,
    /// What follows.
    pub next: Next,
}

/// What follows a close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// `'Type=` or `ErrorCode=`: the next link of the same chain.
    Link,
    /// The same apostrophe opens the next link: `,'Type=`.
    Shared,
    /// `,Source=`: the chain stood inside a message, which ends here.
    Source,
    /// The end of the text, or of the line, or of the string around the chain.
    End,
    /// A blank or a stop and then more text.
    Text,
    /// A letter, a digit, a comma: the quote belongs to the message.
    Nothing,
}

/// Reads the close whose comma stands at `at`; `None` when no quote follows it.
///
/// ```
/// use shirwatch_parsers::chain::mark::{close, Next};
/// assert_eq!(close("s,''Type=F", 1).map(|it| it.next), Some(Next::Link));
/// assert_eq!(close("s,'.", 1).map(|it| it.next), Some(Next::End));
/// assert_eq!(close("near ','.", 6).map(|it| it.next), Some(Next::End));
/// assert_eq!(close("'a','b'", 3).map(|it| it.next), Some(Next::Nothing));
/// ```
#[must_use]
pub fn close(text: &str, at: usize) -> Option<Close> {
    let quote = text[at + 1..].chars().next().filter(|c| is_quote(*c))?;
    let end = at + 1 + quote.len_utf8();
    Some(Close { at, end, next: next(&text[end..]) })
}

fn next(rest: &str) -> Next {
    if rest.starts_with("Type=") {
        return Next::Shared;
    }
    let blank = rest.trim_start();
    let inside = blank.strip_prefix(is_quote).map(str::trim_start);
    if inside.is_some_and(|it| it.starts_with("Type=")) || starts_with_code(inside.unwrap_or(blank))
    {
        return Next::Link;
    }
    if blank.strip_prefix(',').is_some_and(|it| it.trim_start().starts_with("Source=")) {
        return Next::Source;
    }
    let rest = rest.trim_start_matches(is_quote);
    let rest = rest.strip_prefix('.').unwrap_or(rest);
    match rest.chars().next() {
        None | Some('`' | '\n' | '\r' | '"' | '<' | '\\' | '\u{201c}' | '\u{201d}') => Next::End,
        Some(' ' | ')' | ']' | '}' | ';' | '.' | '\t') if is_blank(rest) => Next::End,
        Some(' ' | ')' | ']' | '}' | ';' | '.' | '\t' | ':') => Next::Text,
        // As the test of a connection ends.
        Some(',') if rest.starts_with(", activityId:") => Next::Text,
        Some(_) => Next::Nothing,
    }
}

/// Whether nothing follows. It stops at the first letter, as there are many closes.
fn is_blank(rest: &str) -> bool {
    rest.chars().all(char::is_whitespace)
}
