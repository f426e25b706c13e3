//! Alerts as lines, for a journal, a terminal or a pipe.
//!
//! ```text
//! FIRING error SQL Server refused the login in pipeline nightly
//!   rule         sql-login-failed (authentication), incident 9f86d081884c7d65, first-seen
//!   description  Login failed for user 'etl_reader'.
//!   cause        The password has expired.
//!   resolution   1. Renew the secret.
//!                2. Run the activity again.
//!   runbook      https://shirwatch.contoso.example/rules/sql-login-failed
//! ```
//!
//! Control characters of log texts do not reach the terminal: they could move its cursor.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Alert;
use crate::model::AlertStatus;
use crate::outputs::Message;
use crate::outputs::Output;
use crate::outputs::RenderError;
use crate::outputs::brief::plain;

/// `stdout: {}` writes alerts to the standard output of the daemon.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StdoutConfig {}

/// See [`StdoutConfig`].
#[derive(Debug)]
pub struct Stdout;

impl Stdout {
    /// The standard output.
    #[must_use]
    pub fn new(_: &StdoutConfig) -> Self {
        Self
    }
}

impl Output for Stdout {
    fn name(&self) -> &'static str {
        "stdout"
    }

    fn render(&self, alert: &Alert) -> Result<Message, RenderError> {
        let label = |key: &str| alert.labels.get(key).map_or("", String::as_str);
        let note = |key: &str| alert.annotations.get(key).map_or("", String::as_str);
        let status = match alert.status {
            AlertStatus::Firing => "FIRING",
            AlertStatus::Resolved => "RESOLVED",
        };
        let mut out = format!("{status} {} {}\n", label("severity"), plain(note("summary")));
        let rule = format!(
            "{} ({}), incident {}, {}",
            label("rule"),
            label("category"),
            label("fingerprint"),
            alert.reason.as_str()
        );
        field(&mut out, "rule", &rule);
        if alert.status == AlertStatus::Firing {
            field(&mut out, "description", note("description"));
            field(&mut out, "cause", note("cause"));
            field(&mut out, "resolution", note("resolution"));
        }
        field(&mut out, "runbook", note("runbook_url"));
        Ok(Message::Text(out))
    }
}

/// One field; its further lines stand under the first.
fn field(out: &mut String, name: &str, text: &str) {
    let mut name = name;
    for line in text.lines() {
        out.push_str(&format!("  {name:<12} {}\n", plain(line)));
        name = "";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Reason;
    use crate::outputs::tests::alert;

    #[test]
    fn a_firing_alert_says_what_to_do() {
        check(
            alert(Reason::FirstSeen),
            "\
FIRING error SQL Server refused the login in pipeline nightly
  rule         sql-login-failed (authentication), incident 9f86d081884c7d65, first-seen
  description  Login failed for user 'etl_reader'.
  cause        The password has expired.
  resolution   1. Renew the secret.
               2. Run the activity again.
  runbook      https://shirwatch.contoso.example/rules/sql-login-failed
",
        );
    }

    #[test]
    fn a_resolved_alert_is_brief() {
        check(
            alert(Reason::Resolved),
            "\
RESOLVED error SQL Server refused the login in pipeline nightly
  rule         sql-login-failed (authentication), incident 9f86d081884c7d65, resolved
  runbook      https://shirwatch.contoso.example/rules/sql-login-failed
",
        );
    }

    #[test]
    fn a_log_cannot_move_the_cursor() {
        let mut sly = alert(Reason::Resolved);
        sly.annotations.insert("summary".into(), "a\u{1b}[2Jb\rc".into());
        let Ok(Message::Text(text)) = Stdout.render(&sly) else { panic!("not a text") };
        assert!(text.starts_with("RESOLVED error a [2Jb c\n"), "{text:?}");
    }

    #[track_caller]
    fn check(alert: Alert, expected: &str) {
        assert_eq!(Stdout.render(&alert).unwrap(), Message::Text(expected.to_owned()));
    }
}
