//! The three marks by which links are told apart.
//!
//! ```text
//! 'Type=System.IO.IOException,Message=   opens a link
//! ,Source=mscorlib                       names its source
//! ,'                                     closes it
//! ```
//!
//! Each is looked for as plain bytes and then read by a production of its own, which looks at
//! what stands around it. What a mark means (a next link, a chain inside a message) is
//! decided by the walk, not here.

mod close;
mod code;
mod open;
mod source;

use memchr::{memchr, memmem};

use crate::needle::needle;

pub use crate::chain::mark::close::{Close, Next, close};
pub(super) use crate::chain::mark::code::is_code_char;
pub use crate::chain::mark::code::{code, is_code};
pub use crate::chain::mark::open::{Open, open};
pub use crate::chain::mark::source::{Source, source};

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

/// The curly quotes that word processors put in place of an apostrophe.
const CURLY: [char; 2] = ['\u{2018}', '\u{2019}'];

fn is_quote(c: char) -> bool {
    c == '\'' || CURLY.contains(&c)
}

/// Whether a quote stands in a text. Nearly all texts are ASCII, and have but the one.
fn has_quote(text: &str) -> bool {
    memchr(b'\'', text.as_bytes()).is_some() || (!text.is_ascii() && text.contains(CURLY))
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
