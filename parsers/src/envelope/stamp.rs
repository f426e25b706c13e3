//! When it happened and how bad it was, where a carrier in JSON says so.
//!
//! ```text
//! "time":"2026-…Z"   "TimeCreated":"\/Date(1795140862486)\/"   "Level":2   "SeverityValue":4
//! ```
//!
//! Collectors count levels by scales of their own, so a name is preferred to a number, and
//! a number is read by the scale of its key.

use crate::Settings;
use crate::envelope::keys::Key;
use crate::envelope::slots::Slots;
use crate::envelope::text::{filled, note, offset_in};
use crate::issue::IssueKind;
use crate::json::Raw;
use crate::lex;
use crate::record::{Level, Record};

/// Reads the first time that says something.
pub(crate) fn time<'a>(
    record: &mut Record<'a>,
    slots: &Slots<'a>,
    whole: &str,
    settings: &Settings,
) {
    for key in [Key::Time, Key::End, Key::Start] {
        let Some(raw) = slots.get(key).map(plain) else { continue };
        let Some(text) = filled(raw).filter(|text| !lex::is_no_time(text)) else { continue };
        record.time = lex::timestamp(&text, &settings.timezone);
        record.time_raw = Some(text);
        if record.time.is_some() {
            return;
        }
        note(record, offset_in(whole, raw.0), IssueKind::InvalidTime);
    }
}

/// `{"value":"\/Date(…)\/","DateTime":"…"}` is how an older shell writes a time.
pub(crate) fn plain(raw: Raw<'_>) -> Raw<'_> {
    if raw.is_object() { raw.get("value").unwrap_or(raw) } else { raw }
}

/// Reads the level by name, else by number.
pub(crate) fn level(slots: &Slots<'_>) -> Option<Level> {
    slots.levels().find_map(|raw| lex::level(&raw.text()?)).or_else(|| by_number(slots))
}

fn by_number(slots: &Slots<'_>) -> Option<Level> {
    let number = |key: Key| slots.get(key)?.text()?.parse::<u32>().ok();
    if let Some(level) = number(Key::LevelNumber) {
        return lex::level_number(level);
    }
    // The Event table counts as the old event log did.
    if let Some(level) = number(Key::TableLevel) {
        return [Level::Error, Level::Warning, Level::Warning, Level::Information]
            .get(usize::try_from(level).ok()?.checked_sub(1)?)
            .copied();
    }
    let scale = [Level::Verbose, Level::Information, Level::Warning, Level::Error, Level::Critical];
    let severity = number(Key::SeverityNumber)?;
    scale.get(usize::try_from(severity).ok()?.checked_sub(1)?).copied()
}
