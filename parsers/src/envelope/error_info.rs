//! The error as an object: `output.errors[]` of a copy, `<ErrorInfo>` of the trace.
//!
//! ```text
//! {"Code":0,"Message":"…","ExceptionType":"…","Source":"…","StackTrace":"…","InnerEventInfos":[…]}
//! ```
//!
//! One shape serves both, and holds its inner exceptions in itself. It becomes a chain
//! unless its message prints one, which is then the better witness. At most eight levels
//! are read.

use std::borrow::Cow;

use crate::chain::Link;
use crate::envelope::body;
use crate::envelope::keys::Key;
use crate::envelope::slots::Slots;
use crate::envelope::text;
use crate::envelope::text::{Text, filled};
use crate::json::Raw;
use crate::record::Record;

const DEEPEST: usize = 8;

/// Fills what a failed run does not say by itself from the `errors` of its output.
pub(crate) fn from_output<'a>(record: &mut Record<'a>, output: Option<Raw<'a>>, whole: &str) {
    let Some(output) = output else { return };
    if output.is_object() {
        if let Some(error) = output.get("errors").and_then(first) {
            fill(record, error, whole);
        }
        return;
    }
    let Some(says) = output.text() else { return };
    let Some((object, _)) = Raw::first(&says) else { return };
    if let Some(error) = object.get("errors").and_then(first) {
        let at = text::offset_in(whole, output.0);
        adopt(record, copy(error, &says, at));
    }
}

/// Tells the array in `text`. Gives the text back where it is none.
pub(crate) fn tell<'a>(record: &mut Record<'a>, text: Text<'a>) -> Option<Text<'a>> {
    match &text.says {
        Cow::Borrowed(says) => match Raw::first(says).and_then(|(raw, _)| first(raw)) {
            Some(error) => fill(record, error, says),
            None => return Some(text),
        },
        Cow::Owned(says) => {
            let Some(error) = Raw::first(says).and_then(|(raw, _)| first(raw)) else {
                return Some(text);
            };
            let told = copy(error, says, text.offset(0));
            adopt(record, told);
        }
    }
    None
}

/// The first object of an array, or the object itself.
fn first(raw: Raw<'_>) -> Option<Raw<'_>> {
    if raw.is_object() { Some(raw) } else { raw.items().find(|item| item.is_object()) }
}

/// Fills the record from one error object.
pub(crate) fn fill<'a>(record: &mut Record<'a>, error: Raw<'a>, whole: &str) {
    adopt(record, read(error, whole));
}

/// Reads one error object in a text that was unescaped, and stood at `at`.
fn copy(error: Raw<'_>, says: &str, at: usize) -> Record<'static> {
    let mut told = read(error, says).into_owned();
    told.issues.iter_mut().for_each(|issue| issue.at = at);
    told
}

fn read<'a>(error: Raw<'a>, whole: &str) -> Record<'a> {
    let mut told = Record::default();
    if let Some(message) = error.get("Message").and_then(|raw| Text::json(raw, whole)) {
        body::read_bare(&mut told, message);
    }
    if told.chain.is_empty() {
        links(&mut told.chain, error, DEEPEST);
    }
    told
}

/// Takes into the record what an error object told.
fn adopt<'a>(record: &mut Record<'a>, told: Record<'a>) {
    record.chain = told.chain;
    record.truncated |= told.truncated;
    record.side = record.side.or(told.side);
    record.code = record.code.take().or(told.code);
    record.issues.extend(told.issues);
    let (context, told_context) = (&mut record.context, told.context);
    context.activity = context.activity.take().or(told_context.activity);
    context.integration_runtime =
        context.integration_runtime.take().or(told_context.integration_runtime);
    if record.message.is_empty() {
        record.message = told.message;
    }
}

/// The object and its inner ones as links, if it is an exception at all.
fn links<'a>(chain: &mut Vec<Link<'a>>, error: Raw<'a>, depth: usize) {
    let slots = Slots::inside(error);
    let type_name = slots.get(Key::ExceptionType).and_then(filled);
    if type_name.is_none() && chain.is_empty() && slots.get(Key::Inner).and_then(first).is_none() {
        return;
    }
    chain.push(Link {
        type_name,
        message: slots.get(Key::Message).and_then(Raw::text).unwrap_or_default(),
        source: slots.get(Key::Source).and_then(Raw::text),
        stack_trace: slots.get(Key::StackTrace).and_then(filled),
        ..Link::default()
    });
    if depth > 1
        && let Some(inner) = slots.get(Key::Inner).and_then(first)
    {
        links(chain, inner, depth - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn the_object_becomes_a_chain() {
        // input                                                      message; links
        check(r#"[{"Message":"m","ExceptionType":"E","Source":"s"}]"#, "m; E:m:s");
        check(r#"[{"Message":"m","ExceptionType":null,"InnerEventInfos":[]}]"#, "m; ");
        check(r#"{"Message":"a","ExceptionType":"A","InnerEventInfos":[{"Message":"b","ExceptionType":"B","Source":""}]}"#,
              "a; A:a:- B:b:");
    }

    #[track_caller]
    fn check(input: &str, expected: &str) {
        let mut record = Record::default();
        assert!(tell(&mut record, Text::plain(input, input)).is_none());
        let links: Vec<String> = record
            .chain
            .iter()
            .map(|link| {
                let source = link.source.as_deref().unwrap_or("-");
                format!("{}:{}:{source}", link.type_name.as_deref().unwrap_or("-"), link.message)
            })
            .collect();
        assert_eq!(format!("{}; {}", record.message, links.join(" ")), expected);
    }

    #[test]
    fn nesting_is_read_eight_deep() {
        let input = (0..20).fold("[]".to_owned(), |inner, _| {
            format!(r#"[{{"Message":"m","ExceptionType":"E","InnerEventInfos":{inner}}}]"#)
        });
        let mut record = Record::default();
        tell(&mut record, Text::plain(&input, &input));
        assert_eq!(record.chain.len(), DEEPEST);
    }
}
