//! Bad input: never a panic, never silence, and what is whole beside it is still read.

use std::path::Path;

use serde_json::Value;

use crate::support::{chain, shirwatch};

/// The summary of a scan over `files` (name and bytes).
fn scan(files: &[(&str, Vec<u8>)]) -> Value {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(dir.path().join(name), bytes).unwrap();
    }
    summary(dir.path())
}

fn summary(dir: &Path) -> Value {
    let output = shirwatch(&["scan", "--format", "json", dir.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("panicked"), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
#[rustfmt::skip]
fn what_is_whole_is_read_beside_what_is_damaged() {
    let run = r#"{"category":"ActivityRuns","status":"Failed","activityRunId":"a1","properties":{"Error":{"errorCode":"2200","message":"ErrorCode=X,'Type=A.B,Message=m,Source=s,'"}}}"#;
    let deep = "'Type=A.B,Message=".repeat(1000) + "\n";
    let long = [vec![b'x'; 3 << 20], b"\n".to_vec(), chain(1).into_bytes()].concat();
    let many = format!("{{\"records\":[{}]}}", (0..2000).map(|it| run.replace("a1", &format!("r{it}"))).collect::<Vec<_>>().join(","));
    // file                                                                              errors
    check("invalid UTF-8",   [b"\xfa\xfb \xc3\x28 bad\n".to_vec(), chain(1).into_bytes()].concat(), 1);
    check("NUL bytes",       [b"Reading\0\0\0 block\n".to_vec(), chain(1).into_bytes()].concat(), 1);
    check("a block of NUL",  [vec![0; 4096], b"\n".to_vec(), chain(1).into_bytes()].concat(), 1);
    check("a long line",     long,                                                       1);
    check("half a JSON object", format!("{run}\n{{\"category\":\"Activ").into_bytes(),   1);
    check("a deep chain",    [deep.into_bytes(), chain(1).into_bytes()].concat(),        2);
    check("many records",    many.into_bytes(),                                          2000);
    check("only line breaks", b"\n\r\n\n\n".to_vec(),                                    0);
    check("nothing",         Vec::new(),                                                 0);
    check("no line break at the end", chain(1).trim_end().as_bytes().to_vec(),           1);
    check("JSON that is none", b"{{{{\n}}}}\n]]\n{\"a\":\n".to_vec(),                    0);
    check("XML without an end", b"<Event><System><Level>2</Level></System><EventData><Data>cut".to_vec(), 1);
}

#[track_caller]
fn check(name: &str, bytes: Vec<u8>, expected: u64) {
    let sum = scan(&[("a.log", bytes), ("b.log", chain(9).into_bytes())]);
    assert_eq!(sum["findings"], expected + 1, "{name}: {sum}");
}

#[test]
fn a_port_in_use_is_named_with_a_remedy() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let state = tempfile::tempdir().unwrap();
    let output =
        shirwatch(&["run", "--state-dir", state.path().to_str().unwrap(), "--listen", &address]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains(&address) && said.contains("another"), "{said}");
}

#[test]
fn a_state_folder_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "in the way").unwrap();
    let state = file.join("state");
    let output = shirwatch(&[
        "run",
        "--once",
        "--state-dir",
        state.to_str().unwrap(),
        file.to_str().unwrap(),
    ]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("state folder") && said.contains("state_dir"), "{said}");
}
