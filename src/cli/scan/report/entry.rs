//! One kind of error in the report: the chain, the cause, what to do, and where it happened.

use std::collections::BTreeSet;

use serde::Serialize;
use shirwatch_parsers::Link;

use crate::cli::explain;
use crate::cli::scan::digest::Kind;
use crate::cli::scan::report::Report;
use crate::cli::scan::report::chart;
use crate::cli::scan::report::chart::Chart;
use crate::cli::terminal;
use crate::model::finding::Finding;

/// One kind of error.
#[derive(Serialize)]
pub(super) struct Entry {
    title: String,
    rule: String,
    category: &'static str,
    severity: &'static str,
    fault: &'static str,
    retryable: Option<bool>,
    count: u64,
    first: Option<String>,
    last: Option<String>,
    chart: Option<Chart>,
    chain: Vec<Step>,
    message: String,
    truncated: bool,
    cause: Option<String>,
    resolution: Vec<String>,
    verify: Option<String>,
    references: Vec<String>,
    places: Vec<(&'static str, Vec<String>)>,
}

/// One link of a chain.
#[derive(Serialize)]
struct Step {
    name: String,
    message: String,
    details: String,
    root: bool,
    left_out: usize,
}

impl Report<'_> {
    /// One kind of error, as it is told.
    pub(super) fn entry(&self, kind: &Kind) -> Entry {
        let it = &kind.sample;
        let all = |texts: &[String]| texts.iter().map(|text| self.shown(text)).collect();
        let span = kind.times.span();
        Entry {
            title: self.title(it),
            rule: it.rule.clone(),
            category: it.category.as_str(),
            severity: kind.severity.as_str(),
            fault: it.fault.as_str(),
            retryable: it.retryable,
            count: kind.count,
            first: span.map(|it| chart::minute(it.0)),
            last: span.map(|it| chart::minute(it.1)),
            chart: chart::small(&kind.times, self.digest.times.span()),
            chain: self.chain(&it.record.chain),
            message: self.shown(&it.record.message),
            truncated: it.record.truncated,
            cause: it.cause.as_deref().map(|text| self.shown(text)),
            resolution: all(&it.resolution),
            verify: it.verify.as_deref().map(|text| self.shown(text)),
            // Of the catalogue, which takes no other scheme; an operator's own may be checked less.
            references: it
                .references
                .iter()
                .filter(|it| it.starts_with("https://"))
                .cloned()
                .collect(),
            places: self.places(kind),
        }
    }

    /// What is said of it in a line; of what no rule knows, its own words.
    fn title(&self, it: &Finding) -> String {
        if it.rule != crate::catalogue::UNCLASSIFIED {
            return self.shown(&it.title);
        }
        let root = it.record.root().map_or(&it.record.message, |root| &root.message);
        if root.trim().is_empty() {
            self.shown(&it.title)
        } else {
            terminal::fitted(&self.shown(root), 100)
        }
    }

    fn places(&self, kind: &Kind) -> Vec<(&'static str, Vec<String>)> {
        let names =
            |set: &BTreeSet<String>| set.iter().map(|it| self.shown(it)).collect::<Vec<_>>();
        let at = &kind.places;
        let all = [("Pipelines", &at.pipelines), ("Runtimes", &at.runtimes), ("Nodes", &at.nodes)];
        all.into_iter()
            .map(|(name, set)| (name, names(set)))
            .filter(|it| !it.1.is_empty())
            .collect()
    }

    /// The links that are shown, outermost first.
    fn chain(&self, chain: &[Link<'_>]) -> Vec<Step> {
        let shown = explain::shown(chain.len());
        let left_out = (chain.len() + 1).saturating_sub(shown.len());
        let step = |index: Option<usize>| match index.and_then(|it| chain.get(it)) {
            Some(link) => Step {
                name: self.shown(&explain::name(link)),
                message: self.shown(&link.message),
                details: self.shown(&explain::details(link)),
                root: index == Some(chain.len() - 1),
                left_out: 0,
            },
            None => Step {
                name: String::new(),
                message: String::new(),
                details: String::new(),
                root: false,
                left_out,
            },
        };
        shown.into_iter().map(step).collect()
    }
}
