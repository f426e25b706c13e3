//! Files of which nothing was read yet, found by how a copy of one would be named.

use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;

use crate::sources::file::Number;

/// Files of which nothing was read yet: by their folder and the stem of their name, each with
/// how it begins, as far as we know.
#[derive(Default)]
pub(super) struct Unread(HashMap<(PathBuf, Vec<u8>), Vec<Beginning>>);

/// A stream, and the first bytes of its file.
type Beginning = (Number, Vec<u8>);

impl Unread {
    /// Bytes of a beginning that are kept: enough for a time, which tells most logs apart.
    const HEAD: usize = 64;

    pub(super) fn add(&mut self, number: Number, path: &Path, head: &[u8]) {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let stem = path.file_stem().unwrap_or_default().as_encoded_bytes().to_owned();
        let head = head[..head.len().min(Self::HEAD)].to_owned();
        self.0.entry((folder, stem)).or_default().push((number, head));
    }

    /// Those whose name a copy at `path` may be made from, and that may begin like it.
    pub(super) fn kin(&self, path: &Path, head: &[u8]) -> impl Iterator<Item = Number> {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        let stems = (1..=name.len()).map(move |end| (folder.clone(), name[..end].to_owned()));
        let kin = stems.filter_map(|stem| self.0.get(&stem)).flatten();
        kin.filter(|(_, known)| {
            let length = known.len().min(head.len());
            known[..length] == head[..length]
        })
        .map(|(number, _)| *number)
    }
}
