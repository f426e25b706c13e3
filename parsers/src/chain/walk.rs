//! The walk over the marks of a text: which opens a next link, which a chain inside a
//! message, which close belongs to which.
//!
//! A level is kept for each chain that is open at once. The outermost gives the links; the
//! others are only counted, and read afterwards out of the message in which they stand.
//! Messages quote the *heads* of chains too, which nothing closes. When a chain ends while
//! such a level is open, its opening was text, and the walk is done once more without it.

use std::borrow::Cow;

use crate::chain::details::{Details, details};
use crate::chain::entities::decode;
use crate::chain::mark::{Close, Mark, Marks, Next, Open, Source};
use crate::chain::{Link, NESTING_LIMIT, Reading};
use crate::issue::{IssueKind, ParseIssue};
use crate::needle::needle;

/// A reading, and where its first link begins.
#[derive(Debug, Default)]
pub(super) struct Walked<'a> {
    pub(super) it: Reading<'a>,
    pub(super) head: Option<usize>,
}

/// Reads the links of `text`, which stands `depth` messages deep.
pub(super) fn walk(text: &str, depth: usize) -> Walked<'_> {
    let mut walk = Walk::new(text, depth);
    let unclosed = walk.run(&[]);
    if !unclosed.is_empty() {
        walk = Walk::new(text, depth);
        walk.run(&unclosed);
    }
    walk.finish()
}

/// Bytes between two links that lack the close between them.
const LONGEST_JOINT: usize = 256;

/// A chain that is open.
#[derive(Clone, Copy)]
struct Level<'a> {
    open: Open<'a>,
    /// The last source since the link opened.
    source: Option<Source<'a>>,
    /// True once the fields behind the source have begun.
    fields: bool,
    /// True inside `Errors=[`, which only `],'` ends.
    errors: bool,
    /// Where the first link of this chain opened.
    first: usize,
    /// True when the message is nothing but this chain.
    firm: bool,
}

struct Walk<'a> {
    text: &'a str,
    depth: usize,
    levels: Vec<Level<'a>>,
    /// Levels that are not firm, but for the outermost.
    loose: usize,
    /// The message of each link that was written down, and where it stands.
    messages: Vec<(&'a str, usize)>,
    /// A close whose next link must open right behind it.
    joint: Option<Close>,
    out: Walked<'a>,
}

impl<'a> Walk<'a> {
    fn new(text: &'a str, depth: usize) -> Self {
        let out = Walked::default();
        let (levels, messages) = (Vec::new(), Vec::new());
        Self { text, depth, levels, loose: 0, messages, joint: None, out }
    }

    /// Takes all marks. Gives the openings that turned out to be text.
    fn run(&mut self, ignored: &[usize]) -> Vec<usize> {
        for mark in Marks::new(self.text) {
            match mark {
                Mark::Open(it) if ignored.binary_search(&it.at).is_ok() => {}
                Mark::Open(it) => self.open(it),
                Mark::Source(it) => self.source(it),
                Mark::Close(it) => {
                    if !self.close(it) {
                        continue;
                    }
                    if ignored.is_empty() {
                        return self.unclosed();
                    }
                    self.drop_unclosed();
                    self.close(it);
                }
            }
        }
        Vec::new()
    }

    fn open(&mut self, it: Open<'a>) {
        let joint = self.joint.take();
        let Some(top) = self.levels.last() else { return self.begin(it) };
        let end = match joint {
            Some(close) => Some(close.at),
            None => loose_joint(self.text, top, &it),
        };
        match end {
            Some(end) => self.next_link(end, it),
            None if it.quoted && it.message.is_some() => {
                let firm = Some(it.start) == top.open.message;
                self.loose += usize::from(!firm);
                self.levels.push(Level::new(it, it.at, firm));
            }
            None => {}
        }
    }

    fn begin(&mut self, it: Open<'a>) {
        self.out.head.get_or_insert(it.start);
        self.levels.push(Level::new(it, it.at, false));
    }

    fn next_link(&mut self, end: usize, it: Open<'a>) {
        let Some(top) = self.levels.pop() else { return };
        if self.levels.is_empty() {
            self.emit(top, end);
        }
        self.levels.push(Level::new(it, top.first, top.firm));
    }

    fn source(&mut self, it: Source<'a>) {
        let Some(top) = self.levels.last_mut() else { return };
        if top.fields || top.open.message.is_some_and(|message| it.start < message) {
            return;
        }
        let rest = &self.text[it.end..];
        let rest = rest.strip_prefix(',').map_or("", str::trim_start);
        let keys = ["StackTrace=", "StorageExtendedMessage=", "SqlErrorNumber="];
        top.source = Some(it);
        top.fields = keys.iter().any(|key| rest.starts_with(key));
        top.errors = rest.starts_with("SqlErrorNumber=") && has_errors(rest);
    }

    /// Takes a close. True when it shows that some openings were text, and was not taken.
    fn close(&mut self, it: Close) -> bool {
        let Some(top) = self.levels.last() else { return false };
        if top.errors && !self.text[..it.at].ends_with(']') {
            return false;
        }
        let sourced = top.source.is_some_and(|source| source.end <= it.at);
        let ends = |c: char| matches!(c, '.' | '\'' | '"' | ' ' | '\n' | '\r');
        let last = self.text[it.end..].chars().all(ends);
        match it.next {
            Next::Link => self.joint = Some(it),
            Next::Shared if sourced => self.joint = Some(it),
            Next::Source if self.levels.len() > 1 => self.leave(),
            Next::End | Next::Text if sourced || last => return self.end(it),
            _ => {}
        }
        false
    }

    /// A chain ends: one inside a message, or the outermost.
    fn end(&mut self, it: Close) -> bool {
        if self.levels.len() > 1 {
            let unclosed = it.next == Next::End && self.loose > 0;
            if !unclosed {
                self.leave();
            }
            return unclosed;
        }
        if let Some(top) = self.levels.pop() {
            self.emit(top, it.at);
            self.out.it.end = Some(it.end);
        }
        false
    }

    /// Leaves the chain inside a message that is open.
    fn leave(&mut self) {
        let level = self.levels.pop();
        self.loose -= usize::from(level.is_some_and(|it| !it.firm));
    }

    /// The openings inside messages that nothing closed.
    fn unclosed(&self) -> Vec<usize> {
        let inner = self.levels.iter().skip(1);
        inner.filter(|it| !it.firm).map(|level| level.first).collect()
    }

    /// Passes over them, where the walk is not begun once more.
    fn drop_unclosed(&mut self) {
        let mut outermost = true;
        self.levels.retain(|level| std::mem::take(&mut outermost) || level.firm);
        self.loose = 0;
    }

    fn finish(mut self) -> Walked<'a> {
        let outer = self.levels.first().copied();
        if let Some(level) = outer {
            let whole =
                !level.open.quoted && (level.source.is_some() || level.open.message.is_none());
            self.emit(level, self.text.len());
            self.out.it.end = whole.then_some(self.text.len());
            if !whole {
                self.issue(self.text.len(), IssueKind::Truncated);
            }
        }
        if let Some(at) = headless(self.text, self.out.head) {
            self.issue(at, IssueKind::HeadMissing);
        }
        for (at, (message, from)) in std::mem::take(&mut self.messages).into_iter().enumerate() {
            self.out.it.links[at].embedded = self.embedded(message, from);
        }
        self.out
    }

    fn issue(&mut self, at: usize, kind: IssueKind) {
        let cut = matches!(kind, IssueKind::Truncated | IssueKind::HeadMissing);
        self.out.it.truncated |= cut;
        // Once is enough, however many chains lie too deep.
        if !self.out.it.issues.iter().any(|it| it.kind == kind) {
            self.out.it.issues.push(ParseIssue { at, kind });
        }
    }

    /// Writes down a link of the outermost chain, whose text ends at `end`.
    fn emit(&mut self, level: Level<'a>, end: usize) {
        let from = level.open.message.unwrap_or(level.open.end);
        let source = level.source.filter(|it| it.start >= from && it.end <= end);
        let until = source.map_or(end, |it| it.start);
        let message = self.text.get(from..until).unwrap_or("");
        let message = if level.open.message.is_some() { message } else { "" };
        let rest = source.map_or("", |it| self.text.get(it.end..end).unwrap_or(""));
        let Details { fields, stack_trace } = details(rest.trim_end_matches('\''));
        self.messages.push((message, from));
        self.out.it.links.push(Link {
            error_code: level.open.code.map(Cow::Borrowed),
            type_name: Some(Cow::Borrowed(level.open.type_name)),
            message: decode(message),
            source: source.map(|it| on_one_line(decode(it.name))),
            details: fields,
            stack_trace,
            embedded: Vec::new(),
        });
    }

    /// The chains inside a message that stands at `from`.
    fn embedded(&mut self, message: &'a str, from: usize) -> Vec<Link<'a>> {
        if needle!("Type=").find(message.as_bytes()).is_none() {
            return Vec::new();
        }
        if self.depth + 1 > NESTING_LIMIT {
            self.issue(from, IssueKind::NestingLimit);
            return Vec::new();
        }
        let inner = walk(message, self.depth + 1);
        let deep = inner.it.issues.iter().find(|it| it.kind == IssueKind::NestingLimit);
        if let Some(issue) = deep {
            self.issue(issue.at + from, IssueKind::NestingLimit);
        }
        inner.it.links
    }
}

impl<'a> Level<'a> {
    fn new(open: Open<'a>, first: usize, firm: bool) -> Self {
        Self { open, source: None, fields: false, errors: false, first, firm }
    }
}

/// A name that was broken at a blank, in one piece.
fn on_one_line(name: Cow<'_, str>) -> Cow<'_, str> {
    if !name.contains('\n') {
        return name;
    }
    Cow::Owned(name.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Where the link ends if `it` follows it although no close was seen: links without
/// quotes, joined by a comma.
fn loose_joint(text: &str, top: &Level<'_>, it: &Open<'_>) -> Option<usize> {
    let source = top.source?;
    let between = text.get(source.end..it.start)?;
    let joins = |c: char| c == ',' || c == '\'' || c.is_whitespace();
    // A joint is short; what is longer need not be looked through at every opening.
    let bare = between.len() <= LONGEST_JOINT && between.chars().all(joins);
    let loose = bare || (!top.open.quoted && !it.quoted);
    let trimmed = between.trim_end_matches(|c: char| c == ',' || c.is_whitespace());
    loose.then_some(source.end + trimmed.len())
}

/// Whether the fields of a SQL exception hold the list of errors.
fn has_errors(fields: &str) -> bool {
    let head: &str = fields.get(..160).unwrap_or(fields);
    head.contains("Errors=")
}

/// Where the head is missing: the text before the first link ends like a link, but none
/// opened there.
fn headless(text: &str, head: Option<usize>) -> Option<usize> {
    let before = text.get(..head?)?.trim_end();
    let cut = before.strip_suffix(",'").unwrap_or(before);
    if before.len() == cut.len() && !before.ends_with(',') {
        return None;
    }
    let at = cut.rfind("Source=")?;
    cut[..at].trim_end().ends_with(',').then_some(0)
}
