//! Which file is this?
//!
//! A name says nothing after a rotation, and a number of the file system is given to
//! another file once it is free. So a file is the one we have read if its first bytes and
//! the bytes before our offset are still the same; its number only says where to look.
//!
//! ```text
//! ┌─ head: up to 1024 ─┐        ┌─ window: 256 ─┐
//! 2026-03-01 06:12:09 … … … … …  … Source=mscorlib│offset → not read yet
//! ```

#[cfg(windows)]
mod windows;

use std::fs::File;
use std::fs::Metadata;
use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

/// Bytes at the start of a file that tell it from others.
pub(super) const HEAD: usize = 1024;

/// Bytes before the offset that tell whether a file was rewritten.
pub(super) const WINDOW: usize = 256;

/// The file system's number of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct FileId {
    pub(super) device: u64,
    pub(super) inode: u64,
}

/// The hash of some bytes, and how many they were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::sources) struct Mark {
    pub(in crate::sources) bytes: u64,
    pub(in crate::sources) hash: u64,
}

impl Mark {
    /// The mark of all of `bytes`.
    pub(in crate::sources) fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.len() as u64, hash: xxh3_64(bytes) }
    }

    /// True when `bytes` begin with what was marked.
    pub(in crate::sources) fn begins(self, bytes: &[u8]) -> bool {
        let length = usize::try_from(self.bytes).unwrap_or(usize::MAX);
        bytes.get(..length).is_some_and(|it| xxh3_64(it) == self.hash)
    }

    /// The mark of the last bytes of `bytes`, which end at an offset.
    pub(super) fn window(bytes: &[u8]) -> Self {
        Self::of(&bytes[bytes.len().saturating_sub(WINDOW)..])
    }
}

/// What a checkpoint keeps of a file, as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Identity {
    /// Where it was seen last.
    pub(super) path: String,
    /// Its number.
    pub(super) id: FileId,
    /// True when its number belongs to other content now.
    pub(super) replaced: bool,
    pub(super) head: Mark,
    pub(super) window: Mark,
    /// How its characters are written, once that is known.
    pub(super) encoding: Option<String>,
    pub(super) compressed: bool,
    /// Of a compressed file that was read to its end: its size.
    pub(super) done: Option<u64>,
    /// Since when it is gone.
    pub(super) gone_since: Option<Timestamp>,
}

/// Number and metadata of the file at `path`, links followed.
#[cfg(unix)]
pub(super) fn look(path: &Path) -> io::Result<(FileId, Metadata)> {
    let metadata = std::fs::metadata(path)?;
    Ok((unix_id(&metadata), metadata))
}

/// Number and metadata of an open file.
#[cfg(unix)]
pub(super) fn look_at(file: &File) -> io::Result<(FileId, Metadata)> {
    let metadata = file.metadata()?;
    Ok((unix_id(&metadata), metadata))
}

#[cfg(unix)]
fn unix_id(metadata: &Metadata) -> FileId {
    use std::os::unix::fs::MetadataExt;
    FileId { device: metadata.dev(), inode: metadata.ino() }
}

/// Number and metadata of the file at `path`. It is opened, because a folder tells an old
/// size as long as the writer keeps the file open.
#[cfg(windows)]
pub(super) fn look(path: &Path) -> io::Result<(FileId, Metadata)> {
    if path.is_dir() {
        return Ok((FileId::default(), std::fs::metadata(path)?));
    }
    look_at(&File::open(path)?)
}

/// Number and metadata of an open file.
#[cfg(windows)]
pub(super) fn look_at(file: &File) -> io::Result<(FileId, Metadata)> {
    let known = winapi_util::file::information(file)?;
    let id = FileId { device: known.volume_serial_number(), inode: known.file_index() };
    Ok((id, file.metadata()?))
}

/// Whether the name of an open file is taken until we close it, though the file was deleted:
/// nowhere but on Windows.
#[cfg(unix)]
pub(super) fn blocks_its_name(_: &File) -> bool {
    false
}

#[cfg(windows)]
pub(super) use crate::sources::file::identity::windows::blocks_its_name;

/// Reads at `offset` until `buffer` is full or the file ends; says how much it read.
pub(super) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        match read_some(file, &mut buffer[read..], offset + read as u64) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

#[cfg(unix)]
fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

/// The first bytes of a file.
pub(super) fn head(file: &File) -> io::Result<Vec<u8>> {
    part(file, 0, HEAD)
}

/// The bytes before `offset`.
pub(super) fn before(file: &File, offset: u64) -> io::Result<Vec<u8>> {
    let start = offset.saturating_sub(WINDOW as u64);
    part(file, start, usize::try_from(offset - start).unwrap_or(WINDOW))
}

fn part(file: &File, offset: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let read = read_at(file, &mut bytes, offset)?;
    bytes.truncate(read);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_knows_the_bytes_it_was_made_of() {
        let mark = Mark::of(b"abc");
        check(mark, b"abc", true);
        check(mark, b"abcd", true);
        check(mark, b"ab", false);
        check(mark, b"abd", false);
        check(Mark::of(b""), b"x", true);
    }

    #[track_caller]
    fn check(mark: Mark, bytes: &[u8], expected: bool) {
        assert_eq!(mark.begins(bytes), expected);
    }

    #[test]
    fn an_identity_of_another_version_is_read_as_far_as_it_goes() {
        let read: Identity = serde_json::from_str(r#"{"path":"a.log","colour":"red"}"#).unwrap();
        assert_eq!(read, Identity { path: "a.log".to_owned(), ..Identity::default() });
    }
}
