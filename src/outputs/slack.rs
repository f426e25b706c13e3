//! Alerts for Slack, by an incoming webhook and Block Kit.
//!
//! ```text
//! POST https://hooks.slack.com/services/…
//! {"text":"firing error: …","blocks":[{"type":"header",…},{"type":"section",…},…]}
//! ```
//!
//! Texts of logs stand in `plain_text` objects only: there Slack reads no `*bold*`, no link
//! and no `<!channel>`. Its three control characters are escaped all the same, everywhere,
//! as its documentation asks. Links are ours alone. A section takes 3000 characters, a
//! header 150; an answer of 200 means that it was posted.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::json;

use crate::model::Alert;
use crate::outputs::Message;
use crate::outputs::Output;
use crate::outputs::OutputError;
use crate::outputs::RenderError;
use crate::outputs::brief;
use crate::outputs::door;
use crate::outputs::http;
use crate::outputs::settings;

/// Characters of a header, of a section, and of all sections together.
const HEADER: usize = 150;
const SECTION: usize = 3000;
const TOTAL: usize = 9000;

/// Characters of one field, and how many fields a section takes.
const FIELD: usize = 2000;
const FIELDS: usize = 10;

/// `slack:` a channel, by its incoming webhook.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SlackConfig {
    /// A file that holds the address of the incoming webhook. Who knows the address can
    /// post, so that it is a secret as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url_file: Option<PathBuf>,
}

/// See [`SlackConfig`].
pub struct Slack {
    url: String,
}

/// The address is a secret.
impl fmt::Debug for Slack {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Slack({})", door(&self.url))
    }
}

impl Slack {
    /// The channel of `receiver`.
    pub fn new(receiver: &str, config: &SlackConfig) -> Result<Self, OutputError> {
        let url = settings::required(receiver, "url_file", config.url_file.as_ref())?;
        settings::check_address(receiver, "url_file", &url)?;
        Ok(Self { url })
    }
}

impl Output for Slack {
    fn name(&self) -> &'static str {
        "slack"
    }

    fn render(&self, alert: &Alert) -> Result<Message, RenderError> {
        Ok(http::json(&self.url, &body(alert)))
    }
}

fn body(alert: &Alert) -> Value {
    let summary = brief::summary(alert, HEADER, size);
    let severity = brief::label(alert, "severity");
    let mut blocks = vec![
        json!({ "type": "header", "text": plain(&summary) }),
        json!({ "type": "context", "elements": [plain(&brief::state(alert))] }),
    ];
    for part in brief::parts(alert, TOTAL, SECTION - 20, size) {
        let text = format!("{}\n{}", part.title, part.text);
        blocks.push(json!({ "type": "section", "text": plain(&text) }));
    }
    let facts = brief::facts(alert);
    if !facts.is_empty() {
        let field = |(title, text): &(&str, String)| {
            plain(&brief::cut(&format!("{title}\n{text}"), FIELD, size))
        };
        let fields: Vec<_> = facts.iter().take(FIELDS).map(field).collect();
        blocks.push(json!({ "type": "section", "fields": fields }));
    }
    let links: Vec<_> = brief::links(alert).iter().map(link).collect();
    if !links.is_empty() {
        let text = json!({ "type": "mrkdwn", "text": links.join(" · "), "verbatim": true });
        blocks.push(json!({ "type": "context", "elements": [text] }));
    }
    // What a notification shows, and a client that knows no blocks.
    let text = escaped(&format!("{} {severity}: {summary}", brief::status(alert)));
    json!({
        "text": text, "mrkdwn": false, "unfurl_links": false, "unfurl_media": false,
        "blocks": blocks,
    })
}

fn plain(text: &str) -> Value {
    json!({ "type": "plain_text", "text": escaped(text), "emoji": false })
}

/// `<https://…|Runbook>`; the address was looked at before.
fn link((title, url): &(&str, &str)) -> String {
    format!("<{}|{title}>", escaped(url))
}

/// The text with the three characters escaped by which Slack is told anything.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Characters behind the escaping; one beyond the basic plane may count as two.
fn size(character: char) -> usize {
    match character {
        '&' => "&amp;".len(),
        '<' | '>' => "&lt;".len(),
        it => it.len_utf16(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Reason;
    use crate::outputs::tests::{alert, golden, huge, sly};

    #[test]
    fn the_requests_stay_as_they_are() {
        golden("slack-firing", &slack().render(&alert(Reason::FirstSeen)).unwrap());
        golden("slack-resolved", &slack().render(&alert(Reason::Resolved)).unwrap());
    }

    #[test]
    fn words_of_a_log_are_inert() {
        let body = body(&sly()).to_string();
        for live in ["<!channel>", "<script>", "<@U123>", "<http"] {
            let ours = body.matches("<https://shirwatch.contoso.example/").count();
            let found = body.matches(live).count() - if live == "<http" { ours } else { 0 };
            assert_eq!(found, 0, "{live} in {body}");
        }
        let all = super::body(&sly());
        for block in all["blocks"].as_array().unwrap() {
            let text = block.to_string();
            let ours = text.contains("\"mrkdwn\"") && !text.contains("plain_text");
            assert!(ours || !text.contains("\"mrkdwn\""), "a log's word is read as markup: {text}");
        }
    }

    #[test]
    fn the_limits_are_kept_and_cause_and_steps_survive() {
        let body = body(&huge());
        let text = body.to_string();
        assert!(text.contains("Cause\\nCCC") && text.contains("What to do\\n1. Step"), "{text}");
        let blocks = body["blocks"].as_array().unwrap();
        assert!(blocks.len() <= 50);
        for block in blocks {
            let most = if block["type"] == "header" { HEADER } else { SECTION };
            let text = block["text"]["text"].as_str().unwrap_or_default();
            assert!(text.encode_utf16().count() <= most, "{text}");
            let fields = block["fields"].as_array().map_or(0, Vec::len);
            assert!(fields <= FIELDS);
            // An entity is whole or not there.
            let amps = text.matches('&').count();
            let whole = ["&amp;", "&lt;", "&gt;"].map(|it| text.matches(it).count());
            assert_eq!(amps, whole.iter().sum::<usize>(), "{text}");
        }
    }

    fn slack() -> Slack {
        Slack { url: "https://hooks.contoso.example/services/T0/B0/geheim".to_owned() }
    }
}
