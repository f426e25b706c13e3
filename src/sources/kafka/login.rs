//! What the client is told: the cluster, who we are, and how it is to behave.
//!
//! ```text
//! Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=…;SharedAccessKey=…;EntityPath=…
//!               └ broker, port 9093                                                     └ topic
//! user $ConnectionString, password: all of it
//! ```

use std::path::Path;

use crate::sources::azure::secret;
use crate::sources::azure::trouble::{Kind, Trouble};
use crate::sources::kafka::config::{
    EventHubs, KafkaConfig, Mechanism, SecurityProtocol, is_broker, is_name,
};

/// The port of the Kafka endpoint of Event Hubs.
const PORT: u16 = 9093;

/// How the client behaves, whoever the cluster is.
const ALWAYS: [(&str, &str); 19] = [
    // Positions are ours: nothing is committed, and nothing skipped, that we did not say.
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("auto.offset.reset", "error"),
    ("allow.auto.create.topics", "false"),
    // Who stays in the group goes on with what it keeps.
    ("partition.assignment.strategy", "cooperative-sticky"),
    // What waits in memory: whichever is reached first.
    ("queued.max.messages.kbytes", "16384"),
    ("queued.min.messages", "10000"),
    ("fetch.max.bytes", "8388608"),
    // A store that cannot be written for longer gives its partitions to others.
    ("max.poll.interval.ms", "300000"),
    ("isolation.level", "read_committed"),
    ("client.id", "shirwatch"),
    // Azure closes connections that are idle for four minutes.
    ("connections.max.idle.ms", "180000"),
    ("socket.keepalive.enable", "true"),
    ("metadata.max.age.ms", "180000"),
    ("topic.metadata.refresh.interval.ms", "60000"),
    // So long a commit waits for a coordinator that is away.
    ("coordinator.query.interval.ms", "10000"),
    ("reconnect.backoff.max.ms", "10000"),
    ("log.connection.close", "false"),
    // How far we are behind is heard so often; it costs nobody a question.
    ("statistics.interval.ms", "5000"),
];

/// What the client is told. It holds a secret, and so is never printed.
pub(super) struct Login {
    pub(super) properties: Vec<(&'static str, String)>,
    pub(super) topics: Vec<String>,
    /// What must not be told, if anything.
    pub(super) secret: Option<String>,
}

impl Login {
    /// By the configuration and the files it names, as they are now.
    pub(super) fn read(config: &KafkaConfig) -> Result<Self, Trouble> {
        let (mut brokers, mut topics) = (config.brokers.clone(), config.topics.clone());
        let mut who = None;
        if let Some(EventHubs { connection_string_file }) = &config.event_hubs {
            let hubs = Hubs::read(connection_string_file)?;
            if brokers.is_empty() {
                brokers.push(hubs.broker);
            }
            if topics.is_empty() {
                topics.extend(hubs.topic);
            }
            who = Some((Mechanism::Plain, "$ConnectionString".to_owned(), hubs.text));
        } else if let Some(sasl) = &config.sasl {
            let password = secret::read("password_file", &sasl.password_file)?;
            who = Some((sasl.mechanism, sasl.username.clone(), password));
        }
        if topics.is_empty() {
            let what = "no topic is named; write `topics`, or a connection string with EntityPath";
            return Err(Trouble::new(Kind::Other, what));
        }
        let mut login = Self { properties: Vec::new(), topics, secret: None };
        login.set("bootstrap.servers", brokers.join(","));
        login.set("group.id", config.group.clone());
        ALWAYS.iter().for_each(|(name, value)| login.set(name, (*value).to_owned()));
        login.session(config);
        login.security(config, who);
        Ok(login)
    }

    fn set(&mut self, name: &'static str, value: String) {
        self.properties.push((name, value));
    }

    fn session(&mut self, config: &KafkaConfig) {
        let millis = config.session_timeout.as_millis();
        self.set("session.timeout.ms", millis.to_string());
        self.set("heartbeat.interval.ms", (millis / 4).clamp(100, 3_000).to_string());
    }

    fn security(&mut self, config: &KafkaConfig, who: Option<(Mechanism, String, String)>) {
        let protocol = match config.protocol() {
            SecurityProtocol::Plaintext => "plaintext",
            SecurityProtocol::Ssl => "ssl",
            SecurityProtocol::SaslPlaintext => "sasl_plaintext",
            SecurityProtocol::SaslSsl => "sasl_ssl",
        };
        self.set("security.protocol", protocol.to_owned());
        if let Some(path) = &config.ca_file {
            self.set("ssl.ca.location", path.display().to_string());
        }
        let Some((mechanism, user, password)) = who else { return };
        let mechanism = match mechanism {
            Mechanism::Plain => "PLAIN",
            Mechanism::ScramSha256 => "SCRAM-SHA-256",
            Mechanism::ScramSha512 => "SCRAM-SHA-512",
        };
        self.set("sasl.mechanism", mechanism.to_owned());
        self.set("sasl.username", user);
        self.set("sasl.password", password.clone());
        self.secret = Some(password);
    }
}

/// What a connection string says.
struct Hubs {
    broker: String,
    topic: Option<String>,
    text: String,
}

impl Hubs {
    fn read(path: &Path) -> Result<Self, Trouble> {
        let text = secret::read("connection_string_file", path)?;
        let found = Self::of(&text);
        found.ok_or_else(|| {
            let what = format!(
                "`connection_string_file`: `{}` holds no connection string of Event Hubs; it begins \
                 with `Endpoint=sb://` and has a `SharedAccessKey`",
                path.display()
            );
            Trouble::new(Kind::Other, what)
        })
    }

    fn of(text: &str) -> Option<Self> {
        let field = |name: &str| {
            let mut fields = text.split(';').filter_map(|it| it.trim().split_once('='));
            fields.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        };
        field("SharedAccessKey").or_else(|| field("SharedAccessSignature"))?;
        let host = field("Endpoint")?.strip_prefix("sb://")?.split(['/', ':']).next()?;
        let broker = format!("{host}:{PORT}");
        let topic = field("EntityPath").filter(|it| is_name(it)).map(str::to_owned);
        is_broker(&broker).then(|| Self { broker, topic, text: text.to_owned() })
    }
}

/// A text of the client or a broker, without our secret and of a bounded length.
pub(super) fn harmless(text: &str, secret: Option<&str>) -> String {
    let mut text = text.replace(['\n', '\r'], " ");
    if let Some(secret) = secret {
        text = text.replace(secret, "[redacted:secret]");
        // A part of a connection string is a secret too.
        for part in secret.split(';').filter_map(|it| it.split_once('=')) {
            if part.0.to_ascii_lowercase().contains("sharedaccess") && part.1.len() >= 8 {
                text = text.replace(part.1, "[redacted:secret]");
            }
        }
    }
    text.chars().take(300).collect()
}
