//! `- azure_rest:` as it is written in the configuration.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::sources::azure::address;
use crate::sources::azure::credential::{CredentialConfig, Who};

const HOUR: Duration = Duration::from_secs(3600);

/// How long Data Factory keeps runs.
const KEPT: Duration = Duration::from_secs(45 * 24 * 3600);

/// `- azure_rest:` runs and integration runtimes of data factories, asked for by their API;
/// for those without diagnostic settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AzureRestConfig {
    /// The id of the subscription.
    pub subscription: String,
    /// The resource group of the factories.
    pub resource_group: String,
    /// The names of the data factories.
    pub factories: Vec<String>,
    /// Azure Resource Manager; another one in sovereign clouds.
    pub endpoint: String,
    /// Who we are; the role Reader on the factories is enough for runs, and the action
    /// `Microsoft.DataFactory/factories/integrationruntimes/*/action` for runtimes.
    pub credential: CredentialConfig,
    /// How old a run may be to be read at the first start; up to 45 days (`1080h`).
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    #[schemars(with = "String")]
    pub look_back: Duration,
    /// How often runs and runtimes are asked for.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    #[schemars(with = "String")]
    pub poll_interval: Duration,
    /// Whether the activities of each run that has ended are asked for: one request a run.
    pub activities: bool,
    /// Whether state and load of self-hosted integration runtimes are asked for.
    pub runtimes: bool,
    /// Whether each such runtime is asked if its certificate has expired. The answer carries a
    /// token as well, of which nothing is kept; it needs
    /// `Microsoft.DataFactory/factories/integrationruntimes/getconnectioninfo/action`.
    pub certificates: bool,
}

impl Default for AzureRestConfig {
    fn default() -> Self {
        Self {
            subscription: String::new(),
            resource_group: String::new(),
            factories: Vec::new(),
            endpoint: "https://management.azure.com".to_owned(),
            credential: CredentialConfig::default(),
            look_back: 24 * HOUR,
            poll_interval: Duration::from_secs(60),
            activities: true,
            runtimes: true,
            certificates: false,
        }
    }
}

impl AzureRestConfig {
    /// What is wrong with it, and what to do.
    pub(super) fn fault(&self) -> Option<String> {
        match self.credential.who() {
            Ok(Who::Tokens(_)) => {}
            Ok(_) => {
                let what = "`credential` opens a storage account only; write an identity or an application";
                return Some(what.to_owned());
            }
            Err(what) => return Some(what),
        }
        let name = |it: &str, more: &str| {
            let known = |c: char| c.is_alphanumeric() || more.contains(c);
            !it.is_empty() && it.len() <= 90 && it.chars().all(known)
        };
        let wrong = self.factories.iter().find(|it| !name(it, "-"));
        let what = match () {
            () if !name(&self.subscription, "-") => "`subscription` is missing; write its id",
            () if !name(&self.resource_group, "-_.()") => {
                "`resource_group` is missing; write its name"
            }
            () if self.factories.is_empty() => "`factories` is empty; write their names",
            () if wrong.is_some() => {
                return wrong.map(|it| format!("no factory can be named `{it}`; see `factories`"));
            }
            () if address(&self.endpoint).is_none() => {
                "`endpoint` is no safe address; write `https://management.azure.com`"
            }
            () if !(HOUR..=KEPT).contains(&self.look_back) => {
                "`look_back` is out of range; write `1h` to `1080h`"
            }
            () if !(Duration::from_secs(10)..=HOUR).contains(&self.poll_interval) => {
                "`poll_interval` is out of range; write `10s` to `1h`"
            }
            () => return None,
        };
        Some(what.to_owned())
    }
}
