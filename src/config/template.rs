//! The configuration with every default and its explanation, as `config init` writes it.
//!
//! ```yaml
//! # How long it must be quiet until an incident is over.
//! resolve_after: 1h
//! ```
//!
//! The text is made from the comments and defaults of the configuration's own types, so it
//! cannot say anything else than the program does. Lists that are empty by default show a
//! commented example.

use std::fmt::Write;

use schemars::{Schema, schema_for};
use serde_json::{Map, Value};

use crate::config::Config;

/// What stands above everything.
const HEADER: &str = "\
# The configuration of shirwatch. Every key is optional: what stands here is the default.
# Check a change with `shirwatch config check FILE`.
";

/// Examples for the lists that are empty by default.
const EXAMPLES: [(&str, &str); 4] = [
    (
        "sources",
        "\
- name: traces
  file: { include: [/var/log/integration-runtime/*.log] }
- name: runs
  file: { include: [/mnt/insights-logs-activityruns/**/PT1H.json] }
  labels: { environment: production }
  silent_after: 6h
- name: account                   # where diagnostic settings write to a storage account
  azure_blob:
    account: contosologs
    credential: { managed_identity: {} }    # or workload_identity, service_principal, sas_file,
    look_back: 48h                          # connection_string_file; late lines are looked for
    poll_interval: 30s                      # as far back as look_back
# Where they write to an event hub, or for any Kafka (brokers, topics, sasl, ca_file); in builds
# with the feature `kafka` only.
- { name: hub, kafka: { event_hubs: { connection_string_file: /etc/shirwatch/hub.connection } } }
- name: api                       # where there are no diagnostic settings
  azure_rest:
    subscription: 00000000-0000-0000-0000-000000000000
    resource_group: rg-contoso
    factories: [adf-contoso]
    credential:
      service_principal:
        tenant_id: 00000000-0000-0000-0000-000000000000
        client_id: 00000000-0000-0000-0000-000000000000
        secret_file: /etc/shirwatch/azure.secret    # or certificate_file
",
    ),
    (
        "store",
        "  postgres:                       # many daemons, one list of incidents
    url_file: /etc/shirwatch/postgres.url    # postgres://USER:PASSWORD@HOST/NAME
",
    ),
    (
        "routes",
        "\
- match: { category: authentication }
  receivers: [ops]
",
    ),
    (
        "receivers",
        "\
- name: ops
  alertmanager: { urls: [http://127.0.0.1:9093] }
- name: chat
  slack: { url_file: /etc/shirwatch/slack.url }
- name: team
  teams: { url_file: /etc/shirwatch/teams.url }
- name: pager
  send_resolved: true
  pagerduty: { routing_key_file: /etc/shirwatch/pagerduty.key }
- name: mail
  email:
    server: mail.contoso.example    # tls: starttls, tls or none; port; ca_file
    user: shirwatch
    password_file: /etc/shirwatch/mail.password
    from: shirwatch@contoso.example
    to: [ops@contoso.example]
- name: collector
  syslog: { address: 'udp://127.0.0.1:514' }    # or tcp://, or unix:///dev/log
- name: events
  windows_event_log: {}
- name: tickets
  webhook:
    url_file: /etc/shirwatch/tickets.url
    hmac_key_file: /etc/shirwatch/tickets.key
    body: '{\"title\": {{ alert.annotations.summary }}, \"open\": {{ status == \"firing\" }}}'
",
    ),
];

/// The commented configuration.
#[must_use]
pub fn commented() -> String {
    let schema = schema_for!(Config);
    let values = serde_json::to_value(Config::default()).unwrap_or_default();
    let mut out = HEADER.to_owned();
    if let Value::Object(values) = values {
        object(&mut out, &schema, schema.as_value(), &values, 0);
    }
    out
}

/// Writes the keys of one object, each below its comment.
fn object(
    out: &mut String,
    root: &Schema,
    schema: &Value,
    values: &Map<String, Value>,
    depth: usize,
) {
    let indent = "  ".repeat(depth);
    let properties = resolve(root, schema)["properties"].as_object().cloned().unwrap_or_default();
    for (key, property) in &properties {
        let default = values.get(key).unwrap_or(&Value::Null);
        if depth == 0 {
            out.push('\n');
        }
        comment(out, property["description"].as_str().unwrap_or_default(), &indent);
        match default {
            Value::Object(inner) if !inner.is_empty() => {
                let _ = writeln!(out, "{indent}{key}:");
                object(out, root, property, inner, depth + 1);
            }
            _ => {
                let _ = writeln!(out, "{indent}{key}: {}", plain(default));
            }
        }
        let example = EXAMPLES.iter().find(|(name, _)| name == key && depth == 0);
        comment(out, example.map_or("", |(_, text)| text), &indent);
    }
}

/// The schema itself, or the one that it refers to.
fn resolve<'a>(root: &'a Schema, schema: &'a Value) -> &'a Value {
    let reference = schema["$ref"].as_str().or_else(|| schema["allOf"][0]["$ref"].as_str());
    let Some(name) = reference.and_then(|it| it.strip_prefix("#/$defs/")) else { return schema };
    root.as_value().get("$defs").and_then(|it| it.get(name)).unwrap_or(schema)
}

fn comment(out: &mut String, text: &str, indent: &str) {
    for line in text.lines() {
        let _ = writeln!(out, "{indent}# {}", line.trim_end());
    }
}

/// A value on one line of YAML.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        Value::Null => String::new(),
        _ => value.to_string(),
    }
    .trim_end()
    .to_owned()
}

fn is_plain(text: &str) -> bool {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    !text.is_empty() && text.chars().all(safe) && text.parse::<f64>().is_err()
}
