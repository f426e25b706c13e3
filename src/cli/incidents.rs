//! `shirwatch incidents`: what the store knows, also while the daemon runs.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::json;

use crate::cli::Done;
use crate::cli::Failure;
use crate::cli::Format;
use crate::cli::Place;
use crate::cli::explain;
use crate::cli::terminal;
use crate::cli::terminal::{Look, Style};
use crate::model::finding::Severity;
use crate::model::incident::Incident;
use crate::model::incident::State;
use crate::store;
use crate::store::Reader;
use crate::web::rows::{More, Row};

#[derive(Debug, Args)]
pub(super) struct IncidentsArgs {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Option<IncidentsCommand>,
    /// For people or for programs.
    #[arg(long, value_enum, default_value_t, global = true)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum IncidentsCommand {
    /// List incidents, the latest first.
    List {
        /// `open`, `resolved` or `all`.
        #[arg(long, default_value = "open")]
        state: String,
    },
    /// Show one incident whole.
    Show {
        /// Its fingerprint.
        fingerprint: String,
    },
    /// Close one incident by hand.
    Resolve {
        /// Its fingerprint.
        fingerprint: String,
    },
}

pub(super) fn run(args: IncidentsArgs) -> Done {
    let place = args.place.load()?.place();
    let command = args.command.unwrap_or(IncidentsCommand::List { state: "open".to_owned() });
    match command {
        IncidentsCommand::List { state } => {
            let state = state_of(&state)?;
            let found = Reader::open(&place)?.incidents(state, 10_000, 0)?;
            list(&found, args.format)
        }
        IncidentsCommand::Show { fingerprint } => {
            show(&Reader::open(&place)?, &fingerprint, args.format)
        }
        IncidentsCommand::Resolve { fingerprint } => resolve(&place, &fingerprint),
    }
}

fn state_of(name: &str) -> Result<Option<State>, Failure> {
    match name {
        "open" => Ok(Some(State::Open)),
        "resolved" => Ok(Some(State::Resolved)),
        "all" => Ok(None),
        _ => Err(Failure::usage(format!("no state is called `{name}`; use open, resolved or all"))),
    }
}

fn list(found: &[Incident], format: Format) -> Done {
    if format == Format::Json {
        let list: Vec<_> = found.iter().map(Row::new).collect();
        terminal::say(&format!(
            "{}\n",
            serde_json::to_string_pretty(&json!({ "incidents": list }))?
        ))?;
        return Ok(ExitCode::SUCCESS);
    }
    let style = Style::of_stdout();
    let lines: Vec<_> = found.iter().map(|it| line(it, style)).collect();
    let none = "no incidents\n".to_owned();
    terminal::say(&if lines.is_empty() { none } else { lines.concat() })?;
    Ok(ExitCode::SUCCESS)
}

/// One incident on one line.
pub(super) fn line(it: &Incident, style: Style) -> String {
    let look = if it.severity >= Severity::Error { Look::Red } else { Look::Yellow };
    let severity = style.paint(look, &format!("{:8}", it.severity.as_str()));
    let place = it.places.pipelines.iter().next().or(it.places.nodes.iter().next());
    let place = place.map(|it| format!("  ({it})")).unwrap_or_default();
    let title = terminal::clean(&format!("{}{place}", it.title));
    let key = style.paint(Look::Faint, &it.key);
    format!("{severity} {:>6}x  {:20} {key}  {title}\n", it.count, it.category.as_str())
}

fn show(reader: &Reader, fingerprint: &str, format: Format) -> Done {
    let Some((incident, occurrences)) = reader.incident(fingerprint)? else {
        return Err(Failure::new(format!("there is no incident `{fingerprint}`")));
    };
    if format == Format::Json {
        let more = More::of(reader, &incident, occurrences, crate::service::clock())?;
        let row = Row::with(&incident, &more);
        terminal::say(&format!("{}\n", serde_json::to_string_pretty(&row)?))?;
        return Ok(ExitCode::SUCCESS);
    }
    let style = Style::of_stdout();
    let mut out = incident.sample.as_ref().map_or_else(String::new, |it| explain::page(it, style));
    out.push_str(&format!(
        "\n{} {}x, first {}, last {}\n",
        incident.state.as_str(),
        incident.count,
        incident.first_seen,
        incident.last_seen
    ));
    for it in &occurrences {
        let at = format!("{}:{}", it.position.path, it.position.offset);
        out.push_str(&format!("  {}  {}\n", it.time, terminal::clean(&at)));
    }
    terminal::say(&out)?;
    Ok(ExitCode::SUCCESS)
}

/// Closes an incident in the store. A running daemon holds a store in a file; then it must be
/// asked.
fn resolve(place: &store::Place, fingerprint: &str) -> Done {
    #[expect(clippy::disallowed_methods, reason = "a command is its own clock")]
    let now = Timestamp::now();
    if !store::resolve(place, fingerprint, now)? {
        return Err(Failure::new(format!("there is no incident `{fingerprint}`")));
    }
    terminal::say("resolved\n")?;
    Ok(ExitCode::SUCCESS)
}
