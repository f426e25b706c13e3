//! Exceptions as .NET prints them.
//!
//! ```text
//! System.TypeInitializationException: The type … ---> System.Net.Sockets.SocketException: No such host
//!    at System.Net.Dns.GetAddrInfo(String name)
//!    --- End of inner exception stack trace ---
//! ```
//!
//! The host service logs its own errors so, beside the chains of the copy engine. Each
//! `Type: message` becomes a link, its frames the stack trace; the arrow, or a new line,
//! leads to the next. A colon may be full-width, the words of a wrapper may stand in front
//! (`Operation on target A failed: `), and the whole may be a text of an object. Which type
//! it is is not judged.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memmem;

use crate::chain::Link;
use crate::chain::preamble;
use crate::json::Raw;
use crate::needle::needle;
use crate::record::Record;

/// More exceptions than anybody prints.
const MOST: usize = 32;

/// An object in a text in an object is opened this often.
const DEEPEST: usize = 3;

const EXCEPTION: &str = "Exception";

/// Reads the printed exceptions of the message into the chain.
pub(crate) fn read(record: &mut Record<'_>) {
    record.chain = match &record.message {
        Cow::Borrowed(text) => links(text),
        Cow::Owned(text) => links(text).into_iter().map(Link::into_owned).collect(),
    };
}

fn links(text: &str) -> Vec<Link<'_>> {
    if needle!(EXCEPTION).find(text.as_bytes()).is_none() {
        return Vec::new();
    }
    if text.starts_with('{') {
        return of_object(text, DEEPEST);
    }
    let Some(first) = first(text) else { return Vec::new() };
    places(text, first).iter().map(|place| link(text, place)).collect()
}

/// The exceptions in the first text of an object that prints one.
fn of_object<'a>(text: &str, depth: usize) -> Vec<Link<'a>> {
    let texts = Raw(text).strings().filter_map(Raw::text);
    let printed = texts.filter(|it| it.contains(EXCEPTION)).map(|it| match it.starts_with('{') {
        true if depth > 0 => of_object(&it, depth - 1),
        true => Vec::new(),
        false => links(&it).into_iter().map(Link::into_owned).collect(),
    });
    printed.take(MOST).find(|it| !it.is_empty()).unwrap_or_default()
}

/// The first type, if it stands where a print begins: on a line of its own, behind a label
/// or the words of a wrapper, or with an arrow to the next. A type named in the middle of a
/// sentence is prose.
fn first(text: &str) -> Option<Range<usize>> {
    let wrapped = text.len() - preamble::strip(text).len();
    let last_arrow = memmem::rfind(text.as_bytes(), b" ---> ").unwrap_or(0);
    let mut at = 0;
    loop {
        let found = next(text, at)?;
        let before = text[..found.start].trim_end_matches(' ');
        let begins = before.is_empty() || before.ends_with(['\n', '\r', '>']);
        let labelled = ["etail:", "etails:", " Exception:", "\nException:", "rror log:"];
        let labelled =
            before == "Exception:" || labelled.iter().any(|label| before.ends_with(label));
        if begins || labelled || found.start == wrapped || found.end <= last_arrow {
            return Some(found);
        }
        at = found.end;
    }
}

/// Where the parts of one printed exception stand.
struct Place {
    type_name: Range<usize>,
    message: Range<usize>,
    frames: Range<usize>,
}

fn places(text: &str, first: Range<usize>) -> Vec<Place> {
    let mut places = Vec::new();
    let mut current = Some(first);
    while let Some(type_name) = current.filter(|_| places.len() < MOST) {
        let message = type_name.end + colon(&text[type_name.end..]).unwrap_or(0);
        let following = following(text, message);
        let end = following.as_ref().map_or(text.len(), |next| next.start);
        let (message, frames) = split(text, message..end);
        places.push(Place { type_name, message, frames });
        current = following;
    }
    places
}

fn link<'a>(text: &'a str, place: &Place) -> Link<'a> {
    let frames = text[place.frames.clone()].trim();
    Link {
        type_name: Some(Cow::Borrowed(&text[place.type_name.clone()])),
        message: Cow::Borrowed(text[place.message.clone()].trim()),
        stack_trace: (!frames.is_empty()).then_some(Cow::Borrowed(frames)),
        ..Link::default()
    }
}

/// The next type that an arrow or a new line leads to.
fn following(text: &str, from: usize) -> Option<Range<usize>> {
    let mut at = from;
    loop {
        let found = next(text, at)?;
        let before = text[..found.start].trim_end_matches(' ');
        let aggregate = numbered(before);
        let led = ["--->", "\n", "Caused by:"].iter().any(|lead| before.ends_with(lead));
        if led || aggregate {
            return Some(found);
        }
        at = found.end;
    }
}

/// `(Inner Exception #0)` at the end.
fn numbered(before: &str) -> bool {
    let Some(inside) = before.strip_suffix(')') else { return false };
    let number = inside.trim_end_matches(|c: char| c.is_ascii_digit());
    number.ends_with("(Inner Exception #")
}

/// The next `Some.Type.NameException:` from `from` on.
fn next(text: &str, from: usize) -> Option<Range<usize>> {
    let mut at = from;
    loop {
        let found = at + memmem::find(&text.as_bytes()[at..], EXCEPTION.as_bytes())?;
        let is_part = |c: char| c.is_alphanumeric() || "._+`$".contains(c);
        let start = text[from..found].rfind(|c| !is_part(c));
        let start = start.map_or(from, |before| {
            from + before + text[from + before..].chars().next().map_or(1, char::len_utf8)
        });
        let tail = text[found..].find(|c| !is_part(c)).unwrap_or(text.len() - found);
        let name = text[start..found + tail].trim_start_matches('.');
        let range = found + tail - name.len()..found + tail;
        let dotted = name.contains('.') && name.starts_with(char::is_uppercase);
        if dotted && !name.ends_with('.') && colon(&text[range.end..]).is_some() {
            return Some(range);
        }
        // The rest of the word ends where this one does, so it is no type either.
        at = found + tail;
    }
}

/// How long the colon is that follows a type: `: `, `：`, ` (0x80131904): `.
fn colon(text: &str) -> Option<usize> {
    if text.starts_with('：') {
        return Some('：'.len_utf8());
    }
    if text.starts_with(": ") || text.starts_with(":\r") || text.starts_with(":\n") {
        return Some(1);
    }
    let inside = text.strip_prefix(" (0x")?;
    let end = inside.find("): ").filter(|end| *end <= 16)?;
    Some(" (0x".len() + end + 2)
}

/// Tells the message from the frames behind it.
fn split(text: &str, range: Range<usize>) -> (Range<usize>, Range<usize>) {
    let inside = &text[range.clone()];
    let end_of_inner = inside.find("--- End of ").unwrap_or(inside.len());
    let arrow = inside.rfind("--->").unwrap_or(inside.len());
    let frames = first_frame(inside).unwrap_or(inside.len());
    let message = end_of_inner.min(arrow).min(frames);
    let stop = if frames < inside.len() { inside.len() } else { message };
    (range.start..range.start + message, range.start + message..range.start + stop)
}

/// Where the frames begin: ` at Some.Type.Method(`, on a line of their own or not.
fn first_frame(text: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let found = from + memmem::find(&text.as_bytes()[from..], b"at ")?;
        let before = text[..found].ends_with(|c: char| c.is_whitespace());
        let frame = &text[found + 3..];
        let end = frame.find([' ', '\r', '\n', '(', '`', '<']).unwrap_or(frame.len());
        let called = frame[end..].starts_with(['(', '`', '<']);
        if before && called && frame[..end].contains('.') {
            return Some(found);
        }
        from = found + 3;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn each_printed_exception_is_a_link() {
        // input                                                        type|message|frames, a link each
        check("System.A.BException: one",                               "System.A.BException|one|");
        check("Oh. Exception detail: A.BException: one ---> C.DException: two at E.F(G g).",
              "A.BException|one|;C.DException|two|at E.F(G g).");
        check("A.BException: one ---> C.DException: two\n   at E.F()\n   --- End of inner exception stack trace ---\n\nServer stack trace: \n   at G.H()",
              "A.BException|one|;C.DException|two|at E.F()\n   --- End of inner exception stack trace ---\n\nServer stack trace: \n   at G.H()");
        check("A.BException：“x” bad。 ---> C.DException：two",           "A.BException|“x” bad。|;C.DException|two|");
        check("A.BException: one\nC.DException: two\n10.0.0.1\nat E.F(G g)", "A.BException|one|;C.DException|two\n10.0.0.1|at E.F(G g)");
        check("A.BException (0x80131904): one",                         "A.BException|one|");
        check("A.AggregateException: one ---> (Inner Exception #0) C.DException: two", "A.AggregateException|one|;C.DException|two|");
        check("Exception: no type. threw an A.BException here",          "");
        check("java.lang.Exception: no",                                "");
        check("it failed with A.BException: in the middle",              "");
        check("Operation on target C failed: A.BException: one\nC.DException: two", "A.BException|one|;C.DException|two|");
        check("Activity failed because an inner activity failed; Inner activity name: C, Error: A.BException: one", "A.BException|one|");
        check(r#"{"error":{"message":"A.BException: one\r\n   at E.F()"}}"#, "A.BException|one|at E.F()");
        check(r#"{"message":"{\"a\":\"A.BException: one\"}"}"#,           "A.BException|one|");
        check(r#"{"a":"it is no A.BException: one"}"#,                     "");
        check("Exception message: 'NA'",                                 "");
    }

    #[track_caller]
    fn check(input: &str, expected: &str) {
        let mut record = Record { message: input.into(), ..Record::default() };
        read(&mut record);
        let shown: Vec<String> = record
            .chain
            .iter()
            .map(|it| {
                let (name, frames) = (it.type_name.as_deref(), it.stack_trace.as_deref());
                format!("{}|{}|{}", name.unwrap_or("-"), it.message, frames.unwrap_or_default())
            })
            .collect();
        assert_eq!(shown.join(";"), expected);
    }
}
