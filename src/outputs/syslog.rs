//! Alerts for syslog, by RFC 5424.
//!
//! ```text
//! <27>1 2026-03-01T06:12:09.400000Z - shirwatch - first-seen [alert@32473 rule="…" …] firing: SQL Server refused …
//! ```
//!
//! One alert is one line; backslash, quote and bracket are escaped where they would end a
//! value. The time is that of the error, not of the sending, and the host is left out: the
//! collector knows from whom it came. 32473 is the number that RFC 5612 keeps for
//! examples. A datagram stays within 2048 bytes, which every collector takes, a
//! line by TCP within 8192. By UDP nobody answers: sent is all that can be said.

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
use crate::outputs::brief;

/// Bytes of a datagram, and of a line in a stream.
const DATAGRAM: usize = 2048;
const STREAM: usize = 8192;

/// Bytes of a value of the structured data.
const VALUE: usize = 128;

/// `syslog:` a collector that takes RFC 5424.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SyslogConfig {
    /// `udp://192.0.2.1:514`, `tcp://192.0.2.1:601` (octet counting), or `unix:///dev/log`.
    pub address: String,
    /// The facility: `daemon`, `user`, `local0` … `local7`.
    pub facility: Facility,
}

impl Default for SyslogConfig {
    fn default() -> Self {
        Self { address: String::new(), facility: Facility::Daemon }
    }
}

/// The facilities that programs may use, with their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names are the RFC's own")]
pub enum Facility {
    User = 1,
    Daemon = 3,
    Local0 = 16,
    Local1 = 17,
    Local2 = 18,
    Local3 = 19,
    Local4 = 20,
    Local5 = 21,
    Local6 = 22,
    Local7 = 23,
}

/// The door of a collector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyslogDoor {
    /// Host and port, by datagrams.
    Udp(String),
    /// Host and port, by a stream with the length in front of each line.
    Tcp(String),
    /// A socket of this machine, by datagrams.
    Unix(PathBuf),
}

/// One line for a collector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyslogLine {
    /// Where to.
    pub door: SyslogDoor,
    /// The line, without an end.
    pub line: String,
}

/// See [`SyslogConfig`].
#[derive(Debug)]
pub struct Syslog {
    door: SyslogDoor,
    facility: Facility,
}

impl Syslog {
    /// The collector of `receiver`.
    pub fn new(receiver: &str, config: &SyslogConfig) -> Result<Self, OutputError> {
        if config.address.is_empty() {
            let receiver = receiver.to_owned();
            return Err(OutputError::NoAddress { receiver, key: "address" });
        }
        let door = door(&config.address).ok_or_else(|| OutputError::BadAddress {
            receiver: receiver.to_owned(),
            key: "address",
            form: "udp://host:port, tcp://host:port or unix:///path",
            found: config.address.clone(),
        })?;
        if matches!(door, SyslogDoor::Unix(_)) && !cfg!(unix) {
            return Err(OutputError::Platform {
                receiver: receiver.to_owned(),
                kind: "unix://",
                platform: "Unix",
                remedy: "use udp:// or tcp://",
            });
        }
        Ok(Self { door, facility: config.facility })
    }
}

fn door(address: &str) -> Option<SyslogDoor> {
    let (scheme, rest) = address.split_once("://")?;
    let host = rest.rsplit_once(':').filter(|(host, port)| {
        !host.is_empty() && port.parse::<u16>().is_ok_and(|it| it > 0) && !rest.contains(['/', '@'])
    });
    match scheme {
        "udp" => host.map(|_| SyslogDoor::Udp(rest.to_owned())),
        "tcp" => host.map(|_| SyslogDoor::Tcp(rest.to_owned())),
        "unix" if rest.starts_with('/') => Some(SyslogDoor::Unix(rest.into())),
        _ => None,
    }
}

impl Output for Syslog {
    fn name(&self) -> &'static str {
        "syslog"
    }

    fn render(&self, alert: &Alert) -> Result<Message, RenderError> {
        let limit = if matches!(self.door, SyslogDoor::Tcp(_)) { STREAM } else { DATAGRAM };
        let line = line(alert, self.facility, limit);
        Ok(Message::Syslog(SyslogLine { door: self.door.clone(), line }))
    }
}

fn line(alert: &Alert, facility: Facility, limit: usize) -> String {
    let priority = facility as u8 * 8 + severity(alert);
    let reason = alert.reason.as_str();
    let time = time(alert);
    let head = format!("<{priority}>1 {time:.6} - shirwatch - {reason} {} ", data(alert));
    let room = limit.saturating_sub(head.len());
    let mut text =
        format!("{}: {}", brief::status(alert), brief::summary(alert, 300, char::len_utf8));
    for part in brief::parts(alert, room.saturating_sub(text.len() + 90), limit, char::len_utf8) {
        text.push_str(&format!(" | {}: {}", part.title, brief::one_line(&part.text)));
    }
    format!("{head}{}", brief::cut(&text, room, char::len_utf8))
}

/// The severities of syslog: an end is a notice.
fn severity(alert: &Alert) -> u8 {
    match (alert.status, brief::label(alert, "severity")) {
        (AlertStatus::Resolved, _) => 5,
        (_, "critical") => 2,
        (_, "warning") => 4,
        (_, "info") => 6,
        _ => 3,
    }
}

/// When it happened last, or was over.
fn time(alert: &Alert) -> Timestamp {
    let seen = brief::note(alert, "last_seen").parse().ok();
    let ended = alert.ends_at.filter(|_| alert.status == AlertStatus::Resolved);
    ended.or(seen).unwrap_or(alert.starts_at)
}

/// `[alert@32473 rule="…" fingerprint="…"]`
fn data(alert: &Alert) -> String {
    let keys = ["rule", "category", "severity", "fingerprint"];
    let mut out = "[alert@32473".to_owned();
    let labels = keys.iter().map(|key| (*key, brief::label(alert, key)));
    let pipelines = ("pipelines", brief::note(alert, "pipelines"));
    let runtime = ("integration_runtime", brief::note(alert, "integration_runtime"));
    let url = ("url", alert.generator_url.as_str());
    for (key, value) in labels.chain([pipelines, runtime, url]).filter(|(_, it)| !it.is_empty()) {
        let value = brief::cut(&brief::one_line(value), VALUE, char::len_utf8);
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace(']', "\\]");
        out.push_str(&format!(" {key}=\"{value}\""));
    }
    out.push(']');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Reason;
    use crate::outputs::tests::{alert, golden, huge, sly};

    #[test]
    fn the_lines_stay_as_they_are() {
        golden("syslog-firing", &syslog().render(&alert(Reason::FirstSeen)).unwrap());
        golden("syslog-resolved", &syslog().render(&alert(Reason::Resolved)).unwrap());
    }

    #[test]
    #[rustfmt::skip]
    fn an_address_names_a_door() {
        for (address, expected) in [
            ("udp://127.0.0.1:514",  "Some(Udp(\"127.0.0.1:514\"))"),
            ("tcp://[::1]:601",      "Some(Tcp(\"[::1]:601\"))"),
            ("unix:///dev/log",      "Some(Unix(\"/dev/log\"))"),
            ("udp://127.0.0.1",      "None"),
            ("udp://h:99999",        "None"),
            ("udp://u:p@h:514",      "None"),
            ("unix://dev/log",       "None"),
            ("http://h:1",           "None"),
            ("h:514",                "None"),
        ] {
            assert_eq!(format!("{:?}", door(address)), expected, "{address}");
        }
    }

    #[test]
    fn words_of_a_log_are_inert() {
        let mut sly = sly();
        sly.annotations.insert("pipelines".into(), "a\"] <13>1 - - - - -\r\nb".into());
        let line = line(&sly, Facility::Daemon, DATAGRAM);
        assert!(!line.contains(char::is_control), "{line:?}");
        assert!(
            line.contains(r#"pipelines="a\"\] <13>1 - - - - - b"]"#)
                || line.contains(r#"pipelines="a\"\] <13>1 - - - - - b" "#),
            "{line}"
        );
    }

    #[test]
    fn the_limits_are_kept_and_cause_and_steps_survive() {
        for limit in [DATAGRAM, STREAM] {
            let line = line(&huge(), Facility::Daemon, limit);
            assert!(line.len() <= limit, "{}", line.len());
            assert!(line.contains("Cause: CCC") && line.contains("What to do: 1. Step"), "{line}");
        }
    }

    fn syslog() -> Syslog {
        Syslog { door: SyslogDoor::Udp("127.0.0.1:514".to_owned()), facility: Facility::Daemon }
    }
}
