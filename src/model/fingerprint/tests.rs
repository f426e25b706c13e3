//! What must have one number, and what must not.

use std::borrow::Cow;

use proptest::prelude::*;
use shirwatch_parsers::Link;

use super::*;
use crate::model::redacted::Redactor;

#[test]
#[rustfmt::skip]
fn names_and_numbers_do_not_matter() {
    // one message                                           another of the same trouble
    same("Login failed for user 'etl_a'.",                   "Login failed for user 'CONTOSO\\svc b'.");
    same("Invalid object name 'dbo.a'.",                     "Invalid object name 'other'.");
    same("Column \"a b\" isn't valid",                       "Column \"c\" isn't valid");
    same("refused it 192.0.2.10:8060.",                      "refused it 192.0.2.99:443.");
    same("No DNS entries exist for host node-a.",            "No DNS entries exist for host node-b.c.");
    same("timeout after 30 seconds",                         "timeout after 7200 seconds");
    same("RequestId: 667642ae-e006-57c4-9da6-387e44ea066c",  "RequestId: bfe4e2f6-501e-002e-6a21-eaf10e000000");
    same("Endpoint: https://a.b/c?d=e, Container Name: one.","Endpoint: https://x.y/, Container Name: two.");
    same("cannot open C:\\data\\a.csv",                      "cannot open \\\\fs01\\share\\b.csv");
    same("cannot open /data/a b",                            "cannot open /mnt/x/y b");
    same("The user someone@contoso.example is gone",         "The user other.one@contoso.example is gone");
    same("at Sat, 06 May 2023 15:26:50 GMT",                 "at Fri, 12 Jan 2024 05:00:00 GMT");
    same("database=a;timeout=5",                             "database=b;timeout=15");
    same("[dbo].[orders] is gone",                           "[x].[y].[z z] is gone");
    same("Columns: 'a', 'b', 'c'.",                          "Columns: 'a'.");
    same("Value ‘a’ is bad",                                 "Value ‘b c’ is bad");
    same("User: svc_a, Database: sales",                     "User: reader-b, Database: stock");
    same("Password=FAKE1;a=b",                                "Password=[redacted:secret];a=b");
}

#[test]
#[rustfmt::skip]
fn words_matter() {
    // one message                                           another trouble
    different("Login failed for user 'a'.",                  "Login denied for user 'a'.");
    different("The file was not found",                      "The folder was not found");
    different("remote error: (403) Forbidden",               "remote error: (404) Not Found");
    different("ORA-01861: literal",                          "ORA-12541: literal");
    different("ERROR [08001] no",                            "ERROR [HY000] no");
    different("AADSTS7000222: expired",                      "AADSTS700016: expired");
    different("status code 429, wait",                       "status code 503, wait");
    different("failed with error: 'the server is not there at all'",
              "failed with error: 'this login has no right at all'");
    different("Error: Timeout.",                             "Error: Forbidden.");
}

#[track_caller]
fn same(one: &str, other: &str) {
    assert_eq!(masked(one), masked(other));
    assert_eq!(of(one), of(other));
}

#[track_caller]
fn different(one: &str, other: &str) {
    assert_ne!(of(one), of(other), "{}", masked(one));
}

fn masked(message: &str) -> String {
    let mut words = Vec::new();
    mask::words(message, |word| words.push(word.to_lowercase()));
    words.join(" ")
}

fn of(message: &str) -> Fingerprint {
    Fingerprint::of("rule", &Record { message: message.into(), ..Record::default() })
}

#[test]
fn the_root_and_the_codes_matter_and_the_rest_does_not() {
    let chain = |code: &'static str, root: &'static str, number: &'static str| {
        let outer = Link { error_code: Some(code.into()), ..Link::default() };
        let root = Link {
            type_name: Some(root.into()),
            message: "m".into(),
            details: vec![("SqlErrorNumber".into(), number.into())],
            ..Link::default()
        };
        Fingerprint::of("rule", &Record { chain: vec![outer, root], ..Record::default() })
    };
    let it = chain("SqlOperationFailed", "SqlException", "208");
    assert_eq!(it, chain("UserErrorSqlOperationFailed", "SqlException", "208"));
    assert_eq!(it, chain("sqloperationfailed", "SqlException", "208"));
    assert_ne!(it, chain("Other", "SqlException", "208"));
    assert_ne!(it, chain("SqlOperationFailed", "IOException", "208"));
    assert_ne!(it, chain("SqlOperationFailed", "SqlException", "207"));
}

#[test]
fn it_is_printed_and_read_as_16_digits() {
    let it = Fingerprint(0x0a1b);
    assert_eq!(it.to_string(), "0000000000000a1b");
    assert_eq!("0000000000000a1b".parse(), Ok(it));
}

/// Templates in which each `@` takes any name, number or address.
const TEMPLATES: [&str; 6] = [
    "Cannot connect to '@' as '@'.",
    "Column '@' contains an invalid value '@'. Cannot convert '@' to type 'Double'.",
    "Unable to create it. Endpoint: https://@/, RequestId: 0@.",
    "The operation timed out after 1@ seconds on 192.0.2.1:4@.",
    "File /data/@/x.csv is locked by someone@contoso.example at 2026-11-20T02:14:22.4@Z",
    "path=@;user=@ is not there",
];

proptest! {
    #[test]
    fn whatever_is_filled_in_the_number_is_one(
        template in prop::sample::select(TEMPLATES.to_vec()),
        one in "[a-z0-9][a-z0-9_.-]{0,20}[a-z0-9]",
        other in "[a-z0-9][a-z0-9_.-]{0,20}[a-z0-9]",
    ) {
        prop_assert_eq!(
            masked(&template.replace('@', &one)),
            masked(&template.replace('@', &other))
        );
    }

    #[test]
    fn a_redacted_text_keeps_its_number(
        secret in "[A-Za-z0-9]{12,40}",
        form in prop::sample::select(vec![
            "failed with Password=@;Encrypt=True and so on",
            r#"failed with {"password":"@","user":"x"} and so on"#,
            "failed at https://x.example/y?sv=1&sig=@&se=2 and so on",
            "failed with Authorization: Bearer 1@ and so on",
            "failed with key IR@0000000000-00@adf@we@FAKE= and so on",
        ]),
    ) {
        let text = form.replace('@', &secret);
        let left = Redactor::default().text(&text);
        prop_assert!(matches!(left, Cow::Owned(_)) || form.contains("IR@"));
        prop_assert_eq!(masked(&text), masked(&left));
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,300}") {
        let _ = of(&text);
    }
}

#[test]
#[rustfmt::skip]
fn a_template_shows_what_is_grouped() {
    for (message, expected) in [
        ("Row count of dbo.orders differs by 1312 rows",      "Row count of * differs by * rows"),
        ("No 'x' in \"y z\". Second: a, b. Third.",            "No * in * Second * b"),
        ("",                                                  ""),
    ] {
        let record = Record { message: message.into(), ..Record::default() };
        assert_eq!(template(&record), expected);
    }
    let long = Record { message: "word ".repeat(1000).into(), ..Record::default() };
    assert!(template(&long).len() <= TEMPLATE);
}
