//! Which files there are: globs, files and folders to paths.
//!
//! A pattern is walked from its longest part without a wildcard. What cannot be listed is
//! noted, and the rest goes on.

use std::fs::Metadata;
use std::io;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use globset::Glob;
use globset::GlobBuilder;
use globset::GlobMatcher;
use globset::GlobSet;
use globset::GlobSetBuilder;
use walkdir::DirEntry;
use walkdir::WalkDir;

use crate::sources::SourceError;
use crate::sources::file::config::FileConfig;
use crate::sources::file::identity;
use crate::sources::file::identity::FileId;
use crate::sources::file::trouble::Troubles;

/// Formats that are no text; `scan` reads them, a source does not.
const BINARY: [&str; 8] = ["7z", "bz2", "cab", "etl", "rar", "tar", "xz", "zst"];

/// Folders within folders that are entered; a loop of links ends here at the latest.
const DEPTH: usize = 64;

/// Finds the files of one source.
#[derive(Debug)]
pub(super) struct Finder {
    includes: Vec<Include>,
    exclude: GlobSet,
    state_dir: Option<PathBuf>,
}

/// One entry of `include`.
#[derive(Debug)]
struct Include {
    written: String,
    base: PathBuf,
    /// `None` where the entry names a file or folder as it is.
    pattern: Option<GlobMatcher>,
}

/// A file that was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) id: FileId,
    pub(super) metadata: Metadata,
}

impl Finder {
    /// Compiles the patterns.
    pub(super) fn new(config: &FileConfig, state_dir: Option<&Path>) -> Result<Self, SourceError> {
        Ok(Self {
            includes: config.include.iter().map(|it| include(it)).collect::<Result<_, _>>()?,
            exclude: exclude(&config.exclude)?,
            state_dir: state_dir.and_then(|it| it.canonicalize().ok()),
        })
    }

    /// The folders in which files come and go, and whether those below count too.
    pub(super) fn folders(&self) -> Vec<(PathBuf, bool)> {
        let folder = |it: &Include| match it.base.is_dir() {
            true => (it.base.clone(), it.pattern.as_ref().is_none_or(is_deep)),
            false => (parent(&it.base), false),
        };
        self.includes.iter().map(folder).collect()
    }

    /// All files that are there now.
    pub(super) fn find(&self, troubles: &mut Troubles) -> Vec<Found> {
        let mut found = Vec::new();
        for include in &self.includes {
            self.find_by(include, &mut found, troubles);
        }
        found
    }

    fn find_by(&self, include: &Include, found: &mut Vec<Found>, troubles: &mut Troubles) {
        let (base, pattern) = self.as_it_stands(include);
        let walk = WalkDir::new(base)
            .follow_links(true)
            .max_depth(DEPTH)
            .into_iter()
            .filter_entry(|it| self.enters(it));
        for entry in walk {
            match entry {
                Ok(it) if it.file_type().is_dir() => {}
                Ok(it) => self.take(&it, pattern, found, troubles),
                Err(error) => note(&error, base, troubles),
            }
        }
    }

    /// A file may have a name that looks like a pattern.
    fn as_it_stands<'a>(&self, it: &'a Include) -> (&'a Path, Option<&'a GlobMatcher>) {
        let written = Path::new(&it.written);
        if it.pattern.is_some() && written.exists() {
            return (written, None);
        }
        (&it.base, it.pattern.as_ref())
    }

    fn enters(&self, entry: &DirEntry) -> bool {
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if entry.depth() == 0 || hidden || !entry.file_type().is_dir() {
            return entry.depth() == 0 || !hidden;
        }
        !self.is_state_dir(entry.path())
    }

    fn is_state_dir(&self, folder: &Path) -> bool {
        self.state_dir.as_ref().is_some_and(|state| {
            state.file_name() == folder.file_name()
                && folder.canonicalize().is_ok_and(|it| it == *state)
        })
    }

    fn take(
        &self,
        entry: &DirEntry,
        pattern: Option<&GlobMatcher>,
        found: &mut Vec<Found>,
        troubles: &mut Troubles,
    ) {
        let path = entry.path().strip_prefix(".").unwrap_or(entry.path());
        if pattern.is_some_and(|it| !it.is_match(path)) || self.leaves_out(entry, path) {
            return;
        }
        if is_binary(path) {
            // A folder may hold such files; one that was named is a mistake.
            if entry.depth() == 0 {
                troubles.note(
                    path,
                    &"not a text; a source reads text files, `.gz`, `.zip` and `.evtx`",
                );
            }
            return;
        }
        match identity::look(path) {
            Ok((id, metadata)) if metadata.is_file() => {
                found.push(Found { path: path.to_owned(), id, metadata });
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => troubles.note_blind(path, &error),
        }
    }

    fn leaves_out(&self, entry: &DirEntry, path: &Path) -> bool {
        self.exclude.is_match(path) || self.exclude.is_match(entry.file_name())
    }
}

fn is_binary(path: &Path) -> bool {
    let extension = path.extension().and_then(|it| it.to_str()).unwrap_or_default();
    BINARY.iter().any(|it| it.eq_ignore_ascii_case(extension))
}

/// A file that vanishes while we walk is no trouble; a base that is missing is one. On any
/// other error nobody knows what is there, and what we knew is not taken for gone.
fn note(error: &walkdir::Error, base: &Path, troubles: &mut Troubles) {
    let kind = error.io_error().map(io::Error::kind);
    if kind == Some(io::ErrorKind::NotFound) && error.depth() > 0 {
        return;
    }
    let path = error.path().unwrap_or(base);
    match error.io_error() {
        Some(source) if kind == Some(io::ErrorKind::NotFound) => troubles.note(path, source),
        Some(source) => troubles.note_blind(path, source),
        None => troubles.note(path, error),
    }
}

fn include(written: &str) -> Result<Include, SourceError> {
    let plain =
        Path::new(written).components().take_while(|it| !has_wildcard(*it)).collect::<PathBuf>();
    let base = if plain.as_os_str().is_empty() { PathBuf::from(".") } else { plain.clone() };
    let whole = Path::new(written).components().count() == plain.components().count();
    let pattern = if whole { None } else { Some(glob(written)?.compile_matcher()) };
    Ok(Include { written: written.to_owned(), base, pattern })
}

fn has_wildcard(component: Component<'_>) -> bool {
    let Component::Normal(name) = component else { return false };
    name.as_encoded_bytes().iter().any(|it| b"*?[{".contains(it))
}

fn glob(pattern: &str) -> Result<Glob, SourceError> {
    let normal = pattern.strip_prefix("./").unwrap_or(pattern);
    GlobBuilder::new(normal)
        .literal_separator(true)
        .build()
        .map_err(|source| SourceError::Glob { pattern: pattern.to_owned(), source })
}

fn exclude(patterns: &[String]) -> Result<GlobSet, SourceError> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(glob(pattern)?);
    }
    set.build().map_err(|source| SourceError::Glob { pattern: patterns.join(", "), source })
}

/// True when a pattern reaches into folders below its base.
fn is_deep(pattern: &GlobMatcher) -> bool {
    let glob = pattern.glob().glob();
    let first = glob.find(['*', '?', '[', '{']).unwrap_or(glob.len());
    glob[first..].contains(['/', '\\']) || glob.contains("**")
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(it) if !it.as_os_str().is_empty() => it.to_owned(),
        _ => PathBuf::from("."),
    }
}
