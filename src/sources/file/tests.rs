//! What following files promises, with real files and a clock that is told the time.

mod encodings;
mod evtx;
mod lives;
mod matrix;
mod reading;
mod rotation;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;

use crate::model::batch::Batch;
use crate::model::batch::End;
use crate::model::batch::Framing;
use crate::model::changes::Changes;
use crate::model::checkpoint::Checkpoint;
use crate::sources::Opening;
use crate::sources::Source;
use crate::sources::file::FileSource;
use crate::sources::file::config::FileConfig;

/// A folder of logs, a source that follows it, and a pipeline that takes whole lines.
struct Bench {
    dir: tempfile::TempDir,
    config: FileConfig,
    once: bool,
    source: Option<FileSource>,
    /// What a store would hold.
    checkpoints: BTreeMap<String, Checkpoint>,
    millis: i64,
    /// What was taken: the name of the file, and the text.
    taken: Vec<(String, String)>,
    /// What is being taken.
    held: Option<Held>,
}

/// A batch of which the pipeline has not said yet what it took.
struct Held {
    name: String,
    text: String,
    taken: usize,
    framing: Framing,
}

impl Bench {
    /// Follows `*.log*` in a folder of its own.
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut FileConfig)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let include = vec![dir.path().join("*.log*").display().to_string()];
        let mut config = FileConfig { include, ..FileConfig::default() };
        change(&mut config);
        Self {
            dir,
            config,
            once: false,
            source: None,
            checkpoints: BTreeMap::new(),
            millis: 1_770_000_000_000,
            taken: Vec::new(),
            held: None,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.millis).unwrap()
    }

    fn source(&mut self) -> &mut FileSource {
        self.source.get_or_insert_with(|| {
            let checkpoints: Vec<_> = self.checkpoints.values().cloned().collect();
            let how = Opening { checkpoints: &checkpoints, once: self.once, ..Opening::default() };
            FileSource::open("files", &BTreeMap::new(), &self.config, &how).unwrap()
        })
    }

    /// Half a second passes, and all that can be read is read and committed.
    fn poll(&mut self) {
        self.take_held();
        self.wait(500);
        let now = self.now();
        for _ in 0..10_000 {
            if !self.read(now) {
                return self.commit();
            }
        }
        panic!("the source never rests");
    }

    /// One batch is read, where there is one, and committed.
    fn step(&mut self) {
        self.wait(500);
        self.read(self.now());
        self.commit();
    }

    fn read(&mut self, now: Timestamp) -> bool {
        self.offer(now);
        self.take_held()
    }

    /// One batch is read, where there is one, and what is next happens while it is taken.
    fn hold(&mut self) {
        self.wait(500);
        self.take_held();
        self.commit();
        self.offer(self.now());
    }

    fn offer(&mut self, now: Timestamp) {
        let Some(batch) = self.source().read(now).unwrap() else { return };
        let (name, text, taken) = take(&batch);
        let framing = Framing { line: batch.framing.line + 1, ..batch.framing };
        self.held = Some(Held { name, text, taken, framing });
    }

    fn take_held(&mut self) -> bool {
        let Some(it) = self.held.take() else { return false };
        self.source().advance(it.taken, it.framing);
        self.taken.push((it.name, it.text));
        true
    }

    fn commit(&mut self) {
        let mut changes = Changes::default();
        self.source().checkpoints(&mut changes);
        for it in changes.checkpoints {
            self.checkpoints.insert(it.stream.clone(), it);
        }
        for (_, stream) in changes.forgotten {
            self.checkpoints.remove(&stream);
        }
    }

    fn restart(&mut self) {
        (self.source, self.held) = (None, None);
    }

    fn wait(&mut self, millis: i64) {
        self.millis += millis;
    }

    fn append(&self, name: &str, text: &[u8]) {
        let file = fs::File::options().create(true).append(true).open(self.path(name));
        file.unwrap().write_all(text).unwrap();
    }

    /// All that was taken since this was asked last, as one text with blanks for line ends.
    fn told(&mut self) -> String {
        let text: String = self.taken.drain(..).map(|it| it.1).collect();
        text.lines().map(|it| it.trim_end_matches('.')).collect::<Vec<_>>().join(" ")
    }
}

/// What a pipeline takes of a batch: whole lines, and all when nothing more will come.
fn take(batch: &Batch<'_>) -> (String, String, usize) {
    let lines = batch.bytes.iter().rposition(|it| *it == b'\n').map_or(0, |it| it + 1);
    let all = batch.full && lines == 0 || batch.end != End::More;
    let taken = if all { batch.bytes.len() } else { lines };
    let name = Path::new(batch.path).file_name().unwrap_or_default().to_string_lossy();
    (name.into_owned(), String::from_utf8_lossy(&batch.bytes[..taken]).into_owned(), taken)
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let packing = match bytes.len() {
            0..100 => zip::CompressionMethod::Stored,
            _ => zip::CompressionMethod::Deflated,
        };
        let options = zip::write::SimpleFileOptions::default().compression_method(packing);
        match name.strip_suffix('/') {
            Some(folder) => writer.add_directory(folder, options).unwrap(),
            None => {
                writer.start_file(*name, options).unwrap();
                writer.write_all(bytes).unwrap();
            }
        }
    }
    writer.finish().unwrap().into_inner()
}
