//! Alerts for PagerDuty, by its Events API of version 2.
//!
//! ```text
//! POST https://events.pagerduty.com/v2/enqueue
//! {"routing_key":"…","event_action":"trigger","dedup_key":"9f86d081884c7d65",
//!  "payload":{"summary":"…","source":"…","severity":"error","custom_details":{…}},"links":[…]}
//! ```
//!
//! The summary is what a phone shows, and what is left where details are dropped; so it
//! holds, in its 1024 characters, what broke, why, and what to do. The incident's key is the
//! `dedup_key`: a repetition, or one sent again after a crash, is the same event there.
//! An event takes 512 KB; ours are far below. The answer is 202, and 429 asks to wait.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use xxhash_rust::xxh3::xxh3_128;

use crate::model::Alert;
use crate::model::AlertStatus;
use crate::outputs::Message;
use crate::outputs::Output;
use crate::outputs::OutputError;
use crate::outputs::RenderError;
use crate::outputs::brief;
use crate::outputs::http;
use crate::outputs::settings;

/// Where PagerDuty takes events; its European region has an address of its own.
const URL: &str = "https://events.pagerduty.com/v2/enqueue";

/// Characters of a summary, of the headline in it, and of a key.
const SUMMARY: usize = 1024;
const HEADLINE: usize = 300;
const KEY: usize = 255;

/// Characters of all details together.
const DETAILS: usize = 24 * 1024;

/// `pagerduty:` a service, by its integration of the type "Events API V2".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PagerdutyConfig {
    /// A file that holds the integration key of the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routing_key_file: Option<PathBuf>,
    /// The address of the API; for the European region
    /// `https://events.eu.pagerduty.com/v2/enqueue`.
    pub url: String,
}

impl Default for PagerdutyConfig {
    fn default() -> Self {
        Self { routing_key_file: None, url: URL.to_owned() }
    }
}

/// See [`PagerdutyConfig`].
pub struct Pagerduty {
    url: String,
    key: String,
}

/// The key is a secret.
impl fmt::Debug for Pagerduty {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Pagerduty({})", crate::outputs::door(&self.url))
    }
}

impl Pagerduty {
    /// The service of `receiver`.
    pub fn new(receiver: &str, config: &PagerdutyConfig) -> Result<Self, OutputError> {
        settings::check_address(receiver, "url", &config.url)?;
        let file = config.routing_key_file.as_ref();
        let key = settings::required(receiver, "routing_key_file", file)?;
        if !key.chars().all(|it| it.is_ascii_alphanumeric()) {
            let fault = "holds more than a key of letters and digits; put the key alone there";
            return Err(settings::bad(receiver, "routing_key_file", fault));
        }
        Ok(Self { url: config.url.clone(), key })
    }

    fn event(&self, alert: &Alert) -> Value {
        let over = alert.status == AlertStatus::Resolved;
        let mut event = json!({
            "routing_key": self.key,
            "event_action": if over { "resolve" } else { "trigger" },
            "dedup_key": dedup_key(&alert.incident),
        });
        if !over {
            event["payload"] = payload(alert);
            event["client"] = "shirwatch".into();
            let links = brief::links(alert);
            if let Some((_, url)) = links.first() {
                event["client_url"] = (*url).into();
            }
            let link = |(text, href): &(&str, &str)| json!({ "href": href, "text": text });
            event["links"] = links.iter().map(link).collect();
        }
        event
    }
}

impl Output for Pagerduty {
    fn name(&self) -> &'static str {
        "pagerduty"
    }

    fn render(&self, alert: &Alert) -> Result<Message, RenderError> {
        Ok(http::json(&self.url, &self.event(alert)))
    }
}

fn payload(alert: &Alert) -> Value {
    let severity = match brief::label(alert, "severity") {
        known @ ("critical" | "error" | "warning" | "info") => known,
        _ => "error",
    };
    let mut payload = json!({
        "summary": summary(alert),
        "source": source(alert),
        "severity": severity,
        "timestamp": alert.starts_at.to_string(),
        "class": brief::label(alert, "rule"),
        "group": brief::label(alert, "category"),
        "custom_details": details(alert),
    });
    let component = brief::one_line(brief::note(alert, "integration_runtime"));
    if !component.is_empty() {
        payload["component"] = brief::cut(&component, KEY, size).into();
    }
    payload
}

/// What broke, why, and what to do.
fn summary(alert: &Alert) -> String {
    let mut text = brief::summary(alert, HEADLINE, size);
    for part in brief::parts(alert, SUMMARY - HEADLINE - 40, SUMMARY, size) {
        if matches!(part.title, "Cause" | "What to do") {
            text = format!("{text} | {}: {}", part.title, brief::one_line(&part.text));
        }
    }
    brief::cut(&text, SUMMARY, size)
}

/// Where it happened, as far as it is known.
fn source(alert: &Alert) -> String {
    let names = ["nodes", "integration_runtime", "factory", "pipelines"];
    let mut names = names.iter().map(|key| brief::note(alert, key));
    let name = names.find(|it| !it.is_empty()).unwrap_or("shirwatch");
    brief::cut(&brief::one_line(name), KEY, size)
}

/// Cause and steps first.
fn details(alert: &Alert) -> Value {
    let parts = brief::parts(alert, DETAILS, DETAILS, size);
    let parts = parts.into_iter().map(|it| (it.title, it.text));
    let all = parts.chain(brief::facts(alert));
    Value::Object(all.map(|(key, text)| (key.to_owned(), text.into())).collect::<Map<_, _>>())
}

/// The key of the incident; one that is too long by its number.
fn dedup_key(incident: &str) -> String {
    let plain = incident.len() <= KEY && incident.chars().all(|it| it.is_ascii_graphic());
    if plain { incident.to_owned() } else { format!("{:032x}", xxh3_128(incident.as_bytes())) }
}

fn size(character: char) -> usize {
    character.len_utf16()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Reason;
    use crate::outputs::tests::{alert, golden, huge, sly};

    #[test]
    fn the_requests_stay_as_they_are() {
        golden("pagerduty-firing", &pagerduty().render(&alert(Reason::FirstSeen)).unwrap());
        golden("pagerduty-resolved", &pagerduty().render(&alert(Reason::Resolved)).unwrap());
    }

    #[test]
    fn cause_and_steps_are_in_the_part_that_survives() {
        let event = pagerduty().event(&huge());
        let summary = event["payload"]["summary"].as_str().unwrap();
        assert!(summary.encode_utf16().count() <= SUMMARY, "{summary}");
        assert!(summary.contains("Cause: CCC") && summary.contains("What to do: 1. Step"));
        assert!(event.to_string().len() < 512 * 1024);
    }

    #[test]
    fn words_of_a_log_are_inert() {
        let event = pagerduty().event(&sly());
        let summary = event["payload"]["summary"].as_str().unwrap();
        assert!(!summary.contains(['\r', '\n']), "{summary}");
        let links = event["links"].to_string();
        assert!(!links.contains("javascript"), "{links}");
    }

    #[test]
    fn an_incident_has_one_key() {
        assert_eq!(dedup_key("9f86d081884c7d65"), "9f86d081884c7d65");
        assert_eq!(dedup_key("9f|pipeline=ä").len(), 32);
        assert_ne!(dedup_key(&"a".repeat(300)), dedup_key(&"a".repeat(301)));
    }

    fn pagerduty() -> Pagerduty {
        Pagerduty { url: URL.to_owned(), key: "geheim".to_owned() }
    }
}
