//! Where in a record something stands, and all the texts of a record in that order.
//!
//! The deeper, the nearer to the root cause:
//!
//! ```text
//! record.message, outside the chain    depth 0
//! chain[0]                             depth 0
//! chain[0].embedded[0]                 depth 1
//! chain[0].embedded[1]                 depth 2
//! chain[1]                             depth 3     ← the root
//! ```
//!
//! An exception that is printed inside a message is deeper than the one that prints it,
//! and less deep than the next of the outer chain. What stands around the chain (a
//! preamble, the frame of an event) says no more than the outermost exception does.
//!
//! Messages that stand in the record's own text too are cut out of it, so that no byte
//! is looked at twice, and so are stack traces.

use memchr::memmem;
use shirwatch_parsers::{Link, Record};

/// Bytes looked at in one text. Errors say what they have to say well before.
const TEXT_LIMIT: usize = 64 * 1024;

/// Links looked at in one record, embedded ones included.
const LINK_LIMIT: usize = 64;

/// Bytes under which it is not worth looking for a message in the record's text.
const WORTH_CUTTING: usize = 32;

/// Where something stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The deeper, the nearer to the root cause.
    pub(super) depth: u16,
    /// Index in the outer chain.
    pub(super) link: u16,
}

/// What the walk through a record meets.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part<'r> {
    /// A text that fragments are looked for in.
    Text(&'r str),
    /// An exception; its message follows as a text.
    Link(&'r Link<'r>),
}

/// Walks through `record` from the outside to the root.
pub(super) fn walk<'r>(record: &'r Record<'_>, visit: &mut impl FnMut(Place, Part<'r>)) {
    around_the_chain(record, &mut |text| visit(Place::default(), Part::Text(text)));
    let mut place = Place::default();
    let mut left = LINK_LIMIT;
    for (i, link) in record.chain.iter().enumerate() {
        place.link = u16::try_from(i).unwrap_or(u16::MAX);
        descend(link, &mut place, &mut left, visit);
    }
}

/// Walks through one exception and those embedded in it.
fn descend<'r>(
    link: &'r Link<'r>,
    place: &mut Place,
    left: &mut usize,
    visit: &mut impl FnMut(Place, Part<'r>),
) {
    if *left == 0 {
        return;
    }
    *left -= 1;
    visit(*place, Part::Link(link));
    visit(*place, Part::Text(head(&link.message)));
    for (key, value) in &link.details {
        // `Errors` repeats the message; the short ones are numbers.
        if key != "Errors" && value.len() >= WORTH_CUTTING {
            visit(*place, Part::Text(head(value)));
        }
    }
    place.depth += 1;
    for link in &link.embedded {
        descend(link, place, left, visit);
    }
}

/// The pieces of the record's own text that are no field of its chain.
fn around_the_chain<'r>(record: &'r Record<'_>, visit: &mut impl FnMut(&'r str)) {
    let mut rest = head(&record.message);
    for link in &record.chain {
        let details = link.details.iter().map(|(_, value)| value.as_ref());
        let fields = [link.message.as_ref()].into_iter().chain(details);
        // A stack trace says where, and not what.
        for field in fields.chain(link.stack_trace.as_deref()) {
            if let Some(at) = find(rest, field) {
                visit(rest.get(..at).unwrap_or_default());
                rest = rest.get(at + field.len()..).unwrap_or_default();
            }
        }
    }
    visit(rest);
}

/// Where `field` stands in `text`, where that is worth knowing. A field that borrows from
/// the text says so by its address. Otherwise its first words are looked for and the others
/// compared: a searcher for all of it would cost more to make than it saves.
fn find(text: &str, field: &str) -> Option<usize> {
    let offset = field.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
    if field.len() >= WORTH_CUTTING && text.get(offset..).is_some_and(|it| it.starts_with(field)) {
        return Some(offset);
    }
    let first = field.as_bytes().get(..WORTH_CUTTING)?;
    let at = memmem::find(text.as_bytes(), first)?;
    text.get(at..)?.starts_with(field).then_some(at)
}

/// As much of a text as is looked at.
fn head(text: &str) -> &str {
    if text.len() <= TEXT_LIMIT {
        return text;
    }
    let end = (TEXT_LIMIT - 3..=TEXT_LIMIT).rev().find(|it| text.is_char_boundary(*it));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str = "a message that is long enough to be cut out";

    #[test]
    #[rustfmt::skip]
    fn the_root_is_the_deepest() {
        // chain, `>` opens what is embedded                   depth.link of each
        check(vec![],                                          "0.0:out");
        check(vec![link("a", vec![])],                         "0.0:out 0.0:a");
        check(vec![link("a", vec![]), link("b", vec![])],      "0.0:out 0.0:a 1.1:b");
        check(vec![link("a", vec![link("x", vec![]), link("y", vec![link("z", vec![])])]), link("b", vec![])],
                                                               "0.0:out 0.0:a 1.0:x 2.0:y 3.0:z 4.1:b");
    }

    #[test]
    fn no_byte_is_looked_at_twice() {
        let message = format!("before {LONG} between {LONG}! after");
        let chain = vec![link(LONG, vec![]), link(&format!("{LONG}!"), vec![])];
        let record = Record { message: message.as_str().into(), chain, ..Record::default() };
        let mut texts = Vec::new();
        around_the_chain(&record, &mut |it| texts.push(it));
        assert_eq!(texts, ["before ", " between ", " after"]);
    }

    #[test]
    fn a_deep_and_a_long_record_are_bounded() {
        let deep = (0..1000).fold(link("x", vec![]), |inner, _| link("x", vec![inner]));
        let record = Record {
            message: "ä".repeat(TEXT_LIMIT).into(),
            chain: vec![deep],
            ..Record::default()
        };
        let (mut texts, mut longest) = (0, 0);
        walk(&record, &mut |_, part| {
            if let Part::Text(text) = part {
                texts += 1;
                longest = longest.max(text.len());
            }
        });
        assert_eq!((texts, longest), (LINK_LIMIT + 1, TEXT_LIMIT));
    }

    fn link(message: &str, embedded: Vec<Link<'static>>) -> Link<'static> {
        Link { message: message.to_owned().into(), embedded, ..Link::default() }
    }

    #[track_caller]
    fn check(chain: Vec<Link<'static>>, expected: &str) {
        let record = Record { message: "out".into(), chain, ..Record::default() };
        let mut seen = Vec::new();
        walk(&record, &mut |place, part| {
            if let Part::Text(text) = part {
                seen.push(format!("{}.{}:{text}", place.depth, place.link));
            }
        });
        assert_eq!(seen.join(" "), expected);
    }
}
