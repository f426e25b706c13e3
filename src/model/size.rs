//! Sizes in bytes, as people write them: `1MiB`, `256 KiB`, `1GB`, `4096`.
//!
//! `KiB`, `MiB`, `GiB` count in 1024s, `kB`, `MB`, `GB` in 1000s; case and blanks do not
//! matter. A size is printed in the largest unit that shows it exactly.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number of bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

/// The units, the larger first, and of equal rank the one that is printed first.
const UNITS: [(&str, u64); 12] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("G", 1 << 30),
    ("M", 1 << 20),
    ("K", 1 << 10),
    ("B", 1),
];

impl ByteSize {
    /// So many times 1024 bytes.
    #[must_use]
    pub const fn kib(count: u64) -> Self {
        Self(count << 10)
    }

    /// So many times 1024 KiB.
    #[must_use]
    pub const fn mib(count: u64) -> Self {
        Self(count << 20)
    }

    /// So many times 1024 MiB.
    #[must_use]
    pub const fn gib(count: u64) -> Self {
        Self(count << 30)
    }

    /// The size as a length in memory.
    #[must_use]
    pub fn as_len(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// A text that is no size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a size; write a whole number and a unit, like `256KiB`, `1MiB` or `1GiB`")]
pub struct NotASize(String);

impl FromStr for ByteSize {
    type Err = NotASize;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let trimmed = text.trim();
        let digits = trimmed.find(|c: char| !c.is_ascii_digit()).unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(digits);
        let size = number.parse().ok().zip(factor(unit.trim()));
        size.and_then(|(number, factor): (u64, u64)| number.checked_mul(factor))
            .map(Self)
            .ok_or_else(|| NotASize(text.to_owned()))
    }
}

fn factor(unit: &str) -> Option<u64> {
    if unit.is_empty() {
        return Some(1);
    }
    UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).map(|(_, factor)| *factor)
}

impl fmt::Display for ByteSize {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = |(_, factor): &&(&str, u64)| self.0 != 0 && self.0.is_multiple_of(*factor);
        match UNITS.iter().find(exact) {
            Some((name, factor)) if *factor > 1 => write!(out, "{}{name}", self.0 / factor),
            _ => write!(out, "{}", self.0),
        }
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(SizeVisitor)
    }
}

/// Takes a plain number or a text.
struct SizeVisitor;

impl serde::de::Visitor<'_> for SizeVisitor {
    type Value = ByteSize;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a size like `1MiB`")
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<ByteSize, E> {
        Ok(ByteSize(number))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<ByteSize, E> {
        u64::try_from(number).map(ByteSize).map_err(|_| E::custom(NotASize(number.to_string())))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<ByteSize, E> {
        text.parse().map_err(E::custom)
    }
}

impl JsonSchema for ByteSize {
    fn schema_name() -> Cow<'static, str> {
        "ByteSize".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_size_is_read_as_people_write_it() {
        check("4096",    "4096 = 4KiB");
        check("1MiB",    "1048576 = 1MiB");
        check("256 KiB", "262144 = 256KiB");
        check("1GB",     "1000000000 = 1GB");
        check(" 2gib ",  "2147483648 = 2GiB");
        check("10M",     "10485760 = 10MiB");
        check("7b",      "7 = 7");
        check("0",       "0 = 0");
        check("",        "refused");
        check("MiB",     "refused");
        check("1.5MiB",  "refused");
        check("-1",      "refused");
        check("1 parsec", "refused");
        check("99999999999TiB", "refused");
    }

    #[test]
    fn a_size_in_yaml_may_be_a_number_or_a_text() {
        let read = |yaml: &str| serde_saphyr::from_str::<ByteSize>(yaml).ok().map(|it| it.0);
        assert_eq!(read("1MiB"), Some(1 << 20));
        assert_eq!(read("4096"), Some(4096));
        assert_eq!(read("-4096"), None);
        assert_eq!(read("[1]"), None);
    }

    #[track_caller]
    fn check(input: &str, expected: &str) {
        let actual = match input.parse::<ByteSize>() {
            Ok(size) => format!("{} = {size}", size.0),
            Err(_) => "refused".to_owned(),
        };
        assert_eq!(actual, expected);
    }
}
