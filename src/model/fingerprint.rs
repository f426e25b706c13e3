//! Same trouble, same number.
//!
//! ```text
//! Login failed for user 'etl_a' on db01:1433.     ┐
//! Login failed for user 'etl_b' on db02:1433.     ┘ → Login failed for user * on *.
//! ```
//!
//! The number is over the rule, the outer code, the type of the root, the vendor's number
//! and the words of the root; all that differs from one case to the next is masked
//! (`mask`). Where a rule knows an error by its words, they say nothing more; where by its
//! code alone, the first sentence of the root counts, since what follows is advice and the
//! circumstances of the case; of an unknown error the first two. Prefixes that
//! name activities do not count. The masked words go straight into the hash, so nothing is allocated. What
//! makes an incident (labels, groups) is not known here.

mod mask;
mod vendor;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use shirwatch_parsers::Record;
use shirwatch_parsers::chain::preamble;
use xxhash_rust::xxh3::Xxh3Default;

/// The version of the way in which fingerprints are made. An incident that is open keeps
/// its number through an upgrade.
pub const VERSION: u32 = 1;

/// The number of an error: 64 bits, printed as 16 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub u64);

impl Fingerprint {
    /// The fingerprint of `record` as judged by `rule`, which does not know its words.
    #[must_use]
    pub fn of(rule: &str, record: &Record<'_>) -> Self {
        let (mut hash, message) = begin(rule, record);
        let sentences = if rule == UNKNOWN { 2 } else { 1 };
        mask::words(beginning(message, sentences), |word| lower_case(&mut hash, word));
        Self(hash.digest())
    }

    /// The fingerprint of `record` as judged by a rule that knows it by its words: what
    /// differs from the rule's own words are names, and do not count.
    #[must_use]
    pub fn of_known(rule: &str, record: &Record<'_>) -> Self {
        Self(begin(rule, record).0.digest())
    }
}

/// The words by which errors that no rule knows are grouped, with `*` for each name; at
/// most `TEMPLATE` bytes of them.
#[must_use]
pub fn template(record: &Record<'_>) -> String {
    let mut out = String::new();
    mask::words(beginning(begin(UNKNOWN, record).1, 2), |word| {
        if out.len() + word.len() < TEMPLATE {
            out.push_str(if out.is_empty() { "" } else { " " });
            out.push_str(word);
        }
    });
    out
}

/// Bytes of a template; a longer one is read by nobody.
const TEMPLATE: usize = 240;

/// All but the words, and the words.
fn begin<'r>(rule: &str, record: &'r Record<'_>) -> (Xxh3Default, &'r str) {
    let root = record.root();
    let message = match root {
        Some(link) if !link.message.is_empty() => link.message.as_ref(),
        _ => preamble::strip(&record.message),
    };
    let mut hash = Xxh3Default::new();
    hash.update(&VERSION.to_le_bytes());
    part(&mut hash, rule.as_bytes());
    lower_case(&mut hash, bare_code(record.outer_code().unwrap_or_default()));
    part(&mut hash, root.and_then(|link| link.type_name.as_deref()).unwrap_or("").as_bytes());
    vendor::numbers(root, message, |kind, number| {
        part(&mut hash, kind.as_bytes());
        part(&mut hash, number.as_bytes());
    });
    part(&mut hash, b"");
    (hash, message)
}

/// The rule of errors that no rule knows: for them the words alone tell one from another.
const UNKNOWN: &str = "unclassified";

/// The first `count` sentences of a text. A stop ends a sentence where a blank and then
/// anything but a small letter follows; a line break always does.
fn beginning(text: &str, count: usize) -> &str {
    let text = text.trim_start();
    let mut left = count;
    for (at, byte) in text.bytes().enumerate() {
        let rest = &text.as_bytes()[at + 1..];
        let ends = match byte {
            b'\n' => true,
            b'.' => {
                let begins = rest.get(1).is_some_and(|it| !it.is_ascii_lowercase());
                rest.first().is_some_and(u8::is_ascii_whitespace) && begins
            }
            b'\\' => {
                rest.starts_with(b"r\\n")
                    || rest.first() == Some(&b'n')
                        && rest.get(1).is_some_and(|it| it.is_ascii_uppercase())
            }
            _ => false,
        };
        left -= usize::from(ends);
        if left == 0 {
            return &text[..at];
        }
    }
    text
}

/// Feeds one part, and an end that no text holds.
fn part(hash: &mut Xxh3Default, bytes: &[u8]) {
    hash.update(bytes);
    hash.update(&[0xFF]);
}

/// The product renamed its codes once: `UserErrorX` became `X`.
fn bare_code(code: &str) -> &str {
    const PREFIX: &str = "UserError";
    match code.get(..PREFIX.len()) {
        Some(head) if head.eq_ignore_ascii_case(PREFIX) => &code[PREFIX.len()..],
        _ => code,
    }
}

/// Feeds one part in lower case, a few bytes at a time.
fn lower_case(hash: &mut Xxh3Default, text: &str) {
    let mut lower = [0; 64];
    for bytes in text.as_bytes().chunks(lower.len()) {
        let lower = &mut lower[..bytes.len()];
        lower.copy_from_slice(bytes);
        lower.make_ascii_lowercase();
        hash.update(lower);
    }
    hash.update(&[0xFF]);
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:016x}", self.0)
    }
}

impl FromStr for Fingerprint {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
