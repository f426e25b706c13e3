//! `shirwatch scan`: files and folders read once, then summed up. Nothing is stored.
//!
//! ```text
//! 24 files, 310 lines, 118 records, 62 errors (0 unclassified)
//!
//! by category                by rule
//!     12  authentication          9  sql-login-failed
//! ```

mod digest;
mod progress;
mod report;
mod summary;
mod timeline;

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde::Serialize;
use shirwatch_parsers::Settings;

use crate::catalogue::Catalogue;
use crate::cli::Done;
use crate::cli::Failure;
use crate::cli::scan::digest::Digest;
use crate::cli::scan::progress::Progress;
use crate::cli::scan::report::{Read, Report};
use crate::cli::terminal;
use crate::cli::terminal::Style;
use crate::model::batch::Position;
use crate::model::changes::Changes;
use crate::model::finding::Finding;
use crate::model::finding::Severity;
use crate::model::redacted::Redacted;
use crate::model::redacted::RedactionConfig;
use crate::model::redacted::Redactor;
use crate::pipeline::Pipeline;
use crate::pipeline::incidents::Sighting;
use crate::service::clock;
use crate::service::footprint;
use crate::service::tally::Tally;
use crate::sources;
use crate::sources::Opening;
use crate::sources::Source;
use crate::sources::SourceConfig;

pub(super) use summary::summary;

#[derive(Debug, Args)]
pub(super) struct ScanArgs {
    /// Files, folders or globs; `.gz`, `.zip` and `.evtx` files are read through.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Exit with 4 when an error of this severity or worse was found.
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,
    /// `text`, one `json` object, one finding a line as `jsonl`, or a report in one `html` file.
    #[arg(long, value_enum, default_value_t)]
    format: ScanFormat,
    /// The time zone of times that name none.
    #[arg(long, default_value = "UTC")]
    timezone: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ScanFormat {
    #[default]
    Text,
    Json,
    Jsonl,
    Html,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FailOn {
    Info,
    Warning,
    Error,
    Critical,
}

impl From<FailOn> for Severity {
    fn from(it: FailOn) -> Self {
        match it {
            FailOn::Info => Self::Info,
            FailOn::Warning => Self::Warning,
            FailOn::Error => Self::Error,
            FailOn::Critical => Self::Critical,
        }
    }
}

pub(super) fn run(args: &ScanArgs) -> Done {
    for path in &args.paths {
        let text = path.to_string_lossy();
        if !text.contains(['*', '?', '[', '{']) && !path.exists() {
            return Err(Failure::usage(format!(
                "there is no file or folder `{text}`; check the path"
            )));
        }
    }
    let mut scan = Scan::new(args)?;
    scan.read()?;
    scan.close()?;
    let mut unread = super::run::unread(&scan.source.status().errors);
    unread.append(&mut scan.seen.given_up);
    terminal::say(&scan.told(args, &unread)?)?;
    for fault in &unread {
        terminal::complain(&*Failure::new(fault.clone()).error);
    }
    let worst = args.fail_on.map(Severity::from).zip(scan.seen.worst);
    Ok(match worst {
        Some((limit, worst)) if worst >= limit => ExitCode::from(4),
        _ if !unread.is_empty() => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    })
}

/// After so many bytes what only a store would need is forgotten. It is gone through all incidents
/// for that.
const FORGET_EVERY: usize = 16 * 1024 * 1024;

/// One pass over the files.
struct Scan {
    source: Box<dyn Source>,
    settings: Settings,
    pipeline: Pipeline,
    seen: Seen,
    /// Bytes since [`Scan::drain`].
    unforgotten: usize,
}

/// What was seen so far.
struct Seen {
    tally: Tally,
    digest: Digest,
    redactor: Arc<Redactor>,
    worst: Option<Severity>,
    /// Where findings are printed, one a line.
    lines: Option<BufWriter<std::io::Stdout>>,
    failed: Option<std::io::Error>,
    /// Texts that we failed on, as they are told.
    given_up: Vec<String>,
}

/// Of so many texts that we failed on it is told where they are; all are counted.
const NAMED: usize = 20;

impl Scan {
    fn new(args: &ScanArgs) -> Result<Self, Failure> {
        let include = args.paths.iter().map(|it| it.to_string_lossy().into_owned()).collect();
        let mut config = SourceConfig::of_files(include);
        if let Some(file) = &mut config.file {
            file.timezone.clone_from(&args.timezone);
        }
        let settings = Settings { timezone: config.time_zone().map_err(Failure::usage)? };
        let opening = Opening { once: true, hasty: true, ..Opening::default() };
        let catalogue = Arc::new(Catalogue::embedded()?);
        let redactor = Arc::new(Redactor::new(&RedactionConfig::default()));
        let mut pipeline = Pipeline::new(catalogue, Arc::clone(&redactor));
        pipeline.count_lines = true;
        pipeline.helped = std::thread::available_parallelism().is_ok_and(|it| it.get() > 1);
        if pipeline.helped {
            footprint::heaps(2);
        }
        let lines = (args.format == ScanFormat::Jsonl).then(|| BufWriter::new(std::io::stdout()));
        let tally = Tally::redacting(Arc::clone(&redactor));
        let digest = Digest::default();
        let seen = Seen {
            tally,
            digest,
            redactor,
            worst: None,
            lines,
            failed: None,
            given_up: Vec::new(),
        };
        Ok(Self {
            source: sources::open(&config, &opening).map_err(Failure::usage)?,
            settings,
            pipeline,
            seen,
            unforgotten: 0,
        })
    }

    fn read(&mut self) -> Result<(), Failure> {
        let mut progress = Progress::new();
        loop {
            let status = self.source.status();
            if status.finished {
                break;
            }
            let read = self.seen.tally.bytes + self.unforgotten as u64;
            progress.show(read, status.lag_bytes, self.seen.tally.findings);
            let Some(batch) = self.source.read(clock()).map_err(Failure::new)? else { continue };
            let seen = &mut self.seen;
            let taken = self.pipeline.process(
                &batch,
                &self.settings,
                Some(&mut |it, full| seen.take(it, full)),
            );
            self.source.advance(taken.bytes, taken.framing);
            self.unforgotten += taken.bytes;
            self.seen.give_up(&taken.given_up);
            if self.unforgotten >= FORGET_EVERY || self.pipeline.incidents.is_full_of_news() {
                self.drain();
            }
            if let Some(error) = self.seen.failed.take() {
                return Err(error.into());
            }
        }
        let seen = &mut self.seen;
        self.pipeline.settle(Timestamp::MAX, Some(&mut |it, full| seen.take(it, full)));
        Ok(())
    }

    /// Forgets what only the store would need, so that memory does not grow.
    fn drain(&mut self) {
        self.unforgotten = 0;
        let mut changes = Changes::default();
        self.pipeline.drain(&mut changes);
        self.source.checkpoints(&mut changes);
        self.seen.tally.take_in(&changes.totals);
        self.seen.digest.take_in(&changes.totals);
    }

    /// What goes to standard output at the end.
    fn told(&self, args: &ScanArgs, unread: &[String]) -> Result<String, Failure> {
        let (tally, digest) = (&self.seen.tally, &self.seen.digest);
        Ok(match args.format {
            ScanFormat::Jsonl => String::new(),
            ScanFormat::Json => serde_json::to_string_pretty(tally)? + "\n",
            ScanFormat::Text => summary(tally, Some(digest), Style::of_stdout()),
            ScanFormat::Html => {
                let paths = args.paths.iter().map(|it| it.display().to_string()).collect();
                let (redactor, now) = (&*self.seen.redactor, clock());
                let read = Read { paths, unread };
                let report = Report { tally, digest, redactor, read, now };
                report::render(&report).map_err(Failure::new)?
            }
        })
    }

    fn close(&mut self) -> Result<(), Failure> {
        self.drain();
        self.seen.tally.files = self.source.status().files;
        self.seen.tally.lines = self.pipeline.lines;
        self.seen.lines.as_mut().map_or(Ok(()), Write::flush)?;
        Ok(())
    }
}

impl Seen {
    fn give_up(&mut self, texts: &[Position]) {
        let room = NAMED.saturating_sub(self.given_up.len());
        let told = texts.iter().take(room).map(|Position { path, line, .. }| {
            format!("`{path}`: the text of line {line} cannot be read; please report it")
        });
        self.given_up.extend(told);
    }

    fn take(&mut self, it: &Sighting<'_>, full: &dyn Fn() -> Redacted<Finding>) {
        self.tally.count(it, full);
        self.digest.take(it, full, &self.redactor);
        self.worst = self.worst.max(Some(it.severity));
        if let Some(out) = &mut self.lines {
            let written = write_line(out, &Line { finding: full(), position: it.position });
            self.failed = written.err().or(self.failed.take());
        }
    }
}

/// A finding, and where it stands.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    finding: Redacted<Finding>,
    position: &'a Position,
}

fn write_line(out: &mut impl Write, line: &Line<'_>) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}
