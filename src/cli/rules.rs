//! `shirwatch rules`: browse, prove and extend the catalogue.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use shirwatch_parsers::{Settings, parse};

use crate::catalogue::Catalogue;
use crate::catalogue::check;
use crate::catalogue::draft;
use crate::catalogue::rule::Rule;
use crate::catalogue::show;
use crate::cli::Done;
use crate::cli::Failure;
use crate::cli::Format;
use crate::cli::Place;
use crate::cli::explain;
use crate::cli::terminal;
use crate::cli::terminal::{Look, Style};
use crate::model::redacted::RedactionConfig;
use crate::model::redacted::Redactor;
use crate::store::Reader;

#[derive(Debug, Args)]
pub(super) struct RulesArgs {
    /// A folder of rules that are laid over the built-in ones.
    #[arg(long, value_name = "DIR", global = true)]
    catalogue: Option<PathBuf>,
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Debug, Subcommand)]
enum RulesCommand {
    /// List all rules, a line each.
    List {
        /// For people or for programs.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Show one rule whole.
    Show {
        /// The id of the rule.
        id: String,
        /// For people or for programs.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Find rules by words: also those for errors that no log shows.
    Search {
        /// The words.
        #[arg(required = true)]
        words: Vec<String>,
        /// For people or for programs.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Prove every law of the catalogue and every example in it.
    Check {
        /// A folder of rules that are laid over the built-in ones.
        dir: Option<PathBuf>,
    },
    /// Write the skeleton of a rule from an error that no rule knows.
    Draft {
        #[command(flatten)]
        place: Place,
        /// The fingerprint of an incident; `-` or nothing reads a text from standard input.
        fingerprint: Option<String>,
        /// Read the text from a file.
        #[arg(short, long, conflicts_with = "fingerprint")]
        file: Option<PathBuf>,
    },
}

pub(super) fn run(args: RulesArgs) -> Done {
    let dir = args.catalogue;
    match args.command {
        RulesCommand::List { format } => {
            let catalogue = Catalogue::load(dir.as_deref())?;
            let rules: Vec<_> = catalogue.rules().iter().collect();
            list(&rules, format)
        }
        RulesCommand::Show { id, format } => show(&Catalogue::load(dir.as_deref())?, &id, format),
        RulesCommand::Search { words, format } => {
            let catalogue = Catalogue::load(dir.as_deref())?;
            let mut found = catalogue.search(&words.join(" "));
            found.truncate(20);
            if found.is_empty() {
                return Err(Failure::new("no rule speaks of these words; try fewer or other ones"));
            }
            list(&found, format)
        }
        RulesCommand::Check { dir: other } => prove(other.or(dir)),
        RulesCommand::Draft { place, fingerprint, file } => write_draft(&place, fingerprint, file),
    }
}

fn list(rules: &[&Rule], format: Format) -> Done {
    if format == Format::Json {
        terminal::say(&format!("{}\n", serde_json::to_string_pretty(rules)?))?;
        return Ok(ExitCode::SUCCESS);
    }
    let style = Style::of_stdout();
    let width = rules.iter().map(|it| it.id.len()).max().unwrap_or(0);
    let mut out = String::new();
    for rule in rules {
        let id = style.paint(Look::Cyan, &format!("{:width$}", rule.id));
        let category = style.paint(Look::Faint, &format!("{:20}", rule.category.as_str()));
        out.push_str(&format!("{id}  {category}  {}\n", rule.title));
    }
    terminal::say(&out)?;
    Ok(ExitCode::SUCCESS)
}

fn show(catalogue: &Catalogue, id: &str, format: Format) -> Done {
    let Some(rule) = catalogue.rule(id) else {
        let near = catalogue.search(&id.replace('-', " "));
        let near = near.first().map(|it| format!("; did you mean `{}`?", it.id));
        return Err(Failure::new(format!("there is no rule `{id}`{}", near.unwrap_or_default())));
    };
    let text = match format {
        Format::Json => serde_json::to_string_pretty(rule)? + "\n",
        Format::Text => show::markdown(rule),
    };
    terminal::say(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn prove(dir: Option<PathBuf>) -> Done {
    let catalogue = Catalogue::load(dir.as_deref())?;
    let faults = check::check(&catalogue);
    if !faults.is_empty() {
        let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
        let what = format!("{} laws are broken\n{}", faults.len(), lines.join("\n"));
        return Err(Failure::refused(what));
    }
    let examples: usize =
        catalogue.rules().iter().map(|it| it.examples.len() + it.counterexamples.len()).sum();
    let rules = catalogue.rules().len();
    terminal::say(&format!("{rules} rules, {examples} examples: every law holds\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a rule for an error: of an incident in the store, or of a text.
fn write_draft(place: &Place, fingerprint: Option<String>, file: Option<PathBuf>) -> Done {
    let text = match fingerprint.as_deref().filter(|it| *it != "-") {
        Some(name) => {
            let reader = Reader::open(place.load()?.place())?;
            let found = reader.incident(name)?.and_then(|(incident, _)| incident.sample);
            let Some(sample) = found else {
                return Err(Failure::new(format!("there is no incident `{name}`")));
            };
            sample.record.message.clone().into_owned()
        }
        None => explain::read_text(file.as_deref(), fingerprint.as_deref())?,
    };
    let text = Redactor::new(&RedactionConfig::default()).text(&text).into_owned();
    let records = parse(&text, &Settings::default());
    let record = records.iter().find(|it| !it.chain.is_empty()).or(records.first());
    let Some(record) = record.filter(|_| !text.trim().is_empty()) else {
        return Err(Failure::usage("there is no text to write a rule from"));
    };
    terminal::say(&draft::draft(record, &text))?;
    Ok(ExitCode::SUCCESS)
}
