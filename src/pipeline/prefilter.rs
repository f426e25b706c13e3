//! A fast no: most bytes of a healthy log are of no interest, and leave here.
//!
//! In plain text a record is worth reading only if one of a few fixed needles stands in it.
//! They are searched in the whole batch at once, without cutting it into lines; a line is
//! cut only around what was found. `rules check` proves that every example of the
//! catalogue that is plain text holds a needle, so the needles bound what plain text can
//! tell us. Carriers whose records are all read (run records, event logs) skip this step.

use aho_corasick::packed::Config;
use aho_corasick::packed::MatchKind;
use aho_corasick::packed::Searcher;
use memchr::memmem;
use memchr::memmem::Finder;

/// What may begin, or stand in, the text of an error. Case counts; the first letter is left
/// out where it comes in both cases.
///
/// The order is for speed alone. The searcher files the needle of number `n` in drawer `n % 16`
/// and opens a drawer wherever the first four bytes, each half of a byte for itself, could be
/// those of any needle in it. Filed with what is unlike it a needle opens its drawer for
/// nothing at every few bytes; in this order, found by trying, a log of 128 MiB that tells no
/// errors takes 25 ms and not 62.
pub const NEEDLES: [&str; 35] = [
    "RROR",
    "offline",
    "such host",
    "exceed",
    "ailure",
    "rror",
    " not ",
    "Message=",
    "enied",
    "ailed",
    "ontinuation token",
    "FATAL",
    "xception",
    "xpired",
    "ritical",
    "annot ",
    // The second of each drawer.
    "orbidden",
    "iolation",
    "credential",
    "expects",
    "RITICAL",
    "erminated",
    "must be ",
    "unresponsive",
    "imeout",
    "nable to",
    "xit code",
    "AADSTS",
    "efused",
    "verflow",
    "auto-update",
    "'Type=",
    // The third.
    "issing",
    "nvalid",
    "(Limited)",
];

/// What the codes of data flows begin with. It is searched on its own: among the needles it
/// would have all of them told apart by three bytes.
const DATA_FLOW: &str = "DF-";

/// Bytes that are searched in one go. Two searchers share them, and where one finds much and
/// the other nothing, the other must not read the same bytes again and again.
const PIECE: usize = 16 * 1024;

/// Bytes beyond a piece that a needle may reach into.
const REACH: usize = 32;

/// Searches the needles.
#[derive(Debug)]
pub struct Prefilter {
    searcher: Option<Searcher>,
    data_flow: Finder<'static>,
}

impl Default for Prefilter {
    fn default() -> Self {
        let searcher =
            Config::new().match_kind(MatchKind::LeftmostFirst).builder().extend(NEEDLES).build();
        Self { searcher, data_flow: Finder::new(DATA_FLOW) }
    }
}

impl Prefilter {
    /// Where the next needle stands at or after `from`.
    #[must_use]
    pub fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        (from..bytes.len()).step_by(PIECE).find_map(|from| {
            let end = bytes.len().min(from + PIECE + REACH);
            self.find_in(&bytes[from..end]).map(|at| at + from)
        })
    }

    fn find_in(&self, piece: &[u8]) -> Option<usize> {
        let found = match &self.searcher {
            Some(searcher) => searcher.find(piece).map(|it| it.start()),
            // Without vector instructions: slower, and the same answer.
            None => NEEDLES.iter().filter_map(|it| memmem::find(piece, it.as_bytes())).min(),
        };
        let before = found.map_or(piece, |at| &piece[..at]);
        self.data_flow.find(before).or(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn what_may_be_an_error_is_found_and_the_rest_is_not() {
        // input                                                        found at
        check("Failed to get service token",                            Some(1));
        check("x ErrorCode=Y,'Type=Z",                                  Some(3));
        check("The runtime 'a' is offline",                             Some(19));
        check("Reading block 4 of file 'part.csv', 24 bytes read",      None);
        check("Error code: DF-Hive-InvalidDataType",                    Some(1));
        check("code: DF-Hive-InvalidDataType, failed",                  Some(6));
        check("DF-",                                                    Some(0));
        check("",                                                       None);
    }

    #[test]
    fn a_needle_is_found_wherever_a_piece_of_the_batch_ends() {
        assert!(NEEDLES.iter().all(|it| it.len() <= REACH));
        for needle in NEEDLES.iter().chain([&DATA_FLOW]) {
            for at in PIECE - needle.len()..=PIECE {
                let text = "x".repeat(at) + needle + &"x".repeat(PIECE);
                assert_eq!(Prefilter::default().find(text.as_bytes(), 0), Some(at), "{needle}");
            }
        }
    }

    #[track_caller]
    fn check(input: &str, expected: Option<usize>) {
        assert_eq!(Prefilter::default().find(input.as_bytes(), 0), expected);
    }
}
