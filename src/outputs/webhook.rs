//! Alerts for whoever takes JSON: a script, an automation, a ticket system.
//!
//! ```text
//! POST <url>
//! X-Shirwatch-Signature: sha256=9f86…    HMAC of the body, where a `hmac_key_file` is set
//!
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
//!
//! With `body` the operator says it in another shape; the default is what can be named there.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::path::Path;
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
use crate::outputs::settings;
use crate::outputs::settings::bad;
use crate::outputs::settings::check_header;
use crate::outputs::settings::secret;
use crate::outputs::webhook::template::Template;
use crate::outputs::wording;
use crate::outputs::wording::Wording;

mod template;

/// The header with the signature.
const SIGNATURE: &str = "X-Shirwatch-Signature";

/// Bytes that a key must have, lest it be guessed.
const KEY_BYTES: usize = 16;

/// The type of a body of which nothing else is said.
const JSON: &str = "application/json";

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
    /// A file that holds a key of at least 16 characters. With it each request has a header
    /// `X-Shirwatch-Signature: sha256=…`, the HMAC-SHA256 of the body in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hmac_key_file: Option<PathBuf>,
    /// A template of the body, in the language of Jinja, such as
    /// `{"text": {{ alert.annotations.summary }}}`. Without it, the whole alert as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// A file that holds the template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_file: Option<PathBuf>,
    /// The type of a body made by a template; `application/json` by default. In JSON a value
    /// is written with its quotes, in HTML and XML it is escaped, in all else it stands bare.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
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
    key: Option<ring::hmac::Key>,
    template: Option<Template>,
}

/// The address may hold a token, and the key is one.
impl fmt::Debug for Webhook {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Webhook({})", crate::outputs::door(&self.url))
    }
}

impl Webhook {
    /// The webhook of `receiver`.
    pub fn new(receiver: &str, config: &WebhookConfig) -> Result<Self, OutputError> {
        let url = settings::address(receiver, config.url.as_ref(), config.url_file.as_ref())?;
        let headers = headers(receiver, config)?;
        let key = config.hmac_key_file.as_ref().map(|it| key(receiver, it)).transpose()?;
        Ok(Self { url, headers, key, template: template(receiver, config)? })
    }

    fn body(&self, alert: &Alert) -> Result<String, Box<dyn Error + Send + Sync>> {
        let hook = Hook::from(alert);
        match &self.template {
            Some(template) => Ok(template.render(hook)?),
            None => Ok(serde_json::to_string(&hook)?),
        }
    }
}

fn headers(receiver: &str, config: &WebhookConfig) -> Result<Vec<(String, String)>, OutputError> {
    let own = config.headers.iter().map(|(name, value)| (name.clone(), value.clone()));
    let mut headers = Vec::new();
    if !config.headers.keys().any(|it| it.eq_ignore_ascii_case("content-type")) {
        let content_type = config.content_type.as_deref().unwrap_or(JSON);
        headers.push(("Content-Type".to_owned(), content_type.to_owned()));
    }
    headers.extend(own);
    if let Some(file) = &config.authorization_file {
        let value = secret(receiver, "authorization_file", file)?;
        headers.push(("Authorization".to_owned(), value));
    }
    for (name, value) in &headers {
        check_header(receiver, name, value)?;
    }
    Ok(headers)
}

fn key(receiver: &str, file: &Path) -> Result<ring::hmac::Key, OutputError> {
    let text = secret(receiver, "hmac_key_file", file)?;
    if text.len() < KEY_BYTES {
        let fault = format!("holds fewer than {KEY_BYTES} characters; take a longer random key");
        return Err(bad(receiver, "hmac_key_file", fault));
    }
    Ok(ring::hmac::Key::new(ring::hmac::HMAC_SHA256, text.as_bytes()))
}

/// The template, tried with an alert of which everything is known, and one of which nothing.
fn template(receiver: &str, config: &WebhookConfig) -> Result<Option<Template>, OutputError> {
    let (key, text) = match (&config.body, &config.body_file) {
        (Some(_), Some(_)) => {
            return Err(OutputError::Both { receiver: receiver.to_owned(), key: "body" });
        }
        (Some(text), None) => ("body", text.clone()),
        (None, Some(file)) => ("body_file", secret(receiver, "body_file", file)?),
        (None, None) => return Ok(None),
    };
    let content_type = config.content_type.as_deref().unwrap_or(JSON);
    let tried = || {
        let template = Template::new(&text, content_type)?;
        for alert in [full(), bare()] {
            template.render(Hook::from(&alert))?;
        }
        Ok(template)
    };
    tried().map(Some).map_err(|fault: String| bad(receiver, key, fault))
}

/// An alert of which everything is known.
fn full() -> Alert {
    wording::test_alert(Timestamp::UNIX_EPOCH, &Wording::default())
}

/// An alert without annotations, and with the labels that all have.
fn bare() -> Alert {
    Alert { annotations: BTreeMap::new(), status: AlertStatus::Resolved, ..full() }
}

impl Output for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn render(&self, alert: &Alert) -> Result<Message, RenderError> {
        let body = self.body(alert).map_err(|source| RenderError {
            output: "webhook",
            incident: alert.incident.clone(),
            source,
        })?;
        let (url, mut headers) = (self.url.clone(), self.headers.clone());
        if let Some(key) = &self.key {
            let tag = ring::hmac::sign(key, body.as_bytes());
            let hex: String = tag.as_ref().iter().map(|it| format!("{it:02x}")).collect();
            headers.push((SIGNATURE.to_owned(), format!("sha256={hex}")));
        }
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
    use crate::outputs::tests::{alert, golden, sly};

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

    #[test]
    fn the_requests_stay_as_they_are() {
        let hook = built("{ url: 'https://h.contoso.example/hook' }").unwrap();
        golden("webhook-firing", &hook.render(&alert(Reason::FirstSeen)).unwrap());
        golden("webhook-resolved", &hook.render(&alert(Reason::Resolved)).unwrap());
    }

    #[test]
    fn a_signature_is_the_hmac_of_the_body() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, "Jefe-Jefe-Jefe-Jefe\n").unwrap();
        let yaml = format!(
            "{{ url: 'http://h/', content_type: text/plain, hmac_key_file: '{}', body: 'what do ya want for nothing?' }}",
            file.display()
        );
        let message = built(&yaml).unwrap().render(&alert(Reason::FirstSeen)).unwrap();
        let Message::Http(requests) = &message else { panic!("not a request") };
        let signature = requests[0].headers.iter().find(|(name, _)| name == SIGNATURE).unwrap();
        // From: printf 'what do ya want for nothing?' | openssl dgst -sha256 -hmac Jefe-Jefe-Jefe-Jefe
        assert_eq!(
            signature.1,
            "sha256=3d130ab485fcadc54cf6d4101d0bd5eaa913b7f5d29559e205ee52a0d586f4ec"
        );
        std::fs::write(&file, "short\n").unwrap();
        assert!(built(&yaml).unwrap_err().contains("fewer than 16 characters"));
    }

    #[test]
    #[rustfmt::skip]
    fn a_body_is_tried_when_it_is_configured() {
        // template, and the body of the alert, or why it is refused
        check_body(r#"{"t": {{ alert.annotations.summary }}, "s": {{ status }}}"#,
                   r#"{"t": "SQL Server refused the login in pipeline nightly", "s": "firing"}"#);
        check_body(r#"{"rule": {{ alert.labels.rule }}, "all": {{ alert.labels }}}"#,
                   r#"{"rule": "sql-login-failed", "all": {"alertname":"SqlLoginFailed","category":"authentication","environment":"production","fingerprint":"9f86d081884c7d65","rule":"sql-login-failed","severity":"error"}}"#);
        check_body(r#"{"t": "{{ status }}"}"#,
                   r#"receiver `h`: `body` makes no JSON; a value brings its own quotes: write `{"a": {{ status }}}`, or set another `content_type`"#);
        check_body(r#"{"t": {{ alert.annotations.verify }}}"#,
                   r#"{"t": "Log in as that user with sqlcmd."}"#);
        check_body(r#"{"t": {{ alert.annotations.nodes }}}"#,
                   r#"{"t": null}"#);
        check_body(r#"{"t": {{ alert.annotations.nodes or "" }}}"#,
                   r#"{"t": ""}"#);
    }

    #[test]
    fn words_of_a_log_are_no_template_and_no_header() {
        let hook =
            built(r#"{ url: 'http://h/', body: '{"d": {{ alert.annotations.description }}}' }"#);
        let Ok(Message::Http(requests)) = hook.unwrap().render(&sly()) else {
            panic!("no request")
        };
        let body: serde_json::Value = serde_json::from_str(&requests[0].body).unwrap();
        assert_eq!(body["d"], sly().annotations["description"]);
        for (name, value) in &requests[0].headers {
            assert!(!name.contains(['\r', '\n']) && !value.contains(['\r', '\n']));
        }
    }

    #[track_caller]
    fn check_body(template: &str, expected: &str) {
        let config = WebhookConfig {
            url: Some("http://h/x".into()),
            body: Some(template.to_owned()),
            ..WebhookConfig::default()
        };
        let actual = match Webhook::new("h", &config) {
            Err(error) => error.to_string(),
            Ok(hook) => hook.body(&alert(Reason::FirstSeen)).unwrap(),
        };
        assert_eq!(actual, expected);
    }

    fn built(yaml: &str) -> Result<Webhook, String> {
        Webhook::new("h", &serde_saphyr::from_str(yaml).unwrap()).map_err(|it| it.to_string())
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
