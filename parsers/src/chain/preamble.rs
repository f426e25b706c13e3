//! What stands before a chain: which activity failed, and on which side.
//!
//! ```text
//! prefix = "Operation on target " name " failed: "
//!        | "Activity failed because an inner activity failed; Inner activity name: " name ", Error: "
//!        | "Failure happened on " [ "the " ] "'" ( "Source" | "Sink" | "destination" ) "' side. "
//!        | "Copy activity encountered a user error" [ " at " side [ ":" endpoint ] " side" ] ": "
//! ```
//!
//! Prefixes repeat, and names may hold anything, so each is looked for on its own and the
//! last name, the innermost, is the activity.

use std::borrow::Cow;

use memchr::memmem;
use memchr::memmem::Finder;
use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case, take_until, take_while1};
use nom::character::complete::{multispace0, multispace1};
use nom::combinator::{opt, value};
use nom::{IResult, Parser};

use crate::chain::Link;
use crate::chain::entities::decode;
use crate::chain::mark::{code, is_code, is_code_char};
use crate::needle::needle;
use crate::record::Side;

/// What the prefixes say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preamble<'a> {
    /// The side of the copy.
    pub side: Option<Side>,
    /// The innermost activity that is named.
    pub activity: Option<Cow<'a, str>>,
}

/// Reads the prefixes in `text`, which ends where the chain begins.
///
/// ```
/// use shirwatch_parsers::{chain::preamble::read, Side};
/// let it = read("Operation on target Copy a failed: Failure happened on 'Sink' side. ");
/// assert_eq!(it.activity.as_deref(), Some("Copy a"));
/// assert_eq!(it.side, Some(Side::Sink));
/// ```
#[must_use]
pub fn read(text: &str) -> Preamble<'_> {
    let outer = names(text, needle!("Operation on target "), target);
    let inner = names(text, needle!("Inner activity name: "), inner_activity);
    let last = [outer, inner].into_iter().flatten().max_by_key(|(at, _)| *at);
    let side = sides(text, needle!("ailure happened on "), happened_on)
        .or_else(|| sides(text, needle!("encountered a user error at "), error_at));
    Preamble { side, activity: last.map(|(_, name)| Cow::Borrowed(name)) }
}

/// The last name that follows `key`, and where it stands.
fn names<'a>(
    text: &'a str,
    key: &Finder<'_>,
    name: fn(&'a str) -> IResult<&'a str, &'a str>,
) -> Option<(usize, &'a str)> {
    // Most texts hold none, which is quickly known.
    key.find(text.as_bytes())?;
    let at = memmem::rfind(text.as_bytes(), key.needle())?;
    let (_, name) = name(&text[at + key.needle().len()..]).ok()?;
    Some((at, name.trim()))
}

/// The side that follows `key`.
fn sides(text: &str, key: &Finder<'_>, side: fn(&str) -> IResult<&str, Side>) -> Option<Side> {
    let at = key.find(text.as_bytes())?;
    side(&text[at + key.needle().len()..]).ok().map(|(_, side)| side)
}

/// `Copy a failed: `, up to the colon.
fn target(input: &str) -> IResult<&str, &str> {
    take_until(" failed:")(input)
}

/// `Copy a, Error: `, up to the comma.
fn inner_activity(input: &str) -> IResult<&str, &str> {
    take_until(", Error:")(input)
}

/// `the 'Sink' side`.
fn happened_on(input: &str) -> IResult<&str, Side> {
    let (input, _) = opt(tag("the ")).parse(input)?;
    let (input, _) = alt((tag("'"), tag("\u{2018}"), tag("\\'"))).parse(input)?;
    side(input)
}

/// `Sink:tcp:host,1433 side`.
fn error_at(input: &str) -> IResult<&str, Side> {
    side(input)
}

fn side(input: &str) -> IResult<&str, Side> {
    let sink = alt((tag_no_case("sink"), tag_no_case("destination")));
    alt((value(Side::Source, tag_no_case("source")), value(Side::Sink, sink))).parse(input)
}

/// The text without the prefixes in front of it, so that what a wrapper repeats reads like
/// what it wraps.
///
/// ```
/// use shirwatch_parsers::chain::preamble::strip;
/// let text = "Operation on target F failed: Failure happened on 'Sink' side. It broke.";
/// assert_eq!(strip(text), "It broke.");
/// ```
#[must_use]
pub fn strip(text: &str) -> &str {
    let mut rest = text.trim_start();
    while let Ok((after, _)) = alt((operation, inner, happened)).parse(rest) {
        rest = after.trim_start();
    }
    rest
}

/// `Operation on target Copy a failed: `.
fn operation(input: &str) -> IResult<&str, &str> {
    let (input, _) = tag("Operation on target ").parse(input)?;
    let (input, name) = target(input)?;
    let (input, _) = tag(" failed:")(input)?;
    Ok((input, name))
}

/// `Activity failed because an inner activity failed; Inner activity name: a, Error: `.
fn inner(input: &str) -> IResult<&str, &str> {
    let (input, _) =
        tag("Activity failed because an inner activity failed; Inner activity name: ")(input)?;
    let (input, name) = inner_activity(input)?;
    let (input, _) = tag(", Error:")(input)?;
    Ok((input, name))
}

/// `Failure happened on 'Sink' side. `.
fn happened(input: &str) -> IResult<&str, &str> {
    let (input, _) = tag("Failure happened on ")(input)?;
    let (input, side) = take_until("side.")(input)?;
    let (input, _) = tag("side.")(input)?;
    Ok((input, side))
}

/// A code that no type follows: `ErrorCode=Name,text`, `ErrorCode = Name, Error Message =
/// text`, or `ErrorCode: Name` and `Message: text` on lines of their own.
///
/// ```
/// use shirwatch_parsers::chain::preamble::lone_code;
/// let link = lone_code("Copy failed: ErrorCode=TypeConversionFailure,It broke.").expect("a link");
/// assert_eq!(link.error_code.as_deref(), Some("TypeConversionFailure"));
/// assert_eq!(link.message, "It broke.");
/// ```
#[must_use]
pub fn lone_code(text: &str) -> Option<Link<'_>> {
    for at in needle!("ErrorCode").find_iter(text.as_bytes()) {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '"' || c == '\'') {
            continue;
        }
        let found = equals(&text[at..]).or_else(|_| labelled(&text[at..]));
        if let Ok((message, name)) = found
            && is_code(name)
        {
            return Some(Link {
                error_code: Some(name.into()),
                message: decode(message.trim_end()),
                ..Link::default()
            });
        }
    }
    None
}

/// `ErrorCode=Name,` and its text.
fn equals(input: &str) -> IResult<&str, &str> {
    let (input, name) = code(input)?;
    let (input, _) = (tag(","), multispace0).parse(input)?;
    let label =
        (alt((tag("Error Message"), tag("ErrorMessage"))), multispace0, tag("="), multispace0);
    let (input, _) = opt(label).parse(input)?;
    Ok((input, name))
}

/// `ErrorCode: Name` on a line of its own, then `Message: text`.
fn labelled(input: &str) -> IResult<&str, &str> {
    let (input, _) = tag("ErrorCode: ")(input)?;
    let (input, name) = take_while1(is_code_char)(input)?;
    let (input, _) = (multispace1, tag("Message:"), multispace0).parse(input)?;
    Ok((input, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn the_innermost_name_and_the_first_side_are_read() {
        // input                                                              activity | side
        check("Operation on target Load failed: Operation on target Copy failed: ", "Copy | -");
        check("Operation on target F failed: Activity failed because an inner activity failed; Inner activity name: Copy b, Error: ", "Copy b | -");
        check("Operation on target X  failed: ",                             "X | -");
        check("Failure happened on the 'Sink' side. ",                       "- | Sink");
        check("Failure happened on 'destination' side. ",                    "- | Sink");
        check("Copy activity encountered a user error at Source:tcp:h,1433 side: ", "- | Source");
        check("Copy activity encountered a user error: ",                    "- | -");
    }

    #[track_caller]
    fn check(input: &str, expected: &str) {
        let it = read(input);
        let side = it.side.map_or("-".to_owned(), |side| format!("{side:?}"));
        assert_eq!(format!("{} | {side}", it.activity.as_deref().unwrap_or("-")), expected);
    }
}
