//! The name of an error: `ErrorCode=SqlFailedToConnect`.

use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::multispace0;
use nom::{IResult, Parser};

use crate::chain::mark::table;

/// A code and where it begins.
#[derive(Clone, Copy)]
pub(super) struct Code<'a> {
    pub(super) start: usize,
    pub(super) name: &'a str,
}

/// The `ErrorCode=Name,` at the end of `before`.
pub(super) fn code_before(before: &str) -> Option<Code<'_>> {
    let text = before.trim_end();
    let text = text.strip_suffix(',').unwrap_or(text).trim_end();
    // A name is ASCII, so where it begins a character does.
    let name_at = text.bytes().rposition(|b| !is_code_byte(b)).map_or(0, |at| at + 1);
    let (key, name) = text.split_at_checked(name_at)?;
    let key = key.trim_end().strip_suffix('=')?.trim_end();
    let start = key.len().checked_sub("ErrorCode".len())?;
    let named = key.get(start..)?.eq_ignore_ascii_case("ErrorCode") && is_code(name);
    named.then_some(Code { start, name })
}

pub(in crate::chain) fn is_code_char(c: char) -> bool {
    u8::try_from(c).is_ok_and(is_code_byte)
}

fn is_code_byte(b: u8) -> bool {
    static PARTS: [bool; 256] = table(true, b"_-.");
    PARTS[usize::from(b)]
}

/// Whether `name` is the name of an error: not a number, not the word for none.
#[must_use]
pub fn is_code(name: &str) -> bool {
    let none = ["None", "null", "OK", "Success", "Succeeded"];
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && !none.iter().any(|it| it.eq_ignore_ascii_case(name))
}

/// The code at the start of a text: `ErrorCode=Name`, also with blanks around the sign.
///
/// ```
/// use shirwatch_parsers::chain::mark::code;
/// assert_eq!(code("ErrorCode = NotReady, wait")?, (", wait", "NotReady"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn code(input: &str) -> IResult<&str, &str> {
    let (input, _) = (tag("ErrorCode"), multispace0, tag("="), multispace0).parse(input)?;
    take_while1(is_code_char)(input)
}

/// Whether a text begins with the name of an error.
pub(super) fn starts_with_code(text: &str) -> bool {
    code(text).is_ok_and(|(_, name)| is_code(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_code_begins_where_a_character_does() {
        for (before, code) in [
            ("ErrorCode=NotReady,",          Some("NotReady")),
            ("ErrorCode=\u{a0}NotReady, ",   Some("NotReady")),
            ("ErrorCode=ÄNotReady,",         None),
            ("ErrorCode=,",                  None),
            ("é",                            None),
            ("",                             None),
        ] {
            assert_eq!(code_before(before).map(|it| it.name), code, "{before}");
        }
    }
}
