//! A text that we fail on ends nothing: it is given up and counted, and all others are read.
//!
//! There should be no such text, and tests search for them. But whoever follows logs meets the
//! same bytes again after each restart, so that one line could keep it from all that follow.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// What `work` gives; `None` where it panicked. It must change nothing that outlives it but what
/// is made anew each time, as the buffers that a thread judges with: those may be left half done.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    let before = GUARDED.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work)).ok();
    GUARDED.set(before);
    done
}

/// Whether a panic of this thread costs no more than the text that it works on.
pub(crate) fn is_guarded() -> bool {
    GUARDED.get()
}

/// Fails on texts that tests mark so, as there are no others that we know.
#[cfg(test)]
pub(super) fn stumble(text: &str, mark: &str) {
    assert!(!text.contains(mark), "a text that we fail on");
}

/// Marks of texts that cannot be read, and of those that can be read but not shown.
#[cfg(test)]
pub(super) const UNREADABLE: &str = "guard-test-unreadable";
#[cfg(test)]
pub(super) const UNSHOWN: &str = "guard-test-unshown";
