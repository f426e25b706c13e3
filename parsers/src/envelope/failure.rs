//! The error object of a run: code, message, type and target.
//!
//! ```text
//! "Error":{"errorCode":"2200","message":"…","failureType":"UserError","target":"Copy orders"}
//! "Error":"{\"errorCode\":\"2200\",…}"
//! ```
//!
//! It stands in the properties, beside the run or is the whole record, as an object or as
//! a text that holds one, and each of these may lack what another has. What the message
//! says is left to the body.

use std::borrow::Cow;

use crate::envelope::keys::Key;
use crate::envelope::slots::Slots;
use crate::envelope::text::{Text, filled, offset_in};
use crate::json::Raw;
use crate::record::owned;

/// What an error object holds.
#[derive(Default)]
pub(crate) struct Failure<'a> {
    pub(crate) code: Option<Cow<'a, str>>,
    pub(crate) message: Option<Text<'a>>,
    pub(crate) failure_type: Option<Cow<'a, str>>,
    pub(crate) target: Option<Cow<'a, str>>,
}

impl<'a> Failure<'a> {
    pub(crate) fn of(slots: &Slots<'a>, whole: &str) -> Self {
        Self {
            code: slots.get(Key::Code).and_then(filled),
            message: slots.get(Key::Message).and_then(|raw| Text::json(raw, whole)),
            failure_type: slots.get(Key::FailureType).and_then(filled),
            target: slots.get(Key::Target).and_then(filled),
        }
    }

    /// The error among the values of an object: an object, or a text that holds one.
    pub(crate) fn among(slots: &Slots<'a>, whole: &str) -> Option<Self> {
        match slots.opened(Key::Error) {
            Some(error) => Some(Self::of(&error, whole)),
            None => Self::inside(slots.get(Key::Error)?, whole),
        }
    }

    /// From an object, or from a text that holds one.
    fn inside(raw: Raw<'a>, whole: &str) -> Option<Self> {
        if raw.is_object() {
            return Some(Self::of(&Slots::inside(raw), whole));
        }
        let text = raw.text()?;
        let (object, _) = Raw::first(&text).filter(|(object, _)| object.is_object())?;
        let it = Failure::of(&Slots::inside(object), &text);
        Some(it.copied(offset_in(whole, raw.0) + 1))
    }

    /// The error in properties that are written as a text.
    pub(crate) fn of_properties_as_text(slots: &Slots<'_>, whole: &str) -> Option<Self> {
        let raw = slots.get(Key::Properties).filter(|raw| raw.is_string())?;
        let text = raw.text()?;
        let (object, _) = Raw::first(&text)?;
        let it = Failure::inside(object.get("error")?, &text)?;
        Some(it.copied(offset_in(whole, raw.0) + 1))
    }

    fn copied<'b>(self, at: usize) -> Failure<'b> {
        Failure {
            code: owned(self.code),
            message: self.message.map(|text| text.within(at)),
            failure_type: owned(self.failure_type),
            target: owned(self.target),
        }
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            code: self.code.or(other.code),
            message: self.message.or(other.message),
            failure_type: self.failure_type.or(other.failure_type),
            target: self.target.or(other.target),
        }
    }
}
