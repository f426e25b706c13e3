//! `- azure_blob:` as it is written in the configuration.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::size::ByteSize;
use crate::sources::azure::address;
use crate::sources::azure::credential::{CredentialConfig, Who};

/// The containers into which diagnostic settings write the runs of Data Factory and Synapse.
const CONTAINERS: [&str; 6] = [
    "insights-logs-activityruns",
    "insights-logs-pipelineruns",
    "insights-logs-triggerruns",
    "insights-logs-integrationactivityruns",
    "insights-logs-integrationpipelineruns",
    "insights-logs-integrationtriggerruns",
];

const HOUR: Duration = Duration::from_secs(3600);

/// The farthest that reading looks back; Azure itself keeps runs for 45 days.
pub(super) const FARTHEST: Duration = Duration::from_secs(31 * 24 * 3600);

/// `- azure_blob:` the run records that diagnostic settings write to a storage account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AzureBlobConfig {
    /// The storage account; needed unless a connection string names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Its blob service, where that is not `https://ACCOUNT.blob.core.windows.net`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The containers to follow; those that are not there yet are waited for.
    pub containers: Vec<String>,
    /// Who we are; the role Storage Blob Data Reader is enough.
    pub credential: CredentialConfig,
    /// How old an hour may be to be read at the first start, and how long late lines of an
    /// hour are looked for; up to 31 days (`744h`).
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    #[schemars(with = "String")]
    pub look_back: Duration,
    /// How often today's hours are listed; all hours to look back to are every ten minutes.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    #[schemars(with = "String")]
    pub poll_interval: Duration,
    /// The largest record that is read whole; a larger one is cut, and counted as cut.
    pub max_record_bytes: ByteSize,
}

impl Default for AzureBlobConfig {
    fn default() -> Self {
        Self {
            account: None,
            endpoint: None,
            containers: CONTAINERS.map(str::to_owned).to_vec(),
            credential: CredentialConfig::default(),
            look_back: 48 * HOUR,
            poll_interval: Duration::from_secs(30),
            max_record_bytes: ByteSize::mib(1),
        }
    }
}

impl AzureBlobConfig {
    /// What is wrong with it, and what to do.
    pub(super) fn fault(&self) -> Option<String> {
        let who = match self.credential.who() {
            Ok(it) => it,
            Err(what) => return Some(what),
        };
        let connection = matches!(who, Who::ConnectionString(_));
        let account = |it: &String| {
            let known = it.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
            known && (3..=24).contains(&it.len())
        };
        let container = |it: &&String| {
            let known =
                it.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            !known && it.as_str() != "$logs" || !(3..=63).contains(&it.len())
        };
        let wrong = self.containers.iter().find(container);
        let what = match () {
            () if self.account.is_none() && !connection => {
                "`account` is missing; write the name of the storage account"
            }
            () if self.account.as_ref().is_some_and(|it| !account(it)) => {
                "`account` is no name of a storage account; write 3 to 24 small letters and digits"
            }
            () if self.endpoint.as_ref().is_some_and(|it| address(it).is_none()) => {
                "`endpoint` is no safe address; write `https://HOST`"
            }
            () if self.containers.is_empty() => {
                "`containers` is empty; leave it out to follow the usual ones"
            }
            () if wrong.is_some() => {
                return wrong
                    .map(|it| format!("no container can be named `{it}`; see `containers`"));
            }
            () if !(HOUR..=FARTHEST).contains(&self.look_back) => {
                "`look_back` is out of range; write `1h` to `744h`"
            }
            () if !(Duration::from_secs(1)..=HOUR).contains(&self.poll_interval) => {
                "`poll_interval` is out of range; write `1s` to `1h`"
            }
            () => return None,
        };
        Some(what.to_owned())
    }
}
