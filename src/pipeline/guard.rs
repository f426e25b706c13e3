//! A text that we fail on ends nothing: it is given up and counted, and all others are read.
//!
//! There should be no such text, and tests search for them. But whoever follows logs meets the
//! same bytes again after each restart, so that one line could keep it from all that follow.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What `work` gives; `None` where it panicked. Nothing that it may change outlives it, so
/// nothing is left half done: what it reads from is never written to.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
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
