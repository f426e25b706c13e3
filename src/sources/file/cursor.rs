//! A place of its own in an open file.
//!
//! The handles that a file was cloned into share one place, and on Windows a read at an offset
//! moves it too. Who reads on from where it stopped must not be moved by others.

use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;

use crate::sources::file::identity;

/// Reads a file from its beginning, wherever the file itself stands.
pub(super) struct FileCursor {
    file: File,
    at: u64,
}

impl FileCursor {
    pub(super) fn new(file: File) -> Self {
        Self { file, at: 0 }
    }

    /// Another place in the same file, the same at first.
    pub(super) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { file: self.file.try_clone()?, at: self.at })
    }
}

impl Read for FileCursor {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = identity::read_at(&self.file, buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for FileCursor {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.file.metadata()?.len().checked_add_signed(by),
        };
        self.at = place.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_else_moves_it() {
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, b"abcdef").unwrap();
        let mut cursor = FileCursor::new(file.try_clone().unwrap());
        check(&mut cursor, "ab");
        file.seek(SeekFrom::Start(5)).unwrap();
        identity::head(&file).unwrap();
        check(&mut cursor, "cd");
        cursor.seek(SeekFrom::Current(-1)).unwrap();
        check(&mut cursor, "de");
        cursor.seek(SeekFrom::End(-2)).unwrap();
        check(&mut cursor, "ef");
        assert!(cursor.seek(SeekFrom::Current(-7)).is_err());
    }

    #[track_caller]
    fn check(cursor: &mut FileCursor, expected: &str) {
        let mut read = vec![0; expected.len()];
        cursor.read_exact(&mut read).unwrap();
        assert_eq!(read, expected.as_bytes());
    }
}
