//! Literals filed under `N` of their bytes, to be found by a look at every `N`th byte.

/// Bits for each gram; so one look in so many is a comparison for nothing.
const BITS_EACH: usize = 16;

/// Literals by their grams.
#[derive(Debug)]
pub(super) struct Grams<const N: usize> {
    /// One bit for each hash of a gram that is filed.
    field: Vec<u64>,
    /// How far a hash is shifted to become the number of a bit.
    shift: u32,
    /// Where in `filed` those begin whose hash begins with the same bits, and one more.
    shelves: Vec<u32>,
    /// The grams by their hashes.
    filed: Vec<Filed>,
}

/// That a literal holds a gram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Filed {
    hash: u64,
    literal: u32,
    at: u32,
}

impl<const N: usize> Grams<N> {
    /// Bytes a literal needs so that one of its grams begins wherever a look may fall.
    pub(super) const LEAST: usize = 2 * N - 1;

    /// Files those of the literals that are chosen; each has [`Self::LEAST`] bytes.
    pub(super) fn new(literals: &[Box<[u8]>], chosen: &[usize]) -> Self {
        let mut filed = file::<N>(literals, chosen);
        filed.sort_unstable();
        let bits = (filed.len() * BITS_EACH).next_power_of_two().clamp(64, 1 << 22);
        let mut it = Self {
            field: vec![0; bits / 64],
            shift: u64::BITS - bits.trailing_zeros(),
            shelves: Vec::new(),
            filed,
        };
        let shelf = |hash: u64| (hash >> it.shift) as usize / BITS_EACH;
        let end = u32::try_from(it.filed.len()).unwrap_or(u32::MAX);
        let mut shelves = vec![end; bits / BITS_EACH + 1];
        for (i, filed) in it.filed.iter().enumerate().rev() {
            shelves[shelf(filed.hash)] = u32::try_from(i).unwrap_or(u32::MAX);
        }
        for i in (0..shelves.len() - 1).rev() {
            shelves[i] = shelves[i].min(shelves[i + 1]);
        }
        it.shelves = shelves;
        for filed in &it.filed {
            let bit = (filed.hash >> it.shift) as usize;
            it.field[bit / 64] |= 1 << (bit % 64);
        }
        it
    }

    /// Calls `maybe` with a literal and a place, wherever a gram of one is met.
    pub(super) fn each(&self, text: &[u8], maybe: &mut impl FnMut(usize, usize)) {
        if self.filed.is_empty() {
            return;
        }
        for (i, gram) in text.windows(N).step_by(N).enumerate() {
            let hash = hash(gram);
            let bit = (hash >> self.shift) as usize;
            if self.field[bit / 64] >> (bit % 64) & 1 == 1 {
                self.open(hash, bit / BITS_EACH, i * N, maybe);
            }
        }
    }

    /// The literals of a shelf that hold the gram.
    fn open(&self, hash: u64, shelf: usize, at: usize, maybe: &mut impl FnMut(usize, usize)) {
        let (from, to) = (self.shelves[shelf] as usize, self.shelves[shelf + 1] as usize);
        for it in self.filed[from..to].iter().filter(|it| it.hash == hash) {
            if let Some(start) = at.checked_sub(it.at as usize) {
                maybe(it.literal as usize, start);
            }
        }
    }
}

/// The upper bits of a product are the well-mixed ones; no two grams share all of them.
fn hash(gram: &[u8]) -> u64 {
    let number = match gram.len() {
        8 => gram.try_into().map_or(0, u64::from_le_bytes),
        _ => gram.try_into().map_or(0, |it| u64::from(u32::from_le_bytes(it))),
    };
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Files each literal under the grams in a row that the fewest literals hold.
fn file<const N: usize>(literals: &[Box<[u8]>], chosen: &[usize]) -> Vec<Filed> {
    let mut all: Vec<u64> =
        chosen.iter().flat_map(|it| literals[*it].windows(N).map(hash)).collect();
    all.sort_unstable();
    let held =
        |gram: u64| all.partition_point(|it| *it <= gram) - all.partition_point(|it| *it < gram);
    let mut filed = Vec::with_capacity(chosen.len() * N);
    for &literal in chosen {
        let grams: Vec<u64> = literals[literal].windows(N).map(hash).collect();
        let counts: Vec<usize> = grams.iter().map(|it| held(*it)).collect();
        let rows = counts.windows(N).map(|it| it.iter().sum::<usize>()).enumerate();
        let first = rows.min_by_key(|(_, held)| *held).map_or(0, |(at, _)| at);
        for (at, hash) in grams.into_iter().enumerate().skip(first).take(N) {
            let number = |it| u32::try_from(it).unwrap_or(u32::MAX);
            filed.push(Filed { hash, literal: number(literal), at: number(at) });
        }
    }
    filed
}
