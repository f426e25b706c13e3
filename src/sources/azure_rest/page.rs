//! Pages of answers: `{"value":[…],"continuationToken":…}`, with each element as it was written.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use xxhash_rust::xxh3::xxh3_64;

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
    /// The address of the next page, where there is one.
    #[serde(rename = "nextLink", default)]
    pub(super) link: Option<String>,
}

/// What we need to know of a run of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) run_start: Option<Timestamp>,
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
    /// The run of an element. One without an id is known by its text: it is told all the same.
    pub(super) fn of(element: &RawValue) -> Self {
        let it: Value = serde_json::from_str(element.get()).unwrap_or_default();
        let text = |key: &str| it[key].as_str().unwrap_or_default().to_owned();
        let id = Some(text("runId")).filter(|it| !it.is_empty() && !it.contains('/'));
        Self {
            id: id.unwrap_or_else(|| format!("{:016x}", xxh3_64(element.get().as_bytes()))),
            status: text("status"),
            run_start: text("runStart").parse().ok(),
            last_updated: text("lastUpdated").parse().ok(),
        }
    }

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

    #[test]
    #[rustfmt::skip]
    fn a_run_is_read_as_far_as_it_goes() {
        let run = |text: &str| Run::of(&RawValue::from_string(text.to_owned()).unwrap());
        let whole = run(r#"{"runId":"r","status":"Failed","runStart":null,"lastUpdated":"2018-06-16T00:37:44.6257014Z"}"#);
        assert_eq!((whole.id.as_str(), whole.has_ended(), whole.run_start), ("r", true, None));
        assert_eq!(whole.last_updated.map(|it| it.as_second()), Some(1_529_109_464));
        let nameless = run(r#"{"status":5,"lastUpdated":"yesterday"}"#);
        assert_eq!((nameless.id.len(), nameless.last_updated), (16, None));
        assert_ne!(nameless.id, run(r#"{"status":6}"#).id);
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
