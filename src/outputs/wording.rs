//! From an incident to an alert: the words that all outputs share.
//!
//! ```text
//! labels       alertname rule category severity fingerprint + labels of the source + group_by
//! annotations  summary description cause resolution verify runbook_url doc_url evidence
//!              note count first_seen last_seen factory pipelines activities integration_runtime nodes
//! ```
//!
//! Labels are the identity of an alert: they come from the rule and the configuration,
//! never from the text of a message. Annotations are for people; an empty one is left out,
//! and each is cut at [`LIMIT`] bytes, since mail gateways and chats refuse long ones.
//!
//! All text is that of a redacted finding. Time is given, never asked for.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use shirwatch_parsers::Link;

use crate::model::Alert;
use crate::model::AlertStatus;
use crate::model::Ended;
use crate::model::Finding;
use crate::model::Incident;
use crate::model::Names;
use crate::model::Reason;
use crate::model::counters::beginning;

/// Bytes kept of one annotation.
pub const LIMIT: usize = 8 * 1024;

/// Bytes of a finding as JSON that go with an alert; it waits in the store with it.
const FINDING_LIMIT: usize = 64 * 1024;

/// Bytes kept of one link in the evidence.
const LINK_LIMIT: usize = 500;

/// Bytes kept of one label value.
const LABEL_LIMIT: usize = 512;

/// What the words depend on besides the incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    /// The address under which people reach the page, without a slash at its end.
    pub external_url: Option<String>,
    /// How long a receiver that keeps state may believe a firing alert unheard. Longer than
    /// the time between two refreshes, so that one lost word does no harm.
    pub hold: Duration,
}

impl Default for Wording {
    fn default() -> Self {
        Self { external_url: None, hold: Duration::from_secs(300) }
    }
}

impl Wording {
    /// The words for a page at `external_url`.
    #[must_use]
    pub fn new(external_url: Option<&str>) -> Self {
        let external_url = external_url.map(|it| it.trim_end_matches('/').to_owned());
        Self { external_url: external_url.filter(|it| !it.is_empty()), ..Self::default() }
    }

    fn page(&self, kind: &str, id: &str) -> String {
        self.external_url.as_ref().map_or_else(String::new, |it| format!("{it}/{kind}/{id}"))
    }
}

/// What we say of `incident` at `now`.
#[must_use]
pub fn alert(incident: &Incident, reason: Reason, now: Timestamp, wording: &Wording) -> Alert {
    let fingerprint = incident.fingerprint.to_string();
    // The clock of a log may be ahead of ours, and an Alertmanager refuses an alert that
    // ends before it starts.
    let starts_at = incident.first_seen.min(now);
    let over = reason == Reason::Resolved;
    let ended = incident.resolved_at.unwrap_or(now).min(now).max(starts_at);
    Alert {
        incident: incident.key.clone(),
        status: if over { AlertStatus::Resolved } else { AlertStatus::Firing },
        reason,
        labels: labels(incident, &fingerprint),
        annotations: annotations(incident, reason, wording),
        starts_at,
        ends_at: Some(if over { ended } else { later(now, wording.hold) }),
        generator_url: wording.page("incidents", &fingerprint),
        finding: incident.sample().map(sample).unwrap_or_default(),
    }
}

/// The finding as JSON; null beyond [`FINDING_LIMIT`].
fn sample(finding: &Finding) -> Value {
    match serde_json::to_string(finding) {
        Ok(text) if text.len() <= FINDING_LIMIT => serde_json::from_str(&text).unwrap_or_default(),
        _ => Value::Null,
    }
}

/// The same alert said again at `now`. A firing alert that waited for a receiver must not
/// arrive with an end that is over already: an Alertmanager would take it for resolved.
#[must_use]
pub fn again(mut alert: Alert, now: Timestamp, wording: &Wording) -> Alert {
    if alert.status == AlertStatus::Firing {
        alert.ends_at = Some(later(now, wording.hold));
    }
    alert
}

/// An alert that says it is a test.
#[must_use]
pub fn test_alert(now: Timestamp, wording: &Wording) -> Alert {
    let pairs = |list: &[(&str, &str)]| {
        list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    Alert {
        incident: "test".to_owned(),
        status: AlertStatus::Firing,
        reason: Reason::Test,
        labels: pairs(&[
            ("alertname", "ShirwatchTest"),
            ("rule", "test"),
            ("category", "unknown"),
            ("severity", "info"),
            ("fingerprint", "0000000000000000"),
        ]),
        annotations: pairs(&[
            ("summary", "Test alert of shirwatch: nothing is broken"),
            ("description", "Somebody ran `shirwatch notify test`."),
            ("cause", "A test of the way from shirwatch to this receiver."),
            ("resolution", "1. Nothing: if you can read this, the receiver works."),
        ]),
        starts_at: now,
        ends_at: Some(later(now, wording.hold)),
        generator_url: wording.external_url.clone().unwrap_or_default(),
        finding: Value::Null,
    }
}

/// What identifies the alert. What we name stands above what the configuration adds.
fn labels(incident: &Incident, fingerprint: &str) -> BTreeMap<String, String> {
    let mut labels: BTreeMap<_, _> = incident
        .group
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (label_name(name), cut(value, LABEL_LIMIT)))
        .collect();
    for (name, value) in [
        ("alertname", camel_case(&incident.rule)),
        ("rule", incident.rule.clone()),
        ("category", incident.category.as_str().to_owned()),
        ("severity", incident.severity.as_str().to_owned()),
        ("fingerprint", fingerprint.to_owned()),
    ] {
        labels.insert(name.to_owned(), value);
    }
    labels
}

/// What a person wants to read.
fn annotations(incident: &Incident, reason: Reason, wording: &Wording) -> BTreeMap<String, String> {
    let of = |part: fn(&Finding) -> String| incident.sample().map(part).unwrap_or_default();
    let places = &incident.places;
    [
        ("summary", summary(incident)),
        ("description", of(description)),
        ("cause", of(cause)),
        ("resolution", of(|it| steps(&it.resolution))),
        ("verify", of(|it| it.verify.clone().unwrap_or_default())),
        ("runbook_url", wording.page("rules", &incident.rule)),
        ("doc_url", of(|it| it.references.first().cloned().unwrap_or_default())),
        ("evidence", of(evidence)),
        ("note", note(incident, reason).to_owned()),
        ("reason", if reason == Reason::Refresh { "ongoing" } else { reason.as_str() }.to_owned()),
        ("count", incident.count.to_string()),
        ("first_seen", incident.first_seen.to_string()),
        ("last_seen", incident.last_seen.to_string()),
        ("factory", joined(&places.factories)),
        ("pipelines", joined(&places.pipelines)),
        ("activities", joined(&places.activities)),
        ("integration_runtime", joined(&places.integration_runtimes)),
        ("nodes", joined(&places.nodes)),
    ]
    .into_iter()
    .filter(|(_, text)| !text.is_empty())
    .map(|(name, text)| (name.to_owned(), cut(&text, LIMIT)))
    .collect()
}

/// What is special about it now: why it is over, or that it is held open.
fn note(incident: &Incident, reason: Reason) -> &'static str {
    match incident.course.ended {
        _ if reason != Reason::Resolved && incident.course.flapping => {
            "It came back again and again, so it is held open until it is quiet for long."
        }
        Some(Ended::Quiet) if reason == Reason::Resolved => "It was quiet for long enough.",
        Some(Ended::Succeeded) if reason == Reason::Resolved => {
            "All activities that failed have succeeded since."
        }
        Some(Ended::Over) if reason == Reason::Resolved => "It is over.",
        Some(Ended::ByHand) if reason == Reason::Resolved => "Somebody closed it.",
        _ => "",
    }
}

/// `SQL Server refused the login in pipeline nightly`.
fn summary(incident: &Incident) -> String {
    let title = &incident.title;
    let title = if title.is_empty() { &incident.rule } else { title };
    let pipelines = &incident.places.pipelines;
    match (pipelines.len(), pipelines.first(), incident.places.nodes.first()) {
        (1, Some(pipeline), _) => format!("{title} in pipeline {pipeline}"),
        (0, _, Some(node)) if incident.places.nodes.len() == 1 => format!("{title} on node {node}"),
        (0, ..) => title.clone(),
        (many, ..) => format!("{title} in {many} pipelines"),
    }
}

/// What the innermost exception says, or else the whole text.
fn description(finding: &Finding) -> String {
    let root = finding.record.root().map(|it| it.message.trim()).filter(|it| !it.is_empty());
    root.unwrap_or_else(|| finding.record.message.trim()).to_owned()
}

/// Why it happens. Advice that no vendor documents says so.
fn cause(finding: &Finding) -> String {
    let cause = finding.cause.clone().unwrap_or_default();
    let ours = finding.causes.first().is_some_and(|it| it.ours);
    if ours && !cause.is_empty() {
        return format!("{cause} (Suggested by shirwatch; the vendor documents no cause.)");
    }
    cause
}

/// `1. Do this.`, one step a line.
fn steps(steps: &[String]) -> String {
    let numbered = steps.iter().enumerate().map(|(at, step)| format!("{}. {step}", at + 1));
    numbered.collect::<Vec<_>>().join("\n")
}

/// The chain, outermost first, one line a link.
fn evidence(finding: &Finding) -> String {
    finding.record.chain.iter().map(link).collect::<Vec<_>>().join("\n")
}

/// `SqlFailedToConnect, System.Data.SqlClient.SqlException: Login failed …`.
fn link(link: &Link<'_>) -> String {
    let names = [link.error_code.as_deref(), link.named_type()];
    let names = names.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let message = link.message.split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&format!("{names}: {message}"), LINK_LIMIT)
}

fn joined(names: &Names) -> String {
    names.iter().collect::<Vec<_>>().join(", ")
}

/// `sql-login-failed` becomes `SqlLoginFailed`.
#[must_use]
pub fn camel_case(id: &str) -> String {
    let mut name = String::with_capacity(id.len());
    for word in id.split(|it: char| !it.is_ascii_alphanumeric()) {
        let mut letters = word.chars();
        name.extend(letters.next().map(|it| it.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

/// The name as Prometheus takes it: letters, digits and underscores, no digit in front.
fn label_name(name: &str) -> String {
    let mut label: String =
        name.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '_' }).collect();
    if label.starts_with(|it: char| it.is_ascii_digit()) {
        label.insert(0, '_');
    }
    if label.is_empty() { "_".to_owned() } else { label }
}

/// The beginning of `text` that fits, with `…` where something was cut.
fn cut(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    format!("{}…", beginning(text, limit - '…'.len_utf8()))
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.checked_add(by).unwrap_or(now)
}

#[cfg(test)]
mod tests;
