//! `shirwatch silences`: what is not to be told for a while.
//!
//! ```text
//! shirwatch silences add category=connectivity integration_runtime=ir-plant --for 2h
//! shirwatch silences add 'pipeline=~nightly.*' --starts 2026-03-01T22:00:00Z --for 4h
//! ```
//!
//! They are written beside a running daemon, which takes them up within a second.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::cli::Done;
use crate::cli::Failure;
use crate::cli::Format;
use crate::cli::Place;
use crate::cli::terminal;
use crate::model::silence::Silence;
use crate::store;
use crate::store::Silences;

#[derive(Debug, Args)]
pub(super) struct SilencesArgs {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Option<SilencesCommand>,
    /// For people or for programs.
    #[arg(long, value_enum, default_value_t, global = true)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum SilencesCommand {
    /// List silences that hold or are to come.
    List,
    /// Tell nobody of what fits all matchers.
    Add {
        /// `LABEL=VALUE`, `LABEL!=VALUE` or `LABEL=~PATTERN`.
        #[arg(required = true)]
        matchers: Vec<String>,
        /// How long, such as `2h`.
        #[arg(long = "for", value_name = "TIME", default_value = "2h")]
        length: SignedDuration,
        /// When it begins, such as `2026-03-01T22:00:00Z`; now by default.
        #[arg(long, value_name = "WHEN")]
        starts: Option<Timestamp>,
        /// Why.
        #[arg(long, default_value = "")]
        comment: String,
    },
    /// End a silence now.
    Expire {
        /// Its id.
        id: String,
    },
}

pub(super) fn run(args: SilencesArgs) -> Done {
    let place = args.place.load()?.place();
    #[expect(clippy::disallowed_methods, reason = "a command is its own clock")]
    let now = Timestamp::now();
    match args.command.unwrap_or(SilencesCommand::List) {
        SilencesCommand::List => list(&place, args.format, now),
        SilencesCommand::Add { matchers, length, starts, comment } => {
            let starts = starts.unwrap_or(now);
            let ends = starts.checked_add(length).unwrap_or(Timestamp::MAX);
            let it = Silence::new(&matchers, (starts, ends), &comment, now)
                .map_err(|error| Failure::usage(error.to_string()))?;
            Silences::open(&place)?.add(&it, now)?;
            say(args.format, &json!(it), &format!("{}\n", it.id))
        }
        SilencesCommand::Expire { id } => {
            if !Silences::open(&place)?.expire(&id, now)? {
                return Err(Failure::new(format!("there is no silence `{id}` that could end")));
            }
            say(args.format, &json!({ "expired": id }), "expired\n")
        }
    }
}

fn list(place: &store::Place, format: Format, now: Timestamp) -> Done {
    let mut found = Silences::open(place)?.list()?;
    found.retain(|it| it.ends_at > now);
    let lines: Vec<_> = found.iter().map(|it| line(it, now)).collect();
    let none = "no silences\n".to_owned();
    let text = if lines.is_empty() { none } else { lines.concat() };
    say(format, &json!({ "silences": found }), &text)
}

/// One silence on one line.
fn line(it: &Silence, now: Timestamp) -> String {
    let when = if it.starts_at > now {
        format!("from {} to {}", it.starts_at, it.ends_at)
    } else {
        format!("until {}", it.ends_at)
    };
    let matchers: Vec<_> = it.matchers.iter().map(ToString::to_string).collect();
    let text = format!("{}  {when}  {}  {}", it.id, matchers.join(" "), it.comment);
    format!("{}\n", terminal::clean(text.trim_end()))
}

fn say(format: Format, json: &serde_json::Value, text: &str) -> Done {
    if format == Format::Json {
        terminal::say(&format!("{}\n", serde_json::to_string_pretty(json)?))?;
    } else {
        terminal::say(text)?;
    }
    Ok(ExitCode::SUCCESS)
}
