//! The grammar of a DataTransfer exception chain (being written).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::issue::ParseIssue;
use crate::record::{Side, owned};

/// One exception of a chain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Link<'a> {
    /// The `ErrorCode=Name` in front of this exception.
    pub error_code: Option<Cow<'a, str>>,
    /// `System.Data.SqlClient.SqlException`; `None` for a code that stands alone.
    #[serde(rename = "type")]
    pub type_name: Option<Cow<'a, str>>,
    /// What the exception says, entities decoded.
    pub message: Cow<'a, str>,
    /// Where it was thrown; `None` when absent, `""` when empty.
    pub source: Option<Cow<'a, str>>,
    /// The fields after the source, in their order.
    #[serde(with = "crate::chain::details_as_map")]
    pub details: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// The frames, one a line.
    pub stack_trace: Option<Cow<'a, str>>,
    /// Chains printed inside the message, read; at most eight deep.
    pub embedded: Vec<Link<'a>>,
}

impl Link<'_> {
    /// The field `key` of the details.
    #[must_use]
    pub fn detail(&self, key: &str) -> Option<&str> {
        self.details.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_ref())
    }

    /// The same link with all its text copied.
    #[must_use]
    pub fn into_owned(self) -> Link<'static> {
        Link {
            error_code: owned(self.error_code),
            type_name: owned(self.type_name),
            message: Cow::Owned(self.message.into_owned()),
            source: owned(self.source),
            details: self
                .details
                .into_iter()
                .map(|(key, value)| (Cow::Owned(key.into_owned()), Cow::Owned(value.into_owned())))
                .collect(),
            stack_trace: owned(self.stack_trace),
            embedded: self.embedded.into_iter().map(Link::into_owned).collect(),
        }
    }
}

/// What the reader of a chain found in a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading<'a> {
    /// The exceptions, outermost first.
    pub links: Vec<Link<'a>>,
    /// The side that the prefix names.
    pub side: Option<Side>,
    /// The innermost activity that the prefix names.
    pub activity: Option<Cow<'a, str>>,
    /// True when head or tail is missing.
    pub truncated: bool,
    /// What could not be read; offsets are bytes of the text.
    pub issues: Vec<ParseIssue>,
}

/// Reads the chain in `text`, wherever it begins. Never fails: a text without a
/// chain gives no links.
#[must_use]
pub fn read(text: &str) -> Reading<'_> {
    let _ = text;
    Reading::default()
}

mod details_as_map {
    use std::borrow::Cow;

    use serde::de::{MapAccess, Visitor};
    use serde::{Deserializer, Serializer};

    pub(super) type Details<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

    pub(super) fn serialize<S: Serializer>(it: &Details<'_>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(it.iter().map(|(key, value)| (key, value)))
    }

    pub(super) fn deserialize<'de, 'a, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Details<'a>, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Vec<(String, String)>;
            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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
        let pairs = from.deserialize_map(Pairs)?;
        Ok(pairs.into_iter().map(|(key, value)| (Cow::Owned(key), Cow::Owned(value))).collect())
    }
}
