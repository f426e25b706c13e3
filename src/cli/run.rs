//! `shirwatch run`: the daemon, and `--once`: all there is, read to its end.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use crate::cli::Done;
use crate::cli::Failure;
use crate::cli::Format;
use crate::cli::Place;
use crate::cli::explain;
use crate::cli::incidents;
use crate::cli::terminal;
use crate::cli::terminal::{Look, Style};
use crate::config::Config;
use crate::config::native;
use crate::model::incident::Incident;
use crate::model::names::Names;
use crate::service;
use crate::service::Ended;
use crate::service::Options;
use crate::service::ServiceError;
use crate::service::log;
use crate::service::orders::Order;
use crate::sources::ReadFrom;
use crate::sources::SourceConfig;
use clap::Args;
use tokio::sync::mpsc;

#[derive(Debug, Clone, Default, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    place: Place,
    /// Files, folders or globs to follow, beside those of the configuration; `-` reads a pipe.
    paths: Vec<PathBuf>,
    /// Where the page, the API and the metrics are served, such as 127.0.0.1:10918.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Let nothing be changed through the page and the API; without a login it is
    /// needed to listen beyond loopback.
    #[arg(long)]
    read_only: bool,
    /// Begin at the end of files that have no checkpoint yet.
    #[arg(long)]
    from_end: bool,
    /// Read all sources to their end, deliver, print what was found, and exit.
    #[arg(long)]
    once: bool,
    /// With --once: how many seconds to wait for receivers.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    deadline: u64,
    /// With --once: for people or for programs.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl RunArgs {
    /// What a service is run with.
    #[cfg(windows)]
    pub(super) fn of_service(config: Option<PathBuf>) -> Self {
        Self { place: Place { config, state_dir: None }, ..Self::default() }
    }
}

pub(super) fn run(args: RunArgs) -> Done {
    follow(args, None, None)
}

/// Runs the daemon; `orders` and `on_ready` are a service manager's.
pub(super) fn follow(
    args: RunArgs,
    orders: Option<mpsc::Receiver<Order>>,
    on_ready: Option<Box<dyn FnOnce() + Send>>,
) -> Done {
    let config = configure(&args)?;
    let state_dir = config.state_dir();
    log::start(&config.log, Style::of_stderr().colour, Some(&*state_dir).filter(|_| !args.once));
    let interactive = !args.paths.is_empty() && !args.once;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        config = args.place.file().as_deref().map_or("none".into(), Path::to_string_lossy).as_ref(),
        state_dir = %state_dir.display(),
        sources = config.sources.len(),
        receivers = config.receivers.len(),
        "shirwatch starts"
    );
    let deadline = Duration::from_secs(args.deadline);
    let again = args.clone();
    let reread = move || configure(&again).map_err(|it| it.error);
    let options = Options {
        once: args.once,
        deadline: if args.once { deadline } else { Duration::from_secs(5) },
        serve: !args.once || args.listen.is_some(),
        on_address: interactive.then(|| Box::new(say_address) as Box<dyn FnOnce(&str) + Send>),
        on_incident: interactive.then(printer),
        config_file: args.place.config.clone().or_else(native::file),
        reread: Some(Box::new(reread)),
        orders,
        on_ready,
    };
    let ended = service::run(config, options).map_err(failure)?;
    if args.once {
        sum_up(&ended, args.format)?;
    }
    let mut faults = unread(&ended.unread);
    if ended.undelivered > 0 {
        let late = ended.undelivered;
        faults.push(format!("{late} alerts were not delivered; they wait for the next `run`"));
    }
    if ended.gave_up {
        faults
            .push("not every text could be read; please report what is said of them above".into());
    }
    for fault in faults.iter().filter(|_| args.once) {
        terminal::complain(&*Failure::new(fault.clone()).error);
    }
    let failed = args.once && !faults.is_empty();
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Says of each path that could not be read why.
pub(super) fn unread(errors: &BTreeMap<String, String>) -> Vec<String> {
    let say = |(path, error): (&String, &String)| {
        format!("`{path}` was not read: {error}; mend that, or leave it out")
    };
    errors.iter().map(say).collect()
}

/// The configuration with the arguments laid over it.
fn configure(args: &RunArgs) -> Result<Config, Failure> {
    let mut config = args.place.load()?;
    if let Some(listen) = &args.listen {
        config.web.listen.clone_from(listen);
    }
    config.web.read_only |= args.read_only;
    let (pipes, files): (Vec<_>, Vec<_>) = args.paths.iter().partition(|it| it.as_os_str() == "-");
    if !pipes.is_empty() {
        config.sources.push(SourceConfig { stdin: Some(Default::default()), ..Default::default() });
    }
    if !files.is_empty() {
        for file in &files {
            let path = file.to_string_lossy();
            if !path.contains(['*', '?', '[', '{']) && !file.exists() {
                return Err(Failure::usage(format!(
                    "there is no file or folder `{path}`; check the path"
                )));
            }
        }
        let include = files.iter().map(|it| it.to_string_lossy().into_owned()).collect();
        let mut source = SourceConfig::of_files(include);
        source.name = Some("files".to_owned());
        config.sources.push(source);
    }
    if config.sources.is_empty() {
        config.sources = native::sources();
    }
    if args.from_end {
        let files = config.sources.iter_mut().filter_map(|it| it.file.as_mut());
        files.for_each(|it| it.read_from = ReadFrom::End);
    }
    if config.sources.is_empty() && args.once {
        return Err(Failure::usage(
            "there is nothing to read; name files, or configure `sources:`",
        ));
    }
    Ok(config)
}

fn say_address(address: &str) {
    let style = Style::of_stdout();
    let address = style.paint(Look::Bold, address);
    let _ = terminal::say(&format!("page and API  {address}\nmetrics       {address}metrics\n\n"));
}

/// Prints each incident once, when it opens.
fn printer() -> Box<dyn FnMut(&Incident) + Send> {
    let mut printed = HashSet::new();
    Box::new(move |it| {
        let Some(sample) = &it.sample else { return };
        if printed.len() < 10_000 && printed.insert(it.key.clone()) {
            let style = Style::of_stdout();
            let rule = style.paint(Look::Faint, &"─".repeat(style.width));
            let page = explain::page(sample, style);
            let _ = terminal::say(&format!("{rule}\n{page}{}\n", place(it, style)));
        }
    })
}

/// Where an incident happened, on one line.
fn place(it: &Incident, style: Style) -> String {
    let list = |name: &str, set: &Names| {
        let names: Vec<_> = set.iter().take(3).collect();
        (!names.is_empty()).then(|| format!("{name} {}", names.join(", ")))
    };
    let places = [
        list("factory", &it.places.factories),
        list("pipeline", &it.places.pipelines),
        list("activity", &it.places.activities),
        list("runtime", &it.places.integration_runtimes),
        list("node", &it.places.nodes),
        Some(format!("{}x, last {}", it.count, it.last_seen)),
        Some(it.key.clone()),
    ];
    let text = places.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    style.paint(Look::Faint, &style.wrap("  ", &text))
}

fn sum_up(ended: &Ended, format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        terminal::say(&format!("{}\n", serde_json::to_string_pretty(&ended.tally)?))?;
        return Ok(());
    }
    let style = Style::of_stdout();
    let mut out = crate::cli::scan::summary(&ended.tally, None, style);
    out.push_str(&style.paint(Look::Bold, &format!("\n{} open incidents\n", ended.open.len())));
    out.extend(ended.open.iter().map(|it| incidents::line(it, style)));
    terminal::say(&out)?;
    Ok(())
}

fn failure(error: ServiceError) -> Failure {
    match error {
        ServiceError::Catalogue(_) | ServiceError::Delivery(_) | ServiceError::Source(_) => {
            Failure::refused(error)
        }
        _ => Failure::new(error),
    }
}
