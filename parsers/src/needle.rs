//! Words that are looked for in every text, made ready once.
//!
//! To make a searcher ready costs as much as to look through a kilobyte with it, and most
//! texts are about that long.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// A searcher for a fixed word: `needle!("ErrorCode")`.
macro_rules! needle {
    ($word:expr) => {{
        static READY: std::sync::LazyLock<memchr::memmem::Finder<'static>> =
            std::sync::LazyLock::new(|| memchr::memmem::Finder::new($word));
        &*READY
    }};
}

pub(crate) use needle;

/// Searchers for a few words that mean the same.
pub(crate) struct Needles<const N: usize>(LazyLock<[Finder<'static>; N]>);

impl<const N: usize> Needles<N> {
    /// Made ready by `make`, which names the words: `Needles::new(|| needles(["a", "b"]))`.
    pub(crate) const fn new(make: fn() -> [Finder<'static>; N]) -> Self {
        Self(LazyLock::new(make))
    }

    /// Whether a text holds one of them.
    pub(crate) fn any_in(&self, text: &str) -> bool {
        self.0.iter().any(|it| it.find(text.as_bytes()).is_some())
    }

    /// Behind the first of them, each looked for in turn, whose rest is `wanted`.
    pub(crate) fn behind(&self, text: &str, wanted: impl Fn(&str) -> bool) -> Option<usize> {
        self.0.iter().find_map(|it| {
            let end = it.find(text.as_bytes())? + it.needle().len();
            text.get(end..).is_some_and(&wanted).then_some(end)
        })
    }
}

/// Searchers for these words.
pub(crate) fn needles<const N: usize>(words: [&'static str; N]) -> [Finder<'static>; N] {
    words.map(Finder::new)
}
