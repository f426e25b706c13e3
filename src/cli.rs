//! The commands. Data goes to standard output, all else to standard error.
//!
//! Exit codes: 0 done · 1 failed · 2 wrong usage · 3 configuration or catalogue refused ·
//! 4 `scan --fail-on SEVERITY` found such.

mod ask;
mod audit;
mod config;
mod explain;
mod health;
mod incidents;
mod notify;
mod rules;
mod run;
mod scan;
mod service;
mod silences;
mod support;
pub mod terminal;

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::catalogue::CatalogueError;
use crate::config::Config;
use crate::config::faults::Faults;
use crate::config::native;
use crate::service::footprint;
use crate::service::log::panics;

/// Reads the logs of Azure Data Factory and Synapse integration runtimes, tells which
/// documented error each failure is, and says how to mend it.
#[derive(Debug, Parser)]
#[command(name = "shirwatch", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Follow logs: keep incidents, serve metrics and the page, send alerts.
    Run(run::RunArgs),
    /// Explain one error: the chain, its root cause, and what to do.
    Explain(explain::ExplainArgs),
    /// Read files and folders once and sum up what went wrong.
    Scan(scan::ScanArgs),
    /// Browse, prove and extend the catalogue.
    Rules(rules::RulesArgs),
    /// Check, show or write the configuration.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Send test alerts.
    #[command(subcommand)]
    Notify(notify::NotifyCommand),
    /// Show the ledger of every source, and whether it balances.
    Audit(audit::AuditArgs),
    /// Show or resolve incidents.
    Incidents(incidents::IncidentsArgs),
    /// Show, make or end silences: what is counted and told to nobody.
    Silences(silences::SilencesArgs),
    /// Ask whether the daemon on this machine does its work.
    Health(health::HealthArgs),
    /// Write an archive for who helps: configuration, status, counters, last log lines; redacted.
    Support(support::SupportArgs),
    /// Put the daemon into the services of Windows, start and stop it.
    #[command(subcommand)]
    Service(service::ServiceCommand),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Where the configuration and the state are.
#[derive(Debug, Clone, Default, Args)]
struct Place {
    /// The configuration file.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Where counters, incidents and checkpoints are kept.
    #[arg(long, value_name = "DIR", global = true)]
    state_dir: Option<PathBuf>,
}

impl Place {
    /// The configuration file that is used, where there is one.
    fn file(&self) -> Option<PathBuf> {
        self.config.clone().or_else(|| native::file().filter(|it| it.is_file()))
    }

    fn load(&self) -> Result<Config, Failure> {
        let mut config = match self.file() {
            Some(file) => Config::load(&file)?,
            None => Config::default(),
        };
        if self.state_dir.is_some() {
            config.state_dir.clone_from(&self.state_dir);
        }
        Ok(config)
    }
}

/// For people or for programs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
}

/// Why a command failed, and with which exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    error: Box<dyn Error + Send + Sync>,
}

impl Failure {
    fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { code: 1, error: error.into() }
    }

    fn usage(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { code: 2, error: error.into() }
    }

    fn refused(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { code: 3, error: error.into() }
    }
}

impl From<Faults> for Failure {
    fn from(error: Faults) -> Self {
        Self::refused(error)
    }
}

impl From<CatalogueError> for Failure {
    fn from(error: CatalogueError) -> Self {
        Self::refused(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(error)
    }
}

impl From<crate::store::StoreError> for Failure {
    fn from(error: crate::store::StoreError) -> Self {
        Self::new(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::new(error)
    }
}

/// How a command that did not fail ended.
type Done = Result<ExitCode, Failure>;

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    panics::tell_by_place();
    // Most commands, and the daemon, have one thread that allocates much: nobody waits for it.
    footprint::heaps(1);
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(failure) if is_broken_pipe(&*failure.error) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::complain(&*failure.error);
            ExitCode::from(failure.code)
        }
    }
}

fn run(cli: Cli) -> Done {
    match cli.command {
        Command::Run(args) => run::run(args),
        Command::Explain(args) => explain::run(&args),
        Command::Scan(args) => scan::run(&args),
        Command::Rules(args) => rules::run(args),
        Command::Config(command) => config::run(command),
        Command::Notify(command) => notify::run(command),
        Command::Audit(args) => audit::run(&args),
        Command::Incidents(args) => incidents::run(args),
        Command::Silences(args) => silences::run(args),
        Command::Health(args) => health::run(&args),
        Command::Support(args) => support::run(&args),
        Command::Service(command) => service::run(command),
        Command::Completions { shell } => {
            // Into memory first: the generator panics where a pipe is closed.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "shirwatch", &mut script);
            terminal::say(&String::from_utf8_lossy(&script))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Whether whoever read our output has gone, which is no failure of ours.
fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(it) = next {
        if it.downcast_ref::<io::Error>().is_some_and(|it| it.kind() == io::ErrorKind::BrokenPipe) {
            return true;
        }
        next = it.source();
    }
    false
}
