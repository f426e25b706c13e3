//! The keys that were met last, in memory that does not grow.

use std::collections::HashSet;

use foldhash::fast::RandomState;

/// Keys in one generation. Just below what a table of 32,768 places takes.
const GENERATION: usize = 28_600;

/// Generations that are kept, the one that grows among them; with them the store's 200,000 keys are
/// known here too. A bit for each fits into a byte.
const GENERATIONS: usize = u8::BITS as usize;

/// Places among which the keys are spread, as a power of two: with all keys two of three are empty.
const PLACES: u32 = 19;

/// At least the last 200,000 keys, and a seventh more at most: each time the youngest generation is
/// full the oldest is forgotten as a whole. To forget keys one by one takes twice the memory, for
/// their order and for the places that were freed.
#[derive(Debug, Default)]
pub(super) struct Recent {
    generations: [HashSet<u64, RandomState>; GENERATIONS],
    /// The one that grows; behind it, in a ring, is the oldest.
    young: usize,
    /// For each place the generations that hold a key which belongs there, by their bits. Most keys
    /// that are asked for were never met, and each generation would be asked far away in memory.
    holders: Vec<u8>,
}

impl Recent {
    /// Whether the key was met.
    pub(super) fn contains(&self, key: u64) -> bool {
        let holders = self.holders.get(place(key)).copied().unwrap_or(0);
        let holds = |i: usize| holders & 1 << i != 0 && self.generations[i].contains(&key);
        holders != 0 && (0..GENERATIONS).any(holds)
    }

    /// Keeps a key; false when it was met before.
    pub(super) fn insert(&mut self, key: u64) -> bool {
        if self.contains(key) {
            return false;
        }
        if self.holders.is_empty() {
            self.holders = vec![0; 1 << PLACES];
        }
        if self.generations[self.young].len() >= GENERATION {
            self.grow_old();
        }
        self.holders[place(key)] |= 1 << self.young;
        self.generations[self.young].insert(key)
    }

    /// Begins a generation in the place of the oldest.
    fn grow_old(&mut self) {
        self.young = (self.young + 1) % GENERATIONS;
        self.generations[self.young].clear();
        self.generations[self.young].reserve(GENERATION);
        let others = !(1 << self.young);
        self.holders.iter_mut().for_each(|it| *it &= others);
    }
}

/// Keys are hashes, of which any bits are as good.
fn place(key: u64) -> usize {
    (key >> (u64::BITS - PLACES)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_keys_are_known_and_the_oldest_are_forgotten() {
        let mut recent = Recent::default();
        let keys = || (0..400_000_u64).map(|it| it.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        assert!(keys().all(|it| recent.insert(it)));
        let known = keys().map(|it| recent.contains(it)).collect::<Vec<_>>();
        assert!(known[200_000..].iter().all(|it| *it));
        assert!(known[..170_000].iter().all(|it| !it));
        assert!(!recent.insert(keys().next_back().unwrap()));
    }

    #[test]
    fn a_generation_fits_into_its_table() {
        let mut recent = Recent::default();
        (0..250_000).for_each(|it| assert!(recent.insert(it)));
        let places = |it: &HashSet<u64, RandomState>| it.capacity() * 8 / 7;
        assert!(recent.generations.iter().all(|it| places(it) <= 1 << 15));
    }
}
