//! The seal: what is in it holds no secret any more.
//!
//! ```text
//! Server=sql01;User ID=svc;Password=FAKE      →  Server=sql01;User ID=svc;Password=[redacted:secret]
//! ```
//!
//! Only what is secret goes, and its key stays, so that the text can still be read and
//! searched. Redacting twice changes nothing. Who may see what is not decided here: one
//! level holds for all.

mod patterns;
pub(in crate::model) mod secrets;
mod taken;
mod value;
mod whole;

use std::borrow::Cow;
use std::ops::{Deref, Range};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shirwatch_parsers::Context;
use xxhash_rust::xxh3::xxh3_64;

use crate::model::finding::Finding;

/// A value from which the secrets were taken out. Only a [`Redactor`] makes one, and the
/// store, for what was redacted when it was written. It is kept apart from who holds it: findings
/// are large, and most incidents in memory hold none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Redacted<T>(Box<T>);

impl<T> Redacted<T> {
    /// For the store alone: a value that was redacted when it was written.
    pub fn from_store(value: T) -> Self {
        Self(Box::new(value))
    }

    /// The value itself, to be shown.
    pub fn into_inner(self) -> T {
        *self.0
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
        T::deserialize(from).map(Self::from_store)
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

/// How an alias begins.
const ALIAS: &str = "name-";

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
        self.take(text, &mut |_, _| {})
    }

    /// The name of a machine or a resource by which things are told apart. At the level `name`
    /// another stands for it, the same each time.
    #[must_use]
    pub fn alias<'a>(&self, name: &'a str) -> Cow<'a, str> {
        let done = name.is_empty() || name.starts_with(ALIAS) || name.starts_with("[redacted:");
        if self.level < RedactionLevel::Name || done {
            return self.text(name);
        }
        Cow::Owned(format!("{ALIAS}{:08x}", xxh3_64(name.as_bytes()) as u32))
    }

    /// The same, and tells each part that was taken out, with its label.
    fn take<'a>(&self, text: &'a str, told: &mut impl FnMut(&str, &'static str)) -> Cow<'a, str> {
        let mut clean = without(Cow::Borrowed(text), secrets::spans, "[redacted:secret]", told);
        if self.level >= RedactionLevel::Data {
            clean = without(clean, patterns::data, "[redacted:data]", told);
        }
        if self.level >= RedactionLevel::Name {
            clean = without(clean, patterns::names, "[redacted:name]", told);
        }
        clean
    }

    /// Where it happened, without secrets: what [`Redactor::redact`] leaves of the context.
    #[must_use]
    pub fn names(&self, context: &Context<'_>) -> Redacted<Context<'static>> {
        let mut context = context.clone().into_owned();
        whole::names(self, &mut context);
        Redacted(Box::new(context))
    }

    /// The finding without its secrets.
    #[must_use]
    pub fn redact(&self, mut finding: Finding) -> Redacted<Finding> {
        whole::finding(self, &mut finding);
        Redacted(Box::new(finding))
    }
}

/// The text with `label` in the place of each part that `find` finds.
fn without<'a>(
    text: Cow<'a, str>,
    find: impl Fn(&str) -> Vec<Range<usize>>,
    label: &'static str,
    told: &mut impl FnMut(&str, &'static str),
) -> Cow<'a, str> {
    let spans = find(&text);
    if spans.is_empty() {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for span in spans {
        out.push_str(&text[at..span.start]);
        out.push_str(label);
        told(&text[span.clone()], label);
        at = span.end;
    }
    out.push_str(&text[at..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests;
