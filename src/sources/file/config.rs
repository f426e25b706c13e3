//! `- file:` as it is written in the configuration.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::size::ByteSize;
use crate::sources::file::encoding::Charset;

/// `- file:` the log files to follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FileConfig {
    /// Files, folders and glob patterns (`*`, `**`, `?`, `[ab]`, `{a,b}`). Of a folder all
    /// files are read, also in folders below. Hidden files are left out.
    pub include: Vec<String>,
    /// Glob patterns of files to leave out; one without a slash is compared with the name.
    pub exclude: Vec<String>,
    /// Where to start in the files that are there at the very first start: `beginning` or
    /// `end`. Files that appear later are read from their beginning.
    pub read_from: ReadFrom,
    /// How characters are written: `auto` (by the first bytes of each file), `utf-8`,
    /// `utf-16le`, `utf-16be`, or a code page like `windows-1252`.
    pub encoding: Charset,
    /// The time zone of times that name none.
    pub timezone: String,
    /// The largest record that is read whole; a larger one is cut, and counted as cut.
    pub max_record_bytes: ByteSize,
    /// How often files are looked at where the system does not tell of changes.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    #[schemars(with = "String")]
    pub poll_interval: Duration,
    /// How long a file must be quiet until its last record is taken as complete.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    #[schemars(with = "String")]
    pub idle: Duration,
    /// How long a file that is gone is remembered, in case it comes back.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    #[schemars(with = "String")]
    pub forget_after: Duration,
}

impl Default for FileConfig {
    fn default() -> Self {
        Self {
            include: Vec::new(),
            exclude: Vec::new(),
            read_from: ReadFrom::Beginning,
            encoding: Charset::Auto,
            timezone: "UTC".to_owned(),
            max_record_bytes: ByteSize::mib(1),
            poll_interval: Duration::from_millis(500),
            idle: Duration::from_millis(500),
            forget_after: Duration::from_secs(24 * 60 * 60),
        }
    }
}

/// Where to start in a file that nobody has read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReadFrom {
    /// At its first byte.
    #[default]
    Beginning,
    /// Behind what is there now.
    End,
}
