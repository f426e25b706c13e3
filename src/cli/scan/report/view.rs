//! The values that the template names. Text of a log is made harmless here, all of it by
//! [`Report::shown`], and is escaped in the template.

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::explain;
use crate::cli::scan::digest::Digest;
use crate::cli::scan::report::chart;
use crate::cli::scan::report::chart::Chart;
use crate::cli::scan::report::entry::Entry;
use crate::cli::terminal;
use crate::model::redacted::Redactor;
use crate::service::tally::{Tally, greatest_first};

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
            it.table("By category", "", it.tally.by_category.greatest_first()),
            it.table("Affected pipelines", "", it.tally.by_pipeline.greatest_first()),
            it.table("Affected nodes", "", it.tally.by_node.greatest_first()),
            it.table("Not classified", UNKNOWN, it.tally.by_template.greatest_first()),
        ],
        kinds: ranked.iter().take(KINDS).map(|kind| it.entry(kind)).collect(),
        books: vec![
            it.table(
                "The ledger",
                "What became of the records that were read.",
                greatest_first(ledger.iter()),
            ),
            it.table("Records by format", "", greatest_first(it.digest.formats.iter())),
            it.table(
                "Damage met",
                "Such records were read as far as they go.",
                greatest_first(it.digest.issues.iter()),
            ),
        ],
        balanced: ledger.values().sum::<u64>() == it.tally.records,
        unread: it.read.unread.iter().map(|text| it.shown(text)).collect(),
    }
}

impl Report<'_> {
    /// Text that may come from a log, as it may be shown.
    pub(super) fn shown(&self, text: &str) -> String {
        let text = terminal::clean(&self.redactor.text(text));
        explain::shorten(&text)
    }

    /// A table, the greatest first.
    fn table(&self, title: &'static str, note: &'static str, rows: Vec<(&str, u64)>) -> Table {
        let most = rows.first().map_or(1, |it| it.1.max(1));
        let row = |(name, count): (&str, u64)| {
            let bar = u128::from(count) * 100 / u128::from(most);
            Row { name: self.shown(name), count, bar: bar as u64 }
        };
        Table { title, note, rows: rows.into_iter().take(ROWS).map(row).collect() }
    }
}
