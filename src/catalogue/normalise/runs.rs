//! How far a text can be copied without a closer look.
//!
//! Most of a text is copied as it is, but for its case. What needs a closer look: escapes,
//! blanks behind blanks, what is not ASCII, and the few words that are spelled in two ways.
//! Sixteen bytes are looked at together.

/// Bytes that are looked at together.
const BLOCK: usize = 16;

/// Bytes behind a block that tell what a word in it is.
const AHEAD: usize = 3;

/// Bytes after a closer look that are looked at one by one: a word may have begun before it.
const WORD: usize = 7;

/// Where the text from `at` on can no longer be copied as it is, but for its case.
pub(super) fn run(bytes: &[u8], at: usize) -> usize {
    let near = match at {
        0 => 0,
        at => bytes.len().min(at + WORD),
    };
    let mut at = match one_by_one(bytes, at, near) {
        Err(stop) => return stop,
        Ok(at) => at,
    };
    while let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        match first(block) {
            BLOCK => at += BLOCK,
            within => return at + within,
        }
    }
    // A word may reach into the last bytes.
    let near = bytes.len().min(at + BLOCK + AHEAD);
    one_by_one(bytes, at, near).unwrap_or_else(|stop| stop)
}

/// The first byte of a block that needs a closer look, or where a word begins that may be
/// spelled in two ways; [`BLOCK`] where there is none.
fn first(bytes: &[u8; BLOCK + AHEAD]) -> usize {
    let mut flags = [0; BLOCK];
    for (i, flag) in flags.iter_mut().enumerate() {
        let [a, b, c, d] = [bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3]];
        let [l, m, n, o] = [a | 0x20, b | 0x20, c | 0x20, d | 0x20];
        let odd = (a < b' ') | (a >= 0x7f) | (a == b'&') | (a == b'\\');
        let apostrophe = (a == b'\'') & (m == b't');
        let blanks = (a == b' ') & (b == b' ');
        let cannot = (l == b'n') & (m == b'n') & (n == b'o') & (o == b't');
        let occured = (l == b'u') & (m == b'r') & (n == b'e') & (o == b'd');
        let shaded = (l == b'd') & (m == b'e') & (n == b'd') & (d == b'.');
        *flag = u8::from(odd | apostrophe | blanks | cannot | occured | shaded);
    }
    u128::from_le_bytes(flags).trailing_zeros() as usize / 8
}

/// The same, for each byte from `at` on, as far as `end`. What was written before the first
/// is not known here, so that one needs a closer look where it might depend on it.
fn one_by_one(bytes: &[u8], at: usize, end: usize) -> Result<usize, usize> {
    let mut before = 0;
    for (i, &byte) in bytes.iter().enumerate().take(end).skip(at) {
        let after = |other| before == 0 || before == other;
        let look = match byte {
            b' ' => after(b' '),
            b'd' | b'D' => after(b'e'),
            b't' | b'T' => after(b'o'),
            b'.' => after(b'd'),
            b'\'' | b'&' | b'\\' | 0..b' ' | 0x7f.. => true,
            _ => false,
        };
        if look {
            return Err(i);
        }
        before = byte.to_ascii_lowercase();
    }
    Ok(at.max(end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_block_says_where_to_look() {
        for (text, expected) in [
            ("plain text, 'x'.plus", BLOCK),
            ("it isn't a thing yet", 6),
            ("two  blanks are there", 3),
            ("you CANNOT do it now", 6),
            ("what has occured here", 12),
            ("it loaded. and then a", 6),
            ("a\\nb c d e f g h i j k", 1),
        ] {
            assert_eq!(first(text.as_bytes().first_chunk().unwrap()), expected, "{text}");
        }
    }

    proptest! {
        /// Where nothing is skipped, nothing is missed: each stop of the slow way is one of
        /// the quick way or lies in a run that has no word to fold.
        #[test]
        fn the_quick_way_stops_where_it_must(text in "([a-zA-Z .,'&\\\\é]|cannot|occured|shaded\\.|  |n't){0,40}") {
            let bytes = text.as_bytes();
            let end = run(bytes, 0);
            let plain = &text[..end];
            prop_assert!(!plain.contains(['&', '\\', 'é']) && !plain.contains("  "));
            let plain = plain.to_lowercase();
            for word in ["cannot", "occured", "shaded.", "n't"] {
                prop_assert!(!plain.contains(word), "{plain}");
            }
        }
    }
}
