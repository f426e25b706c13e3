//! Where text comes from: bytes on disk or in a pipe become a batch.
//!
//! A source is asked for its next batch, is told how much of it was taken, and says where
//! it would go on after a restart. It reads; it does not know what a line means.
//!
//! ```text
//! read(now) → Batch ─ pipeline ─ advance(taken, framing) ─ … ─ checkpoints(changes) ─ commit
//! ```
//!
//! All calls come from one thread and none waits: where nothing is new `read` says so, and
//! the waker calls when that has changed.

mod azure;
pub mod azure_blob;
pub mod azure_rest;
pub mod file;
#[cfg_attr(
    not(any(feature = "kafka", test)),
    allow(dead_code, reason = "built and tested everywhere, used with a client only")
)]
mod kafka;
pub mod stdin;
pub mod windows_event_log;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

pub use crate::sources::azure_blob::config::AzureBlobConfig;
pub use crate::sources::azure_rest::config::AzureRestConfig;
pub use crate::sources::file::config::FileConfig;
pub use crate::sources::file::config::ReadFrom;
pub use crate::sources::kafka::config::KafkaConfig;
pub use crate::sources::stdin::StdinConfig;
pub use crate::sources::windows_event_log::WindowsEventLogConfig;

use crate::model::batch::Batch;
use crate::model::batch::Framing;
use crate::model::changes::Changes;
use crate::model::checkpoint::Checkpoint;

/// A place where text comes from: a set of files, a pipe, an event log.
///
/// A source *reads*. It does not know what the text means, keeps nothing that the pipeline
/// did not take, and writes no checkpoint itself: the service commits it together with
/// what was found before it.
pub trait Source: Send {
    /// The name used in the configuration, the logs and the `source` label.
    fn name(&self) -> &str;

    /// The labels of the source, which become labels of its incidents.
    fn labels(&self) -> &BTreeMap<String, String>;

    /// Reads the next batch; `None` when nothing is new now. After a batch
    /// [`advance`](Self::advance) must be called before the next `read`. An error means
    /// that the whole source cannot be read now; trouble with one file is in the status.
    fn read(&mut self, now: Timestamp) -> Result<Option<Batch<'_>>, SourceError>;

    /// The pipeline took the first `taken` bytes of the last batch, and goes on with
    /// `framing`.
    fn advance(&mut self, taken: usize, framing: Framing);

    /// Adds checkpoints that changed since the last call, and streams that are gone.
    fn checkpoints(&mut self, changes: &mut Changes);

    /// What the last [`checkpoints`](Self::checkpoints) added is in the store, with all that was
    /// found before it. A source that tells somebody else how far it is does so now.
    fn committed(&mut self) {}

    /// What it asks of a store that many share, in the order in which it came about.
    fn claims(&mut self) -> Vec<Claim> {
        Vec::new()
    }

    /// A stream that it [took](Claim::Take) is its own now, and goes on at `at`; nobody has read
    /// it where that is `None`.
    fn resume(&mut self, _stream: &str, _at: Option<&Checkpoint>) {}

    /// How it stands.
    fn status(&self) -> SourceStatus;

    /// How long to wait for the waker before `read` is called again.
    fn patience(&self, now: Timestamp) -> Duration;
}

/// Called from any thread when there may be something to read.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// What a source asks of a store that many share: whose a stream is, and where it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The stream was given to us; nothing is read of it before [`Source::resume`].
    Take(String),
    /// The stream goes to another; all that was read of it is in the store.
    Release(String),
}

/// How a source stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SourceStatus {
    /// Files that are followed; 0 where there are none.
    pub files: u64,
    /// Files that are held open.
    pub files_open: u64,
    /// Bytes that are there and were not taken.
    pub lag_bytes: u64,
    /// Messages that are there and were not taken, where those are counted and not bytes.
    pub lag_messages: Option<u64>,
    /// When something was read last.
    pub last_read: Option<Timestamp>,
    /// True when a file grows and reading does not get on.
    pub stalled: bool,
    /// What is wrong with which path.
    pub errors: BTreeMap<String, String>,
    /// True when nothing more will come.
    pub finished: bool,
}

/// An entry of `sources:`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SourceConfig {
    /// The name in logs, metrics and checkpoints; by default its kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Labels that are added to every incident and alert of this source.
    pub labels: BTreeMap<String, String>,
    /// How long nothing may come before that is an incident of its own, such as `6h`; by
    /// default a source may be silent for ever.
    #[serde(
        with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Option<String>")]
    pub silent_after: Option<Duration>,
    /// Log files to follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<FileConfig>,
    /// Channels of the Windows event log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub windows_event_log: Option<WindowsEventLogConfig>,
    /// Run records in a storage account of Azure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub azure_blob: Option<AzureBlobConfig>,
    /// Runs and integration runtimes of data factories, by their API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub azure_rest: Option<AzureRestConfig>,
    /// Topics of Kafka, or event hubs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kafka: Option<KafkaConfig>,
    /// A pipe, read once to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdin: Option<StdinConfig>,
}

/// The kind of a source, with what it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind<'a> {
    /// Log files to follow.
    File(&'a FileConfig),
    /// Channels of the Windows event log.
    WindowsEventLog(&'a WindowsEventLogConfig),
    /// Run records in a storage account of Azure.
    AzureBlob(&'a AzureBlobConfig),
    /// Runs and integration runtimes of data factories, by their API.
    AzureRest(&'a AzureRestConfig),
    /// Topics of Kafka, or event hubs.
    Kafka(&'a KafkaConfig),
    /// A pipe.
    Stdin(&'a StdinConfig),
}

impl SourceConfig {
    /// A source for these files, folders or globs.
    #[must_use]
    pub fn of_files(include: Vec<String>) -> Self {
        let file = FileConfig { include, ..FileConfig::default() };
        Self { file: Some(file), ..Self::default() }
    }

    /// The one kind that is given.
    pub fn kind(&self) -> Result<Kind<'_>, SourceError> {
        let mut given = [
            self.file.as_ref().map(Kind::File),
            self.windows_event_log.as_ref().map(Kind::WindowsEventLog),
            self.azure_blob.as_ref().map(Kind::AzureBlob),
            self.azure_rest.as_ref().map(Kind::AzureRest),
            self.kafka.as_ref().map(Kind::Kafka),
            self.stdin.as_ref().map(Kind::Stdin),
        ]
        .into_iter()
        .flatten();
        match (given.next(), given.next()) {
            (Some(it), None) => Ok(it),
            _ => Err(SourceError::Kind { name: self.name().to_owned() }),
        }
    }

    /// Its name, or else that of its kind.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.name {
            Some(name) => name,
            None if self.windows_event_log.is_some() => "windows_event_log",
            None if self.azure_blob.is_some() => "azure_blob",
            None if self.azure_rest.is_some() => "azure_rest",
            None if self.kafka.is_some() => "kafka",
            None if self.stdin.is_some() => "stdin",
            None => "file",
        }
    }

    /// The time zone of times that name none.
    pub fn time_zone(&self) -> Result<TimeZone, SourceError> {
        let name = match self.kind()? {
            Kind::File(it) => it.timezone.as_str(),
            Kind::Stdin(it) => it.timezone.as_str(),
            Kind::WindowsEventLog(_) | Kind::AzureBlob(_) | Kind::AzureRest(_) | Kind::Kafka(_) => {
                "UTC"
            }
        };
        let unknown = |source| SourceError::TimeZone {
            name: self.name().to_owned(),
            zone: name.to_owned(),
            source,
        };
        if name == "UTC" { Ok(TimeZone::UTC) } else { TimeZone::get(name).map_err(unknown) }
    }

    /// Whether all daemons of a fleet would read the same, so that only one may at a time.
    #[must_use]
    pub fn is_for_one_of_a_fleet(&self) -> bool {
        matches!(self.kind(), Ok(Kind::AzureBlob(_) | Kind::AzureRest(_)))
    }

    /// The largest record that is read whole.
    #[must_use]
    pub fn max_record_bytes(&self) -> usize {
        let file = self.file.as_ref().map(|it| it.max_record_bytes);
        let stdin = self.stdin.as_ref().map(|it| it.max_record_bytes);
        let blob = self.azure_blob.as_ref().map(|it| it.max_record_bytes);
        let kafka = self.kafka.as_ref().map(|it| it.max_record_bytes);
        file.or(stdin).or(blob).or(kafka).unwrap_or(FileConfig::default().max_record_bytes).as_len()
    }
}

/// All that is wrong with `sources:`, without opening one.
#[must_use]
pub fn check(sources: &[SourceConfig]) -> Vec<SourceError> {
    let mut faults = Vec::new();
    let mut names = BTreeSet::new();
    for source in sources {
        if !names.insert(source.name()) {
            faults.push(SourceError::SameName { name: source.name().to_owned() });
        }
        faults.extend(check_one(source).err());
    }
    faults
}

fn check_one(source: &SourceConfig) -> Result<(), SourceError> {
    source.time_zone()?;
    match source.kind()? {
        Kind::File(it) => file::check(it),
        Kind::WindowsEventLog(it) => windows_event_log::check(it),
        Kind::AzureBlob(it) => azure_blob::check(source.name(), it),
        Kind::AzureRest(it) => azure_rest::check(source.name(), it),
        Kind::Kafka(it) => kafka::check(source.name(), it),
        Kind::Stdin(_) => Ok(()),
    }
}

/// How sources are opened.
#[derive(Clone, Default)]
pub struct Opening<'a> {
    /// Where reading went to the last time.
    pub checkpoints: &'a [Checkpoint],
    /// True to read what is there to its end, and then be finished.
    pub once: bool,
    /// True where somebody waits: more is read in one go, which takes more memory.
    pub hasty: bool,
    /// Our own folder, which is never read.
    pub state_dir: Option<&'a Path>,
    /// Called when there may be something to read; without it sources are polled.
    pub wake: Option<Waker>,
    /// True where the store is shared: streams that several could read are asked of it.
    pub shared: bool,
}

/// Opens a source.
pub fn open(config: &SourceConfig, how: &Opening<'_>) -> Result<Box<dyn Source>, SourceError> {
    match config.kind()? {
        Kind::File(it) => {
            Ok(Box::new(file::FileSource::open(config.name(), &config.labels, it, how)?))
        }
        Kind::Stdin(it) => {
            Ok(Box::new(stdin::StdinSource::open(config.name(), &config.labels, it, how)))
        }
        Kind::WindowsEventLog(it) => {
            windows_event_log::open(config.name(), &config.labels, it, how)
        }
        Kind::AzureBlob(it) => azure_blob::open(config.name(), &config.labels, it, how),
        Kind::AzureRest(it) => azure_rest::open(config.name(), &config.labels, it, how),
        Kind::Kafka(it) => kafka::open(config.name(), &config.labels, it, how),
    }
}

/// Why a source cannot be opened or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each message says it")]
pub enum SourceError {
    #[error(
        "source `{name}` needs exactly one of `file`, `windows_event_log`, `azure_blob`, `azure_rest`, `kafka` and `stdin`"
    )]
    Kind { name: String },

    #[error("two sources are named `{name}`; give each a `name` of its own")]
    SameName { name: String },

    #[error("`{pattern}` is not a glob pattern")]
    Glob { pattern: String, source: globset::Error },

    #[error(
        "source `{name}` has the unknown time zone `{zone}`; write a name like `Europe/Berlin` or `UTC`"
    )]
    TimeZone { name: String, zone: String, source: jiff::Error },

    #[error(
        "`windows_event_log` works on Windows only; forward the events as files, or remove the source"
    )]
    WindowsOnly,

    #[error("no channel can be named `{name}`; write it as the event viewer shows it")]
    Channel { name: String },

    #[error("source `{name}`: {what}")]
    Azure { name: String, what: String },

    #[error("source `{name}`: {what}")]
    Kafka { name: String, what: String },

    #[error(
        "source `{name}`: this build has no client for Kafka; build with `--features kafka`, or take a build that has one"
    )]
    NoKafka { name: String },

    #[error("source `{name}` cannot be read")]
    Read { name: String, source: io::Error },
}

/// True when `wait` has passed since `since`, or the clock was set back.
pub(crate) fn passed(since: Timestamp, now: Timestamp, wait: Duration) -> bool {
    now < since || now.duration_since(since).unsigned_abs() >= wait
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn sources_are_refused_with_their_reason() {
        check_yaml("[{file: {include: [/var/log/*.log]}}]",                "");
        check_yaml("[{stdin: {}, name: pipe}]",                            "");
        check_yaml("[{}]",                                                 "source `file` needs exactly one of `file`, `windows_event_log`, `azure_blob`, `azure_rest`, `kafka` and `stdin`");
        check_yaml("[{file: {}, stdin: {}, name: x}]",                     "source `x` needs exactly one of `file`, `windows_event_log`, `azure_blob`, `azure_rest`, `kafka` and `stdin`");
        check_yaml("[{file: {}}, {file: {}}]",                             "two sources are named `file`; give each a `name` of its own");
        check_yaml("[{file: {include: ['/var/[a']}}]",                     "`/var/[a` is not a glob pattern");
        check_yaml("[{file: {timezone: Mars/Olympus}}]",                   "source `file` has the unknown time zone `Mars/Olympus`; write a name like `Europe/Berlin` or `UTC`");
        check_yaml("[{file: {encoding: klingon}}]",                        "not YAML for sources");
        check_yaml("[{file: {includes: []}}]",                             "not YAML for sources");
        check_yaml("[{file: {poll_interval: 200ms, idle: 1s}, labels: {environment: test}}]", "");
        #[cfg(not(windows))]
        check_yaml("[{windows_event_log: {channels: [System]}}]",          "`windows_event_log` works on Windows only; forward the events as files, or remove the source");
    }

    #[track_caller]
    fn check_yaml(yaml: &str, expected: &str) {
        let faults = match serde_saphyr::from_str::<Vec<SourceConfig>>(yaml) {
            Ok(sources) => check(&sources).iter().map(ToString::to_string).collect::<Vec<_>>(),
            Err(_) => vec!["not YAML for sources".to_owned()],
        };
        assert_eq!(faults.join("; "), expected);
    }
}
