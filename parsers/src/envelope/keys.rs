//! The keys of all JSON carriers, by what they mean.
//!
//! ```text
//! pipelineName  PipelineName  pipelineName_s      → Pipeline
//! ```
//!
//! Carriers differ in case and in a suffix, hardly in names, so one table serves all
//! of them. A key given twice keeps the first value that says something. What the
//! values mean is left to the carriers.

use std::sync::LazyLock;

macro_rules! keys {
    ($($key:ident: $($name:literal)+;)+) => {
        /// What a key means.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Key { $($key,)+ }

        pub(super) const COUNT: usize = [$(Key::$key,)+].len();

        /// The names of each key, in lower case.
        const NAMES: &[(&str, Key)] = &[$($(($name, Key::$key),)+)+];
    };
}

keys! {
    // Documents that hold many records.
    Records: "records";
    Tables: "tables";
    Values: "value";
    // When.
    Time: "time" "timestamp" "@timestamp" "timegenerated" "eventtime" "system_time" "timecreated" "log_time" "date";
    Start: "start" "activityrunstart" "runstart" "executionstarttime" "triggerruntimestamp";
    End: "end" "activityrunend" "runend" "executionendtime";
    Duration: "durationinms";
    // What kind of record.
    Category: "category";
    Table: "type";
    Operation: "operationname";
    Status: "status";
    Result: "resulttype";
    // Where.
    Resource: "resourceid" "_resourceid" "resource_id";
    Factory: "datafactoryname" "factoryname";
    Pipeline: "pipelinename";
    PipelineRun: "pipelinerunid";
    Run: "runid";
    Activity: "activityname";
    ActivityRun: "activityrunid";
    ActivityType: "activitytype";
    Runtime: "effectiveintegrationruntime" "integrationruntimename";
    Node: "computer" "machinename" "hostname" "computer_name" "nodename";
    Correlation: "correlationid";
    TriggerName: "triggername";
    TriggerRun: "triggerrunid" "triggerid";
    // What happened.
    Level: "level" "eventlevelname" "leveldisplayname" "severity" "eventtype" "log.level";
    LevelNumber: "level_value";
    TableLevel: "eventlevel";
    SeverityNumber: "severityvalue";
    Properties: "properties";
    Input: "input";
    Output: "output";
    Error: "error";
    Code: "errorcode" "error_errorcode" "properties_error_errorcode";
    Message: "message" "errormessage" "msg" "rendereddescription" "error_message" "properties_error_message" "renderedmessage" "description";
    FailureType: "failuretype" "triggerfailuretype" "error_failuretype" "properties_error_failuretype";
    Target: "target";
    Errors: "errors";
    StatusCode: "statuscode";
    Details: "details";
    EventName: "eventname";
    // What else an event in JSON holds.
    Channel: "channel" "logname" "containerlog" "eventlog" "log_name";
    Provider: "providername" "provider_name" "sourcename" "provider";
    EventId: "eventid" "event_id" "id" "event";
    EventData: "eventdata" "event_data" "parameterxml" "stringinserts" "string_inserts";
    Winlog: "winlog";
    Log: "log";
    System: "system";
    Host: "host";
    Inner: "innereventinfos";
    ExceptionType: "exceptiontype";
    Source: "source";
    StackTrace: "stacktrace";
}

/// How many lists the names are kept in, so that a key is compared with one or two of them.
const LISTS: usize = 512;

/// The names by their length and their ends.
static LISTED: LazyLock<[Vec<(&str, Key)>; LISTS]> = LazyLock::new(|| {
    let mut lists = [const { Vec::new() }; LISTS];
    for (name, key) in NAMES {
        lists[list(name.as_bytes())].push((*name, *key));
    }
    lists
});

/// The list in which a name stands, whatever its case.
fn list(name: &[u8]) -> usize {
    let (Some(first), Some(last)) = (name.first(), name.last()) else { return 0 };
    let lower = |it: &u8| usize::from(*it | 0x20);
    (name.len() * 67 + lower(first) * 7 + lower(last) * 31) % LISTS
}

/// What the key `name` means.
pub(crate) fn key(name: &str) -> Option<Key> {
    known(name).or_else(|| known(without_suffix(name)?))
}

/// The name by which a key is written down: the first of its names.
pub(crate) fn name(key: Key) -> &'static str {
    NAMES.iter().find(|(_, known)| *known == key).map_or("", |(name, _)| *name)
}

fn known(name: &str) -> Option<Key> {
    let mut listed = LISTED[list(name.as_bytes())].iter();
    let same = |known: &str| known.len() == name.len() && alike(name.as_bytes(), known.as_bytes());
    listed.find(|(known, _)| same(known)).map(|(_, key)| *key)
}

/// True when texts of one length differ in case at most: some bytes at a time, since every key of
/// every record passes here.
fn alike(name: &[u8], known: &[u8]) -> bool {
    let eight = |it: &[u8; 8]| u64::from_le_bytes(*it) | 0x2020_2020_2020_2020;
    let four = |it: &[u8; 4]| u32::from_le_bytes(*it) | 0x2020_2020;
    alike_by(name, known, eight)
        .or_else(|| alike_by(name, known, four))
        .unwrap_or_else(|| name.eq_ignore_ascii_case(known))
}

/// The same by what `lower` makes of `N` bytes; `None` where there are fewer.
fn alike_by<const N: usize, T: PartialEq>(
    name: &[u8],
    known: &[u8],
    lower: impl Fn(&[u8; N]) -> T,
) -> Option<bool> {
    // The last ones may overlap those before them.
    let ends = lower(name.last_chunk()?) == lower(known.last_chunk()?);
    let chunks = name.as_chunks().0.iter().zip(known.as_chunks().0);
    Some(ends && chunks.into_iter().all(|(a, b)| lower(a) == lower(b)))
}

/// `pipelineName_s` without the suffix by which an older table tells types apart.
fn without_suffix(name: &str) -> Option<&str> {
    let (name, suffix) = name.split_at_checked(name.len().checked_sub(2)?)?;
    matches!(suffix, "_s" | "_d" | "_g" | "_t" | "_b").then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_in_any_case_and_with_a_suffix() {
        assert_eq!(key("pipelineName"), Some(Key::Pipeline));
        assert_eq!(key("PIPELINENAME"), Some(Key::Pipeline));
        assert_eq!(key("pipelineName_s"), Some(Key::Pipeline));
        assert_eq!(key("_ResourceId"), Some(Key::Resource));
        assert_eq!(key("effectiveIntegrationRuntime"), Some(Key::Runtime));
        assert_eq!(key("effectiveIntegrationruntimE"), Some(Key::Runtime));
        assert_eq!(key("effectiveIntegrationRuntimes"), None);
        assert_eq!(key("effectiveIntegrationRuntimf"), None);
        assert_eq!(key("eventdata"), Some(Key::EventData));
        assert_eq!(key("eventdate"), None);
        assert_eq!(key("pipeline"), None);
        assert_eq!(key(""), None);
    }
}
