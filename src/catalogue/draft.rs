//! The skeleton of a rule, written from an error that no rule knows.
//!
//! ```text
//! ErrorCode=XFailed,'Type=A.BException,Message=No 'orders' in 'sales'.,…   becomes
//!
//! - id: b-exception
//!   match:
//!     - type: "A.BException"
//!       message: "No '{}' in '{}'."
//! ```
//!
//! What a person has to decide is left to the person: the draft matches its own text and
//! passes for a rule, but its title and cause only say what to write there. What stands
//! in quotes changes from record to record, so it becomes a hole, and so does a word with
//! a digit or a mark of a name in it.

use std::fmt::Write;

use serde_json::to_string as quoted;
use shirwatch_parsers::{Link, Record};

use crate::catalogue::normalise::normalise;
use crate::catalogue::template::Template;

/// Bytes of a message that go into a draft.
const FRAGMENT: usize = 200;

/// The YAML of a rule that knows `record`, which was read from `text`.
#[must_use]
pub fn draft(record: &Record<'_>, text: &str) -> String {
    let clauses = clauses(record);
    let mut out = String::new();
    // Writing to a text cannot fail.
    let _ = write(&mut out, &id(record), &clauses, text);
    out
}

fn write(
    out: &mut String,
    id: &str,
    clauses: &[(&str, String)],
    text: &str,
) -> Result<(), Box<dyn std::error::Error>> {
    writeln!(out, "- id: {id}")?;
    writeln!(out, "  title: Say the error in one short sentence")?;
    writeln!(out, "  category: unknown        # one of `shirwatch rules list`")?;
    writeln!(out, "  severity: error          # critical, error, warning or info")?;
    writeln!(out, "  fault: unknown           # user, environment, service or transient")?;
    writeln!(out, "  retryable: null          # true, false or null")?;
    writeln!(out, "  match:")?;
    for (i, (key, value)) in clauses.iter().enumerate() {
        let bullet = if i == 0 { "-" } else { " " };
        writeln!(out, "    {bullet} {key}: {}", quoted(value)?)?;
    }
    writeln!(out, "  causes:")?;
    writeln!(
        out,
        "    - cause: Say why it happens. A hole with a name in the message can be used here."
    )?;
    writeln!(out, "      resolution:")?;
    writeln!(out, "        - Say what to do first.")?;
    writeln!(out, "  references: []")?;
    writeln!(out, "  examples:")?;
    writeln!(out, "    - text: {}", quoted(text.trim_end())?)?;
    Ok(())
}

/// What tells the error best: of the root where there is one.
fn clauses(record: &Record<'_>) -> Vec<(&'static str, String)> {
    let mut clauses = Vec::new();
    if let Some(code) = record.outer_code() {
        clauses.push(("code", code.to_owned()));
    }
    if let Some(name) = record.root().and_then(Link::class) {
        clauses.push(("type", name.to_owned()));
    }
    let message = record.root().map_or(record.message.as_ref(), |it| it.message.as_ref());
    if let Some(fragment) = fragment(message) {
        clauses.push(("message", fragment));
    }
    if let (true, Some(code)) = (clauses.is_empty(), &record.code) {
        clauses.push(("activity_code", code.clone().into_owned()));
    }
    clauses
}

/// The first line of a message, a hole for each quoted name; `None` where only holes stay.
fn fragment(message: &str) -> Option<String> {
    let line = message.lines().find(|it| !it.trim().is_empty())?.trim();
    let line: String = line.chars().take(FRAGMENT).collect();
    let quoted = with_holes(&line);
    let normal = normalise(message);
    let telling = |fragment: &String| {
        let template = Template::new(fragment);
        template.is_some_and(|it| it.anchor().len() > 3 && it.occurs(&normal))
    };
    [without_names(&quoted), quoted].into_iter().find(telling)
}

/// `line` with a hole for each word that looks like a name: with a digit or a mark in it.
fn without_names(line: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in line.split(' ') {
        let name = word.trim_matches(|it: char| !it.is_alphanumeric());
        let marked = |it: char| it.is_ascii_digit() || "./\\@_".contains(it);
        if word.contains('{') || !name.contains(marked) {
            words.push(word.to_owned());
        } else if words.last().is_none_or(|it| it != "{}") {
            words.push(word.replacen(name, "{}", 1));
        }
    }
    words.join(" ")
}

/// `line` with a hole for each quoted name. A quote that is never closed goes, and what
/// follows with it; the apostrophe of `can't` is no quote.
fn with_holes(line: &str) -> String {
    let in_word = |it: Option<char>| it.is_some_and(char::is_alphanumeric);
    let mut out = String::new();
    let mut rest = line;
    while let Some(open) = rest.find('\'') {
        let (before, name) = (&rest[..open], &rest[open + 1..]);
        out.push_str(before);
        if in_word(before.chars().next_back()) {
            out.push('\'');
            rest = name;
            continue;
        }
        let closes = |at: &usize| !in_word(name[at + 1..].chars().next());
        let Some(close) = name.match_indices('\'').map(|(at, _)| at).find(closes) else {
            return out;
        };
        out.push_str("'{}'");
        rest = &name[close + 1..];
    }
    out + rest
}

/// A name for the rule: of the outer code, else of the root's type.
fn id(record: &Record<'_>) -> String {
    let root = record.root().and_then(Link::class);
    let name = record.outer_code().or(root).unwrap_or("my-rule");
    let id = kebab(name.rsplit('.').next().unwrap_or(name));
    if id.is_empty() { "my-rule".to_owned() } else { id }
}

/// `SqlFailedToConnect` as `sql-failed-to-connect`.
fn kebab(name: &str) -> String {
    let mut id = String::new();
    let mut lower = false;
    for c in name.chars().take(80) {
        let word_ends = !c.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && lower);
        if word_ends && !id.is_empty() && !id.ends_with('-') {
            id.push('-');
        }
        lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        id.extend(c.is_ascii_alphanumeric().then(|| c.to_ascii_lowercase()));
    }
    id.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use shirwatch_parsers::{Settings, parse};

    use super::*;
    use crate::catalogue::Catalogue;
    use crate::catalogue::check::check as laws;

    #[test]
    #[rustfmt::skip]
    fn a_draft_is_a_rule_that_proves_itself() {
        // a text                                                        id | what it matches
        check("ErrorCode=UserErrorNewThing,'Type=A.B,Message=No 'x' in \"y\"\r\nat all,Source=s,''Type=C.DException,Message=It's 'gone', so,Source=,'",
                                                                         "user-error-new-thing | code type message");
        check("'Type=A.NewIOException,Message=a,Source=s,'",             "new-ioexception | type");
        check("Something odd: it's 'here'\nand there",                   "my-rule | message");
        check("  {\"a\": \"b\\u0027\"} # : - 'x",                        "my-rule | message");
    }

    #[test]
    #[rustfmt::skip]
    fn names_in_quotes_become_holes() {
        for (message, expected) in [
            ("No 'x' in 'y'.",      Some("No '{}' in '{}'.")),
            ("Can't read 'x'",      Some("Can't read '{}'")),
            ("No 'it's x', no",     Some("No '{}', no")),
            ("\n\nFirst\nsecond",   Some("First")),
            ("Cut off 'here",       Some("Cut off ")),
            ("Row 7 of a.b differs by 12 rows", Some("Row {} of {} differs by {} rows")),
            ("Took 12 3.4 s (x_y).", Some("Took {} s ({}).")),
            ("'x'",                 None),
            ("",                    None),
        ] {
            assert_eq!(fragment(message).as_deref(), expected, "{message}");
        }
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let record = parse(text, &Settings::default()).remove(0);
        let catalogue = Catalogue::from_yaml("draft.yaml", &draft(&record, text)).unwrap();
        assert_eq!(laws(&catalogue), []);
        let verdict = catalogue.classify(&record);
        let by: Vec<_> = verdict.by.names().collect();
        assert_eq!(format!("{} | {}", verdict.rule.id, by.join(" ")), expected);
    }
}
