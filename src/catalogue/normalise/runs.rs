//! How far a text can be copied without a closer look.
//!
//! Most of a text is copied as it is, but for its case. What needs a closer look: escapes,
//! blanks behind blanks, what is not ASCII, and the few words that are spelled in two ways.
//! Sixteen bytes are looked at together.

/// Bytes that are looked at together.
const BLOCK: usize = 16;

/// Bytes behind a block that tell what a word in it is.
const AHEAD: usize = 3;

/// Bytes after a letter that are looked at one by one: a word may have begun before them.
const WORD: usize = 7;

/// Where the text from `at` on can no longer be copied as it is, but for its case. What was
/// written last tells whether a word, or a row of blanks, may go on there.
pub(super) fn run(bytes: &[u8], at: usize, written: Option<u8>) -> usize {
    let near = match written {
        Some(it) if it.is_ascii_alphabetic() => WORD,
        Some(b' ') => 1,
        _ => 0,
    };
    let mut at = match one_by_one(bytes, at, bytes.len().min(at + near)) {
        Err(stop) => return stop,
        // What begins in the last of these bytes ends behind them.
        Ok(end) => at.max(end.saturating_sub(AHEAD)),
    };
    loop {
        let rest = &bytes[at..];
        let within = match rest.first_chunk() {
            Some(block) => first(block),
            None => first(&filled(rest)).min(rest.len()),
        };
        at += within;
        if within < BLOCK {
            return at;
        }
    }
}

/// The last bytes of a text as a block; with what stands behind them no word goes on.
fn filled(rest: &[u8]) -> [u8; BLOCK + AHEAD] {
    let mut block = [b'x'; BLOCK + AHEAD];
    block[..rest.len()].copy_from_slice(rest);
    block
}

/// The first byte of a block that needs a closer look, or where a word begins that may be
/// spelled in two ways; [`BLOCK`] where there is none.
fn first(bytes: &[u8; BLOCK + AHEAD]) -> usize {
    let mut flags = [0; BLOCK];
    for (i, flag) in flags.iter_mut().enumerate() {
        let [a, b, c, d] = [bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3]];
        let [l, m, n, o] = [a | 0x20, b | 0x20, c | 0x20, d | 0x20];
        let odd = !(b' '..0x7f).contains(&a) | (a == b'&') | (a == b'\\');
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
            b'\'' => matches!(bytes.get(i + 1), Some(b't' | b'T')),
            b'&' | b'\\' | 0..b' ' | 0x7f.. => true,
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
        /// However a text is cut into runs, what is copied holds nothing that needs a look.
        #[test]
        fn nothing_is_passed_over(text in "([a-z]{1,9}|cannot|occured|shaded\\.|  |n't|&|é){0,40}") {
            let bytes = text.as_bytes();
            let (mut at, mut odd) = (0, Vec::<u8>::new());
            while at < bytes.len() {
                let end = run(bytes, at, at.checked_sub(1).map(|it| bytes[it]));
                odd.extend(bytes[at..end].iter().copied().filter(|it| *it == b'&' || !it.is_ascii()));
                // The byte before may be a part of a word.
                let plain = &bytes[at.saturating_sub(1)..end];
                for word in ["annot", "ccured", "haded.", "  ", "n't"] {
                    odd.extend(memchr::memmem::find(plain, word.as_bytes()).map(|_| bytes[at]));
                }
                at = end + 1;
            }
            prop_assert!(odd.is_empty(), "{odd:?}");
        }
    }
}
