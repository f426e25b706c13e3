//! Finds any of thousands of literals in one pass over a text.
//!
//! ```text
//! literal   l o g i n   f a i l e d   f o r   u s e r       its rarest four bytes: `in f`
//! text      … c o n t o s o :   l o g i n   f a i l e d …   each four bytes: a bit says "maybe"
//! ```
//!
//! Of each literal four bytes are filed that few others hold. The pass looks up every four
//! bytes of the text in a field of bits that is mostly empty, so it goes on at once almost
//! everywhere, however many literals there are; where a bit is set, the literal is compared.
//! An automaton of the same literals reads as exactly, and takes several times as long. What
//! a literal means is not known here.

use memchr::memmem::{Finder, FinderBuilder};

/// Bytes by which a literal is filed.
const GRAM: usize = 4;

/// Bits for each literal; so one text position in so many is compared for nothing.
const BITS_EACH: usize = 64;

/// Literals, and by what they are found.
#[derive(Debug)]
pub(super) struct Literals {
    literals: Vec<Box<[u8]>>,
    /// One bit for each hash of a gram that is filed.
    field: Vec<u64>,
    /// How far a hash is shifted to become the number of a bit.
    shift: u32,
    /// The grams in order, each with a literal and where in it the gram stands.
    grams: Vec<Filed>,
    /// Literals too short to be filed.
    short: Vec<(usize, Finder<'static>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Filed {
    gram: u32,
    literal: u32,
    at: u32,
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
        let literals: Vec<Box<[u8]>> = literals.into_iter().map(Box::from).collect();
        let grams = file(&literals);
        let bits = (literals.len() * BITS_EACH).next_power_of_two().clamp(1 << 10, 1 << 20);
        let mut it = Self {
            field: vec![0; bits / 64],
            shift: u32::BITS - bits.trailing_zeros(),
            short: short(&literals),
            literals,
            grams,
        };
        for filed in &it.grams {
            let bit = it.bit(filed.gram);
            it.field[bit / 64] |= 1 << (bit % 64);
        }
        it
    }

    /// Calls `found` for every place at which a literal stands.
    pub(super) fn each(&self, text: &[u8], mut found: impl FnMut(Hit)) {
        for (at, window) in text.windows(GRAM).enumerate() {
            let gram = gram(window);
            let bit = self.bit(gram);
            if self.field[bit / 64] >> (bit % 64) & 1 == 1 {
                self.compare(text, at, gram, &mut found);
            }
        }
        for (literal, finder) in &self.short {
            let length = self.literals[*literal].len();
            for start in finder.find_iter(text) {
                found(Hit { literal: *literal, start, end: start + length });
            }
        }
    }

    /// The literals that are filed under `gram`, compared with what stands around it.
    fn compare(&self, text: &[u8], at: usize, gram: u32, found: &mut impl FnMut(Hit)) {
        let first = self.grams.partition_point(|it| it.gram < gram);
        for it in self.grams[first..].iter().take_while(|it| it.gram == gram) {
            let literal = it.literal as usize;
            let Some(start) = at.checked_sub(it.at as usize) else { continue };
            let end = start + self.literals[literal].len();
            if text.get(start..end) == Some(&*self.literals[literal]) {
                found(Hit { literal, start, end });
            }
        }
    }

    /// The bit of a gram: the upper bits of a product are the well-mixed ones.
    fn bit(&self, gram: u32) -> usize {
        (gram.wrapping_mul(0x9E37_79B1) >> self.shift) as usize
    }
}

/// Four bytes as a number.
fn gram(bytes: &[u8]) -> u32 {
    bytes.try_into().map_or(0, u32::from_le_bytes)
}

/// Files each literal under the gram that the fewest literals hold.
fn file(literals: &[Box<[u8]>]) -> Vec<Filed> {
    let mut all: Vec<u32> = literals.iter().flat_map(|it| it.windows(GRAM).map(gram)).collect();
    all.sort_unstable();
    let held =
        |gram: u32| all.partition_point(|it| *it <= gram) - all.partition_point(|it| *it < gram);
    let filed = literals.iter().enumerate().filter_map(|(literal, it)| {
        let (at, gram) = it.windows(GRAM).map(gram).enumerate().min_by_key(|it| held(it.1))?;
        Some(Filed { gram, literal: u32::try_from(literal).ok()?, at: u32::try_from(at).ok()? })
    });
    let mut filed: Vec<Filed> = filed.collect();
    filed.sort_unstable();
    filed
}

fn short(literals: &[Box<[u8]>]) -> Vec<(usize, Finder<'static>)> {
    let short = literals.iter().enumerate().filter(|(_, it)| it.len() < GRAM);
    short.map(|(i, it)| (i, FinderBuilder::new().build_forward(it).into_owned())).collect()
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
        check(&["longer than the text"],       "longer than",                   "");
        check(&[],                             "anything",                      "");
        check(&["abcd"],                       "abc",                           "");
    }

    proptest! {
        #[test]
        fn nothing_is_missed(
            literals in prop::collection::vec("[abc ]{1,6}", 0..40),
            text in "[abc ]{0,60}",
        ) {
            let literals: Vec<&[u8]> = literals.iter().map(|it| it.as_bytes()).collect();
            let mut plain = Vec::new();
            for (literal, it) in literals.iter().enumerate() {
                let starts = (0..text.len()).filter(|at| text.as_bytes()[*at..].starts_with(it));
                // Short ones are looked for one behind another.
                let overlaps = it.len() >= GRAM;
                let mut from = 0;
                for start in starts {
                    if overlaps || start >= from {
                        from = start + it.len();
                        plain.push(Hit { literal, start, end: from });
                    }
                }
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
