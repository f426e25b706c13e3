//! Pages of answers: `{"value":[…],"continuationToken":…}`, with each element as it was written.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::sources::azure::trouble::{Kind, Trouble};

/// A page.
#[derive(Debug, Deserialize)]
pub(super) struct Page<'a> {
    /// The elements, as they were written.
    #[serde(borrow, default)]
    pub(super) value: Vec<&'a RawValue>,
    /// By what the next page is asked for; a page may be empty and go on.
    #[serde(rename = "continuationToken", default)]
    pub(super) next: Option<String>,
}

/// What we need to know of a run of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run {
    #[serde(rename = "runId")]
    pub(super) id: String,
    #[serde(default)]
    pub(super) status: String,
    #[serde(default)]
    pub(super) run_start: Option<Timestamp>,
    #[serde(default)]
    pub(super) last_updated: Option<Timestamp>,
}

impl<'a> Page<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Trouble> {
        let text = str::from_utf8(bytes).ok();
        let page = text
            .and_then(|it| serde_json::from_str::<Self>(it.trim_start_matches('\u{feff}')).ok());
        let page =
            page.ok_or_else(|| Trouble::new(Kind::Other, "an answer is no page of a list"))?;
        Ok(Self { next: page.next.filter(|it| !it.is_empty()), ..page })
    }
}

impl Run {
    /// True when it goes on no more.
    pub(super) fn has_ended(&self) -> bool {
        ["Succeeded", "Failed", "Cancelled"].iter().any(|it| it.eq_ignore_ascii_case(&self.status))
    }
}

/// An element on one line: a line end in JSON is a blank outside of texts, and never in them.
pub(super) fn line(element: &RawValue, out: &mut Vec<u8>) {
    out.extend(element.get().bytes().map(|it| if matches!(it, b'\n' | b'\r') { b' ' } else { it }));
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_page_is_read_as_it_was_written() {
        // answer                                                        elements | next
        check(r#"{"value":[{"a":1},{"b":"x\n"}]}"#,                      "{\"a\":1}\n{\"b\":\"x\\n\"}\n | None");
        check("{\"value\":[{\n\"a\": 1\r\n}],\"continuationToken\":\"t\"}", "{ \"a\": 1  }\n | Some(\"t\")");
        check(r#"{"value":[],"continuationToken":"{\"token\":null}"}"#,  " | Some(\"{\\\"token\\\":null}\")");
        check(r#"{"value":[],"continuationToken":null}"#,                " | None");
        check(r#"{"value":[],"continuationToken":""}"#,                  " | None");
        check("<html>",                                                  "an answer is no page of a list");
    }

    #[track_caller]
    fn check(answer: &str, expected: &str) {
        let told = match Page::read(answer.as_bytes()) {
            Ok(page) => {
                let mut out = Vec::new();
                page.value.iter().for_each(|it| line(it, &mut out));
                format!("{} | {:?}", String::from_utf8(out).unwrap(), page.next)
            }
            Err(trouble) => trouble.text,
        };
        assert_eq!(told, expected);
    }
}
