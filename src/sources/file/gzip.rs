//! Reads a packed file from its beginning to its end: a compressed one, or an event log.
//!
//! One cannot go back in it, so what the pipeline left is kept here, with the window before
//! it. Members that were written one behind the other (a log that was compressed in pieces)
//! are read as one.

use std::fs::File;
use std::io;
use std::io::BufReader;
use std::io::Read;

use flate2::bufread::MultiGzDecoder;

use crate::sources::file::cursor::Cursor;
use crate::sources::file::evtx;
use crate::sources::file::evtx::Events;
use crate::sources::file::identity;

/// Bytes that are unpacked in one go.
const PIECE: usize = 64 * 1024;

/// True when a file that begins so is packed.
pub(super) fn is_compressed(head: &[u8]) -> bool {
    head.starts_with(&[0x1F, 0x8B]) || evtx::is_event_log(head)
}

/// What gives the text of a packed file; a file that it refuses is an error when it is read.
fn decoder(file: File) -> Box<dyn Read + Send> {
    let event_log = identity::head(&file).is_ok_and(|head| evtx::is_event_log(&head));
    let file = Cursor::new(file);
    if !event_log {
        return Box::new(MultiGzDecoder::new(BufReader::new(file)));
    }
    match Events::open(file) {
        Ok(events) => Box::new(events),
        Err(error) => Box::new(Refused(Some(error))),
    }
}

/// A file of which nothing can be read.
struct Refused(Option<io::Error>);

impl Read for Refused {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// An open compressed file.
pub(super) struct Unpacker {
    decoder: Box<dyn Read + Send>,
    /// Unpacked bytes, of which the first stands at `start`.
    pub(super) kept: Vec<u8>,
    start: u64,
    /// True when nothing comes behind `kept`.
    pub(super) ended: bool,
}

impl Unpacker {
    /// Begins to unpack `file`.
    pub(super) fn new(file: File) -> Self {
        Self { decoder: decoder(file), kept: Vec::new(), start: 0, ended: false }
    }

    /// Unpacks until `kept` begins at `from` and holds `length` bytes, or the file ends.
    pub(super) fn fill(&mut self, from: u64, length: usize) -> io::Result<()> {
        while self.start < from {
            let passed = usize::try_from(from - self.start).unwrap_or(usize::MAX);
            let passed = passed.min(self.kept.len());
            self.kept.drain(..passed);
            self.start += passed as u64;
            if self.start < from && !self.unpack()? {
                break;
            }
        }
        while self.kept.len() < length && self.unpack()? {}
        Ok(())
    }

    /// Unpacks one piece; false at the end. A damaged file ends where it is damaged.
    fn unpack(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        let before = self.kept.len();
        self.kept.resize(before + PIECE, 0);
        let read = self.decoder.read(&mut self.kept[before..]);
        self.kept.truncate(before + *read.as_ref().unwrap_or(&0));
        self.ended = !matches!(read, Ok(1..));
        read.map(|_| !self.ended)
    }
}

/// The first `length` bytes of a compressed file, unpacked.
pub(super) fn head(file: File, length: usize) -> io::Result<Vec<u8>> {
    let mut unpacker = Unpacker::new(file);
    let damage = unpacker.fill(0, length).err();
    if let Some(damage) = damage.filter(|_| unpacker.kept.is_empty()) {
        return Err(damage);
    }
    unpacker.kept.truncate(length);
    Ok(unpacker.kept)
}
