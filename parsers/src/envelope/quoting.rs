//! Texts that were copied with their escapes, out of a place where they were quoted.
//!
//! ```text
//! {\"error\":{\"code\":\"InternalError\"}}          escaped once, or twice
//! "errorDetail": "Failure happened …\r\n…"         a piece of an object
//! {“errorCode”: “2200”}                            quotes that a word processor bent
//! 'Type=Microsoft.Dat\⏎aTransfer…                  wrapped by a backslash at a column
//! ```
//!
//! The quoting is undone and the result read as if it had been whole. What is read then
//! no longer lies in the record, so offsets are near, not exact.

use std::borrow::Cow;

use memchr::memchr;

use crate::Settings;
use crate::envelope;
use crate::envelope::text::offset_in;
use crate::json;
use crate::json::Raw;
use crate::needle::{Needles, needle, needles};
use crate::record::Record;

/// Undoes one kind of quoting and reads what is left. `None` where there is none.
pub(crate) fn read<'a>(
    text: &str,
    whole: &str,
    settings: &Settings,
    depth: usize,
) -> Option<Vec<Record<'a>>> {
    let depth = depth.checked_sub(1)?;
    let plain = unquoted(text)?;
    let records = envelope::read_within(&plain, settings, depth).into_iter();
    let start = offset_in(whole, text);
    let led_back = records.map(|mut record| {
        for issue in &mut record.issues {
            issue.at = start + issue.at.min(text.len());
        }
        record.into_owned()
    });
    Some(led_back.collect())
}

fn unquoted(text: &str) -> Option<String> {
    let inside = text.trim_start_matches(['{', '[', '"', ' ', '\n', '\r', '\t']);
    if inside.starts_with('\\') && inside.trim_start_matches('\\').starts_with('"') {
        Some(json::unescape(text.trim_matches('"')).into_owned())
    } else if text.starts_with("\"{") {
        let quoted = Raw::first(text).map(|(raw, _)| raw).filter(|raw| raw.0.len() == text.len());
        // Quotes that were put around an object without escaping those in it.
        let inside = || text.trim_matches('"').to_owned();
        Some(quoted.and_then(Raw::text).map_or_else(inside, Cow::into_owned))
    } else if text.starts_with(['{', '[']) && inside.starts_with('“') {
        Some(text.replace(['“', '”'], "\""))
    } else if is_piece(text) {
        let text = text.trim_end_matches([',', ' ']);
        Some(format!("{{{text}{}", if text.ends_with(['"', ']', '}']) { "}" } else { "" }))
    } else {
        joined(text)
    }
}

/// `"key": "…` : a field without its object.
fn is_piece(text: &str) -> bool {
    let Some(key) = text.strip_prefix('"') else { return false };
    let Some((name, rest)) = key.split_once('"') else { return false };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.@".contains(&byte);
    !name.is_empty()
        && name.bytes().all(is_name)
        && rest.trim_start().strip_prefix(':').is_some_and(|value| {
            value.trim_start().starts_with(['"', '{', '[']) || value.trim_start().is_empty()
        })
}

/// A chain that was in lines which end in a backslash, in one.
pub(crate) fn joined(text: &str) -> Option<String> {
    static BREAKS: Needles<2> = Needles::new(|| needles(["\\\n", "\\\r\n"]));
    // Most texts are one line, which is sooner known.
    let lines = memchr(b'\n', text.as_bytes()).is_some();
    let wrapped =
        lines && BREAKS.any_in(text) && needle!("Message=").find(text.as_bytes()).is_some();
    wrapped.then(|| text.replace("\\\r\n", "").replace("\\\n", ""))
}

#[cfg(test)]
mod tests {
    use crate::{Settings, parse};

    #[test]
    #[rustfmt::skip]
    fn what_was_quoted_is_read_as_if_it_had_not_been() {
        // input                                                       code | message
        check(r#"{\"errorCode\":\"2200\",\"message\":\"a\\nb\"}"#,      "2200 | a\nb");
        check(r#"{\\\"errorCode\\\":\\\"2200\\\",\\\"message\\\":\\\"m\\\"}"#, "2200 | m");
        check(r#""{\"errorCode\":\"2200\",\"message\":\"m\"}""#,        "2200 | m");
        check(r#""{"errorCode":"2200","message":"m"}""#,                "2200 | m");
        check(r#""errorCode": "2200", "message": "a \"b\"""#,           "2200 | a \"b\"");
        check("{“errorCode”: “2200”, “message”: “m”}",                  "2200 | m");
        check("\"errorDetail\": \"ErrorCode=X,'Type=A.B,Message=m\\r\\nn,Source=s,'",
              "- | ErrorCode=X,'Type=A.B,Message=m\r\nn,Source=s,'");
        check("'Type=A.\\\nB,Message=m,Source=s,'",                     "- | 'Type=A.B,Message=m,Source=s,'");
        check(r#"\"C:\path\" is not there"#,                            r#"- | "C:\path" is not there"#);
        check("\"quoted\" words: here",                                 "- | \"quoted\" words: here");
    }

    #[track_caller]
    fn check(input: &str, expected: &str) {
        let it = parse(input, &Settings::default()).remove(0);
        assert_eq!(format!("{} | {}", it.code.as_deref().unwrap_or("-"), it.message), expected);
    }
}
