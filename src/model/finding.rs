//! One record judged by one rule.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shirwatch_parsers::Record;
use shirwatch_parsers::numbers::Number;

use crate::model::fingerprint::Fingerprint;

/// One record judged by one rule, with the rule's words filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The record, as the log has it.
    pub record: Record<'static>,
    /// The numbers that vendors gave the error, as rules write them: `sql:18456`.
    #[serde(default)]
    pub numbers: Vec<Number>,
    /// The id of the rule; `unclassified` when none knows the error.
    pub rule: String,
    /// The kind of trouble.
    pub category: Category,
    /// How urgent it is.
    pub severity: Severity,
    /// Whose fault it is.
    pub fault: Fault,
    /// Whether running it again may help; `None` where nobody says.
    pub retryable: Option<bool>,
    /// The error in one short sentence.
    pub title: String,
    /// Why it happens: of the cause that fits, else of the first.
    pub cause: Option<String>,
    /// What to do, step by step, for that cause.
    pub resolution: Vec<String>,
    /// How to see that it is mended.
    pub verify: Option<String>,
    /// Pages of the vendor.
    pub references: Vec<String>,
    /// All causes, the one that fits first.
    pub causes: Vec<Cause>,
    /// Which link and which clauses decided.
    pub matched: Matched,
    /// Other rules that fit.
    pub also: Vec<String>,
    /// Same trouble, same number.
    pub fingerprint: Fingerprint,
}

/// One reason why an error happens, and what to do about it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// Why it happens.
    pub cause: String,
    /// A fragment of the message that tells this cause from the others.
    #[serde(default)]
    pub when: Option<String>,
    /// What to do, step by step.
    #[serde(default)]
    pub resolution: Vec<String>,
    /// How to see that it is mended.
    #[serde(default)]
    pub verify: Option<String>,
    /// True when the vendor documents no such thing and the advice is ours.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ours: bool,
}

/// Which link and which clauses of a rule decided.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matched {
    /// Index in the chain of the deepest link that decided; `None` where there is no chain.
    pub link: Option<usize>,
    /// The clauses: `code`, `type`, `message`, `number`, `http`, `side`, ….
    pub by: Vec<String>,
}

/// The kind of trouble.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names are the field's own")]
pub enum Category {
    Authentication,
    Authorization,
    KeyVault,
    ManagedIdentity,
    Connectivity,
    Firewall,
    Dns,
    PrivateEndpoint,
    Tls,
    Proxy,
    IrRegistration,
    IrHealth,
    IrResources,
    IrUpgrade,
    CredentialStore,
    MissingDependency,
    Configuration,
    DataFormat,
    TypeConversion,
    Schema,
    NotFound,
    Conflict,
    Throttling,
    Timeout,
    ServiceInternal,
    CustomerManagedKey,
    Sharing,
    Expression,
    SourceControl,
    Unknown,
}

impl Category {
    /// All categories, in the order in which they are shown.
    pub const ALL: [Self; 30] = [
        Self::Authentication,
        Self::Authorization,
        Self::KeyVault,
        Self::ManagedIdentity,
        Self::Connectivity,
        Self::Firewall,
        Self::Dns,
        Self::PrivateEndpoint,
        Self::Tls,
        Self::Proxy,
        Self::IrRegistration,
        Self::IrHealth,
        Self::IrResources,
        Self::IrUpgrade,
        Self::CredentialStore,
        Self::MissingDependency,
        Self::Configuration,
        Self::DataFormat,
        Self::TypeConversion,
        Self::Schema,
        Self::NotFound,
        Self::Conflict,
        Self::Throttling,
        Self::Timeout,
        Self::ServiceInternal,
        Self::CustomerManagedKey,
        Self::Sharing,
        Self::Expression,
        Self::SourceControl,
        Self::Unknown,
    ];

    /// The name used in JSON, labels and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Authentication => "authentication",
            Self::Authorization => "authorization",
            Self::KeyVault => "key-vault",
            Self::ManagedIdentity => "managed-identity",
            Self::Connectivity => "connectivity",
            Self::Firewall => "firewall",
            Self::Dns => "dns",
            Self::PrivateEndpoint => "private-endpoint",
            Self::Tls => "tls",
            Self::Proxy => "proxy",
            Self::IrRegistration => "ir-registration",
            Self::IrHealth => "ir-health",
            Self::IrResources => "ir-resources",
            Self::IrUpgrade => "ir-upgrade",
            Self::CredentialStore => "credential-store",
            Self::MissingDependency => "missing-dependency",
            Self::Configuration => "configuration",
            Self::DataFormat => "data-format",
            Self::TypeConversion => "type-conversion",
            Self::Schema => "schema",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::Throttling => "throttling",
            Self::Timeout => "timeout",
            Self::ServiceInternal => "service-internal",
            Self::CustomerManagedKey => "customer-managed-key",
            Self::Sharing => "sharing",
            Self::Expression => "expression",
            Self::SourceControl => "source-control",
            Self::Unknown => "unknown",
        }
    }
}

/// How urgent a finding is. Ordered: `Info` is the least.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Something was skipped or may fail soon.
    Warning,
    /// A run failed.
    #[default]
    Error,
    /// A node or a whole runtime is down.
    Critical,
}

impl Severity {
    /// All severities, the least first.
    pub const ALL: [Self; 4] = [Self::Info, Self::Warning, Self::Error, Self::Critical];

    /// The name used in JSON, labels and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

/// Whose fault it is.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// A setting, a right or the data.
    User,
    /// The machine or the network around the runtime.
    Environment,
    /// The cloud service.
    Service,
    /// It passes by itself.
    Transient,
    /// Nobody says.
    #[default]
    Unknown,
}

impl Fault {
    /// The name used in JSON, labels and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Environment => "environment",
            Self::Service => "service",
            Self::Transient => "transient",
            Self::Unknown => "unknown",
        }
    }
}

impl Finding {
    /// When it happened: the record's own time, or else when it was read.
    #[must_use]
    pub fn time_or(&self, read_at: Timestamp) -> Timestamp {
        self.record.time.unwrap_or(read_at)
    }
}
