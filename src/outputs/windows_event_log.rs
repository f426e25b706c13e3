//! Alerts for the Windows event log, as events of the source `shirwatch`.
//!
//! ```text
//! Application · Error · shirwatch · 101     firing: SQL Server refused the login … Cause: …
//! ```
//!
//! The number of an event tells its severity: 100 over, 101 error or critical, 102 warning,
//! 103 information; so that a task of the scheduler can be bound to it. The text is
//! one that every viewer shows whole. Elsewhere than on Windows the receiver is refused
//! when the configuration is checked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Alert;
use crate::model::AlertStatus;
use crate::outputs::Message;
use crate::outputs::Output;
use crate::outputs::OutputError;
use crate::outputs::RenderError;
use crate::outputs::brief;

/// Characters of an event; the log takes 31,839, a command line 32,767 with its escapes.
const LIMIT: usize = 8 * 1024;

/// `windows_event_log: {}` writes alerts to the Application log. Windows only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WindowsEventConfig {}

/// How loud an event is, in the words of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the log's own")]
pub enum EventKind {
    Error,
    Warning,
    Information,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowsEvent {
    /// How loud.
    pub kind: EventKind,
    /// Its number.
    pub id: u16,
    /// What it says.
    pub text: String,
}

/// See [`WindowsEventConfig`].
#[derive(Debug)]
pub struct WindowsEventLog;

impl WindowsEventLog {
    /// The log of this machine, where it has one.
    pub fn new(receiver: &str, _: &WindowsEventConfig) -> Result<Self, OutputError> {
        if cfg!(windows) {
            return Ok(Self);
        }
        Err(OutputError::Platform {
            receiver: receiver.to_owned(),
            kind: "windows_event_log",
            platform: "Windows",
            remedy: "use `syslog:` or `stdout:` here",
        })
    }
}

impl Output for WindowsEventLog {
    fn name(&self) -> &'static str {
        "windows_event_log"
    }

    fn render(&self, alert: &Alert) -> Result<Message, RenderError> {
        let (kind, id) = match (alert.status, brief::label(alert, "severity")) {
            (AlertStatus::Resolved, _) => (EventKind::Information, 100),
            (_, "warning") => (EventKind::Warning, 102),
            (_, "info") => (EventKind::Information, 103),
            _ => (EventKind::Error, 101),
        };
        Ok(Message::Event(WindowsEvent { kind, id, text: text(alert) }))
    }
}

fn text(alert: &Alert) -> String {
    let mut out = format!("{}: {}", brief::status(alert), brief::summary(alert, 300, |_| 1));
    for part in brief::parts(alert, LIMIT - 3000, LIMIT, |_| 1) {
        out.push_str(&format!("\n\n{}\n{}", part.title, part.text));
    }
    out.push('\n');
    for (title, fact) in brief::facts(alert) {
        out.push_str(&format!("\n{title}: {fact}"));
    }
    for (title, url) in brief::links(alert).iter().filter(|(_, url)| url.len() < 500) {
        out.push_str(&format!("\n{title}: {url}"));
    }
    brief::cut(&out, LIMIT, |_| 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Reason;
    use crate::outputs::tests::{alert, golden, huge};

    #[test]
    fn the_events_stay_as_they_are() {
        golden("windows-event-firing", &WindowsEventLog.render(&alert(Reason::FirstSeen)).unwrap());
        golden(
            "windows-event-resolved",
            &WindowsEventLog.render(&alert(Reason::Resolved)).unwrap(),
        );
    }

    #[test]
    fn the_limit_is_kept_and_cause_and_steps_survive() {
        let text = text(&huge());
        assert!(text.chars().count() <= LIMIT);
        assert!(text.contains("Cause\nCCC") && text.contains("1. Step"), "{text}");
    }
}
