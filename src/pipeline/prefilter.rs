//! A fast no: most bytes of a healthy log are of no interest, and leave here.
//!
//! In plain text a record is worth reading only if one of a few fixed needles stands in it.
//! They are searched in the whole batch at once, without cutting it into lines; a line is
//! cut only around what was found. `rules check` proves that every example of the
//! catalogue that is plain text holds a needle, so the needles bound what plain text can
//! tell us. Carriers whose records are all read (run records, event logs) skip this step.

use aho_corasick::packed::{Config, MatchKind, Searcher};

/// What may begin, or stand in, the text of an error. Case counts; the first letter is left
/// out where it comes in both cases.
pub const NEEDLES: [&str; 35] = [
    "rror",
    "RROR",
    "xception",
    "ailed",
    "ailure",
    "annot ",
    "'Type=",
    "Message=",
    "nable to",
    "ritical",
    "RITICAL",
    "FATAL",
    "offline",
    "orbidden",
    "enied",
    "such host",
    " not ",
    "unresponsive",
    "credential",
    "xpired",
    "iolation",
    "exceed",
    "nvalid",
    "issing",
    "imeout",
    "AADSTS",
    "verflow",
    "erminated",
    "(Limited)",
    "auto-update",
    "must be ",
    "DF-",
    "expects",
    "ontinuation token",
    "xit code",
];

/// Searches the needles.
#[derive(Debug)]
pub struct Prefilter {
    searcher: Option<Searcher>,
}

impl Default for Prefilter {
    fn default() -> Self {
        let searcher =
            Config::new().match_kind(MatchKind::LeftmostFirst).builder().extend(NEEDLES).build();
        Self { searcher }
    }
}

impl Prefilter {
    /// Where the next needle stands at or after `from`.
    #[must_use]
    pub fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let rest = bytes.get(from..)?;
        let found = match &self.searcher {
            Some(searcher) => searcher.find(rest).map(|it| it.start()),
            // Without vector instructions: slower, and the same answer.
            None => NEEDLES.iter().filter_map(|it| memchr::memmem::find(rest, it.as_bytes())).min(),
        };
        found.map(|at| at + from)
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
        check("",                                                       None);
    }

    #[track_caller]
    fn check(input: &str, expected: Option<usize>) {
        assert_eq!(Prefilter::default().find(input.as_bytes(), 0), expected);
    }
}
