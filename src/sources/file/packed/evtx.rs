//! Exported Windows event logs: `.evtx` files become the XML of their events.
//!
//! ```text
//! ElfFile␀… ElfChnk␀ **␀␀ …        one chunk of 64 KiB at a time
//! <?xml …?><Event xmlns="…">…</Event>
//! ```
//!
//! A chunk or an event that is damaged is passed over; how many there were is said at the
//! end, when all that could be read was.

use std::io;
use std::io::Read;
use std::sync::Arc;

use evtx::IntoIterChunks;
use evtx::{EvtxParser, ParserSettings};

use crate::sources::file::cursor::FileCursor;

/// True when a file that begins so is an event log.
pub(super) fn is_event_log(head: &[u8]) -> bool {
    head.starts_with(b"ElfFile\0")
}

/// The events of a file as text.
pub(super) struct Events {
    chunks: IntoIterChunks<FileCursor>,
    settings: Arc<ParserSettings>,
    /// The events of one chunk, of which the first `given` bytes were read.
    text: Vec<u8>,
    given: usize,
    damaged: u64,
}

impl Events {
    /// Begins to read `file`.
    pub(super) fn open(file: FileCursor) -> io::Result<Self> {
        let settings = ParserSettings::new().indent(false);
        let parser = EvtxParser::from_read_seek(file).map_err(invalid)?;
        let chunks = parser.with_configuration(settings.clone()).into_chunks();
        Ok(Self { chunks, settings: Arc::new(settings), text: Vec::new(), given: 0, damaged: 0 })
    }

    /// Renders the next chunk that holds events; false when there is none.
    fn next_chunk(&mut self) -> bool {
        self.text.clear();
        self.given = 0;
        while self.text.is_empty() {
            let Some(chunk) = self.chunks.next() else { return false };
            self.damaged += chunk.map_or(1, |chunk| self.render(chunk));
        }
        true
    }

    /// Renders a chunk; says how many of its events are damaged.
    fn render(&mut self, mut chunk: evtx::EvtxChunkData) -> u64 {
        let Ok(mut chunk) = chunk.parse(Arc::clone(&self.settings)) else { return 1 };
        let mut damaged = 0;
        for record in chunk.iter() {
            match record.and_then(evtx::EvtxRecord::into_xml_bytes) {
                Ok(record) => {
                    self.text.extend_from_slice(&record.data);
                    self.text.push(b'\n');
                }
                Err(_) => damaged += 1,
            }
        }
        damaged
    }
}

impl Read for Events {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.text.len() && !self.next_chunk() {
            return match std::mem::take(&mut self.damaged) {
                0 => Ok(0),
                damaged => Err(invalid(format!(
                    "{damaged} damaged parts of the event log were passed over; \
                     export it once more to have them"
                ))),
            };
        }
        let length = buffer.len().min(self.text.len() - self.given);
        buffer[..length].copy_from_slice(&self.text[self.given..self.given + length]);
        self.given += length;
        Ok(length)
    }
}

fn invalid(error: impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}
