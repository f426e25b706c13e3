//! How one look reads: in turn, bounded, and without spinning.

use std::fs;
use std::time::Duration;

use crate::model::batch::End;
use crate::model::batch::Framing;
use crate::model::size::ByteSize;
use crate::sources::Source;
use crate::sources::file::config::ReadFrom;
use crate::sources::file::tests::Bench;
use crate::sources::file::tests::archive;
use crate::sources::file::tests::gzip;

/// Lines of 1000 bytes.
fn lines(count: usize) -> Vec<u8> {
    (0..count).flat_map(|it| format!("{it:<999}\n").into_bytes()).collect()
}

#[test]
fn files_take_turns() {
    let mut bench = Bench::new();
    for name in ["a.log", "b.log", "c.log"] {
        bench.append(name, &lines(600));
    }
    bench.poll();
    let order: String = bench.taken.iter().map(|(name, _)| &name[..1]).collect();
    assert_eq!(order.len(), 9);
    assert_eq!(order[..3].repeat(3), order);
    assert_eq!(bench.taken.iter().map(|it| it.1.len()).sum::<usize>(), 1_800_000);
}

#[test]
fn an_event_larger_than_the_buffer_is_read_whole() {
    let mut bench = Bench::new();
    let mut event = vec![b'x'; 1_000_000];
    event.push(b'\n');
    bench.append("a.log", &event);
    bench.append("a.log", b"next\n");
    bench.poll();
    let text: String = bench.taken.iter().map(|it| it.1.as_str()).collect();
    assert_eq!(text.len(), 1_000_006);
    assert!(bench.taken.iter().any(|it| it.1.len() >= 1_000_001), "it came in one piece");
}

#[test]
fn an_event_without_end_is_cut_at_the_limit() {
    let mut bench = Bench::with(|it| it.max_record_bytes = ByteSize::kib(512));
    bench.append("a.log", &vec![b'x'; 5 << 20]);
    bench.poll();
    bench.poll();
    let pieces: Vec<_> = bench.taken.iter().map(|it| it.1.len()).filter(|it| *it > 0).collect();
    assert_eq!(pieces.iter().sum::<usize>(), 5 << 20);
    assert!(pieces.iter().all(|it| *it <= (512 << 10) + super::super::SLACK), "{pieces:?}");
}

#[test]
fn half_a_line_waits_for_the_idle_time_and_is_offered_once() {
    let mut bench = Bench::with(|it| it.idle = Duration::from_secs(5));
    bench.append("a.log", b"whole\nhalf");
    bench.poll();
    assert_eq!(bench.told(), "whole");
    bench.poll();
    bench.wait(3000);
    bench.append("a.log", b"-more");
    bench.poll();
    assert_eq!(bench.told(), "", "it grew, so it is not idle");
    let now = bench.now();
    assert!(bench.source().read(now).unwrap().is_none(), "it must not spin");

    bench.wait(5000);
    let now = bench.now();
    let batch = bench.source().read(now).unwrap().unwrap();
    assert_eq!((batch.bytes, batch.end, batch.offset), (&b"half-more"[..], End::Idle, 6));
    bench.source().advance(0, Framing::default());
    bench.wait(60_000);
    bench.poll();
    assert_eq!(bench.told(), "", "it is offered once");
    bench.append("a.log", b"\n");
    bench.poll();
    assert_eq!(bench.told(), "half-more");
}

#[test]
fn what_was_not_taken_comes_again_with_its_framing() {
    let mut bench = Bench::new();
    bench.append("a.log", b"one\ntwo\nthree\n");
    bench.wait(500);
    let now = bench.now();
    assert_eq!(bench.source().read(now).unwrap().unwrap().bytes, b"one\ntwo\nthree\n");
    bench.source().advance(4, Framing { line: 1, in_array: true, ..Framing::default() });
    bench.commit();
    bench.restart();
    let batch = bench.source().read(now).unwrap().unwrap();
    assert_eq!((batch.bytes, batch.offset), (&b"two\nthree\n"[..], 4));
    assert!(batch.framing.in_array && batch.framing.line == 1);
}

#[test]
fn reading_once_ends_with_the_files() {
    let mut bench = Bench::new();
    bench.once = true;
    bench.append("a.log", b"one\nhalf");
    bench.append("b.log", &lines(600));
    bench.append("c.log.gz", &gzip(b"packed\nhalf"));
    bench.append("empty.log", b"");
    assert!(!bench.source().status().finished);
    bench.poll();
    assert!(bench.source().status().finished);
    let taken: usize = bench.taken.iter().map(|it| it.1.len()).sum();
    assert_eq!(taken, 8 + 600_000 + 11);
    bench.poll();
    bench.append("a.log", b" more\n");
    bench.taken.clear();
    bench.restart();
    bench.poll();
    assert_eq!(bench.told(), " more", "the next run goes on");
}

#[test]
fn compressed_files_are_read_member_by_member_and_once() {
    let mut bench = Bench::new();
    let mut packed = gzip(b"one\ntw");
    packed.extend(gzip(b"o\nthree\n"));
    packed.extend(gzip(&lines(600)));
    fs::write(bench.path("a.log.gz"), &packed).unwrap();
    bench.append("b.log.gz", &gzip(b"other\n"));
    (0..4).for_each(|_| bench.poll());
    let text: String =
        bench.taken.iter().filter(|it| it.0 == "a.log.gz").map(|it| &*it.1).collect();
    assert!(text.starts_with("one\ntwo\nthree\n0 "));
    assert_eq!(text.len(), 14 + 600_000);
    assert!(bench.taken.iter().any(|it| it.1 == "other\n"));
    bench.restart();
    bench.taken.clear();
    (0..3).for_each(|_| bench.poll());
    assert_eq!(bench.told(), "");
}

#[test]
fn the_files_of_an_archive_are_read_one_by_one_and_once() {
    let mut bench = Bench::with(|it| it.include = vec![it.include[0].replace("*.log*", "*.zip")]);
    let wide: Vec<u8> = "\u{feff}wide\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let inner = gzip(b"inner\n");
    let files: [(&str, &[u8]); 5] = [
        ("a.log", b"one\nhalf"),
        ("w.log", &wide),
        ("folder/", b""),
        ("g.gz", &inner),
        ("z.log", b"last\n"),
    ];
    fs::write(bench.path("a.zip"), archive(&files)).unwrap();
    (0..6).for_each(|_| bench.poll());
    let texts: Vec<_> = bench.taken.drain(..).map(|it| it.1).filter(|it| !it.is_empty()).collect();
    assert_eq!(texts, ["one\nhalf", "wide\n", "last\n"]);
    let errors = bench.source().status().errors;
    let error = errors.values().next().map(String::as_str).unwrap_or_default();
    assert!(
        error.ends_with("`g.gz` is packed once more; unpack the archive to have it"),
        "{error}"
    );
    bench.restart();
    (0..4).for_each(|_| bench.poll());
    assert_eq!(bench.told(), "");
}

#[test]
fn a_restart_in_the_middle_of_an_archive_goes_on_there() {
    for commits in 1..8 {
        let mut bench =
            Bench::with(|it| it.include = vec![it.include[0].replace("*.log*", "*.zip")]);
        let (long, more) = (lines(400), lines(300));
        let files: [(&str, &[u8]); 3] = [("a.log", &long), ("b.log", b"two\n"), ("c.log", &more)];
        fs::write(bench.path("a.zip"), archive(&files)).unwrap();
        (0..commits).for_each(|_| bench.step());
        bench.restart();
        (0..6).for_each(|_| bench.poll());
        let read: usize = bench.taken.iter().map(|it| it.1.len()).sum();
        assert_eq!(read, 400_000 + 4 + 300_000, "{commits}");
    }
}

#[test]
fn a_damaged_file_of_an_archive_is_named_and_the_others_are_read() {
    let mut bench = Bench::with(|it| it.include = vec![it.include[0].replace("*.log*", "*.zip")]);
    let mut bytes = archive(&[("a.log", b"one\n"), ("b.log", b"two\n")]);
    let at = bytes.windows(4).position(|it| it == b"one\n").unwrap();
    bytes[at] = b'O';
    fs::write(bench.path("a.zip"), bytes).unwrap();
    (0..6).for_each(|_| bench.poll());
    assert_eq!(bench.told(), "One two");
    let status = bench.source().status();
    let error = status.errors.values().next().map(String::as_str).unwrap_or_default();
    assert!(error.contains("`a.log` in it has other content than it should"), "{error}");
    assert!(!status.stalled, "there is no more to read");
}

#[test]
fn a_damaged_compressed_file_is_read_as_far_as_it_goes() {
    let mut bench = Bench::new();
    let mut packed = gzip(b"one\ntwo\n");
    let whole = packed.len();
    packed.extend(gzip(b"three\n"));
    packed.truncate(whole + 4);
    fs::write(bench.path("a.log.gz"), &packed).unwrap();
    (0..3).for_each(|_| bench.poll());
    assert_eq!(bench.told(), "one two");
    let error = bench.source().status().errors.into_values().next().unwrap_or_default();
    assert!(error.starts_with("it is damaged, and read as far as it goes: "), "{error}");
}

#[test]
fn reading_from_the_end_passes_over_what_was_there_at_first() {
    let mut bench = Bench::with(|it| it.read_from = ReadFrom::End);
    bench.append("a.log", b"old\n");
    bench.append("a.log.1.gz", &gzip(b"older\n"));
    bench.poll();
    bench.append("a.log", b"new\n");
    bench.append("b.log", b"later\n");
    bench.poll();
    bench.poll();
    assert_eq!(bench.told(), "new later");
    bench.restart();
    bench.append("c.log", b"while off\n");
    bench.poll();
    assert_eq!(bench.told(), "while off");
}

#[test]
fn folders_are_read_deep_without_hidden_and_excluded_files() {
    let mut bench = Bench::new();
    let root = bench.dir.path().display().to_string();
    bench.config.include = vec![root.clone(), format!("{root}/sub/**/*.log")];
    bench.config.exclude = vec!["*.tmp".to_owned(), format!("{root}/skip/**")];
    for name in ["a.txt", "b.tmp", ".c.log", "sub/deep/d.log", "skip/e.log", ".git/f.log"] {
        fs::create_dir_all(bench.path(name).parent().unwrap()).unwrap();
        bench.append(name, format!("{name}\n").as_bytes());
    }
    bench.poll();
    let mut names: Vec<_> = bench.taken.iter().map(|it| it.1.trim_end()).collect();
    names.sort_unstable();
    assert_eq!(names, ["a.txt", "sub/deep/d.log"]);
}

#[test]
fn our_own_folder_is_never_read() {
    let bench = Bench::new();
    let state = bench.path("state");
    fs::create_dir(&state).unwrap();
    bench.append("state/shirwatch.log", b"ours\n");
    bench.append("a.log", b"theirs\n");
    let config = super::FileConfig {
        include: vec![bench.dir.path().display().to_string()],
        ..bench.config.clone()
    };
    let how = super::Opening { state_dir: Some(&state), once: true, ..super::Opening::default() };
    let labels = std::collections::BTreeMap::new();
    let mut source = super::FileSource::open("files", &labels, &config, &how).unwrap();
    assert_eq!(source.read(bench.now()).unwrap().unwrap().bytes, b"theirs\n");
    source.advance(7, Framing::default());
    assert!(source.read(bench.now()).unwrap().is_none());
}

#[test]
fn a_name_that_looks_like_a_pattern_is_a_name_where_it_exists() {
    let mut bench = Bench::new();
    bench.append("a[1].log", b"one\n");
    bench.config.include = vec![bench.path("a[1].log").display().to_string()];
    bench.poll();
    assert_eq!(bench.told(), "one");
}

#[test]
fn a_missing_path_is_told_and_picked_up_when_it_comes() {
    let mut bench = Bench::new();
    let missing = bench.path("later").join("a.log").display().to_string();
    bench.config.include.push(missing.clone());
    bench.append("b.log", b"other\n");
    bench.poll();
    assert_eq!(bench.told(), "other");
    let errors = bench.source().status().errors;
    assert_eq!(errors.keys().collect::<Vec<_>>(), [&missing]);

    fs::create_dir(bench.path("later")).unwrap();
    bench.append("later/a.log", b"here\n");
    bench.poll();
    assert_eq!(bench.told(), "here");
    assert!(bench.source().status().errors.is_empty());
}

#[test]
fn a_share_that_vanishes_and_returns_goes_on_where_it_was() {
    let mut bench = Bench::with(|it| it.include = vec![it.include[0].replace("*.log*", "share")]);
    let (share, away) = (bench.path("share"), bench.path(".away"));
    fs::create_dir(&share).unwrap();
    bench.append("share/a.log", b"one\n");
    bench.poll();
    assert_eq!(bench.told(), "one");
    fs::rename(&share, &away).unwrap();
    for _ in 0..130 {
        bench.poll();
    }
    let status = bench.source().status();
    assert!(status.errors.keys().any(|it| it.ends_with("share")), "{:?}", status.errors);
    bench.append(".away/a.log", b"two\n");
    bench.append(".away/b.log", b"new\n");
    bench.restart();
    bench.poll();
    fs::rename(&away, &share).unwrap();
    (0..4).for_each(|_| bench.poll());
    assert_eq!(bench.told(), "two new");
    assert!(bench.source().status().errors.is_empty());
}

#[test]
fn many_more_files_than_handles_are_read_and_no_more_stay_open() {
    let mut bench = Bench::new();
    for number in 0..700 {
        bench.append(&format!("{number}.log"), format!("first {number}\n").as_bytes());
    }
    bench.poll();
    for number in 0..700 {
        bench.append(&format!("{number}.log"), b"second\n");
    }
    bench.poll();
    assert_eq!(bench.told().matches("second").count(), 512, "those that are open");
    bench.poll();
    bench.poll();
    assert_eq!(bench.told().matches("second").count(), 188, "all others, a look costs too much");
    let status = bench.source().status();
    assert_eq!((status.files, status.files_open, status.lag_bytes), (700, 512, 0));
}

#[test]
fn a_clock_that_jumps_stops_no_reading() {
    let mut bench = Bench::new();
    for (jump, text) in [(0, "one"), (-3_600_000, "two"), (86_400_000, "three"), (-1, "half")] {
        bench.wait(jump);
        bench.append("a.log", text.as_bytes());
        bench.append("a.log", if text == "half" { b"" } else { b"\n" });
        bench.poll();
    }
    bench.wait(-7_200_000);
    (0..3).for_each(|_| bench.poll());
    assert_eq!(bench.told(), "one two three half");
}

#[test]
fn a_file_that_floods_hides_no_new_one() {
    let mut bench = Bench::new();
    bench.append("a.log", &lines(10));
    bench.poll();
    bench.append("b.log", b"new\n");
    for _ in 0..4 {
        bench.append("a.log", &lines(1_000));
        bench.step();
    }
    assert!(bench.told().contains("new"));
}

#[test]
fn a_file_that_grows_and_is_not_read_on_is_stalled() {
    let mut bench = Bench::new();
    bench.append("a.log", b"[");
    bench.poll();
    for _ in 0..3 {
        bench.append("a.log", b" ");
        bench.wait(40_000);
        let now = bench.now();
        while let Some(batch) = bench.source().read(now).unwrap() {
            let framing = batch.framing;
            bench.source().advance(0, framing);
        }
    }
    let status = bench.source().status();
    assert!(status.stalled);
    assert_eq!(status.lag_bytes, 4);
}

#[test]
#[cfg(unix)]
fn a_file_that_may_not_be_read_is_told_and_counts_as_stalled() {
    use std::os::unix::fs::symlink;
    let mut bench = Bench::new();
    bench.append("a.log", b"one\n");
    // A link in a circle: nobody may open it, not even root, who runs tests in containers.
    symlink(bench.path("loop.log"), bench.path("loop.log")).unwrap();
    bench.poll();
    let status = bench.source().status();
    assert_eq!((status.stalled, status.errors.len()), (true, 1));
    std::fs::remove_file(bench.path("loop.log")).unwrap();
    bench.poll();
    let status = bench.source().status();
    assert_eq!((status.stalled, status.errors.len()), (false, 0));
}
