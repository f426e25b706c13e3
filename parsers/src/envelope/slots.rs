//! The values of an object by what their keys mean, taken in one walk over its text.
//!
//! ```text
//! {"status":"Failed","properties":{"Input":{…},"Error":{"message":"…"}}}
//!            Status   Properties               Error      Message
//! ```
//!
//! The properties of a run and the error in them are opened on the way: whoever asks for
//! them need not walk over them again. A key given twice keeps the first value that says
//! something. Which keys there are is said elsewhere.

use std::borrow::Cow;

use crate::envelope::keys::{COUNT, Key, key};
use crate::json::{Fields, Raw};

/// Objects are opened on the way this deep: the properties, and the error in them.
const DEEPEST: usize = 2;

/// The values of the keys that mean something.
#[derive(Debug, Clone)]
pub(crate) struct Slots<'a> {
    values: [Option<Raw<'a>>; COUNT],
    /// A second value of the same key: `Level` beside `level`.
    second_level: Option<Raw<'a>>,
    properties: Option<Box<Slots<'a>>>,
    error: Option<Box<Slots<'a>>>,
}

impl Default for Slots<'_> {
    fn default() -> Self {
        Self { values: [None; COUNT], second_level: None, properties: None, error: None }
    }
}

/// How far an object was read whose properties may be passed over.
pub(crate) enum Hasty {
    /// All of it.
    Read,
    /// All but its properties, if it is one object.
    PassedOver,
    /// It is not in the order of a run that went well, and was not read to its end.
    Unclear,
}

impl<'a> Slots<'a> {
    /// Takes in all fields of an object.
    pub(crate) fn of(fields: &mut Fields<'a>) -> Self {
        Self::within(fields, DEEPEST)
    }

    fn within(fields: &mut Fields<'a>, depth: usize) -> Self {
        let mut slots = Self::default();
        while let Some(name) = fields.key() {
            if slots.take(key(name), fields, depth).is_none() {
                break;
            }
        }
        slots
    }

    /// Takes in the fields of an object; its properties stay unread if they follow the
    /// word that the run went well.
    pub(crate) fn hasten(&mut self, fields: &mut Fields<'a>) -> Hasty {
        let mut passed_over = false;
        while let Some(name) = fields.key() {
            let key = key(name);
            if key == Some(Key::Properties) && self.went_well() {
                let Some(raw) = fields.unread_value() else { return Hasty::Unclear };
                self.put(Key::Properties, raw);
                passed_over = true;
            } else if self.take(key, fields, DEEPEST).is_none() {
                break;
            }
        }
        match passed_over {
            false => Hasty::Read,
            true if self.is_complete() => Hasty::PassedOver,
            true => Hasty::Unclear,
        }
    }

    /// Takes in the value that comes next.
    fn take(&mut self, key: Option<Key>, fields: &mut Fields<'a>, depth: usize) -> Option<()> {
        let opens = depth > 0 && matches!(key, Some(Key::Properties | Key::Error));
        if let Some(mut inner) = fields.enter().filter(|_| opens) {
            let slots = Self::within(&mut inner, depth - 1);
            if let Some(raw) = fields.leave(&inner) {
                self.put_opened(key?, raw, slots);
                return Some(());
            }
        }
        let raw = fields.value()?;
        if let Some(key) = key {
            self.put(key, raw);
        }
        Some(())
    }

    fn went_well(&self) -> bool {
        let is = |key: Key, text: &str| self.get(key).is_some_and(|raw| raw.0 == text);
        is(Key::Category, "\"ActivityRuns\"")
            && (is(Key::Status, "\"Succeeded\"") || is(Key::Status, "\"InProgress\""))
    }

    /// False where a field may stand between the properties and another object, and was
    /// passed over with them.
    fn is_complete(&self) -> bool {
        [Key::Start, Key::End, Key::Activity, Key::ActivityType].iter().all(|key| self.has(*key))
    }

    /// The fields of an object that is a value.
    pub(crate) fn inside(raw: Raw<'a>) -> Self {
        Self::of(&mut raw.fields())
    }

    /// The fields of the object that is the value of `key`; `None` where it is none.
    pub(crate) fn opened(&self, key: Key) -> Option<Cow<'_, Self>> {
        let raw = self.get(key).filter(|raw| raw.is_object())?;
        let opened = match key {
            Key::Properties => &self.properties,
            Key::Error => &self.error,
            _ => &None,
        };
        Some(opened.as_deref().map_or_else(|| Cow::Owned(Self::inside(raw)), Cow::Borrowed))
    }

    /// Keeps a value, unless there is one that says something. True where it was kept.
    pub(crate) fn put(&mut self, key: Key, raw: Raw<'a>) -> bool {
        let slot = &mut self.values[key as usize];
        if slot.is_none_or(|it| matches!(it.0, "null" | "\"\"" | "\"null\"")) {
            *slot = Some(raw);
            return true;
        }
        if key == Key::Level {
            self.second_level = self.second_level.or(Some(raw));
        }
        false
    }

    fn put_opened(&mut self, key: Key, raw: Raw<'a>, slots: Self) {
        if !self.put(key, raw) {
            return;
        }
        match key {
            Key::Properties => self.properties = Some(Box::new(slots)),
            _ => self.error = Some(Box::new(slots)),
        }
    }

    /// Puts a value in the place of another; of no key whose objects are opened on the way.
    pub(crate) fn replace(&mut self, key: Key, raw: Raw<'a>) {
        self.values[key as usize] = Some(raw);
    }

    pub(crate) fn get(&self, key: Key) -> Option<Raw<'a>> {
        self.values[key as usize]
    }

    pub(crate) fn has(&self, key: Key) -> bool {
        self.get(key).is_some()
    }

    /// The values that may name the level, the first one first.
    pub(crate) fn levels(&self) -> impl Iterator<Item = Raw<'a>> {
        self.get(Key::Level).into_iter().chain(self.second_level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_that_says_something_is_kept() {
        let slots = Slots::inside(Raw(r#"{"status":"","Status":"Failed","STATUS":"x"}"#));
        assert_eq!(slots.get(Key::Status), Some(Raw("\"Failed\"")));
    }

    #[test]
    #[rustfmt::skip]
    fn what_is_opened_on_the_way_is_what_stands_there() {
        // input                                                     the message in the error in the properties
        check(r#"{"properties":{"a":{},"Error":{"message":"m"}},"x":1}"#,   "m");
        check(r#"{"properties":{"Error":{"message":"m"},"Error":{"message":"n"}}}"#, "m");
        check(r#"{"properties":null,"properties":{"Error":{"message":"m"}}}"#, "m");
        check(r#"{"properties":{"Error":{"message":"m" "x":1}}}"#,   "m");
        check(r#"{"properties":{"Error":{"message":"m"}"#,           "m");
        check(r#"{"properties":{"Error":{"message":"m",x}}}"#,       "m");
        check(r#"{"properties":{x,"Error":{"message":"m"}}}"#,       "nothing");
        check(r#"{"properties":{"Error":"{}"}}"#,                    "nothing");
        check(r#"{"properties":[{"Error":{"message":"m"}}]}"#,       "nothing");
    }

    #[track_caller]
    fn check(input: &str, expected: &str) {
        let slots = Slots::inside(Raw(input));
        let message = |slots: &Slots<'_>| {
            let error = slots.opened(Key::Error)?;
            error.get(Key::Message).and_then(Raw::inner).map(str::to_owned)
        };
        let on_the_way = slots.opened(Key::Properties).as_deref().and_then(message);
        let afterwards = slots.get(Key::Properties).map(Slots::inside).as_ref().and_then(message);
        assert_eq!(on_the_way.as_deref().unwrap_or("nothing"), expected);
        assert_eq!(on_the_way, afterwards);
    }

    proptest::proptest! {
        #[test]
        fn opening_on_the_way_finds_the_same_values(inner in r#"("k":1|"error":\{|\{|\}|\[|\]|,|:|"|x| ){0,16}"#) {
            let text = format!(r#"{{"properties":{{{inner}}},"error":{{{inner}}},"status":"x"}}"#);
            let mut closed = Slots::default();
            for (name, raw) in Raw(&text).fields() {
                key(name).map(|key| closed.put(key, raw));
            }
            let opened = Slots::inside(Raw(&text));
            proptest::prop_assert_eq!(opened.values, closed.values);
        }
    }
}
