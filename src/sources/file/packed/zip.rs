//! Zip archives: each file in one is a text of its own.
//!
//! ```text
//! PK␃␄ name data … PK␁␂ directory        the directory at the end says where each file begins
//! ```
//!
//! A file that cannot be read (it is encrypted, packed in a way that is not known here, or an
//! archive itself) is passed over and named; those beside it are read.

use std::borrow::Cow;
use std::io;
use std::io::{BufReader, Chain, Cursor, Read, Seek, SeekFrom};

use flate2::CrcReader;
use flate2::read::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use crate::sources::file::cursor::FileCursor;
use crate::sources::file::packed::{Texts, evtx, is_gzip};

/// The most files of one archive that are read.
const MOST: usize = 10_000;

/// True when a file that begins so is an archive.
pub(super) fn is_archive(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

/// A file in an archive.
struct Member {
    name: String,
    begin: u64,
    packed: u64,
    deflated: bool,
    crc: u32,
}

/// What is read of a file: its first bytes, which were looked at, and the others.
type Text = CrcReader<Chain<Cursor<Vec<u8>>, Box<dyn Read + Send>>>;

/// The files of an archive.
pub(super) struct Archive {
    file: FileCursor,
    /// The next ones, the last first.
    members: Vec<Member>,
    now: Option<(Member, Text)>,
    /// What could not be read, and is still to be said.
    refused: Vec<String>,
}

impl Archive {
    /// Reads the directory of an archive.
    pub(super) fn open(file: FileCursor) -> io::Result<Self> {
        let mut archive = ZipArchive::new(BufReader::new(file.try_clone()?))?;
        let (mut members, mut refused) = (Vec::new(), Vec::new());
        for index in 0..archive.len().min(MOST) {
            match member(&mut archive, index) {
                Ok(it) => members.extend(it),
                Err(why) => refused.push(why),
            }
        }
        if archive.len() > MOST {
            refused.push(format!("it holds more than {MOST} files"));
        }
        members.reverse();
        let mut this = Self { file, members, now: None, refused };
        this.next();
        Ok(this)
    }

    /// Opens a file of the archive.
    fn enter(&mut self, member: &Member) -> io::Result<Text> {
        self.file.seek(SeekFrom::Start(member.begin))?;
        let packed = BufReader::new(self.file.try_clone()?.take(member.packed));
        let mut text: Box<dyn Read + Send> = match member.deflated {
            true => Box::new(DeflateDecoder::new(packed)),
            false => Box::new(packed),
        };
        let mut head = Vec::new();
        text.by_ref().take(8).read_to_end(&mut head)?;
        if is_archive(&head) || is_gzip(&head) || evtx::is_event_log(&head) {
            return Err(io::Error::other("is packed once more; unpack the archive to have it"));
        }
        Ok(CrcReader::new(Cursor::new(head).chain(text)))
    }

    /// The end of a file: what was wrong with it, or with those that were passed over.
    fn end(&mut self) -> io::Result<usize> {
        if let Some((member, text)) = &self.now
            && text.crc().sum() != member.crc
        {
            let name = member.name.clone();
            self.now = None;
            return Err(io::Error::other(format!(
                "`{name}` in it has other content than it should"
            )));
        }
        match self.members.is_empty() && !self.refused.is_empty() {
            true => Err(io::Error::other(std::mem::take(&mut self.refused).join("; "))),
            false => Ok(0),
        }
    }
}

impl Read for Archive {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some((member, text)) = &mut self.now else { return self.end() };
        match text.read(buffer) {
            Ok(0) => self.end(),
            Ok(read) => Ok(read),
            Err(error) => {
                let error = io::Error::other(format!("`{}` in it: {error}", member.name));
                self.now = None;
                Err(error)
            }
        }
    }
}

impl Texts for Archive {
    fn next(&mut self) -> bool {
        while let Some(member) = self.members.pop() {
            match self.enter(&member) {
                Ok(text) => {
                    self.now = Some((member, text));
                    return true;
                }
                Err(error) => self.refused.push(format!("`{}` {error}", member.name)),
            }
        }
        self.now = None;
        false
    }
}

/// A file of the archive; none where it is a folder.
fn member<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    index: usize,
) -> Result<Option<Member>, String> {
    let file = archive.by_index_raw(index).map_err(|it| it.to_string())?;
    let name = file.name().map_or_else(|_| format!("file {index}"), Cow::into_owned);
    if file.encrypted() {
        return Err(format!("`{name}` is encrypted; unpack the archive to have it"));
    }
    let deflated = match file.compression() {
        CompressionMethod::Stored => false,
        CompressionMethod::Deflated => true,
        other => {
            return Err(format!("`{name}` is packed by {other}; unpack the archive to have it"));
        }
    };
    let (packed, crc) = (file.compressed_size(), file.crc32());
    let begin = file.data_start().ok_or_else(|| format!("`{name}` is not where it should be"))?;
    Ok(file.is_file().then_some(Member { name, begin, packed, deflated, crc }))
}
