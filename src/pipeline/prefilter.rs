//! A fast no: most bytes of a healthy log are of no interest, and leave here.
//!
//! In plain text a record is worth reading only if one of a few fixed needles stands in it.
//! They are searched in the whole batch at once, without cutting it into lines; a line is
//! cut only around what was found. `tests/catalogue.rs` proves that every example of the
//! catalogue that is plain text holds a needle, so the needles bound what plain text can
//! tell us. Carriers whose records are all read (run records, event logs) skip this step.

#[cfg(target_arch = "x86_64")]
mod sieve;

use aho_corasick::AhoCorasick;

/// What may begin, or stand in, the text of an error. Case counts; the first letter is left
/// out where it comes in both cases.
///
/// A needle is cut where the look for it begins, and shares a drawer with some others: see
/// [`sieve`]. Cuts and drawers are for speed alone. They were found by trying (simulated
/// annealing over trace lines, container output and build logs): a log that tells hardly any
/// errors opens a drawer at one byte in 570.
const DRAWERS: [&[Needle]; 8] = [
    &[
        ("", "exceed"),
        ("", "enied"),
        ("", "unresponsive"),
        ("i", "meout"),
        ("e", "fused"),
        ("", "verflow"),
    ],
    &[("", "ailure"), ("", "ailed"), ("", " not "), ("a", "nnot "), ("x", "pired")],
    &[("of", "fline"), ("crede", "ntial"), ("", "FATAL"), ("", "'Type=")],
    &[
        ("", "Message="),
        ("", "must be "),
        ("", "issing"),
        ("r", "itical"),
        ("R", "ITICAL"),
        ("(L", "imited)"),
    ],
    &[("", "rror"), ("", "RROR"), ("o", "rbidden"), ("e", "rminated")],
    &[("x", "ception"), ("su", "ch host"), ("nab", "le to"), ("ontinuati", "on token")],
    &[("", "AADSTS"), ("n", "valid"), ("io", "lation"), ("e", "xpects"), ("xi", "t code")],
    // The codes of data flows begin with it.
    &[("", "DF-"), ("au", "to-update")],
];

/// What stands before the cut, and what behind it.
type Needle = (&'static str, &'static str);

/// Searches the needles.
#[derive(Debug)]
pub struct Prefilter(Search);

#[derive(Debug)]
enum Search {
    #[cfg(target_arch = "x86_64")]
    Sieve(sieve::Sieve),
    /// Where the processor has not what a sieve needs: slower.
    Automaton(Box<AhoCorasick>),
}

impl Default for Prefilter {
    fn default() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(sieve) = sieve::Sieve::ready() {
            return Self(Search::Sieve(sieve));
        }
        Self::automaton()
    }
}

impl Prefilter {
    #[expect(clippy::expect_used, reason = "fails only for needles that are longer than memory")]
    fn automaton() -> Self {
        let needles =
            DRAWERS.concat().into_iter().map(|(before, behind)| before.to_owned() + behind);
        Self(Search::Automaton(Box::new(AhoCorasick::new(needles).expect("some short needles"))))
    }

    /// Where a needle stands at or after `from`: one in the first line that holds any.
    #[must_use]
    pub fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let rest = bytes.get(from..)?;
        let found = match &self.0 {
            #[cfg(target_arch = "x86_64")]
            Search::Sieve(sieve) => sieve.find(rest),
            Search::Automaton(automaton) => automaton.find(rest).map(|it| it.start()),
        };
        found.map(|at| from + at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        check("rro",                                                    None);
        check("",                                                       None);
    }

    #[test]
    fn a_needle_is_found_wherever_it_stands() {
        let searches = [Prefilter::default(), Prefilter::automaton()];
        for (before, behind) in DRAWERS.concat() {
            for (at, after) in (0..70).flat_map(|at| [0, 3, 40].map(|after| (at, after))) {
                let text = "x".repeat(at) + before + behind + &"x".repeat(after);
                for it in &searches {
                    assert_eq!(it.find(text.as_bytes(), 0), Some(at), "{text}");
                }
            }
        }
    }

    #[test]
    fn what_stands_before_is_not_looked_at() {
        let text = b"Failed; timeout";
        assert_eq!(Prefilter::default().find(text, 2), Some(9));
        assert_eq!(Prefilter::default().find(text, 10), None);
        assert_eq!(Prefilter::default().find(text, 99), None);
    }

    proptest! {
        /// Where there is no sieve, the same lines are found.
        #[test]
        fn sieve_and_automaton_find_the_same_line(
            pieces in prop::collection::vec(piece(), 0..60), from in 0_usize..40,
        ) {
            let text = pieces.concat();
            let line = |at: usize| text[..at].iter().filter(|it| **it == b'\n').count();
            let find = |it: Prefilter| it.find(&text, from).map(line);
            prop_assert_eq!(find(Prefilter::default()), find(Prefilter::automaton()));
        }
    }

    /// Needles whole and cut, and what stands between them.
    fn piece() -> impl Strategy<Value = Vec<u8>> {
        let needle = (0..8_usize, any::<prop::sample::Index>(), any::<prop::sample::Index>());
        prop_oneof![
            "[a-z =,-]{0,9}\n?".prop_map(String::into_bytes),
            prop::collection::vec(any::<u8>(), 0..9),
            needle.prop_map(|(drawer, which, cut)| {
                let (before, behind) = which.get(DRAWERS[drawer]);
                let mut text = [before.as_bytes(), behind.as_bytes()].concat();
                text.truncate(text.len() - cut.index(text.len()) / 2);
                text
            }),
        ]
    }

    #[track_caller]
    fn check(input: &str, expected: Option<usize>) {
        for it in [Prefilter::default(), Prefilter::automaton()] {
            assert_eq!(it.find(input.as_bytes(), 0), expected, "{input}");
        }
    }
}
