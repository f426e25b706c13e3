//! Reads a packed file from its beginning to its end: a compressed one, an archive, or an
//! event log.
//!
//! ```text
//! .gz    one text, of one or many members          .zip   a text for each file in it
//! .evtx  one text, the XML of its events
//! ```
//!
//! One cannot go back in it, so what the pipeline left is kept here, with the window before
//! it. Offsets count the unpacked bytes of all texts.

mod evtx;
mod zip;

use std::fs::File;
use std::io;
use std::io::BufReader;
use std::io::Read;

use flate2::bufread::MultiGzDecoder;

use crate::sources::file::cursor::FileCursor;
use crate::sources::file::identity;
use crate::sources::file::packed::evtx::Events;
use crate::sources::file::packed::zip::Archive;

/// Bytes that are unpacked in one go.
const PIECE: usize = 64 * 1024;

/// True when a file that begins so is packed.
pub(super) fn is_compressed(head: &[u8]) -> bool {
    is_gzip(head) || zip::is_archive(head) || evtx::is_event_log(head)
}

fn is_gzip(head: &[u8]) -> bool {
    head.starts_with(&[0x1F, 0x8B])
}

/// The texts of a packed file: one that is read to its end, and then the next.
trait Texts: Read + Send {
    /// Goes on to the next text; false when there is none.
    fn next(&mut self) -> bool {
        false
    }
}

impl<R: io::BufRead + Send> Texts for MultiGzDecoder<R> {}
impl Texts for Events {}
impl Texts for Refused {}

/// What gives the texts of a packed file; a file that it refuses is an error when it is read.
fn texts(file: File) -> Box<dyn Texts> {
    let head = identity::head(&file).unwrap_or_default();
    let file = FileCursor::new(file);
    let opened: io::Result<Box<dyn Texts>> = match () {
        () if evtx::is_event_log(&head) => Events::open(file).map(|it| Box::new(it) as _),
        () if zip::is_archive(&head) => Archive::open(file).map(|it| Box::new(it) as _),
        () => Ok(Box::new(MultiGzDecoder::new(BufReader::new(file)))),
    };
    opened.unwrap_or_else(|error| Box::new(Refused(Some(error))))
}

/// A file of which nothing can be read.
struct Refused(Option<io::Error>);

impl Read for Refused {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// An open packed file.
pub(super) struct Unpacker {
    texts: Box<dyn Texts>,
    /// Unpacked bytes, of which the first stands at `start`.
    pub(super) kept: Vec<u8>,
    start: u64,
    /// True when nothing of this text comes behind `kept`.
    pub(super) ended: bool,
}

impl Unpacker {
    /// Begins to unpack `file`.
    pub(super) fn new(file: File) -> Self {
        Self { texts: texts(file), kept: Vec::new(), start: 0, ended: false }
    }

    /// Unpacks until `kept` begins at `from` and holds `length` bytes, or the text ends.
    pub(super) fn fill(&mut self, from: u64, length: usize) -> io::Result<()> {
        while self.start < from {
            let passed = usize::try_from(from - self.start).unwrap_or(usize::MAX);
            let passed = passed.min(self.kept.len());
            self.kept.drain(..passed);
            self.start += passed as u64;
            if self.start < from && !self.unpack()? && !self.next() {
                break;
            }
        }
        while self.kept.len() < length && self.unpack()? {}
        Ok(())
    }

    /// Goes on to the next text, when this one is taken; false when there is none.
    pub(super) fn next(&mut self) -> bool {
        self.ended = !self.texts.next();
        !self.ended
    }

    /// Unpacks one piece; false at the end. A damaged file ends where it is damaged.
    fn unpack(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        let before = self.kept.len();
        self.kept.resize(before + PIECE, 0);
        let read = self.texts.read(&mut self.kept[before..]);
        self.kept.truncate(before + *read.as_ref().unwrap_or(&0));
        self.ended = !matches!(read, Ok(1..));
        read.map(|_| !self.ended)
    }
}

/// The first `length` bytes of a packed file, unpacked.
pub(super) fn head(file: File, length: usize) -> io::Result<Vec<u8>> {
    let mut unpacker = Unpacker::new(file);
    let damage = unpacker.fill(0, length).err();
    if let Some(damage) = damage.filter(|_| unpacker.kept.is_empty()) {
        return Err(damage);
    }
    unpacker.kept.truncate(length);
    Ok(unpacker.kept)
}
