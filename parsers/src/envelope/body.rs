//! The body of an event: the words of the runtime itself, whichever carrier brought them.
//!
//! ```text
//! System error while attempting to launch datascan process. ActivityId: 8d2c7366-…
//! Exception:'Type=…,Message=…,Source=…,'
//! Job ID: 97e70903-…
//! Log ID: Error
//! └ trailer: says where and how bad, and is cut from the message
//! ```
//!
//! What the body is wrapped in is taken off (the sentence of a missing message file,
//! `<LogProperties>`), the trailer goes to the context, and the rest is told. What is a
//! chain is decided elsewhere.

mod look;

use std::ops::Range;

use memchr::{memchr, memmem, memrchr2};

use crate::chain;
use crate::chain::entities;
use crate::envelope::body::look::{ACTIVITY_KEYS, ESCAPED, Look, Rare};
use crate::envelope::keys::Key;
use crate::envelope::slots::Slots;
use crate::envelope::text::{Text, filled, tell};
use crate::envelope::{LINE_ENDS, dotnet, log_properties, quoting};
use crate::json;
use crate::json::Raw;
use crate::lex;
use crate::needle::{Needles, needle, needles};
use crate::record::{Record, owned};

/// Reads a body into the record.
pub(crate) fn read<'a>(record: &mut Record<'a>, text: Text<'a>) {
    let range = unwrapped(&text.says);
    let mut text = text.part(range);
    let mut look = Look::at(&text.says);
    if is_plain(&text.says, look) {
        let end = trailer(record, &text.says);
        return told(record, text.part(0..end));
    }
    if look.holds(Rare::LogProperties) {
        text = match log_properties::open(record, text) {
            log_properties::Opened::Told => return,
            log_properties::Opened::Text(text) => text,
        };
        look = Look::at(&text.says);
    }
    let (text, look) = opened(text, look);
    ids(record, &text, look);
    let end = trailer(record, &text.says);
    bare(record, text.part(0..end), look);
}

/// Reads a body that nothing was put around, as in the record of a run.
pub(crate) fn read_bare<'a>(record: &mut Record<'a>, text: Text<'a>) {
    let look = Look::at(&text.says);
    bare(record, text, look);
}

/// The same of a text that was looked at, maybe with a trailer.
fn bare<'a>(record: &mut Record<'a>, mut text: Text<'a>, mut look: Look) {
    if look.holds(Rare::DataFlow) {
        text = data_flow(record, text);
        look = Look::at(&text.says);
    }
    if !is_plain(&text.says, look) {
        text = opened(text, look).0;
    }
    told(record, text);
}

fn told<'a>(record: &mut Record<'a>, text: Text<'a>) {
    tell(record, text);
    if record.chain.is_empty() {
        dotnet::read(record);
    }
}

/// Whether nothing of the text is opened or taken out.
fn is_plain(text: &str, look: Look) -> bool {
    look.is_empty() && memchr(b'\n', text.as_bytes()).is_none() && object(text).is_none()
}

/// The error of a data flow is an object in the text.
fn data_flow<'a>(record: &mut Record<'a>, text: Text<'a>) -> Text<'a> {
    let opens = needle!("{\"StatusCode\"").find(text.says.as_bytes());
    let Some(at) = opens.filter(|at| !HINTS.any_in(&text.says[..*at])) else { return text };
    let (words, object) = text.says.split_at(at);
    let slots = Slots::inside(Raw(object));
    let get = |key: Key| slots.get(key).and_then(filled);
    let Some(message) = get(Key::Message) else { return text };
    if record.code.is_none() {
        record.code = owned(get(Key::StatusCode));
    }
    let says = match get(Key::Details).filter(|details| !message.contains(details.as_ref())) {
        Some(details) => format!("{words}{message}\n{details}"),
        None => format!("{words}{message}"),
    };
    let at = text.offset(0);
    Text::plain(&says, &says).within(at)
}

/// A chain within an object that is the text: `{"error":{"message":"ErrorCode=…"}}`; or
/// within a request that the trace printed as JSON: `\u0027Type=…`.
fn opened(mut text: Text<'_>, mut look: Look) -> (Text<'_>, Look) {
    for _ in 0..LAYERS {
        let Some(says) = layer(&text.says, look) else { break };
        text = Text::plain(&says, &says).within(text.offset(0));
        look = Look::at(&text.says);
    }
    (text, look)
}

/// The text with one layer around its chain undone; `None` where there is none.
fn layer(text: &str, look: Look) -> Option<String> {
    let (words, rest) = text.split_at(object(text).unwrap_or(text.len()));
    if let Some(inner) = witness(Raw(rest)).and_then(Raw::text) {
        return Some(format!("{words}{inner}"));
    }
    // The look tells of more than this text where a trailer was taken off, or cannot tell.
    if look.holds(Rare::EscapedChain) && needle!(ESCAPED).find(text.as_bytes()).is_some() {
        return Some(json::unescape(text).into_owned());
    }
    let plain = look.holds(Rare::EncodedChain).then(|| entities::opened(text)).flatten();
    plain.or_else(|| quoting::joined(text))
}

/// Where an object begins with the chain in it: at once, or behind words such as
/// `Operation on target A failed: `.
fn object(text: &str) -> Option<usize> {
    let at = memchr(b'{', text.as_bytes())?;
    let opens = text[at + 1..].trim_start().starts_with('"');
    (opens && !HINTS.any_in(&text[..at])).then_some(at)
}

/// What stands in a text that holds a chain.
static WITNESSES: Needles<3> = Needles::new(|| needles(["ErrorCode=", "'Type=", ESCAPED]));

/// What stands in a text that may hold one.
static HINTS: Needles<3> = Needles::new(|| needles(["Type=", "ErrorCode", ESCAPED]));

/// The first text of a value in which a chain stands.
pub(crate) fn witness(raw: Raw<'_>) -> Option<Raw<'_>> {
    if !HINTS.any_in(raw.0) {
        return None;
    }
    let read = |it: &Raw<'_>| it.text().is_some_and(|text| !chain::read(&text).links.is_empty());
    let sure = raw.strings().find(|it| WITNESSES.any_in(it.0));
    sure.or_else(|| raw.strings().find(|it| HINTS.any_in(it.0) && read(it)))
}

/// JSON in a text in JSON is undone this often.
const LAYERS: usize = 3;

/// What is left without the sentences that Windows puts around an event whose message
/// file is not installed.
fn unwrapped(text: &str) -> Range<usize> {
    const INTRODUCTION: &str = "following information was included with the event:";
    const ENDINGS: [&str; 2] = [
        "the message resource is present but the message was not found",
        "the message resource is present but the message is not found",
    ];
    let mut range = blank_at_start(text)..text.len();
    if text[range.start..].starts_with("The description for Event ID")
        && let Some(at) = memmem::find(text.as_bytes(), INTRODUCTION.as_bytes())
    {
        let body = at + INTRODUCTION.len();
        range.start = body + blank_at_start(&text[body..]);
        for ending in ENDINGS {
            let lower = text[range.clone()].to_ascii_lowercase();
            if let Some(at) = lower.rfind(ending) {
                range.end = range.start + text[range.start..range.start + at].trim_end().len();
            }
        }
    }
    range.end = range.start + text[range.clone()].trim_end_matches(LINE_ENDS).len();
    range
}

fn blank_at_start(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// Reads the trailer lines at the end, and says where the message ends in front of them.
fn trailer(record: &mut Record<'_>, text: &str) -> usize {
    let mut end = text.len();
    loop {
        let head = text[..end].trim_end_matches(LINE_ENDS);
        let start = memrchr2(b'\n', b'\r', head.as_bytes()).map_or(0, |at| at + 1);
        if !trailer_line(record, head[start..].trim_start()) {
            return head.len();
        }
        end = start;
    }
}

fn trailer_line(record: &mut Record<'_>, line: &str) -> bool {
    if let Some(level) = line.strip_prefix("Log ID:") {
        record.level = lex::level(level).or(record.level);
        return true;
    }
    let id =
        ["Job ID:", "Activity ID:", "ActivityId:"].iter().find_map(|key| line.strip_prefix(key));
    id.is_some_and(|id| lex::guid(id.trim()).is_some_and(|guid| guid.len() == id.trim().len()))
}

/// The ids that the text names, wherever they stand.
fn ids<'a>(record: &mut Record<'a>, text: &Text<'a>, look: Look) {
    static JOB: Needles<1> = Needles::new(|| needles(["Job ID: "]));
    static ACTIVITY: Needles<3> = Needles::new(|| needles(ACTIVITY_KEYS));
    let context = &mut record.context;
    if look.holds(Rare::Job) && context.job_id.is_none() {
        context.job_id = id_range(&text.says, &JOB).map(|it| text.piece(it));
    }
    if look.holds(Rare::Activity) && context.activity_run_id.is_none() {
        context.activity_run_id = id_range(&text.says, &ACTIVITY).map(|it| text.piece(it));
    }
}

fn id_range<const N: usize>(text: &str, keys: &Needles<N>) -> Option<Range<usize>> {
    let start = keys.behind(text, |rest| lex::guid(rest).is_some())?;
    Some(start..start + 36)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    #[rustfmt::skip]
    fn the_trailer_is_cut_and_told() {
        const JOB: &str = "97e70903-46b5-5348-b59b-9889a708b8e4";
        // input                                              message | level | job | activity run
        check("Disk full.",                                   "Disk full. | - | - | -");
        check(&format!("Oh.\r\nJob ID: {JOB}\r\nLog ID: Error"), &format!("Oh. | error | {JOB} | -"));
        check(&format!("Oh.\nJob ID: {JOB}\nLog ID: Warning\n"), &format!("Oh. | warning | {JOB} | -"));
        check(&format!("Oh. Activity ID: {JOB}"),             &format!("Oh. Activity ID: {JOB} | - | - | {JOB}"));
        check(&format!("Oh, activityId is: {JOB} and so on"), &format!("Oh, activityId is: {JOB} and so on | - | - | {JOB}"));
        check("Job ID: none of ours",                         "Job ID: none of ours | - | - | -");
        check("The description for Event ID 0 from source X cannot be found. The following information was included with the event:\r\n\r\nOh.\r\n\r\nThe message resource is present but the message was not found in the message table",
                                                              "Oh. | - | - | -");
    }

    #[track_caller]
    fn check(input: &str, expected: &str) {
        let mut record = Record::default();
        read(&mut record, Text::plain(input, input));
        let level = record.level.map_or("-".to_owned(), |it| format!("{it:?}").to_lowercase());
        let id = |it: &Option<Cow<'_, str>>| it.as_deref().unwrap_or("-").to_owned();
        let actual = format!(
            "{} | {level} | {} | {}",
            record.message,
            id(&record.context.job_id),
            id(&record.context.activity_run_id)
        );
        assert_eq!(actual, expected);
    }
}
