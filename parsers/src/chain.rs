//! The grammar of a DataTransfer exception chain.
//!
//! When an activity fails, the copy engine prints the exception and all its inner
//! exceptions as one string, outermost first:
//!
//! ```text
//! ErrorCode=SqlFailedToConnect,'Type=…,Message=…,Source=…,''Type=…,Message=…,Source=…,'
//! └────────── code ──────────┘└─────────── link ──────────┘└──────────── link ────────┘
//! ```
//!
//! ```text
//! text    = { prefix } , [ code ] , ( link , { link } | free text ) , [ trailer ]
//! code    = "ErrorCode=" name ","
//! link    = "'Type=" name ",Message=" message ",Source=" [ name ] { "," key "=" value } ",'"
//! message = any text; it may hold commas, quotes, newlines and whole chains
//! ```
//!
//! Nothing in a message is escaped, so no single character ends it. The reader looks for
//! three [marks](mod@mark) instead: where a link opens, where it names its source, where it
//! closes. A mark counts by what stands around it, and the last source before a close is
//! the link's own. A chain that opens inside a message is passed over by counting how deep
//! it is; afterwards it is read by the same rule, eight deep.
//!
//! The reader is total: a text that is cut, or lacks its head or its quotes, gives the
//! links that are there and an issue for what is not. It takes one pass for each level
//! that is read, so time grows with the length of the text and with nothing else.
//!
//! This module reads text and nothing else: no carrier, no clock, no rule.

pub mod details;
pub mod entities;
pub mod mark;
pub mod preamble;
mod serial;
mod walk;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::issue::{IssueKind, ParseIssue};
use crate::numbers::Number;
use crate::record::{Side, owned};

/// How deep chains inside messages are read; what is nested deeper stays in its message.
pub const NESTING_LIMIT: usize = 8;

/// One exception of a chain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Link<'a> {
    /// The `ErrorCode=Name` in front of this exception.
    pub error_code: Option<Cow<'a, str>>,
    /// `System.Data.SqlClient.SqlException`; `None` for a code that stands alone, `""` when empty.
    #[serde(rename = "type")]
    pub type_name: Option<Cow<'a, str>>,
    /// What the exception says, entities decoded.
    pub message: Cow<'a, str>,
    /// Where it was thrown; `None` when absent, `""` when empty.
    pub source: Option<Cow<'a, str>>,
    /// The fields after the source, in their order.
    #[serde(with = "crate::chain::serial")]
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

    /// The type, where the writer gave one.
    #[must_use]
    pub fn named_type(&self) -> Option<&str> {
        self.type_name.as_deref().filter(|it| !it.is_empty())
    }

    /// The same without the arguments of a generic class.
    ///
    /// ```
    /// let text = "'Type=A.Fault`1[[B, Version=9.0]],Message=m,Source=s,'";
    /// let read = shirwatch_parsers::chain::read(text);
    /// assert_eq!(read.links[0].class(), Some("A.Fault"));
    /// ```
    #[must_use]
    pub fn class(&self) -> Option<&str> {
        self.named_type()?.split(['`', '[']).next()
    }

    /// Adds the numbers that vendors gave the exception, and those of the chains in it.
    pub(crate) fn collect_numbers(&self, found: &mut Vec<Number>) {
        Number::collect(&self.message, found);
        found.extend(self.details.iter().filter_map(|(key, value)| Number::of_detail(key, value)));
        self.embedded.iter().for_each(|link| link.collect_numbers(found));
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
    /// Where the chain ends in the text; `None` where there is none, or where it is cut.
    pub end: Option<usize>,
    /// What could not be read; offsets are bytes of the text.
    pub issues: Vec<ParseIssue>,
}

/// Reads the chain in `text`, wherever it begins. Never fails: a text without a chain
/// gives no links.
///
/// ```
/// let text = "Failure happened on 'Sink' side. ErrorCode=X,'Type=A.B,Message=it's 'x', y,Source=s,\
///             ''Type=C,Message=,Source=,'";
/// let read = shirwatch_parsers::chain::read(text);
/// assert_eq!(read.links.len(), 2);
/// assert_eq!(read.links[0].error_code.as_deref(), Some("X"));
/// assert_eq!(read.links[0].message, "it's 'x', y");
/// assert_eq!(read.links[1].type_name.as_deref(), Some("C"));
/// assert_eq!(read.side, Some(shirwatch_parsers::Side::Sink));
/// assert!(!read.truncated);
/// ```
#[must_use]
pub fn read(text: &str) -> Reading<'_> {
    let mut reading = walk::walk(text, 0);
    let head = reading.head.unwrap_or(text.len());
    let before = preamble::read(&text[..head]);
    reading.it.side = before.side;
    reading.it.activity = before.activity;
    if reading.it.links.is_empty() {
        reading.it.links.extend(preamble::lone_code(text));
        if let Some(link) = reading.it.links.first_mut()
            && "'Type=".starts_with(&*link.message)
        {
            // Cut where the exception begins, or even before.
            link.message = "".into();
            reading.it.truncated = true;
            reading.it.issues.push(ParseIssue { at: text.len(), kind: IssueKind::Truncated });
        }
    }
    reading.it
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_link_ends_where_the_reading_rule_says() {
        // input                                                            code:type|message|source, a link each
        check("'Type=E,Message=m,Source=s,'",                               "-:E|m|s");
        check("'Type=E,Message=a, b,Source=s,'",                            "-:E|a, b|s");
        check("'Type=E,Message=it's 'x',Source=s,'",                        "-:E|it's 'x'|s");
        check("'Type=E,Message=,Source=,'",                                 "-:E||");
        check("'Type=,Message=m,Source=,'",                                 "-:|m|");
        check("'Type=E,Message=m,Source=s,', activityId: 1",                "-:E|m|s");
        check("'Type=E,Message=m,Source=s,''Type=A.F`1[[B.C, B, Version=9]],Message=n,Source=t,'", "-:E|m|s -:A.F`1[[B.C, B, Version=9]]|n|t");
        check("ErrorCode=X,'Type=E,Message=m,Source=s,'.",                  "X:E|m|s");
        check("'Type=E,Message=m,Source=s,''Type=F,Message=n,Source=t,'",   "-:E|m|s -:F|n|t");
        check("'Type=E,Message=VALUES('13', 'x',Source=y')',Source=s,'",    "-:E|VALUES('13', 'x',Source=y')'|s");
        check("'Type=E,Message=near ','.\r\nMore ','.,Source=s,'",          "-:E|near ','.\r\nMore ','.|s");
        check("'Type=E,Message=invalid value ''. Cannot,Source=s,'",        "-:E|invalid value ''. Cannot|s");
        check("ErrorCode=X,'Type=E,Message=m,Source=s,'\",\"Details\":null", "X:E|m|s");
    }

    #[test]
    #[rustfmt::skip]
    fn other_quotes_blanks_and_newlines_are_read_alike() {
        check("ErrorCode=X, 'Type=E, Message=m, Source=s,'",                "X:E|m|s");
        check("ErrorCode=X,' Type=E, Message=m, Source=s,'",                "X:E|m|s");
        check("ErrorCode=X,\n'Type=E,\nMessage=m,\nSource=s,'",             "X:E|m|s");
        check("ErrorCode=X,\nType=E,Message=m,\nSource=s,'",                "X:E|m|s");
        check("ErrorCode=X, Type=E, Message=m, Source=s, Type=F.G, Message=n, Source=t", "X:E|m|s -:F.G|n|t");
        check("failed with error:Type=A.B,Message=m",                       "-:A.B|m|- cut");
        check("'Type=E,Message=m,Source=s,'Type=F,Message=n,Source=t,'",    "-:E|m|s -:F|n|t");
        check("'Type=E,Message=m,Source=s t\nu v,''Type=F,Message=n,Source=t,'", "-:E|m|s t u v -:F|n|t");
        check("ErrorCode=X,Type=A.B,Message=m,Source=s.\nNo part of it, I think",  "X:A.B|m|s");
        check("<p>ErrorCode=X,Type=A.B,Message=m,Source=s</p>",              "X:A.B|m|s");
        check("(see ErrorCode=X,Type=A.B.)",                                 "X:A.B||-");
        check("```'Type=E,Message=m,Source=s,'```",                          "-:E|m|s");
        check("‘Type=E,Message=m,Source=s,’",                               "-:E|m|s");
        check("ErrorCode=X,Type=A.B",                                       "X:A.B||-");
    }

    #[test]
    #[rustfmt::skip]
    fn what_is_cut_is_read_as_far_as_it_goes() {
        check("'Type=E,Message=m,Source=s,''Type=F,Message=n",              "-:E|m|s -:F|n|- cut");
        check("'Type=E,Message=m,Source=s,''Type=F.G",                      "-:E|m|s -:F.G||- cut");
        check("'Type=E,Message=m,Source=s",                                 "-:E|m|s cut");
        check("ErrorCode=X,'Type=Micro",                                    "X:Micro||- cut");
        check("ErrorCode=X,'Ty",                                            "X:-||- cut");
        check("lost.',Source=,''Type=F,Message=n,Source=t,'",               "-:F|n|t cut");
        check("",                                                           "");
        check("state=Running, Type=Copy, slice 43",                         "");
    }

    #[test]
    #[rustfmt::skip]
    fn a_chain_in_a_message_stays_there_and_is_read() {
        check("'Type=E,Message='Type=F,Message=n,Source=t,',Source=s,'",    "-:E|'Type=F,Message=n,Source=t,'|s[-:F|n|t]");
        check("'Type=E,Message=got ErrorCode=Y,'Type=F,Message=n,Source=t,' back,Source=s,'",
              "-:E|got ErrorCode=Y,'Type=F,Message=n,Source=t,' back|s[Y:F|n|t]");
    }

    #[test]
    #[rustfmt::skip]
    fn a_code_may_stand_alone() {
        check("ErrorCode=Conv,Exception occurred, see log.",                "Conv:-|Exception occurred, see log.|-");
        check("Message: ErrorCode = Up, Error Message = It broke.",         "Up:-|It broke.|-");
        check("ErrorCode: NotReady\nMessage: Wait.",                        "NotReady:-|Wait.|-");
        check("near miss: ErrorCode=0, done",                               "");
        check("Error code: OK. Inner error code: BadRequest",               "");
        check("ErrorCode: 'PathNotFound'. Message: 'x'.",                   "");
    }

    #[test]
    fn nesting_is_read_to_the_limit() {
        let deep = "'Type=E,Message=".repeat(10_000);
        let read = read(&deep);
        assert_eq!(read.links.len(), 1);
        assert!(read.issues.iter().any(|it| it.kind == crate::issue::IssueKind::NestingLimit));
    }

    #[track_caller]
    fn check(input: &str, expected: &str) {
        let read = read(input);
        let mut actual = show(&read.links);
        if read.truncated {
            actual.push_str(" cut");
        }
        assert_eq!(actual, expected);
    }

    fn show(links: &[Link<'_>]) -> String {
        let mut out = String::new();
        for link in links {
            let code = link.error_code.as_deref().unwrap_or("-");
            let name = link.type_name.as_deref().unwrap_or("-");
            let source = link.source.as_deref().unwrap_or("-");
            let gap = if out.is_empty() { "" } else { " " };
            let _ = write!(out, "{gap}{code}:{name}|{}|{source}", link.message);
            if !link.embedded.is_empty() {
                let _ = write!(out, "[{}]", show(&link.embedded));
            }
        }
        out
    }
}
