//! The fields that may follow a link's source.
//!
//! ```text
//! details = { "," key "=" value }
//! value   = frames                          (* of StackTrace: all that is left *)
//!         | text [ "," ]                    (* of StorageExtendedMessage: all that is left *)
//!         | "[" { "{" … "}," } "]"          (* of Errors: to the last bracket *)
//!         | text without a comma            (* of any other key *)
//! ```
//!
//! A `SqlException` prints `SqlErrorNumber`, `Class`, `ErrorCode` (an HRESULT), `State`
//! and `Errors`; a storage exception its extended message; any exception its stack trace.

use std::borrow::Cow;

use nom::bytes::complete::{tag, take_till, take_while1};
use nom::character::complete::multispace0;
use nom::{IResult, Parser};

use crate::chain::entities::decode;

/// The fields after a source, and the stack trace among them.
#[derive(Debug, Default)]
pub struct Details<'a> {
    /// Key and value, in their order.
    pub fields: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// The frames of `StackTrace=`.
    pub stack_trace: Option<Cow<'a, str>>,
}

/// Reads the fields in `text`, which begins with the comma after the source. What is no
/// field is kept under the key `Rest`, so that nothing is lost.
///
/// ```
/// let it = shirwatch_parsers::chain::details::details(
///     ",SqlErrorNumber=208,Class=16,Errors=[{Number=208,Message=Invalid, so there.,},]");
/// assert_eq!(it.fields[0], ("SqlErrorNumber".into(), "208".into()));
/// assert_eq!(it.fields[2].1, "[{Number=208,Message=Invalid, so there.,},]");
/// ```
#[must_use]
pub fn details(text: &str) -> Details<'_> {
    let mut out = Details::default();
    let mut rest = text;
    while let Ok((after, (key, value))) = field(rest) {
        match key {
            "StackTrace" => out.stack_trace = Some(decode(value)),
            _ => out.fields.push((key.into(), decode(value))),
        }
        rest = after;
    }
    let rest = rest.trim_matches(|c: char| c == ',' || c.is_whitespace());
    if !rest.is_empty() {
        out.fields.push(("Rest".into(), decode(rest)));
    }
    out
}

/// One field: `,Class=16`.
///
/// ```
/// use shirwatch_parsers::chain::details::field;
/// assert_eq!(field(", Class=16,State=1")?, (",State=1", ("Class", "16")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn field(input: &str) -> IResult<&str, (&str, &str)> {
    let (input, _) = (tag(","), multispace0).parse(input)?;
    let (input, key) = take_while1(|c: char| c.is_ascii_alphanumeric())(input)?;
    let (input, _) = tag("=")(input)?;
    let (input, value) = match key {
        "StackTrace" => ("", input),
        "StorageExtendedMessage" => ("", input.trim_end_matches(',')),
        "Errors" => errors(input),
        _ => take_till(|c| c == ',')(input)?,
    };
    Ok((input, (key, value)))
}

/// The list of SQL errors. Their messages may hold any bracket, so it ends at the last.
fn errors(input: &str) -> (&str, &str) {
    let end = input.rfind(']').map_or(input.len(), |at| at + 1);
    (&input[end..], input[..end].trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_field_ends_where_its_kind_says() {
        // input                                              fields; stack
        check("",                                             "");
        check(",StackTrace=   at A.B(C d, E f)\n   at G()",   "; at A.B(C d, E f)\n   at G()");
        check(",StorageExtendedMessage=No. Time:1,2Z,",       "StorageExtendedMessage=No. Time:1,2Z");
        check(",SqlErrorNumber=1,Class=2,ErrorCode=-3,State=4,Errors= [{Message=a,},],", "SqlErrorNumber=1 Class=2 ErrorCode=-3 State=4 Errors=[{Message=a,},]");
        check(",SqlErrorNumber=40197,Class=20,Err",           "SqlErrorNumber=40197 Class=20 Rest=Err");
    }

    #[track_caller]
    fn check(input: &str, expected: &str) {
        let it = details(input);
        let fields: Vec<_> =
            it.fields.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let mut actual = fields.join(" ");
        if let Some(stack) = it.stack_trace {
            actual = format!("{actual}; {}", stack.trim_start());
        }
        assert_eq!(actual, expected);
    }
}
