//! The laws of the catalogue: for `cargo test`, and for `shirwatch rules check`.
//!
//! * An id is in kebab-case; that ids are unique is seen when they are loaded.
//! * A rule that matches has a `match:` and an example, and a rule that no log shows
//!   has neither.
//! * The *whole* catalogue gives each example to its rule, with the captures it names.
//! * A counterexample goes to another rule.
//! * No example has two winners, so the order of files never matters.
//! * Every `{name}` in a text is captured by some alternative or `when:` of its rule.
//! * Every cause says what to do, and references are https.
//!
//! All faults are told at once, one a line:
//!
//! ```text
//! sql.yaml: sql-login-failed: example 1: classified as `sql-connect`, by code at link 0
//! ```

use std::collections::HashSet;
use std::fmt;

use shirwatch_parsers::{Record, Settings, parse};

use crate::catalogue::Catalogue;
use crate::catalogue::UNCLASSIFIED;
use crate::catalogue::rule::{Example, Rule, Status};
use crate::catalogue::template::{self, Template};
use crate::catalogue::verdict::Verdict;

/// A law that a rule breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file of the rule.
    pub file: String,
    /// Its id.
    pub rule: String,
    /// Where in the rule: `example 2`, `references`.
    pub part: String,
    /// What was found there.
    pub found: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}: {}: {}", self.file, self.rule, self.part, self.found)
    }
}

/// Every law that a rule of `catalogue` breaks.
#[must_use]
pub fn check(catalogue: &Catalogue) -> Vec<Fault> {
    let mut faults = Vec::new();
    for rule in catalogue.rules() {
        let mut tell = |part: String, found: String| {
            let (file, rule) = (rule.file.clone(), rule.id.clone());
            faults.push(Fault { file, rule, part, found });
        };
        form(rule, &mut tell);
        names(rule, &mut tell);
        if rule.matches() && rule.id != UNCLASSIFIED {
            examples(catalogue, rule, &mut tell);
            counterexamples(catalogue, rule, &mut tell);
        }
    }
    faults
}

/// What can be seen from the rule alone.
fn form(rule: &Rule, tell: &mut impl FnMut(String, String)) {
    let mut wrong = |part: &str, found: &str| tell(part.to_owned(), found.to_owned());
    if !is_kebab(&rule.id) {
        wrong("id", "is not in kebab-case; write it like `sql-login-failed`");
    }
    if rule.title.trim().is_empty() {
        wrong("title", "is empty; say the error in one short sentence");
    }
    let matched = rule.matches() && rule.id != UNCLASSIFIED;
    if matched && rule.alternatives.is_empty() {
        wrong("match", "is missing; add one, or `observable: false` if no log shows the error");
    }
    if matched && rule.examples.is_empty() {
        wrong("examples", "is missing; add one with a log line");
    }
    let has_proof = !rule.alternatives.is_empty() || !rule.examples.is_empty();
    if !rule.observable && has_proof {
        wrong("observable", "is false, yet the rule has `match:` or `examples:`; take one away");
    }
    if rule.status == Status::Active && rule.causes.is_empty() {
        wrong("causes", "is missing; say why the error happens and what to do");
    }
    for (i, cause) in rule.causes.iter().enumerate() {
        let part = format!("cause {}", i + 1);
        if cause.cause.trim().is_empty() || cause.resolution.is_empty() {
            wrong(&part, "does not say why, or not what to do; write `cause:` and `resolution:`");
        }
        if cause.when.as_deref().is_some_and(|it| Template::new(it).is_none()) {
            wrong(&part, "has a `when:` that is no fragment; write some words");
        }
    }
    for link in rule.references.iter().filter(|it| !is_https(it)) {
        wrong("references", &format!("`{link}` is not an https address"));
    }
}

/// Every `{name}` in a text must be captured.
fn names(rule: &Rule, tell: &mut impl FnMut(String, String)) {
    let fragments = rule.alternatives.iter().flat_map(|it| it.message.iter());
    let whens = rule.causes.iter().filter_map(|it| it.when.as_deref());
    let captured: HashSet<&str> = fragments.chain(whens).flat_map(template::names).collect();
    let mut look = |part: &str, text: &str| {
        for name in template::names(text).filter(|it| !captured.contains(it)) {
            tell(part.to_owned(), format!("`{{{name}}}` is captured by no `message:` or `when:`"));
        }
    };
    look("title", &rule.title);
    for (i, cause) in rule.causes.iter().enumerate() {
        let part = format!("cause {}", i + 1);
        let steps = cause.resolution.iter().map(String::as_str);
        for text in [cause.cause.as_str()].into_iter().chain(steps).chain(cause.verify.as_deref()) {
            look(&part, text);
        }
    }
}

/// The whole catalogue gives each example to its rule, and to no other as well.
fn examples(catalogue: &Catalogue, rule: &Rule, tell: &mut impl FnMut(String, String)) {
    for (i, example) in rule.examples.iter().enumerate() {
        let (record, verdict) = judged(catalogue, &example.text);
        let part = format!("example {}", i + 1);
        if verdict.rule.id != rule.id {
            tell(part, format!("classified as {}", by(catalogue, &record, &verdict)));
            continue;
        }
        if let Some(other) = catalogue.rivals(&record, &verdict).tied {
            let found = format!("fits `{}` exactly as well; add a clause to one", other.id);
            tell(part.clone(), found);
        }
        for found in missed(catalogue, &record, &verdict, example) {
            tell(part.clone(), found);
        }
    }
}

/// What an example should have captured and did not.
fn missed(
    catalogue: &Catalogue,
    record: &Record<'_>,
    verdict: &Verdict<'_>,
    example: &Example,
) -> Vec<String> {
    let captures = catalogue.captures(record, verdict);
    let mut missed = Vec::new();
    for (name, expected) in &example.captures {
        match captures.get(name) {
            Some(found) if found == expected => {}
            Some(found) => missed.push(format!("`{{{name}}}` is `{found}`, not `{expected}`")),
            None => missed.push(format!("`{{{name}}}` is not captured, expected `{expected}`")),
        }
    }
    missed
}

fn counterexamples(catalogue: &Catalogue, rule: &Rule, tell: &mut impl FnMut(String, String)) {
    for (i, it) in rule.counterexamples.iter().enumerate() {
        let (record, verdict) = judged(catalogue, &it.text);
        if verdict.rule.id == rule.id {
            let found = format!("classified as {}", by(catalogue, &record, &verdict));
            tell(format!("counterexample {}", i + 1), found);
        }
    }
}

/// The first record of `text` that a rule knows, else the first.
fn judged<'c, 't>(catalogue: &'c Catalogue, text: &'t str) -> (Record<'t>, Verdict<'c>) {
    let mut first = None;
    for record in parse(text, &Settings::default()) {
        let verdict = catalogue.classify(&record);
        if verdict.known() {
            return (record, verdict);
        }
        first.get_or_insert((record, verdict));
    }
    first.unwrap_or_else(|| {
        let record = Record::default();
        let verdict = catalogue.classify(&record);
        (record, verdict)
    })
}

/// A verdict in words.
fn by(catalogue: &Catalogue, record: &Record<'_>, verdict: &Verdict<'_>) -> String {
    let clauses: Vec<_> = verdict.by.names().collect();
    let mut words = format!("`{}`", verdict.rule.id);
    if !clauses.is_empty() {
        words.push_str(&format!(", by {}", clauses.join(" and ")));
    }
    if let Some(link) = verdict.link {
        words.push_str(&format!(" at link {link}"));
    }
    if let Some(also) = catalogue.rivals(record, verdict).also.first() {
        words.push_str(&format!(", before `{}`", also.id));
    }
    words
}

fn is_kebab(id: &str) -> bool {
    let word = |it: &str| {
        !it.is_empty() && it.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit())
    };
    id.split('-').all(word)
}

fn is_https(link: &str) -> bool {
    let host = link.strip_prefix("https://").unwrap_or_default();
    !host.is_empty() && !host.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "title: T, category: dns, severity: error";
    const CAUSE: &str = "causes: [{cause: C, resolution: [R]}]";

    #[test]
    fn every_rule_proves_itself() {
        let catalogue = Catalogue::embedded().unwrap();
        let faults: Vec<_> = check(&catalogue).iter().map(Fault::to_string).collect();
        assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    }

    #[test]
    #[rustfmt::skip]
    fn each_law_is_kept() {
        // a rule                                                         what is told
        laws("id: a-1, MATCH, EXAMPLE",                                   "");
        laws("id: A-b, MATCH, EXAMPLE",                                   "A-b: id: is not in kebab-case");
        laws("id: a--b, MATCH, EXAMPLE",                                  "a--b: id: is not in kebab-case");
        laws("id: a, EXAMPLE",                                            "a: match: is missing");
        laws("id: a, MATCH",                                              "a: examples: is missing");
        laws("id: a, observable: false",                                  "");
        laws("id: a, observable: false, MATCH",                           "a: observable: is false, yet");
        laws("id: a, status: retired",                                    "");
        laws("id: a, MATCH, EXAMPLE, references: ['http://x']",           "a: references: `http://x` is not");
        laws("id: a, MATCH, EXAMPLE, references: ['https://']",           "a: references: `https://` is not");
        laws("id: a, MATCH, examples: [{text: other words}]",             "a: example 1: classified as `unclassified`");
        laws("id: a, MATCH, examples: [{text: the words of X, captures: {who: X}}]", "");
        laws("id: a, MATCH, examples: [{text: the words of X, captures: {who: Y}}]", "a: example 1: `{who}` is `X`, not `Y`");
        laws("id: a, MATCH, examples: [{text: the words of X, captures: {at: Y}}]",  "a: example 1: `{at}` is not captured");
        laws("id: a, MATCH, EXAMPLE, counterexamples: [{text: some}]",    "");
        laws("id: a, MATCH, EXAMPLE, counterexamples: [{text: words of}, {text: the words of Z}]",
                                                                          "a: counterexample 2: classified as `a`, by message");
    }

    #[test]
    #[rustfmt::skip]
    fn causes_help() {
        let causes = |it: &str| format!("id: a, MATCH, EXAMPLE, causes: [{it}]");
        laws(&causes("{cause: '{who}', when: 'at {at}', resolution: ['{at}']}"), "");
        laws(&causes("{cause: '{x}', resolution: [R]}"),   "a: cause 1: `{x}` is captured by no");
        laws(&causes("{cause: C, resolution: []}"),        "a: cause 1: does not say why");
        laws(&causes("{cause: C, when: '{}', resolution: [R]}"), "a: cause 1: has a `when:` that is");
        laws(&causes(""),                                  "a: causes: is missing");
    }

    #[test]
    fn two_winners_are_told() {
        let twin = |id| rule(&format!("id: {id}, MATCH, EXAMPLE"));
        let catalogue = Catalogue::from_yaml("x.yaml", &(twin("a") + &twin("b"))).unwrap();
        let faults: Vec<_> = check(&catalogue).iter().map(Fault::to_string).collect();
        assert_eq!(
            faults,
            [
                "x.yaml: a: example 1: fits `b` exactly as well; add a clause to one",
                "x.yaml: b: example 1: classified as `a`, by message, before `b`",
            ]
        );
    }

    fn rule(text: &str) -> String {
        let causes = if text.contains("causes:") { "" } else { CAUSE };
        let text = text.replace("MATCH", "match: [{message: 'the words of {who}'}]");
        let text = text.replace("EXAMPLE", "examples: [{text: the words of X}]");
        format!("- {{{HEAD}, {text}, {causes}}}\n")
    }

    /// What the laws say of a rule; only the beginning is compared.
    #[track_caller]
    fn laws(text: &str, expected: &str) {
        let catalogue = Catalogue::from_yaml("x.yaml", &rule(text)).unwrap();
        let told: Vec<_> = check(&catalogue).iter().map(Fault::to_string).collect();
        let told = told.join("\n");
        let told = told.strip_prefix("x.yaml: ").unwrap_or(&told);
        assert_eq!(told.get(..expected.len()), Some(expected), "{told}");
        assert_eq!(told.is_empty(), expected.is_empty(), "{told}");
    }
}
