//! Looks for all needles at once, at 32 bytes in one go.
//!
//! ```text
//! bytes             C  o  p  y     f  a  i  l  e  d
//! lower halves      3  f  0  9  0  6  1  9  c  5  4
//! drawers                            (2)                 each of 1 9 c 5 4 is in the tables of
//!                                                        the second drawer: "ailed"? yes
//! ```
//!
//! What a processor can do with 32 bytes at once is to look up the lower half of each (its last
//! four bits) in a table of sixteen, and the lower halves of five letters tell most of a text
//! apart. For each of the five there is a table of the drawers that may be meant; only where all
//! of them agree on one, its needles are compared. The lower half of a letter is the same in both
//! cases. This is the search of Hyperscan's "Teddy" without the upper halves; the one of
//! the crate `aho-corasick`, with four whole bytes for each of sixteen drawers, takes twice the
//! time.

use std::arch::is_x86_feature_detected;
use std::arch::x86_64::__m256i;
use std::arch::x86_64::_mm256_and_si256;
use std::arch::x86_64::_mm256_extract_epi64;
use std::arch::x86_64::_mm256_loadu_si256;
use std::arch::x86_64::_mm256_set1_epi8;
use std::arch::x86_64::_mm256_shuffle_epi8;
use std::arch::x86_64::_mm256_testz_si256;

use crate::pipeline::prefilter::{DRAWERS, Needle};

/// Bytes that are looked at in one go.
const BLOCK: usize = 32;

/// Letters behind the cut of a needle that must agree before it is compared. With one less three
/// times as many drawers are opened in vain, with one more a fifth fewer.
const LETTERS: usize = 5;

/// So many letters has each needle behind its cut.
const SHORTEST: usize = 3;

/// Bytes that a look reaches over.
const SEEN: usize = BLOCK + LETTERS - 1;

/// Searches the needles on processors with AVX2: nearly all that servers have, if nobody hides it.
#[derive(Debug)]
pub(super) struct Sieve {
    /// For each letter which drawers a lower half may mean, a bit each; twice, as a look does
    /// sixteen bytes beside sixteen others.
    tables: [[u8; BLOCK]; LETTERS],
}

impl Sieve {
    /// A sieve, where the processor can use it.
    pub(super) fn ready() -> Option<Self> {
        is_x86_feature_detected!("avx2").then(|| Self { tables: tables() })
    }

    /// Where a needle stands: one in the first line that holds any.
    pub(super) fn find(&self, bytes: &[u8]) -> Option<usize> {
        #[expect(unsafe_code, reason = "there is a sieve only where the processor has AVX2")]
        // SAFETY: see `ready`.
        unsafe {
            self.search(bytes)
        }
    }

    #[target_feature(enable = "avx2")]
    fn search(&self, bytes: &[u8]) -> Option<usize> {
        let tables = self.tables.each_ref().map(|it| vector(it));
        let mut at = 0;
        while let Some(seen) = bytes[at..].first_chunk() {
            let drawers = drawers(&tables, seen);
            if _mm256_testz_si256(drawers, drawers) == 0
                && let Some(found) = compare(bytes, at, words(drawers))
            {
                return Some(found);
            }
            at += BLOCK;
        }
        // Less than a look reaches over: two looks, as what stands in it may begin at its end.
        let mut last = [0; SEEN + BLOCK];
        last[..bytes.len() - at].copy_from_slice(&bytes[at..]);
        [0, BLOCK].into_iter().find_map(|from| {
            let drawers = drawers(&tables, last[from..].first_chunk()?);
            compare(bytes, at + from, words(drawers))
        })
    }
}

fn tables() -> [[u8; BLOCK]; LETTERS] {
    let mut tables = [[0; BLOCK]; LETTERS];
    for (drawer, needles) in DRAWERS.iter().enumerate() {
        for (_, text) in *needles {
            for (at, table) in tables.iter_mut().enumerate() {
                let half = text.as_bytes().get(at).map(|it| it & 0xf);
                let means = |it: usize| half.is_none_or(|half| usize::from(half) == it % 16);
                (0..BLOCK).filter(|it| means(*it)).for_each(|it| table[it] |= 1 << drawer);
            }
        }
    }
    tables
}

/// The drawers that each of 32 places may be the cut of a needle of, a bit each.
#[target_feature(enable = "avx2")]
fn drawers(tables: &[__m256i; LETTERS], seen: &[u8; SEEN]) -> __m256i {
    let mut drawers = _mm256_set1_epi8(-1);
    for (at, table) in tables.iter().enumerate() {
        let Some(letters) = seen[at..].first_chunk() else { continue };
        let mut letters = vector(letters);
        // Of a byte beyond ASCII a look makes no drawer; behind the last letter of a short needle
        // it means as much as any other.
        if at >= SHORTEST {
            letters = _mm256_and_si256(letters, _mm256_set1_epi8(0xf));
        }
        drawers = _mm256_and_si256(drawers, _mm256_shuffle_epi8(*table, letters));
    }
    drawers
}

#[target_feature(enable = "avx2")]
fn vector(bytes: &[u8; BLOCK]) -> __m256i {
    #[expect(unsafe_code, reason = "put together from numbers it takes twice the time")]
    // SAFETY: the 32 bytes that it reads are there, and may stand anywhere.
    unsafe {
        _mm256_loadu_si256(bytes.as_ptr().cast())
    }
}

#[target_feature(enable = "avx2")]
fn words(it: __m256i) -> [i64; 4] {
    [
        _mm256_extract_epi64::<0>(it),
        _mm256_extract_epi64::<1>(it),
        _mm256_extract_epi64::<2>(it),
        _mm256_extract_epi64::<3>(it),
    ]
}

/// The first needle of these drawers whose cut stands in the 32 places from `at`. Seldom asked, and
/// kept apart, so that the tables stay in registers.
#[cold]
fn compare(bytes: &[u8], at: usize, drawers: [i64; 4]) -> Option<usize> {
    (at..).step_by(8).zip(drawers).find_map(|(at, opened)| {
        let mut opened = opened.cast_unsigned();
        while opened != 0 {
            let bit = opened.trailing_zeros() as usize;
            opened &= opened - 1;
            if let Some(found) = needle(bytes, at + bit / 8, DRAWERS[bit % 8]) {
                return Some(found);
            }
        }
        None
    })
}

/// Where one of `needles` begins that has its cut at `at`.
fn needle(bytes: &[u8], at: usize, needles: &[Needle]) -> Option<usize> {
    let (before, behind) = bytes.split_at_checked(at)?;
    let mut stands = needles.iter().filter(|(head, rest)| {
        // Asked first, as two texts are compared by a call.
        behind.first() == rest.as_bytes().first()
            && behind.starts_with(rest.as_bytes())
            && before.ends_with(head.as_bytes())
    });
    stands.next().map(|(head, _)| at - head.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_needle_has_letters_enough() {
        assert!(DRAWERS.concat().iter().all(|(_, behind)| behind.len() >= SHORTEST));
    }
}
