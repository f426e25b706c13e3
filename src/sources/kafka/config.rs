//! `- kafka:` as it is written in the configuration.

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::size::ByteSize;
use crate::sources::ReadFrom;

/// Names of topics and groups may be as long.
const LONGEST: usize = 249;

/// `- kafka:` topics of a Kafka cluster, or event hubs by their Kafka endpoint; in builds with
/// the feature `kafka` only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KafkaConfig {
    /// Where the cluster is asked for its brokers, as `HOST:PORT`; one is enough, three are
    /// better. Not needed with `event_hubs`.
    pub brokers: Vec<String>,
    /// The topics to read, or event hubs; not needed where the connection string names one.
    pub topics: Vec<String>,
    /// The consumer group. Daemons of one group share the partitions among them.
    pub group: String,
    /// A namespace of Azure Event Hubs, in place of `brokers`, `security_protocol` and `sasl`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_hubs: Option<EventHubs>,
    /// How to connect; by default `sasl_ssl` with `sasl`, `ssl` with `ca_file`, else `plaintext`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_protocol: Option<SecurityProtocol>,
    /// Who we are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sasl: Option<Sasl>,
    /// A PEM file with the authorities that may vouch for the brokers; by default those of the
    /// system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Where to start in a partition of which neither our store nor the group knows anything:
    /// `beginning` or `end`.
    pub read_from: ReadFrom,
    /// How long the group waits for a member that does not answer before its partitions go to
    /// others: `6s` to `5m`.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    #[schemars(with = "String")]
    pub session_timeout: Duration,
    /// The largest record that is read whole; a larger one is cut, and counted as cut.
    pub max_record_bytes: ByteSize,
}

/// `event_hubs:` a namespace of Azure Event Hubs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventHubs {
    /// A file with the connection string of a shared access policy that may listen.
    pub connection_string_file: PathBuf,
}

/// `sasl:` who we are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sasl {
    /// How it is proved: `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`.
    #[serde(default)]
    pub mechanism: Mechanism,
    /// The user.
    pub username: String,
    /// A file with the password.
    pub password_file: PathBuf,
}

/// How it is proved who we are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Mechanism {
    /// The password is sent.
    #[default]
    #[serde(rename = "PLAIN")]
    Plain,
    /// It is shown that the password is known.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// The same by a longer digest.
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
}

/// How to connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecurityProtocol {
    /// Neither encrypted nor logged in.
    Plaintext,
    /// Encrypted.
    Ssl,
    /// Logged in, not encrypted.
    SaslPlaintext,
    /// Encrypted and logged in.
    SaslSsl,
}

impl Default for KafkaConfig {
    fn default() -> Self {
        Self {
            brokers: Vec::new(),
            topics: Vec::new(),
            group: "shirwatch".to_owned(),
            event_hubs: None,
            security_protocol: None,
            sasl: None,
            ca_file: None,
            read_from: ReadFrom::Beginning,
            session_timeout: Duration::from_secs(30),
            max_record_bytes: ByteSize::mib(1),
        }
    }
}

impl KafkaConfig {
    /// How to connect.
    pub(super) fn protocol(&self) -> SecurityProtocol {
        let usual = match () {
            () if self.sasl.is_some() || self.event_hubs.is_some() => SecurityProtocol::SaslSsl,
            () if self.ca_file.is_some() => SecurityProtocol::Ssl,
            () => SecurityProtocol::Plaintext,
        };
        self.security_protocol.unwrap_or(usual)
    }

    /// What is wrong with it, and what to do.
    pub(super) fn fault(&self) -> Option<String> {
        let hubs = self.event_hubs.is_some();
        let wrong = self.topics.iter().find(|it| !is_name(it));
        let what = match () {
            () if hubs && self.sasl.is_some() => {
                "`sasl` and `event_hubs` both say who we are; give one of them"
            }
            () if self.brokers.is_empty() && !hubs => {
                "`brokers` is empty; write `HOST:PORT`, or `event_hubs` with a connection string"
            }
            () if !self.brokers.iter().all(|it| is_broker(it)) => {
                "`brokers` holds what is no `HOST:PORT`"
            }
            () if self.topics.is_empty() && !hubs => "`topics` is empty; name the topics to read",
            () if wrong.is_some() => {
                return wrong.map(|it| format!("no topic can be named `{it}`; see `topics`"));
            }
            () if self.group.is_empty() || self.group.len() > LONGEST => {
                "`group` is no name of a consumer group"
            }
            () if !(Duration::from_secs(6)..=Duration::from_secs(300))
                .contains(&self.session_timeout) =>
            {
                "`session_timeout` is out of range; write `6s` to `5m`"
            }
            () => return self.unsafe_login(),
        };
        Some(what.to_owned())
    }

    /// A password goes encrypted, or does not leave the machine.
    fn unsafe_login(&self) -> Option<String> {
        let logs_in = self.sasl.is_some() || self.event_hubs.is_some();
        let sends = self.event_hubs.is_some()
            || self.sasl.as_ref().is_some_and(|it| it.mechanism == Mechanism::Plain);
        let local = !self.brokers.is_empty() && self.brokers.iter().all(|it| is_local(it));
        let what = match self.protocol() {
            SecurityProtocol::Plaintext | SecurityProtocol::Ssl if logs_in => {
                "`security_protocol` does not log in; write `sasl_ssl`, or leave out who we are"
            }
            SecurityProtocol::SaslPlaintext | SecurityProtocol::SaslSsl if !logs_in => {
                "`sasl` is missing; say who we are, or choose another `security_protocol`"
            }
            SecurityProtocol::SaslPlaintext if sends && !local => {
                "`sasl_plaintext` would send the password unencrypted; write `sasl_ssl`"
            }
            SecurityProtocol::Plaintext | SecurityProtocol::SaslPlaintext
                if self.ca_file.is_some() =>
            {
                "`ca_file` is of no use unencrypted; write `ssl` or `sasl_ssl`"
            }
            _ => return None,
        };
        Some(what.to_owned())
    }
}

/// Whether this may be the name of a topic. A pattern would be read as one by the client.
pub(super) fn is_name(text: &str) -> bool {
    let known = |it: u8| it.is_ascii_alphanumeric() || b"._-".contains(&it);
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(known)
}

/// Whether this is `HOST:PORT`, and nothing that would be read as a list or an address.
pub(super) fn is_broker(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let known = |it: u8| it.is_ascii_alphanumeric() || b".-_[]:".contains(&it);
    !host.is_empty() && host.bytes().all(known) && port.parse::<u16>().is_ok_and(|it| it > 0)
}

fn is_local(broker: &str) -> bool {
    let host = broker.rsplit_once(':').map_or(broker, |(host, _)| host);
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|it: std::net::IpAddr| it.is_loopback())
}
