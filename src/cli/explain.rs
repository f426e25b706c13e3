//! `shirwatch explain`: one error, from an argument, a file or a pipe.
//!
//! ```text
//! SQL Server refused the login                                   sql-login-failed
//! authentication · error · fault: user
//!
//! ErrorCode=SqlFailedToConnect
//! └─ HybridDeliveryException: Cannot connect to SQL Server.
//!    └─ SqlException: Login failed for user 'etl_reader'.        ◀ root cause
//! ```

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use shirwatch_parsers::{Link, Settings, parse};

use crate::catalogue::Catalogue;
use crate::cli::Done;
use crate::cli::Failure;
use crate::cli::Format;
use crate::cli::terminal;
use crate::cli::terminal::{Look, Style};
use crate::model::finding::Finding;
use crate::model::finding::Severity;
use crate::model::redacted::Redacted;
use crate::model::redacted::RedactionConfig;
use crate::model::redacted::Redactor;

/// Bytes read of a text; an error is never as long.
const LIMIT: u64 = 16 * 1024 * 1024;

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The error; `-` or nothing reads standard input.
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
            let pages: Vec<_> = findings.iter().map(|it| page(it, style)).collect();
            terminal::say(&pages.join("\n"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The text of an argument, a file or a pipe.
pub(super) fn read_text(file: Option<&Path>, text: Option<&str>) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    match (file, text) {
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
    let records = parse(text, &Settings::default());
    let judged = records.into_iter().map(|record| {
        let verdict = catalogue.classify(&record);
        let print = verdict.fingerprint(&record);
        let known = verdict.certain() || !record.chain.is_empty();
        (known, redactor.redact(catalogue.finding(record.clone().into_owned(), &verdict, print)))
    });
    let (errors, others): (Vec<_>, Vec<_>) = judged.partition(|(known, _)| *known);
    let shown = if errors.is_empty() { others.into_iter().take(1).collect() } else { errors };
    shown.into_iter().map(|(_, finding)| finding).collect()
}

/// A finding as a page of text.
pub(crate) fn page(it: &Finding, style: Style) -> String {
    let mut out = heading(it, style);
    out.push_str(&tree(it, style));
    if let Some(cause) = &it.cause {
        out.push_str(&section("Cause", style));
        out.push_str(&style.wrap("  ", cause));
    }
    out.push_str(&steps(it, style));
    if let Some(verify) = &it.verify {
        out.push_str(&section("Then check", style));
        out.push_str(&style.wrap("  ", verify));
    }
    out.push_str(&more(it, style));
    out
}

fn heading(it: &Finding, style: Style) -> String {
    let look = if it.severity >= Severity::Error { Look::Red } else { Look::Yellow };
    let mut facts = vec![it.category.as_str().to_owned(), it.severity.as_str().to_owned()];
    facts.push(format!("fault: {}", it.fault.as_str()));
    match it.retryable {
        Some(true) => facts.push("a retry may help".to_owned()),
        Some(false) => facts.push("a retry will not help".to_owned()),
        None => {}
    }
    let title = style.paint(Look::Bold, &style.paint(look, &terminal::clean(&it.title)));
    format!(
        "{title}\n{}\n",
        style.paint(Look::Faint, &format!("{} · {}", facts.join(" · "), it.rule))
    )
}

fn section(name: &str, style: Style) -> String {
    format!("\n{}\n", style.paint(Look::Bold, name))
}

/// The chain as a tree, the root cause marked.
fn tree(it: &Finding, style: Style) -> String {
    let mut out = String::from("\n");
    let chain = &it.record.chain;
    if chain.is_empty() {
        return out + &style.wrap("  ", &shorten(&it.record.message));
    }
    for (depth, link) in chain.iter().enumerate() {
        branch(&mut out, link, depth, depth + 1 == chain.len(), style);
    }
    if it.record.truncated {
        out.push_str(
            &style.paint(Look::Yellow, "  the text is cut: the real root may be missing\n"),
        );
    }
    out
}

fn branch(out: &mut String, link: &Link<'_>, depth: usize, root: bool, style: Style) {
    let lead =
        if depth == 0 { "  ".to_owned() } else { format!("  {}└─ ", "   ".repeat(depth - 1)) };
    let name = link.type_name.as_deref().unwrap_or("error");
    let short = name.rsplit('.').next().unwrap_or(name);
    let code = link.error_code.as_deref().map(|it| format!("{it} · ")).unwrap_or_default();
    let mark = if root { style.paint(Look::Red, "  ◀ root cause") } else { String::new() };
    let title = style.paint(Look::Cyan, &terminal::clean(&format!("{code}{short}")));
    out.push_str(&format!("{lead}{title}{mark}\n"));
    let message = shorten(&link.message);
    if !message.is_empty() {
        out.push_str(&style.wrap(&" ".repeat(lead.chars().count()), &message));
    }
    let fields = link.details.iter().filter(|(key, _)| key != "Errors");
    let fields: Vec<_> = fields.map(|(key, value)| format!("{key}={value}")).collect();
    if !fields.is_empty() {
        let text = style.wrap(&" ".repeat(lead.chars().count()), &shorten(&fields.join("  ")));
        out.push_str(&style.paint(Look::Faint, &text));
    }
}

/// The beginning of a long text.
fn shorten(text: &str) -> String {
    const SHOWN: usize = 600;
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    text.chars().take(SHOWN).chain(['…']).collect()
}

fn steps(it: &Finding, style: Style) -> String {
    let mut out = String::new();
    if it.rule == "unclassified" {
        out.push_str(&section("No rule knows this error", style));
        out.push_str(&style.wrap(
            "  ",
            "Read the root cause above. `shirwatch rules search WORDS` looks for what is near.",
        ));
    }
    if !it.resolution.is_empty() {
        out.push_str(&section("What to do", style));
    }
    for (index, step) in it.resolution.iter().enumerate() {
        out.push_str(&style.wrap(&format!("  {}. ", index + 1), step));
    }
    out
}

fn more(it: &Finding, style: Style) -> String {
    let mut out = String::new();
    if it.causes.len() > 1 {
        out.push_str(&section("It may also be", style));
        for cause in &it.causes[1..] {
            out.push_str(&style.wrap("  - ", &cause.cause));
        }
    }
    if !it.references.is_empty() {
        out.push('\n');
    }
    for reference in &it.references {
        out.push_str(&format!("  {}\n", style.paint(Look::Faint, reference)));
    }
    out
}
