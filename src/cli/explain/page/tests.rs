//! The page as it is seen: golden files for three widths, and laws for any text.
//!
//! In the golden files a colour is written as `‹31›`, so that a difference can be read.

use expect_test::expect_file;
use proptest::prelude::*;
use shirwatch_parsers::{Settings, parse};

use super::*;
use crate::catalogue::Catalogue;
use crate::cli::terminal;

const DEEP: &str = "Failure happened on 'Sink' side. ErrorCode=AdlsGen2OperationFailed,'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,Message=ADLS Gen2 operation failed for: Operation returned an invalid status code 'Forbidden'. Account: 'stcontoso'. Path: 'returns/2026/03/17.parquet'.,Source=Microsoft.DataTransfer.ClientLibrary,''Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,Message=Operation returned an invalid status code 'Forbidden',Source=,''Type=Microsoft.Azure.Storage.Data.Models.ErrorSchemaException,Message=数据工厂 refused it,Source=Microsoft.DataTransfer.ClientLibrary,StatusCode=403,'";

/// A finding with words of our own, so that no change of the catalogue changes the page.
fn finding(text: &str) -> Finding {
    let record = parse(text, &Settings::default()).remove(0).into_owned();
    let catalogue = Catalogue::embedded().unwrap();
    let verdict = catalogue.classify(&record);
    let print = verdict.fingerprint(&record);
    let mut it = catalogue.finding(record, &verdict, print);
    it.rule = "storage-role-missing".to_owned();
    it.title = "Identity has no data role on the storage account".to_owned();
    it.cause = Some("The identity signed in, but holds no role for the data itself.".to_owned());
    it.resolution = vec![
        "Assign `Storage Blob Data Contributor` for a sink: `az role assignment create --role \"Storage Blob Data Contributor\"`.".to_owned(),
        "Wait up to ten minutes, then run again.".to_owned(),
    ];
    it.verify = Some("The copy passes.".to_owned());
    it.causes.truncate(1);
    it.references =
        vec!["https://learn.microsoft.com/azure/role-based-access-control/overview".to_owned()];
    it.retryable = Some(false);
    it.severity = Severity::Error;
    it
}

#[test]
fn the_page_fits_its_terminal() {
    for width in [60, 80, 120] {
        let style = Style { colour: true, terminal: true, width };
        check(style, &format!("explain-{width}.txt"));
    }
}

#[test]
fn the_page_is_plain_where_no_terminal_is() {
    check(Style::PLAIN, "explain-plain.txt");
}

#[test]
fn of_a_long_chain_the_middle_is_left_out() {
    let link = |it: usize| format!("'Type=A.Number{it}Exception,Message=m{it},Source=s,'");
    let chain: String = (0..40).map(link).collect();
    let page = page(&finding(&format!("ErrorCode=X,{chain}")), Style { width: 60, ..Style::PLAIN });
    for part in ["Number2Exception", "⋮ 29 more", "Number39Exception  ◀ root cause"] {
        assert!(page.contains(part), "{page}");
    }
    assert!(!page.contains("Number3Exception"), "{page}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_text_breaks_out_of_its_place(text in "[\\PC\u{1b}\u{202e}\r\n\t]{0,300}", width in 40usize..120) {
        let style = Style { colour: false, terminal: true, width };
        let chain = format!("ErrorCode=X,'Type=A.B,Message={text},Source=s,'");
        let shown = page(&finding(&chain), style);
        prop_assert!(!shown.contains(['\u{1b}', '\u{202e}', '\r']), "{shown}");
        // The name of a link is never broken, and an address is not either.
        for line in shown.lines().filter(|it| !it.contains("https://") && !it.contains("root cause")) {
            prop_assert!(terminal::width(line) <= width, "{line}");
        }
    }
}

#[track_caller]
fn check(style: Style, file: &str) {
    let it = finding(DEEP);
    let shown = page(&it, style) + &whereabouts(&it.record, style);
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/terminal");
    expect_file![path.join(file)].assert_eq(&visible(&shown));
}

/// Colours as text.
fn visible(text: &str) -> String {
    let mut out = String::new();
    let mut parts = text.split("\x1b[");
    out.push_str(parts.next().unwrap());
    for part in parts {
        let (code, rest) = part.split_once('m').unwrap();
        out.push_str(&format!("‹{code}›{rest}"));
    }
    out
}
