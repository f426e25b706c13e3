//! One text or a list of them, as a clause of a rule is written.
//!
//! ```yaml
//! code: SqlFailedToConnect
//! code: [SqlFailedToConnect, SqlOperationFailed]
//! activity_code: 2200
//! ```
//!
//! A number is taken as its text: `2200` and `"2200"` mean the same to everyone who
//! writes a rule.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The texts of one clause; empty when the clause is not given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts(Box<[Box<str>]>);

impl Texts {
    /// True when the clause is not given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each text.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|it| &**it)
    }
}

impl Serialize for Texts {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &*self.0 {
            [one] => to.serialize_str(one),
            many => many.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(OneOrMany)
    }
}

struct OneOrMany;

impl<'de> Visitor<'de> for OneOrMany {
    type Value = Texts;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a text or a list of texts")
    }

    fn visit_str<E>(self, text: &str) -> Result<Texts, E> {
        Ok(one(text))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Texts, E> {
        Ok(one(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Texts, E> {
        Ok(one(number.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
        let mut texts = Vec::new();
        while let Some(Texts(one)) = list.next_element()? {
            texts.extend(one);
        }
        Ok(Texts(texts.into()))
    }
}

fn one(text: impl Into<Box<str>>) -> Texts {
    Texts(Box::new([text.into()]))
}

impl JsonSchema for Texts {
    fn schema_name() -> Cow<'static, str> {
        "Texts".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A text or a list of texts.",
            "anyOf": [
                { "type": ["string", "integer"] },
                { "type": "array", "items": { "type": ["string", "integer"] } }
            ]
        })
    }
}
