//! What the daemon says of itself: on standard error, and in a small file beside the store.
//!
//! ```text
//! STATE/shirwatch.log     the last lines, at most 1 MiB     STATE/shirwatch.log.1     those before
//! ```
//!
//! The file is what a Windows service has instead of standard error, and what `shirwatch
//! support` takes along. One thing that goes wrong over and over does not fill it: each kind of
//! line is said twenty times a minute, and then how often it was left out.

pub mod panics;

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use tracing::Event;
use tracing::callsite::Identifier;
use tracing_subscriber::Layer;
use tracing_subscriber::Registry;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::LogConfig;
use crate::config::LogFormat;
use crate::config::LogLevel;
use crate::store;

/// The name of the file.
pub const NAME: &str = "shirwatch.log";

/// Bytes of the file before it is renamed and a new one begun.
const SIZE: u64 = 1 << 20;

/// How often one kind of line is said in one `WINDOW`.
const MOST: u32 = 20;

/// See [`MOST`].
const WINDOW: Duration = Duration::from_secs(60);

static LEVEL: OnceLock<reload::Handle<LevelFilter, Registry>> = OnceLock::new();

/// Begins to log. A second start in one process (tests) keeps the first log.
pub fn start(config: &LogConfig, colour: bool, state_dir: Option<&Path>) {
    let (level, handle) = reload::Layer::new(filter(config.level));
    let kept = state_dir.map(|dir| lines(config.format, false, LogFile::new(dir)));
    let log = tracing_subscriber::registry()
        .with(level)
        .with(Limit::default())
        .with(lines(config.format, colour, io::stderr))
        .with(kept);
    if log.try_init().is_ok() {
        let _ = LEVEL.set(handle);
    }
}

/// Says more or less from now on. The format stays until the next start.
pub(super) fn set_level(level: LogLevel) {
    if let Some(handle) = LEVEL.get() {
        let _ = handle.reload(filter(level));
    }
}

fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

fn lines<S, W>(format: LogFormat, colour: bool, to: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = fmt::layer().with_writer(to).with_ansi(colour).with_target(false);
    match format {
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer.json().boxed(),
    }
}

/// Leaves out what is said too often.
#[derive(Debug, Default)]
struct Limit {
    said: Mutex<HashMap<Identifier, Said>>,
}

/// How often one kind of line was said since when.
#[derive(Debug)]
struct Said {
    since: Instant,
    times: u32,
}

impl Limit {
    /// Whether a line may be said; and how many like it were left out before it.
    fn ask(&self, line: Identifier, now: Instant) -> (bool, u32) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let it = said.entry(line).or_insert(Said { since: now, times: 0 });
        let mut left_out = 0;
        if now.duration_since(it.since) >= WINDOW {
            left_out = it.times.saturating_sub(MOST);
            *it = Said { since: now, times: 0 };
        }
        it.times = it.times.saturating_add(1);
        (it.times <= MOST, left_out)
    }
}

impl<S: tracing::Subscriber> Layer<S> for Limit {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let (may, left_out) = self.ask(event.metadata().callsite(), Instant::now());
        if left_out > 0 {
            tracing::warn!(lines = left_out, "lines like the next were left out");
        }
        may
    }
}

/// The file, opened when the first line comes.
#[derive(Debug)]
struct LogFile {
    dir: PathBuf,
    path: PathBuf,
    open: Mutex<Option<(File, u64)>>,
}

impl LogFile {
    fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), path: dir.join(NAME), open: Mutex::default() }
    }

    fn open(&self) -> io::Result<(File, u64)> {
        store::folder(&self.dir).map_err(io::Error::other)?;
        let file = private().open(&self.path)?;
        let size = file.metadata()?.len();
        Ok((file, size))
    }

    fn append(&self, line: &[u8]) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.is_none() {
            *open = Some(self.open()?);
        }
        if open.as_ref().is_some_and(|(_, size)| *size >= SIZE) {
            // Windows renames no file that is open.
            *open = None;
            std::fs::rename(&self.path, self.path.with_extension("log.1"))?;
            *open = Some(self.open()?);
        }
        if let Some((file, size)) = open.as_mut() {
            file.write_all(line)?;
            *size += line.len() as u64;
        }
        Ok(())
    }
}

/// For this user alone, as all in the state folder.
fn private() -> std::fs::OpenOptions {
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

impl<'a> MakeWriter<'a> for LogFile {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

impl Write for &LogFile {
    /// A line that cannot be kept is lost: a log must not stop what it tells of.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let _ = self.append(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn what_is_said_over_and_over_is_counted_instead() {
        // lines in the first minute     said, and what the first line of the next minute counts
        check(1,                         (1, 0));
        check(20,                        (20, 0));
        check(21,                        (20, 1));
        check(1000,                      (20, 980));
    }

    #[track_caller]
    fn check(lines: u32, expected: (u32, u32)) {
        let (limit, now) = (Limit::default(), Instant::now());
        let line = tracing::callsite!(name: "a", kind: tracing::metadata::Kind::EVENT, fields: );
        let line = tracing::callsite::Callsite::metadata(line).callsite();
        let said = (0..lines).filter(|_| limit.ask(line.clone(), now).0).count();
        let (may, left_out) = limit.ask(line, now + WINDOW);
        assert!(may);
        assert_eq!((said as u32, left_out), expected);
    }

    #[test]
    fn the_file_keeps_the_last_lines_and_those_before() {
        let dir = tempfile::tempdir().unwrap();
        let line = vec![b'x'; 1000];
        for _ in 0..1100 {
            let file = LogFile::new(dir.path());
            (&file).write_all(&line).unwrap();
        }
        let size = |name: &str| std::fs::metadata(dir.path().join(name)).unwrap().len();
        assert!(size(NAME) < 100_000 && size("shirwatch.log.1") >= SIZE);
    }

    #[test]
    fn a_line_that_cannot_be_kept_stops_nothing() {
        let file = LogFile::new(Path::new("/dev/null/folder"));
        (&file).write_all(b"lost").unwrap();
    }
}
