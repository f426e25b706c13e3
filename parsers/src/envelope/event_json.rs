//! Windows events as JSON, whichever collector wrote them.
//!
//! ```text
//! {"TimeCreated":"…","LogName":"…","Level":2,"MachineName":"…","Message":"…"}     PowerShell
//! {"@timestamp":"…","log":{"level":"error"},"message":"…","winlog":{…}}           Winlogbeat
//! ```
//!
//! Each collector has names of its own for the same few things, and the table of keys
//! knows them all; only what lies deeper than the first level is told apart here. What
//! the text says is left to the body.

use crate::Settings;
use crate::envelope::keys::Key;
use crate::envelope::slots::Slots;
use crate::envelope::text::{Text, filled, offset_in};
use crate::envelope::{body, stamp, windows_event};
use crate::json::Raw;
use crate::record::{Format, Record};
use crate::xml;

/// Arrays and objects around a text are opened this deep.
const DEEPEST: usize = 4;

/// True when the keys are those of an event.
pub(crate) fn is_event(slots: &Slots<'_>) -> bool {
    let table = slots.get(Key::Table).and_then(Raw::inner) == Some("Event");
    let event = slots.has(Key::EventId) && slots.has(Key::Provider);
    table || slots.has(Key::Channel) || slots.has(Key::Winlog) || event || is_nested(slots)
}

/// `{"Event":{"System":{…},"EventData":{…}}}`, as tools print saved logs.
fn is_nested(slots: &Slots<'_>) -> bool {
    slots.get(Key::EventId).is_some_and(|raw| raw.is_object() && raw.get("System").is_some())
}

/// Reads one event.
pub(crate) fn read<'a>(slots: &Slots<'a>, whole: &str, settings: &Settings) -> Record<'a> {
    if is_nested(slots) {
        return nested(slots, whole, settings);
    }
    let mut record = Record { format: Format::EventLogJson, ..Record::default() };
    stamp::time(&mut record, slots, whole, settings);
    record.level = stamp::level(slots).or_else(|| inner_level(slots));
    record.context.node = node(slots);
    if let Some(text) = message(slots, whole) {
        tell(&mut record, text, settings);
    }
    record
}

/// A collector may keep the event as XML; it is then read from there.
fn tell<'a>(record: &mut Record<'a>, text: Text<'a>, settings: &Settings) {
    if !text.says.starts_with("<Event") {
        return body::read(record, text);
    }
    let events = windows_event::read(&text.says, &text.says, settings);
    let Some(event) = events.and_then(|events| events.into_iter().next()) else { return };
    let event = event.into_owned();
    let node = record.context.node.take();
    *record = Record {
        format: record.format,
        time: record.time.or(event.time),
        time_raw: record.time_raw.take().or(event.time_raw.clone()),
        ..event
    };
    record.context.node = node.or(record.context.node.take());
    record.issues.clear();
}

/// `log.level` of Winlogbeat.
fn inner_level(slots: &Slots<'_>) -> Option<crate::record::Level> {
    let log = slots.get(Key::Message).filter(|raw| raw.is_object()).or(slots.get(Key::Log))?;
    crate::lex::level(&log.get("level")?.text()?)
}

fn node<'a>(slots: &Slots<'a>) -> Option<std::borrow::Cow<'a, str>> {
    let winlog = || slots.get(Key::Winlog)?.get("computer_name");
    let host = || slots.get(Key::Host)?.get("name");
    slots.get(Key::Node).or_else(winlog).or_else(host).and_then(filled)
}

fn message<'a>(slots: &Slots<'a>, whole: &str) -> Option<Text<'a>> {
    let text = |raw: Raw<'a>| Text::json(raw, whole);
    let original = || slots.get(Key::EventId)?.get("original").and_then(text);
    let data = |raw: Raw<'a>| data(raw, whole, DEEPEST);
    let winlog = || slots.get(Key::Winlog)?.get("event_data").and_then(data);
    let found = slots.get(Key::Message).and_then(text);
    found
        .or_else(|| slots.get(Key::EventData).and_then(data))
        .or_else(|| slots.get(Key::Properties).and_then(data))
        .or_else(winlog)
        .or_else(original)
}

/// The first text of the data: `["…"]`, `[{"Value":"…"}]`, `{"param1":"…"}`, or XML.
fn data<'a>(raw: Raw<'a>, whole: &str, depth: usize) -> Option<Text<'a>> {
    if raw.is_array() || raw.is_object() {
        let depth = depth.checked_sub(1)?;
        let value = |item: Raw<'a>| data(item.get("Value").unwrap_or(item), whole, depth);
        return raw
            .items()
            .find_map(value)
            .or_else(|| raw.fields().find_map(|(_, value)| data(value, whole, depth)));
    }
    let text = Text::json(raw, whole)?;
    let at = offset_in(whole, raw.0);
    match inner_xml(&text.says) {
        Some(inner) => Some(Text::plain(&inner, &inner).within(at)),
        None => Some(text),
    }
}

/// The text in `<DataItem …><EventData><Data>…` or `<Param>…</Param>`.
fn inner_xml(text: &str) -> Option<String> {
    if !text.starts_with("<DataItem") && !text.starts_with("<Param>") {
        return None;
    }
    let (opening, closing) =
        if text.starts_with("<Param>") { ("<Param>", "</Param>") } else { ("<Data>", "</Data>") };
    let start = text.find(opening)? + opening.len();
    let end = start + text[start..].find(closing)?;
    Some(xml::unescape(&text[start..end]).into_owned())
}

fn nested<'a>(slots: &Slots<'a>, whole: &str, settings: &Settings) -> Record<'a> {
    let mut record = Record { format: Format::EventLogJson, ..Record::default() };
    let Some(event) = slots.get(Key::EventId) else { return record };
    let mut system = event.get("System").map(Slots::inside).unwrap_or_default();
    let time = system.get(Key::Time).and_then(|raw| {
        let attributes = raw.get("#attributes").unwrap_or(raw);
        attributes.get("SystemTime").or_else(|| attributes.get("@SystemTime"))
    });
    if let Some(time) = time {
        system.replace(Key::Time, time);
    }
    stamp::time(&mut record, &system, whole, settings);
    record.level = stamp::level(&system);
    record.context.node = system.get(Key::Node).and_then(filled);
    if let Some(text) = event.get("EventData").and_then(|raw| data(raw, whole, DEEPEST)) {
        body::read(&mut record, text);
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    #[test]
    #[rustfmt::skip]
    fn every_collector_is_read() {
        // input                                                                              time | level | node | message
        check(r#"{"TimeCreated":"2026-11-20T02:14:22+00:00","LogName":"L","Level":2,"LevelDisplayName":"Fehler","MachineName":"N","Message":"m"}"#,
              "2026-11-20T02:14:22Z | Error | N | m");
        check(r#"{"TimeCreated":"\/Date(1795140862486)\/","LogName":"L","Level":3,"MachineName":"N","Message":null,"Properties":[{"Value":"m"}]}"#,
              "2026-11-20T02:14:22.486Z | Warning | N | m");
        check(r#"{"EventTime":"2026-11-20 02:14:22","Hostname":"N","EventType":"ERROR","SeverityValue":4,"Channel":"L","Message":"m"}"#,
              "2026-11-20T02:14:22Z | Error | N | m");
        check(r#"{"EventTime":"2026-11-20 02:14:22","Hostname":"N","SeverityValue":3,"Channel":"L","Message":"m"}"#,
              "2026-11-20T02:14:22Z | Warning | N | m");
        check(r#"{"@timestamp":"2026-11-20T02:14:22.486Z","event":{"code":"0"},"host":{"name":"H"},"log":{"level":"error"},"message":"m","winlog":{"channel":"L","computer_name":"N"}}"#,
              "2026-11-20T02:14:22.486Z | Error | N | m");
        check(r#"{"TimeCreated":"2026-11-20 02:14:22 +0100","Channel":"L","EventID":0,"Level":2,"Computer":"N","Message":"","StringInserts":["m"]}"#,
              "2026-11-20T01:14:22Z | Error | N | m");
        check(r#"{"timestamp":"2026-11-20T02:14:22Z","channel":"L","event_id":0,"computer":"N","level":"Error","level_value":2,"message":"m"}"#,
              "2026-11-20T02:14:22Z | Error | N | m");
        check(r#"{"channel":"L","computer":"N","event_id":{"id":0},"level":"Information","message":"m","system_time":"2026-11-20T02:14:22.486917700Z"}"#,
              "2026-11-20T02:14:22.4869177Z | Information | N | m");
        check(r#"{"TimeGenerated":"2026-11-20T02:14:22Z","EventLog":"L","Computer":"N","EventLevel":1,"ParameterXml":"<Param>a &lt;b&gt;</Param>","Type":"Event"}"#,
              "2026-11-20T02:14:22Z | Error | N | a <b>");
        check(r##"{"Event":{"System":{"Level":2,"Computer":"N","TimeCreated":{"#attributes":{"SystemTime":"2026-11-20T02:14:22Z"}}},"EventData":{"Data":"m"}}}"##,
              "2026-11-20T02:14:22Z | Error | N | m");
        check(r#"{"Channel":"L","Message":"<Event><System><Level>2</Level><Computer>N</Computer></System><EventData><Data>m</Data></EventData></Event>"}"#,
              "- | Error | N | m");
    }

    #[track_caller]
    fn check(input: &str, expected: &str) {
        let it = parse(input, &Settings::default()).remove(0);
        let time = it.time.map_or("-".to_owned(), |time| time.to_string());
        let level = it.level.map_or("-".to_owned(), |level| format!("{level:?}"));
        let node = it.context.node.as_deref().unwrap_or("-");
        assert_eq!(it.format, Format::EventLogJson);
        assert_eq!(format!("{time} | {level} | {node} | {}", it.message), expected);
    }
}
