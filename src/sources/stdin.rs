//! A pipe, read once to its end.
//!
//! A thread waits for the pipe and hands over pieces through a bounded channel, so that
//! nobody else waits, and a writer that is faster than we are is held up by its own pipe.
//! A pipe cannot be read again, so it has no checkpoints.

use std::collections::BTreeMap;
use std::io;
use std::io::Read;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::TryRecvError;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::batch::Batch;
use crate::model::batch::End;
use crate::model::batch::Framing;
use crate::model::changes::Changes;
use crate::model::size::ByteSize;
use crate::sources::Opening;
use crate::sources::Source;
use crate::sources::SourceError;
use crate::sources::SourceStatus;
use crate::sources::Waker;
use crate::sources::file::encoding::Charset;
use crate::sources::file::encoding::Encoding;
use crate::sources::passed;

/// Bytes that are read from the pipe in one go.
const PIECE: usize = 64 * 1024;

/// Pieces that may wait between the two threads.
const WAITING: usize = 4;

/// Bytes that are kept beyond the largest record.
const SLACK: usize = 2 * PIECE;

/// `- stdin:` the standard input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StdinConfig {
    /// How characters are written: `auto` (by the first bytes), or a name like `utf-16le`.
    pub encoding: Charset,
    /// The time zone of times that name none.
    pub timezone: String,
    /// The largest record that is read whole; a larger one is cut, and counted as cut.
    pub max_record_bytes: ByteSize,
    /// How long the pipe must be quiet until its last record is taken as complete.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    #[schemars(with = "String")]
    pub idle: Duration,
}

impl Default for StdinConfig {
    fn default() -> Self {
        Self {
            encoding: Charset::Auto,
            timezone: "UTC".to_owned(),
            max_record_bytes: ByteSize::mib(1),
            idle: Duration::from_millis(500),
        }
    }
}

/// A pipe as a source.
pub struct StdinSource {
    name: String,
    labels: BTreeMap<String, String>,
    config: StdinConfig,
    pieces: Receiver<io::Result<Vec<u8>>>,
    /// What came and was not taken; the first byte stands at `offset`.
    raw: Vec<u8>,
    text: String,
    offset: u64,
    encoding: Option<Encoding>,
    framing: Framing,
    /// Bytes of `raw` that the pipeline has seen.
    offered: usize,
    came_at: Option<Timestamp>,
    idle_offered: bool,
    /// True when the pipe is at its end; `finished` when that was told too.
    ended: bool,
    finished: bool,
}

impl StdinSource {
    /// Reads the standard input of this process.
    #[must_use]
    pub fn open(
        name: &str,
        labels: &BTreeMap<String, String>,
        config: &StdinConfig,
        how: &Opening<'_>,
    ) -> Self {
        Self::of(io::stdin(), name, labels, config, how)
    }

    /// Reads any pipe.
    pub fn of(
        pipe: impl Read + Send + 'static,
        name: &str,
        labels: &BTreeMap<String, String>,
        config: &StdinConfig,
        how: &Opening<'_>,
    ) -> Self {
        let (sender, pieces) = sync_channel(WAITING);
        let wake = how.wake.clone();
        std::thread::spawn(move || pump(pipe, sender, wake.as_ref()));
        Self {
            name: name.to_owned(),
            labels: labels.clone(),
            config: config.clone(),
            pieces,
            raw: Vec::new(),
            text: String::new(),
            offset: 0,
            encoding: None,
            framing: Framing::default(),
            offered: 0,
            came_at: None,
            idle_offered: false,
            ended: false,
            finished: false,
        }
    }

    fn max(&self) -> usize {
        let unit = self.encoding.map_or(1, Encoding::unit);
        self.config.max_record_bytes.as_len().saturating_mul(unit).saturating_add(SLACK)
    }

    /// Takes what has come, as far as there is room.
    fn gather(&mut self, now: Timestamp) -> Result<(), SourceError> {
        while !self.ended && self.raw.len() < self.max() {
            match self.pieces.try_recv() {
                Ok(Ok(piece)) => {
                    self.raw.extend_from_slice(&piece);
                    (self.came_at, self.idle_offered) = (Some(now), false);
                }
                Ok(Err(source)) => {
                    self.ended = true;
                    return Err(SourceError::Read { name: self.name.clone(), source });
                }
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => self.ended = true,
            }
        }
        Ok(())
    }

    /// What comes behind all that is there.
    fn end(&self, now: Timestamp) -> End {
        let quiet = self.came_at.is_some_and(|since| passed(since, now, self.config.idle));
        match () {
            () if self.ended => End::Eof,
            () if quiet && !self.idle_offered && !self.raw.is_empty() => End::Idle,
            () => End::More,
        }
    }

    /// Settles the encoding and passes over a mark; `None` until enough has come.
    fn encode(&mut self, end: End) -> Option<Encoding> {
        if self.encoding.is_none() && end == End::More && !Encoding::is_told_by(&self.raw) {
            return None;
        }
        let encoding = match (self.encoding, self.config.encoding) {
            (Some(it), _) | (None, Charset::Fixed(it)) => it,
            (None, Charset::Auto) => Encoding::of(&self.raw),
        };
        if self.encoding.replace(encoding).is_none() {
            self.skip(encoding.mark(&self.raw));
        }
        Some(encoding)
    }

    fn skip(&mut self, bytes: usize) {
        self.raw.drain(..bytes);
        self.offset += bytes as u64;
        self.offered = self.offered.saturating_sub(bytes);
    }
}

/// Reads the pipe until its end, or until nobody listens any more.
fn pump(mut pipe: impl Read, sender: SyncSender<io::Result<Vec<u8>>>, wake: Option<&Waker>) {
    let mut piece = vec![0; PIECE];
    let mut end = false;
    while !end {
        let read = match pipe.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Ok(0) => break,
            read => read,
        };
        end = read.is_err();
        if sender.send(read.map(|length| piece[..length].to_vec())).is_err() {
            return;
        }
        wake.inspect(|wake| wake());
    }
    // The end is seen when the sender is gone.
    drop(sender);
    wake.inspect(|wake| wake());
}

impl Source for StdinSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn labels(&self) -> &BTreeMap<String, String> {
        &self.labels
    }

    fn read(&mut self, now: Timestamp) -> Result<Option<Batch<'_>>, SourceError> {
        if self.finished {
            return Ok(None);
        }
        self.gather(now)?;
        let end = self.end(now);
        if end == End::More && self.raw.len() <= self.offered {
            return Ok(None);
        }
        let Some(encoding) = self.encode(end) else { return Ok(None) };
        let full = self.raw.len() >= self.max();
        self.offered = self.raw.len();
        self.idle_offered |= end == End::Idle;
        Ok(Some(Batch {
            source: &self.name,
            labels: &self.labels,
            path: "-",
            bytes: encoding.decode(&self.raw, &mut self.text),
            offset: self.offset,
            read_at: now,
            end,
            framing: self.framing,
            full,
        }))
    }

    fn advance(&mut self, taken: usize, framing: Framing) {
        self.framing = framing;
        let encoding = self.encoding.unwrap_or(Encoding::UTF_8);
        let all = self.raw.len();
        let raw = encoding.raw_len(&self.raw, &self.text, taken);
        // What nobody takes when there is no more room would stop the pipe for good.
        let stuck = raw == 0 && all >= self.max();
        self.skip(if stuck { all } else { raw });
        self.finished = self.ended;
    }

    fn checkpoints(&mut self, _: &mut Changes) {}

    fn status(&self) -> SourceStatus {
        SourceStatus {
            lag_bytes: self.raw.len() as u64,
            last_read: self.came_at,
            finished: self.finished,
            ..SourceStatus::default()
        }
    }

    fn patience(&self, _: Timestamp) -> Duration {
        self.config.idle
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_pipe_is_read_to_its_end() {
        // what comes                       batches: text, and what comes behind
        check(b"",                          "[eof]");
        check(b"one\ntwo",                  "one⏎two[eof]");
        check(b"\xEF\xBB\xBFone\n",         "one⏎[eof]");
        check(b"\xFF\xFEo\0n\0e\0\n\0",     "one⏎[eof]");
        check(b"x",                         "x[eof]");
    }

    #[track_caller]
    fn check(input: &'static [u8], expected: &str) {
        let (waker, woken) = channel();
        let wake: Waker = Arc::new(move || waker.send(()).unwrap_or(()));
        let how = Opening { wake: Some(wake), ..Opening::default() };
        let config = StdinConfig::default();
        let mut source = StdinSource::of(input, "pipe", &BTreeMap::new(), &config, &how);
        let mut told = String::new();
        drop(how);
        // The thread drops its waker when it is done, and the channel ends.
        for () in woken {}
        while !source.status().finished {
            let Some(batch) = source.read(Timestamp::UNIX_EPOCH).unwrap() else { continue };
            told.push_str(&String::from_utf8_lossy(batch.bytes).replace('\n', "⏎"));
            told.push_str(if batch.end == End::Eof { "[eof]" } else { "" });
            let taken = batch.bytes.len();
            source.advance(taken, Framing::default());
        }
        assert_eq!(told, expected);
    }

    /// A pipe that another thread writes piece by piece.
    fn pieces() -> (std::io::PipeWriter, StdinSource, Receiver<()>) {
        let (reader, writer) = std::io::pipe().unwrap();
        let (waker, woken) = channel();
        let wake: Waker = Arc::new(move || waker.send(()).unwrap_or(()));
        let how = Opening { wake: Some(wake), ..Opening::default() };
        let config = StdinConfig { max_record_bytes: ByteSize(10), ..StdinConfig::default() };
        let source = StdinSource::of(reader, "pipe", &BTreeMap::new(), &config, &how);
        (writer, source, woken)
    }

    #[test]
    fn what_was_not_taken_comes_again_and_idles_once() {
        use std::io::Write;
        let (mut writer, mut source, woken) = pieces();
        let at = |millis| Timestamp::from_millisecond(millis).unwrap();
        writer.write_all(b"whole\nhalf").unwrap();
        woken.recv().unwrap();
        assert_eq!(source.read(at(0)).unwrap().unwrap().bytes, b"whole\nhalf");
        source.advance(6, Framing { line: 1, ..Framing::default() });
        assert!(source.read(at(400)).unwrap().is_none());

        let batch = source.read(at(500)).unwrap().unwrap();
        assert_eq!((batch.bytes, batch.end, batch.offset), (&b"half"[..], End::Idle, 6));
        assert_eq!(batch.framing.line, 1);
        source.advance(0, Framing::default());
        assert!(source.read(at(9000)).unwrap().is_none(), "it idles once");

        writer.write_all(b" more").unwrap();
        woken.recv().unwrap();
        let batch = source.read(at(9001)).unwrap().unwrap();
        assert_eq!((batch.bytes, batch.end, batch.full), (&b"half more"[..], End::More, false));
    }

    #[test]
    fn an_endless_event_does_not_fill_the_memory() {
        let endless = std::io::repeat(b'x');
        let (waker, woken) = channel();
        let wake: Waker = Arc::new(move || waker.send(()).unwrap_or(()));
        let how = Opening { wake: Some(wake), ..Opening::default() };
        let config = StdinConfig { max_record_bytes: ByteSize(10), ..StdinConfig::default() };
        let mut source = StdinSource::of(endless, "pipe", &BTreeMap::new(), &config, &how);
        for _ in 0..20 {
            woken.recv().unwrap();
            if let Some(batch) = source.read(Timestamp::UNIX_EPOCH).unwrap() {
                assert!(batch.bytes.len() < 10 + SLACK + PIECE);
                source.advance(0, Framing::default());
            }
        }
    }
}
