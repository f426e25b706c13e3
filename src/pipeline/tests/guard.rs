//! Texts that we fail on: marked ones, as there are no others that we know.

use super::*;
use crate::model::batch::Position;
use crate::model::metrics::{SOURCE_DROPPED, SOURCE_OUTCOMES, SOURCE_RECORDS};
use crate::pipeline::NAMED;
use crate::pipeline::guard::{UNREADABLE, UNSHOWN};

const BEGIN: u64 = 1000;

/// So many lines that two threads read them; each tenth has a mark.
fn lines(mark: &str) -> String {
    let line = |i: usize| {
        let mark = if i % 10 == 3 { mark } else { "fine" };
        format!("2026-11-20T02:14:22Z Error A.B {i} Copy failed: {}\n", CHAIN.replace('x', mark))
    };
    (0..40).map(line).collect()
}

/// Reads `text` at once; the places that were given up, and what is to be kept.
fn read(text: &str, helped: bool) -> (Vec<Position>, Changes) {
    let mut pipeline = pipeline();
    pipeline.helped = helped;
    let taken = pipeline.process(&batch(text, End::Eof), &Settings::default(), None);
    assert_eq!(taken.bytes, text.len());
    let mut changes = Changes::default();
    pipeline.drain(&mut changes);
    (taken.given_up, changes)
}

fn batch(text: &str, end: End) -> Batch<'_> {
    static NONE: BTreeMap<String, String> = BTreeMap::new();
    Batch {
        source: "s",
        labels: &NONE,
        path: "p",
        bytes: text.as_bytes(),
        offset: BEGIN,
        read_at: Timestamp::UNIX_EPOCH,
        end,
        framing: Framing::default(),
        full: false,
    }
}

/// Where the last line may go on, or was never ended, it is looked at before it is read.
#[test]
fn a_text_that_we_fail_on_is_given_up_also_where_more_may_come() {
    let plain = |mark: &str| CHAIN.replace("'x'", mark);
    let untimed = format!("{}\nOther words\nand more\n", plain(UNREADABLE));
    for text in [lines(UNREADABLE), untimed] {
        let last = text.trim_end().rfind('\n').unwrap() + 1;
        let text = text[..last].to_owned() + plain(UNREADABLE).as_str();
        for ended in [text.clone() + "\n", text] {
            for end in [End::More, End::Idle] {
                let first = pipeline().process(&batch(&ended, end), &Settings::default(), None);
                let rest = batch(&ended[first.bytes..], End::Eof);
                let then = pipeline().process(&rest, &Settings::default(), None);
                let given_up = first.given_up.len() + then.given_up.len();
                let marked = ended.lines().filter(|it| it.contains(UNREADABLE)).count();
                assert_eq!(given_up, marked, "{end:?} {ended}");
            }
        }
    }
}

#[test]
fn a_text_that_we_fail_on_is_counted_and_named_and_all_others_are_read() {
    for helped in [false, true] {
        let text = lines(UNREADABLE);
        let (given_up, changes) = read(&text, helped);
        let offsets: Vec<_> = given_up.iter().map(|it| (it.offset - BEGIN) as usize).collect();
        let begins = text.split_inclusive('\n').scan(0, |at, line| {
            *at += line.len();
            Some((*at - line.len(), line))
        });
        let marked = begins.filter(|(_, line)| line.contains(UNREADABLE)).map(|(at, _)| at);
        assert_eq!(offsets, marked.collect::<Vec<_>>());
        let totals = Totals::from_stored(changes.totals);
        assert_eq!(totals.get(SOURCE_DROPPED.name, &["s", "unreadable"]), 4.0);
        assert_eq!(totals.get(SOURCE_OUTCOMES.name, &["s", "classified"]), 36.0);
        let records = totals.iter().filter(|(name, ..)| *name == SOURCE_RECORDS.name);
        assert_eq!(records.map(|(.., count)| count).sum::<f64>(), 40.0);
    }
}

#[test]
fn of_many_texts_that_we_fail_on_the_first_are_named_and_all_counted() {
    let (given_up, changes) = read(&lines(UNREADABLE).replace("fine", UNREADABLE), false);
    assert_eq!((given_up.len(), given_up[0].offset), (NAMED, BEGIN));
    let totals = Totals::from_stored(changes.totals);
    assert_eq!(totals.get(SOURCE_DROPPED.name, &["s", "unreadable"]), 40.0);
}

#[test]
fn an_error_that_cannot_be_shown_is_counted_and_told_without_its_text() {
    let (given_up, changes) = read(&lines(UNSHOWN).replace("fine", UNSHOWN), false);
    assert_eq!(given_up, []);
    let totals = Totals::from_stored(changes.totals);
    assert_eq!(totals.get(SOURCE_OUTCOMES.name, &["s", "classified"]), 40.0);
    let sample = changes.incidents.iter().find_map(|it| it.incident.sample.as_ref()).unwrap();
    assert!(sample.record.message.starts_with("This text cannot be shown"), "{sample:?}");
    assert_eq!(sample.rule, "sql-invalid-object");
}
