//! Details as a JSON object, in their order.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserializer, Serializer};

type Details<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

pub(super) fn serialize<S: Serializer>(it: &Details<'_>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(it.iter().map(|(key, value)| (key, value)))
}

pub(super) fn deserialize<'de, 'a, D: Deserializer<'de>>(from: D) -> Result<Details<'a>, D::Error> {
    let pairs = from.deserialize_map(Pairs)?;
    Ok(pairs.into_iter().map(|(key, value)| (Cow::Owned(key), Cow::Owned(value))).collect())
}

struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Vec<(String, String)>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}
