//! The body of a webhook in the operator's own words.
//!
//! ```text
//! {"title": {{ alert.annotations.summary }}, "open": {{ status == "firing" }}}
//! ```
//!
//! The language is that of Jinja, by minijinja. What can be named is the default body:
//! `status`, `reason`, `fingerprint`, `alert.labels`, `alert.annotations`, `finding`. A text of
//! a log enters as a value and is never read as a template. In a body of JSON each
//! value is written as JSON, with its quotes, and in one of HTML it is escaped, so that no
//! value can leave its place. A template is tried when the configuration is read: one that
//! fails, or whose JSON is none, is refused then and not at night.

use std::sync::Arc;

use minijinja::AutoEscape;
use minijinja::Environment;
use minijinja::UndefinedBehavior;
use serde::Serialize;

/// The name of the only template.
const NAME: &str = "body";

/// Steps that one body may take; a loop without end must end.
const FUEL: u64 = 200_000;

/// Bytes of a body.
const LIMIT: usize = 1024 * 1024;

/// A template that was tried.
#[derive(Clone)]
pub(super) struct Template {
    environment: Arc<Environment<'static>>,
    json: bool,
}

impl Template {
    /// The template of `text`, for bodies of this type.
    pub(super) fn new(text: &str, content_type: &str) -> Result<Self, String> {
        let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let json = kind.ends_with("json");
        let escape = match json {
            true => AutoEscape::Json,
            false if kind.ends_with("html") || kind.ends_with("xml") => AutoEscape::Html,
            false => AutoEscape::None,
        };
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(move |_| escape.clone());
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.set_fuel(Some(FUEL));
        environment
            .add_template_owned(NAME.to_owned(), text.to_owned())
            .map_err(|error| format!("is no template: {error}"))?;
        Ok(Self { environment: Arc::new(environment), json })
    }

    /// The body for `values`.
    pub(super) fn render(&self, values: impl Serialize) -> Result<String, String> {
        let template = self.environment.get_template(NAME).map_err(|it| it.to_string())?;
        let body = template.render(minijinja::value::Serde(values));
        let body = body.map_err(|error| format!("cannot be filled in: {error}"))?;
        if body.len() > LIMIT {
            return Err(format!("makes a body of {} bytes; at most {LIMIT} are sent", body.len()));
        }
        if self.json && serde_json::from_str::<serde::de::IgnoredAny>(&body).is_err() {
            return Err("makes no JSON; a value brings its own quotes: \
                        write `{\"a\": {{ status }}}`, or set another `content_type`"
                .to_owned());
        }
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn values_stay_values() {
        let json = "application/json";
        // template, type, value of `v`; the body
        check(r#"{"a": {{ v }}}"#,            json,         "x\"y\nz",         r#"{"a": "x\"y\nz"}"#);
        check(r#"{"a": {{ v }}}"#,            json,         "{{ 7 * 7 }}",     r#"{"a": "{{ 7 * 7 }}"}"#);
        check(r#"{"a": {{ "is " ~ v }}}"#,    json,         r#"","b":1"#,      r#"{"a": "is \",\"b\":1"}"#);
        check(r#"{"a": {{ none_such.x }}}"#,  json,         "",                r#"{"a": null}"#);
        check(r#"{"a": {{ n or none }}}"#,    json,         "",                r#"{"a": null}"#);
        check("v={{ v }}",                    "text/plain", "{% raw %}<b>",    "v={% raw %}<b>");
        check("<p>{{ v }}</p>",               "text/html",  "<script>'",       "<p>&lt;script&gt;&#x27;</p>");
        check("{{ v",                         "text/plain", "",                "refused");
        check(r#"{"a": "{{ v }}"}"#,          json,         "x",               "refused");
        check("{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
                                              "text/plain", "",                "refused");
        check(r#"{% include "/etc/passwd" %}"#, "text/plain", "",              "refused");
    }

    #[track_caller]
    fn check(text: &str, content_type: &str, value: &str, expected: &str) {
        let values = serde_json::json!({ "v": value });
        let body = Template::new(text, content_type).and_then(|it| it.render(values));
        assert_eq!(body.unwrap_or_else(|_| "refused".to_owned()), expected, "{text}");
    }
}
