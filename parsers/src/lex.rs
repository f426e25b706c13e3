//! Small pieces that all carriers share: times, levels, ids.
//!
//! ```text
//! 2026-11-20T02:14:22.4869177Z   Error   2   97e70903-46b5-5348-b59b-9889a708b8e4
//! └ time                         └ levels    └ guid
//! ```
//!
//! A level is read by the names of localised systems too, since numbers are not always
//! given. What carries these pieces is not known here.

mod time;

pub use time::{is_no_time, leading_timestamp, timestamp};

use crate::record::Level;

/// The first line of a text, without what ends it.
pub(crate) fn first_line(text: &str) -> &str {
    match memchr::memchr(b'\n', text.as_bytes()) {
        Some(end) => text[..end].trim_end_matches('\r'),
        None => text,
    }
}

/// Reads a level by name (`Error`, `warn`, `Fehler`) or by its number in the Windows
/// event log (`2`).
#[must_use]
pub fn level(text: &str) -> Option<Level> {
    const NAMES: [(&str, Level); 36] = [
        ("error", Level::Error),
        ("informational", Level::Information),
        ("information", Level::Information),
        ("warning", Level::Warning),
        ("info", Level::Information),
        ("critical", Level::Critical),
        ("verbose", Level::Verbose),
        ("warn", Level::Warning),
        ("err", Level::Error),
        ("fatal", Level::Critical),
        ("debug", Level::Verbose),
        ("trace", Level::Verbose),
        ("notice", Level::Information),
        ("failure", Level::Error),
        ("severe", Level::Error),
        ("emergency", Level::Critical),
        ("alert", Level::Critical),
        ("crit", Level::Critical),
        ("log always", Level::Information),
        // The words of localised systems.
        ("kritisch", Level::Critical),
        ("fehler", Level::Error),
        ("warnung", Level::Warning),
        ("informationen", Level::Information),
        ("critique", Level::Critical),
        ("erreur", Level::Error),
        ("avertissement", Level::Warning),
        ("crítico", Level::Critical),
        ("advertencia", Level::Warning),
        ("información", Level::Information),
        ("errore", Level::Error),
        ("avviso", Level::Warning),
        ("informazioni", Level::Information),
        ("erro", Level::Error),
        ("fout", Level::Error),
        ("fel", Level::Error),
        ("ошибка", Level::Error),
    ];
    let text = text.trim();
    if let [digit @ b'0'..=b'9'] = text.as_bytes() {
        return level_number(u32::from(digit - b'0'));
    }
    NAMES.iter().find(|(name, _)| text.eq_ignore_ascii_case(name)).map(|(_, level)| *level)
}

/// The level of a number in the Windows event log.
#[must_use]
pub fn level_number(number: u32) -> Option<Level> {
    Some(match number {
        1 => Level::Critical,
        2 => Level::Error,
        3 => Level::Warning,
        0 | 4 => Level::Information,
        5 => Level::Verbose,
        _ => return None,
    })
}

/// The guid that `text` begins with.
///
/// ```
/// # use shirwatch_parsers::lex::guid;
/// assert_eq!(
///     guid("97e70903-46b5-5348-b59b-9889a708b8e4, and more"),
///     Some("97e70903-46b5-5348-b59b-9889a708b8e4"),
/// );
/// ```
#[must_use]
pub fn guid(text: &str) -> Option<&str> {
    let head = text.as_bytes().get(..36)?;
    let fits = head.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    let ends = text.as_bytes().get(36).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    (fits && ends).then(|| &text[..36])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_ends_at_a_boundary() {
        assert_eq!(guid("97e70903-46b5-5348-b59b-9889a708b8e4Deprovision"), None);
        assert_eq!(guid("97e70903-46b5"), None);
    }

    #[test]
    fn a_level_is_read_by_name_and_by_number() {
        assert_eq!(level("Informational"), Some(Level::Information));
        assert_eq!(level("WARN"), Some(Level::Warning));
        assert_eq!(level(" 2 "), Some(Level::Error));
        assert_eq!(level("0"), Some(Level::Information));
        assert_eq!(level("9"), None);
        assert_eq!(level("loud"), None);
    }
}
