//! What is not to be told for a while.
//!
//! ```text
//! category=connectivity  integration_runtime=ir-plant  from 22:00 to 02:00
//! pipeline=~nightly.*    node!=n1
//! ```
//!
//! All matchers of a silence must fit. They look at the labels of the alert (`rule`,
//! `category`, `severity`, `fingerprint`, the labels of the source) and at the places of the
//! incident. An incident that touched two pipelines is covered only where both fit: a silence
//! hides nothing that lies outside of it.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::model::incident::Incident;
use crate::model::names::Names;

/// Silences that are kept at one time.
pub const LIMIT: usize = 500;

/// Bytes of a matcher, or of a comment; and matchers of one silence.
const LONGEST: usize = 1000;
const MATCHERS: usize = 20;

/// What is not to be told for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Its name.
    pub id: String,
    /// What it covers; all must fit.
    pub matchers: Vec<Matcher>,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// Why there is one.
    #[serde(default)]
    pub comment: String,
}

impl Silence {
    /// A silence for these matchers, or why it cannot be. `now` makes its name.
    pub fn new(
        matchers: &[String],
        (starts_at, ends_at): (Timestamp, Timestamp),
        comment: &str,
        now: Timestamp,
    ) -> Result<Self, Refused> {
        if matchers.is_empty() || matchers.len() > MATCHERS {
            return Err(Refused::Number);
        }
        if ends_at <= starts_at || ends_at <= now {
            return Err(Refused::Times);
        }
        if comment.len() > LONGEST {
            return Err(Refused::TooLong);
        }
        let seed = format!("{}\0{}", now.as_nanosecond(), matchers.join("\0"));
        let id = format!("{:016x}", xxhash_rust::xxh3::xxh3_64(seed.as_bytes()));
        let matchers = matchers.iter().map(|it| it.parse()).collect::<Result<_, _>>()?;
        Ok(Self { id, matchers, starts_at, ends_at, comment: comment.to_owned() })
    }

    /// Whether an incident is not to be told at `now`.
    #[must_use]
    pub fn covers(&self, it: &Incident, now: Timestamp) -> bool {
        self.starts_at <= now
            && now < self.ends_at
            && !self.matchers.is_empty()
            && self.matchers.iter().all(|matcher| matcher.covers(it))
    }
}

/// Why a silence was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There are none, or too many.
    #[error("a silence needs 1 to 20 matchers such as category=connectivity")]
    Number,
    /// It is over before it begins.
    #[error("the silence ends before it begins, or in the past; give a later end")]
    Times,
    /// A text is too long.
    #[error("the text is longer than 1000 bytes; shorten it")]
    TooLong,
    /// It is no matcher.
    #[error("`{0}` is no matcher; write LABEL=VALUE, LABEL!=VALUE or LABEL=~PATTERN")]
    NoMatcher(String),
    /// Its pattern is none.
    #[error("`{0}` holds no valid pattern; see the syntax of regular expressions")]
    NoPattern(String),
}

/// A label and what it must be.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Matcher {
    text: String,
    label: String,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    Is(String),
    IsNot(String),
    Fits(Regex),
}

impl Matcher {
    fn covers(&self, it: &Incident) -> bool {
        match self.label.as_str() {
            "rule" => self.fits(&it.rule),
            "category" => self.fits(it.category.as_str()),
            "severity" => self.fits(it.severity.as_str()),
            "fingerprint" => self.fits(&it.fingerprint.to_string()),
            label => match (it.group.get(label), places(it, label)) {
                (Some(value), _) => self.fits(value),
                (None, Some(values)) if !values.is_empty() => values.iter().all(|it| self.fits(it)),
                _ => self.fits(""),
            },
        }
    }

    fn fits(&self, value: &str) -> bool {
        match &self.test {
            Test::Is(it) => it == value,
            Test::IsNot(it) => it != value,
            Test::Fits(it) => it.is_match(value),
        }
    }
}

fn places<'a>(it: &'a Incident, label: &str) -> Option<&'a Names> {
    match label {
        "factory" => Some(&it.places.factories),
        "pipeline" => Some(&it.places.pipelines),
        "activity" => Some(&it.places.activities),
        "integration_runtime" => Some(&it.places.integration_runtimes),
        "node" => Some(&it.places.nodes),
        _ => None,
    }
}

impl FromStr for Matcher {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        if text.len() > LONGEST {
            return Err(Refused::TooLong);
        }
        let none = || Refused::NoMatcher(text.to_owned());
        let (label, value) = text.split_once('=').ok_or_else(none)?;
        let (label, test) = if let Some(label) = label.strip_suffix('!') {
            (label, Test::IsNot(value.to_owned()))
        } else if let Some(pattern) = value.strip_prefix('~') {
            let whole = Regex::new(&format!("^(?:{pattern})$"));
            (label, Test::Fits(whole.map_err(|_| Refused::NoPattern(text.to_owned()))?))
        } else {
            (label, Test::Is(value.to_owned()))
        };
        let named = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        if label.is_empty() || !label.chars().all(named) {
            return Err(none());
        }
        Ok(Self { text: text.to_owned(), label: label.to_owned(), test })
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Matcher {}

impl From<Matcher> for String {
    fn from(it: Matcher) -> Self {
        it.text
    }
}

impl TryFrom<String> for Matcher {
    type Error = Refused;

    fn try_from(text: String) -> Result<Self, Refused> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_matcher_is_read_or_refused() {
        // text, whether it is a matcher, whether it fits `dns` and `prod dns`
        check("category=dns",       Some((true, false)));
        check("category!=dns",      Some((false, true)));
        check("category=~d.s",      Some((true, false)));
        check("category=~.*dns",    Some((true, true)));
        check("category=",          Some((false, false)));
        check("category==dns",      Some((false, false)));
        check("category=~(",        None);
        check("category",           None);
        check("=dns",               None);
        check("a label=dns",        None);
    }

    #[track_caller]
    fn check(text: &str, expected: Option<(bool, bool)>) {
        let read = text.parse::<Matcher>();
        let actual = read.as_ref().ok().map(|it| (it.fits("dns"), it.fits("prod dns")));
        assert_eq!(actual, expected, "{text}: {read:?}");
    }
}
