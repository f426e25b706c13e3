//! Alerts for a Prometheus Alertmanager, in its API of version 2.
//!
//! ```text
//! POST /api/v2/alerts
//! [{"labels":{…},"annotations":{…},"startsAt":"…","endsAt":"…","generatorURL":"…"}]
//! ```
//!
//! An Alertmanager knows an alert by its labels and forgets it at `endsAt`; so the labels
//! of an incident never change while it goes on, and a firing alert is said again before
//! its time is over. Grouping, silencing and repetition are left to the Alertmanager.
//!
//! The members of a cluster do not pass alerts to each other, so that each of them is
//! told. What one of them took will be said.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Alert;
use crate::outputs::Message;
use crate::outputs::Output;
use crate::outputs::OutputError;
use crate::outputs::RenderError;
use crate::outputs::Request;
use crate::outputs::settings::check_address;
use crate::outputs::settings::check_header;
use crate::outputs::settings::secret;

/// `alertmanager:` a Prometheus Alertmanager, or all members of one cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AlertmanagerConfig {
    /// The address of each member, such as `http://127.0.0.1:9093`. Each is told; an alert
    /// is delivered when one took it. For independent Alertmanagers make a receiver each.
    pub urls: Vec<String>,
    /// A file that holds the value of the header `Authorization`, such as `Bearer …`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_file: Option<PathBuf>,
}

/// See [`AlertmanagerConfig`].
pub struct Alertmanager {
    urls: Vec<String>,
    headers: Vec<(String, String)>,
}

/// The header holds a secret.
impl std::fmt::Debug for Alertmanager {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Alertmanager").field("members", &self.urls.len()).finish()
    }
}

impl Alertmanager {
    /// The Alertmanager of `receiver`.
    pub fn new(receiver: &str, config: &AlertmanagerConfig) -> Result<Self, OutputError> {
        if config.urls.is_empty() {
            return Err(OutputError::NoAddress { receiver: receiver.to_owned(), key: "urls" });
        }
        for url in &config.urls {
            check_address(receiver, "urls", url)?;
        }
        let mut headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        if let Some(file) = &config.authorization_file {
            let value = secret(receiver, "authorization_file", file)?;
            check_header(receiver, "Authorization", &value)?;
            headers.push(("Authorization".to_owned(), value));
        }
        Ok(Self { urls: config.urls.iter().map(|it| endpoint(it)).collect(), headers })
    }
}

impl Output for Alertmanager {
    fn name(&self) -> &'static str {
        "alertmanager"
    }

    fn render(&self, alert: &Alert) -> Result<Message, RenderError> {
        let body = serde_json::to_string(&[Posted::from(alert)]).map_err(|source| RenderError {
            output: "alertmanager",
            incident: alert.incident.clone(),
            source: source.into(),
        })?;
        let request = |url: &String| Request {
            url: url.clone(),
            headers: self.headers.clone(),
            body: body.clone(),
        };
        Ok(Message::Http(self.urls.iter().map(request).collect()))
    }

    fn keeps_state(&self) -> bool {
        true
    }
}

/// An alert as `postableAlert` of the API.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Posted<'a> {
    labels: &'a BTreeMap<String, String>,
    annotations: &'a BTreeMap<String, String>,
    starts_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<Timestamp>,
    #[serde(rename = "generatorURL", skip_serializing_if = "str::is_empty")]
    generator_url: &'a str,
}

impl<'a> From<&'a Alert> for Posted<'a> {
    fn from(alert: &'a Alert) -> Self {
        Self {
            labels: &alert.labels,
            annotations: &alert.annotations,
            starts_at: alert.starts_at,
            ends_at: alert.ends_at,
            generator_url: &alert.generator_url,
        }
    }
}

/// Where a member takes alerts; its address may have a path in front.
fn endpoint(url: &str) -> String {
    const PATH: &str = "/api/v2/alerts";
    let base = url.trim_end_matches('/');
    if base.ends_with(PATH) { base.to_owned() } else { format!("{base}{PATH}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Reason;
    use crate::outputs::tests::{alert, golden};

    #[test]
    #[rustfmt::skip]
    fn alerts_go_to_the_api_of_each_member() {
        // address                                      is posted to
        check("http://127.0.0.1:9093",                  "http://127.0.0.1:9093/api/v2/alerts");
        check("http://127.0.0.1:9093/",                 "http://127.0.0.1:9093/api/v2/alerts");
        check("https://mon.contoso.example/alert/",     "https://mon.contoso.example/alert/api/v2/alerts");
        check("http://127.0.0.1:9093/api/v2/alerts",    "http://127.0.0.1:9093/api/v2/alerts");
    }

    #[test]
    fn the_body_is_a_list_of_one_alert() {
        let body = body(&alert(Reason::FirstSeen));
        expect_test::expect![[r#"
            [
              {
                "labels": {
                  "alertname": "SqlLoginFailed",
                  "category": "authentication",
                  "environment": "production",
                  "fingerprint": "9f86d081884c7d65",
                  "rule": "sql-login-failed",
                  "severity": "error"
                },
                "annotations": {
                  "cause": "The password has expired.",
                  "count": "3",
                  "description": "Login failed for user 'etl_reader'.",
                  "doc_url": "https://learn.microsoft.com/sql",
                  "evidence": "SqlFailedToConnect: Cannot connect.\nSqlException: Login failed.",
                  "first_seen": "2026-03-01T06:12:09.4Z",
                  "last_seen": "2026-03-01T06:14:00Z",
                  "pipelines": "nightly",
                  "resolution": "1. Renew the secret.\n2. Run the activity again.",
                  "runbook_url": "https://shirwatch.contoso.example/rules/sql-login-failed",
                  "summary": "SQL Server refused the login in pipeline nightly",
                  "verify": "Log in as that user with sqlcmd."
                },
                "startsAt": "2026-03-01T06:12:09.4Z",
                "endsAt": "2026-03-01T06:20:00Z",
                "generatorURL": "https://shirwatch.contoso.example/incidents/9f86d081884c7d65"
              }
            ]"#]]
        .assert_eq(&pretty(&body));
    }

    #[test]
    fn the_requests_stay_as_they_are() {
        let yaml = "{ urls: [http://am-0.contoso.example:9093, http://am-1.contoso.example:9093] }";
        let both = Alertmanager::new("ops", &serde_saphyr::from_str(yaml).unwrap()).unwrap();
        golden("alertmanager-firing", &both.render(&alert(Reason::FirstSeen)).unwrap());
        golden("alertmanager-resolved", &both.render(&alert(Reason::Resolved)).unwrap());
    }

    #[test]
    fn an_empty_address_is_left_out_since_the_api_refuses_it() {
        let silent = Alert { generator_url: String::new(), ..alert(Reason::FirstSeen) };
        assert!(!body(&silent).contains("generatorURL"));
    }

    /// The body, indented, its keys in the order in which they are sent.
    fn pretty(body: &str) -> String {
        let alerts: Vec<Ordered> = serde_json::from_str(body).unwrap();
        serde_json::to_string_pretty(&alerts).unwrap()
    }

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Ordered {
        labels: BTreeMap<String, String>,
        annotations: BTreeMap<String, String>,
        starts_at: String,
        ends_at: String,
        #[serde(rename = "generatorURL")]
        generator_url: String,
    }

    fn body(alert: &Alert) -> String {
        let config = AlertmanagerConfig { urls: vec!["http://h".to_owned()], ..Default::default() };
        let Message::Http(requests) =
            Alertmanager::new("ops", &config).unwrap().render(alert).unwrap()
        else {
            panic!("not a request")
        };
        requests[0].body.clone()
    }

    #[track_caller]
    fn check(url: &str, expected: &str) {
        let config = AlertmanagerConfig { urls: vec![url.to_owned(); 2], ..Default::default() };
        let output = Alertmanager::new("ops", &config).unwrap();
        let Ok(Message::Http(requests)) = output.render(&alert(Reason::FirstSeen)) else {
            panic!("not a request")
        };
        let urls: Vec<_> = requests.iter().map(|it| it.url.as_str()).collect();
        assert_eq!(urls, [expected, expected]);
    }
}
