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

use crate::json;
use crate::json::{Fields, Raw};

macro_rules! keys {
    ($($key:ident: $($name:literal)+;)+) => {
        /// What a key means.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Key { $($key,)+ }

        const COUNT: usize = [$(Key::$key,)+].len();

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

/// The names by their length, so that a key is compared with a few of them only.
static BY_LENGTH: LazyLock<Vec<Vec<(&str, Key)>>> = LazyLock::new(|| {
    let longest = NAMES.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut buckets = vec![Vec::new(); longest + 1];
    for (name, key) in NAMES {
        buckets[name.len()].push((*name, *key));
    }
    buckets
});

/// What the key `name` means.
pub(crate) fn key(name: &str) -> Option<Key> {
    known(name).or_else(|| known(without_suffix(name)?))
}

/// The name by which a key is written down: the first of its names.
pub(crate) fn name(key: Key) -> &'static str {
    NAMES.iter().find(|(_, known)| *known == key).map_or("", |(name, _)| *name)
}

fn known(name: &str) -> Option<Key> {
    let first = name.as_bytes().first()?.to_ascii_lowercase();
    let bucket = BY_LENGTH.get(name.len())?.iter();
    let mut found = bucket.filter(|(known, _)| known.as_bytes()[0] == first);
    found.find(|(known, _)| alike(name.as_bytes(), known.as_bytes())).map(|(_, key)| *key)
}

/// True when texts of one length differ in case at most: eight bytes at a time, since
/// every key of every record passes here.
fn alike(name: &[u8], known: &[u8]) -> bool {
    let differ = |at: usize| {
        json::word(name, at)
            .zip(json::word(known, at))
            .is_none_or(|(a, b)| (a | json::BLANKS) != (b | json::BLANKS))
    };
    match name.len() {
        0..8 => name.eq_ignore_ascii_case(known),
        // The last eight may overlap those before them.
        length => !(0..length - 8).step_by(8).any(differ) && !differ(length - 8),
    }
}

/// `pipelineName_s` without the suffix by which an older table tells types apart.
fn without_suffix(name: &str) -> Option<&str> {
    let (name, suffix) = name.rsplit_once('_')?;
    matches!(suffix, "s" | "d" | "g" | "t" | "b").then_some(name)
}

/// The values of the keys that mean something.
#[derive(Debug, Clone)]
pub(crate) struct Slots<'a> {
    values: [Option<Raw<'a>>; COUNT],
    /// A second value of the same key: `Level` beside `level`.
    second_level: Option<Raw<'a>>,
}

impl Default for Slots<'_> {
    fn default() -> Self {
        Self { values: [None; COUNT], second_level: None }
    }
}

impl<'a> Slots<'a> {
    /// Takes in all fields of an object.
    pub(crate) fn of(fields: &mut Fields<'a>) -> Self {
        let mut slots = Self::default();
        for (name, raw) in fields {
            if let Some(key) = key(name) {
                slots.put(key, raw);
            }
        }
        slots
    }

    /// Takes in the fields of an object; its properties stay unread if they follow the
    /// word that the run went well. `None` where this is not the order of the fields, and where
    /// it is a document that holds others.
    pub(crate) fn of_good_run(fields: &mut Fields<'a>) -> Option<Self> {
        let mut slots = Self::default();
        while let Some(name) = fields.key() {
            let key = key(name);
            let raw = match key {
                Some(Key::Properties) if slots.went_well() => fields.unread_value()?,
                Some(Key::Properties | Key::Records | Key::Values | Key::Tables) => return None,
                _ => fields.value()?,
            };
            if let Some(key) = key {
                slots.put(key, raw);
            }
        }
        slots.is_complete().then_some(slots)
    }

    fn went_well(&self) -> bool {
        let is = |key: Key, text: &str| self.get(key).is_some_and(|raw| raw.0 == text);
        is(Key::Category, "\"ActivityRuns\"")
            && (is(Key::Status, "\"Succeeded\"") || is(Key::Status, "\"InProgress\""))
    }

    /// False where a field may stand between the properties and another object, and was
    /// passed over with them.
    fn is_complete(&self) -> bool {
        [Key::Start, Key::End, Key::Activity, Key::ActivityType].iter().all(|key| self.has(*key))
    }

    /// The fields of an object that is a value.
    pub(crate) fn inside(raw: Raw<'a>) -> Self {
        Self::of(&mut raw.fields())
    }

    /// Keeps a value, unless there is one that says something.
    pub(crate) fn put(&mut self, key: Key, raw: Raw<'a>) {
        let slot = &mut self.values[key as usize];
        if slot.is_none_or(|it| matches!(it.0, "null" | "\"\"" | "\"null\"")) {
            *slot = Some(raw);
        } else if key == Key::Level {
            self.second_level = self.second_level.or(Some(raw));
        }
    }

    /// Puts a value in the place of another.
    pub(crate) fn replace(&mut self, key: Key, raw: Raw<'a>) {
        self.values[key as usize] = Some(raw);
    }

    pub(crate) fn get(&self, key: Key) -> Option<Raw<'a>> {
        self.values[key as usize]
    }

    pub(crate) fn has(&self, key: Key) -> bool {
        self.get(key).is_some()
    }

    /// The values that may name the level, the first one first.
    pub(crate) fn levels(&self) -> impl Iterator<Item = Raw<'a>> {
        self.get(Key::Level).into_iter().chain(self.second_level)
    }
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

    #[test]
    fn the_first_value_that_says_something_is_kept() {
        let slots = Slots::inside(Raw(r#"{"status":"","Status":"Failed","STATUS":"x"}"#));
        assert_eq!(slots.get(Key::Status), Some(Raw("\"Failed\"")));
    }
}
