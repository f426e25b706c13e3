//! Files that are renamed, copied, cut, deleted and compressed while they are followed.

use std::fs;

use crate::sources::Source;
use crate::sources::file::tests::Bench;
use crate::sources::file::tests::gzip;

#[test]
#[rustfmt::skip]
fn each_line_is_read_once_whatever_becomes_of_its_file() {
    // what happens                                                              what is read at each `poll`
    check("w:a.log:1 poll w:a.log:2 poll poll",                                  "1 | 2 | ");
    // Renamed: within the glob, out of it, many times, with and without a look in between.
    check("w:a.log:1 poll w:a.log:2 mv:a.log:a.log.1 w:a.log:3 poll",            "1 | 2 3");
    check("w:a.log:1 poll mv:a.log:a.log.1 poll w:a.log:2 poll",                 "1 |  | 2");
    check("w:a.log:1 poll w:a.log:2 mv:a.log:old w:a.log:3 poll",                "1 | 2 3");
    check("w:a.log:1 poll mv:a.log:old w:a.log:3 poll w:old:2 poll",             "1 | 3 | 2");
    check("w:a.log:1 poll w:a.log:2 mv:a.log:a.log.1 w:a.log:3 mv:a.log.1:a.log.2 mv:a.log:a.log.1 w:a.log:4 poll", "1 | 2 3 4");
    check("w:a.log:1 mv:a.log:a.log.1 w:a.log:2 poll",                           "1 2");
    check("w:a.log:1 poll mv:a.log:old poll mv:old:a.log w:a.log:2 poll",        "1 |  | 2");
    // Copied and cut.
    check("w:a.log:1 poll cp:a.log:a.log.1 cut:a.log poll w:a.log:2 poll",       "1 |  | 2");
    check("w:a.log:1 poll w:a.log:2 cp:a.log:a.log.1 cut:a.log w:a.log:3 poll",  "1 | 2 3");
    check("w:a.log:1 poll cp:a.log:a.log.1 cut:a.log w:a.log:21 w:a.log:22 poll", "1 | 21 22");
    check("w:a.log:1 poll cp:a.log:a.log.1 poll cut:a.log w:a.log:2 poll poll",  "1 |  | 2 | ");
    check("w:a.log:1 cp:a.log:a.log.1 poll cut:a.log w:a.log:2 poll poll",       "1 | 2 | ");
    check("w:a.log:1 cp:a.log:a.log.1 poll late poll",                           "1 | 1");
    check("w:a.log:1 poll cp:a.log:a.log.1 poll w:a.log:2 poll",                 "1 |  | 2");
    check("w:a.log:1 w:a.log:2 poll cp:a.log:old cut:a.log w:a.log:3 poll",      "1 2 | 3");
    check("w:a.log:1 poll cut:a.log poll w:a.log:2 poll",                        "1 |  | 2");
    check("l:a.log:1 poll cp:a.log:a.log.1 cut:a.log l:a.log:2 l:a.log:3 poll",  "1 | 2 3");
    check("w:a.log:1 poll head:a.log:a.log.1 poll cp:a.log:a.log.1 poll cut:a.log poll", "1 |  |  | ");
    // Rewritten in place: to the very same length, behind the same head, with the same lines.
    check("l:a.log:1 w:a.log:2 poll cut:a.log l:a.log:1 w:a.log:3 poll",         "1 2 | 1 3");
    check("w:a.log:1 poll cut:a.log poll w:a.log:1 w:a.log:2 poll",              "1 |  | 1 2");
    check("w:a.log:1 poll cut:a.log w:a.log:2 poll",                             "1 | 2");
    // Deleted and made again.
    check("w:a.log:1 poll rm:a.log poll w:a.log:2 poll",                         "1 |  | 2");
    check("w:a.log:1 poll rm:a.log w:a.log:2 poll",                              "1 | 2");
    check("w:a.log:1 poll w:a.log:2 rm:a.log w:a.log:3 poll",                    "1 | 2 3");
    check("w:a.log:1 poll rm:a.log w:a.log:1 w:a.log:2 poll",                    "1 | 1 2");
    // A copy that stays is a log of its own after a while.
    check("w:a.log:1 poll cp:a.log:b.log poll w:b.log:2 poll late poll",         "1 |  |  | 1 2");
    check("w:a.log:1 w:b.log:1 poll",                                            "1 1");
    // Compressed.
    check("w:a.log:1 poll w:a.log:2 mv:a.log:a.log.1 gz:a.log.1 w:a.log:3 poll poll poll", "1 | 2 3 |  | ");
    check("w:a.log:1 poll mv:a.log:a.log.1 poll gz:a.log.1 poll poll",           "1 |  |  | ");
    check("w:a.log:1 poll gzkeep:a.log poll poll w:a.log:2 poll",                "1 |  |  | 2");
    check("w:a.log:1 w:a.log:2 gz:a.log poll poll poll",                         " | 1 2 | ");
    each_line_is_read_once_where_names_are_free();
}

/// Windows keeps the name of a deleted file while it is open, and asks for a right to make links.
#[cfg(windows)]
fn each_line_is_read_once_where_names_are_free() {}

#[cfg(unix)]
#[rustfmt::skip]
fn each_line_is_read_once_where_names_are_free() {
    check("l:a.log:1 poll cp:a.log:b rm:a.log mv:b:a.log l:a.log:2 poll",        "1 | 2");
    // Moved to another disk: copied and deleted.
    check("w:a.log:1 poll cp:a.log:b.log rm:a.log w:b.log:2 poll",               "1 | 2");
    check("w:a.log:1 poll cp:a.log:b.log poll rm:a.log poll w:b.log:2 poll",     "1 |  |  | 2");
    // Reached by two ways.
    check("w:a.log:1 link:a.log:b.log poll w:a.log:2 poll",                      "1 | 2");
    check("w:x:1 link:x:a.log poll w:y:2 rm:a.log link:y:a.log poll w:y:3 poll", "1 | 2 | 3");
}

#[test]
#[rustfmt::skip]
fn each_line_is_read_once_though_it_happened_while_we_were_off() {
    check("w:a.log:1 poll off w:a.log:2 poll off poll",                          "1 | 2 | ");
    check("w:a.log:1 poll off w:a.log:2 mv:a.log:a.log.1 w:a.log:3 poll",        "1 | 2 3");
    check("w:a.log:1 poll off w:a.log:2 mv:a.log:a.log.2 w:a.log:3 mv:a.log:a.log.1 w:a.log:4 poll", "1 | 2 3 4");
    check("w:a.log:1 poll off w:a.log:2 cp:a.log:a.log.1 cut:a.log w:a.log:3 poll", "1 | 2 3");
    check("w:a.log:1 poll off cut:a.log w:a.log:21 w:a.log:22 poll",             "1 | 21 22");
    check("w:a.log:1 poll off cut:a.log poll off w:a.log:2 poll",                "1 |  | 2");
    check("w:a.log:1 poll off rm:a.log w:a.log:2 poll",                          "1 | 2");
    check("w:a.log:1 poll off rm:a.log poll off w:a.log:2 poll",                 "1 |  | 2");
    check("w:a.log:1 poll off w:a.log:2 mv:a.log:a.log.1 gz:a.log.1 w:a.log:3 poll poll", "1 | 2 3 | ");
    check("w:a.log:1 mv:a.log:a.log.1 gz:a.log.1 poll poll off mv:a.log.1.gz:a.log.2.gz poll poll", " | 1 |  | ");
    check("w:a.log:1 poll off mv:a.log:old poll off mv:old:a.log w:a.log:2 poll", "1 |  | 2");
    check("w:a.log:1 poll off cp:a.log:a.log.1 cut:a.log w:a.log:2 rm:a.log gz:a.log.1 poll poll poll poll poll", "1 |  |  |  |  | ");
    check("h:a.log:half poll off h:a.log:-whole w:a.log: poll",                  " | half-whole");
    check("w:a.log:1 poll cut:a.log off w:a.log:2 poll cp:a.log:a.log.1 off cut:a.log w:a.log:3 poll", "1 | 2 | 3");
}

/// Does the steps one after the other in a folder of its own.
///
/// `w` appends a line, `l` one of 3000 bytes, `h` half a line; `cut` empties a file; `head`
/// copies the first byte; `off` ends the process and starts it again; `late` waits.
#[track_caller]
fn check(steps: &str, expected: &str) {
    let mut bench = Bench::new();
    let mut told = Vec::new();
    for step in steps.split_whitespace() {
        let mut parts = step.splitn(3, ':');
        let (verb, name) = (parts.next().unwrap(), parts.next().unwrap_or_default());
        let (path, rest) = (bench.path(name), parts.next().unwrap_or_default());
        match verb {
            "w" => bench.append(name, format!("{rest}\n").as_bytes()),
            "l" => bench.append(name, format!("{rest:.<3000}\n").as_bytes()),
            "h" => bench.append(name, rest.as_bytes()),
            "mv" => fs::rename(path, bench.path(rest)).unwrap(),
            "cp" => drop(fs::copy(path, bench.path(rest)).unwrap()),
            "head" => fs::write(bench.path(rest), &fs::read(path).unwrap()[..1]).unwrap(),
            "rm" => fs::remove_file(path).unwrap(),
            "cut" => drop(fs::File::create(path).unwrap()),
            #[cfg(unix)]
            "link" => std::os::unix::fs::symlink(path, bench.path(rest)).unwrap(),
            "gz" | "gzkeep" => {
                let packed = gzip(&fs::read(&path).unwrap());
                fs::write(bench.path(&format!("{name}.gz")), packed).unwrap();
                if verb == "gz" {
                    fs::remove_file(path).unwrap();
                }
            }
            "off" => bench.restart(),
            "late" => bench.wait(10_000),
            "poll" => {
                bench.poll();
                told.push(bench.told());
            }
            other => panic!("no such step: {other}"),
        }
    }
    assert_eq!(told.join(" | "), expected, "{steps}");
}

#[test]
fn a_file_that_is_gone_for_long_is_forgotten() {
    let mut bench = Bench::new();
    bench.append("a.log", b"1\n");
    bench.poll();
    fs::remove_file(bench.path("a.log")).unwrap();
    bench.poll();
    bench.wait(60_000);
    bench.poll();
    assert_eq!(bench.source().status().files_open, 0, "the deleted file is let go");
    bench.poll();
    bench.restart();
    bench.wait(23 * 3_600_000);
    bench.poll();
    assert_eq!(bench.checkpoints.len(), 1);
    bench.wait(3_600_000);
    bench.poll();
    assert_eq!(bench.checkpoints.len(), 0);
}

#[test]
fn half_a_line_of_a_file_that_left_is_not_lost() {
    let mut bench = Bench::with(|it| it.idle = std::time::Duration::from_secs(3600));
    bench.append("a.log", b"half");
    bench.poll();
    fs::rename(bench.path("a.log"), bench.path("old")).unwrap();
    bench.poll();
    assert_eq!(bench.told(), "");
    bench.wait(60_000);
    bench.poll();
    assert_eq!(bench.told(), "half");
    bench.poll();
    assert_eq!(bench.told(), "");
}
