//! The words of a message without what differs from case to case.
//!
//! ```text
//! Column 'Prop_2' contains an invalid value 'x 1'.  →  column * contains an invalid value *
//! No DNS entries exist for host node-2.              →  no dns entries exist for host *
//! ```
//!
//! What is quoted, and every word with a digit or a mark of a name in it (`.`, `/`, `\`,
//! `@`, `_`), becomes `*`; several in a row become one. A quoted sentence is no name, so
//! its words stay. A secret counts as masked before and after it was redacted. Masking
//! too little splits one trouble into many; too much joins two: where a word may be both,
//! it stays.

use std::ops::Range;

use crate::model::redacted::secrets;

/// A quote that goes on longer than this is no quote.
const LONGEST_QUOTE: usize = 2000;

/// Quotes that are looked at to find the one that closes.
const MOST_QUOTES: usize = 32;

/// Fewer words in quotes are a name, more are a sentence.
const SENTENCE: usize = 5;

/// Quoted sentences are opened this deep.
const DEEPEST: usize = 3;

const MASK: &str = "*";

/// Tells the words of `text` one after another, and `*` for what is masked.
pub(super) fn words<'t>(text: &'t str, tell: impl FnMut(&'t str)) {
    let secrets = secrets::spans(text);
    let mut scanner =
        Scanner { text, secrets: &secrets, tell, masked: false, expects: Expects::Word };
    scanner.scan(0..text.len(), DEEPEST);
}

/// What the last word lets one expect.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expects {
    Word,
    /// Behind `host`, `user`: a name, if it looks like one.
    Name,
    /// Behind `Container:`, if it is one word: a name.
    Value,
}

struct Scanner<'t, 's, F> {
    text: &'t str,
    secrets: &'s [Range<usize>],
    tell: F,
    /// True when the last word was masked.
    masked: bool,
    expects: Expects,
}

impl<'t, F: FnMut(&'t str)> Scanner<'t, '_, F> {
    fn scan(&mut self, range: Range<usize>, depth: usize) {
        let mut at = range.start;
        while let Some(character) = self.text[at..range.end].chars().next() {
            self.forget_secrets_before(at);
            at = if let Some(end) = self.hidden(at) {
                self.mask();
                end.min(range.end).max(at + 1)
            } else if let Some(inside) = self.quoted(at, range.end) {
                self.quotation(inside.clone(), depth);
                let closing = self.text[inside.end..].chars().next().map_or(0, char::len_utf8);
                inside.end + closing
            } else if is_separator(character) || is_quote(character) {
                at + character.len_utf8()
            } else {
                let end = self.token_end(at, range.end);
                self.token(at..end, range.end);
                end
            };
        }
    }

    /// Reading only goes forward, so what was passed is not asked about again.
    fn forget_secrets_before(&mut self, at: usize) {
        while let [first, rest @ ..] = self.secrets
            && first.end <= at
        {
            self.secrets = rest;
        }
    }

    /// Where the secret ends that begins at `at`, redacted or not; also `[dbo].[name]`.
    fn hidden(&self, at: usize) -> Option<usize> {
        if let Some(span) = self.secrets.first().filter(|span| span.start == at) {
            return Some(span.end);
        }
        let rest = self.text[at..].strip_prefix('[')?;
        let near = &rest.as_bytes()[..rest.len().min(200)];
        let end = at + memchr::memchr(b']', near)? + 2;
        let joined = self.text[end..].starts_with('.') || self.text[..at].ends_with('.');
        (joined || rest.starts_with("redacted:")).then_some(end)
    }

    /// What stands in the quotes that open at `at`. An apostrophe within a word opens none.
    fn quoted(&self, at: usize, limit: usize) -> Option<Range<usize>> {
        let opening = self.text[at..].chars().next().filter(|c| is_quote(*c))?;
        if self.text[..at].ends_with(char::is_alphanumeric) {
            return None;
        }
        let start = at + opening.len_utf8();
        let mut from = start;
        let limit = limit.min(start + LONGEST_QUOTE);
        for _ in 0..MOST_QUOTES {
            let near = self.text.as_bytes().get(from..limit)?;
            let end = from + find(near, closing(opening).as_bytes())?;
            let passed = self.secrets.partition_point(|secret| secret.end <= end);
            if let Some(secret) = self.secrets.get(passed).filter(|it| it.start <= end) {
                from = secret.end;
                continue;
            }
            let behind = end + closing(opening).len();
            if !self.text[behind..].starts_with(char::is_alphanumeric) {
                return Some(start..end);
            }
            from = behind;
        }
        None
    }

    /// A name is masked, a sentence is read.
    fn quotation(&mut self, inside: Range<usize>, depth: usize) {
        let is_word = |word: &&str| word.chars().all(|c| c.is_alphabetic() || ".,:;'".contains(c));
        let count = self.text[inside.clone()].split_whitespace().filter(is_word).count();
        if count >= SENTENCE && depth > 0 {
            self.scan(inside, depth - 1);
        } else {
            self.mask();
        }
    }

    /// A token goes to the next blank or mark; a URL goes to the next blank.
    fn token_end(&self, start: usize, limit: usize) -> usize {
        let limit = self.secrets.first().map_or(limit, |secret| secret.start.min(limit));
        let rest = &self.text[start..limit];
        let end = rest.find(is_end).unwrap_or(rest.len());
        match rest[..end].find("://") {
            Some(_) => {
                start + rest.find(|c: char| c.is_whitespace() || is_quote(c)).unwrap_or(rest.len())
            }
            None => start + end,
        }
    }

    fn token(&mut self, range: Range<usize>, limit: usize) {
        let token = &self.text[range.clone()];
        let next = self.text[range.end..limit].trim_start_matches(|c: char| !c.is_alphanumeric());
        if let Some((key, value)) = token.split_once('=') {
            self.word(key, next);
            if !value.is_empty() && tells_by_value(key) {
                self.word(value, next);
            } else if !value.is_empty() {
                self.mask();
            }
        } else if let Some(key) = token.strip_suffix(':') {
            self.word(key, next);
            if is_label(key) && one_word(&self.text[range.end..limit]) {
                self.expects = Expects::Value;
            }
        } else {
            self.word(token, next);
        }
    }

    fn word(&mut self, word: &'t str, next: &str) {
        let word = word.trim_matches(|c: char| ".:'-*`".contains(c));
        if word.is_empty() {
            return;
        }
        let expected = match self.expects {
            Expects::Word => false,
            Expects::Name => could_be_name(word),
            Expects::Value => true,
        };
        if expected || is_name(word) || self.is_date(word, next) {
            self.mask();
        } else {
            (self.tell)(word);
            self.masked = false;
            self.expects = if is_place(word) { Expects::Name } else { Expects::Word };
        }
    }

    /// `Sat, 06 May 2023`: days and months beside a number.
    fn is_date(&self, word: &str, next: &str) -> bool {
        const PARTS: [&str; 24] = [
            "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Jan", "Feb", "Mar", "Apr", "May",
            "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "AM", "PM", "UTC", "GMT", "Z",
        ];
        PARTS.contains(&word) && (self.masked || next.starts_with(|c: char| c.is_ascii_digit()))
    }

    fn mask(&mut self) {
        if !self.masked {
            (self.tell)(MASK);
        }
        self.masked = true;
        self.expects = Expects::Word;
    }
}

/// True for a word with a digit or a mark that only names have, or too long to be one.
fn is_name(word: &str) -> bool {
    let marked = |c: char| c.is_numeric() || "./\\@_+%&#~$^`[]:".contains(c);
    word.contains(marked) || word.len() > 40 || word.matches('-').count() > 1
}

/// Behind `host` or `user:`, true for what is hardly a word of the sentence.
fn could_be_name(word: &str) -> bool {
    let inner = word.get(1..).unwrap_or_default();
    word.contains('-') || inner.contains(|c: char| c.is_ascii_uppercase()) || !word.is_ascii()
}

/// Words behind which a name stands without quotes.
fn is_place(word: &str) -> bool {
    const PLACES: [&str; 16] = [
        "host",
        "node",
        "server",
        "machine",
        "user",
        "account",
        "database",
        "container",
        "vault",
        "runtime",
        "factory",
        "gateway",
        "workspace",
        "principal",
        "table",
        "file",
    ];
    PLACES.iter().any(|place| word.eq_ignore_ascii_case(place))
}

/// `Container Name:` and `user:`; but `it failed:` is prose.
fn is_label(key: &str) -> bool {
    let capital = key.starts_with(|c: char| c.is_ascii_uppercase());
    (capital || is_place(key)) && !tells_by_value(key)
}

/// Keys whose value is the error itself.
fn tells_by_value(key: &str) -> bool {
    const KEYS: [&str; 10] = [
        "error",
        "code",
        "message",
        "reason",
        "status",
        "exception",
        "info",
        "state",
        "details",
        "type",
    ];
    let ends = |it: &str| {
        let tail = key.len().checked_sub(it.len()).and_then(|at| key.get(at..));
        tail.is_some_and(|tail| tail.eq_ignore_ascii_case(it))
    };
    KEYS.iter().any(|it| ends(it))
}

fn one_word(text: &str) -> bool {
    let text = text.trim_start_matches(' ');
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    text[..end].ends_with([',', ';', '.']) || end == text.len() && end > 0
}

fn is_end(character: char) -> bool {
    is_separator(character) || "\"“”[".contains(character)
}

fn is_separator(character: char) -> bool {
    character.is_whitespace() || ",;(){}<>!?|[]：。，".contains(character)
}

fn is_quote(character: char) -> bool {
    "'\"‘’“”„«»`".contains(character)
}

/// Where `wanted` stands; a single byte needs no searcher.
fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    match wanted {
        [byte] => memchr::memchr(*byte, bytes),
        _ => memchr::memmem::find(bytes, wanted),
    }
}

fn closing(opening: char) -> &'static str {
    match opening {
        '\'' => "'",
        '"' => "\"",
        '‘' | '’' => "’",
        '“' | '”' => "”",
        '„' => "“",
        '«' | '»' => "»",
        _ => "`",
    }
}
