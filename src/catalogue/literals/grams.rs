//! Literals filed under `N` of their bytes, to be found by a look at every fourth byte.

/// Bytes from one look to the next.
const STEP: usize = 4;

/// Looks that are taken together. What they met is opened afterwards: that one of them met
/// something is hard to foretell, and costs more than the look where it was foretold wrongly.
const LOOKS: usize = u64::BITS as usize;

/// Bits for each gram; so one look in so many opens a shelf for nothing.
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
        let bits = (filed.len() * BITS_EACH).next_power_of_two().clamp(64, 1 << 22);
        let mut it = Self {
            field: vec![0; bits / 64],
            shift: u32::BITS - bits.trailing_zeros(),
            shelves: Vec::new(),
            filed,
        };
        let shelf = |hash: u32| (hash >> it.shift) as usize / BITS_EACH;
        let end = short(it.filed.len());
        let mut shelves = vec![end; bits / BITS_EACH + 1];
        for (i, filed) in it.filed.iter().enumerate().rev() {
            shelves[shelf(filed.hash)] = short(i);
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
        if self.filed.is_empty() || text.len() < N {
            return;
        }
        let looks = (text.len() - N) / STEP + 1;
        for from in (0..looks).step_by(LOOKS) {
            let last = looks.min(from + LOOKS) - 1;
            let mut met = self.met(&text[from * STEP..last * STEP + N]);
            while met != 0 {
                self.open(text, (from + met.trailing_zeros() as usize) * STEP, maybe);
                met &= met - 1;
            }
        }
    }

    /// At which of the looks at a piece of text, [`LOOKS`] at most, a gram may be met.
    fn met(&self, piece: &[u8]) -> u64 {
        let mut met = 0;
        for (i, gram) in piece.windows(N).step_by(STEP).enumerate() {
            let bit = (hash(gram) >> self.shift) as usize;
            met |= (self.field[bit / 64] >> (bit % 64) & 1) << i;
        }
        met
    }

    /// The literals that hold the gram which was met at a place of a text.
    fn open(&self, text: &[u8], met: usize, maybe: &mut impl FnMut(usize, usize)) {
        let hash = hash(&text[met..met + N]);
        let shelf = (hash >> self.shift) as usize / BITS_EACH;
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

/// As it is kept; there are no catalogues and literals so large.
fn short(it: usize) -> u32 {
    u32::try_from(it).unwrap_or(u32::MAX)
}

/// Files each of those that are chosen under the grams in a row that the fewest of all literals
/// hold: what is rare in them is rare in texts.
fn file<const N: usize>(literals: &[&[u8]], chosen: &[usize]) -> Vec<Filed> {
    let mut all: Vec<u32> = literals.iter().flat_map(|it| it.windows(N).map(hash)).collect();
    all.sort_unstable();
    let held =
        |gram: u32| all.partition_point(|it| *it <= gram) - all.partition_point(|it| *it < gram);
    let mut filed = Vec::with_capacity(chosen.len() * STEP);
    for &literal in chosen {
        let grams: Vec<u32> = literals[literal].windows(N).map(hash).collect();
        let counts: Vec<usize> = grams.iter().map(|it| held(*it)).collect();
        let rows = counts.windows(STEP).map(|it| it.iter().sum::<usize>()).enumerate();
        let first = rows.min_by_key(|(_, held)| *held).map_or(0, |(at, _)| at);
        let row = first..first + STEP;
        filed.extend(row.map(|at| Filed::new::<N>(literals[literal], literal, at)));
    }
    filed
}
