//! `shirwatch notify test`: one marked alert to each receiver, and what each answered.

use std::process::ExitCode;

use clap::Subcommand;
use jiff::Timestamp;

use crate::cli::Done;
use crate::cli::Failure;
use crate::cli::Place;
use crate::cli::terminal;
use crate::delivery;
use crate::delivery::{Answer, Courier, Delivery};
use crate::outputs::wording;
use crate::outputs::wording::Wording;

#[derive(Debug, Subcommand)]
pub(super) enum NotifyCommand {
    /// Send one marked test alert to each receiver, or to one.
    Test {
        #[command(flatten)]
        place: Place,
        /// The receiver; without one, all.
        receiver: Option<String>,
    },
}

pub(super) fn run(command: NotifyCommand) -> Done {
    let NotifyCommand::Test { place, receiver } = command;
    let config = place.load()?;
    let delivery = Delivery::new(&config.receivers, &config.routes).map_err(|it| {
        Failure::refused(it.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })?;
    let names: Vec<_> =
        delivery.names().filter(|it| receiver.as_deref().is_none_or(|name| name == *it)).collect();
    if names.is_empty() {
        return Err(Failure::usage("no such receiver is configured; look at `receivers:`"));
    }
    let wording = Wording::new(config.web.external_url.as_deref());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut failed = false;
    for name in names {
        let Some(receiver) = delivery.receiver(name) else { continue };
        #[expect(clippy::disallowed_methods, reason = "a command is its own clock")]
        let alert = wording::test_alert(Timestamp::now(), &wording);
        let courier = Courier::new(delivery::courier::TIMEOUT).map_err(Failure::new)?;
        let answer = runtime.block_on(delivery::say(receiver, &courier, &alert));
        let said = match &answer {
            Answer::Sent => "took the alert".to_owned(),
            Answer::Partly { why } => format!("took the alert, but for a member: {why}"),
            Answer::Retry { why, .. } => format!("did not take it now: {why}"),
            Answer::Refused { why } => format!("refused it: {why}"),
        };
        failed |= answer != Answer::Sent;
        terminal::say(&format!("{name}: {said}\n"))?;
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
