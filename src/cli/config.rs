//! `shirwatch config`: check, show or write the configuration.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use crate::catalogue::Catalogue;
use crate::cli::Done;
use crate::cli::terminal;
use crate::config::Config;
use crate::config::template;

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Check a configuration: all faults at once, with line and remedy.
    Check {
        /// The file; without one, the defaults are checked.
        file: Option<PathBuf>,
        /// The file, as `run` takes it.
        #[arg(long, value_name = "FILE", conflicts_with = "file")]
        config: Option<PathBuf>,
    },
    /// Print the configuration in effect, with every default.
    Show {
        /// The file; without one, the defaults are shown.
        file: Option<PathBuf>,
        /// The file, as `run` takes it.
        #[arg(long, value_name = "FILE", conflicts_with = "file")]
        config: Option<PathBuf>,
    },
    /// Write a commented configuration with every default.
    Init {
        /// Where to; without it, to standard output. An existing file is left alone.
        file: Option<PathBuf>,
    },
}

pub(super) fn run(command: ConfigCommand) -> Done {
    match command {
        ConfigCommand::Check { file, config } => {
            let config = load(file.or(config).as_ref())?;
            Catalogue::load(config.catalogue.dir.as_deref())?;
            terminal::say("the configuration is fine\n")?;
        }
        ConfigCommand::Show { file, config } => {
            terminal::say(&load(file.or(config).as_ref())?.to_yaml())?;
        }
        ConfigCommand::Init { file: None } => terminal::say(&template::commented())?,
        ConfigCommand::Init { file: Some(file) } => {
            let mut out = std::fs::File::create_new(&file).map_err(|it| {
                crate::cli::Failure::new(format!("cannot write `{}`: {it}", file.display()))
            })?;
            std::io::Write::write_all(&mut out, template::commented().as_bytes())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn load(file: Option<&PathBuf>) -> Result<Config, crate::cli::Failure> {
    Ok(file.map(|it| Config::load(it)).transpose()?.unwrap_or_default())
}
