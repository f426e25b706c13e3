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
pub(crate) mod brief;
pub mod email;
pub mod error;
pub(crate) mod http;
pub mod pagerduty;
pub mod prometheus;
pub mod receiver;
pub(crate) mod settings;
pub mod slack;
pub mod stdout;
pub mod syslog;
pub mod teams;
pub mod webhook;
pub mod windows_event_log;
pub mod wording;

pub use error::{OutputError, RenderError};
pub use receiver::{Receiver, ReceiverConfig, build, build_all};

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
    /// A mail for an SMTP server.
    Mail(Box<email::Mail>),
    /// A line for a collector of syslog.
    Syslog(syslog::SyslogLine),
    /// An event for the log of Windows.
    Event(windows_event_log::WindowsEvent),
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
                ("verify", "Log in as that user with sqlcmd."),
                ("evidence", "SqlFailedToConnect: Cannot connect.\nSqlException: Login failed."),
                ("count", "3"),
                ("first_seen", "2026-03-01T06:12:09.4Z"),
                ("last_seen", "2026-03-01T06:14:00Z"),
                ("pipelines", "nightly"),
                ("doc_url", "https://learn.microsoft.com/sql"),
                ("runbook_url", "https://shirwatch.contoso.example/rules/sql-login-failed"),
            ]),
            starts_at: "2026-03-01T06:12:09.4Z".parse().unwrap(),
            ends_at: Some("2026-03-01T06:20:00Z".parse().unwrap()),
            generator_url: "https://shirwatch.contoso.example/incidents/9f86d081884c7d65"
                .to_owned(),
            finding: serde_json::json!({ "rule": "sql-login-failed" }),
        }
    }

    /// An alert whose texts try to be more than texts.
    pub(crate) fn sly() -> Alert {
        let word = "<script>alert(1)</script> <!channel> <@U123> <at>all</at> *bold* _it_ \
                    [x](javascript:alert(1)) {{ 7*7 }} {{DATE(2026-03-01)}} ${x} {% raw %} \
                    \r\nBcc: a@b.example\r\n\r\nbody \u{1b}[2J \u{202e} \"]}',--";
        let mut alert = alert(Reason::FirstSeen);
        for key in ["summary", "description", "cause", "resolution", "evidence", "pipelines"] {
            alert.annotations.insert(key.to_owned(), word.to_owned());
        }
        alert.annotations.insert("doc_url".to_owned(), "javascript:alert(1)".to_owned());
        alert.labels.insert("pipeline".to_owned(), word.to_owned());
        alert
    }

    /// An alert whose every text is as long as it may be, and grows when it is escaped.
    pub(crate) fn huge() -> Alert {
        let mut alert = alert(Reason::FirstSeen);
        let steps: String = (1..900).map(|it| format!("{it}. Step & <go>.\n")).collect();
        for (key, text) in [
            ("summary", "S<&>ä".repeat(1000)),
            ("cause", format!("CCC{}", "<&\"ä".repeat(1600))),
            ("resolution", steps.chars().take(8192).collect()),
            ("verify", "V&".repeat(4096)),
            ("description", "D<".repeat(4096)),
            ("evidence", "E👩".repeat(1600)),
            ("pipelines", "P>".repeat(4096)),
        ] {
            alert.annotations.insert(key.to_owned(), text);
        }
        alert
    }

    /// Compares what is sent with the file of that name; `UPDATE_EXPECT=1` writes it anew.
    #[track_caller]
    pub(crate) fn golden(name: &str, message: &Message) {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/outputs").to_owned();
        let path = std::path::PathBuf::from(file).join(format!("{name}.txt"));
        expect_test::expect_file![path].assert_eq(&shown(message));
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]

        #[test]
        fn no_text_breaks_a_limit(
            texts in proptest::collection::vec("(\\PC|\\s|[<>&\"{$*\\x00-\\x1f]){0,3000}", 7),
        ) {
            let mut alert = alert(Reason::FirstSeen);
            let keys =
                ["summary", "cause", "resolution", "verify", "description", "evidence", "pipelines"];
            for (key, text) in keys.iter().zip(texts) {
                alert.annotations.insert((*key).to_owned(), text);
            }
            for (kind, limit) in [
                ("slack: { url_file: FILE }", 64 * 1024),
                ("teams: { url_file: FILE }", 28 * 1024),
                ("pagerduty: { routing_key_file: KEY }", 512 * 1024),
                ("email: { server: h, from: a@b.example, to: [a@b.example] }", 200 * 1024),
                ("syslog: { address: 'udp://h:1' }", 2048),
                ("syslog: { address: 'tcp://h:1' }", 8192),
            ] {
                check_size(kind, &alert, limit);
            }
        }
    }

    #[track_caller]
    fn check_size(kind: &str, alert: &Alert, limit: usize) {
        let folder = tempfile::tempdir().unwrap();
        let (file, key) = (folder.path().join("url"), folder.path().join("key"));
        std::fs::write(&file, "https://h.contoso.example/x").unwrap();
        std::fs::write(&key, "K3Y").unwrap();
        let yaml = format!("{{ name: a, {kind} }}")
            .replace("FILE", &format!("'{}'", file.display()))
            .replace("KEY", &format!("'{}'", key.display()));
        let receiver = build(&serde_saphyr::from_str(&yaml).unwrap()).unwrap();
        let size = match receiver.output.render(alert).unwrap() {
            Message::Http(requests) => requests[0].body.len(),
            Message::Mail(mail) => {
                assert!(!mail.subject.contains(char::is_control), "{:?}", mail.subject);
                mail.text.len() + mail.html.len()
            }
            Message::Syslog(it) => {
                assert!(!it.line.contains(char::is_control), "{:?}", it.line);
                it.line.len()
            }
            other => panic!("{other:?}"),
        };
        assert!(size <= limit, "{kind}: {size}");
    }

    /// A message as people read it: JSON indented, all else as it is.
    fn shown(message: &Message) -> String {
        match message {
            Message::Http(requests) => requests.iter().map(request).collect(),
            Message::Text(text) => text.clone(),
            Message::Syslog(it) => format!("{:?}\n{}\n", it.door, it.line),
            Message::Event(it) => format!("{:?} {}\n{}\n", it.kind, it.id, it.text),
            Message::Mail(it) => format!(
                "{:?}\nFrom: {}\nTo: {}\nSubject: {}\nMessage-ID: <{}>\nReferences: <{}>\n\n\
                 --- text\n{}\n--- html\n{}",
                it.server,
                it.from,
                it.to.join(", "),
                it.subject,
                it.id,
                it.thread,
                it.text,
                it.html
            ),
        }
    }

    fn request(request: &Request) -> String {
        let headers = request.headers.iter().map(|(name, value)| format!("{name}: {value}\n"));
        let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        let body = serde_json::to_string_pretty(&body).unwrap();
        format!("POST {}\n{}\n{body}\n", request.url, headers.collect::<String>())
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
