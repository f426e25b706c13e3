//! The number that a vendor gives to an error, which no mask may hide.
//!
//! ```text
//! SqlErrorNumber=208   ORA-01861   ERROR [08001]   AADSTS7000222   status code 404
//! ```
//!
//! Of each kind the first number counts. Other numbers in a message are sizes, ids and
//! lines, and are masked with the words.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use shirwatch_parsers::Link;

/// Tells the kind and the number of each that `root` and its `message` hold.
pub(super) fn numbers(root: Option<&Link<'_>>, message: &str, mut tell: impl FnMut(&str, &str)) {
    if let Some(number) = root.and_then(|link| link.detail("SqlErrorNumber")) {
        tell("sql", number);
    }
    let found = [("ora", oracle(message)), ("state", sql_state(message)), ("aad", entra(message))];
    for (kind, number) in found.into_iter().chain([("http", http(message))]) {
        if let Some(number) = number {
            tell(kind, number);
        }
    }
}

/// `ORA-01861`
fn oracle(text: &str) -> Option<&str> {
    behind(text, Mark::Oracle).map(digits).find(|number| number.len() >= 4)
}

/// `AADSTS7000222`
fn entra(text: &str) -> Option<&str> {
    behind(text, Mark::Entra).map(digits).find(|number| number.len() >= 4)
}

/// `ERROR [08001]`, `SQLSTATE: 08001`
fn sql_state(text: &str) -> Option<&str> {
    let is_state = |rest: &&str| {
        let state = rest.as_bytes().get(..5).unwrap_or_default();
        let ends = rest.as_bytes().get(5).is_none_or(|byte| !byte.is_ascii_alphanumeric());
        state.len() == 5 && ends && state.iter().all(|byte| byte.is_ascii_alphanumeric())
    };
    let error = behind(text, Mark::OdbcState).find(is_state);
    let named = || {
        behind(text, Mark::SqlState)
            .map(|rest| rest.trim_start_matches([' ', ':', '=', '[', '\'']))
            .find(is_state)
    };
    error.or_else(named).and_then(|rest| rest.get(..5))
}

/// `status code 404`, `HttpStatusCode 400`, `StatusCode: '503'`, `error: (403)`
fn http(text: &str) -> Option<&str> {
    let named = behind(text, Mark::Status).filter_map(|rest| {
        let rest = rest.trim_start_matches(' ');
        let is_code = rest.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("code"));
        status(rest.get(4..).filter(|_| is_code)?)
    });
    let bracketed = behind(text, Mark::Bracketed).filter_map(status);
    let plain = behind(text, Mark::Http).filter_map(status);
    named.chain(bracketed).chain(plain).next()
}

/// Three digits from 100 to 599, behind a few marks.
fn status(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches([' ', ':', '=', '-', '\'', '"', '(']);
    let number = digits(rest);
    let near = text.len() - rest.len() <= 6;
    (near && number.len() == 3 && matches!(number.as_bytes()[0], b'1'..=b'5')).then_some(number)
}

fn digits(text: &str) -> &str {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    &text[..end]
}

/// What a number stands behind.
#[derive(Clone, Copy)]
enum Mark {
    Oracle,
    Entra,
    OdbcState,
    SqlState,
    Status,
    Bracketed,
    Http,
}

/// What stands behind each place where `mark` stands.
fn behind(text: &str, mark: Mark) -> impl Iterator<Item = &str> {
    /// In the order of the marks; made ready once, which costs more than to look through a text.
    static FINDERS: LazyLock<[Finder<'static>; 7]> = LazyLock::new(|| {
        ["ORA-", "AADSTS", "ERROR [", "SQLSTATE", "tatus", "error: (", "HTTP "].map(Finder::new)
    });
    let finder = &FINDERS[mark as usize];
    finder.find_iter(text.as_bytes()).map(|at| &text[at + finder.needle().len()..])
}
