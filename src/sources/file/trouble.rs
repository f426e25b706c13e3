//! What is wrong with which path, told once.
//!
//! A path that cannot be read is looked at again and again; it is logged when its trouble
//! begins, changes or ends, and stands in the status as long as it lasts.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;

/// Paths with trouble that are kept; more help nobody.
const LIMIT: usize = 200;

/// What is wrong with which path.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    source: String,
    by_path: BTreeMap<String, Trouble>,
}

#[derive(Debug, Default)]
struct Trouble {
    error: String,
    /// True when it was met in reading: then only reading, not finding, ends it.
    reading: bool,
    /// True when it was met in this look.
    fresh: bool,
    /// True when nobody knows what is there, rather than that nothing is.
    blind: bool,
    /// True when something is there that is not read.
    unread: bool,
    /// True when it lasts as long as the file does.
    lasting: bool,
}

impl Troubles {
    pub(super) fn new(source: &str) -> Self {
        Self { source: source.to_owned(), by_path: BTreeMap::new() }
    }

    /// `path` cannot be found now.
    pub(super) fn note(&mut self, path: &Path, error: &dyn Display) {
        self.insert(path, error, Trouble::default());
    }

    /// `path` was found and cannot be opened now.
    pub(super) fn note_closed(&mut self, path: &Path, error: &dyn Display) {
        self.insert(path, error, Trouble { unread: true, ..Trouble::default() });
    }

    /// What is at `path` and below cannot be told now.
    pub(super) fn note_blind(&mut self, path: &Path, error: &dyn Display) {
        self.insert(path, error, Trouble { blind: true, unread: true, ..Trouble::default() });
    }

    /// True when what is at `path` could not be told in this look.
    pub(super) fn is_blind_for(&self, path: &Path) -> bool {
        self.by_path.iter().any(|(blind, it)| it.fresh && it.blind && path.starts_with(blind))
    }

    /// `path` was found and cannot be read.
    pub(super) fn note_reading(&mut self, path: &Path, error: &dyn Display) {
        self.insert(path, error, Trouble { reading: true, unread: true, ..Trouble::default() });
    }

    /// `path` was read as far as that goes.
    pub(super) fn note_damage(&mut self, path: &Path, error: &dyn Display) {
        self.insert(path, error, Trouble { reading: true, lasting: true, ..Trouble::default() });
    }

    fn insert(&mut self, path: &Path, error: &dyn Display, kind: Trouble) {
        let (path, error) = (path.display().to_string(), error.to_string());
        if self.by_path.len() >= LIMIT && !self.by_path.contains_key(&path) {
            return;
        }
        if self.by_path.get(&path).is_none_or(|it| it.error != error) {
            tracing::warn!(source = self.source, path, error, "cannot read; will try again");
        }
        self.by_path.insert(path, Trouble { error, fresh: true, ..kind });
    }

    /// `path` can be read.
    pub(super) fn end_reading(&mut self, path: &Path) {
        if self.by_path.is_empty() {
            return;
        }
        let path = path.display().to_string();
        if self.by_path.get(&path).is_some_and(|it| !it.lasting) {
            self.end(&path);
        }
    }

    /// All is well with `path`, or it is gone.
    pub(super) fn clear(&mut self, path: &Path) {
        if !self.by_path.is_empty() {
            self.end(&path.display().to_string());
        }
    }

    fn end(&mut self, path: &str) {
        if self.by_path.remove(path).is_some() {
            tracing::info!(source = self.source, path, "can be read again, or is gone");
        }
    }

    /// A look at all paths begins.
    pub(super) fn begin_look(&mut self) {
        self.by_path.values_mut().for_each(|it| it.fresh = false);
    }

    /// A look at all paths is over, and with it what was not noted in it.
    pub(super) fn end_look(&mut self) {
        let over = self.by_path.iter().filter(|(_, it)| !it.fresh && !it.reading);
        let over: Vec<_> = over.map(|(path, _)| path.clone()).collect();
        over.iter().for_each(|path| self.end(path));
    }

    /// Whether something is there that cannot be read.
    pub(super) fn is_shut_out(&self) -> bool {
        self.by_path.values().any(|it| it.unread)
    }

    /// The troubles by path.
    pub(super) fn by_path(&self) -> BTreeMap<String, String> {
        self.by_path.iter().map(|(path, it)| (path.clone(), it.error.clone())).collect()
    }
}
