//! The three marks by which links are told apart.
//!
//! ```text
//! 'Type=System.IO.IOException,Message=   opens a link
//! ,Source=mscorlib                       names its source
//! ,'                                     closes it
//! ```
//!
//! Each is looked for as plain bytes and then read by a production below, which looks at
//! what stands around it. What a mark means (a next link, a chain inside a message) is
//! decided by the walk, not here.

use memchr::{memchr, memmem};
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{multispace0, multispace1};
use nom::combinator::{fail, recognize};
use nom::{IResult, Parser};

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

/// Where a link names its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source<'a> {
    /// Where the message before it ends.
    pub start: usize,
    /// The name; may be empty.
    pub name: &'a str,
    /// Where the name ends.
    pub end: usize,
}

/// Where a link may close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Close {
    /// Where the comma stands.
    pub at: usize,
    /// Behind the quote.
    pub end: usize,
    /// What follows.
    pub next: Next,
}

/// What follows a close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// `'Type=` or `ErrorCode=`: the next link of the same chain.
    Link,
    /// The same apostrophe opens the next link: `,'Type=`.
    Shared,
    /// `,Source=`: the chain stood inside a message, which ends here.
    Source,
    /// The end of the text, or of the line, or of the string around the chain.
    End,
    /// A blank or a stop and then more text.
    Text,
    /// A letter, a digit, a comma: the quote belongs to the message.
    Nothing,
}

/// The curly quotes that word processors put in place of an apostrophe.
const CURLY: [char; 2] = ['\u{2018}', '\u{2019}'];

fn is_quote(c: char) -> bool {
    c == '\'' || CURLY.contains(&c)
}

/// Whether a quote stands in a text. Nearly all texts are ASCII, and have but the one.
fn has_quote(text: &str) -> bool {
    memchr(b'\'', text.as_bytes()).is_some() || (!text.is_ascii() && text.contains(CURLY))
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

/// Which bytes are one of `signs`, or of the letters and digits of ASCII. For what is asked of each
/// byte of a name, which a look into a table answers soonest.
const fn table(letters: bool, signs: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let (mut b, mut i) = (0_u8, 0);
    while b < 128 {
        table[b as usize] = letters && b.is_ascii_alphanumeric();
        b += 1;
    }
    while i < signs.len() {
        table[signs[i] as usize] = true;
        i += 1;
    }
    table
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

/// A code and where it begins.
#[derive(Clone, Copy)]
struct Code<'a> {
    start: usize,
    name: &'a str,
}

/// The `ErrorCode=Name,` at the end of `before`.
fn code_before(before: &str) -> Option<Code<'_>> {
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

pub(super) fn is_code_char(c: char) -> bool {
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

/// Reads the source whose `Source=` stands at `at`; `None` when it is none: when no comma
/// and no line break stands before it, or when a quote stands in its name.
///
/// ```
/// use shirwatch_parsers::chain::mark::source;
/// assert_eq!(source("m,Source=mscorlib,''Type=", 2).map(|it| it.name), Some("mscorlib"));
/// assert_eq!(source("VALUES('13', 'x',Source=y')", 17), None);
/// ```
#[must_use]
pub fn source(text: &str, at: usize) -> Option<Source<'_>> {
    let before = text[..at].trim_end();
    let start = match before.strip_suffix(',') {
        Some(it) => it.len(),
        None if text[before.len()..at].contains('\n') => before.len(),
        None => return None,
    };
    let value = &text[at + "Source=".len()..];
    let end = source_end(value);
    let name = value.get(..end)?;
    let inside = name.trim_end_matches(['.', ' ']).strip_suffix(is_quote);
    if inside.is_none() && has_quote(name) {
        return None;
    }
    let name = match inside {
        Some(it) if value.len() == end && !has_quote(it) => it,
        Some(_) => return None,
        None if value[end..].starts_with(',') => name,
        None => bare(name),
    };
    Some(Source { start, name, end: at + "Source=".len() + name.len() })
}

/// Where the name of a source ends: at a comma, a line end, or what no name holds.
fn source_end(value: &str) -> usize {
    static ENDS: [bool; 256] = table(false, b",\n\"\\<`");
    let limit = value.len().min(512);
    let ends = |b: u8| ENDS[usize::from(b)];
    let end = value.bytes().take(limit).position(ends).unwrap_or(limit);
    // The limit may lie inside a character; no name is so long.
    end + value.get(end..).map_or(0, wrapped)
}

/// How much of a name stands on the next lines, where a long line was broken at a blank:
/// it goes on to the comma that closes the link or begins the next field.
fn wrapped(rest: &str) -> usize {
    let Some(line) = rest.strip_prefix('\n') else { return 0 };
    let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'.' | b'_' | b'\n');
    let length = line.bytes().take(80).take_while(part).count();
    let next = &line[length..];
    let goes_on = [",'", ",SqlErrorNumber=", ",StackTrace=", ",StorageExtendedMessage="];
    let fits = length > 0 && goes_on.iter().any(|it| next.starts_with(it));
    if fits { 1 + length } else { 0 }
}

/// A name at the end of a text without what ends the sentence that it stands in.
fn bare(name: &str) -> &str {
    let name = name.trim_end_matches(|c: char| c == '.' || c.is_whitespace());
    if name.contains('(') { name } else { name.trim_end_matches(')') }
}

/// Reads the close whose comma stands at `at`; `None` when no quote follows it.
///
/// ```
/// use shirwatch_parsers::chain::mark::{close, Next};
/// assert_eq!(close("s,''Type=F", 1).map(|it| it.next), Some(Next::Link));
/// assert_eq!(close("s,'.", 1).map(|it| it.next), Some(Next::End));
/// assert_eq!(close("near ','.", 6).map(|it| it.next), Some(Next::End));
/// assert_eq!(close("'a','b'", 3).map(|it| it.next), Some(Next::Nothing));
/// ```
#[must_use]
pub fn close(text: &str, at: usize) -> Option<Close> {
    let quote = text[at + 1..].chars().next().filter(|c| is_quote(*c))?;
    let end = at + 1 + quote.len_utf8();
    Some(Close { at, end, next: next(&text[end..]) })
}

fn next(rest: &str) -> Next {
    if rest.starts_with("Type=") {
        return Next::Shared;
    }
    let blank = rest.trim_start();
    let inside = blank.strip_prefix(is_quote).map(str::trim_start);
    if inside.is_some_and(|it| it.starts_with("Type=")) || starts_with_code(inside.unwrap_or(blank))
    {
        return Next::Link;
    }
    if blank.strip_prefix(',').is_some_and(|it| it.trim_start().starts_with("Source=")) {
        return Next::Source;
    }
    let rest = rest.trim_start_matches(is_quote);
    let rest = rest.strip_prefix('.').unwrap_or(rest);
    match rest.chars().next() {
        None | Some('`' | '\n' | '\r' | '"' | '<' | '\\' | '\u{201c}' | '\u{201d}') => Next::End,
        Some(' ' | ')' | ']' | '}' | ';' | '.' | '\t') if is_blank(rest) => Next::End,
        Some(' ' | ')' | ']' | '}' | ';' | '.' | '\t' | ':') => Next::Text,
        // As the test of a connection ends.
        Some(',') if rest.starts_with(", activityId:") => Next::Text,
        Some(_) => Next::Nothing,
    }
}

/// Whether nothing follows. It stops at the first letter, as there are many closes.
fn is_blank(rest: &str) -> bool {
    rest.chars().all(char::is_whitespace)
}

fn starts_with_code(text: &str) -> bool {
    code(text).is_ok_and(|(_, name)| is_code(name))
}

/// Any mark, in the order in which the text holds them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mark<'a> {
    Open(Open<'a>),
    Source(Source<'a>),
    Close(Close),
}

/// The marks of a text, from left to right.
pub(super) struct Marks<'a> {
    text: &'a str,
    /// Where the next `Type=`, `Source=` and `,'` stand.
    next: [Option<usize>; 3],
    finders: [memmem::FindIter<'a, 'static>; 3],
    curly: bool,
    last_open: usize,
}

impl<'a> Marks<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let curly = !text.is_ascii() && needle!(b",\xe2\x80").find(text.as_bytes()).is_some();
        let close = if curly { needle!(b",") } else { needle!(b",'") };
        let mut finders =
            [needle!("Type="), needle!("Source="), close].map(|it| it.find_iter(text.as_bytes()));
        let next = finders.each_mut().map(Iterator::next);
        Self { text, next, finders, curly, last_open: 0 }
    }

    fn read(&mut self, kind: usize, at: usize) -> Option<Mark<'a>> {
        match kind {
            0 => {
                let it = open(self.text, at, self.last_open)?;
                self.last_open = it.end;
                Some(Mark::Open(it))
            }
            1 => source(self.text, at).map(Mark::Source),
            _ if self.curly && !self.text[at + 1..].starts_with(is_quote) => None,
            _ => close(self.text, at).map(Mark::Close),
        }
    }
}

impl<'a> Iterator for Marks<'a> {
    type Item = Mark<'a>;

    fn next(&mut self) -> Option<Mark<'a>> {
        loop {
            let kind =
                (0..3).filter(|it| self.next[*it].is_some()).min_by_key(|it| self.next[*it])?;
            let at = self.next[kind]?;
            self.next[kind] = self.finders[kind].next();
            if let Some(mark) = self.read(kind, at) {
                return Some(mark);
            }
        }
    }
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

    /// Where a name may end at most, a character may be going on.
    #[test]
    fn a_source_without_end_is_none_and_cut_nowhere() {
        for shift in 0..4 {
            for letter in ["a", "é", "あ", "😀", "’"] {
                let text = format!("m,Source={}{}", "x".repeat(shift), letter.repeat(600));
                let name = source(&text, 2).map(|it| it.name.len());
                assert!(name.is_none_or(|it| it == 512), "{letter} {name:?}");
            }
        }
    }

    #[track_caller]
    fn check_type(text: &str, expected: &str) {
        assert_eq!(type_name(text).map_or("nothing", |(_, name)| name), expected);
    }
}
