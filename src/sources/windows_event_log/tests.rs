//! The logic of reading channels, against an event log in memory.

use proptest::prelude::*;

use super::fake::FakeLog;
use super::log::LogError;
use super::*;
use crate::model::checkpoint::Checkpoint;

const CHANNEL: &str = "Connectors - Integration Runtime";

/// A machine, what its events came to, and the checkpoint that a restart goes on with.
struct Bench {
    log: FakeLog,
    source: EventLogSource,
    checkpoints: Vec<Checkpoint>,
    /// What was committed: each event in its order, and how many were missed.
    read: Vec<String>,
    missed: f64,
    /// What was read since.
    fresh: Vec<String>,
    now: i64,
}

impl Bench {
    fn new() -> Self {
        let log = FakeLog::with(&[CHANNEL, "Integration Runtime"]);
        let source = open(&log, &[]);
        let (checkpoints, read, fresh) = (Vec::new(), Vec::new(), Vec::new());
        Self { log, source, checkpoints, read, missed: 0.0, fresh, now: 1_000 }
    }

    /// Reads all there is.
    fn read(&mut self) {
        for _ in 0..10_000 {
            let now = Timestamp::constant(self.now, 0);
            match self.source.read(now).unwrap().map(|it| it.bytes.to_vec()) {
                Some(bytes) => {
                    self.fresh.push(String::from_utf8(bytes).unwrap());
                    self.source.advance(0, Framing::default());
                }
                None if self.source.patience(now).is_zero() => {}
                None => return,
            }
        }
        panic!("reading does not end");
    }

    /// Reads all, with as much time as retries may take.
    fn settle(&mut self) {
        for _ in 0..10 {
            self.now += 120;
            self.read();
        }
    }

    fn commit(&mut self) {
        let mut changes = Changes::default();
        self.source.checkpoints(&mut changes);
        for it in changes.checkpoints {
            self.checkpoints.retain(|known| known.stream != it.stream);
            self.checkpoints.push(it);
        }
        self.missed += changes.totals.iter().map(|(_, by)| by).sum::<f64>();
        self.read.append(&mut self.fresh);
    }

    /// Ends without a commit, and begins again.
    fn kill(&mut self) {
        self.fresh.clear();
        self.source = open(&self.log, &self.checkpoints);
    }

    fn restart(&mut self) {
        self.commit();
        self.kill();
    }

    #[track_caller]
    fn check(&mut self, read: &str, missed: f64) {
        self.commit();
        assert_eq!((self.read.join(" ").as_str(), self.missed), (read, missed));
    }
}

fn open(log: &FakeLog, checkpoints: &[Checkpoint]) -> EventLogSource {
    let config = WindowsEventLogConfig::default();
    let how = Opening { checkpoints, ..Opening::default() };
    EventLogSource::of(Box::new(log.clone()), "events", &BTreeMap::new(), &config, &how)
}

#[test]
fn events_of_both_channels_are_read_once() {
    let mut bench = Bench::new();
    bench.log.write(CHANNEL, 1, "a");
    bench.log.write("Integration Runtime", 1, "b");
    bench.read();
    bench.log.write(CHANNEL, 2, "c");
    bench.read();
    bench.restart();
    bench.log.write(CHANNEL, 3, "d");
    bench.read();
    bench.check("a b c d", 0.0);
}

#[test]
fn what_was_read_and_not_committed_comes_again() {
    let mut bench = Bench::new();
    bench.log.write(CHANNEL, 1, "a");
    bench.read();
    bench.commit();
    bench.log.write(CHANNEL, 2, "b");
    bench.read();
    bench.kill();
    bench.read();
    bench.check("a b", 0.0);
}

#[test]
fn a_signal_that_gets_lost_costs_only_time() {
    let mut bench = Bench::new();
    bench.read();
    bench.log.write_unheard(CHANNEL, 1, "a");
    bench.read();
    assert!(bench.fresh.is_empty(), "nobody knows of it yet");
    bench.now += 5;
    bench.read();
    bench.check("a", 0.0);
}

#[test]
fn what_was_overwritten_unread_is_counted() {
    for restart in [false, true] {
        let mut bench = Bench::new();
        bench.log.write(CHANNEL, 1, "a");
        bench.read();
        if restart {
            bench.restart();
        }
        bench.log.room(CHANNEL, 2);
        for text in ["b", "c", "d", "e"] {
            bench.log.write(CHANNEL, 2, text);
        }
        bench.read();
        bench.check("a d e", 2.0);
    }
}

#[test]
fn a_gap_is_counted_once_whatever_dies() {
    let mut bench = Bench::new();
    bench.log.write(CHANNEL, 1, "a");
    bench.read();
    bench.commit();
    bench.log.room(CHANNEL, 1);
    bench.log.write(CHANNEL, 2, "b");
    bench.log.write(CHANNEL, 3, "c");
    for _ in 0..3 {
        bench.read();
        bench.kill();
    }
    bench.read();
    bench.restart();
    bench.read();
    bench.check("a c", 1.0);
}

#[test]
fn a_cleared_channel_is_read_from_its_beginning() {
    for (again, restart) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut bench = Bench::new();
        for text in ["a", "b"] {
            bench.log.write(CHANNEL, 1, text);
        }
        bench.read();
        if restart {
            bench.restart();
        }
        bench.log.clear(CHANNEL, again);
        for text in ["c", "d", "e"] {
            bench.log.write(CHANNEL, 2, text);
        }
        bench.settle();
        // Numbers that go on show that nothing is missing; that they begin again, nothing.
        bench.check("a b c d e", f64::from(u8::from(again)));
    }
}

#[test]
fn a_channel_that_is_empty_after_a_restart_may_go_on_where_it_was() {
    for (again, missed) in [(false, 0.0), (true, 1.0)] {
        let mut bench = Bench::new();
        bench.log.write(CHANNEL, 1, "a");
        bench.read();
        bench.restart();
        bench.log.clear(CHANNEL, again);
        bench.read();
        bench.log.write(CHANNEL, 2, "b");
        bench.read();
        bench.check("a b", missed);
    }
}

#[test]
fn a_bookmark_that_is_refused_is_replaced_by_the_time() {
    let mut bench = Bench::new();
    for (second, text) in [(9, "a"), (10, "b"), (9, "c")] {
        bench.log.write(CHANNEL, second, text);
        bench.read();
    }
    bench.commit();
    bench.checkpoints[0].identity = bench.checkpoints[0].identity.replace("Connectors", "Gone");
    bench.kill();
    bench.log.write(CHANNEL, 8, "d");
    bench.read();
    bench.check("a b c d", 0.0);
}

#[test]
fn where_records_cannot_be_looked_up_the_bookmark_decides() {
    let mut bench = Bench::new();
    bench.log.mute();
    bench.log.write(CHANNEL, 1, "a");
    bench.read();
    bench.restart();
    bench.log.write(CHANNEL, 2, "b");
    bench.read();
    bench.restart();
    bench.log.clear(CHANNEL, true);
    bench.log.write(CHANNEL, 900, "c");
    bench.settle();
    bench.check("a b c", 1.0);
}

#[test]
fn a_damaged_checkpoint_reads_all_and_tells() {
    let mut bench = Bench::new();
    bench.log.write(CHANNEL, 1, "a");
    bench.read();
    bench.commit();
    bench.checkpoints[0].identity = "{".to_owned();
    bench.kill();
    bench.read();
    bench.check("a a", 0.0);
}

#[test]
fn an_answer_that_is_too_large_is_asked_for_in_parts() {
    let mut bench = Bench::new();
    bench.log.bound(30);
    let texts: Vec<_> = (0..200).map(|it| it.to_string()).collect();
    texts.iter().for_each(|it| bench.log.write(CHANNEL, 1, it));
    bench.read();
    bench.check(&texts.join(" "), 0.0);
}

#[test]
fn an_event_that_cannot_be_rendered_is_counted_and_stops_nothing() {
    let mut bench = Bench::new();
    for text in ["a", "", "c"] {
        bench.log.write(CHANNEL, 1, text);
    }
    bench.read();
    bench.restart();
    bench.read();
    bench.check("a  c", 1.0);
}

#[test]
fn a_hundred_channels_are_read_in_turn() {
    let names: Vec<_> = (0..100).map(|it| format!("channel {it}")).collect();
    let log = FakeLog::with(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for round in 0..3 {
        names.iter().for_each(|it| log.write(it, round, it));
    }
    let config = WindowsEventLogConfig { channels: names.clone() };
    let how = Opening::default();
    let mut source = EventLogSource::of(Box::new(log), "events", &BTreeMap::new(), &config, &how);
    let mut read = Vec::new();
    while let Some(batch) = source.read(Timestamp::UNIX_EPOCH).unwrap() {
        read.push(String::from_utf8(batch.bytes.to_vec()).unwrap());
        source.advance(0, Framing::default());
    }
    assert_eq!(read, [&names[..]; 3].concat());
}

#[test]
fn trouble_with_one_channel_is_told_and_passes() {
    let mut bench = Bench::new();
    bench.log.remove(CHANNEL);
    bench.log.fail(LogError::Denied);
    bench.log.write("Integration Runtime", 1, "a");
    bench.read();
    let status = bench.source.status();
    assert!(status.stalled);
    let errors: Vec<_> = status.errors.values().map(String::as_str).collect();
    assert!(errors[0].starts_with("there is no such channel; install"), "{errors:?}");
    assert!(errors[1].starts_with("it may not be read; add the account"), "{errors:?}");
    bench.log.write(CHANNEL, 1, "b");
    bench.settle();
    let status = bench.source.status();
    assert_eq!((status.stalled, status.errors.len()), (false, 0));
    bench.check("b a", 0.0);
}

#[test]
fn reading_once_ends_with_what_was_there() {
    let log = FakeLog::with(&["Integration Runtime"]);
    log.write("Integration Runtime", 1, "a");
    let how = Opening { once: true, ..Opening::default() };
    let config = WindowsEventLogConfig::default();
    let mut source = EventLogSource::of(Box::new(log), "events", &BTreeMap::new(), &config, &how);
    let mut read = 0;
    while !source.status().finished {
        if source.read(Timestamp::UNIX_EPOCH).unwrap().is_some() {
            read += 1;
            source.advance(0, Framing::default());
        }
    }
    assert_eq!((read, source.status().errors.len()), (1, 1), "one channel is not there");
}

#[derive(Debug, Clone)]
enum Step {
    Write(u8),
    WriteUnheard,
    Read,
    Commit,
    Kill,
    Fail,
    Clear(bool),
    Overwrite,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..40_u8).prop_map(Step::Write),
        1 => Just(Step::WriteUnheard),
        4 => Just(Step::Read),
        2 => Just(Step::Commit),
        2 => Just(Step::Kill),
        1 => Just(Step::Fail),
        1 => any::<bool>().prop_map(Step::Clear),
        1 => Just(Step::Overwrite),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Nothing is read twice or out of order, and whatever was not read was overwritten or
    /// cleared, and is counted where numbers can tell it.
    #[test]
    fn every_event_is_read_once_or_missed(steps in prop::collection::vec(step(), 1..60)) {
        let mut bench = Bench::new();
        let (mut written, mut cleared) = (0_u32, false);
        for step in steps {
            bench.now += 1;
            match step {
                Step::Write(events) => for _ in 0..events {
                    bench.log.write(CHANNEL, bench.now, &format!("{written:06}"));
                    written += 1;
                },
                Step::WriteUnheard => {
                    bench.log.write_unheard(CHANNEL, bench.now, &format!("{written:06}"));
                    written += 1;
                }
                Step::Read => bench.read(),
                Step::Commit => bench.commit(),
                Step::Kill => bench.kill(),
                Step::Fail => bench.log.fail(LogError::Other(std::io::Error::other("RPC"))),
                Step::Clear(again) => {
                    bench.log.clear(CHANNEL, again);
                    cleared |= again;
                }
                Step::Overwrite => bench.log.room(CHANNEL, 20),
            }
        }
        bench.settle();
        bench.commit();
        let mut sorted = bench.read.clone();
        sorted.sort();
        sorted.dedup();
        prop_assert_eq!(&sorted, &bench.read, "twice, or out of order");
        let missing = f64::from(written) - bench.read.len() as f64;
        if !cleared {
            let first = bench.read.first().map_or(0.0, |it| it.parse().unwrap_or(0.0));
            let known = if bench.read.is_empty() { missing } else { bench.missed + first };
            let last = bench.read.last().map_or(0.0, |it| it.parse::<f64>().unwrap_or(0.0) + 1.0);
            let behind = f64::from(written) - last;
            prop_assert_eq!(missing, known + if bench.read.is_empty() { 0.0 } else { behind });
        }
    }
}
