//! Words of a fragment, and where they stand in a text.
//!
//! A catalogue holds thousands of them, and most of them are asked for seldom; so each is kept
//! as small as can be: its bytes, and which of them is met least in texts of any kind.

use memchr::arch::all::packedpair::Pair;
use memchr::memchr_iter;

/// Words of a fragment, in normal form.
#[derive(Debug, Clone)]
pub(super) struct Literal {
    bytes: Box<[u8]>,
    /// The byte by which it is looked for.
    rare: u8,
}

impl Literal {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self { rare: Pair::new(bytes).map_or(0, |it| it.index1()), bytes: bytes.into() }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Where it begins in `text`, first.
    pub(super) fn find(&self, text: &[u8]) -> Option<usize> {
        self.find_iter(text).next()
    }

    /// Every place at which it begins in `text`, also where it overlaps itself.
    pub(super) fn find_iter(&self, text: &[u8]) -> impl Iterator<Item = usize> {
        let rare = usize::from(self.rare);
        let met = text.get(rare..).unwrap_or_default();
        let sought = self.bytes.get(rare).copied().unwrap_or_default();
        memchr_iter(sought, met).filter(move |at| text[*at..].starts_with(&self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_place_is_found(literal in "[ab \u{e9}]{1,6}|[a-z]{1,300}", text in "[ab \u{e9}]{0,40}") {
            let text = format!("{text}{literal}{text}");
            let plain: Vec<usize> = (0..text.len())
                .filter(|at| text.as_bytes()[*at..].starts_with(literal.as_bytes()))
                .collect();
            let found: Vec<usize> =
                Literal::new(literal.as_bytes()).find_iter(text.as_bytes()).collect();
            prop_assert_eq!(found, plain);
        }
    }
}
