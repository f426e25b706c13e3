//! The numbers that vendors give their errors, as rules write them and as texts print them.
//!
//! | a rule writes | a text prints |
//! |---|---|
//! | `sql:18456` | `SqlErrorNumber=18456`, `Error Number:18456,State:1`, `(Microsoft SQL Server, Error: 18456)` |
//! | `ora:1017` | `ORA-01017` |
//! | `aadsts:7000215` | `AADSTS7000215` |
//! | `sqlstate:08001` | `ERROR [08001]`, `SQLSTATE=08001`, `08001: ` at the beginning of a message |
//! | `http:403` | `error: (403) Forbidden`, `status code 403`, `StatusCode: Forbidden` |
//! | `hresult:0x80131904` | `0x80131904`, `HResult=-2146232060` |
//! | `win:10060` | `SocketException (10060)`, `TCP error code 10060`, `NativeErrorCode=10060`, `0x8007274C` |
//!
//! A number is read to its last digit, so `AADSTS70002` is not found in `AADSTS7000215`.
//! [`Record::numbers`](crate::Record::numbers) gives all of a record. Who looks for many other
//! words in a text as well can look for the [`MARKERS`] along with them.

use std::fmt;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Whose number it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum System {
    /// SQL Server and its relatives.
    Sql,
    /// Oracle.
    Ora,
    /// Microsoft Entra ID.
    AadSts,
    /// ODBC, and most databases: five characters.
    SqlState,
    /// A status of HTTP.
    Http,
    /// Windows and .NET.
    HResult,
    /// Windows itself: Win32 and its sockets.
    Win,
}

/// A vendor's number, written `sql:18456`.
///
/// ```
/// use shirwatch_parsers::numbers::Number;
/// let found = Number::all_in("Login failed (SqlErrorNumber=18456), status code 'Forbidden'");
/// let written: Vec<String> = found.iter().map(ToString::to_string).collect();
/// assert_eq!(written, ["sql:18456", "http:403"]);
/// assert_eq!(Number::parse("sql:18456"), Some(found[0]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Number {
    /// Whose it is.
    pub system: System,
    /// The number itself. A SQLSTATE is its five characters, packed.
    pub value: i64,
}

/// What stands in front of a number in a text in lower case.
pub struct Marker {
    /// The words in front.
    pub text: &'static str,
    /// True when no letter may stand before them: `ORA-1017`, but not `flora-1017`.
    pub alone: bool,
    /// Reads what follows.
    pub read: fn(&[u8]) -> Option<Number>,
}

/// All that can stand in front of a number.
#[rustfmt::skip]
pub const MARKERS: [Marker; 24] = [
    Marker { text: "ora-", alone: true, read: |rest| digits(rest, System::Ora) },
    Marker { text: "tns-", alone: true, read: |rest| digits(rest, System::Ora) },
    Marker { text: "aadsts", alone: true, read: |rest| digits(rest, System::AadSts) },
    Marker { text: "errornumber", alone: false, read: |rest| digits(filler(rest), System::Sql) },
    Marker { text: "error number", alone: true, read: |rest| digits(filler(rest), System::Sql) },
    Marker { text: "sql server, error:", alone: true, read: |rest| digits(filler(rest), System::Sql) },
    Marker { text: "sqlstate", alone: true, read: |rest| state(filler(rest)) },
    Marker { text: "error [", alone: true, read: state },
    Marker { text: "0x", alone: true, read: hex },
    Marker { text: "hresult", alone: true, read: |rest| decimal_hresult(filler(rest)) },
    Marker { text: "status code", alone: true, read: |rest| status(filler(rest)) },
    Marker { text: "statuscode", alone: false, read: |rest| status(filler(rest)) },
    Marker { text: "returned an error: (", alone: true, read: status },
    Marker { text: "http error", alone: true, read: |rest| status(filler(rest)) },
    Marker { text: "http/1.1 ", alone: true, read: status },
    Marker { text: "http ", alone: true, read: |rest| digits(rest, System::Http).filter(is_status) },
    Marker { text: "status: ", alone: true, read: |rest| digits(rest, System::Http).filter(is_status) },
    Marker { text: "msg ", alone: true, read: server_message },
    Marker { text: "nativeerrorcode", alone: false, read: |rest| digits(filler(rest), System::Win) },
    Marker { text: "win32exception (", alone: false, read: |rest| digits(rest, System::Win) },
    Marker { text: "socketexception (", alone: false, read: socket },
    Marker { text: "error code", alone: true, read: |rest| socket(filler(rest)) },
    Marker { text: "errno", alone: true, read: |rest| socket(filler(rest)) },
    Marker { text: "rc=", alone: true, read: socket },
];

/// What the name of a field ends with that holds a status of HTTP: `HttpStatusCode`.
const STATUS_CODE: &str = "StatusCode";

/// A searcher for each of them.
static FINDERS: LazyLock<[Finder<'static>; MARKERS.len()]> =
    LazyLock::new(|| MARKERS.each_ref().map(|it| Finder::new(it.text)));

impl Number {
    /// Reads `sql:18456` as rules write it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (system, value) = text.split_once(':')?;
        let value = value.trim().to_ascii_lowercase();
        let rest = value.as_bytes();
        let decimal = |system| Some(Self { system, value: value.parse().ok()? });
        match system.trim() {
            "sql" => decimal(System::Sql),
            "ora" => decimal(System::Ora),
            "aadsts" => decimal(System::AadSts),
            "http" => decimal(System::Http).filter(is_status),
            "sqlstate" => state(rest).filter(|_| rest.len() == 5),
            "win" => decimal(System::Win),
            "hresult" => rest.strip_prefix(b"0x").map_or_else(|| decimal_hresult(rest), hex),
            _ => None,
        }
    }

    /// All numbers in a text, each once, in their order by system.
    #[must_use]
    pub fn all_in(text: &str) -> Vec<Self> {
        let mut found = Vec::new();
        Self::collect(text, &mut found);
        sorted(found)
    }

    /// Adds those of a text.
    pub(crate) fn collect(text: &str, found: &mut Vec<Self>) {
        found.extend(Self::leading(text));
        let text = text.to_ascii_lowercase();
        for (marker, finder) in MARKERS.iter().zip(FINDERS.iter()) {
            for at in finder.find_iter(text.as_bytes()) {
                let inside = at > 0 && text.as_bytes()[at - 1].is_ascii_alphanumeric();
                if !(marker.alone && inside) {
                    found.extend((marker.read)(&text.as_bytes()[at + marker.text.len()..]));
                }
            }
        }
    }

    /// Reads a field that stands beside a message, such as `SqlErrorNumber=18456`.
    #[must_use]
    pub fn of_detail(key: &str, value: &str) -> Option<Self> {
        let named = |name: &str| key.eq_ignore_ascii_case(name);
        let tail = key.len().checked_sub(STATUS_CODE.len()).and_then(|at| key.get(at..));
        let value = value.trim();
        if named("SqlErrorNumber") {
            digits(value.as_bytes(), System::Sql)
        } else if named("ErrorCode") || named("HResult") {
            decimal_hresult(value.as_bytes())
        } else if named("NativeErrorCode") {
            digits(value.as_bytes(), System::Win)
        } else if tail.is_some_and(|it| it.eq_ignore_ascii_case(STATUS_CODE)) {
            status(value.to_ascii_lowercase().as_bytes())
        } else {
            None
        }
    }
}

impl Number {
    /// The SQLSTATE that a message begins with, as PostgreSQL prints it: `28P01: password…`.
    #[must_use]
    pub fn leading(message: &str) -> Option<Self> {
        let (code, rest) = message.as_bytes().split_at_checked(5)?;
        let part = |it: &u8| it.is_ascii_uppercase() || it.is_ascii_digit();
        let alone = rest.starts_with(b": ") && code.iter().all(part);
        if alone { state(&code.to_ascii_lowercase()) } else { None }
    }
}

/// Each number once.
pub(crate) fn sorted(mut found: Vec<Number>) -> Vec<Number> {
    found.sort_unstable();
    found.dedup();
    found
}

impl fmt::Display for Number {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.system {
            System::Sql => write!(out, "sql:{}", self.value),
            System::Ora => write!(out, "ora:{}", self.value),
            System::AadSts => write!(out, "aadsts:{}", self.value),
            System::Http => write!(out, "http:{}", self.value),
            System::HResult => write!(out, "hresult:0x{:08X}", self.value),
            System::Win => write!(out, "win:{}", self.value),
            System::SqlState => {
                let [.., a, b, c, d, e] = self.value.to_be_bytes();
                let code = [a, b, c, d, e].map(|it| char::from(it.to_ascii_uppercase()));
                write!(out, "sqlstate:{}", code.iter().collect::<String>())
            }
        }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| D::Error::custom(format!("`{text}` is no number of a vendor")))
    }
}

/// Steps over what may stand between a marker and its number: `: '`, ` is `, `="`.
fn filler(mut rest: &[u8]) -> &[u8] {
    for word in [" does not indicate success", " is", " was", " of"] {
        rest = rest.strip_prefix(word.as_bytes()).unwrap_or(rest);
    }
    for _ in 0..6 {
        rest = match rest {
            // A minus before a digit belongs to the number: `Error Number:-2`.
            [b'-', next, ..] if next.is_ascii_digit() => return rest,
            [b' ' | b':' | b'=' | b'\'' | b'"' | b'(' | b'[' | b'-', after @ ..] => after,
            _ => return rest,
        };
    }
    rest
}

fn digits(rest: &[u8], system: System) -> Option<Number> {
    let (negative, rest) = match rest.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let len = rest.iter().take_while(|it| it.is_ascii_digit()).count();
    let value: i64 = std::str::from_utf8(rest.get(..len)?).ok()?.parse().ok()?;
    Some(Number { system, value: if negative { -value } else { value } })
}

/// Five letters or digits that stand alone.
fn state(rest: &[u8]) -> Option<Number> {
    let len = rest.iter().take(6).take_while(|it| it.is_ascii_alphanumeric()).count();
    let code = rest.get(..5).filter(|it| len == 5 && it.iter().any(u8::is_ascii_digit))?;
    let value = code.iter().fold(0, |all, it| all << 8 | i64::from(*it));
    Some(Number { system: System::SqlState, value })
}

/// Eight hex digits that stand alone.
fn hex(rest: &[u8]) -> Option<Number> {
    let len = rest.iter().take(9).take_while(|it| it.is_ascii_hexdigit()).count();
    let code = std::str::from_utf8(rest.get(..8).filter(|_| len == 8)?).ok()?;
    Some(hresult(i64::from_str_radix(code, 16).ok()?))
}

/// An HRESULT, or the number of Windows that it wraps: `0x8007274C` is 10060.
fn hresult(value: i64) -> Number {
    match value >> 16 {
        0x8007 => Number { system: System::Win, value: value & 0xFFFF },
        _ => Number { system: System::HResult, value },
    }
}

/// A number of Windows sockets. Others are too small to mean one thing.
fn socket(rest: &[u8]) -> Option<Number> {
    digits(rest, System::Win).filter(|it| (10_004..12_000).contains(&it.value))
}

/// `-2146232060`, as .NET prints `0x80131904`.
fn decimal_hresult(rest: &[u8]) -> Option<Number> {
    let number = digits(rest, System::HResult)?;
    let bits = i32::try_from(number.value).ok().filter(|it| *it < 0)?;
    Some(hresult(i64::from(bits.cast_unsigned())))
}

/// A status as a number or, as .NET prints it, in words.
fn status(rest: &[u8]) -> Option<Number> {
    let word = rest.iter().take(24).take_while(|it| it.is_ascii_alphanumeric()).count();
    let value = match &rest[..word] {
        b"badrequest" => 400,
        b"unauthorized" => 401,
        b"forbidden" => 403,
        b"notfound" => 404,
        b"requesttimeout" => 408,
        b"conflict" => 409,
        b"gone" => 410,
        b"preconditionfailed" => 412,
        b"toomanyrequests" => 429,
        b"internalservererror" => 500,
        b"badgateway" => 502,
        b"serviceunavailable" => 503,
        b"gatewaytimeout" => 504,
        number => digits(number, System::Http)?.value,
    };
    Some(Number { system: System::Http, value }).filter(is_status)
}

fn is_status(it: &Number) -> bool {
    (100..600).contains(&it.value)
}

/// `Msg 208, Level 16, State 1`, as SQL Server's own tools print it.
fn server_message(rest: &[u8]) -> Option<Number> {
    let len = rest.iter().take_while(|it| it.is_ascii_digit()).count();
    digits(rest, System::Sql).filter(|_| rest[len..].starts_with(b", level"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_number_is_the_same_however_it_is_printed() {
        // a text                                              the number as a rule writes it
        check("SqlErrorNumber=18456,Class=14",                 "sql:18456");
        check("Msg 15151, Level 16, State 1",                  "sql:15151");
        check("HTTP 503 from the server",                      "http:503");
        check("Status: 404 (Not found)",                       "http:404");
        check("Msg 15151 of 20000; status: 20 files",          "none");
        check("Error Number:208,State:1,Class:16",             "sql:208");
        check("Sql error number: -2.",                         "sql:-2");
        check("Error Number - 53",                             "sql:53");
        check("(Microsoft SQL Server, Error: 40613)",          "sql:40613");
        check("ORA-01017: invalid username",                   "ora:1017");
        check("TNS-12541: no listener",                        "ora:12541");
        check("AADSTS7000215: Invalid client secret",          "aadsts:7000215");
        check("ERROR [08001] [Contoso][ODBC]",                 "sqlstate:08001");
        check("SQLSTATE: 'HY000'",                             "sqlstate:HY000");
        check("SqlException (0x80131904): Login",              "hresult:0x80131904");
        check("HResult=-2146232060",                           "hresult:0x80131904");
        check("SocketException (10060): Zeit abgelaufen",      "win:10060");
        check("Win32Exception (258): La attente a expiré",     "win:258");
        check("NativeErrorCode=1326",                          "win:1326");
        check("TCP error code 10061: x",                       "win:10061");
        check("rc=10060, ERRNO 10060",                         "win:10060");
        check("(HRESULT: 0x8007274D)",                         "win:10061");
        check("HResult=-2147014835",                           "win:10061");
        check("error code 17, errno 110, rc=0",                "none");
        check("server returned an error: (403) Forbidden.",    "http:403");
        check("an invalid status code 'Forbidden'",            "http:403");
        check("failed with status code 429 TooManyRequests",   "http:429");
        check("Response status code does not indicate success: 500 (x)", "http:500");
        check("HttpStatusCode - '401 : Unauthorized'",         "http:401");
        check("StatusCode: 404",                               "http:404");
        check("status code is 12345",                          "none");
        check("ERROR [Contoso] [x]",                           "none");
        check("0x80131904ff 0x12",                             "none");
        check("AADSTS and ORA- and status code",               "none");
        check("ORA-99999999999999999999",                      "none");
    }

    #[test]
    #[rustfmt::skip]
    fn a_message_may_begin_with_its_number() {
        for (message, expected) in [
            ("28P01: password authentication failed", "sqlstate:28P01"),
            ("08001: no",                             "sqlstate:08001"),
            ("ABCDE: no digit",                       "none"),
            ("28p01: not as a server prints it",      "none"),
            ("28P01",                                 "none"),
            ("äöü: x",                                "none"),
        ] {
            assert_eq!(Number::leading(message), Number::parse(expected), "{message}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn a_field_beside_a_message_may_be_a_number() {
        for (key, value, expected) in [
            ("SqlErrorNumber",  "18456",        "sql:18456"),
            ("sqlerrornumber",  " -2 ",         "sql:-2"),
            ("ErrorCode",       "-2146232060",  "hresult:0x80131904"),
            ("HRESULT",         "-2147014835",  "win:10061"),
            ("NativeErrorCode", "1326",         "win:1326"),
            ("HttpStatusCode",  "Forbidden",    "http:403"),
            ("STATUSCODE",      "404",          "http:404"),
            ("ErrorCode",       "SqlFailed",    "none"),
            ("Class",           "14",           "none"),
            ("äStatusCod",      "404",          "none"),
        ] {
            assert_eq!(Number::of_detail(key, value), Number::parse(expected), "{key}={value}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn rules_write_numbers_in_one_way() {
        for text in ["sql", "sql:", "sql:x", "http:42", "http:4040", "hresult:12", "sqlstate:0800", "tds:1"] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
        assert_eq!(Number::parse("hresult:-2146232060"), Number::parse("hresult:0x80131904"));
    }

    /// The numbers of `text`, printed.
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found: Vec<String> = Number::all_in(text).iter().map(ToString::to_string).collect();
        assert_eq!(found.join(" "), if expected == "none" { "" } else { expected });
    }
}
