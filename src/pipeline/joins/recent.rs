//! The keys that were met last, in memory that does not grow.

use std::collections::HashSet;

use foldhash::fast::RandomState;

/// Keys in one generation. Just below what a table of 32,768 places takes.
const GENERATION: usize = 28_600;

/// Generations that are kept beside the one that grows; with them the store's 200,000 keys are
/// known here too.
const OLDER: usize = 7;

/// At least the last 200,000 keys, and a seventh more at most: each time the youngest generation is
/// full the oldest is forgotten as a whole. To forget keys one by one takes twice the memory, for
/// their order and for the places that were freed.
#[derive(Debug, Default)]
pub(super) struct Recent {
    young: HashSet<u64, RandomState>,
    /// The youngest first.
    older: [HashSet<u64, RandomState>; OLDER],
}

impl Recent {
    /// Whether the key was met.
    pub(super) fn contains(&self, key: u64) -> bool {
        self.young.contains(&key) || self.older.iter().any(|it| it.contains(&key))
    }

    /// Keeps a key; false when it was met before.
    pub(super) fn insert(&mut self, key: u64) -> bool {
        if self.contains(key) {
            return false;
        }
        if self.young.len() >= GENERATION {
            self.older.rotate_right(1);
            self.older[0] = std::mem::take(&mut self.young);
            self.young.reserve(GENERATION);
        }
        self.young.insert(key)
    }
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
        assert!(recent.older.iter().chain([&recent.young]).all(|it| places(it) <= 1 << 15));
    }
}
