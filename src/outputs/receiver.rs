//! Receivers: where alerts go, as the configuration names them.
//!
//! ```yaml
//! receivers:
//!   - name: ops
//!     alertmanager: { urls: [http://127.0.0.1:9093] }
//!   - name: tickets
//!     send_resolved: false
//!     webhook: { url_file: /etc/shirwatch/tickets.url }
//! ```
//!
//! A receiver has one kind, so that each has a queue of its own, and one that is dead
//! delays no other. All that could fail later for a reason in the configuration fails
//! here: missing files, addresses and headers that no client could send.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::AlertStatus;
use crate::model::Reason;
use crate::outputs::Output;
use crate::outputs::OutputError;
use crate::outputs::alertmanager;
use crate::outputs::email;
use crate::outputs::pagerduty;
use crate::outputs::slack;
use crate::outputs::stdout;
use crate::outputs::syslog;
use crate::outputs::teams;
use crate::outputs::webhook;
use crate::outputs::windows_event_log;

/// The kinds there are, as the configuration names them.
const KINDS: [&str; 9] = [
    "alertmanager",
    "webhook",
    "slack",
    "teams",
    "pagerduty",
    "email",
    "stdout",
    "syslog",
    "windows_event_log",
];

/// `receivers:` one place where alerts go. It has a name and exactly one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReceiverConfig {
    /// The name used in `routes`, in the logs and in the label `receiver`.
    pub name: String,
    /// Whether it is also told that an incident is over.
    pub send_resolved: bool,
    /// A Prometheus Alertmanager, or a cluster of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alertmanager: Option<alertmanager::AlertmanagerConfig>,
    /// A web address that takes JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<webhook::WebhookConfig>,
    /// A channel in Slack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slack: Option<slack::SlackConfig>,
    /// A channel or chat in Microsoft Teams.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teams: Option<teams::TeamsConfig>,
    /// A service in PagerDuty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pagerduty: Option<pagerduty::PagerdutyConfig>,
    /// Mailboxes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<email::EmailConfig>,
    /// A collector of syslog.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub syslog: Option<syslog::SyslogConfig>,
    /// The event log of Windows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub windows_event_log: Option<windows_event_log::WindowsEventConfig>,
    /// The standard output of the daemon, for a journal or a pipe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdout: Option<stdout::StdoutConfig>,
}

impl ReceiverConfig {
    /// The kind of receiver; `None` where none is given.
    #[must_use]
    pub fn kind(&self) -> Option<&'static str> {
        KINDS.into_iter().zip(self.given()).find(|(_, given)| *given).map(|(kind, _)| kind)
    }

    /// Which kinds are given, in the order of [`KINDS`].
    fn given(&self) -> [bool; 9] {
        [
            self.alertmanager.is_some(),
            self.webhook.is_some(),
            self.slack.is_some(),
            self.teams.is_some(),
            self.pagerduty.is_some(),
            self.email.is_some(),
            self.stdout.is_some(),
            self.syslog.is_some(),
            self.windows_event_log.is_some(),
        ]
    }
}

impl Default for ReceiverConfig {
    fn default() -> Self {
        Self {
            name: String::new(),
            send_resolved: true,
            alertmanager: None,
            webhook: None,
            slack: None,
            teams: None,
            pagerduty: None,
            email: None,
            stdout: None,
            syslog: None,
            windows_event_log: None,
        }
    }
}

/// A receiver that is ready to be told something.
#[derive(Debug)]
pub struct Receiver {
    /// Its name in the configuration.
    pub name: String,
    /// Whether it is also told that an incident is over.
    pub send_resolved: bool,
    /// How it is spoken to.
    pub output: Box<dyn Output>,
}

impl Receiver {
    /// Whether the receiver is told this at all.
    #[must_use]
    pub fn wants(&self, status: AlertStatus, reason: Reason) -> bool {
        let over = status == AlertStatus::Resolved;
        let refresh = reason == Reason::Refresh;
        (self.send_resolved || !over) && (self.output.keeps_state() || !refresh)
    }
}

/// Makes a receiver from its configuration and reads its secrets.
pub fn build(config: &ReceiverConfig) -> Result<Receiver, OutputError> {
    let name = config.name.clone();
    if name.is_empty() {
        return Err(OutputError::NoName);
    }
    let given = KINDS.into_iter().zip(config.given()).filter(|(_, given)| *given);
    let kinds: Vec<_> = given.map(|(kind, _)| kind).collect();
    if kinds.len() > 1 {
        return Err(OutputError::ManyKinds { receiver: name, kinds });
    }
    match output(&name, config)? {
        Some(output) => Ok(Receiver { name, send_resolved: config.send_resolved, output }),
        None => Err(OutputError::NoKind { receiver: name, kinds: KINDS.to_vec() }),
    }
}

/// The only list of outputs.
fn output(name: &str, config: &ReceiverConfig) -> Result<Option<Box<dyn Output>>, OutputError> {
    Ok(if let Some(it) = &config.alertmanager {
        Some(Box::new(alertmanager::Alertmanager::new(name, it)?))
    } else if let Some(it) = &config.webhook {
        Some(Box::new(webhook::Webhook::new(name, it)?))
    } else if let Some(it) = &config.slack {
        Some(Box::new(slack::Slack::new(name, it)?))
    } else if let Some(it) = &config.teams {
        Some(Box::new(teams::Teams::new(name, it)?))
    } else if let Some(it) = &config.pagerduty {
        Some(Box::new(pagerduty::Pagerduty::new(name, it)?))
    } else if let Some(it) = &config.email {
        Some(Box::new(email::Email::new(name, it)?))
    } else if let Some(it) = &config.syslog {
        Some(Box::new(syslog::Syslog::new(name, it)?))
    } else if let Some(it) = &config.windows_event_log {
        Some(Box::new(windows_event_log::WindowsEventLog::new(name, it)?))
    } else if let Some(it) = &config.stdout {
        Some(Box::new(stdout::Stdout::new(it)))
    } else {
        None
    })
}

/// Makes all receivers, and reports all that is wrong with them at once.
pub fn build_all(configs: &[ReceiverConfig]) -> Result<Vec<Receiver>, Vec<OutputError>> {
    let mut receivers: Vec<Receiver> = Vec::new();
    let mut faults = Vec::new();
    for config in configs {
        match build(config) {
            Ok(it) if receivers.iter().any(|other| other.name == it.name) => {
                faults.push(OutputError::Twice { receiver: it.name });
            }
            Ok(it) => receivers.push(it),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(receivers) } else { Err(faults) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outputs::tests::alert;

    #[test]
    #[rustfmt::skip]
    fn a_receiver_has_a_name_and_one_kind() {
        // configuration                                                     what becomes of it
        check("name: ops\nalertmanager: { urls: [http://127.0.0.1:9093] }", "ops: alertmanager");
        check("name: log\nstdout: {}",                                      "log: stdout");
        check("name: hook\nwebhook: { url: https://h.contoso.example/x }",  "hook: webhook");
        check("name: ops\nalertmanager: { urls: [] }",                      "receiver `ops` has no address; set `urls:`");
        check("name: ops\nalertmanager: { urls: ['127.0.0.1:9093'] }",      "receiver `ops`: `urls` is no address of the form http://host:port or https://host (found `[no address]`)");
        check("name: ops\nwebhook: { url: 'ftp://u:geheim@h/x' }",          "receiver `ops`: `url` is no address of the form http://host:port or https://host (found `ftp://h`)");
        check("name: ops\nwebhook: { url: 'http://h/', url_file: /x }",     "receiver `ops` has both `url` and `url_file`; keep one of them");
        check("name: ops\nwebhook: { url_file: /nowhere/at/all }",          "receiver `ops`: cannot read `url_file: /nowhere/at/all`; the service account needs to read this file");
        check("name: ops\nwebhook: { url: 'http://h/', headers: { 'a b': c } }", "receiver `ops`: header `a b` cannot be sent; a name has letters, digits and hyphens only");
        check("name: ops",                                                  "receiver `ops` says nothing to anybody; give it one of `alertmanager:`, `webhook:`, `slack:`, `teams:`, `pagerduty:`, `email:`, `stdout:`, `syslog:` or `windows_event_log:`");
        check("name: ops\nstdout: {}\nwebhook: { url: http://h/ }",         "receiver `ops` has webhook and stdout; make a receiver for each");
        check("name: ops\nslack: {}",                                       "receiver `ops` has no address; set `url_file:`");
        check("name: ops\nteams: { url_file: /nowhere/at/all }",            "receiver `ops`: cannot read `url_file: /nowhere/at/all`; the service account needs to read this file");
        check("name: ops\npagerduty: {}",                                   "receiver `ops` has no address; set `routing_key_file:`");
        check("name: ops\nemail: {}",                                       "receiver `ops` has no address; set `server:`");
        check("name: ops\nsyslog: { address: 'udp://127.0.0.1:514' }",      "ops: syslog");
        check("name: ops\nsyslog: { address: '127.0.0.1:514' }",            "receiver `ops`: `address` is no address of the form udp://host:port, tcp://host:port or unix:///path (found `127.0.0.1:514`)");
        #[cfg(not(windows))]
        check("name: ops\nwindows_event_log: {}",                           "receiver `ops`: `windows_event_log` exists on Windows only; use `syslog:` or `stdout:` here");
        check("stdout: {}",                                                 "a receiver has no name; give it a `name:`, which routes and metrics use");
    }

    #[test]
    fn unknown_keys_are_refused() {
        for text in ["name: a\npager: {}", "name: a\nstdout: { colour: red }"] {
            assert!(serde_saphyr::from_str::<ReceiverConfig>(text).is_err(), "{text}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn only_what_a_receiver_wants_is_said() {
        // configuration                                                      wants
        check_wants("name: a\nstdout: {}",                                    "first-seen repeat-due resolved");
        check_wants("name: a\nsend_resolved: false\nstdout: {}",              "first-seen repeat-due");
        check_wants("name: a\nalertmanager: { urls: [http://127.0.0.1:1] }",  "first-seen repeat-due refresh resolved");
    }

    #[test]
    fn two_receivers_of_one_name_are_refused() {
        let one: ReceiverConfig = serde_saphyr::from_str("name: a\nstdout: {}").unwrap();
        let faults = build_all(&[one.clone(), one, ReceiverConfig::default()]).unwrap_err();
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert!(faults[0].contains("two receivers are named `a`"), "{faults:?}");
        assert_eq!(faults.len(), 2);
    }

    #[track_caller]
    fn check(yaml: &str, expected: &str) {
        let config: ReceiverConfig = serde_saphyr::from_str(yaml).unwrap();
        let actual = match build(&config) {
            Ok(it) => format!("{}: {}", it.name, it.output.name()),
            Err(it) => it.to_string(),
        };
        assert_eq!(actual, expected);
    }

    #[track_caller]
    fn check_wants(yaml: &str, expected: &str) {
        let receiver = build(&serde_saphyr::from_str(yaml).unwrap()).unwrap();
        let all = [Reason::FirstSeen, Reason::RepeatDue, Reason::Refresh, Reason::Resolved];
        let wanted = all.into_iter().filter(|it| receiver.wants(alert(*it).status, *it));
        assert_eq!(wanted.map(Reason::as_str).collect::<Vec<_>>().join(" "), expected);
    }
}
