//! A rule as a page of Markdown: for `rules show`, the runbook and the reference.
//!
//! ```text
//! # SQL Server refused the login
//!
//! `sql-login-failed` · authentication · error · fault: user · running it again does not help
//!
//! ## Cause 1
//! ```
//!
//! The page is made from the rule itself, so it cannot say anything else than what alerts
//! say. Holes such as `{user}` stay as they are: a page speaks of no one record.

use std::fmt::Write;

use crate::catalogue::rule::{Match, Rule, Status};
use crate::catalogue::texts::Texts;
use crate::model::finding::Cause;

/// The page of one rule.
#[must_use]
pub fn markdown(rule: &Rule) -> String {
    let mut out = String::new();
    // Writing to a text cannot fail.
    let _ = write(&mut out, rule);
    out
}

fn write(out: &mut String, rule: &Rule) -> std::fmt::Result {
    writeln!(out, "# {}\n", prose(&rule.title))?;
    writeln!(out, "{}", standing(rule))?;
    if !rule.alternatives.is_empty() {
        writeln!(out, "\n## Known by\n")?;
        for it in &rule.alternatives {
            writeln!(out, "- {}", clauses(it))?;
        }
    }
    for (i, it) in rule.causes.iter().enumerate() {
        cause(out, it, (rule.causes.len() > 1).then_some(i + 1))?;
    }
    if !rule.references.is_empty() {
        writeln!(out, "\n## References\n")?;
        for link in &rule.references {
            writeln!(out, "- <{link}>")?;
        }
    }
    if !rule.examples.is_empty() {
        writeln!(out, "\n## Examples")?;
        for it in &rule.examples {
            writeln!(out, "\n~~~text\n{}\n~~~", it.text.trim_end())?;
        }
    }
    Ok(())
}

/// What kind of trouble it is, in one line.
fn standing(rule: &Rule) -> String {
    let mut parts = vec![
        format!("`{}`", rule.id),
        rule.category.as_str().to_owned(),
        rule.severity.as_str().to_owned(),
        format!("fault: {}", rule.fault.as_str()),
    ];
    match rule.retryable {
        Some(true) => parts.push("running it again may help".to_owned()),
        Some(false) => parts.push("running it again does not help".to_owned()),
        None => {}
    }
    if rule.status != Status::Active {
        parts.push(rule.status.as_str().to_owned());
    }
    if !rule.observable {
        parts.push("no log shows it".to_owned());
    }
    parts.join(" · ")
}

/// One alternative, its clauses in one line.
fn clauses(it: &Match) -> String {
    let all: [(&str, &Texts, &str); 11] = [
        ("code", &it.code, " or "),
        ("type", &it.types, " or "),
        ("number", &it.number, " or "),
        ("message", &it.message, " and "),
        ("activity code", &it.activity_code, " or "),
        ("activity type", &it.activity_type, " or "),
        ("failure type", &it.failure_type, " or "),
        ("side", &it.side, " or "),
        ("connector", &it.connector, " or "),
        ("format", &it.format, " or "),
        ("unless", &it.unless, " or "),
    ];
    let given = all.iter().filter(|(_, texts, _)| !texts.is_empty());
    let shown = given.map(|(name, texts, between)| {
        let quoted: Vec<_> = texts.iter().map(code).collect();
        format!("{name} {}", quoted.join(between))
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn cause(out: &mut String, it: &Cause, number: Option<usize>) -> std::fmt::Result {
    match number {
        Some(number) => writeln!(out, "\n## Cause {number}\n")?,
        None => writeln!(out, "\n## Cause\n")?,
    }
    writeln!(out, "{}", prose(it.cause.trim()))?;
    if let Some(when) = &it.when {
        writeln!(out, "\nThis cause fits when the text holds {}.", code(when))?;
    }
    if it.ours {
        writeln!(out, "\n*Our suggestion; the vendor documents no cause.*")?;
    }
    if !it.resolution.is_empty() {
        writeln!(out)?;
    }
    for (i, step) in it.resolution.iter().enumerate() {
        writeln!(out, "{}. {}", i + 1, prose(step.trim()).replace('\n', "\n   "))?;
    }
    match &it.verify {
        Some(verify) => writeln!(out, "\n**Mended when:** {}", prose(verify.trim())),
        None => Ok(()),
    }
}

/// A fragment as code, whatever backticks it holds.
fn code(text: &str) -> String {
    let text = text.replace(['\r', '\n'], " ");
    match text.contains('`') {
        true => format!("`` {text} ``"),
        false => format!("`{text}`"),
    }
}

/// A sentence, in which `<host>` outside of code would be taken for HTML and vanish.
fn prose(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut quoted = false;
    for c in text.chars() {
        quoted ^= c == '`';
        if c == '<' && !quoted {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::catalogue::Catalogue;

    const RULE: &str = r#"
- id: sql-login
  title: SQL Server refused `{user}` on <host>
  category: authentication
  severity: error
  fault: user
  retryable: false
  match:
    - { type: X.SqlException, message: ["Login failed for user '{user}'", "a `b`"], unless: locked }
    - { number: ["sql:18456", "sql:18470"], side: sink }
  causes:
    - cause: The password is wrong.
      resolution: ["Test `<it>` first.", "Renew <secret>."]
      verify: The test passes.
    - cause: The login is disabled.
      when: disabled
      resolution: [Enable it.]
      ours: true
  references: ["https://learn.microsoft.com/x"]
  examples:
    - text: |
        Login failed
        for user 'x'
"#;

    #[test]
    fn a_page_says_what_the_rule_says() {
        let page = expect![[r"
            # SQL Server refused `{user}` on \<host>

            `sql-login` · authentication · error · fault: user · running it again does not help

            ## Known by

            - type `X.SqlException`, message `Login failed for user '{user}'` and `` a `b` ``, unless `locked`
            - number `sql:18456` or `sql:18470`, side `sink`

            ## Cause 1

            The password is wrong.

            1. Test `<it>` first.
            2. Renew \<secret>.

            **Mended when:** The test passes.

            ## Cause 2

            The login is disabled.

            This cause fits when the text holds `disabled`.

            *Our suggestion; the vendor documents no cause.*

            1. Enable it.

            ## References

            - <https://learn.microsoft.com/x>

            ## Examples

            ~~~text
            Login failed
            for user 'x'
            ~~~
        "]];
        let catalogue = Catalogue::from_yaml("x.yaml", RULE).unwrap();
        page.assert_eq(&markdown(catalogue.rule("sql-login").unwrap()));
    }

    #[test]
    fn a_rule_that_is_out_of_use_says_so() {
        let text = "- {id: a, title: A, category: dns, severity: info, status: retired, observable: false}";
        let catalogue = Catalogue::from_yaml("x.yaml", text).unwrap();
        let page = markdown(catalogue.rule("a").unwrap());
        assert_eq!(page, "# A\n\n`a` · dns · info · fault: unknown · retired · no log shows it\n");
    }
}
