//! JSON that is no record: errors pasted from a portal, bodies of a service, lines of a
//! logger.
//!
//! ```text
//! {"StatusCode":"DFExecutorUserError","Message":"Job failed …","Details":"…"}     data flow
//! {"error":{"code":"InternalError","message":"…"}}                                service
//! {"log":"[11/20/2026 02:00:00] …\n","stream":"stdout","time":"…"}               container
//! {"…":{"errorDetail":"Failure happened on 'Sink' side. ErrorCode=…"}}           anything
//! ```
//!
//! A chain is the best witness, wherever in the object it stands; else the message; else
//! the object itself is the message, since rules may know its words. What the error means
//! is not known here.

use crate::Settings;
use crate::envelope::keys::Key;
use crate::envelope::slots::Slots;
use crate::envelope::text::{Text, filled};
use crate::envelope::{body, diagnostic, error_info, plain_text, stamp};
use crate::json::Raw;
use crate::record::{Format, Level, Record};

/// Reads an object that no carrier knows.
pub(crate) fn read<'a>(
    raw: Raw<'a>,
    slots: &Slots<'a>,
    whole: &'a str,
    settings: &Settings,
) -> Record<'a> {
    let mut record = Record { format: Format::Plain, ..Record::default() };
    stamp::time(&mut record, slots, whole, settings);
    record.level = stamp::level(slots);
    record.context.node = slots.get(Key::Node).and_then(filled);
    record.context.integration_runtime =
        slots.get(Key::Runtime).and_then(filled).map(diagnostic::bare);
    if slots.has(Key::ExceptionType) || slots.has(Key::Inner) {
        error_info::fill(&mut record, raw, whole);
    } else if slots.get(Key::Errors).is_some_and(Raw::is_array) {
        record.format = Format::ActivityRun;
        record.level = record.level.max(Some(Level::Error));
        error_info::from_output(&mut record, Some(raw), whole);
    } else {
        record.code = code(slots);
        tell(&mut record, raw, slots, whole, settings);
    }
    record
}

/// `error.code` of a service, `StatusCode` of a data flow.
fn code<'a>(slots: &Slots<'a>) -> Option<std::borrow::Cow<'a, str>> {
    let inner = slots.get(Key::Error).and_then(|error| error.get("code"));
    inner.or(slots.get(Key::StatusCode)).or(slots.get(Key::Code)).and_then(filled)
}

fn tell<'a>(
    record: &mut Record<'a>,
    raw: Raw<'a>,
    slots: &Slots<'a>,
    whole: &'a str,
    settings: &Settings,
) {
    let text = |raw: Raw<'a>| Text::json(raw, whole);
    if let Some(text) = body::witness(raw).and_then(text) {
        return body::read(record, text);
    }
    if let Some(text) = slots.get(Key::Log).and_then(text) {
        return line(record, text, settings);
    }
    match slots.get(Key::Message).and_then(text) {
        Some(text) if slots.get(Key::Error).is_none_or(|error| !error.is_object()) => {
            body::read(record, with_details(text, slots, whole));
        }
        _ => body::read(record, Text::plain(raw.0, whole)),
    }
}

/// A line of a container has a time and a level of its own.
fn line<'a>(record: &mut Record<'a>, text: Text<'a>, settings: &Settings) {
    let inner = plain_text::read(&text.says, &text.says, settings).into_owned();
    let at = text.offset(0);
    let stamp = (record.time.or(inner.time), record.time_raw.take().or(inner.time_raw.clone()));
    let level = inner.level.or(record.level);
    let node = record.context.node.take();
    *record = Record { time: stamp.0, time_raw: stamp.1, level, ..inner };
    record.context.node = node;
    record.issues.iter_mut().for_each(|issue| issue.at = at);
}

/// A data flow says the cause in its details, unless it repeats the message there.
fn with_details<'a>(text: Text<'a>, slots: &Slots<'a>, whole: &str) -> Text<'a> {
    let details = slots.get(Key::Details).and_then(|raw| Text::json(raw, whole));
    match details {
        Some(details) if !text.says.contains(details.says.as_ref()) => {
            text.followed_by(&details.says)
        }
        _ => text,
    }
}
