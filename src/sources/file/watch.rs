//! Lets the system wake us when something changes in a folder.
//!
//! ```text
//! a file was written       its path is kept        one file is looked at
//! anything else, too many  the folder has changed  all files are looked for
//! ```
//!
//! It is a hint and nothing more: what a file holds is found by reading it, and a change
//! that nobody tells of is found at the next poll. So all that can go wrong here (no
//! watches left, a network share, a folder that comes later) is a warning, and a reason to
//! poll more often.

mod remote;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use notify::Event;
use notify::EventKind;
use notify::RecursiveMode;
use notify::Watcher;
use notify::event::ModifyKind;

use crate::sources::Waker;

/// Paths that are kept; with more the whole folder is looked at.
const WRITTEN: usize = 1_000;

/// Watches the folders of one source as long as it lives.
pub(super) struct Watch {
    told: Arc<Told>,
    watcher: Option<notify::RecommendedWatcher>,
    folders: Vec<PathBuf>,
    /// True when some folder cannot be watched, or only in part.
    blind: bool,
}

/// What the system has told of.
#[derive(Default)]
struct Told {
    changed: AtomicBool,
    written: Mutex<BTreeSet<PathBuf>>,
}

impl Watch {
    /// A watch that calls `wake` when something changes. Without one it is only polled.
    pub(super) fn new(source: &str, wake: Option<Waker>) -> Self {
        let told = Arc::new(Told::default());
        let watcher = wake.and_then(|wake| {
            let told = Arc::clone(&told);
            notify::recommended_watcher(move |event| on_event(event, &told, &wake))
                .inspect_err(|error| warn(source, error))
                .ok()
        });
        Self { told, blind: watcher.is_none(), watcher, folders: Vec::new() }
    }

    /// Watches `folders` too. One that cannot be watched now is tried no more.
    pub(super) fn follow(&mut self, source: &str, folders: Vec<(PathBuf, bool)>) {
        let Some(watcher) = &mut self.watcher else { return };
        for (folder, deep) in folders {
            if self.folders.contains(&folder) || !folder.is_dir() {
                continue;
            }
            self.blind |= remote::is_remote(&folder);
            let mode = if deep { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
            if let Err(error) = watcher.watch(&folder, mode) {
                warn(source, &error);
                self.blind = true;
            }
            self.folders.push(folder);
        }
    }

    /// True when something changed since this was asked last.
    pub(super) fn take_changed(&self) -> bool {
        self.told.changed.swap(false, Ordering::AcqRel)
    }

    /// The files that were written since this was asked last.
    pub(super) fn take_written(&self) -> BTreeSet<PathBuf> {
        std::mem::take(&mut self.told.written.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The folder must be looked at: something in it is not as we know it.
    pub(super) fn doubt(&self) {
        self.told.changed.store(true, Ordering::Release);
    }

    /// True when the system tells of changes in all folders.
    pub(super) fn sees_all(&self) -> bool {
        !self.blind
    }

    /// True when something changed that nobody has asked for yet.
    pub(super) fn has_changed(&self) -> bool {
        self.told.changed.load(Ordering::Acquire)
    }
}

/// Our own reading is told of too (opened, closed) and must not wake us. On an error the
/// queue of the system has overflowed, so something did change.
fn on_event(event: notify::Result<Event>, told: &Told, wake: &Waker) {
    let news = match event {
        Ok(Event { kind: EventKind::Access(_), .. }) => false,
        Ok(Event { kind: EventKind::Modify(ModifyKind::Data(_)), paths, .. }) => told.write(paths),
        _ => !told.changed.swap(true, Ordering::AcqRel),
    };
    if news {
        wake();
    }
}

impl Told {
    /// Keeps the paths of files that were written; true when that is news.
    fn write(&self, paths: Vec<PathBuf>) -> bool {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.len() + paths.len() > WRITTEN {
            return !self.changed.swap(true, Ordering::AcqRel);
        }
        let quiet = written.is_empty();
        written.extend(paths);
        quiet && !written.is_empty()
    }
}

fn warn(source: &str, error: &notify::Error) {
    tracing::warn!(source, %error, "cannot watch for changes; files are polled");
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::atomic::AtomicU32;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use notify::event::AccessKind;
    use notify::event::CreateKind;
    use notify::event::DataChange;

    use super::*;

    #[test]
    #[rustfmt::skip]
    fn changes_wake_us_once_and_our_own_reading_does_not() {
        let access = EventKind::Access(AccessKind::Any);
        let modify = EventKind::Modify(ModifyKind::Any);
        let written = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        // events                                              woken, the folder, files
        check(&[access],                                       (0, false, 0));
        check(&[modify],                                       (1, true,  0));
        check(&[EventKind::Create(CreateKind::Any), modify],   (1, true,  0));
        check(&[EventKind::Any],                               (1, true,  0));
        check(&[written, written, access],                     (1, false, 1));
        check(&[written, modify],                              (2, true,  1));
        check(&[written; 2_000],                               (1, false, 1));
    }

    #[test]
    fn of_too_many_files_the_folder_is_told() {
        let (told, woken) = (Told::default(), Arc::new(AtomicU32::new(0)));
        let count = Arc::clone(&woken);
        let wake: Waker = Arc::new(move || {
            count.fetch_add(1, Ordering::SeqCst);
        });
        for file in 0..2 * WRITTEN {
            let kind = EventKind::Modify(ModifyKind::Data(DataChange::Any));
            on_event(Ok(Event::new(kind).add_path(format!("{file}.log").into())), &told, &wake);
        }
        assert!(told.changed.load(Ordering::SeqCst));
        assert_eq!(told.written.lock().unwrap().len(), WRITTEN);
        assert_eq!(woken.load(Ordering::SeqCst), 2);
    }

    #[track_caller]
    fn check(kinds: &[EventKind], expected: (u32, bool, usize)) {
        let (told, woken) = (Told::default(), Arc::new(AtomicU32::new(0)));
        let count = Arc::clone(&woken);
        let wake: Waker = Arc::new(move || {
            count.fetch_add(1, Ordering::SeqCst);
        });
        for kind in kinds {
            on_event(Ok(Event::new(*kind).add_path("a.log".into())), &told, &wake);
        }
        let written = told.written.into_inner().unwrap().len();
        let told = (woken.load(Ordering::SeqCst), told.changed.into_inner(), written);
        assert_eq!(told, expected);
    }

    #[test]
    fn a_file_that_is_written_wakes_us() {
        let dir = tempfile::tempdir().unwrap();
        let (sender, woken) = channel();
        let wake: Waker = Arc::new(move || sender.send(()).unwrap_or(()));
        let mut watch = Watch::new("files", Some(wake));
        watch.follow("files", vec![("/no/such".into(), true), (dir.path().to_owned(), true)]);
        assert!(!watch.take_changed());
        fs::write(dir.path().join("a.log"), "one\n").unwrap();
        woken.recv_timeout(Duration::from_secs(20)).unwrap();
        assert!(watch.has_changed() && watch.take_changed());
    }
}
