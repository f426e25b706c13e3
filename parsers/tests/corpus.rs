//! Each text in `corpus/` becomes the records in the golden file beside it.
//!
//! ```text
//! corpus/session-log/comma-missing.log        what was logged; the name says what is peculiar
//! corpus/session-log/comma-missing.golden     the records, as JSON
//! ```
//!
//! `UPDATE_EXPECT=1 cargo test -p shirwatch-parsers` writes the golden files anew; read the
//! difference before you commit it. The samples of the workshop are read too, where they
//! are at hand, and no text at all may make the parsers panic.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop, and says what it skipped"
)]

use std::fs;
use std::path::{Path, PathBuf};

use expect_test::expect_file;
use proptest::prelude::*;
use shirwatch_parsers::framing::element_end;
use shirwatch_parsers::{IssueKind, Record, Settings, chain, parse};

#[test]
fn every_text_becomes_its_golden_records() {
    let mut cases = 0;
    for (log, text) in texts() {
        let records = parse(&text, &Settings::default());
        expect_file![log.with_extension("golden")].assert_eq(&shown(&records));
        cases += 1;
    }
    assert!(cases >= 40, "only {cases} texts were found");
}

#[test]
fn a_folder_is_named_by_the_format_of_its_texts() {
    for (log, text) in texts() {
        let folder = log.parent().unwrap();
        for record in parse(&text, &Settings::default()) {
            assert!(folder.ends_with(record.format.as_str()), "{}", log.display());
        }
    }
}

#[test]
fn no_sample_is_called_invalid() {
    for (path, text) in samples() {
        for event in events(&path, &text) {
            let records = parse(&event, &Settings::default());
            let mut issues = records.iter().flat_map(|record| &record.issues);
            let invalid = issues.find(|issue| is_invalid(issue.kind));
            assert_eq!(invalid, None, "{}: {event}", path.display());
        }
    }
}

fn is_invalid(kind: IssueKind) -> bool {
    use IssueKind::{InvalidCsv, InvalidJson, InvalidTime, InvalidXml};
    matches!(kind, InvalidCsv | InvalidJson | InvalidTime | InvalidXml)
}

#[test]
fn no_cut_of_a_sample_makes_a_panic() {
    for (path, text) in samples().into_iter().chain(texts()) {
        for event in events(&path, &text) {
            let step = 1 + event.len() / 100;
            for at in (0..event.len()).step_by(step).filter(|at| event.is_char_boundary(*at)) {
                check_total(&event[..at]);
                check_total(&event[at..]);
            }
        }
    }
}

#[test]
fn what_fuzzing_found_is_read() {
    let mut inputs = 0;
    for path in entries(&here().join("fuzz/corpus")).iter().flat_map(|it| entries(it)) {
        let bytes = fs::read(path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        check_total(&text);
        let it = chain::read(&text);
        assert!(it.end.is_none_or(|end| text.is_char_boundary(end)), "{text}");
        assert!(element_end(&bytes, 0).is_none_or(|end| end <= bytes.len()), "{text}");
        inputs += 1;
    }
    assert!(inputs >= 100, "only {inputs} inputs were found");
}

/// Reading never panics, and every issue lies in the text.
#[track_caller]
fn check_total(text: &str) {
    for record in parse(text, &Settings::default()) {
        for issue in &record.issues {
            assert!(issue.at <= text.len(), "{issue:?} in {} bytes of {text}", text.len());
        }
    }
}

/// Shown as JSON.
fn shown(records: &[Record<'_>]) -> String {
    let mut out = serde_json::to_string_pretty(records).unwrap();
    out.push('\n');
    out
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All texts of the corpus, with their paths.
fn texts() -> Vec<(PathBuf, String)> {
    let folders = entries(&here().join("tests/corpus")).into_iter();
    let logs = folders.flat_map(|folder| entries(&folder)).filter(|it| ends_with(it, "log"));
    logs.map(|log| (log.clone(), fs::read_to_string(log).unwrap())).collect()
}

/// The samples beside the repository, where they are there.
fn samples() -> Vec<(PathBuf, String)> {
    let places = ["../../shared/samples", "../../../shared/samples"];
    let Some(folder) = places.iter().map(|it| here().join(it)).find(|it| it.is_dir()) else {
        println!("skipped: there is no folder `shared/samples` beside the repository");
        return Vec::new();
    };
    let paths = entries(&folder).into_iter().filter(|path| !ends_with(path, "md"));
    paths.map(|path| (path.clone(), decoded(&fs::read(path).unwrap()))).collect()
}

/// The bytes as text, from UTF-16 where its mark stands in front.
fn decoded(bytes: &[u8]) -> String {
    let [0xFF, 0xFE, rest @ ..] = bytes else {
        return String::from_utf8_lossy(bytes).into_owned();
    };
    let pairs = rest.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    String::from_utf16_lossy(&pairs.collect::<Vec<_>>())
}

/// One event a line in `.jsonl`, one between rulers in `.txt`, else one in all.
fn events(path: &Path, text: &str) -> Vec<String> {
    if ends_with(path, "jsonl") {
        text.lines().map(str::to_owned).collect()
    } else if ends_with(path, "txt") {
        text.split("\n-----\n").map(str::to_owned).collect()
    } else {
        vec![text.to_owned()]
    }
}

fn ends_with(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|it| it == extension)
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Pieces that texts are made of, whole and broken.
#[rustfmt::skip]
const PIECES: [&str; 46] = [
    "{", "}", "[", "]", "\"", "\\\"", "\\", "\\u00", "\\ud83d", ":", ",", "\n", "\r\n", " ", "'", "ä", "：", "“",
    "<Event>", "</Event>", "<Data>", "</Data>", "&lt;", "&#x", "<![CDATA[", "\\\n",
    "<LogProperties>", "<ErrorInfo>", "<Text>", "</Text>", "{\"status\":\"Failed\",",
    "\"activityRunId\":\"x\",", "\"error\":{\"message\":\"", "\"records\":[",
    "\"tables\":[{\"columns\":[{\"name\":\"Status\"}],\"rows\":[[", "\"message\":",
    "2026-11-20 02:14:22", ",Warning,FileSkip,\"", "ErrorCode=X,'Type=A.B,Message=", ",Source=s,'",
    "A.BException: ", " ---> ", "at A.B(", "Job ID: ", "Log ID: Error", "Error code: ",
];

proptest! {
    #[test]
    fn no_bytes_make_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check_total(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_pieces_make_a_panic(
        pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..30),
    ) {
        check_total(&pieces.concat());
    }
}
