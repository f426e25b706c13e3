//! Alerts for Microsoft Teams, as an Adaptive Card for a Workflows address.
//!
//! ```text
//! POST https://….logic.azure.com/workflows/…
//! {"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive",
//!   "content":{"type":"AdaptiveCard","version":"1.4","body":[…],"actions":[…]}}]}
//! ```
//!
//! Texts of logs stand in the runs of a `RichTextBlock`, in which no Markdown is read; each
//! line is a block of its own. Braces in twos are parted by a character of no width, since a
//! card expands `{{DATE(…)}}`. Teams takes 28 KB; what is larger is written again with
//! less evidence. A Workflow answers 202.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::json;

use crate::model::Alert;
use crate::model::AlertStatus;
use crate::outputs::Message;
use crate::outputs::Output;
use crate::outputs::OutputError;
use crate::outputs::RenderError;
use crate::outputs::brief;
use crate::outputs::door;
use crate::outputs::http;
use crate::outputs::settings;

/// Bytes of a whole message.
const LIMIT: usize = 28 * 1024;

/// Bytes of text that are tried, one after the other, until the message fits.
const TRIED: [usize; 5] = [14_000, 8_000, 4_000, 2_000, 500];

/// Bytes of the headline.
const HEADLINE: usize = 300;

/// `teams:` a channel or chat, by the address of a Workflow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TeamsConfig {
    /// A file that holds the address that the Workflow "Post to a channel when a webhook
    /// request is received" shows. It holds a signature, so that it is a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url_file: Option<PathBuf>,
}

/// See [`TeamsConfig`].
pub struct Teams {
    url: String,
}

/// The address is a secret.
impl fmt::Debug for Teams {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Teams({})", door(&self.url))
    }
}

impl Teams {
    /// The channel of `receiver`.
    pub fn new(receiver: &str, config: &TeamsConfig) -> Result<Self, OutputError> {
        let url = settings::required(receiver, "url_file", config.url_file.as_ref())?;
        settings::check_address(receiver, "url_file", &url)?;
        Ok(Self { url })
    }
}

impl Output for Teams {
    fn name(&self) -> &'static str {
        "teams"
    }

    fn render(&self, alert: &Alert) -> Result<Message, RenderError> {
        Ok(http::json(&self.url, &body(alert)))
    }
}

/// The largest message that fits.
fn body(alert: &Alert) -> Value {
    let mut body = message(alert, TRIED[0]);
    for budget in &TRIED[1..] {
        if body.to_string().len() <= LIMIT {
            break;
        }
        body = message(alert, *budget);
    }
    body
}

fn message(alert: &Alert, budget: usize) -> Value {
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": { "width": "Full" },
        "body": card(alert, budget),
        "actions": brief::links(alert).iter().map(action).collect::<Vec<_>>(),
    });
    let attachment = json!({
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": null,
        "content": card,
    });
    json!({ "type": "message", "attachments": [attachment] })
}

/// Headline, state, parts and facts.
fn card(alert: &Alert, budget: usize) -> Vec<Value> {
    let colour = match (alert.status, brief::label(alert, "severity")) {
        (AlertStatus::Resolved, _) => "Good",
        (_, "warning") => "Warning",
        (_, "info") => "Accent",
        _ => "Attention",
    };
    let headline = run(&brief::summary(alert, HEADLINE, size), true);
    let mut card = vec![
        block(vec![with(headline, &[("size", "Large"), ("color", colour)])]),
        block(vec![with(run(&brief::state(alert), false), &[("color", colour)])]),
    ];
    for part in brief::parts(alert, budget, budget, size) {
        card.push(with(block(vec![run(part.title, true)]), &[("spacing", "Medium")]));
        let lines = part.text.lines().filter(|it| !it.trim().is_empty());
        card.extend(lines.map(|it| with(block(vec![run(it, false)]), &[("spacing", "None")])));
    }
    for (title, text) in brief::facts(alert) {
        let title = run(&format!("{title}: "), true);
        let text = run(&brief::cut(&text, budget / 20, size), false);
        card.push(with(block(vec![title, text]), &[("spacing", "None")]));
    }
    card
}

fn block(inlines: Vec<Value>) -> Value {
    json!({ "type": "RichTextBlock", "inlines": inlines })
}

fn run(text: &str, bold: bool) -> Value {
    let mut run = json!({ "type": "TextRun", "text": inert(text) });
    if bold {
        run["weight"] = "Bolder".into();
    }
    run
}

fn with(mut element: Value, more: &[(&str, &str)]) -> Value {
    for (key, value) in more {
        element[*key] = (*value).into();
    }
    element
}

fn action((title, url): &(&str, &str)) -> Value {
    json!({ "type": "Action.OpenUrl", "title": title, "url": url })
}

/// The text in which no `{{`, `${` or `<at>` is left to be expanded.
fn inert(text: &str) -> String {
    let parted = text.replace("{{", "{\u{200b}{").replace("${", "$\u{200b}{");
    parted.replace("<at>", "<\u{200b}at>")
}

/// Bytes in the body. A line costs what stands around it, and a brace what is put in between.
fn size(character: char) -> usize {
    match character {
        '\n' => 90,
        '{' | '<' | '$' => 4,
        '"' | '\\' => 2,
        it => it.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Reason;
    use crate::outputs::tests::{alert, golden, huge, sly};

    #[test]
    fn the_requests_stay_as_they_are() {
        golden("teams-firing", &teams().render(&alert(Reason::FirstSeen)).unwrap());
        golden("teams-resolved", &teams().render(&alert(Reason::Resolved)).unwrap());
    }

    #[test]
    fn words_of_a_log_are_inert() {
        let body = body(&sly());
        let text = body.to_string();
        for live in ["{{", "${", "<at>", "\"TextBlock\"", "\"FactSet\"", "\"url\":\"javascript"] {
            assert!(!text.contains(live), "{live} in {text}");
        }
        // A word of a log is there, as text.
        assert!(text.contains("<!channel>"), "{text}");
        assert!(!text.contains("\\r") && !text.contains("\\n"), "{text}");
    }

    #[test]
    fn the_limit_is_kept_and_cause_and_steps_survive() {
        let text = body(&huge()).to_string();
        assert!(text.len() <= LIMIT, "{}", text.len());
        assert!(text.contains("CCC") && text.contains("1. Step") && text.contains("Evidence"));
        let mut worst = huge();
        for text in worst.annotations.values_mut() {
            *text = "\"{\n".repeat(2700);
        }
        assert!(body(&worst).to_string().len() <= LIMIT);
    }

    fn teams() -> Teams {
        Teams { url: "https://flow.contoso.example/workflows/1?sig=geheim".to_owned() }
    }
}
