//! Configurations that are refused, and what the client is told by those that are not.

use std::io::Write;

use tempfile::NamedTempFile;

use super::*;
use crate::sources::kafka::login::{Login, harmless};

const HUB: &str = "Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=listen;\
                   SharedAccessKey=bm90IGEgc2VjcmV0LCBhIGZha2U=;EntityPath=insights-logs";

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    writeln!(file, "{text}").unwrap();
    file
}

#[test]
#[rustfmt::skip]
fn configurations_are_refused_with_their_remedy() {
    refuses("{brokers: ['k:9092'], topics: [runs]}",                          "");
    refuses("{topics: [runs]}",                                               "`brokers` is empty; write `HOST:PORT`, or `event_hubs` with a connection string");
    refuses("{brokers: [k], topics: [runs]}",                                 "`brokers` holds what is no `HOST:PORT`");
    refuses("{brokers: ['k:1,x:2'], topics: [runs]}",                         "`brokers` holds what is no `HOST:PORT`");
    refuses("{brokers: ['k:9092']}",                                          "`topics` is empty; name the topics to read");
    refuses("{brokers: ['k:9092'], topics: ['^.*']}",                         "no topic can be named `^.*`; see `topics`");
    refuses("{brokers: ['k:9092'], topics: [runs], group: ''}",               "`group` is no name of a consumer group");
    refuses("{brokers: ['k:9092'], topics: [runs], session_timeout: 1s}",     "`session_timeout` is out of range; write `6s` to `5m`");
    refuses("{event_hubs: {connection_string_file: /x}}",                     "");
    refuses("{event_hubs: {connection_string_file: /x}, sasl: {username: u, password_file: /y}}", "`sasl` and `event_hubs` both say who we are; give one of them");
    refuses("{event_hubs: {connection_string_file: /x}, security_protocol: plaintext}", "`security_protocol` does not log in; write `sasl_ssl`, or leave out who we are");
    refuses("{event_hubs: {connection_string_file: /x}, security_protocol: sasl_plaintext}", "`sasl_plaintext` would send the password unencrypted; write `sasl_ssl`");
    refuses("{event_hubs: {connection_string_file: /x}, brokers: ['127.0.0.1:9092'], security_protocol: sasl_plaintext}", "");
    refuses("{brokers: ['k:9092'], topics: [runs], security_protocol: sasl_ssl}", "`sasl` is missing; say who we are, or choose another `security_protocol`");
    refuses("{brokers: ['k:9092'], topics: [runs], sasl: {username: u, password_file: /y}, security_protocol: sasl_plaintext}", "`sasl_plaintext` would send the password unencrypted; write `sasl_ssl`");
    refuses("{brokers: ['k:9092'], topics: [runs], sasl: {mechanism: SCRAM-SHA-512, username: u, password_file: /y}, security_protocol: sasl_plaintext}", "");
    refuses("{brokers: ['k:9092'], topics: [runs], ca_file: /ca, security_protocol: plaintext}", "`ca_file` is of no use unencrypted; write `ssl` or `sasl_ssl`");
    refuses("{brokers: ['k:9092'], topics: [runs], sasl: {username: u, password: p}}", "not YAML for kafka");
}

#[track_caller]
fn refuses(yaml: &str, expected: &str) {
    let fault = match serde_saphyr::from_str::<KafkaConfig>(yaml) {
        Ok(config) => config.fault().unwrap_or_default(),
        Err(_) => "not YAML for kafka".to_owned(),
    };
    assert_eq!(fault, expected, "{yaml}");
}

#[test]
fn a_connection_string_says_all_that_is_needed() {
    let file = file(HUB);
    let yaml = format!("{{event_hubs: {{connection_string_file: '{}'}}}}", file.path().display());
    let login =
        Login::read(&serde_saphyr::from_str(&yaml).unwrap()).unwrap_or_else(|it| panic!("{it}"));
    let told = |name: &str| {
        let found = login.properties.iter().find(|(it, _)| *it == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    assert_eq!(told("bootstrap.servers"), "contoso.servicebus.windows.net:9093");
    assert_eq!(told("security.protocol"), "sasl_ssl");
    assert_eq!(told("sasl.mechanism"), "PLAIN");
    assert_eq!(told("sasl.username"), "$ConnectionString");
    assert_eq!(told("sasl.password"), HUB);
    assert_eq!(told("enable.auto.commit"), "false");
    assert_eq!(login.topics, ["insights-logs"]);
}

#[test]
fn a_file_that_holds_no_connection_string_is_told_without_its_words() {
    for text in
        ["SharedAccessKey=c2VjcmV0", "Endpoint=https://x/;SharedAccessKey=c2VjcmV0", "c2VjcmV0"]
    {
        let file = file(text);
        let yaml =
            format!("{{event_hubs: {{connection_string_file: '{}'}}}}", file.path().display());
        let trouble = Login::read(&serde_saphyr::from_str(&yaml).unwrap()).err().unwrap().text;
        assert!(trouble.contains("holds no connection string of Event Hubs"), "{trouble}");
        assert!(!trouble.contains("c2VjcmV0"), "{trouble}");
    }
}

#[test]
fn words_of_others_hold_no_secret_of_ours() {
    let text = format!("login failed\nfor {HUB} by bm90IGEgc2VjcmV0LCBhIGZha2U=");
    let told = harmless(&text, Some(HUB));
    assert_eq!(told, "login failed for [redacted:secret] by [redacted:secret]");
    assert_eq!(harmless(&"x".repeat(1_000), None).len(), 300);
}
