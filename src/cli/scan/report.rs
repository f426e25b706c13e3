//! What a scan found, as one HTML file that needs nothing else: no script, no font, no host.
//!
//! ```text
//! Tally + Digest ──view──▶ values ──page.html──▶ text
//! ```
//!
//! All text of a log is redacted, freed of what could turn its direction, and escaped by the
//! template engine; besides, the page forbids itself by a policy to load or run anything.

mod chart;
mod entry;
mod view;

use minijinja::AutoEscape;
use minijinja::Environment;
use minijinja::HtmlEscape;
use minijinja::UndefinedBehavior;
use minijinja::Value;

pub(super) use view::{Read, Report};

const NAME: &str = "page.html";
const PAGE: &str = include_str!("report/page.html");
const BARS: &str = include_str!("report/bars.html");

/// The file.
pub(super) fn render(report: &Report<'_>) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    // A name that is misspelled in the template is a failure and no blank.
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_filter("prose", prose);
    environment.add_template(NAME, PAGE)?;
    environment.add_template("bars.html", BARS)?;
    let template = environment.get_template(NAME)?;
    let text = template.render(minijinja::value::Serde(view::page(report)))?;
    // The blocks of the template leave blank lines behind.
    let lines = text.lines().map(str::trim).filter(|it| !it.is_empty());
    Ok(lines.fold(String::new(), |out, line| out + line + "\n"))
}

/// Escaped text in which what stands `like this` is a name.
fn prose(text: &str) -> Value {
    let mut out = String::new();
    let paired = text.matches('`').count().is_multiple_of(2);
    for (at, part) in text.split('`').enumerate() {
        let part = HtmlEscape(part);
        match (paired, at % 2) {
            (true, 1) => out.push_str(&format!("<code>{part}</code>")),
            (true, _) => out.push_str(&part.to_string()),
            (false, 0) if at == 0 => out.push_str(&part.to_string()),
            (false, _) => out.push_str(&format!("`{part}")),
        }
    }
    Value::from_safe_string(out)
}

#[cfg(test)]
mod tests {
    use super::prose;

    #[test]
    #[rustfmt::skip]
    fn names_in_prose_are_marked_and_all_of_it_is_escaped() {
        // text                       markup
        check("run `az login`",       "run <code>az login</code>");
        check("`<b>` & <i>",          "<code>&lt;b&gt;</code> &amp; &lt;i&gt;");
        check("one ` alone <i>",      "one ` alone &lt;i&gt;");
        check("",                     "");
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(prose(text).to_string(), expected);
    }
}
