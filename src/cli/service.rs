//! `shirwatch service`: the daemon as a service of Windows.

use std::path::PathBuf;

use clap::Subcommand;

use crate::cli::Done;
use crate::cli::Failure;

#[derive(Debug, Subcommand)]
pub(super) enum ServiceCommand {
    /// Put the service in, or bring the one that is there up to date.
    Install {
        /// The configuration file; by default `%ProgramData%\shirwatch\shirwatch.yaml`, where it
        /// is there.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Stop the service and take it out; what it has kept stays.
    Uninstall,
    /// Start the service and wait until it follows logs.
    Start,
    /// Stop the service and wait until it has written what it knows.
    Stop,
    /// Say whether the service runs.
    Status,
    /// What the service manager runs.
    #[command(hide = true)]
    Run {
        /// The configuration file.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

/// There is no such service manager here.
#[cfg(not(windows))]
pub(super) fn run(_: ServiceCommand) -> Done {
    Err(Failure::usage(
        "`shirwatch service` is for Windows; use `deploy/systemd/shirwatch.service` here",
    ))
}

#[cfg(windows)]
pub(super) use windows::run;

#[cfg(windows)]
mod windows {
    use std::process::ExitCode;

    use super::*;
    use crate::cli::Place;
    use crate::cli::run::RunArgs;
    use crate::cli::run::follow;
    use crate::cli::terminal;
    use crate::config::Config;
    use crate::config::LogConfig;
    use crate::config::faults::chain;
    use crate::delivery::courier::event_log;
    use crate::outputs::windows_event_log::EventKind;
    use crate::outputs::windows_event_log::WindowsEvent;
    use crate::service::log;
    use crate::service::scm;
    use crate::service::scm::install;
    use crate::service::scm::install::ScmError;

    /// The number of the event that says why the service ended; alerts begin at 100.
    const ENDED: u16 = 1;

    impl From<ScmError> for Failure {
        fn from(error: ScmError) -> Self {
            Self::new(error)
        }
    }

    pub(in crate::cli) fn run(command: ServiceCommand) -> Done {
        match command {
            ServiceCommand::Install { config } => put_in(config)?,
            ServiceCommand::Uninstall => install::uninstall()?,
            ServiceCommand::Start => install::start()?,
            ServiceCommand::Stop => install::stop()?,
            ServiceCommand::Status => {
                let (state, code) = install::status()?;
                terminal::say(&format!("{state}\n"))?;
                return Ok(ExitCode::from(u8::from(code != 0)));
            }
            ServiceCommand::Run { config } => return serve(config),
        }
        Ok(ExitCode::SUCCESS)
    }

    /// A configuration that is refused is not installed.
    fn put_in(config: Option<PathBuf>) -> Result<(), Failure> {
        let loaded = Place { config: config.clone(), state_dir: None }.load()?;
        for missing in install::install(config.as_deref(), &loaded.state_dir())? {
            terminal::complain(&*Failure::new(missing).error);
        }
        Ok(())
    }

    fn serve(config: Option<PathBuf>) -> Done {
        let job: scm::Job = Box::new(move |orders, on_ready| {
            let args = RunArgs::of_service(config);
            match follow(args, Some(orders), Some(on_ready)) {
                Ok(_) => 0,
                Err(failure) => {
                    // What was refused says nothing of where to log.
                    log::start(&LogConfig::default(), false, Some(&Config::default().state_dir()));
                    let why = chain(&*failure.error);
                    tracing::error!(error = why, "the service ends");
                    let text = format!("shirwatch ends: {why}");
                    let event = WindowsEvent { kind: EventKind::Error, id: ENDED, text };
                    // Without an event log the log file has to do.
                    let _ = event_log::win32::report(&event);
                    failure.code
                }
            }
        });
        scm::dispatch(job).map_err(|_| {
            Failure::usage("this is for the service manager; use `shirwatch run` in a console")
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
