//! Alerts for whoever takes JSON: a script, an automation, a ticket system.
//!
//! ```text
//! POST <url>
//! {"version":"1","status":"firing","reason":"first-seen","fingerprint":"9f86d081884c7d65",
//!  "alert":{"labels":{…},"annotations":{…},"startsAt":"…","endsAt":null,"generatorURL":"…"},
//!  "finding":{"record":{…},"rule":"…",…}}
//! ```
//!
//! The shape is stable: keys are added, never renamed or dropped, and `version` changes if
//! that is ever broken. `status` is `firing` or `resolved`; `reason` says why it is said now
//! (`first-seen`, `escalated`, `repeat-due`, `resolved`, `test`). One request is one alert.
//! `endsAt` is set when the incident is over, and `null` before. `generatorURL` is empty
//! where no external address is configured. `finding` is the latest one that was kept as a
//! sample, in the shape of `shirwatch explain --format json`; `null` where it is too large.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Alert;
use crate::model::AlertStatus;
use crate::outputs::Message;
use crate::outputs::Output;
use crate::outputs::OutputError;
use crate::outputs::RenderError;
use crate::outputs::Request;
use crate::outputs::receiver::check_address;
use crate::outputs::receiver::check_header;
use crate::outputs::receiver::secret;

/// `webhook:` a web address that takes one alert as JSON by `POST`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookConfig {
    /// The address. If it holds a token, keep it in a file and name it in `url_file`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// A file that holds the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url_file: Option<PathBuf>,
    /// Headers sent with each alert. Secrets belong into `authorization_file`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// A file that holds the value of the header `Authorization`, such as `Bearer …`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_file: Option<PathBuf>,
}

/// The address may hold a token.
impl fmt::Debug for WebhookConfig {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let door = self.url.as_deref().map(crate::outputs::door);
        out.debug_struct("WebhookConfig").field("url", &door).finish_non_exhaustive()
    }
}

/// See [`WebhookConfig`].
pub struct Webhook {
    url: String,
    headers: Vec<(String, String)>,
}

/// The address may hold a token.
impl fmt::Debug for Webhook {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Webhook({})", crate::outputs::door(&self.url))
    }
}

impl Webhook {
    /// The webhook of `receiver`.
    pub fn new(receiver: &str, config: &WebhookConfig) -> Result<Self, OutputError> {
        let url = address(receiver, config)?;
        check_address(receiver, "url", &url)?;
        let mut headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        for (name, value) in &config.headers {
            check_header(receiver, name, value)?;
            headers.push((name.clone(), value.clone()));
        }
        if let Some(file) = &config.authorization_file {
            let value = secret(receiver, "authorization_file", file)?;
            check_header(receiver, "Authorization", &value)?;
            headers.push(("Authorization".to_owned(), value));
        }
        Ok(Self { url, headers })
    }
}

/// The address, from the key or from its file.
fn address(receiver: &str, config: &WebhookConfig) -> Result<String, OutputError> {
    let receiver = receiver.to_owned();
    match (&config.url, &config.url_file) {
        (Some(_), Some(_)) => Err(OutputError::Both { receiver, key: "url" }),
        (Some(url), None) => Ok(url.clone()),
        (None, Some(file)) => secret(&receiver, "url_file", file),
        (None, None) => Err(OutputError::NoAddress { receiver, key: "url" }),
    }
}

impl Output for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn render(&self, alert: &Alert) -> Result<Message, RenderError> {
        let body = serde_json::to_string(&Hook::from(alert)).map_err(|source| RenderError {
            output: "webhook",
            incident: alert.incident.clone(),
            source,
        })?;
        let (url, headers) = (self.url.clone(), self.headers.clone());
        Ok(Message::Http(vec![Request { url, headers, body }]))
    }
}

/// The body.
#[derive(Serialize)]
struct Hook<'a> {
    version: &'static str,
    status: AlertStatus,
    reason: &'static str,
    fingerprint: &'a str,
    alert: Inner<'a>,
    finding: &'a serde_json::Value,
}

/// The alert, in the words of Alertmanager's own webhook.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Inner<'a> {
    labels: &'a BTreeMap<String, String>,
    annotations: &'a BTreeMap<String, String>,
    starts_at: Timestamp,
    ends_at: Option<Timestamp>,
    #[serde(rename = "generatorURL")]
    generator_url: &'a str,
}

impl<'a> From<&'a Alert> for Hook<'a> {
    fn from(alert: &'a Alert) -> Self {
        let over = alert.status == AlertStatus::Resolved;
        Self {
            version: "1",
            status: alert.status,
            reason: alert.reason.as_str(),
            fingerprint: alert.labels.get("fingerprint").map_or("", String::as_str),
            alert: Inner {
                labels: &alert.labels,
                annotations: &alert.annotations,
                starts_at: alert.starts_at,
                // For a firing alert it is no fact, only how long an Alertmanager may believe it.
                ends_at: alert.ends_at.filter(|_| over),
                generator_url: &alert.generator_url,
            },
            finding: &alert.finding,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Reason;
    use crate::outputs::tests::alert;

    #[test]
    #[rustfmt::skip]
    fn the_body_says_status_reason_and_alert() {
        // reason                 status | reason | ends
        check(Reason::FirstSeen,  "firing | first-seen | null");
        check(Reason::Escalated,  "firing | escalated | null");
        check(Reason::RepeatDue,  "firing | repeat-due | null");
        check(Reason::Test,       "firing | test | null");
        check(Reason::Resolved,   "resolved | resolved | \"2026-03-01T06:20:00Z\"");
    }

    #[test]
    fn the_body_keeps_its_shape() {
        let body = body(&alert(Reason::Resolved));
        let keys = |it: &serde_json::Value| {
            it.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(keys(&body), "version status reason fingerprint alert finding");
        assert_eq!(keys(&body["alert"]), "labels annotations startsAt endsAt generatorURL");
        assert_eq!(body["fingerprint"], "9f86d081884c7d65");
        assert_eq!(body["finding"]["rule"], "sql-login-failed");
        assert_eq!(body["alert"]["labels"]["rule"], "sql-login-failed");
        assert_eq!(body["alert"]["startsAt"], "2026-03-01T06:12:09.4Z");
    }

    #[test]
    fn secrets_come_from_files_and_are_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let (url, key) = (folder.path().join("url"), folder.path().join("key"));
        std::fs::write(&url, "http://h.contoso.example/hook?key=geheim\n").unwrap();
        std::fs::write(&key, "Bearer geheim\n").unwrap();
        let config = WebhookConfig {
            url_file: Some(url),
            authorization_file: Some(key),
            ..WebhookConfig::default()
        };
        let hook = Webhook::new("hook", &config).unwrap();
        let message = hook.render(&alert(Reason::FirstSeen)).unwrap();
        let Message::Http(requests) = &message else { panic!("not a request") };
        assert_eq!(requests[0].url, "http://h.contoso.example/hook?key=geheim");
        assert!(requests[0].headers.contains(&("Authorization".into(), "Bearer geheim".into())));
        let shown = format!("{hook:?} {message:?} {config:?}");
        assert!(!shown.contains("geheim"), "{shown}");
    }

    fn body(alert: &Alert) -> serde_json::Value {
        let config = WebhookConfig { url: Some("http://h/x".into()), ..WebhookConfig::default() };
        let Message::Http(requests) = Webhook::new("h", &config).unwrap().render(alert).unwrap()
        else {
            panic!("not a request")
        };
        serde_json::from_str(&requests[0].body).unwrap()
    }

    #[track_caller]
    fn check(reason: Reason, expected: &str) {
        let body = body(&alert(reason));
        let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
        let actual =
            format!("{} | {} | {}", text("status"), text("reason"), body["alert"]["endsAt"]);
        assert_eq!(actual, expected);
    }
}
