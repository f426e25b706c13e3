//! Which rare words a body holds. Most hold none, and one look for all of them together tells.

use std::sync::LazyLock;

use aho_corasick::packed::Searcher;

/// What is opened in a body, or taken out of it, by a word of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rare {
    EscapedChain,
    EncodedChain,
    DataFlow,
    LogProperties,
    Job,
    Activity,
}

/// How a chain looks whose apostrophes were escaped.
pub(super) const ESCAPED: &str = "u0027Type=";

/// What stands before the id of a run.
pub(super) const ACTIVITY_KEYS: [&str; 3] = ["Activity ID: ", "ActivityId: ", "activityId is: "];

const WORDS: [(&str, Rare); 8] = [
    (ESCAPED, Rare::EscapedChain),
    (";Type=", Rare::EncodedChain),
    ("{\"StatusCode\"", Rare::DataFlow),
    ("<LogProperties>", Rare::LogProperties),
    ("Job ID: ", Rare::Job),
    (ACTIVITY_KEYS[0], Rare::Activity),
    (ACTIVITY_KEYS[1], Rare::Activity),
    (ACTIVITY_KEYS[2], Rare::Activity),
];

/// What a text may hold, a bit for each: what it does not hold is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look(u32);

impl Look {
    /// Each word may be there.
    const UNKNOWN: Self = Self(u32::MAX);

    pub(super) fn at(text: &str) -> Self {
        static READY: LazyLock<Option<Searcher>> =
            LazyLock::new(|| Searcher::new(WORDS.map(|(word, _)| word)));
        // Where the processor cannot look for all at once, each may be there.
        let Some(searcher) = &*READY else { return Self::UNKNOWN };
        let rare = searcher.find_iter(text).filter_map(|it| WORDS.get(it.pattern().as_usize()));
        Self(rare.fold(0, |bits, (_, it)| bits | 1 << *it as u32))
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn holds(self, it: Rare) -> bool {
        self.0 & 1 << it as u32 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_seen_alone_and_among_the_others() {
        let none = Look::at("ErrorCode=X,'Type=A.B,Message=m,Source=s,'");
        assert!(none.is_empty() || none == Look::UNKNOWN);
        let all = WORDS.map(|(word, _)| word).join(" and ");
        for (word, rare) in WORDS {
            assert!(Look::at(&format!("{word}x")).holds(rare), "{word}");
            assert!(Look::at(&all).holds(rare), "{word}");
            assert!(WORDS.iter().all(|(_, it)| *it == rare || !Look(1 << rare as u32).holds(*it)));
        }
    }
}
