//! `shirwatch explain`: one error, from an argument, a file or a pipe.
//!
//! ```text
//! SQL Server refused the login
//! authentication · error · fault: user · a retry will not help · sql-connect-login-failed
//!
//!   SqlFailedToConnect · HybridDeliveryException
//!   │ Cannot connect to SQL Server.
//!   └─ SqlException  ◀ root cause
//!      Login failed for user 'etl_reader'.
//! ```

mod page;

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;
use shirwatch_parsers::{Settings, parse};

use crate::catalogue::Catalogue;
use crate::cli::Done;
use crate::cli::Failure;
use crate::cli::Format;
use crate::cli::terminal;
use crate::cli::terminal::Style;
use crate::model::finding::Finding;
use crate::model::redacted::Redacted;
use crate::model::redacted::RedactionConfig;
use crate::model::redacted::Redactor;
use crate::pipeline::runtimes;

pub(crate) use page::{details, name, page, shorten, shown, whereabouts};

/// Bytes read of a text; an error is never as long.
const LIMIT: u64 = 16 * 1024 * 1024;

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The error, or a file that holds it; `-` or nothing reads standard input.
    text: Option<String>,
    /// Read the error from a file.
    #[arg(short, long, conflicts_with = "text")]
    file: Option<PathBuf>,
    /// For people or for programs.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// A folder of rules that are laid over the built-in ones.
    #[arg(long, value_name = "DIR")]
    catalogue: Option<PathBuf>,
}

pub(super) fn run(args: &ExplainArgs) -> Done {
    let catalogue = Catalogue::load(args.catalogue.as_deref())?;
    let text = read_text(args.file.as_deref(), args.text.as_deref())?;
    if text.trim().is_empty() {
        return Err(Failure::usage(
            "there is no text to explain; give it as an argument, with --file, or through a pipe",
        ));
    }
    let findings = findings(&catalogue, &text);
    match args.format {
        Format::Json => {
            for finding in &findings {
                terminal::say(&format!("{}\n", serde_json::to_string_pretty(finding)?))?;
            }
        }
        Format::Text => {
            let style = Style::of_stdout();
            let pages = findings.iter().map(|it| page(it, style) + &whereabouts(&it.record, style));
            terminal::say(&pages.collect::<Vec<_>>().join("\n"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The text of an argument, a file or a pipe. An argument that is the path of a file means what
/// stands there: other commands take paths, and no error is spelled like one that exists.
pub(super) fn read_text(file: Option<&Path>, text: Option<&str>) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let named = text.filter(|it| *it != "-").map(Path::new).filter(|it| it.is_file());
    match (file.or(named), text) {
        (Some(file), _) => {
            let open = std::fs::File::open(file)
                .map_err(|it| Failure::new(format!("cannot read `{}`: {it}", file.display())))?;
            open.take(LIMIT).read_to_end(&mut bytes)?;
        }
        (None, Some("-") | None) => {
            io::stdin().take(LIMIT).read_to_end(&mut bytes)?;
        }
        (None, Some(text)) => return Ok(text.to_owned()),
    }
    Ok(String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').to_owned())
}

/// What the catalogue says of each record of a text.
fn findings(catalogue: &Catalogue, text: &str) -> Vec<Redacted<Finding>> {
    let redactor = Redactor::new(&RedactionConfig::default());
    #[expect(clippy::disallowed_methods, reason = "a command is its own clock")]
    let now = Timestamp::now();
    let records = parse(text, &Settings::default()).into_iter();
    let records = records.flat_map(|it| runtimes::told(it.into_owned(), now));
    let judged = records.map(|record| {
        let verdict = catalogue.classify(&record);
        let print = verdict.fingerprint(&record);
        let known = verdict.certain() || !record.chain.is_empty();
        (known, redactor.redact(catalogue.finding(record.clone(), &verdict, print)))
    });
    let (errors, others): (Vec<_>, Vec<_>) = judged.partition(|(known, _)| *known);
    let shown = if errors.is_empty() { others.into_iter().take(1).collect() } else { errors };
    shown.into_iter().map(|(_, finding)| finding).collect()
}
