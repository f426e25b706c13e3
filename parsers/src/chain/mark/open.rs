//! Where a link opens: `'Type=System.IO.IOException,Message=`.

use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::character::complete::{multispace0, multispace1};
use nom::combinator::{fail, recognize};
use nom::{IResult, Parser};

use crate::chain::mark::code::code_before;
use crate::chain::mark::{is_quote, table};
use crate::needle::needle;

/// Where a link opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open<'a> {
    /// The `ErrorCode=Name` right before it.
    pub code: Option<&'a str>,
    /// Where the code begins, or else the opening quote, or else `Type=`.
    pub start: usize,
    /// Where `Type=` stands.
    pub at: usize,
    /// True when a quote stands before `Type=`.
    pub quoted: bool,
    /// The type of the exception.
    pub type_name: &'a str,
    /// Where the message begins; `None` when the link has none.
    pub message: Option<usize>,
    /// Where the opening ends.
    pub end: usize,
}

/// Reads the opening whose `Type=` stands at `at`; `None` when it is no opening.
///
/// ```
/// use shirwatch_parsers::chain::mark::open;
/// let text = "ErrorCode=X, 'Type=System.IO.IOException, Message=Disk full";
/// let it = open(text, 14, 0).expect("an opening");
/// assert_eq!((it.code, it.type_name, it.quoted), (Some("X"), "System.IO.IOException", true));
/// assert_eq!(&text[it.message.unwrap_or(0)..], "Disk full");
/// assert_eq!(open("state=Running, Type=Copy, slice 43", 15, 0), None);
/// ```
#[must_use]
pub fn open(text: &str, at: usize, from: usize) -> Option<Open<'_>> {
    let before = text[from..at].trim_end();
    let quoted = before.ends_with(is_quote);
    let outside = if quoted { before.trim_end_matches(is_quote).len() } else { before.len() };
    let quote = if quoted { last_char(before) } else { before.len() };
    if !quoted && text[from..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let (rest, type_name) = type_name(&text[at..]).ok()?;
    let type_name = if quoted { type_name } else { type_name.trim_end_matches('.') };
    let after = text.len() - rest.len();
    let code = code_before(&before[..quote]);
    let farther = || if outside < quote { code_before(&before[..outside]) } else { None };
    let code = code.or_else(farther);
    let trusted = quoted || code.is_some() || type_name.contains('.');
    let message = message_key(rest).ok().map(|(value, _)| text.len() - value.len());
    let named = type_name.contains('.') || (quoted && rest.is_empty());
    let whole = message.is_some() || (named && ends_here(rest, code.is_some()));
    let start = match code {
        Some(it) => from + it.start,
        None if quoted => from + quote,
        None => at,
    };
    let code = code.map(|it| it.name);
    let known = Open { code, start, at, quoted, type_name, message, end: message.unwrap_or(after) };
    (trusted && whole).then_some(known)
}

/// The byte at which the last character of a text begins.
fn last_char(text: &str) -> usize {
    text.char_indices().next_back().map_or(0, |(at, _)| at)
}

/// `Type=System.IO.IOException`; a type of a generic class may hold commas in brackets. Some
/// writers have no type and leave it empty: `'Type=,Message=`.
fn type_name(input: &str) -> IResult<&str, &str> {
    let (input, _) = (tag("Type="), multispace0).parse(input)?;
    if input.starts_with(",Message=") {
        return Ok((input, ""));
    }
    let (_, name) = type_characters(input)?;
    let name = generic(input, name.len()).unwrap_or(name);
    // A tag behind it, or the mark that ends a piece of code, is of the page it was copied from.
    let end = needle!("</").find(name.as_bytes()).unwrap_or(name.len());
    let end = name[..end].trim_end_matches('`').len();
    Ok((&input[end..], &name[..end]))
}

/// A type that was cut at the first comma in its brackets, as far as they close on the same line:
/// ``FaultException`1[[Some.Fault, Some.Assembly, Version=9.0.0.0]]``.
fn generic(input: &str, cut: usize) -> Option<&str> {
    input[..cut].contains("[[").then_some(())?;
    let mut open = 0_usize;
    for (at, byte) in input.bytes().enumerate().take(LONGEST_GENERIC) {
        match byte {
            b'[' => open += 1,
            b']' if open == 1 => return input.get(..=at),
            b']' => open = open.checked_sub(1)?,
            b'\'' | b'\n' => return None,
            _ => {}
        }
    }
    None
}

/// Bytes of the name of a generic type, with the assemblies of its parts.
const LONGEST_GENERIC: usize = 1024;

/// `,Message=`, with blanks or on a line of its own.
fn message_key(input: &str) -> IResult<&str, &str> {
    let comma = recognize((multispace0, tag(","), multispace0));
    recognize((alt((comma, multispace1)), tag("Message="))).parse(input)
}

/// Whether a link without a message can end like this: cut off after its type, or closed.
fn ends_here(rest: &str, coded: bool) -> bool {
    let cut = [", Message=", ",Message="].iter().any(|key| {
        let pairs = key.bytes().zip(rest.bytes());
        let alike = pairs.take_while(|(a, b)| a == b).count();
        let mut end = rest[alike..].chars().take_while(|c| *c != '<');
        end.all(|c| matches!(c, '.' | '"' | '`' | ')') || c.is_whitespace())
    });
    cut || (coded && rest.starts_with([',', '\n']))
}

/// The characters of a CLR type name at the start of a text, at least one. Nearly all are ASCII,
/// and need not be decoded.
fn type_characters(input: &str) -> IResult<&str, &str> {
    let plain = input.bytes().position(|b| !is_type_byte(b)).unwrap_or(input.len());
    let end = match input.as_bytes().get(plain) {
        Some(b) if !b.is_ascii() => input.find(|c| !is_type_char(c)).unwrap_or(input.len()),
        _ => plain,
    };
    if end == 0 {
        return fail().parse(input);
    }
    let (name, rest) = input.split_at(end);
    Ok((rest, name))
}

/// A character of a CLR type name; `>` stands in damaged ones.
fn is_type_char(c: char) -> bool {
    u8::try_from(c).ok().filter(u8::is_ascii).map_or_else(|| c.is_alphanumeric(), is_type_byte)
}

/// The same of one byte of ASCII.
fn is_type_byte(b: u8) -> bool {
    static PARTS: [bool; 256] = table(true, b"._`+-[]<>/");
    PARTS[usize::from(b)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn names_may_hold_any_letters() {
        // text                                          the type, or nothing
        check_type("Type=System.IO.IOException, Message=x",   "System.IO.IOException");
        check_type("Type=Società.Però`1,Message=x",           "Società.Però`1");
        check_type("Type=例外.型,Message=x",                   "例外.型");
        check_type("Type=A.B’,Message=x",                     "A.B");
        check_type("Type=,Message=x",                         "");
        check_type("Type=, Message=x",                        "nothing");
        check_type("Type=A.F`1[[B.C, B, Version=9.0, Key=x]],Message=m", "A.F`1[[B.C, B, Version=9.0, Key=x]]");
        check_type("Type=A.F`2[[B.C, B],[D`1[[E, F]], G]],Message=m",    "A.F`2[[B.C, B],[D`1[[E, F]], G]]");
        check_type("Type=A.F`1[[B.C, B,Message=m",                       "A.F`1[[B.C");
        check_type("Type=A.F`1[[B.C, B' ]],Message=m",                   "A.F`1[[B.C");
        check_type("Type=’,Message=x",                        "nothing");
    }

    #[track_caller]
    fn check_type(text: &str, expected: &str) {
        assert_eq!(type_name(text).map_or("nothing", |(_, name)| name), expected);
    }
}
