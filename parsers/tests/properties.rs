//! Laws that hold for every chain, not only for those somebody has seen.
//!
//! ```text
//! links → print → (wrap) → parse → the same links
//! ```
//!
//! Chains are generated with messages that hold what chains are made of: commas, quotes,
//! line ends, JSON, other chains.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may stop and tell why")]

#[path = "support/wrap.rs"]
#[allow(dead_code, reason = "the context is compared in another test")]
mod wrap;

use std::borrow::Cow;
use std::fmt::Write;
#[cfg(unix)]
use std::time::Duration;

use proptest::prelude::*;
use shirwatch_parsers::chain::{NESTING_LIMIT, read};
use shirwatch_parsers::{IssueKind, Link, Settings, parse};

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_printed_is_read_back(chain in chain(2)) {
        let text = print(&chain);
        let it = read(&text);
        prop_assert_eq!(&it.links, &chain, "{}", text);
        prop_assert!(!it.truncated && it.issues.is_empty(), "{}: {:?}", text, it.issues);
        prop_assert_eq!(it.end, Some(text.len()));
    }

    #[test]
    fn a_cut_text_gives_the_links_that_are_there(chain in chain(0), at in 0.0..1.0) {
        let text = print(&chain);
        let mut cut = (text.len() as f64 * at) as usize;
        while !text.is_char_boundary(cut) {
            cut -= 1;
        }
        check_prefix(&text[..cut], &chain);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// However much stands behind a word that is looked for, and in whatever letters: a limit in
    /// bytes may lie inside a character.
    #[test]
    fn whatever_stands_behind_a_key_is_read(text in runs()) {
        for record in parse(&text, &Settings::default()) {
            prop_assert!(record.message.len() <= text.len(), "{}", text);
        }
    }
}

proptest! {
    // Each case is read some fifty times.
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_printed_is_read_back_through_every_carrier(chain in chain(1)) {
        let text = print(&chain);
        for (carrier, wrapped) in wrap::carriers(&text) {
            let records = parse(&wrapped, &Settings::default());
            prop_assert_eq!(records.len(), 1, "{}: {}", carrier, wrapped);
            let found = format!("{:?}", records[0].chain).replace("\\r\\n", "\\n");
            let told = format!("{chain:?}").replace("\\r\\n", "\\n");
            prop_assert_eq!(found, told, "{}: {}", carrier, wrapped);
        }
    }
}

/// All links but the last are as they were; the last is as far as it goes.
#[track_caller]
fn check_prefix(text: &str, chain: &[Link<'_>]) {
    let it = read(text);
    assert!(it.links.len() <= chain.len(), "{text}: {:?}", it.links);
    let Some((last, whole)) = it.links.split_last() else { return };
    assert_eq!(whole, &chain[..whole.len()], "{text}");
    let told = &chain[whole.len()];
    assert!(begins(&told.type_name, &last.type_name), "{text}: {last:?}");
    assert!(last.error_code == told.error_code, "{text}: {last:?}");
    // A key that was cut in two still stands behind the message.
    let (message, part) = (&told.message, &last.message);
    assert!(message.starts_with(&**part) || part.starts_with(&**message), "{text}: {last:?}");
}

fn begins(whole: &Option<Cow<'_, str>>, part: &Option<Cow<'_, str>>) -> bool {
    let text = |it: &Option<Cow<'_, str>>| it.as_deref().unwrap_or_default().to_owned();
    text(whole).starts_with(&text(part))
}

/// The chain as the runtime prints it.
fn print(chain: &[Link<'_>]) -> String {
    let mut out = String::new();
    for link in chain {
        if let Some(code) = &link.error_code {
            let _ = write!(out, "ErrorCode={code},");
        }
        let name = link.type_name.as_deref().unwrap_or_default();
        let source = link.source.as_deref().unwrap_or_default();
        let _ = write!(out, "'Type={name},Message={},Source={source}", link.message);
        for (key, value) in &link.details {
            let _ = write!(out, ",{key}={value}");
        }
        if let Some(frames) = &link.stack_trace {
            let _ = write!(out, ",StackTrace={frames}");
        }
        out.push_str(",'");
    }
    out
}

/// A chain; in its messages stand others, so deep.
fn chain(depth: usize) -> BoxedStrategy<Vec<Link<'static>>> {
    let links = prop::collection::vec(link(depth), 1..4);
    let code = prop::option::of("[A-Z][A-Za-z]{2,20}");
    let coded = (links, code).prop_map(|(mut links, code)| {
        links[0].error_code = code.map(Cow::Owned);
        links
    });
    coded.boxed()
}

fn link(depth: usize) -> impl Strategy<Value = Link<'static>> {
    let source =
        prop::sample::select(vec!["", "mscorlib", ".Net SqlClient Data Provider", "a.dll"]);
    (type_name(), message(depth), source, details(), frames()).prop_map(
        |(type_name, (message, embedded), source, details, stack_trace)| Link {
            type_name: Some(type_name.into()),
            message: message.into(),
            source: Some(source.into()),
            details: if stack_trace.is_none() { details } else { Vec::new() },
            stack_trace: stack_trace.map(Cow::Borrowed),
            embedded,
            ..Link::default()
        },
    )
}

fn type_name() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "Microsoft.DataTransfer.Common.Shared.HybridDeliveryException",
        "System.Data.SqlClient.SqlException",
        "System.IO.IOException",
        "A.B`1+C[D]",
    ])
    .prop_map(str::to_owned)
}

/// A message, and the chain that stands in it.
fn message(depth: usize) -> BoxedStrategy<(String, Vec<Link<'static>>)> {
    let plain = words().prop_map(|it| (it, Vec::new()));
    if depth == 0 {
        return plain.boxed();
    }
    let nested = (words(), chain(depth - 1), words()).prop_map(|(before, chain, after)| {
        (format!("{before} got {} back {after}", print(&chain)), chain)
    });
    let alone = chain(depth - 1).prop_map(|chain| (print(&chain), chain));
    prop_oneof![4 => plain, 1 => nested, 1 => alone].boxed()
}

/// What people and servers write: commas, quotes, line ends, JSON, SQL.
fn words() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "it's",
        "'quoted'",
        "''",
        "VALUES('13', 'test', ' ', 'NULL')",
        "{\"code\":\"400\",\"a\":[1]}",
        "a, b,c",
        "\r\n",
        "\\\\srv\\share",
        "<T> & more",
        "Straße",
        "Column ''. Cannot",
        "\"x\"",
        "Message: no",
        "ErrorCode: 'PathNotFound'.",
        "Path: '3.txt'.",
        "(403) Forbidden.",
        "1,2'3",
        "https://h.contoso.example/?a=b&c=d",
        "\u{201c}bent\u{201d}",
        "near ','.",
        "Type: B;",
    ]);
    prop::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.join(" "))
}

/// Words that are looked for, each with a run of one character behind it.
fn runs() -> impl Strategy<Value = String> {
    const KEYS: [&str; 24] = [
        ",Source=",
        "'Type=",
        ",Message=",
        "ErrorCode=",
        ",StackTrace=",
        ",Errors=[",
        ",'",
        "''",
        "Exception: ",
        "A.BException: ",
        "   at ",
        "Job ID: ",
        "2026-11-20 02:14:22 Error ",
        "Operation on target ",
        "Inner activity name: ",
        "Failure happened on '",
        "AADSTS",
        "0x",
        "{\"errorCode\":\"",
        "<Event>",
        "&#",
        "\\u00",
        "ORA-",
        "://",
    ];
    let letter = prop::sample::select(vec!["a", "1", " ", "é", "あ", "😀", "’", "\u{3000}"]);
    let count = prop_oneof![0..8_usize, 60..72_usize, 120..260_usize, 500..520_usize];
    let run = (prop::sample::select(KEYS.to_vec()), letter, count)
        .prop_map(|(key, letter, count)| key.to_owned() + &letter.repeat(count));
    prop::collection::vec(run, 1..8).prop_map(|runs| runs.concat())
}

fn details() -> impl Strategy<Value = Vec<(Cow<'static, str>, Cow<'static, str>)>> {
    let sql = [
        ("SqlErrorNumber", "208"),
        ("Class", "16"),
        ("ErrorCode", "-2146232060"),
        ("State", "1"),
        ("Errors", "[{Class=16,Number=208,State=1,Message=Invalid, {so} there.,},]"),
    ];
    let storage = [("StorageExtendedMessage", "No, not so. RequestId:1 Time:2026-11-20T02:14:22Z")];
    let owned = |pairs: &[(&'static str, &'static str)]| {
        pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect::<Vec<_>>()
    };
    prop::sample::select(vec![Vec::new(), owned(&sql), owned(&storage)])
}

fn frames() -> impl Strategy<Value = Option<&'static str>> {
    prop::sample::select(vec![
        None,
        None,
        Some("   at A.B.C(D e, F g)\r\n   at H.<I>d__1`1.MoveNext()"),
        Some(
            "   at A.B()\n--- End of stack trace from previous location where exception was thrown ---\n   at C()",
        ),
    ])
}

/// Texts that a careless reader would read again and again. The time may grow as they do.
#[rustfmt::skip]
const HOSTILE: [(&str, &str, &str); 27] = [
    // what is repeated, behind what, before what
    ("'", "", ""),
    (",'", "ErrorCode=X,'Type=A.B,Message=", ""),
    (",' x", "'Type=A.B,Message=m,Source=s", " "),
    ("'Type=A.B,Message=", "", ""),
    ("'Type=A.B,Message=", "", ",Source=s,',Source=s,'\n"),
    ("'Type=A.B,Message=x ", "'Type=A.B,Message=a 'Type=A.B,Message=b,Source=s,'\n", ",Source=s,'\n,Source=s,'\n"),
    (",Source=s,'\n", "'Type=A.B,Message=x 'Type=A.B,Message=y ", ""),
    (" Type=A.B,Message=y", "'Type=A.B,Message=m,Source=s,,,,,,,,,,,,,,,,,", ""),
    ("Type=A.B ", "", "...................................."),
    ("ErrorCode: ", "", ""),
    ("ErrorCode=", "", ""),
    ("Operation on target a failed: ", "", ""),
    ("Inner activity name: ", "", ""),
    ("&#44;&amp;", "'Type=A.B,Message=", ",Source=s,'"),
    (",Errors=[", "'Type=A.B,Message=m,Source=s,SqlErrorNumber=1", ",'"),
    ("A.BException: x ", "Oh: ", ""),
    ("Exception", "A.", ""),
    ("A.BException: ) ", "A.BException: x\n", ""),
    ("{\"a\":1},", "", ""),
    ("{\"a\":1} , ", "", "{}"),
    ("{\"a\":", "", ""),
    ("[", "{\"Channel\":\"L\",\"Message\":null,\"EventData\":", ""),
    ("{\"time\":\"a\"b\"},", "{\"records\":[", "]}"),
    ("},{\"time\":", "[{\"time\":\"", "]"),
    ("<Event><Data>", "", ""),
    ("\"a\" ", "2026-11-20 02:14:22,Warning,FileSkip,\"", ""),
    ("Job ID: x\n", "Oh\n", ""),
];

#[cfg(unix)]
#[test]
fn time_grows_as_the_text_does() {
    for (piece, before, after) in HOSTILE {
        let text = |bytes: usize| {
            let middle = piece.repeat(bytes / piece.len());
            format!("{before}{middle}{after}")
        };
        // Eight times the text takes eight times as long, and by the square 64 times. A machine
        // that does other things may still disturb caches, but not each of many times.
        let mut seen = Vec::new();
        let linear = (0..10).any(|_| {
            let (small, large) = (best(&text(20_000)), best(&text(160_000)));
            seen.push((small, large));
            large < small.max(Duration::from_micros(200)) * 32
        });
        assert!(linear, "{piece:?}: {seen:?}");
    }
}

#[cfg(unix)]
/// The best of some, so that what else the machine does counts little.
fn best(text: &str) -> Duration {
    let settings = Settings::default();
    let times = (0..3).map(|_| {
        let start = worked();
        std::hint::black_box(parse(text, &settings));
        worked() - start
    });
    times.min().unwrap_or_default()
}

#[test]
fn ten_thousand_levels_are_read_to_the_limit() {
    let deep = "'Type=A.B,Message=".repeat(10_000) + &",Source=s,'".repeat(10_000);
    let it = read(&deep);
    let mut depth = 0;
    let mut links = &it.links;
    while let Some(link) = links.first() {
        depth += 1;
        links = &link.embedded;
    }
    assert_eq!(depth, NESTING_LIMIT + 1);
    assert_eq!(it.issues.iter().filter(|it| it.kind == IssueKind::NestingLimit).count(), 1);
}

#[test]
fn a_message_of_fifty_megabytes_is_read() {
    let words = "It's a long, 'long' message; ".repeat(50 * 1024 * 1024 / 29);
    let text =
        format!("ErrorCode=X,'Type=A.B,Message={words}.,Source=s,''Type=C.D,Message=n,Source=t,'");
    let records = parse(&text, &Settings::default());
    assert_eq!(records[0].chain.len(), 2);
    assert_eq!(records[0].chain[0].message.len(), words.len() + 1);
}

#[cfg(unix)]
/// The processor time of this thread: what other programs take of the machine is not in it.
fn worked() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("a clock that runs forward")
}
