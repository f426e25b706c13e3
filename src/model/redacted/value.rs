//! Where the value ends that belongs to a key.
//!
//! ```text
//! Password=FAKE;…   Pwd={FAKE;pass}};word};   "password": "FAKE"   {\"Password\":\"FAKE\"}
//! ```
//!
//! A value in quotes ends at the same quote, escaped as often as the first; a doubled one
//! is part of it. A value without quotes ends where a connection string, a query or a
//! sentence goes on. Which keys are secret is not known here.

use std::ops::Range;

use crate::model::redacted::secrets::run;

/// The value of the key that stands at `key`; `None` where no value follows.
pub(super) fn behind_key(text: &str, key: &Range<usize>) -> Option<Range<usize>> {
    let (at, sign) = separator(text, key)?;
    let rest = &text[at..];
    if sign == Sign::Colon && rest.starts_with('{') {
        return inner_value(text, at);
    }
    if let Some(quote) = quote(rest) {
        return Some(quoted(text, at + quote.len(), quote));
    }
    match sign {
        Sign::Equals if rest.starts_with('{') => Some(braced(text, at + 1)),
        Sign::Element => Some(at..at + rest.find(['<', '&']).unwrap_or(rest.len())),
        Sign::Equals | Sign::Encoded => Some(connection_value(text, at)),
        Sign::Colon | Sign::Blank => Some(word(text, at)),
    }
}

/// What stands between a key and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Equals,
    /// `%3D`
    Encoded,
    Colon,
    /// `-Password x`
    Blank,
    /// `<Password>x`
    Element,
}

/// Finds the sign behind the key, and where the value begins.
fn separator(text: &str, key: &Range<usize>) -> Option<(usize, Sign)> {
    let closing = closing_quotes(&text[key.end..]);
    let at = blank(text, key.end + closing);
    let rest = &text[at..];
    for (sign, is) in [
        ("=", Sign::Equals),
        ("%3D", Sign::Encoded),
        ("%3d", Sign::Encoded),
        (":", Sign::Colon),
        ("：", Sign::Colon),
    ] {
        if rest.starts_with(sign) {
            return Some((blank(text, at + sign.len()), is));
        }
    }
    let before = &text[..key.start];
    if let Some(value) = rest.strip_prefix("value=").filter(|_| closing > 0) {
        Some((text.len() - value.len(), Sign::Equals))
    } else if at == key.end && rest.starts_with('>') && before.ends_with(['<', ':']) {
        Some((at + 1, Sign::Element))
    } else if at == key.end && rest.starts_with("&gt;") {
        Some((at + 4, Sign::Element))
    } else if closing == 0 && at > key.end && is_switch(before) {
        Some((at, Sign::Blank))
    } else {
        None
    }
}

/// True behind `-` or `--` that begin a word: `sql-password is wrong` is prose.
fn is_switch(before: &str) -> bool {
    let word = before.trim_end_matches('-');
    word.len() < before.len() && (word.is_empty() || word.ends_with([' ', '\t', '"', '\'']))
}

/// How long the quotes are that close a key; CSV doubles them.
fn closing_quotes(text: &str) -> usize {
    let Some(quote) = quote(text) else { return 0 };
    let same = text[quote.len()..].starts_with(quote);
    if same { 2 * quote.len() } else { quote.len() }
}

fn blank(text: &str, at: usize) -> usize {
    run(text, at, |byte| byte == b' ' || byte == b'\t').end
}

/// True where a quote begins the text, escaped or not.
pub(super) fn is_quote(text: &str) -> bool {
    quote(text).is_some()
}

/// The quote that begins the text, with the backslashes in front of it.
fn quote(text: &str) -> Option<&str> {
    for entity in ["&quot;", "&apos;", "&#39;", "&#34;", "\\u0022", "\\u0027", "%22"] {
        if text.starts_with(entity) {
            return Some(entity);
        }
    }
    let slashes = text.len() - text.trim_start_matches('\\').len();
    let quote = text[slashes..].chars().next().filter(|c| "\"'“‘”’".contains(*c))?;
    let end = slashes + quote.len_utf8();
    // CSV doubles a quote; two with nothing between are an empty value.
    let doubled = text[end..].strip_prefix('"').filter(|_| &text[..end] == "\"");
    let filled = doubled.is_some_and(|it| it.starts_with(|c: char| c.is_alphanumeric()));
    Some(&text[..if filled { end + 1 } else { end }])
}

/// From `start` to the same quote again; a doubled quote is part of the value. Where it
/// never comes, to the end of the line.
fn quoted(text: &str, start: usize, quote: &str) -> Range<usize> {
    let closing = match quote {
        "“" => "”",
        "‘" => "’",
        same => same.trim_start_matches('\\'),
    };
    let slashes = quote.len() - quote.trim_start_matches('\\').len();
    let mut at = start;
    while let Some(found) = text[at..].find(closing) {
        let end = at + found;
        at = end + closing.len();
        if !closes(&text[start..end], slashes) {
            continue;
        }
        let end = end - slashes;
        if end > start && text[at..].starts_with(quote) && slashes == 0 {
            at += quote.len();
        } else {
            return start..end;
        }
    }
    start..line_end(text, start)
}

/// True when a quote behind `before` is escaped as often as the one that opened: an
/// escaped quote has more backslashes in front, a backslash at the end of the value adds
/// as many as leave the remainder the same.
fn closes(before: &str, slashes: usize) -> bool {
    let count = before.len() - before.trim_end_matches('\\').len();
    count % (2 * (slashes + 1)) == slashes
}

/// `{…}` of ODBC, in which `}}` is a brace.
fn braced(text: &str, start: usize) -> Range<usize> {
    let mut at = start;
    while let Some(found) = text[at..].find('}') {
        let end = at + found;
        if !text[end + 1..].starts_with('}') {
            return start..end;
        }
        at = end + 2;
    }
    start..line_end(text, start)
}

/// A value in a connection string or a query. A part behind `;` that is no pair belongs
/// to it: the value held a raw semicolon.
fn connection_value(text: &str, start: usize) -> Range<usize> {
    let mut span = query(text, start);
    while text[span.end..].starts_with(';') {
        let part = run(text, span.end + 1, |byte| is_value(byte) || b"'%".contains(&byte));
        let next = text.as_bytes().get(part.end);
        if part.is_empty() || text[part.clone()].contains('=') || next.is_some_and(|it| *it != b';')
        {
            break;
        }
        span.end = part.end;
    }
    span
}

/// A value in a query: it ends at the next parameter, however the `&` is escaped.
pub(super) fn query(text: &str, start: usize) -> Range<usize> {
    let mut end = start;
    while end < text.len() {
        let rest = &text[end..];
        let ends = ["%26", "&amp;", "\\u0026"].iter().any(|it| rest.starts_with(it));
        let Some(character) = rest.chars().next().filter(|c| !ends && is_value_char(*c)) else {
            break;
        };
        end += character.len_utf8();
    }
    start..end
}

fn is_value_char(character: char) -> bool {
    if character.is_ascii() { is_value(character as u8) } else { character.is_alphanumeric() }
}

fn is_value(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b";&\"'<>\\,)]}".contains(&byte)
}

/// A value in prose: to the next blank, without the stop of the sentence.
fn word(text: &str, start: usize) -> Range<usize> {
    let rest = &text[start..];
    let end = rest.find(|c: char| c.is_whitespace() || "\"'<>\\,;".contains(c));
    let word = &rest[..end.unwrap_or(rest.len())];
    start..start + word.trim_end_matches(['.', ')', ']', '}']).len()
}

/// Where the value of a header begins, behind its quote if it has one.
pub(super) fn header(text: &str, key_end: usize) -> Option<usize> {
    let (start, _) = separator(text, &(key_end..key_end))?;
    Some(start + quote(&text[start..]).map_or(0, str::len))
}

/// `{"type":"SecureString","value":"…"}`: the value inside.
fn inner_value(text: &str, start: usize) -> Option<Range<usize>> {
    let end = start + near(&text[start..]).find('}')?;
    let at = start + text[start..end].find("value")?;
    behind_key(text, &(at..at + "value".len())).filter(|span| span.start <= end)
}

/// An argument behind a switch, counted from 0.
pub(super) fn argument(text: &str, switch_end: usize, number: usize) -> Option<Range<usize>> {
    let mut at = switch_end;
    for index in 0..=number {
        // A quote that closes the switch itself, as in a list of arguments in a script.
        if index == 0 && at < text.len() && !text[at..].starts_with([' ', '\t']) {
            at += quote(&text[at..]).map_or(0, str::len);
        }
        at = run(text, at, |byte| b" \t,=:".contains(&byte)).end;
        let rest = &text[at..];
        let (span, behind) = match quote(rest) {
            Some(quote) => {
                let span = argument_in_quotes(text, at + quote.len(), quote);
                let behind = (span.end + quote.len()).min(text.len());
                (span, behind)
            }
            None => {
                let length = rest.find(|c: char| c.is_whitespace() || c == '"' || c == '\'');
                let span = at..at + length.unwrap_or(rest.len());
                (span.clone(), span.end)
            }
        };
        if span.is_empty() || rest.starts_with('-') {
            return None;
        }
        if index == number {
            return Some(span);
        }
        at = behind;
    }
    None
}

/// An argument may end in a backslash (`"D:\backup\"`), so none of them escapes a quote.
fn argument_in_quotes(text: &str, start: usize, quote: &str) -> Range<usize> {
    let end = text[start..].find(quote).map_or_else(|| line_end(text, start), |at| start + at);
    start..end
}

/// The part of a text in which a value can lie; it keeps the search short where marks
/// stand one behind another.
fn near(text: &str) -> &str {
    const NEAR: usize = 4096;
    let end = (0..=NEAR.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

fn line_end(text: &str, start: usize) -> usize {
    text[start..].find(['\r', '\n']).map_or(text.len(), |at| start + at)
}
