//! `shirwatch rules`: browse and prove the catalogue.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use crate::catalogue::Catalogue;
use crate::catalogue::check;
use crate::catalogue::rule::Rule;
use crate::catalogue::show;
use crate::cli::Done;
use crate::cli::Failure;
use crate::cli::Format;
use crate::cli::terminal;
use crate::cli::terminal::{Look, Style};

#[derive(Debug, Subcommand)]
pub(super) enum RulesCommand {
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
}

pub(super) fn run(command: RulesCommand) -> Done {
    match command {
        RulesCommand::List { format } => {
            let catalogue = Catalogue::embedded()?;
            let rules: Vec<_> = catalogue.rules().iter().collect();
            list(&rules, format)
        }
        RulesCommand::Show { id, format } => show(&id, format),
        RulesCommand::Search { words, format } => {
            let catalogue = Catalogue::embedded()?;
            let mut found = catalogue.search(&words.join(" "));
            found.truncate(20);
            if found.is_empty() {
                return Err(Failure::new("no rule speaks of these words; try fewer or other ones"));
            }
            list(&found, format)
        }
        RulesCommand::Check { dir } => prove(dir),
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

fn show(id: &str, format: Format) -> Done {
    let catalogue = Catalogue::embedded()?;
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
