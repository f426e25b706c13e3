//! What a failure is known by.

use shirwatch_parsers::{Format, Record};
use xxhash_rust::xxh3::xxh3_64;

use crate::model::fingerprint::Fingerprint;

/// Carriers that may print the same failure.
const CARRIERS: [Format; 5] = [
    Format::ActivityRun,
    Format::EventLog,
    Format::EventLogJson,
    Format::SessionLog,
    Format::Plain,
];

/// The keys of a failure.
#[derive(Debug, Default)]
pub(super) struct Ids {
    /// The key of the failure itself, where it prints an id of its own.
    pub(super) own: Option<u64>,
    /// Keys under which other records may look for it.
    pub(super) tells: Vec<u64>,
    /// The key of the operation that it is part of.
    pub(super) operation: Option<u64>,
    /// The key of what it would only repeat.
    pub(super) waits_for: Option<u64>,
}

impl Ids {
    pub(super) fn of(record: &Record<'_>, print: Fingerprint) -> Self {
        match record.format {
            Format::PipelineRun => Self::pipeline(record),
            Format::TriggerRun => Self::trigger(record),
            _ => Self::activity(record, print),
        }
    }

    fn activity(record: &Record<'_>, print: Fingerprint) -> Self {
        let mut ids = Self::default();
        let at = &record.context;
        ids.own = at.activity_run_id.as_deref().map(|id| key("activity", id, 0));
        let run = at.pipeline_run_id.as_deref();
        if wraps(record) {
            ids.waits_for = run.map(|id| key("in-run", id, print.0));
        } else if let Some(id) = run {
            ids.tells.push(key("in-run", id, print.0));
        }
        ids.tells.extend(run.map(|id| key("failed-run", id, 0)));
        if let Some(id) = at.correlation_id.as_deref() {
            ids.operation = Some(key("failed-operation", id, 0));
            ids.tells.extend(ids.operation);
            ids.tells.push(operation(record.format, ids.own.is_some(), id, print));
        }
        ids
    }

    /// Keys under which another carrier may have told it.
    pub(super) fn elsewhere(
        &self,
        record: &Record<'_>,
        print: Fingerprint,
    ) -> impl Iterator<Item = u64> {
        let format = record.format;
        let id = record.context.correlation_id.as_deref().unwrap_or_default();
        // Where both print a run of their own, those decide, and not what they are part of.
        let named = if self.own.is_some() { &[false][..] } else { &[false, true] };
        let others = CARRIERS.iter().filter(move |it| **it != format);
        others.flat_map(move |it| named.iter().map(move |named| operation(*it, *named, id, print)))
    }

    fn pipeline(record: &Record<'_>) -> Self {
        let id = record.context.pipeline_run_id.as_deref();
        let operation = record.context.correlation_id.as_deref();
        Self {
            own: id.map(|id| key("pipeline", id, 0)),
            waits_for: id.map(|id| key("failed-run", id, 0)),
            tells: operation.map(|id| key("failed-operation", id, 0)).into_iter().collect(),
            operation: None,
        }
    }

    fn trigger(record: &Record<'_>) -> Self {
        let id = record.context.correlation_id.as_deref();
        Self {
            own: id.map(|id| key("trigger", id, 0)),
            waits_for: id.map(|id| key("failed-operation", id, 0)),
            ..Self::default()
        }
    }
}

/// Whether an activity only contains others, so that its error repeats one of theirs.
fn wraps(record: &Record<'_>) -> bool {
    let kinds = ["ForEach", "ExecutePipeline", "IfCondition", "Switch", "Until", "InvokePipeline"];
    let kind = record.context.activity_type.as_deref().unwrap_or_default();
    kinds.iter().any(|it| it.eq_ignore_ascii_case(kind))
        || (record.format == Format::ActivityRun
            && record.message.starts_with("Activity failed because an inner activity failed"))
}

/// The key of a failure that is told by the operation it is part of.
fn operation(format: Format, named: bool, id: &str, print: Fingerprint) -> u64 {
    let kind = if named { "named in " } else { "" };
    joined([kind, format.as_str()], id, print.0)
}

fn key(kind: &str, id: &str, print: u64) -> u64 {
    joined([kind, ""], id, print)
}

fn joined(kind: [&str; 2], id: &str, print: u64) -> u64 {
    let mut bytes = Vec::with_capacity(128);
    kind.iter().for_each(|it| bytes.extend_from_slice(it.as_bytes()));
    bytes.push(0);
    let start = bytes.len();
    bytes.extend_from_slice(id.as_bytes());
    bytes[start..].make_ascii_lowercase();
    bytes.extend(print.to_le_bytes());
    xxh3_64(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// They stand in stores, which later versions go on with.
    #[test]
    fn keys_stay_what_they_are() {
        assert_eq!(key("activity", "0A1b", 0), 2_495_921_967_482_230_172);
        assert_eq!(
            operation(Format::Plain, true, "c-1", Fingerprint(7)),
            10_688_699_747_021_620_607
        );
    }
}
