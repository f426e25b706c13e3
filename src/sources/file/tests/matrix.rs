//! Every way of rotating, by every kind of writer, while we run and while we are off.

use std::fs;
use std::fs::File;
use std::io::Write;

use crate::sources::file::tests::Bench;

/// In each life line 1 is read, 2 is not when the log is rotated, and 3 and 4 are written
/// afterwards. A line is lost where nobody was there to hold the file that was deleted with
/// it; nothing else is, and no line is read twice.
#[test]
#[rustfmt::skip]
fn each_cell_of_the_matrix() {
    // rotated by        the old file   the writer      read while we run   while we are off
    check("create",       "mv",          "keeps it open", "1 2 3 4",         "1 2 3 4");
    check("create",       "mv",          "opens anew",    "1 2 3 4",         "1 2 3 4");
    check("nocreate",     "mv",          "keeps it open", "1 2 3 4",         "1 2 3 4");
    check("nocreate",     "mv",          "opens anew",    "1 2 3 4",         "1 2 3 4");
    // Windows keeps the name of a deleted file as long as somebody has it open.
    #[cfg(unix)]
    {
        check("nocreate",     "rm",          "opens anew",    "1 2 3 4",         "1 3 4");
        check("create",       "rm",          "opens anew",    "1 2 3 4",         "1 3 4");
        check("nocreate",     "cp",          "opens anew",    "1 2 3 4",         "1 2 3 4");
        check("create",       "cp",          "opens anew",    "1 2 3 4",         "1 2 3 4");
        check("create",       "cp",          "keeps it open", "1 2 3 4",         "1 2");
        check("create",       "rm",          "keeps it open", "1 2 3 4",         "1");
        check("nocreate",     "cp",          "keeps it open", "1 2 3 4",         "1 2");
        check("nocreate",     "rm",          "keeps it open", "1 2 3 4",         "1");
    }
    for older in ["mv", "cp", "rm"] {
        for writer in ["keeps it open", "opens anew"] {
            check("copy",         older, writer,          "1 2 3 4",         "1 2 3 4");
            check("copytruncate", older, writer,          "1 2 3 4",         "1 2 3 4");
        }
    }
}

#[track_caller]
fn check(mode: &str, old: &str, writer: &str, running: &str, off: &str) {
    let cell = format!("{mode}, {old}, {writer}");
    assert_eq!(live(mode, old, writer, false), running, "{cell}, running");
    assert_eq!(live(mode, old, writer, true), off, "{cell}, off");
}

/// The numbers of the lines that were read, in order.
fn live(mode: &str, old: &str, writer: &str, off: bool) -> String {
    let mut bench = Bench::new();
    let open = |bench: &Bench| {
        File::options().create(true).append(true).open(bench.path("a.log")).unwrap()
    };
    let mut file = open(&bench);
    writeln!(file, "1").unwrap();
    bench.poll();
    writeln!(file, "2").unwrap();
    if off {
        bench.restart();
        bench.source = None;
    }
    rotate(&bench, mode, old);
    if writer == "opens anew" {
        file = open(&bench);
    }
    for line in ["3", "4"] {
        writeln!(file, "{line}").unwrap();
        if !off {
            bench.poll();
        }
    }
    (0..4).for_each(|_| bench.poll());
    let told = bench.told();
    let mut lines: Vec<&str> = told.split_whitespace().collect();
    lines.sort_unstable();
    lines.join(" ")
}

/// Rotates as `logrotate` does. Where the log itself stays, `old` tells what becomes of the
/// file that was rotated before.
fn rotate(bench: &Bench, mode: &str, old: &str) {
    let (log, first, second) = (bench.path("a.log"), bench.path("a.log.1"), bench.path("a.log.2"));
    let stays = mode.starts_with("copy");
    if stays {
        fs::copy(&log, &first).unwrap();
        match old {
            "mv" => fs::rename(&first, &second).unwrap(),
            "cp" => drop(fs::copy(&first, &second).unwrap()),
            _ if mode == "copy" => fs::remove_file(&first).unwrap(),
            _ => {}
        }
    } else {
        match old {
            "mv" => fs::rename(&log, &first).unwrap(),
            "cp" => {
                fs::copy(&log, &first).unwrap();
                fs::remove_file(&log).unwrap();
            }
            _ => fs::remove_file(&log).unwrap(),
        }
    }
    if mode == "create" || mode == "copytruncate" {
        File::create(&log).unwrap();
    }
}
