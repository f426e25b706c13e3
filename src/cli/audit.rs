//! `shirwatch audit`: the ledger of every source, and whether it balances.
//!
//! ```text
//! SOURCE   BYTES     RECORDS  CLASSIFIED  UNCLASSIFIED  NO ERROR  DUPLICATE  DROPPED  PENDING
//! traces   16777690  4655     4653        0             2         0          0        0   balances
//! ```

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use crate::cli::Done;
use crate::cli::Format;
use crate::cli::Place;
use crate::cli::terminal;
use crate::cli::terminal::{Look, Style};
use crate::model::metrics;
use crate::model::totals::Totals;
use crate::store::Reader;

#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    #[command(flatten)]
    place: Place,
    /// For people or for programs.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The ledger of one source.
#[derive(Debug, Default, Serialize)]
struct Row {
    bytes: u64,
    records: u64,
    classified: u64,
    unclassified: u64,
    no_error: u64,
    duplicate: u64,
    dropped: BTreeMap<String, u64>,
    pending: u64,
    balances: bool,
}

pub(super) fn run(args: &AuditArgs) -> Done {
    let reader = Reader::open(&args.place.load()?.state_dir())?;
    let mut rows = rows(&reader.totals()?);
    for held in reader.held()? {
        rows.entry(held.source).or_default().pending += 1;
    }
    rows.values_mut().for_each(|it| it.balances = balances(it));
    let even = rows.values().all(|it| it.balances);
    match args.format {
        Format::Json => terminal::say(&format!("{}\n", serde_json::to_string_pretty(&rows)?))?,
        Format::Text => terminal::say(&table(&rows, Style::of_stdout()))?,
    }
    Ok(if even { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn rows(totals: &Totals) -> BTreeMap<String, Row> {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for (name, labels, value) in totals.iter() {
        let Some(source) = labels.first() else { continue };
        let second = labels.get(1).copied().unwrap_or_default();
        let value = value as u64;
        let known = [
            metrics::SOURCE_BYTES.name,
            metrics::SOURCE_RECORDS.name,
            metrics::SOURCE_OUTCOMES.name,
            metrics::SOURCE_DUPLICATES.name,
            metrics::SOURCE_DROPPED.name,
        ];
        let Some(kind) = known.iter().position(|it| *it == name) else { continue };
        let row = rows.entry((*source).to_owned()).or_default();
        match (kind, second) {
            (0, _) => row.bytes += value,
            (1, _) => row.records += value,
            (2, "classified") => row.classified += value,
            (2, "unclassified") => row.unclassified += value,
            (2, _) => row.no_error += value,
            (3, _) => row.duplicate += value,
            _ => *row.dropped.entry(second.to_owned()).or_default() += value,
        }
    }
    rows
}

fn balances(it: &Row) -> bool {
    let dropped: u64 = it.dropped.values().sum();
    it.records == it.classified + it.unclassified + it.no_error + it.duplicate + dropped + it.pending
}

fn table(rows: &BTreeMap<String, Row>, style: Style) -> String {
    let head = ["SOURCE", "BYTES", "RECORDS", "CLASSIFIED", "UNCLASSIFIED", "NO ERROR", "DUPLICATE", "DROPPED", "PENDING"];
    let mut cells: Vec<Vec<String>> = vec![head.map(str::to_owned).to_vec()];
    for (source, it) in rows {
        let dropped: u64 = it.dropped.values().sum();
        let numbers = [it.bytes, it.records, it.classified, it.unclassified, it.no_error, it.duplicate, dropped, it.pending];
        cells.push([vec![terminal::clean(source)], numbers.map(|it| it.to_string()).to_vec()].concat());
    }
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut out = String::new();
    for (index, row) in cells.iter().enumerate() {
        let line: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        let state = match index.checked_sub(1).and_then(|at| rows.values().nth(at)) {
            None => String::new(),
            Some(it) if it.balances => style.paint(Look::Green, "  balances"),
            Some(_) => style.paint(Look::Red, "  does not balance"),
        };
        out.push_str(&format!("{}{state}\n", line.join("  ")));
    }
    out
}
