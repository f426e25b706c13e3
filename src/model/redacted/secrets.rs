//! Where the secrets stand in a text.
//!
//! ```text
//! …;AccountKey=FFFF…==;…   ?sv=…&sig=FAKE%3D   Authorization: Bearer ey…   IR@…@adf@we@FAKE=
//!              └ taken ┘            └ taken ┘                        └ taken  └ taken all ┘
//! ```
//!
//! One automaton looks for the marks that every secret has near it; a text without any
//! costs that one pass. Behind a mark the value is delimited by hand, since it may stand
//! in quotes that are escaped once or more (`\"`), in a query (`&`, `\u0026`, `&amp;`,
//! `%26`) or in a connection string. A mask of stars is no secret, nor is what was
//! redacted before. What a secret opens is not known here.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};

use crate::model::redacted::value;

/// How a secret stands behind, or around, its mark.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// `Password=…`, `"password": "…"`, `-Password …`, `<Password>…`
    Value,
    /// `access_token=…`, `"token":"…"`; but `Unexpected token: }` is prose.
    Token,
    /// `sig=…` in a query.
    Signature,
    /// `Authorization: Bearer …`
    Header,
    /// `Bearer …` anywhere.
    Scheme,
    /// `IR@…@…@…=`
    NodeKey,
    /// `eyJ….….…`
    Jwt,
    /// A switch of the command line, and which of its arguments is secret.
    Switch(usize),
    /// `://user:password@host`
    UserInfo,
    /// 88 characters of base64, as storage keys are.
    Base64,
    /// `-----BEGIN … PRIVATE KEY-----`
    Pem,
}

/// The marks, in lower case, and what they announce.
const MARKS: &[(&str, Form)] = &[
    ("password", Form::Value),
    ("passwd", Form::Value),
    ("passphrase", Form::Value),
    ("passwort", Form::Value),
    ("pwd", Form::Value),
    ("secret", Form::Value),
    ("secretkey", Form::Value),
    ("secret_key", Form::Value),
    ("secret-key", Form::Value),
    ("secretaccesskey", Form::Value),
    ("secret_access_key", Form::Value),
    ("secretvalue", Form::Value),
    ("secretstring", Form::Value),
    ("accountkey", Form::Value),
    ("sharedaccesskey", Form::Value),
    ("accesskey", Form::Value),
    ("access_key", Form::Value),
    ("access-key", Form::Value),
    ("apikey", Form::Value),
    ("api_key", Form::Value),
    ("api-key", Form::Value),
    ("authkey", Form::Value),
    ("auth_key", Form::Value),
    ("authenticationkey", Form::Value),
    ("masterkey", Form::Value),
    ("functions-key", Form::Value),
    ("subscription-key", Form::Value),
    ("encryptionkey", Form::Value),
    ("privatekey", Form::Value),
    ("private_key", Form::Value),
    ("token", Form::Token),
    ("client_assertion", Form::Token),
    ("sig=", Form::Signature),
    ("sig%3d", Form::Signature),
    ("authorization", Form::Header),
    ("bearer ", Form::Scheme),
    ("bearer%20", Form::Scheme),
    ("basic ", Form::Scheme),
    ("sharedkey ", Form::Scheme),
    ("ir@", Form::NodeKey),
    ("eyj", Form::Jwt),
    ("-switchserviceaccount", Form::Switch(1)),
    ("-generatebackupfile", Form::Switch(1)),
    ("-importbackupfile", Form::Switch(1)),
    ("-registernewnode", Form::Switch(0)),
    ("dmgcmd.exe -key", Form::Switch(0)),
    ("dmgcmd -key", Form::Switch(0)),
    ("://", Form::UserInfo),
    ("==", Form::Base64),
    ("-----begin", Form::Pem),
];

static AUTOMATON: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasickBuilder::new()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .build(MARKS.iter().map(|(mark, _)| mark))
        .ok()
});

/// The parts of `text` that are secret, in their order, none touching another.
pub(in crate::model) fn spans(text: &str) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    // The marks are fixed, so the automaton is always there; without it all is secret.
    let Some(automaton) = AUTOMATON.as_ref() else {
        return std::iter::once(0..text.len()).collect();
    };
    for found in automaton.find_iter(text) {
        let mark = found.start()..found.end();
        if spans.last().is_some_and(|last| mark.start < last.end) {
            continue;
        }
        let form = MARKS[found.pattern().as_usize()].1;
        if let Some(span) = secret(text, &mark, form).filter(|span| is_secret(text, span)) {
            spans.push(span);
        }
    }
    spans
}

/// The secret that belongs to the mark.
fn secret(text: &str, mark: &Range<usize>, form: Form) -> Option<Range<usize>> {
    match form {
        Form::Value => keyed(text, mark),
        Form::Token => token(text, mark),
        Form::Signature => starts_word(text, mark.start).then(|| value::query(text, mark.end)),
        Form::Header => header(text, mark),
        Form::Scheme => scheme(text, mark),
        Form::NodeKey => node_key(text, mark),
        Form::Jwt => jwt(text, mark),
        Form::Switch(argument) => value::argument(text, mark.end, argument),
        Form::UserInfo => user_info(text, mark),
        Form::Base64 => base64(text, mark),
        Form::Pem => pem(text, mark),
    }
}

/// How all labels begin; what holds or touches one was looked at before.
const LABEL: &str = "[redacted:";

/// False for what is empty, masked by stars, or redacted already.
fn is_secret(text: &str, span: &Range<usize>) -> bool {
    let value = text[span.clone()].trim();
    let redacted = value.contains(LABEL)
        || text[span.end..].starts_with(LABEL)
        || text[..span.start].ends_with(LABEL);
    !(redacted || value.is_empty() || value == "null" || value.bytes().all(|byte| byte == b'*'))
}

/// A password is one wherever it stands. `Failed to get the secret: the request …` is
/// prose, so behind a colon other keys need a value that looks like no word.
fn keyed(text: &str, mark: &Range<usize>) -> Option<Range<usize>> {
    let span = value::behind_key(text, mark)?;
    let password = text[mark.clone()].starts_with(['p', 'P']);
    let prose = text[mark.end..].starts_with(": ");
    (password || !prose || looks_random(&text[span.clone()])).then_some(span)
}

/// In prose a token is a word of the grammar (`Unexpected token: }`); it is a secret
/// where it is written as a key, or looks like no word.
fn token(text: &str, mark: &Range<usize>) -> Option<Range<usize>> {
    // The name of an assembly ends in `PublicKeyToken=…`, which is public.
    if ends_with_ignoring_case(&text[..mark.start], "publickey") {
        return None;
    }
    let span = value::behind_key(text, mark)?;
    let is_key = text[mark.end..].starts_with('=') || value::is_quote(&text[mark.end..]);
    let long_enough = span.len() >= 8;
    (long_enough && (is_key || looks_random(&text[span.clone()]))).then_some(span)
}

/// `Authorization: Bearer x`: the scheme stays, what follows goes.
fn header(text: &str, mark: &Range<usize>) -> Option<Range<usize>> {
    let start = value::header(text, mark.end)?;
    let is_part = |byte: u8| byte.is_ascii_graphic() && !b"\"'<>\\;,}".contains(&byte);
    let word = run(text, start, is_part);
    let behind = run(text, word.end, |byte| byte == b' ').end;
    if known_scheme(&text[word.clone()]) {
        let token = run(text, behind, is_part);
        return (token.len() >= 6).then_some(token);
    }
    (word.len() >= 16 && looks_random(&text[word.clone()])).then_some(word)
}

fn known_scheme(word: &str) -> bool {
    const SCHEMES: [&str; 6] = ["bearer", "basic", "sharedkey", "sharedkeylite", "digest", "token"];
    SCHEMES.iter().any(|scheme| word.eq_ignore_ascii_case(scheme))
}

/// `Bearer x` without a header in front: only what looks like no word of prose.
fn scheme(text: &str, mark: &Range<usize>) -> Option<Range<usize>> {
    if !starts_word(text, mark.start) {
        return None;
    }
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"._~+/=-:".contains(&byte);
    let span = run(text, mark.end, is_token);
    // Once what stood behind is masked, the rest of a parameter no longer looks like one.
    if text[span.end..].starts_with(LABEL) {
        return None;
    }
    let span = span.start..span.start + text[span].trim_end_matches(['.', ':']).len();
    let value = &text[span.clone()];
    let parameter = value.trim_end_matches('=').contains('=');
    (value.len() >= 8 && !parameter && looks_random(value)).then_some(span)
}

/// `IR@id@factory@region@key=`; parts are not counted, they differ by age.
fn node_key(text: &str, mark: &Range<usize>) -> Option<Range<usize>> {
    if !starts_word(text, mark.start) {
        return None;
    }
    let id = run(text, mark.end, |byte| byte.is_ascii_hexdigit() || byte == b'-');
    if id.len() < 8 || !text[id.end..].starts_with('@') {
        return None;
    }
    let is_rest = |byte: u8| byte.is_ascii_graphic() && !b"\"'<>\\,;)]}".contains(&byte);
    let rest = run(text, id.end, is_rest);
    Some(mark.start..rest.end)
}

fn jwt(text: &str, mark: &Range<usize>) -> Option<Range<usize>> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let span = run(text, mark.start, is_token);
    let dots = text[span.clone()].matches('.').count();
    let long_enough = if dots > 0 { span.len() >= 20 } else { span.len() >= 40 };
    (starts_word(text, mark.start) && text[mark.start..].starts_with("eyJ") && long_enough)
        .then_some(span)
}

/// `://user:password@`: the password.
fn user_info(text: &str, mark: &Range<usize>) -> Option<Range<usize>> {
    let is_part = |byte: u8| byte.is_ascii_graphic() && !b"/\"'<>@\\,;".contains(&byte);
    let span = run(text, mark.end, is_part);
    let colon = text[span.clone()].find(':')?;
    text[span.end..].starts_with('@').then_some(span.start + colon + 1..span.end)
}

fn base64(text: &str, mark: &Range<usize>) -> Option<Range<usize>> {
    const LENGTH: usize = 86;
    let start = mark.start.checked_sub(LENGTH)?;
    let key = text.as_bytes().get(start..mark.start)?;
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
    let alone = start == 0 || !is_base64(&text.as_bytes()[start - 1]);
    (alone && key.iter().all(is_base64)).then_some(start..mark.end)
}

fn pem(text: &str, mark: &Range<usize>) -> Option<Range<usize>> {
    let dashes = text[mark.end..].find("-----")? + mark.end;
    if !text[mark.end..dashes].to_ascii_uppercase().ends_with("PRIVATE KEY") {
        return None;
    }
    let start = dashes + 5;
    let end = text[start..].find("-----END").map_or(text.len(), |at| start + at);
    Some(start..end)
}

/// True for what no sentence holds: digits, an inner capital, padding, inner dots.
fn looks_random(value: &str) -> bool {
    let inner = value.get(1..).unwrap_or_default();
    let mixed = inner.bytes().any(|byte| byte.is_ascii_uppercase());
    let digits = value.bytes().any(|byte| byte.is_ascii_digit());
    mixed || digits || value.ends_with('=') || value.len() >= 40
}

fn ends_with_ignoring_case(text: &str, end: &str) -> bool {
    let tail = text.len().checked_sub(end.len()).and_then(|at| text.as_bytes().get(at..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
}

/// The run of characters from `start` on that `accepts` takes; only ASCII is asked about.
pub(super) fn run(text: &str, start: usize, accepts: impl Fn(u8) -> bool) -> Range<usize> {
    let rest = &text.as_bytes()[start..];
    let length = rest.iter().position(|byte| !byte.is_ascii() || !accepts(*byte));
    start..start + length.unwrap_or(rest.len())
}

/// True when no letter or digit stands in front, save those of an escape (`\u0026`, `%26`).
fn starts_word(text: &str, at: usize) -> bool {
    let before = &text[..at];
    let escape = ["\\u0026", "%26", "\\n", "\\r", "\\t", "%3F", "%3f", "%20"];
    escape.iter().any(|it| before.ends_with(it))
        || !before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}
