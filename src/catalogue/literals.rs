//! Finds any of thousands of literals in one pass over a text.
//!
//! ```text
//! literal   l o g i n   f a i l e d   f o r   u s e r
//! filed     under eight of its bytes, four times, each a byte further on:
//!             `in faile` `n failed` ` failed ` `failed f`
//! text      … c o n t o s o :   l o g i n   f a i l e d   f o r …
//! looked at       ↑       ↑       ↑       ↑       ↑       ↑     every fourth byte
//! ```
//!
//! Wherever the literal stands, one of the four begins at a byte that is looked at. A look
//! asks a field of bits that is mostly empty, so the pass goes on at once almost everywhere,
//! however many literals there are; where a bit is set and two more bytes of the literal stand in
//! their places, it is compared. Which eight bytes: those that the fewest literals hold. Shorter
//! literals are filed by four bytes, and the few that are shorter still are left to a searcher of
//! another crate. An automaton of all literals reads as exactly, and takes several times as long.
//! What a literal means is not known here.

mod grams;

use std::ops::Range;

use aho_corasick::packed;
use memchr::memmem::{Finder, FinderBuilder};

use crate::catalogue::literals::grams::Grams;

/// Bytes under which a literal is filed, where it is long enough.
const LONG: usize = 8;

/// Bytes under which it is filed otherwise.
const SHORT: usize = 4;

/// Bytes that the searcher for the shortest needs to be quick: it looks at so many at once.
const TINY: usize = 4;

/// Literals, and by what they are found.
#[derive(Debug)]
pub(super) struct Literals {
    /// All of them, one behind the other: what is compared often lies close together.
    bytes: Box<[u8]>,
    /// Where each ends.
    ends: Box<[u32]>,
    long: Grams<LONG>,
    short: Grams<SHORT>,
    /// Finds those that are too short to be filed.
    searcher: Option<packed::Searcher>,
    /// The literals that may stand where it found its pattern of that number: those that are it,
    /// or begin with it, or with which it begins.
    alike: Vec<Vec<usize>>,
    finders: Vec<(usize, Finder<'static>)>,
}

/// A literal that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    /// Its number.
    pub(super) literal: usize,
    /// Where it begins.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
}

impl Literals {
    /// Files the literals, which keep their order as their numbers.
    pub(super) fn new<'a>(literals: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let literals: Vec<&[u8]> = literals.into_iter().collect();
        let of_length = |lengths: Range<usize>| -> Vec<usize> {
            (0..literals.len()).filter(|it| lengths.contains(&literals[*it].len())).collect()
        };
        let long = of_length(Grams::<LONG>::LEAST..usize::MAX);
        let short = of_length(Grams::<SHORT>::LEAST..Grams::<LONG>::LEAST);
        let rest = of_length(TINY..Grams::<SHORT>::LEAST);
        // Each once: the same again would double what the searcher takes for a sign of it.
        let mut names: Vec<&[u8]> = rest.iter().map(|it| literals[*it]).collect();
        names.sort_unstable();
        names.dedup();
        let searcher = packed::Searcher::new(&names);
        let mut alone = of_length(1..TINY);
        if searcher.is_none() {
            alone.extend(&rest);
        }
        Self {
            long: Grams::new(&literals, &long),
            short: Grams::new(&literals, &short),
            finders: alone.into_iter().map(|it| (it, finder(literals[it]))).collect(),
            alike: names.iter().map(|it| alike(&literals, &rest, it)).collect(),
            searcher,
            bytes: literals.concat().into(),
            ends: ends(&literals),
        }
    }

    fn literal(&self, number: usize) -> &[u8] {
        let start = number.checked_sub(1).map_or(0, |it| self.ends[it] as usize);
        &self.bytes[start..self.ends[number] as usize]
    }

    /// Calls `found` for every place at which a literal stands.
    pub(super) fn each(&self, text: &[u8], mut found: impl FnMut(Hit)) {
        let mut compare = |literal: usize, start: usize| {
            let bytes = self.literal(literal);
            if text.get(start..).is_some_and(|it| it.starts_with(bytes)) {
                found(Hit { literal, start, end: start + bytes.len() });
            }
        };
        self.long.each(text, &mut compare);
        self.short.each(text, &mut compare);
        if let Some(searcher) = &self.searcher {
            let mut span = aho_corasick::Span::from(0..text.len());
            while let Some(hit) = searcher.find_in(text, span) {
                let alike = self.alike.get(hit.pattern().as_usize()).into_iter().flatten();
                alike.for_each(|it| compare(*it, hit.start()));
                span.start = hit.start() + 1;
            }
        }
        for (literal, finder) in &self.finders {
            let mut from = 0;
            while let Some(at) = text.get(from..).and_then(|it| finder.find(it)) {
                compare(*literal, from + at);
                from += at + 1;
            }
        }
    }
}

/// Those of `rest` that may stand where `name` does.
fn alike(literals: &[&[u8]], rest: &[usize], name: &[u8]) -> Vec<usize> {
    let begins = |it: &&[u8]| it.starts_with(name) || name.starts_with(it);
    rest.iter().copied().filter(|it| begins(&literals[*it])).collect()
}

/// Where each ends when they stand one behind the other. Those of a catalogue are some kilobytes.
fn ends(literals: &[&[u8]]) -> Box<[u32]> {
    let mut end = 0_u32;
    let mut passed = |it: &&[u8]| {
        end = end.saturating_add(u32::try_from(it.len()).unwrap_or(u32::MAX));
        end
    };
    literals.iter().map(&mut passed).collect()
}

fn finder(literal: &[u8]) -> Finder<'static> {
    FinderBuilder::new().build_forward(literal).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    #[rustfmt::skip]
    fn every_place_of_every_literal_is_found() {
        // literals                            text                             literal@start
        check(&["login failed", "failed"],     "x login failed, failed",        "0@2 1@8 1@16");
        check(&["0x", "df-"],                  "0x80 df-a 0",                   "0@0 1@5");
        check(&["aaaa"],                       "aaaaaa",                        "0@0 0@1 0@2");
        check(&["same", "same"],               "the same",                      "0@4 1@4");
        check(&["code", "codes", "deco"],      "a decodes",                     "0@4 1@4 2@2");
        check(&["longer than the text"],       "longer than",                   "");
        check(&[],                             "anything",                      "");
        check(&["abcd"],                       "abc",                           "");
        check(&["code", "codes", "a co"],      "a codes code",                  "0@2 0@8 1@2 2@0");
    }

    proptest! {
        #[test]
        fn nothing_is_missed(
            literals in prop::collection::vec("[abc ]{1,16}|[ab]{1,16}", 0..40),
            text in "[abc ]{0,60}|[ab]{0,60}|[abc ]{250,600}",
        ) {
            let literals: Vec<&[u8]> = literals.iter().map(|it| it.as_bytes()).collect();
            let mut plain = Vec::new();
            for (literal, it) in literals.iter().enumerate() {
                let starts = (0..text.len()).filter(|at| text.as_bytes()[*at..].starts_with(it));
                plain.extend(starts.map(|start| Hit { literal, start, end: start + it.len() }));
            }
            plain.sort_unstable();
            prop_assert_eq!(hits(&Literals::new(literals), &text), plain);
        }
    }

    fn hits(literals: &Literals, text: &str) -> Vec<Hit> {
        let mut hits = Vec::new();
        literals.each(text.as_bytes(), |it| hits.push(it));
        hits.sort_unstable();
        hits
    }

    #[track_caller]
    fn check(literals: &[&str], text: &str, expected: &str) {
        let literals = Literals::new(literals.iter().map(|it| it.as_bytes()));
        let found: Vec<String> =
            hits(&literals, text).iter().map(|it| format!("{}@{}", it.literal, it.start)).collect();
        assert_eq!(found.join(" "), expected);
    }
}
