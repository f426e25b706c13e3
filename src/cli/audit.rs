//! `shirwatch audit`: the ledger of every source, and whether it balances.
//!
//! ```text
//! SOURCE   BYTES     RECORDS  CLASSIFIED  UNCLASSIFIED  NO ERROR  DUPLICATE  DROPPED  PENDING
//! traces   16777690  4655     4653        0             2         0          0        0   balances
//! ```

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;

use crate::cli::Done;
use crate::cli::Format;
use crate::cli::Place;
use crate::cli::terminal;
use crate::cli::terminal::{Look, Style};
use crate::store::Reader;
use crate::web::status::ledger::SourceLedger;

#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    #[command(flatten)]
    place: Place,
    /// For people or for programs.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(args: &AuditArgs) -> Done {
    let reader = Reader::open(args.place.load()?.place())?;
    let mut pending = BTreeMap::new();
    for held in reader.held()? {
        *pending.entry(held.source).or_insert(0) += 1;
    }
    let rows = SourceLedger::all(&reader.totals()?, &pending);
    let even = rows.values().all(|it| it.balanced);
    match args.format {
        Format::Json => terminal::say(&format!("{}\n", serde_json::to_string_pretty(&rows)?))?,
        Format::Text => terminal::say(&table(&rows, Style::of_stdout()))?,
    }
    Ok(if even { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn table(rows: &BTreeMap<String, SourceLedger>, style: Style) -> String {
    let head = [
        "SOURCE",
        "BYTES",
        "RECORDS",
        "CLASSIFIED",
        "UNCLASSIFIED",
        "NO ERROR",
        "DUPLICATE",
        "DROPPED",
        "PENDING",
    ];
    let mut cells: Vec<Vec<String>> = vec![head.map(str::to_owned).to_vec()];
    for (source, it) in rows {
        let dropped: u64 = it.dropped.values().sum();
        let numbers = [
            it.bytes,
            it.records,
            it.classified,
            it.unclassified,
            it.no_error,
            it.duplicate,
            dropped,
            it.pending,
        ];
        cells.push(
            [vec![terminal::clean(source)], numbers.map(|it| it.to_string()).to_vec()].concat(),
        );
    }
    let width =
        |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut out = String::new();
    for (index, row) in cells.iter().enumerate() {
        let line: Vec<_> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        let state = match index.checked_sub(1).and_then(|at| rows.values().nth(at)) {
            None => String::new(),
            Some(it) if it.balanced => style.paint(Look::Green, "  balances"),
            Some(_) => style.paint(Look::Red, "  does not balance"),
        };
        out.push_str(&format!("{}{state}\n", line.join("  ")));
    }
    out
}
