//! Where alerts go, and what `/metrics` shows.
//!
//! ```text
//! Incident ──wording──▶ Alert ──Output::render──▶ Message      (delivery sends it)
//! Totals, Snapshot ──prometheus──▶ text                        (web serves it)
//! ```
//!
//! An output *says* and does nothing else, so each is tested as a table from alert to
//! message. `receiver.rs` holds the only list of outputs: a new one is a file, a key in
//! [`ReceiverConfig`] and a row in [`build`].
//!
//! Secrets are read from their files once, when a receiver is built. Nothing here opens a
//! connection, waits, or knows which alerts are worth sending.

use std::fmt;

use crate::model::Alert;

pub mod alertmanager;
pub mod prometheus;
pub mod receiver;
pub mod stdout;
pub mod webhook;
pub mod wording;

pub use receiver::{OutputError, Receiver, ReceiverConfig, build, build_all};

/// A place where alerts go: an Alertmanager, a chat, a pipe.
///
/// An output *says* an alert in the words of one system. It does not choose which alerts
/// are worth saying (`Routes` does), and it does not send (`Courier` does, with the
/// timeouts and retries that all outputs share). It is a pure function of the alert, and
/// is tested as a table from alert to message.
pub trait Output: Send + Sync + fmt::Debug {
    /// The name used in the configuration and in messages.
    fn name(&self) -> &'static str;

    /// Writes `alert` as a message. Resolved alerts are rendered too, and say so.
    fn render(&self, alert: &Alert) -> Result<Message, RenderError>;

    /// Whether the other side keeps alerts itself and forgets those that are not said
    /// again. Only such a one is told a refresh.
    fn keeps_state(&self) -> bool {
        false
    }
}

/// What is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// The same word to several doors of one system. It is delivered when one took it.
    Http(Vec<Request>),
    /// Lines for standard output, each with its end.
    Text(String),
}

/// One HTTP request, always a `POST`.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The whole address. It may hold a secret: log its [`door`] only.
    pub url: String,
    /// Names and values. They may hold a secret.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// Addresses and headers may hold secrets, so that a request shows its door alone.
impl fmt::Debug for Request {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "POST {} ({} bytes)", door(&self.url), self.body.len())
    }
}

/// Scheme, host and port of an address: what may be shown of it. Credentials, path and
/// query are where tokens stand.
#[must_use]
pub fn door(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "[no address]".to_owned() };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}")
}

/// Why an alert could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the alert of incident `{incident}` for {output}")]
pub struct RenderError {
    /// The kind of output.
    pub output: &'static str,
    /// The key of the incident.
    pub incident: String,
    /// What went wrong.
    pub source: serde_json::Error,
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::AlertStatus;
    use crate::model::Reason;

    /// The alert that the tests of all outputs render.
    pub(crate) fn alert(reason: Reason) -> Alert {
        let pairs = |list: &[(&str, &str)]| {
            list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<BTreeMap<_, _>>()
        };
        let over = reason == Reason::Resolved;
        Alert {
            incident: "9f86d081884c7d65".to_owned(),
            status: if over { AlertStatus::Resolved } else { AlertStatus::Firing },
            reason,
            labels: pairs(&[
                ("alertname", "SqlLoginFailed"),
                ("rule", "sql-login-failed"),
                ("category", "authentication"),
                ("severity", "error"),
                ("fingerprint", "9f86d081884c7d65"),
                ("environment", "production"),
            ]),
            annotations: pairs(&[
                ("summary", "SQL Server refused the login in pipeline nightly"),
                ("description", "Login failed for user 'etl_reader'."),
                ("cause", "The password has expired."),
                ("resolution", "1. Renew the secret.\n2. Run the activity again."),
                ("runbook_url", "https://shirwatch.contoso.example/rules/sql-login-failed"),
            ]),
            starts_at: "2026-03-01T06:12:09.4Z".parse().unwrap(),
            ends_at: Some("2026-03-01T06:20:00Z".parse().unwrap()),
            generator_url: "https://shirwatch.contoso.example/incidents/9f86d081884c7d65"
                .to_owned(),
            finding: serde_json::json!({ "rule": "sql-login-failed" }),
        }
    }

    #[test]
    #[rustfmt::skip]
    fn an_address_shows_its_door_only() {
        check_door("https://user:pass@h.contoso.example:8443/T0/KEY?sig=x#y", "https://h.contoso.example:8443");
        check_door("http://h?token=a@b",                                      "http://h");
        check_door("http://[::1]:9093",                                       "http://[::1]:9093");
        check_door("nonsense",                                                "[no address]");
    }

    #[track_caller]
    fn check_door(url: &str, expected: &str) {
        assert_eq!(door(url), expected);
    }
}
