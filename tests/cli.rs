//! The commands as a user meets them: what is printed where, and with which exit code.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{chain, root, shirwatch, stdout};

#[test]
fn a_report_of_nodes_is_explained_by_what_is_wrong() {
    let list =
        "IntegrationRuntimeName : ir-finance\n\nNodeName : NODE-2\nAvailableMemoryInMB : 100\n";
    for text in
        [r#"{"name":"ir-finance","nodes":[{"nodeName":"NODE-2","availableMemoryInMB":100}]}"#, list]
    {
        let said = stdout(&shirwatch(&["explain", text]));
        assert!(said.contains("runtime-node-memory-low") && said.contains("NODE-2"), "{said}");
    }
}

#[test]
fn explain_names_the_root_the_rule_and_what_to_do() {
    let output = shirwatch(&["explain", &chain(1)]);
    let text = stdout(&output);
    assert!(output.status.success());
    for part in
        ["SqlOperationFailed", "SqlException", "root cause", "What to do", "  1. ", "https://"]
    {
        assert!(text.contains(part), "`{part}` is not in:\n{text}");
    }
    assert!(!text.contains('\x1b'), "colour without a terminal:\n{text}");
}

#[test]
fn explain_prints_a_finding_for_programs() {
    let output = shirwatch(&["explain", "--format", "json", &chain(1)]);
    let finding: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(finding["record"]["chain"].as_array().unwrap().len(), 2);
    assert_eq!(finding["record"]["chain"][1]["details"]["SqlErrorNumber"], "208");
    assert_eq!(finding["record"]["format"], "plain");
    assert_eq!(finding["matched"]["link"], 1);
    for key in ["rule", "category", "severity", "fault", "title", "cause", "fingerprint"] {
        assert!(finding[key].is_string(), "{key}: {finding}");
    }
}

#[test]
fn explain_takes_the_path_of_a_file_for_what_stands_there() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("error.txt");
    std::fs::write(&file, chain(1)).unwrap();
    let file = file.to_str().unwrap();
    let said = stdout(&shirwatch(&["explain", file]));
    assert_eq!(said, stdout(&shirwatch(&["explain", "--file", file])));
    assert_eq!(said, stdout(&shirwatch(&["explain", &chain(1)])));
}

#[test]
fn explain_says_when_no_rule_knows_the_error() {
    let text = "ErrorCode=Zyx,'Type=A.QuxException,Message=Frobnication of the blorp.,Source=s,'";
    let output = shirwatch(&["explain", "--format", "json", text]);
    let finding: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&finding["rule"], &finding["category"]),
        (&"unclassified".into(), &"unknown".into())
    );
    assert_eq!(finding["record"]["chain"][0]["error_code"], "Zyx");
}

#[test]
fn secrets_are_never_shown() {
    let text = chain(1).replace("dbo.t1", "AccountKey=FAKEFAKEFAKEFAKE==;Password=hunter2");
    for format in ["text", "json"] {
        let output = shirwatch(&["explain", "--format", format, &text]);
        let shown = stdout(&output);
        assert!(!shown.contains("hunter2") && !shown.contains("FAKEFAKE"), "{shown}");
        assert!(shown.contains("[redacted:secret]"), "{shown}");
    }
}

#[test]
fn scan_sums_up_and_names_positions() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.log");
    std::fs::write(&file, ["nothing here\n", &chain(1), &chain(2)].concat()).unwrap();
    let path = file.to_str().unwrap();
    let sum: Value =
        serde_json::from_slice(&shirwatch(&["scan", "--format", "json", path]).stdout).unwrap();
    assert_eq!((&sum["files"], &sum["lines"], &sum["findings"]), (&1.into(), &3.into(), &2.into()));
    assert_eq!(sum["by_code"]["SqlOperationFailed"], 2);
    let lines = stdout(&shirwatch(&["scan", "--format", "jsonl", path]));
    let lines: Vec<Value> = lines.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        (&lines[0]["position"]["offset"], &lines[0]["position"]["line"]),
        (&13.into(), &2.into())
    );
    assert_eq!(lines[1]["position"]["line"], 3);
}

#[test]
fn scan_reports_in_one_file_that_needs_nothing_else() {
    let page = stdout(&shirwatch(&["scan", "--format", "html", &demo()]));
    for part in
        ["What broke", "<svg", "root cause", "pl_finance", "The ledger balances", "<ol><li>"]
    {
        assert!(page.contains(part), "`{part}` is not in the report");
    }
    assert!(!page.contains("FAKE") && page.contains("[redacted:secret]"), "secrets");
    for (attribute, _) in attributes(&page) {
        assert!(attribute != "src" && attribute != "srcset" && attribute != "data", "{attribute}");
    }
    let dir = tempfile::tempdir().unwrap();
    let empty = stdout(&shirwatch(&["scan", "--format", "html", dir.path().to_str().unwrap()]));
    assert!(empty.contains("No error was found."));
}

#[test]
fn what_a_log_says_is_text_in_the_report() {
    const HOSTILE: &str = "</p></li><script>alert(1)</script><img src=x onerror=alert(2)> \
        {{ 7 * 7 }}{% raw %} \" onmouseover=\"alert(3) 'x' \u{202e}txt.exe\u{1b}[31m javascript:alert(4)";
    let chain =
        format!("ErrorCode=Co<i>de,'Type=A.<b>Bold</b>Exception,Message={HOSTILE},Source=s,'");
    let run = serde_json::json!({
        "category": "ActivityRuns", "status": "Failed", "activityRunId": "1", "pipelineName": HOSTILE,
        "time": "2026-03-01T06:00:00Z", "effectiveIntegrationRuntime": HOSTILE,
        "properties": { "Error": { "errorCode": "2200", "message": chain } },
    });
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("<b>.json");
    std::fs::write(&file, format!("{run}\n{chain}\n")).unwrap();
    let page = stdout(&shirwatch(&["scan", "--format", "html", file.to_str().unwrap()]));
    let honest = stdout(&shirwatch(&["scan", "--format", "html", &demo()]));
    let known: BTreeSet<_> = attributes(&honest).collect();
    let tags: BTreeSet<_> = attributes(&page).collect();
    let foreign: Vec<_> = tags.difference(&known).filter(|it| it.0 != "class").collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    assert!(page.contains("&lt;script&gt;alert(1)") && page.contains("{{ 7 * 7 }}"), "{page}");
    assert!(!page.contains(['\u{202e}', '\u{1b}']) && !page.contains("href=\"javascript"));
}

/// Each attribute in a page with the tag that it stands in; a tag without one has itself.
fn attributes(page: &str) -> impl Iterator<Item = (String, String)> + '_ {
    let body = page.split("</style>").last().unwrap_or_default();
    let tags = body.split('<').skip(1).filter_map(|it| it.split('>').next());
    tags.flat_map(|tag| {
        let mut outside = String::new();
        for (at, part) in tag.split('"').enumerate() {
            outside.push_str(if at % 2 == 0 { part } else { "" });
        }
        let name = outside.split_whitespace().next().unwrap_or_default().to_owned();
        let words: Vec<_> =
            outside.split_whitespace().map(|it| it.trim_matches('=').to_owned()).collect();
        words.into_iter().map(move |it| (it, name.clone()))
    })
}

/// The example logs.
fn demo() -> String {
    root().join("deploy/demo/logs").to_str().unwrap().to_owned()
}

#[test]
#[rustfmt::skip]
fn exit_codes_are_as_documented() {
    let demo = root().join("deploy/demo/logs");
    let demo = demo.to_str().unwrap();
    // arguments                                              exit code
    check(&["scan", "--format", "json", demo],                0);
    check(&["scan", "--fail-on", "error", demo],              4);
    check(&["scan", "--format", "html", demo],                0);
    check(&["scan", "/no/such/folder"],                       2);
    check(&["frobnicate"],                                    2);
    check(&["explain", ""],                                   2);
    check(&["rules", "show", "no-such-rule"],                 1);
    check(&["run", "--once"],                                 2);
    check(&["run", "--config", "/no/such/file.yaml"],         3);
    check(&["completions", "bash"],                           0);
    check(&["--version"],                                     0);
}

#[track_caller]
fn check(arguments: &[&str], expected: i32) {
    let output = shirwatch(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(expected), "{arguments:?}: {said}");
}
