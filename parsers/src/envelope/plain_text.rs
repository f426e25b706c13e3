//! Anything else: a time if there is one, a level if there is one, and the rest.
//!
//! ```text
//! [11/20/2026 02:00:00] Start registering a new node
//! 2026-11-20 02:14:22.486 ERROR Failure happened on 'Source' side. ErrorCode=…
//! Message : System error while attempting …           (Format-List)
//! ```
//!
//! This reader takes every text there is, so the front door always has an answer. What
//! stands behind the time is told as it is.

use crate::Settings;
use crate::envelope::body;
use crate::envelope::text::Text;
use crate::lex;
use crate::needle::needle;
use crate::record::{Format, Level, Record};

/// Reads any text.
pub(crate) fn read<'a>(text: &'a str, whole: &str, settings: &Settings) -> Record<'a> {
    let (mut record, rest) = stamp(text.trim_start(), settings);
    let rest = label(rest);
    body::read(&mut record, Text::plain(rest, whole));
    record.level = record.level.or_else(|| tool_level(rest));
    record
}

/// Takes a time and a level off the beginning, and gives what stands behind them.
pub(crate) fn stamp<'a>(text: &'a str, settings: &Settings) -> (Record<'a>, &'a str) {
    let mut record = Record { format: Format::Plain, ..Record::default() };
    let rest = time(&mut record, text, settings);
    let rest = level(&mut record, rest);
    (record, rest)
}

/// Takes the time off the beginning; it may stand in square brackets.
fn time<'a>(record: &mut Record<'a>, text: &'a str, settings: &Settings) -> &'a str {
    let bracket = text.starts_with('[');
    let start = usize::from(bracket);
    let Some((time, length)) = lex::leading_timestamp(&text[start..], &settings.timezone) else {
        return text;
    };
    let rest = &text[start + length..];
    let Some(rest) = (if bracket { rest.strip_prefix(']') } else { Some(rest) }) else {
        return text;
    };
    record.time = Some(time);
    record.time_raw = Some((&text[start..start + length]).into());
    rest.trim_start_matches([' ', '\t', ',', '|', ';', '-'])
}

/// Takes a level off the beginning, if it is written as a logger writes it: behind a time, or
/// in capitals, or in brackets. `ERROR [HY000] …` is how an ODBC driver begins its message.
fn level<'a>(record: &mut Record<'a>, text: &'a str) -> &'a str {
    let open = text.starts_with('[');
    let inside = &text[usize::from(open)..];
    let end = inside.bytes().take(12).position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(0);
    let (word, rest) = inside.split_at(end);
    let capitals = word.len() > 2 && word.bytes().all(|byte| byte.is_ascii_uppercase());
    let logged = capitals || record.time.is_some();
    let odbc = record.time.is_none() && rest.starts_with(" [");
    let closed = if open {
        rest.strip_prefix(']')
    } else {
        rest.starts_with([' ', ':', '\t', '|']).then_some(rest)
    };
    let level = lex::level(word).filter(|_| !odbc);
    let (true, Some(rest), Some(level)) = (open || logged, closed, level) else {
        return text;
    };
    record.level = Some(level);
    rest.trim_start_matches([' ', '\t', ':', '|', '-'])
}

/// Takes off the label of `Format-List`: `Message : …`.
fn label(text: &str) -> &str {
    let Some(rest) = text.strip_prefix("Message") else { return text };
    match rest.trim_start_matches(' ').strip_prefix(": ") {
        Some(inside) if rest.starts_with(' ') => inside.trim_start(),
        _ => text,
    }
}

/// `Type: ERROR;` and `: FATAL`, as the connectors of third parties write.
fn tool_level(text: &str) -> Option<Level> {
    let start = needle!("; Type: ").find(text.as_bytes())? + "; Type: ".len();
    let word = text[start..].split(';').next()?;
    lex::level(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn the_rest_is_told_as_it_is() {
        // input                                          time | level | message
        check("Authentication Key is not assigned yet",   "- | - | Authentication Key is not assigned yet");
        check("[11/20/2026 02:00:00] Enable it",          "2026-11-20T02:00:00Z | - | Enable it");
        check("2026-11-20 02:14:22.486 ERROR Oh no",      "2026-11-20T02:14:22.486Z | Error | Oh no");
        check("2026-11-20T02:14:22Z [warn] Oh no",        "2026-11-20T02:14:22Z | Warning | Oh no");
        check("Error: The gateway key is invalid",        "- | - | Error: The gateway key is invalid");
        check("Message : Oh no",                          "- | - | Oh no");
        check("Message: Oh no",                           "- | - | Message: Oh no");
        check("[14]0460.3404::0../21-00:23:32.21 [System] A", "- | - | [14]0460.3404::0../21-00:23:32.21 [System] A");
        check("[Miti] ThreadID: main; Code: B; Type: ERROR; Message: m;", "- | Error | [Miti] ThreadID: main; Code: B; Type: ERROR; Message: m;");
        check("",                                         "- | - | ");
    }

    #[track_caller]
    fn check(input: &str, expected: &str) {
        let it = read(input, input, &Settings::default());
        let time = it.time.map_or("-".to_owned(), |time| time.to_string());
        let level = it.level.map_or("-".to_owned(), |level| format!("{level:?}"));
        assert_eq!(format!("{time} | {level} | {}", it.message), expected);
    }
}
