//! Errors as people copy them from the portal: labels and values.
//!
//! ```text
//! Error code: 2200
//! Failure type: User configuration issue
//! Details: ErrorCode=ParquetInvalidColumnName,'Type=…
//! Activity ID: 97e70903-46b5-5348-b59b-9889a708b8e4
//! ```
//!
//! A label stands at the beginning of a line, its value behind it or on the next lines. A
//! text is read so only if it begins with a label that nothing else begins with, behind the
//! heading `Error details` of the page where that was copied too. What the
//! details say is left to the body.

use std::borrow::Cow;
use std::ops::Range;

use crate::envelope::body;
use crate::envelope::text::Text;
use crate::lex;
use crate::record::{Format, Level, Record};

/// The labels, in lower case, and what they introduce.
const LABELS: [(&str, Label); 16] = [
    ("error code", Label::Code),
    ("inner error code", Label::InnerCode),
    ("failure type", Label::FailureType),
    ("details", Label::Details),
    ("message", Label::Details),
    ("error message", Label::Details),
    ("error details", Label::Details),
    ("error source", Label::Other),
    ("activity id", Label::ActivityRun),
    ("activity run id", Label::ActivityRun),
    ("activity name", Label::Activity),
    ("source", Label::Other),
    ("pipeline", Label::Pipeline),
    ("pipeline name", Label::Pipeline),
    ("pipeline run id", Label::PipelineRun),
    ("troubleshooting guide", Label::Other),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Label {
    Code,
    InnerCode,
    FailureType,
    Details,
    ActivityRun,
    Activity,
    Pipeline,
    PipelineRun,
    Other,
}

/// Reads a labelled text. `None` where it is none.
pub(crate) fn read<'a>(text: &'a str, whole: &str) -> Option<Record<'a>> {
    let text = unheaded(text);
    let (first, _) = label(lex::first_line(text))?;
    if !matches!(first, Label::Code | Label::FailureType) || text.lines().nth(1).is_none() {
        return None;
    }
    let mut record =
        Record { format: Format::Plain, level: Some(Level::Error), ..Record::default() };
    let mut details = None;
    for (label, range) in fields(text) {
        let value = text[range.clone()].trim();
        if label == Label::Details && details.is_none() {
            details = Some(range);
        } else if !value.is_empty() {
            put(&mut record, label, value);
        }
    }
    let inside = text[details.unwrap_or(0..text.len())].trim();
    body::read(&mut record, Text::plain(inside, whole));
    Some(record)
}

/// The text behind the heading of the page, which is easily copied with what it heads.
fn unheaded(text: &str) -> &str {
    const HEADING: &str = "error details";
    if !text.get(..HEADING.len()).is_some_and(|it| it.eq_ignore_ascii_case(HEADING)) {
        return text;
    }
    match text[HEADING.len()..].split_once('\n') {
        Some((behind, rest)) if behind.trim().is_empty() => rest.trim_start(),
        _ => text,
    }
}

fn put<'a>(record: &mut Record<'a>, label: Label, value: &'a str) {
    let value = Cow::Borrowed(value);
    let context = &mut record.context;
    let slot = match label {
        Label::Code => &mut record.code,
        // The outer code may be `OK`; the inner one is the error then.
        Label::InnerCode => {
            record.code = None;
            &mut record.code
        }
        Label::FailureType => &mut record.failure_type,
        Label::Activity => &mut context.activity,
        Label::Pipeline => &mut context.pipeline,
        Label::PipelineRun => &mut context.pipeline_run_id,
        Label::ActivityRun if lex::guid(&value).is_some() => &mut context.activity_run_id,
        Label::ActivityRun | Label::Details | Label::Other => return,
    };
    if slot.is_none() {
        *slot = Some(value);
    }
}

/// Each label, and where its value stands: to the line of the next one.
fn fields(text: &str) -> Vec<(Label, Range<usize>)> {
    let mut fields: Vec<(Label, Range<usize>)> = Vec::new();
    let (mut at, mut details) = (0, false);
    for line in text.split_inclusive('\n') {
        // Behind the details their own words may look like the label of more.
        let found = label(line).filter(|(label, _)| *label != Label::Details || !details);
        if let Some((label, length)) = found {
            details |= label == Label::Details;
            fields.push((label, at + length..at + line.len()));
        } else if let Some((_, range)) = fields.last_mut() {
            range.end = at + line.len();
        }
        at += line.len();
    }
    fields
}

/// The label that the line begins with, and how long it is with its colon.
fn label(line: &str) -> Option<(Label, usize)> {
    let indent = line.len() - line.trim_start().len();
    let text = &line[indent..];
    LABELS.iter().find_map(|(name, label)| {
        let head = text.get(..name.len()).filter(|head| head.eq_ignore_ascii_case(name))?;
        let rest = &text[head.len()..];
        let colon = rest.trim_start_matches([' ', '\t']).strip_prefix([':', '：']);
        let length = match colon {
            Some(value) => text.len() - value.len(),
            // Without a colon the label has the line for itself.
            None if rest.trim().is_empty() => head.len(),
            None => return None,
        };
        Some((*label, indent + length))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn labels_lead_to_their_fields() {
        // input                                                      code | type | message
        check("Error code: 2200\nDetails: m",                         "2200 | - | m");
        check("Error code\n2200\nFailure type\nUser configuration issue\nDetails\nm\nn\nError source\nPipeline x",
              "2200 | User configuration issue | m\nn");
        check("Error code: 2200\nDetails: m\n Message: n",             "2200 | - | m\n Message: n");
        check("Failure type: User configuration issue\nDetails: m",   "- | User configuration issue | m");
        check("Error code: OK\nInner error code: BadRequest\nMessage: m", "BadRequest | - | m");
        check("Error details\nError code\n9603\nDetails\nm",          "9603 | - | m");
        check("Error details\r\n\r\nError code: 9603\r\nDetails: m", "9603 | - | m");
        check("Error details\nm",                                     "no labels");
        check("Error details\n",                                      "no labels");
        check("Error code: 103",                                      "no labels");
        check("ErrorCode: NotReady\nMessage: Wait.",                  "no labels");
        check("Details: m\nError code: 1",                            "no labels");
    }

    #[track_caller]
    fn check(input: &str, expected: &str) {
        let actual = read(input, input).map_or("no labels".to_owned(), |it| {
            let text = |it: Option<Cow<'_, str>>| it.as_deref().unwrap_or("-").to_owned();
            format!("{} | {} | {}", text(it.code), text(it.failure_type), it.message)
        });
        assert_eq!(actual, expected);
    }
}
