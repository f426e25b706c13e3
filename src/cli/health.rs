//! `shirwatch health`: whether the daemon on this machine does its work; for a container without
//! a client of its own, or a script.

use std::process::ExitCode;

use clap::Args;

use crate::cli::Done;
use crate::cli::Failure;
use crate::cli::Place;
use crate::cli::ask;
use crate::cli::terminal;

#[derive(Debug, Args)]
pub(super) struct HealthArgs {
    #[command(flatten)]
    place: Place,
    /// Where the daemon listens; by default as configured.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Only whether it is alive, not whether it does its work at this moment.
    #[arg(long)]
    live: bool,
}

pub(super) fn run(args: &HealthArgs) -> Done {
    let mut config = args.place.load()?;
    if let Some(listen) = &args.listen {
        config.web.listen.clone_from(listen);
        // Asking changes nothing.
        config.web.read_only = true;
    }
    let path = if args.live { "/livez" } else { "/readyz" };
    let (status, body) = ask::get(&config, path).map_err(|error| {
        Failure::new(format!("no daemon answers at {}: {error}", config.web.listen))
    })?;
    terminal::say(&body)?;
    Ok(if status == 200 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
