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

use std::io;
use std::path::Path;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::AlertStatus;
use crate::model::Reason;
use crate::outputs::Output;
use crate::outputs::alertmanager;
use crate::outputs::door;
use crate::outputs::stdout;
use crate::outputs::webhook;

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
    /// The standard output of the daemon, for a journal or a pipe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdout: Option<stdout::StdoutConfig>,
}

impl ReceiverConfig {
    /// The kind of receiver; `None` where none is given.
    #[must_use]
    pub fn kind(&self) -> Option<&'static str> {
        let kinds = [
            ("alertmanager", self.alertmanager.is_some()),
            ("webhook", self.webhook.is_some()),
            ("stdout", self.stdout.is_some()),
        ];
        kinds.iter().find(|(_, given)| *given).map(|(kind, _)| *kind)
    }
}

impl Default for ReceiverConfig {
    fn default() -> Self {
        Self {
            name: String::new(),
            send_resolved: true,
            alertmanager: None,
            webhook: None,
            stdout: None,
        }
    }
}

/// Why a receiver was refused. Each message is one line that says how to repair it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// No name.
    #[error("a receiver has no name; give it a `name:`, which routes and metrics use")]
    NoName,
    /// None of the kinds.
    #[error(
        "receiver `{receiver}` says nothing to anybody; \
         give it one of `alertmanager:`, `webhook:` or `stdout: {{}}`"
    )]
    NoKind {
        /// Its name.
        receiver: String,
    },
    /// More than one kind.
    #[error("receiver `{receiver}` has {}; make a receiver for each", kinds.join(" and "))]
    ManyKinds {
        /// Its name.
        receiver: String,
        /// The kinds it has.
        kinds: Vec<&'static str>,
    },
    /// Two receivers have one name.
    #[error("two receivers are named `{receiver}`; rename one, since routes could not tell them")]
    Twice {
        /// The name.
        receiver: String,
    },
    /// Nothing to send to.
    #[error("receiver `{receiver}` has no address; set `{key}:`")]
    NoAddress {
        /// Its name.
        receiver: String,
        /// The key that is missing.
        key: &'static str,
    },
    /// An address that no client can use.
    #[error(
        "receiver `{receiver}`: `{key}` is no address of the form \
         http://host:port or https://host (found `{found}`)"
    )]
    BadAddress {
        /// Its name.
        receiver: String,
        /// The key.
        key: &'static str,
        /// What may be shown of the address.
        found: String,
    },
    /// A key and its file.
    #[error("receiver `{receiver}` has both `{key}` and `{key}_file`; keep one of them")]
    Both {
        /// Its name.
        receiver: String,
        /// The key.
        key: &'static str,
    },
    /// A name or value that no HTTP header can have.
    #[error("receiver `{receiver}`: header `{header}` cannot be sent; {remedy}")]
    BadHeader {
        /// Its name.
        receiver: String,
        /// The name of the header.
        header: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A secret that cannot be read.
    #[error(
        "receiver `{receiver}`: cannot read `{key}: {}`; \
         the service account needs to read this file", file.display()
    )]
    Secret {
        /// Its name.
        receiver: String,
        /// The key.
        key: &'static str,
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
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
    let mut found: Vec<Box<dyn Output>> = Vec::new();
    if let Some(it) = &config.alertmanager {
        found.push(Box::new(alertmanager::Alertmanager::new(&name, it)?));
    }
    if let Some(it) = &config.webhook {
        found.push(Box::new(webhook::Webhook::new(&name, it)?));
    }
    if let Some(it) = &config.stdout {
        found.push(Box::new(stdout::Stdout::new(it)));
    }
    if found.len() > 1 {
        let kinds = found.iter().map(|it| it.name()).collect();
        return Err(OutputError::ManyKinds { receiver: name, kinds });
    }
    match found.pop() {
        Some(output) => Ok(Receiver { name, send_resolved: config.send_resolved, output }),
        None => Err(OutputError::NoKind { receiver: name }),
    }
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

/// The trimmed content of a file that holds one secret.
pub(crate) fn secret(
    receiver: &str,
    key: &'static str,
    file: &Path,
) -> Result<String, OutputError> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(source) => Err(OutputError::Secret {
            receiver: receiver.to_owned(),
            key,
            file: file.into(),
            source,
        }),
    }
}

/// Refuses an address that no client could use.
pub(crate) fn check_address(
    receiver: &str,
    key: &'static str,
    url: &str,
) -> Result<(), OutputError> {
    let usable = reqwest::Url::parse(url)
        .is_ok_and(|it| matches!(it.scheme(), "http" | "https") && it.has_host());
    if usable {
        return Ok(());
    }
    Err(OutputError::BadAddress { receiver: receiver.to_owned(), key, found: door(url) })
}

/// Refuses a header that no client could send.
pub(crate) fn check_header(receiver: &str, name: &str, value: &str) -> Result<(), OutputError> {
    let bad = |remedy| OutputError::BadHeader {
        receiver: receiver.to_owned(),
        header: name.to_owned(),
        remedy,
    };
    if reqwest::header::HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Err(bad("a name has letters, digits and hyphens only"));
    }
    if reqwest::header::HeaderValue::from_str(value).is_err() {
        return Err(bad("its value must be one line of plain characters"));
    }
    Ok(())
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
        check("name: ops",                                                  "receiver `ops` says nothing to anybody; give it one of `alertmanager:`, `webhook:` or `stdout: {}`");
        check("name: ops\nstdout: {}\nwebhook: { url: http://h/ }",         "receiver `ops` has webhook and stdout; make a receiver for each");
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
