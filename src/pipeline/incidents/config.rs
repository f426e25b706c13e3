//! `incidents:` and `alerts:` of the configuration.
//!
//! ```yaml
//! incidents: { group_by: [pipeline], resolve_after: 1h }
//! alerts:
//!   min_severity: error
//!   repeat_interval: 4h
//!   max_age: 1h
//!   rules:
//!     - { match: { category: throttling }, threshold: 5, within: 10m }
//! ```
//!
//! Every key has a default that works. What they do stands where it is done.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::finding::Category;
use crate::model::finding::Severity;

/// `incidents:` what is one incident, and when it is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IncidentsConfig {
    /// Fields that tell incidents apart beside the fingerprint: `factory`, `pipeline`,
    /// `activity`, `integration_runtime`, `node`.
    pub group_by: Vec<GroupBy>,
    /// How long it must be quiet until an incident is over.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    #[schemars(with = "String")]
    pub resolve_after: Duration,
    /// Whether an incident is over as soon as all activities that failed have succeeded.
    pub resolve_on_success: bool,
    /// An incident that came back this often within `flap_within` is held open until it is
    /// quiet for that long; 0 holds none.
    pub flap_after: u32,
    /// See `flap_after`.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    #[schemars(with = "String")]
    pub flap_within: Duration,
}

impl Default for IncidentsConfig {
    fn default() -> Self {
        Self {
            group_by: Vec::new(),
            resolve_after: Duration::from_secs(3600),
            resolve_on_success: true,
            flap_after: 3,
            flap_within: Duration::from_secs(6 * 3600),
        }
    }
}

/// A field by which incidents can be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are those of the record's context")]
pub enum GroupBy {
    Factory,
    Pipeline,
    Activity,
    IntegrationRuntime,
    Node,
}

/// `alerts:` what is worth a notice, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AlertsConfig {
    /// The least severity that is told to receivers.
    pub min_severity: Severity,
    /// How often an incident that goes on is told again.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    #[schemars(with = "String")]
    pub repeat_interval: Duration,
    /// Errors that are older than this when they are read are counted and told to nobody.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    #[schemars(with = "String")]
    pub max_age: Duration,
    /// What is told later or less often than the rest; the first that fits decides.
    pub rules: Vec<AlertRule>,
}

/// `alerts.rules:` how often something must fail until it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AlertRule {
    /// What it speaks of; without any key, of everything.
    #[serde(rename = "match")]
    pub matches: AlertMatch,
    /// How often it must fail within `within` until it is told; at most 200.
    pub threshold: u32,
    /// See `threshold`; by the time of the failures.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    #[schemars(with = "String")]
    pub within: Duration,
    /// How often it is told again, where not as `alerts.repeat_interval` says.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    #[schemars(with = "Option<String>")]
    pub repeat_interval: Option<Duration>,
}

impl Default for AlertRule {
    fn default() -> Self {
        Self {
            matches: AlertMatch::default(),
            threshold: 1,
            within: Duration::from_secs(600),
            repeat_interval: None,
        }
    }
}

/// What a rule of `alerts.rules` speaks of: a value, or one of several. All keys must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AlertMatch {
    /// Ids of rules of the catalogue.
    pub rule: Option<OneOf<String>>,
    /// Categories.
    pub category: Option<OneOf<Category>>,
    /// Severities.
    pub severity: Option<OneOf<Severity>>,
}

/// One value or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOf<T> {
    /// This one.
    One(T),
    /// One of these.
    Any(Vec<T>),
}

impl<T: PartialEq> OneOf<T> {
    fn has(&self, value: &T) -> bool {
        match self {
            Self::One(it) => it == value,
            Self::Any(list) => list.contains(value),
        }
    }
}

impl AlertRule {
    /// Whether it asks for more than one failure.
    pub(super) fn waits(&self) -> bool {
        self.threshold > 1
    }
}

impl OneOf<String> {
    fn has_text(&self, value: &str) -> bool {
        match self {
            Self::One(it) => it == value,
            Self::Any(list) => list.iter().any(|it| it == value),
        }
    }
}

impl AlertsConfig {
    /// What decides on an incident of this rule, category and severity, if not the default.
    pub(super) fn rule(
        &self,
        id: &str,
        category: Category,
        severity: Severity,
    ) -> Option<&AlertRule> {
        self.rules.iter().find(|it| {
            let at = &it.matches;
            at.rule.as_ref().is_none_or(|list| list.has_text(id))
                && at.category.as_ref().is_none_or(|list| list.has(&category))
                && at.severity.as_ref().is_none_or(|list| list.has(&severity))
        })
    }
}

impl Default for AlertsConfig {
    fn default() -> Self {
        Self {
            min_severity: Severity::Error,
            repeat_interval: Duration::from_secs(4 * 3600),
            max_age: Duration::from_secs(3600),
            rules: Vec::new(),
        }
    }
}
