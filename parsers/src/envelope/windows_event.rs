//! Windows events as XML: `wevtutil`, the event viewer, `EvtRender`.
//!
//! ```text
//! <Event xmlns='…'><System>…<Level>2</Level><TimeCreated SystemTime='…'/>…<Computer>…</Computer></System>
//! <EventData><Data>the text</Data></EventData><RenderingInfo><Message>the text</Message></RenderingInfo></Event>
//! ```
//!
//! Events stand one after another without a root, between tree marks and blanks. The
//! message is the rendered one or the data, whichever says more: a machine without the
//! message file renders little. What the text says is left to the body.

use std::borrow::Cow;
use std::ops::Range;

use crate::Settings;
use crate::envelope::body;
use crate::envelope::text::{Text, note, offset_in};
use crate::issue::IssueKind;
use crate::lex;
use crate::record::{Format, Record};
use crate::xml;
use crate::xml::{Tag, Tags};

/// Reads all events of the text. `None` where there is none.
pub(crate) fn read<'a>(text: &'a str, whole: &str, settings: &Settings) -> Option<Vec<Record<'a>>> {
    let mut tags = Tags::of(text);
    let mut reader = Reader { text, whole, settings, records: Vec::new(), event: None, open: 0 };
    for tag in tags.by_ref() {
        match tag {
            Tag::Open(tag, end) => reader.open(&tag, end),
            Tag::Close(tag, place) => reader.close(tag.local_name().as_ref(), place),
        }
    }
    if let Some(mut event) = reader.event.take() {
        event.close_text(text, text.len());
        let mut record = event.record(whole, settings);
        record.truncated = true;
        note(&mut record, whole.len(), IssueKind::Truncated);
        if let Some(at) = tags.damage {
            note(&mut record, offset_in(whole, text) + at, IssueKind::InvalidXml);
        }
        reader.records.push(record);
    }
    (!reader.records.is_empty()).then_some(reader.records)
}

struct Reader<'a, 's> {
    text: &'a str,
    whole: &'s str,
    settings: &'s Settings,
    records: Vec<Record<'a>>,
    event: Option<Parts<'a>>,
    /// Where the text of the open element begins.
    open: usize,
}

/// What an event is made of, as written.
#[derive(Default)]
struct Parts<'a> {
    time: Option<String>,
    level: Option<&'a str>,
    node: Option<&'a str>,
    data: Vec<&'a str>,
    rendered: Option<&'a str>,
    /// True while the elements speak of rendering, where a level is a word.
    rendering: bool,
    rendered_level: Option<&'a str>,
    /// Where the text began that was not closed yet.
    text: Option<usize>,
    /// Where `UserData` begins; its elements have any names.
    user_data: Option<usize>,
}

impl<'a> Reader<'a, '_> {
    fn open(&mut self, tag: &quick_xml::events::BytesStart<'_>, end: usize) {
        let name = tag.local_name();
        self.open = end;
        if name.as_ref() == "Event" {
            self.finish();
            self.event = Some(Parts::default());
        }
        let Some(event) = &mut self.event else { return };
        match name.as_ref() {
            "TimeCreated" => event.time = xml::attribute(tag, "SystemTime"),
            "RenderingInfo" => event.rendering = true,
            "UserData" => event.user_data = Some(end),
            "Data" => event.text = Some(end),
            _ => {}
        }
    }

    fn close(&mut self, name: &str, place: Range<usize>) {
        let Some(event) = &mut self.event else { return };
        let inside = self.text.get(self.open..place.start).unwrap_or_default();
        match name {
            "Event" => {
                event.close_text(self.text, place.start);
                return self.finish();
            }
            "Level" if event.rendering => event.rendered_level = Some(inside),
            "Level" => event.level = Some(inside),
            "Computer" => event.node = Some(inside),
            "Data" => event.close_text(self.text, place.start),
            "Message" if event.rendering => event.rendered = Some(inside),
            "UserData" => event.user_data = None,
            _ if event.user_data.is_some() && !inside.trim().is_empty() => event.data.push(inside),
            _ => {}
        }
        self.open = place.end;
    }

    fn finish(&mut self) {
        if let Some(event) = self.event.take() {
            self.records.push(event.record(self.whole, self.settings));
        }
    }
}

impl<'a> Parts<'a> {
    /// Takes in the text that is open, up to `end`; its own end may be missing.
    fn close_text(&mut self, text: &'a str, end: usize) {
        if let Some(start) = self.text.take() {
            self.data.extend(text.get(start..end));
        }
    }

    fn record(self, whole: &str, settings: &Settings) -> Record<'a> {
        let mut record = Record { format: Format::EventLog, ..Record::default() };
        if let Some(time) = &self.time {
            record.time = lex::timestamp(time, &settings.timezone);
            record.time_raw = Some(Cow::Owned(time.clone()));
            if record.time.is_none() && !lex::is_no_time(time) {
                note(&mut record, 0, IssueKind::InvalidTime);
            }
        }
        record.level = self.level.and_then(lex::level);
        record.level = record.level.or_else(|| lex::level(self.rendered_level?));
        record.context.node = self.node.map(|it| xml::unescape(it.trim()));
        body::read(&mut record, self.message(whole));
        record
    }

    fn message(&self, whole: &str) -> Text<'a> {
        let rendered = self.rendered.unwrap_or_default();
        let data: usize = self.data.iter().map(|it| it.len()).sum();
        let one = match self.data[..] {
            _ if rendered.len() > data => rendered,
            [] => rendered,
            [one] => one,
            _ => return self.joined(whole),
        };
        Text::unescaped(xml::unescape(one), one, whole, xml::written_offset)
    }

    /// Several data are several lines.
    fn joined(&self, whole: &str) -> Text<'a> {
        let lines: Vec<Cow<'_, str>> = self.data.iter().map(|it| xml::unescape(it)).collect();
        Text::unescaped(Cow::Owned(lines.join("\n")), self.data[0], whole, |_, _| 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn an_event_is_read_however_it_is_written() {
        // input                                                                  level | node | message
        check("<Event><System><Level>2</Level><Computer>N</Computer></System><EventData><Data>a &lt;b&gt;</Data></EventData></Event>",
              "Error | N | a <b>");
        check("<Event xmlns=\"x\">\n- <System>\n  <Level>3</Level>\n  </System>\n- <EventData>\n  <Data>a</Data> <Data Name='p'>b</Data>\n</EventData></Event>",
              "Warning | - | a\nb");
        check("<Event><System><Level>4</Level></System><UserData><X><Y>a</Y><Z>b</Z></X></UserData></Event>",
              "Information | - | a\nb");
        check("<Event><System/><EventData><Data>a</Data></EventData><RenderingInfo><Message>It is a.</Message><Level>Fehler</Level></RenderingInfo></Event>",
              "Error | - | It is a.");
        check("<Event><System><Level>2</Level></System><EventData><Data>A & B</Data></EventData></Event>",
              "Error | - | A & B");
        check("<Event><EventData><Data>one</Data></EventData></Event><Event><EventData><Data>two</Data></EventData></Event>",
              "- | - | one; - | - | two");
    }

    #[track_caller]
    fn check(input: &str, expected: &str) {
        let records = read(input, input, &Settings::default()).unwrap();
        let shown: Vec<String> = records
            .iter()
            .map(|it| {
                let level = it.level.map_or("-".to_owned(), |level| format!("{level:?}"));
                format!("{level} | {} | {}", it.context.node.as_deref().unwrap_or("-"), it.message)
            })
            .collect();
        assert_eq!(shown.join("; "), expected);
        assert!(records.iter().all(|it| it.issues.is_empty()));
    }

    #[test]
    fn an_event_that_is_cut_is_read_as_far_as_it_goes() {
        let text = "<Event><System><Level>2</Level></System><EventData><Data>a</Data></Eve";
        let records = read(text, text, &Settings::default()).unwrap();
        assert_eq!(records[0].message, "a");
        assert!(records[0].truncated);
        let records = read(&text[..58], text, &Settings::default()).unwrap();
        assert_eq!(records[0].message, "a");
        assert!(records[0].truncated);
    }
}
