//! A file that we have not met, and what of others it holds.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::sources::file::find::Found;
use crate::sources::file::identity;
use crate::sources::file::identity::HEAD;
use crate::sources::file::identity::Mark;
use crate::sources::file::packed;
use crate::sources::file::packed::Unpacker;
use crate::sources::file::stream::Stream;

/// A file that we have not met, opened.
pub(super) struct Stranger {
    pub(super) found: Found,
    pub(super) file: File,
    pub(super) size: u64,
    /// Its first bytes, unpacked.
    pub(super) head: Vec<u8>,
    pub(super) compressed: bool,
}

impl Stranger {
    pub(super) fn meet(found: Found) -> io::Result<Self> {
        let file = File::open(&found.path)?;
        let raw = identity::head(&file)?;
        let compressed = packed::is_compressed(&raw);
        let head = if compressed { packed::head(file.try_clone()?, HEAD)? } else { raw };
        let size = file.metadata()?.len();
        Ok(Self { found, file, size, head, compressed })
    }

    /// Whether content that is gone may have come back here. Content that was rewritten in
    /// place does not come back in that place, unless it is packed there, and a deleted file
    /// left its number to the packed one; and a short text at the same path under
    /// another number is more likely written again than moved.
    pub(super) fn may_be(&self, stream: &Stream) -> bool {
        if stream.replaced && stream.id == self.found.id && !self.compressed {
            return false;
        }
        let strong = stream.head.bytes >= HEAD as u64 || stream.id.inode == self.found.id.inode;
        strong || stream.path != self.found.path
    }

    /// True when this file holds what was read of `stream`: its head, and the window before
    /// its offset.
    pub(super) fn holds(&self, stream: &Stream) -> io::Result<bool> {
        if stream.head.bytes == 0 || !stream.head.begins(&self.head) {
            return Ok(false);
        }
        if !self.compressed {
            let before = identity::before(&self.file, stream.offset)?;
            return Ok(self.size >= stream.offset && stream.window == Mark::of(&before));
        }
        let mut unpacker = Unpacker::new(File::open(&self.found.path)?);
        unpacker.fill(stream.offset - stream.window.bytes, to_len(stream.window.bytes))?;
        Ok(stream.window.begins(&unpacker.kept))
    }

    /// True when all that is in this file stands in the file of `stream` too, as far as
    /// that is read.
    pub(super) fn copies(&self, stream: &Stream) -> io::Result<bool> {
        if self.size >= stream.offset || stream.head.bytes == 0 {
            return self.holds(stream);
        }
        let likely = match self.size < stream.head.bytes {
            true => is_kin(&self.found.path, &stream.path),
            false => stream.head.begins(&self.head),
        };
        if !likely {
            return Ok(false);
        }
        Ok(!stream.compressed && self.repeats(&stream.reopen()?))
    }

    /// True when another file begins with all that is in this one; of a packed one, with how
    /// it begins.
    pub(super) fn repeats(&self, original: &File) -> bool {
        let tail = |file: &File| identity::before(file, self.size).ok();
        identity::head(original).is_ok_and(|head| head.starts_with(&self.head))
            && (self.compressed || tail(original) == tail(&self.file))
    }
}

pub(super) fn to_len(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// True when a name is made from another: `app.log` and `app.log.1`, `app-2026.log`.
fn is_kin(copy: &Path, original: &Path) -> bool {
    let stem = original.file_stem().unwrap_or_default().as_encoded_bytes();
    let name = copy.file_name().unwrap_or_default().as_encoded_bytes();
    copy.parent() == original.parent() && name.starts_with(stem)
}
