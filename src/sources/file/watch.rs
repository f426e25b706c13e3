//! Lets the system wake us when something changes in a folder.
//!
//! It is a hint and nothing more: what a file holds is found by reading it, and a change
//! that nobody tells of is found at the next poll. So all that can go wrong here (no
//! watches left, a network share, a folder that comes later) is a warning.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use notify::Event;
use notify::EventKind;
use notify::RecursiveMode;
use notify::Watcher;

use crate::sources::Waker;

/// Watches the folders of one source as long as it lives.
pub(super) struct Watch {
    changed: Arc<AtomicBool>,
    watcher: Option<notify::RecommendedWatcher>,
    folders: Vec<PathBuf>,
}

impl Watch {
    /// A watch that calls `wake` when something changes. Without one it is only polled.
    pub(super) fn new(source: &str, wake: Option<Waker>) -> Self {
        let changed = Arc::new(AtomicBool::new(false));
        let watcher = wake.and_then(|wake| {
            let flag = Arc::clone(&changed);
            notify::recommended_watcher(move |event| on_event(event, &flag, &wake))
                .inspect_err(|error| warn(source, error))
                .ok()
        });
        Self { changed, watcher, folders: Vec::new() }
    }

    /// Watches `folders` too. One that cannot be watched now is tried no more.
    pub(super) fn follow(&mut self, source: &str, folders: Vec<(PathBuf, bool)>) {
        let Some(watcher) = &mut self.watcher else { return };
        for (folder, deep) in folders {
            if self.folders.contains(&folder) || !folder.is_dir() {
                continue;
            }
            let mode = if deep { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
            if let Err(error) = watcher.watch(&folder, mode) {
                warn(source, &error);
            }
            self.folders.push(folder);
        }
    }

    /// True when something changed since this was asked last.
    pub(super) fn take_changed(&self) -> bool {
        self.changed.swap(false, Ordering::AcqRel)
    }

    /// True when something changed that nobody has asked for yet.
    pub(super) fn has_changed(&self) -> bool {
        self.changed.load(Ordering::Acquire)
    }
}

/// Our own reading is told of too (opened, closed) and must not wake us. On an error the
/// queue of the system has overflowed, so something did change.
fn on_event(event: notify::Result<Event>, changed: &AtomicBool, wake: &Waker) {
    if matches!(event, Ok(Event { kind: EventKind::Access(_), .. })) {
        return;
    }
    if !changed.swap(true, Ordering::AcqRel) {
        wake();
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
    use notify::event::ModifyKind;

    use super::*;

    #[test]
    #[rustfmt::skip]
    fn changes_wake_us_once_and_our_own_reading_does_not() {
        let access = EventKind::Access(AccessKind::Any);
        let modify = EventKind::Modify(ModifyKind::Any);
        check(&[access],                                       (0, false));
        check(&[modify],                                       (1, true));
        check(&[EventKind::Create(CreateKind::Any), modify],   (1, true));
        check(&[EventKind::Any],                               (1, true));
    }

    #[track_caller]
    fn check(kinds: &[EventKind], expected: (u32, bool)) {
        let (changed, woken) = (AtomicBool::new(false), Arc::new(AtomicU32::new(0)));
        let count = Arc::clone(&woken);
        let wake: Waker = Arc::new(move || {
            count.fetch_add(1, Ordering::SeqCst);
        });
        for kind in kinds {
            on_event(Ok(Event::new(*kind)), &changed, &wake);
        }
        assert_eq!((woken.load(Ordering::SeqCst), changed.into_inner()), expected);
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
