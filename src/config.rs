//! The configuration: the parts' own configurations in one YAML file.
//!
//! ```yaml
//! sources:
//!   - name: traces
//!     file: { include: [/var/log/ir/*.log] }
//! receivers:
//!   - name: ops
//!     alertmanager: { urls: [http://127.0.0.1:9093] }
//! ```
//!
//! Every key has a default that works, so that an empty file, or none, starts. Unknown keys
//! are refused. All faults are told at once, each with its line and what to do. What a part
//! needs is written in that part; here they only stand together.

pub mod faults;
pub mod native;
pub mod template;

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::faults::Fault;
use crate::config::faults::Faults;
use crate::delivery::Delivery;
use crate::delivery::RouteConfig;
use crate::model::counters::MetricsConfig;
use crate::model::redacted::RedactionConfig;
use crate::outputs::ReceiverConfig;
use crate::pipeline::AlertsConfig;
use crate::pipeline::IncidentsConfig;
use crate::pipeline::RuntimesConfig;
use crate::sources;
use crate::sources::SourceConfig;
use crate::store::BackEndConfig;
use crate::store::Place;
use crate::store::StoreConfig;
use crate::web::WebConfig;

/// The whole configuration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where counters, incidents and checkpoints are kept. By default `$STATE_DIRECTORY`,
    /// else the state folder of the platform: `/var/lib/shirwatch`, or
    /// `~/.local/state/shirwatch` for a user, `%ProgramData%\shirwatch` on Windows.
    pub state_dir: Option<PathBuf>,
    /// Where counters, incidents and checkpoints are kept, if not in the state folder.
    pub store: BackEndConfig,
    /// The page, the API and the metrics.
    pub web: WebConfig,
    /// What is read. Each source has a `name` and, where wanted, `labels`, which become
    /// labels of its incidents.
    pub sources: Vec<SourceConfig>,
    /// The operator's own rules.
    pub catalogue: CatalogueConfig,
    /// What is taken out before anything is stored, shown or sent.
    pub redaction: RedactionConfig,
    /// What is one incident, and when it is over.
    pub incidents: IncidentsConfig,
    /// What is worth a notice, and how often.
    pub alerts: AlertsConfig,
    /// When an integration runtime is in trouble, by what the service reports of it.
    pub runtimes: RuntimesConfig,
    /// Which alert goes to which receivers. Without routes all alerts go to all receivers.
    pub routes: Vec<RouteConfig>,
    /// Where alerts go. Each receiver has a `name` and one kind.
    pub receivers: Vec<ReceiverConfig>,
    /// What `/metrics` tells apart.
    pub metrics: MetricsConfig,
    /// How much may be kept.
    pub limits: StoreConfig,
    /// What shirwatch says of itself, on standard error.
    pub log: LogConfig,
}

/// `catalogue:` the operator's own rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CatalogueConfig {
    /// A folder of YAML files with rules. They are laid over the built-in ones: a rule with
    /// a known id replaces it, `status: retired` switches it off.
    pub dir: Option<PathBuf>,
}

/// `log:` what shirwatch says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// The least that is said: `error`, `warn`, `info`, `debug`, `trace`.
    pub level: LogLevel,
    /// `text` for people, `json` for collectors.
    pub format: LogFormat,
}

/// How much is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names are the field's own")]
pub enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

/// How it is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names are the field's own")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

impl Config {
    /// Reads and checks the configuration in `file`.
    pub fn load(file: &Path) -> Result<Self, Faults> {
        let text = std::fs::read_to_string(file)
            .map_err(|source| Faults::one(file, Fault::unreadable(&source)))?;
        Self::from_yaml(file, &text)
    }

    /// Reads and checks a configuration.
    pub fn from_yaml(file: &Path, text: &str) -> Result<Self, Faults> {
        let config = faults::parse(text).map_err(|found| Faults::new(file, found))?;
        let found = config.check(text);
        if found.is_empty() { Ok(config) } else { Err(Faults::new(file, found)) }
    }

    /// The configuration as YAML, with every default written out.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        serde_saphyr::to_string(self).unwrap_or_default()
    }

    /// What is wrong beyond single values.
    fn check(&self, text: &str) -> Vec<Fault> {
        let sources = sources::check(&self.sources);
        let mut found: Vec<_> = sources.iter().map(|it| Fault::of(text, it, "sources")).collect();
        if let Err(errors) = Delivery::new(&self.receivers, &self.routes) {
            found.extend(errors.iter().map(|it| Fault::of(text, it, "receivers")));
        }
        found.extend(self.web.faults().iter().map(|it| Fault::of(text, it, "web")));
        found.extend(self.store.faults().iter().map(|it| Fault::of(text, it, "store")));
        found
    }

    /// Where counters, incidents and checkpoints are kept.
    #[must_use]
    pub fn place(&self) -> Place {
        self.store.place(self.state_dir())
    }

    /// The state folder: as configured, or where the platform keeps state.
    #[must_use]
    pub fn state_dir(&self) -> PathBuf {
        self.state_dir.clone().unwrap_or_else(default_state_dir)
    }
}

fn default_state_dir() -> PathBuf {
    let variable = |name| std::env::var_os(name).map(PathBuf::from).filter(|it| it.is_absolute());
    if let Some(dir) = variable("STATE_DIRECTORY") {
        return dir;
    }
    if cfg!(windows) {
        return variable("ProgramData")
            .unwrap_or_else(|| r"C:\ProgramData".into())
            .join("shirwatch");
    }
    let system = PathBuf::from("/var/lib/shirwatch");
    let home =
        variable("XDG_STATE_HOME").or_else(|| variable("HOME").map(|it| it.join(".local/state")));
    match home {
        Some(home) if !is_writable(&system) => home.join("shirwatch"),
        _ => system,
    }
}

/// Whether the folder, or else its parent, can be written.
fn is_writable(dir: &Path) -> bool {
    let existing = if dir.exists() { dir } else { dir.parent().unwrap_or(dir) };
    let probe = existing.join(format!(".shirwatch-{}", std::process::id()));
    let made = std::fs::File::create_new(&probe).is_ok();
    made && std::fs::remove_file(&probe).is_ok()
}
