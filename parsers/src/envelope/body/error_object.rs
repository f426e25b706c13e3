//! An error that is an object in a text, behind words or alone.
//!
//! ```text
//! Operation on target A failed: {"StatusCode":"DF-X","Message":"m","Details":"d"}    data flow
//! Operation on target A failed: {"errorCode":"2108","message":"m","target":"A",…}    any activity
//! ```
//!
//! What it says is put in its place, so that the message reads as it would without the object;
//! its code and the like go to the record. What stands behind the object is kept.

use std::borrow::Cow;

use crate::envelope::body::{object, witness};
use crate::envelope::failure::Failure;
use crate::envelope::keys::Key;
use crate::envelope::slots::Slots;
use crate::envelope::text::{Text, filled};
use crate::json::Raw;
use crate::record::{Record, owned};

/// The text with what the object says in the object's place; as it was where it holds none.
pub(super) fn told<'a>(record: &mut Record<'a>, text: Text<'a>) -> Text<'a> {
    let Some(says) = object(&text.says).and_then(|at| flat(record, &text.says, at)) else {
        return text;
    };
    let at = text.offset(0);
    Text::plain(&says, &says).within(at)
}

fn flat(record: &mut Record<'_>, text: &str, at: usize) -> Option<String> {
    let (words, object) = text.split_at(at);
    let mut fields = Raw(object).fields();
    let slots = Slots::of(&mut fields);
    let status = slots.get(Key::StatusCode).and_then(filled);
    let (object, behind) = object.split_at(fields.end());
    if status.is_none() && !slots.has(Key::Code) || holds_chain_aside(&slots, object) {
        return None;
    }
    let error = Failure::of(&slots, object);
    let message = error.message?.says;
    let details = slots.get(Key::Details).filter(|it| it.is_string()).and_then(filled);
    let details = details.filter(|it| !message.contains(it.as_ref()));
    take_over(record, [status.or(error.code), error.failure_type, error.target]);
    let mut says = format!("{words}{message}");
    let more = [details.unwrap_or_default(), Cow::Borrowed(behind.trim())];
    for it in more.iter().filter(|it| !it.is_empty()) {
        says = format!("{says}\n{it}");
    }
    Some(says)
}

/// Whether a chain stands in the object elsewhere than in what is told of it: then that is told.
fn holds_chain_aside(slots: &Slots<'_>, object: &str) -> bool {
    let told = [Key::Message, Key::Details].map(|it| slots.get(it));
    witness(Raw(object)).is_some_and(|it| !told.contains(&Some(it)))
}

/// Fills in what the record does not know yet.
fn take_over(record: &mut Record<'_>, [code, failure_type, target]: [Option<Cow<'_, str>>; 3]) {
    let fill = |slot: &mut Option<_>, found| {
        if slot.is_none() {
            *slot = owned(found);
        }
    };
    fill(&mut record.code, code);
    fill(&mut record.failure_type, failure_type);
    fill(&mut record.context.activity, target);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn an_object_is_told_in_words() {
        // input                                                               code | type | activity | message
        check(r#"On A: {"StatusCode":"DF-X","Message":"m","Details":"d"}"#,    "DF-X | - | - | On A: m\nd");
        check(r#"On A: {"StatusCode":"DF-X","Message":"m","Details":"m"}"#,    "DF-X | - | - | On A: m");
        check(r#"On A: { "errorCode": "21", "message": "m \"n\"", "failureType": "UserError", "target": "A", "details": [] }"#,
                                                                               "21 | UserError | A | On A: m \"n\"");
        check(r#"{"errorCode":"21","message":"m"} and more"#,                  "21 | - | - | m\nand more");
        check(r#"On A: {"errorCode":"21","message":"cut"#,                     "21 | - | - | On A: cut");
        check(r#"On A: {"errorCode":"21","message":""}"#,                      r#"- | - | - | On A: {"errorCode":"21","message":""}"#);
        check(r#"On A: {"message":"m"}"#,                                      r#"- | - | - | On A: {"message":"m"}"#);
        check(r#"{"errorCode":"21","message":"m","inner":"ErrorCode=X,'Type=A.B,Message=c,Source=s,'"}"#,
                                                                               r#"- | - | - | {"errorCode":"21","message":"m","inner":"ErrorCode=X,'Type=A.B,Message=c,Source=s,'"}"#);
        check("On A: no object",                                               "- | - | - | On A: no object");
    }

    #[track_caller]
    fn check(input: &str, expected: &str) {
        let mut record = Record::default();
        let says = told(&mut record, Text::plain(input, input)).says;
        let text = |it: &Option<Cow<'_, str>>| it.as_deref().unwrap_or("-").to_owned();
        let known = [&record.code, &record.failure_type, &record.context.activity].map(text);
        assert_eq!(format!("{} | {says}", known.join(" | ")), expected);
    }
}
