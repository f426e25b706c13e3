//! Literals filed under `N` of their bytes, to be found by a look at every fourth byte.

/// Bytes from one look to the next.
const STEP: usize = 4;

/// Looks that are taken together. What they met is opened afterwards: that one of them met
/// something is hard to foretell, and costs more than the look where it was foretold wrongly.
const LOOKS: usize = u64::BITS as usize;

/// The bit of the first of them.
const FIRST: u64 = 1 << (u64::BITS - 1);

/// Words of the field, at least and at most. With few grams some bytes more cost nothing, and
/// nearly all looks meet nothing; with very many there is an end to what a cache can hold.
const FEWEST_WORDS: usize = 512;
const MOST_WORDS: usize = 1 << 16;

/// Grams for each word of the field, between its least and its most: one look in sixteen opens a
/// shelf for nothing then. As many shelves.
const SHELVES_EACH: usize = 4;

/// Bits of a hash by which it is counted how many literals hold a gram, up to 255. Others that
/// share them are counted too: a gram may seem less rare than it is, and no literal is missed.
const COUNTED: u32 = 18;

/// Literals by their grams.
#[derive(Debug)]
pub(super) struct Grams<const N: usize> {
    /// One bit for each hash of a gram that is filed: of the word that its place among all hashes
    /// names, the bit that its last digits name.
    field: Vec<u64>,
    /// Where in `filed` those begin whose hash lies in the same part of all hashes, and one more.
    shelves: Vec<u32>,
    /// The grams by their hashes.
    filed: Vec<Filed>,
}

/// That a literal holds a gram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Filed {
    hash: u32,
    literal: u32,
    /// Where the gram begins in the literal.
    at: u32,
    /// Two bytes of the literal as far from the gram as can be, and where they stand. Most grams
    /// that are met belong to other words, and these tell without a look at the literal.
    probe_at: u32,
    probe: [u8; 2],
}

impl Filed {
    fn new<const N: usize>(literal: &[u8], number: usize, at: usize) -> Self {
        let behind = literal.len() - at - N;
        let probe_at = if at > behind { 0 } else { literal.len() - 2 };
        Self {
            hash: hash(&literal[at..at + N]),
            literal: short(number),
            at: short(at),
            probe_at: short(probe_at),
            probe: [literal[probe_at], literal[probe_at + 1]],
        }
    }

    /// Where the literal may begin in `text`, when the gram was met at `met`.
    fn start(&self, text: &[u8], met: usize) -> Option<usize> {
        let start = met.checked_sub(self.at as usize)?;
        let probe = start + self.probe_at as usize;
        (text.get(probe..probe + 2) == Some(&self.probe)).then_some(start)
    }
}

impl<const N: usize> Grams<N> {
    /// Bytes a literal needs so that one of its grams begins wherever a look may fall.
    pub(super) const LEAST: usize = N + STEP - 1;

    /// Files those of the literals that are chosen; each has [`Self::LEAST`] bytes.
    pub(super) fn new(literals: &[&[u8]], chosen: &[usize]) -> Self {
        let mut filed = file::<N>(literals, chosen);
        filed.sort_unstable();
        let words = (filed.len() / SHELVES_EACH).clamp(FEWEST_WORDS, MOST_WORDS);
        let mut field = vec![0; words];
        for it in &filed {
            field[part(it.hash, words)] |= bit(it.hash);
        }
        let parts = words * SHELVES_EACH;
        let mut shelves = vec![short(filed.len()); parts + 1];
        for (i, it) in filed.iter().enumerate().rev() {
            shelves[part(it.hash, parts)] = short(i);
        }
        for i in (0..parts).rev() {
            shelves[i] = shelves[i].min(shelves[i + 1]);
        }
        Self { field, shelves, filed }
    }

    /// Calls `maybe` with a literal and a place, wherever a gram of one is met.
    pub(super) fn each(&self, text: &[u8], maybe: &mut impl FnMut(usize, usize)) {
        if self.filed.is_empty() || text.len() < N {
            return;
        }
        let looks = (text.len() - N) / STEP + 1;
        for from in (0..looks).step_by(LOOKS) {
            let last = looks.min(from + LOOKS) - 1;
            let mut met = self.met(&text[from * STEP..last * STEP + N]);
            while met != 0 {
                let look = met.leading_zeros() as usize;
                self.open(text, (from + look) * STEP, maybe);
                met ^= FIRST >> look;
            }
        }
    }

    /// At which of the looks at a piece of text, [`LOOKS`] at most, a gram may be met. The first
    /// look is the highest bit, which takes the fewest steps to make.
    fn met(&self, piece: &[u8]) -> u64 {
        let (mut met, mut rest) = (0, u64::BITS);
        for gram in piece.windows(N).step_by(STEP) {
            let hash = hash(gram);
            let word = self.field[part(hash, self.field.len())];
            met = met << 1 | u64::from(word & bit(hash) != 0);
            rest -= 1;
        }
        met << rest
    }

    /// The literals that hold the gram which was met at a place of a text.
    fn open(&self, text: &[u8], met: usize, maybe: &mut impl FnMut(usize, usize)) {
        let hash = hash(&text[met..met + N]);
        let shelf = part(hash, self.shelves.len() - 1);
        let (from, to) = (self.shelves[shelf] as usize, self.shelves[shelf + 1] as usize);
        for it in self.filed[from..to].iter().filter(|it| it.hash == hash) {
            if let Some(start) = it.start(text, met) {
                maybe(it.literal as usize, start);
            }
        }
    }
}

/// The upper half of a product is the well-mixed one.
fn hash(gram: &[u8]) -> u32 {
    let number = match gram.len() {
        8 => gram.try_into().map_or(0, u64::from_le_bytes),
        _ => gram.try_into().map_or(0, |it| u64::from(u32::from_le_bytes(it))),
    };
    (number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> u32::BITS) as u32
}

/// In which of so many equal parts of all hashes this one lies. As good as a shift for parts of any
/// number, and quicker than a shift by a number that is not known beforehand.
fn part(hash: u32, parts: usize) -> usize {
    ((u64::from(hash) * parts as u64) >> u32::BITS) as usize
}

/// The bit of a hash in its word.
fn bit(hash: u32) -> u64 {
    1 << (hash % u64::BITS)
}

/// As it is kept; there are no catalogues and literals so large.
fn short(it: usize) -> u32 {
    u32::try_from(it).unwrap_or(u32::MAX)
}

/// Files each of those that are chosen under the grams in a row that the fewest of all literals
/// hold: what is rare in them is rare in texts.
fn file<const N: usize>(literals: &[&[u8]], chosen: &[usize]) -> Vec<Filed> {
    let mut held = vec![0_u8; 1 << COUNTED];
    let place = |gram: &[u8]| (hash(gram) >> (u32::BITS - COUNTED)) as usize;
    for gram in literals.iter().flat_map(|it| it.windows(N)) {
        let count = &mut held[place(gram)];
        *count = count.saturating_add(1);
    }
    let (mut filed, mut counts) = (Vec::with_capacity(chosen.len() * STEP), Vec::new());
    for &literal in chosen {
        counts.clear();
        counts.extend(literals[literal].windows(N).map(|it| u32::from(held[place(it)])));
        let rows = counts.windows(STEP).map(|it| it.iter().sum::<u32>()).enumerate();
        let first = rows.min_by_key(|(_, held)| *held).map_or(0, |(at, _)| at);
        let row = first..first + STEP;
        filed.extend(row.map(|at| Filed::new::<N>(literals[literal], literal, at)));
    }
    filed
}
