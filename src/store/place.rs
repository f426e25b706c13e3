//! Where the store is: a folder of this machine, or a database that a fleet shares.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `store:` where counters, incidents and checkpoints are kept. Without it, in a file in the
/// state folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BackEndConfig {
    /// In a PostgreSQL database (version 13 or later) that many daemons share: they keep one
    /// list of incidents, and each notice is sent once, whichever of them is alive.
    pub postgres: Option<PostgresConfig>,
}

/// `store: postgres:` the database that a fleet shares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PostgresConfig {
    /// A file with the address, such as
    /// `postgres://shirwatch:PASSWORD@db.contoso.example/shirwatch?sslmode=require`. Several
    /// hosts are tried in turn. It is read again at each connection. With `sslmode=require` the
    /// certificate of the server is checked.
    pub url_file: PathBuf,
    /// A file with the certificates, in PEM, that the server may be signed by; else those that
    /// this machine trusts.
    pub ca_file: Option<PathBuf>,
    /// The schema that holds the tables: lower-case letters, digits and `_`.
    pub schema: String,
    /// What this daemon is called among the others, by default the name of this machine. Two
    /// daemons of one name cannot run at one time.
    pub member: Option<String>,
}

impl Default for PostgresConfig {
    fn default() -> Self {
        Self {
            url_file: PathBuf::new(),
            ca_file: None,
            schema: "shirwatch".to_owned(),
            member: None,
        }
    }
}

impl BackEndConfig {
    /// Where the store is; `dir` is the state folder.
    #[must_use]
    pub fn place(&self, dir: PathBuf) -> Place {
        match &self.postgres {
            Some(it) => Place::Postgres(it.clone()),
            None => Place::Folder(dir),
        }
    }

    /// What is wrong with it.
    #[must_use]
    pub fn faults(&self) -> Vec<ConfigError> {
        let Some(it) = &self.postgres else { return Vec::new() };
        let mut found = Vec::new();
        if it.url_file.as_os_str().is_empty() {
            found.push(ConfigError::NoUrl);
        }
        let named = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
        let begins = it.schema.starts_with(|c: char| c.is_ascii_lowercase());
        if !begins || it.schema.len() > 60 || !it.schema.bytes().all(named) {
            found.push(ConfigError::Schema { schema: it.schema.clone() });
        }
        if it.member().is_none() {
            found.push(ConfigError::Member);
        }
        found
    }
}

impl PostgresConfig {
    /// The name of this daemon: as configured, or that of this machine; at most 100 bytes.
    #[must_use]
    pub fn member(&self) -> Option<String> {
        let name = self.member.clone().or_else(machine)?;
        let name = name.trim();
        (!name.is_empty() && name.len() <= 100 && !name.contains('\0')).then(|| name.to_owned())
    }
}

/// The name of this machine.
fn machine() -> Option<String> {
    let variable = if cfg!(windows) { "COMPUTERNAME" } else { "HOSTNAME" };
    let kept = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let other = || std::fs::read_to_string("/etc/hostname").ok();
    kept().or_else(other).or_else(|| std::env::var(variable).ok())
}

/// What is wrong with `store:`.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each message says it")]
pub enum ConfigError {
    #[error("`store.postgres` has no address; set `url_file:`")]
    NoUrl,
    #[error("`schema: {schema}` is no name; use lower-case letters, digits and `_`, at most 60")]
    Schema { schema: String },
    #[error("this machine has no name; set `store.postgres.member:`, at most 100 bytes")]
    Member,
}

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A state folder.
    Folder(PathBuf),
    /// A database.
    Postgres(PostgresConfig),
}

impl From<&Path> for Place {
    fn from(dir: &Path) -> Self {
        Self::Folder(dir.to_owned())
    }
}

impl From<&PathBuf> for Place {
    fn from(dir: &PathBuf) -> Self {
        Self::Folder(dir.clone())
    }
}

impl From<&Place> for Place {
    fn from(it: &Place) -> Self {
        it.clone()
    }
}
