//! The values that the template names. Text of a log is made harmless here, all of it by
//! [`Report::shown`], and is escaped in the template.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use shirwatch_parsers::Link;

use crate::cli::explain;
use crate::cli::scan::digest::Digest;
use crate::cli::scan::digest::Kind;
use crate::cli::scan::report::chart;
use crate::cli::scan::report::chart::Chart;
use crate::cli::terminal;
use crate::model::redacted::Redactor;
use crate::service::tally::Tally;

/// Kinds that are told at length, and rows of a table.
const KINDS: usize = 200;
const ROWS: usize = 50;
const UNKNOWN: &str = "What no rule knows, by its words; `shirwatch rules draft` writes the \
                       skeleton of a rule.";

/// What was found, and what it is shown with.
pub(in crate::cli::scan) struct Report<'a> {
    pub(in crate::cli::scan) tally: &'a Tally,
    pub(in crate::cli::scan) digest: &'a Digest,
    pub(in crate::cli::scan) redactor: &'a Redactor,
    pub(in crate::cli::scan) read: Read<'a>,
    pub(in crate::cli::scan) now: Timestamp,
}

/// What was read.
pub(in crate::cli::scan) struct Read<'a> {
    /// The paths that were asked for.
    pub(in crate::cli::scan) paths: Vec<String>,
    /// What could not be read, and why.
    pub(in crate::cli::scan) unread: &'a [String],
}

/// The whole page.
#[derive(Serialize)]
pub(super) struct Page<'a> {
    version: &'static str,
    made: String,
    paths: Vec<String>,
    tally: &'a Tally,
    kinds_in_all: usize,
    from: Option<String>,
    to: Option<String>,
    chart: Option<Chart>,
    /// What broke where.
    r#where: Vec<Table>,
    kinds: Vec<Entry>,
    /// What was read.
    books: Vec<Table>,
    balanced: bool,
    unread: Vec<String>,
}

/// A heading, a note below it, and rows; without rows it is left out.
#[derive(Serialize)]
struct Table {
    title: &'static str,
    note: &'static str,
    rows: Vec<Row>,
}

/// A name, how often, and how long its bar is, of 100.
#[derive(Serialize)]
struct Row {
    name: String,
    count: u64,
    bar: u64,
}

/// One kind of error.
#[derive(Serialize)]
struct Entry {
    title: String,
    rule: String,
    known: bool,
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

/// The values of the page.
pub(super) fn page<'a>(it: &Report<'a>) -> Page<'a> {
    let span = it.digest.times.span();
    let ranked = it.digest.ranked();
    let ledger = &it.digest.ledger;
    Page {
        version: env!("CARGO_PKG_VERSION"),
        made: chart::minute(it.now),
        paths: it.read.paths.iter().map(|path| it.shown(path)).collect(),
        tally: it.tally,
        kinds_in_all: ranked.len(),
        from: span.map(|it| chart::minute(it.0)),
        to: span.map(|it| chart::minute(it.1)),
        chart: chart::chart(&it.digest.times),
        r#where: vec![
            it.table("By category", "", &it.tally.by_category),
            it.table("Affected pipelines", "", &it.tally.by_pipeline),
            it.table("Affected nodes", "", &it.tally.by_node),
            it.table("Not classified", UNKNOWN, &it.tally.by_template),
        ],
        kinds: ranked.iter().take(KINDS).map(|kind| it.entry(kind)).collect(),
        books: vec![
            it.table("The ledger", "What became of the records that were read.", ledger),
            it.table("Records by format", "", &it.digest.formats),
            it.table("Damage met", "Such records were read as far as they go.", &it.digest.issues),
        ],
        balanced: ledger.values().sum::<u64>() == it.tally.records,
        unread: it.read.unread.iter().map(|text| it.shown(text)).collect(),
    }
}

impl Report<'_> {
    /// Text that may come from a log, as it may be shown.
    fn shown(&self, text: &str) -> String {
        let text = terminal::clean(&self.redactor.text(text));
        explain::shorten(&text)
    }

    /// A table, the greatest first.
    fn table(
        &self,
        title: &'static str,
        note: &'static str,
        table: &BTreeMap<String, u64>,
    ) -> Table {
        let mut rows: Vec<_> = table.iter().collect();
        rows.sort_by(|left, right| right.1.cmp(left.1).then(left.0.cmp(right.0)));
        let most = rows.first().map_or(1, |it| (*it.1).max(1));
        let row = |(name, count): (&String, &u64)| {
            let bar = u128::from(*count) * 100 / u128::from(most);
            Row { name: self.shown(name), count: *count, bar: bar as u64 }
        };
        Table { title, note, rows: rows.into_iter().take(ROWS).map(row).collect() }
    }

    fn entry(&self, kind: &Kind) -> Entry {
        let it = &kind.sample;
        let all = |texts: &[String]| texts.iter().map(|text| self.shown(text)).collect();
        let span = kind.times.span();
        Entry {
            title: self.shown(&it.title),
            rule: it.rule.clone(),
            known: it.rule != crate::catalogue::UNCLASSIFIED,
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
