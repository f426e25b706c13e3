//! From a verdict to a finding: the rule's words, filled in.
//!
//! ```text
//! captures   user=etl_reader                       from the record
//! cause      The password of `{user}` is wrong.    →  The password of `etl_reader` is wrong.
//! ```
//!
//! The cause whose `when` occurs in the record stands first; where none fits, they stand
//! as they were written. A rule says how bad its error is, but what the log itself calls
//! a warning stays one: a copy that skips a row goes on.

use std::ops::Range;

use shirwatch_parsers::Record;

use crate::catalogue::alternative::Alternative;
use crate::catalogue::normalise;
use crate::catalogue::places::{self, Part};
use crate::catalogue::rule::Rule;
use crate::catalogue::template::{Captures, Spans, Template, fill};
use crate::catalogue::verdict::{Rivals, Verdict};
use crate::model::finding::{Cause, Finding, Matched};
use crate::model::fingerprint::Fingerprint;

/// The finding of `verdict` on `record`.
pub(super) fn finding(
    record: Record<'static>,
    verdict: &Verdict<'_>,
    alternative: Option<&Alternative>,
    rivals: &Rivals<'_>,
    fingerprint: Fingerprint,
) -> Finding {
    let texts = Texts::of(&record);
    let mut captures = texts.captures(alternative.map_or(&[], |it| &it.messages));
    let causes = causes(verdict.rule, &texts, &mut captures);
    let rule = verdict.rule;
    let first = causes.first().cloned().unwrap_or_default();
    Finding {
        numbers: record.numbers(),
        rule: rule.id.clone(),
        category: rule.category,
        severity: verdict.severity(&record),
        fault: rule.fault,
        retryable: rule.retryable,
        title: fill(&rule.title, &captures),
        cause: Some(first.cause).filter(|it| !it.is_empty()),
        resolution: first.resolution,
        verify: first.verify,
        references: rule.references.clone(),
        causes,
        matched: matched(verdict),
        also: rivals.also.iter().map(|it| it.id.clone()).collect(),
        fingerprint,
        record,
    }
}

/// What `alternative` captures from `record`.
pub(super) fn captures(record: &Record<'_>, alternative: &Alternative) -> Captures {
    Texts::of(record).captures(&alternative.messages)
}

fn matched(verdict: &Verdict<'_>) -> Matched {
    Matched { link: verdict.link, by: verdict.by.names().map(str::to_owned).collect() }
}

/// The causes of a rule, filled in, the one that fits first.
fn causes(rule: &Rule, texts: &Texts<'_>, captures: &mut Captures) -> Vec<Cause> {
    let mut causes: Vec<&Cause> = rule.causes.iter().collect();
    let fits = |it: &&Cause| {
        let when = it.when.as_deref().and_then(Template::new)?;
        texts.capture(&when)
    };
    if let Some((i, found)) = causes.iter().enumerate().find_map(|(i, it)| Some((i, fits(it)?))) {
        captures.extend(found);
        causes[..=i].rotate_right(1);
    }
    causes.into_iter().map(|it| filled(it, captures)).collect()
}

fn filled(cause: &Cause, captures: &Captures) -> Cause {
    Cause {
        cause: fill(&cause.cause, captures),
        when: cause.when.clone(),
        resolution: cause.resolution.iter().map(|it| fill(it, captures)).collect(),
        verify: cause.verify.as_deref().map(|it| fill(it, captures)),
        ours: cause.ours,
    }
}

/// The texts of a record in normal form, the deepest first.
struct Texts<'r>(Vec<Text<'r>>);

struct Text<'r> {
    logged: &'r str,
    normal: Vec<u8>,
}

impl<'r> Texts<'r> {
    fn of(record: &'r Record<'_>) -> Self {
        let mut texts = Vec::new();
        places::walk(record, &mut |_, part| {
            if let Part::Text(logged) = part {
                let mut normal = Vec::with_capacity(logged.len());
                normalise::append(logged, &mut normal, &mut ());
                texts.push(Text { logged, normal });
            }
        });
        texts.reverse();
        Self(texts)
    }

    /// What the fragments capture, each where it occurs deepest.
    fn captures(&self, fragments: &[Template]) -> Captures {
        let mut all = Captures::new();
        for found in fragments.iter().filter_map(|it| self.capture(it)) {
            for (name, value) in found {
                all.entry(name).or_insert(value);
            }
        }
        all
    }

    /// What one fragment captures; `None` when it does not occur.
    fn capture(&self, fragment: &Template) -> Option<Captures> {
        self.0.iter().find_map(|text| {
            let mut spans = fragment.spans(&text.normal)?;
            spans.retain(|(name, _)| !name.is_empty());
            Some(text.logged(spans))
        })
    }
}

impl Text<'_> {
    /// What stands in the log where the spans stand in the normal form. Few fragments capture
    /// anything, so the way back is found only here.
    fn logged(&self, spans: Spans<'_>) -> Captures {
        if spans.is_empty() {
            return Captures::new();
        }
        let (mut normal, mut trace) = (Vec::new(), Vec::new());
        normalise::append(self.logged, &mut normal, &mut trace);
        let at = |i: usize| trace.get(i).copied().unwrap_or(self.logged.len());
        let cut = |it: Range<usize>| self.logged.get(at(it.start)..at(it.end)).unwrap_or_default();
        spans.into_iter().map(|(name, it)| (name.to_owned(), cut(it).to_owned())).collect()
    }
}
