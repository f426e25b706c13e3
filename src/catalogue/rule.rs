//! A rule as it is written in YAML: what, when, why, what to do, and its proof.
//!
//! ```yaml
//! - id: sql-login-failed
//!   title: SQL Server refused the login
//!   category: authentication
//!   severity: error
//!   match:
//!     - type: System.Data.SqlClient.SqlException
//!       message: "Login failed for user '{user}'"
//!   causes:
//!     - cause: The password of `{user}` is wrong, or the login is disabled.
//!       resolution: [Test the linked service from the node.]
//!   examples:
//!     - text: "…"
//!       captures: { user: etl_reader }
//! ```
//!
//! These types are the written form and nothing more: `matcher.rs` compiles them,
//! `check.rs` judges them. Their comments become `schema.json`, which gives editors
//! completion. Unknown keys are refused, since a misspelt clause would match too much.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::catalogue::texts::Texts;
use crate::model::finding::{Category, Cause, Fault, Severity};
use crate::model::runtime::Standing;

/// One entry of the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Unique, in kebab-case, and never renamed: alerts and dashboards are built on it.
    pub id: String,
    /// The error in one short sentence; may use `{captures}`.
    pub title: String,
    /// The kind of trouble.
    pub category: Category,
    /// How urgent it is.
    pub severity: Severity,
    /// Whose fault it is.
    #[serde(default)]
    pub fault: Fault,
    /// Whether running it again may help; absent where nobody says.
    #[serde(default)]
    pub retryable: Option<bool>,
    /// Whether the rule is in use.
    #[serde(default)]
    pub status: Status,
    /// False when no log shows the error: it can be found by searching, and never matches.
    #[serde(default = "yes")]
    pub observable: bool,
    /// True when the rule knows a kind of trouble by words that anyone may use. It answers
    /// where no other rule does, and is not named beside one that does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub general: bool,
    /// True when the rule knows a sentence that only passes on that something else failed. It
    /// answers where no other rule names a kind of trouble.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wrapper: bool,
    /// What the error says of the integration runtime or the node on which it happens, if
    /// anything: that it is `Offline`, `Limited`, and so on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<Standing>,
    /// When the rule fits: any one of these.
    #[serde(default, rename = "match")]
    pub alternatives: Vec<Match>,
    /// Why it happens and what to do, the most likely cause first.
    #[serde(default)]
    pub causes: Vec<Cause>,
    /// Pages of the vendor.
    #[serde(default)]
    pub references: Vec<String>,
    /// Ids of the documented errors that this rule stands for.
    #[serde(default)]
    pub covers: Vec<String>,
    /// Texts that this rule must win, each a test.
    #[serde(default)]
    pub examples: Vec<Example>,
    /// Texts of near neighbours that this rule must leave to others, each a test.
    #[serde(default)]
    pub counterexamples: Vec<Counterexample>,
    /// The file the rule was read from.
    #[serde(skip)]
    pub file: String,
    /// Whether it is one of ours, as we wrote it.
    #[serde(skip)]
    pub built_in: bool,
}

/// One way to know the error. All clauses that are given hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Match {
    /// `ErrorCode=Name` of any exception, or a code that the text names: any of these.
    /// Compared without case and without the prefix `UserError`. `DF-Hive-*` is a family.
    #[serde(skip_serializing_if = "Texts::is_empty")]
    pub code: Texts,
    /// The whole type of an exception at any depth: any of these.
    #[serde(rename = "type", skip_serializing_if = "Texts::is_empty")]
    pub types: Texts,
    /// Fragments of what an exception or the record says: all of these. `{name}` captures
    /// what stands there, `{}` passes over it.
    #[serde(skip_serializing_if = "Texts::is_empty")]
    pub message: Texts,
    /// Fragments of which none may occur.
    #[serde(skip_serializing_if = "Texts::is_empty")]
    pub unless: Texts,
    /// A vendor's number: `sql:18456`, `ora:1017`, `aadsts:7000215`, `sqlstate:08001`,
    /// `http:403`, `win:10060`, `hresult:0x80131904`; any of these.
    #[serde(skip_serializing_if = "Texts::is_empty")]
    pub number: Texts,
    /// The code of the activity, such as `2200`: any of these.
    #[serde(skip_serializing_if = "Texts::is_empty")]
    pub activity_code: Texts,
    /// `Copy`, `Lookup` and so on: any of these.
    #[serde(skip_serializing_if = "Texts::is_empty")]
    pub activity_type: Texts,
    /// `UserError`, `SystemError`: any of these.
    #[serde(skip_serializing_if = "Texts::is_empty")]
    pub failure_type: Texts,
    /// The side of a copy: `source` or `sink`.
    #[serde(skip_serializing_if = "Texts::is_empty")]
    pub side: Texts,
    /// The kind of store that failed, by the name of its linked service (`AzureSqlDatabase`)
    /// or of the component that threw (`MSSQL`), without case: any of these.
    #[serde(skip_serializing_if = "Texts::is_empty")]
    pub connector: Texts,
    /// The carrier, such as `event-log`: any of these.
    #[serde(skip_serializing_if = "Texts::is_empty")]
    pub format: Texts,
}

/// Whether a rule is in use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It matches.
    #[default]
    Active,
    /// It stays so that its id is never used again, and matches nothing.
    Retired,
    /// An operator switched it off.
    Disabled,
}

impl Status {
    /// The name used in YAML and on pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Disabled => "disabled",
        }
    }
}

/// A text that the rule must win.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What a log holds.
    pub text: String,
    /// What the rule must capture from it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub captures: BTreeMap<String, String>,
}

/// A text that the rule must leave to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counterexample {
    /// Why the rule does not fit.
    #[serde(default)]
    pub why: String,
    /// What a log holds.
    pub text: String,
}

impl Rule {
    /// The family of the rule: the name of its file.
    #[must_use]
    pub fn family(&self) -> &str {
        let name = self.file.rsplit(['/', '\\']).next().unwrap_or(&self.file);
        name.split('.').next().unwrap_or(name)
    }

    /// True when the rule takes part in classifying.
    #[must_use]
    pub fn matches(&self) -> bool {
        self.status == Status::Active && self.observable
    }
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `UPDATE_EXPECT=1 cargo test` writes the file anew.
    #[test]
    fn schema_json_is_made_from_these_types() {
        let schema = schemars::schema_for!(Vec<Rule>);
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        expect_test::expect_file!["schema.json"].assert_eq(&text);
    }

    #[test]
    #[rustfmt::skip]
    fn a_family_is_the_name_of_its_file() {
        for (file, expected) in [
            ("sql.yaml",                  "sql"),
            ("/etc/shirwatch/own.yml",    "own"),
            (r"C:\rules\own.yaml",        "own"),
            ("",                          ""),
        ] {
            let rule = Rule { file: file.to_owned(), ..minimal() };
            assert_eq!(rule.family(), expected, "{file}");
        }
    }

    #[test]
    fn what_is_written_can_be_read_again() {
        let json = serde_json::to_value(minimal()).unwrap();
        assert_eq!(serde_json::from_value::<Rule>(json).unwrap(), minimal());
    }

    fn minimal() -> Rule {
        serde_json::from_value(serde_json::json!({
            "id": "a", "title": "A", "category": "dns", "severity": "info",
            "match": [{ "code": ["A", "B"], "activity_code": 2200 }],
        }))
        .unwrap()
    }
}
