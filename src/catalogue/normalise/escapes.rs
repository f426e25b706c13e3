//! One character of a text, whatever it is written as.
//!
//! ```text
//! &quot;  &#34;  &amp;quot;  \"  \\"  \u0022  “  ”     all are  "
//! ```
//!
//! A text may be escaped more than once, and differently each time: a chain in JSON in
//! XML. So an ampersand that is itself escaped, and any number of backslashes, count as
//! one. What is no escape stands for itself.

/// The character that stands at `at`, its escape undone, and the bytes it takes.
pub(super) fn decode(text: &str, at: usize) -> (char, usize) {
    let Some(rest) = text.get(at..) else { return (' ', 1) };
    match rest.as_bytes().first() {
        Some(b'&') => entity(rest).unwrap_or(('&', 1)),
        Some(b'\\') => escape(rest.as_bytes()),
        _ => {
            let c = rest.chars().next().unwrap_or(' ');
            (fold(c), c.len_utf8())
        }
    }
}

/// Undoes one XML or HTML entity, also one that was escaped again (`&amp;quot;`).
fn entity(text: &str) -> Option<(char, usize)> {
    let mut body = text.strip_prefix('&')?;
    while let Some(inner) = body.strip_prefix("amp;") {
        body = inner;
    }
    let skipped = text.len() - body.len();
    let named = |name: &str| body.get(..name.len()).is_some_and(|it| it.eq_ignore_ascii_case(name));
    for (name, c) in [("lt;", '<'), ("gt;", '>'), ("quot;", '"'), ("apos;", '\''), ("nbsp;", ' ')] {
        if named(name) {
            return Some((c, skipped + name.len()));
        }
    }
    match numeric(body) {
        Some((c, len)) => Some((c, skipped + len)),
        None if skipped > 1 => Some(('&', skipped)),
        None => None,
    }
}

/// `#39;` and `#x27;`, the ampersand already taken.
fn numeric(body: &str) -> Option<(char, usize)> {
    let digits = body.strip_prefix('#')?;
    let end = digits.bytes().take(8).position(|it| it == b';')?;
    let digits = digits.get(..end)?;
    let code = match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => digits.parse().ok()?,
    };
    Some((fold(char::from_u32(code)?), end + 2))
}

/// Undoes one escape of JSON, however often its backslash was escaped again.
fn escape(bytes: &[u8]) -> (char, usize) {
    let slashes = bytes.iter().take_while(|it| **it == b'\\').count();
    match bytes.get(slashes) {
        Some(b'"') => ('"', slashes + 1),
        Some(b'\'') => ('\'', slashes + 1),
        Some(b'r' | b'n' | b't') => (' ', slashes + 1),
        Some(b'u') => match unicode(&bytes[slashes + 1..]) {
            Some(c) => (fold(c), slashes + 5),
            None => ('\\', slashes),
        },
        _ => ('\\', slashes),
    }
}

fn unicode(bytes: &[u8]) -> Option<char> {
    let digits = std::str::from_utf8(bytes.get(..4)?).ok()?;
    char::from_u32(u32::from_str_radix(digits, 16).ok()?)
}

/// The plain form of a typographic character.
fn fold(c: char) -> char {
    match c {
        '‘' | '’' | '‚' | '‛' | '′' | '´' => '\'',
        '“' | '”' | '„' | '‟' | '″' => '"',
        '‐' | '‑' | '–' | '—' | '−' => '-',
        '\u{feff}' | '\u{200b}' => ' ',
        c => c,
    }
}
