//! Runs of activities, pipelines and triggers, and records of SSIS, as the service
//! writes them.
//!
//! ```text
//! {"time":"…","category":"ActivityRuns","operationName":"Copy orders - Failed",
//!  "properties":{"Input":…,"Output":…,"Error":{"errorCode":"2200","message":"…",…}}}
//! ```
//!
//! Diagnostic settings, Log Analytics, REST and the portal write the same names in
//! other cases and at other depths, and objects as text. The error of a run is opened
//! only if the run failed: most runs go well, and must cost little.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memmem, memrchr};

use crate::Settings;
use crate::envelope::failure::Failure;
use crate::envelope::keys::Key;
use crate::envelope::slots::Slots;
use crate::envelope::text::{Text, filled, part};
use crate::envelope::{body, connector, error_info, stamp};
use crate::json::Raw;
use crate::lex;
use crate::record::{Context, Format, Level, Record, Run};

/// Which kind of run the keys speak of; `None` where they speak of something else.
pub(crate) fn format(slots: &Slots<'_>) -> Option<Format> {
    by_name(slots).or_else(|| by_keys(slots))
}

/// True when the record says by name that it is one of these.
pub(crate) fn is_named(slots: &Slots<'_>) -> bool {
    by_name(slots).is_some()
}

fn by_name(slots: &Slots<'_>) -> Option<Format> {
    [Key::Category, Key::Table].into_iter().find_map(|key| named(slots, key))
}

/// By the category (`SandboxActivityRuns`) or the table (`ADFPipelineRun`).
fn named(slots: &Slots<'_>, key: Key) -> Option<Format> {
    let name = slots.get(key)?.inner()?;
    let name = name.strip_suffix('s').unwrap_or(name);
    let ends = |end: &str| {
        name.len()
            .checked_sub(end.len())
            .and_then(|at| name.get(at..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    };
    if ends("ActivityRun") {
        Some(Format::ActivityRun)
    } else if ends("PipelineRun") {
        Some(Format::PipelineRun)
    } else if ends("TriggerRun") {
        Some(Format::TriggerRun)
    } else if name.starts_with("SSIS") || name.starts_with("ADFSSIS") {
        Some(Format::Ssis)
    } else {
        None
    }
}

/// By the keys that only such a run has: bodies of REST, the JSON of the portal.
fn by_keys(slots: &Slots<'_>) -> Option<Format> {
    if slots.has(Key::ActivityRun) || (slots.has(Key::Activity) && slots.has(Key::Status)) {
        Some(Format::ActivityRun)
    } else if slots.has(Key::TriggerName) && slots.has(Key::Status) {
        Some(Format::TriggerRun)
    } else if slots.has(Key::Pipeline) && slots.has(Key::Status) {
        Some(Format::PipelineRun)
    } else if slots.has(Key::Code) && slots.has(Key::Message) {
        Some(Format::ActivityRun)
    } else {
        None
    }
}

/// Reads one run. `whole` is the record as it was read.
pub(crate) fn read<'a>(
    slots: &Slots<'a>,
    format: Format,
    whole: &str,
    settings: &Settings,
) -> Record<'a> {
    let mut record = Record { format, context: context(slots, format), ..Record::default() };
    stamp::time(&mut record, slots, whole, settings);
    record.level = stamp::level(slots);
    if format == Format::Ssis {
        ssis(&mut record, slots, whole);
        return record;
    }
    record.run = Some(Run { status: status(slots), seconds: seconds(slots, settings) });
    if record.run.as_ref().is_some_and(Run::failed) {
        failure(&mut record, slots, whole);
        // The service calls every run informational, also those that failed.
        record.level = record.level.max(Some(Level::Error));
    }
    record
}

fn context<'a>(slots: &Slots<'a>, format: Format) -> Context<'a> {
    let text = |key: Key| slots.get(key).and_then(filled);
    let run = if format == Format::PipelineRun { text(Key::Run) } else { None };
    Context {
        factory: text(Key::Factory).or_else(|| factory(text(Key::Resource)?)),
        pipeline: text(Key::Pipeline),
        pipeline_run_id: text(Key::PipelineRun).or(run),
        activity: text(Key::Activity),
        activity_run_id: text(Key::ActivityRun),
        activity_type: text(Key::ActivityType),
        integration_runtime: text(Key::Runtime).or_else(|| runtime_of_output(slots)).map(bare),
        node: None,
        correlation_id: text(Key::Correlation),
        job_id: None,
        connector: None,
        last_connect: None,
    }
}

/// The name behind `/FACTORIES/` or `/WORKSPACES/`, in lower case.
fn factory(resource: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let range = factory_range(&resource)?;
    let upper = resource[range.clone()].bytes().any(|byte| byte.is_ascii_uppercase());
    match resource {
        Cow::Borrowed(text) if !upper => Some(Cow::Borrowed(&text[range])),
        text => Some(Cow::Owned(text[range].to_ascii_lowercase())),
    }
}

fn factory_range(resource: &str) -> Option<Range<usize>> {
    let is_parent = |segment: &str| {
        segment.eq_ignore_ascii_case("factories") || segment.eq_ignore_ascii_case("workspaces")
    };
    // It mostly stands last, so the way is shorter from behind.
    let mut end = resource.len();
    while let Some(slash) = memrchr(b'/', &resource.as_bytes()[..end]) {
        let parent = memrchr(b'/', &resource.as_bytes()[..slash]).map_or(0, |at| at + 1);
        if is_parent(&resource[parent..slash]) && slash + 1 < end {
            return Some(slash + 1..end);
        }
        end = slash;
    }
    None
}

/// The runtime's name without the region: `WorkspaceIR (West Europe)`.
pub(crate) fn bare(name: Cow<'_, str>) -> Cow<'_, str> {
    let region = if name.ends_with(')') { name.find(" (") } else { None };
    let end = region.unwrap_or(name.len());
    part(name, 0..end)
}

/// REST names the runtime in the output alone. It is found without opening the output.
fn runtime_of_output<'a>(slots: &Slots<'a>) -> Option<Cow<'a, str>> {
    let output = slots.get(Key::Output)?;
    let key = "effectiveIntegrationRuntime";
    let at = memmem::find(output.0.as_bytes(), key.as_bytes())? + key.len();
    let rest = output.0.get(at..)?.trim_start_matches('\\').strip_prefix('"')?;
    let value = rest.trim_start().strip_prefix(':')?.trim_start();
    match value.strip_prefix("\\\"") {
        // The output may be a text that holds an object.
        Some(inner) => Some(Cow::Borrowed(&inner[..inner.find(['\\', '"'])?])),
        None => filled(Raw::first(value)?.0),
    }
}

/// The status; where there is none, what stands behind the name of the operation:
/// `Copy orders - Failed`, and `Copy orders -` while it goes on.
fn status<'a>(slots: &Slots<'a>) -> Cow<'a, str> {
    if let Some(status) = slots.get(Key::Status).and_then(filled) {
        return status;
    }
    let Some(operation) = slots.get(Key::Operation).and_then(filled) else {
        let message = slots.get(Key::Error).and_then(|error| error.get("message"));
        let failed = slots.has(Key::Code) || message.and_then(filled).is_some();
        return Cow::Borrowed(if failed { "Failed" } else { "" });
    };
    let start = operation.rfind(" -").map_or(operation.len(), |at| at + 2);
    match operation[start..].trim() {
        "" => Cow::Borrowed("InProgress"),
        status => Cow::Owned(status.to_owned()),
    }
}

fn seconds(slots: &Slots<'_>, settings: &Settings) -> Option<f64> {
    if let Some(raw) = slots.get(Key::Duration) {
        return Some(raw.text()?.parse::<f64>().ok()? / 1000.0);
    }
    let time = |key: Key| lex::timestamp(&slots.get(key)?.text()?, &settings.timezone);
    let seconds = time(Key::End)?.duration_since(time(Key::Start)?).as_secs_f64();
    (seconds >= 0.0).then_some(seconds)
}

/// Opens the error of a run that failed.
fn failure<'a>(record: &mut Record<'a>, slots: &Slots<'a>, whole: &str) {
    let opened = slots.opened(Key::Properties);
    let properties = opened.as_deref();
    let mut it = Failure::of_properties_as_text(slots, whole).unwrap_or_default();
    for slots in properties.into_iter().chain([slots]) {
        it = it.or(Failure::among(slots, whole).unwrap_or_default());
    }
    it = it.or(Failure::of(slots, whole));
    record.code = it.code;
    record.failure_type = it.failure_type;
    if record.format == Format::ActivityRun && record.context.activity.is_none() {
        record.context.activity = it.target;
    }
    if let Some(text) = it.message {
        body::read_bare(record, text);
    }
    let output = properties.and_then(|it| it.get(Key::Output)).or(slots.get(Key::Output));
    if record.chain.is_empty() {
        error_info::from_output(record, output, whole);
    }
    connector::of_slots(record, properties, slots);
}

/// SSIS writes one message a record, and tells its weight by the name of the event.
fn ssis<'a>(record: &mut Record<'a>, slots: &Slots<'a>, whole: &str) {
    let Some(properties) = slots.opened(Key::Properties) else { return };
    let event = properties.get(Key::EventName).and_then(filled);
    let result = slots.get(Key::Result).and_then(filled);
    match (event.as_deref(), result.as_deref()) {
        (Some("OnError" | "OnTaskFailed"), _) | (_, Some("Failed")) => {
            record.level = Some(Level::Error);
        }
        (Some("OnWarning"), _) => record.level = Some(Level::Warning),
        _ => {}
    }
    if let Some(text) = properties.get(Key::Message).and_then(|raw| Text::json(raw, whole)) {
        body::read(record, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issue::IssueKind;
    use crate::parse;

    #[test]
    #[rustfmt::skip]
    fn a_run_is_read_wherever_its_error_stands() {
        // input                                                                   format | status | code | type | message
        check(r#"{"category":"ActivityRuns","operationName":"A - Failed","properties":{"Error":{"errorCode":"2200","message":"m","failureType":"UserError"}}}"#,
              "activity-run | Failed | 2200 | UserError | m");
        check(r#"{"category":"ActivityRuns","status":"Failed","properties":{"Error":"{\"errorCode\":2200,\"message\":\"say \\\"hi\\\"\"}"}}"#,
              "activity-run | Failed | 2200 | - | say \"hi\"");
        check(r#"{"category":"SandboxActivityRuns","status":"Failed","properties":"{\"Error\":{\"errorCode\":\"2\",\"message\":\"m\"}}"}"#,
              "activity-run | Failed | 2 | - | m");
        check(r#"{"Status":"Failed","ActivityRunId":"x","Error":{"errorCode":"null","message":"null"},"ErrorMessage":"m"}"#,
              "activity-run | Failed | - | - | m");
        check(r#"{"activityRunId":"x","error":{"message":"m"}}"#,
              "activity-run | Failed | - | - | m");
        check(r#"{"status":"Failed","activityRunId":"x","error":{"message":"{\"StatusCode\":\"DF-X\",\"Message\":\"a\\nb\",\"Details\":\"c\"}"}}"#,
              "activity-run | Failed | DF-X | - | a\nb\nc");
        check(r#"{"status":"Succeeded","activityRunId":"x","error":{"message":"m"}}"#,
              "activity-run | Succeeded | - | - | ");
        check(r#"{"category":"ActivityRuns","operationName":"Copy - it -"}"#,
              "activity-run | InProgress | - | - | ");
        check(r#"{"runId":"x","pipelineName":"p","status":"Failed","message":"m"}"#,
              "pipeline-run | Failed | - | - | m");
        check(r#"{"triggerName":"t","status":"Failed"}"#,
              "trigger-run | Failed | - | - | ");
        check(r#"{"errorCode":"2200","message":"m","failureType":"UserError","target":"A"}"#,
              "activity-run | Failed | 2200 | UserError | m");
        check(r#"{"status":"Failed","activityRunId":"x","output":{"errors":[{"Code":1,"Message":"m"}]}}"#,
              "activity-run | Failed | - | - | m");
    }

    #[track_caller]
    fn check(input: &str, expected: &str) {
        let records = parse(input, &Settings::default());
        let [it] = &records[..] else { panic!("{} records", records.len()) };
        let text = |it: &Option<Cow<'_, str>>| it.as_deref().unwrap_or("-").to_owned();
        let status = it.run.as_ref().map_or("-", |run| run.status.as_ref());
        let actual = format!(
            "{} | {status} | {} | {} | {}",
            it.format.as_str(),
            text(&it.code),
            text(&it.failure_type),
            it.message
        );
        assert_eq!(actual, expected);
    }

    #[test]
    fn what_needs_no_unescaping_is_borrowed() {
        let text = r#"{"category":"ActivityRuns","status":"Failed","activityName":"A","properties":{"Error":{"message":"m"}}}"#;
        let record = parse(text, &Settings::default()).remove(0);
        assert!(matches!(record.message, Cow::Borrowed("m")));
        assert!(matches!(record.context.activity, Some(Cow::Borrowed("A"))));
    }

    #[test]
    fn a_time_that_is_none_is_passed_over_and_a_damaged_one_is_noted() {
        let text =
            r#"{"category":"ActivityRuns","time":"1601-01-01T00:00:00Z","start":"yesterday"}"#;
        let record = parse(text, &Settings::default()).remove(0);
        assert_eq!(record.time, None);
        assert_eq!(record.time_raw.as_deref(), Some("yesterday"));
        assert_eq!(record.issues[0].kind, IssueKind::InvalidTime);
        assert!(text[record.issues[0].at..].starts_with("\"yesterday"));
    }
}
