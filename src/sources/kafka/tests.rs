//! The logic of following partitions, against a cluster in memory.

#[cfg(feature = "kafka")]
mod cluster;
mod login;
mod property;
mod shared;
#[cfg(feature = "kafka")]
mod steady;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::fake::FakeCluster;
use super::group::News;
use super::*;
use crate::model::checkpoint::Checkpoint;
use crate::sources::ReadFrom;
use crate::sources::azure::trouble::Kind;

/// A daemon with a store of its own.
struct Bench {
    number: u32,
    config: KafkaConfig,
    source: Option<KafkaSource>,
    checkpoints: BTreeMap<String, Checkpoint>,
    /// Lines that were committed, and those that were read since.
    read: Vec<String>,
    fresh: Vec<String>,
    totals: BTreeMap<String, f64>,
    now: Timestamp,
    /// Whether the store is shared.
    shared: bool,
}

impl Bench {
    fn new(cluster: &FakeCluster, number: u32, config: KafkaConfig) -> Self {
        let mut bench = Self::bare(number, config);
        bench.start(cluster);
        bench
    }

    fn bare(number: u32, config: KafkaConfig) -> Self {
        Self {
            number,
            config,
            source: None,
            checkpoints: BTreeMap::new(),
            read: Vec::new(),
            fresh: Vec::new(),
            totals: BTreeMap::new(),
            now: "2026-03-17T05:30:00Z".parse().unwrap(),
            shared: false,
        }
    }

    fn start(&mut self, cluster: &FakeCluster) {
        self.begin(Box::new(cluster.join(self.number)), false);
    }

    fn begin(&mut self, group: Box<dyn Group>, once: bool) {
        let checkpoints: Vec<_> = self.checkpoints.values().cloned().collect();
        let shared = self.shared;
        let how = Opening { checkpoints: &checkpoints, once, shared, ..Opening::default() };
        let labels = BTreeMap::new();
        self.source = Some(KafkaSource::of(group, "hub", &labels, &self.config, &how));
    }

    fn source(&mut self) -> &mut KafkaSource {
        self.source.as_mut().expect("a source")
    }

    /// Reads so many batches, at most; true when there were as many.
    fn read_some(&mut self, batches: usize) -> bool {
        for _ in 0..batches {
            let now = self.now;
            let source = self.source.as_mut().expect("a source");
            let Some(batch) = source.read(now).unwrap() else { return false };
            // As the pipeline does: whole lines, and the rest where nothing comes behind it.
            let whole = batch.bytes.iter().rposition(|it| *it == b'\n').map_or(0, |it| it + 1);
            let ends = batch.end == End::Eof || (batch.full && whole == 0);
            let taken = if ends { batch.bytes.len() } else { whole };
            let text = String::from_utf8(batch.bytes[..taken].to_vec()).unwrap();
            let framing = Framing { line: batch.framing.line + 1, ..batch.framing };
            self.fresh.extend(text.split_terminator('\n').map(str::to_owned));
            source.advance(taken, framing);
        }
        true
    }

    /// Reads all there is.
    fn read(&mut self) {
        assert!(!self.read_some(100_000), "reading does not end");
    }

    fn after(&mut self, time: Duration) {
        self.now = self.now.checked_add(time).unwrap();
        self.read();
    }

    fn commit(&mut self) {
        let mut changes = Changes::default();
        self.source().checkpoints(&mut changes);
        for it in changes.checkpoints {
            self.checkpoints.insert(it.stream.clone(), it);
        }
        for (series, by) in changes.totals {
            *self.totals.entry(series.replace('\u{1f}', " ")).or_default() += by;
        }
        self.read.append(&mut self.fresh);
        self.source().committed();
    }

    /// Ends without a commit, and begins again.
    fn kill(&mut self, cluster: &FakeCluster) {
        self.fresh.clear();
        // It is back before its session is over, and its membership ends when the next begins.
        cluster.keep(self.number);
        let group = cluster.join(self.number);
        self.begin(Box::new(group), false);
    }

    fn missed(&self) -> f64 {
        self.totals.values().sum()
    }

    fn errors(&mut self) -> String {
        self.source().status().errors.values().cloned().collect()
    }

    #[track_caller]
    fn check(&mut self, read: &str) {
        self.commit();
        assert_eq!(self.read.join(" "), read);
    }
}

fn place(partition: i32) -> Place {
    Place { topic: "runs".to_owned(), partition }
}

/// So many lines, each with the next number.
fn numbered(next: &mut u32, lines: u8) -> String {
    let numbers = *next..*next + u32::from(lines);
    *next = numbers.end;
    numbers.map(|it| format!("{it:06}\n")).collect()
}

fn config() -> KafkaConfig {
    KafkaConfig {
        brokers: vec!["kafka.contoso.example:9092".to_owned()],
        topics: vec!["runs".to_owned()],
        ..KafkaConfig::default()
    }
}

/// A cluster with a partition that is the first daemon's, and these messages in it.
fn cluster(messages: &[&str]) -> FakeCluster {
    let cluster = FakeCluster::default();
    messages.iter().for_each(|it| cluster.produce(&place(0), it.as_bytes()));
    cluster.give(&place(0), 1);
    cluster
}

#[test]
fn each_message_is_read_once_also_after_a_kill() {
    let cluster = cluster(&["a\n", "b\nc\n", "d"]);
    let mut bench = Bench::new(&cluster, 1, config());
    bench.read_some(2);
    bench.commit();
    bench.read();
    bench.kill(&cluster);
    bench.read();
    bench.check("a b c d");
    bench.kill(&cluster);
    cluster.produce(&place(0), b"e\n");
    bench.read();
    bench.check("a b c d e");
}

#[test]
fn what_is_there_and_not_read_is_counted() {
    let cluster = cluster(&["a\n", "b\n", "c\n"]);
    let mut bench = Bench::new(&cluster, 1, config());
    bench.read_some(1);
    assert_eq!(bench.source().status().lag_messages, Some(2));
    bench.read();
    assert_eq!(bench.source().status().lag_messages, Some(0));
    cluster.tell(1, &News::Ends(vec![(place(0), 9), (place(7), 5)]));
    bench.read();
    assert_eq!(bench.source().status().lag_messages, Some(6));
    // All was handed out: behind the last message there are marks.
    cluster.tell(1, &News::Ends(vec![(place(0), 0)]));
    bench.read();
    assert_eq!(bench.source().status().lag_messages, Some(0));
}

#[test]
fn messages_without_a_body_are_passed_over_and_a_mark_of_order_is_no_text() {
    let cluster = cluster(&["", "\u{feff}a\n", "", "\u{feff}"]);
    let mut bench = Bench::new(&cluster, 1, config());
    bench.read();
    bench.check("a");
    assert_eq!(bench.checkpoints["runs/0"].offset, 4);
}

#[test]
fn a_message_larger_than_what_is_offered_at_once_is_read_on_after_a_kill() {
    let lines: Vec<_> = (0..40_000).map(|it| format!("{it:06}")).collect();
    let cluster = cluster(&[&lines.join("\n"), "last"]);
    let small = KafkaConfig { max_record_bytes: crate::model::size::ByteSize::kib(1), ..config() };
    let mut bench = Bench::new(&cluster, 1, small);
    bench.read_some(2);
    bench.commit();
    assert_eq!(bench.checkpoints["runs/0"].offset, 0);
    bench.read_some(1);
    bench.kill(&cluster);
    bench.read();
    bench.check(&[&lines.join(" "), "last"].join(" "));
}

#[test]
fn a_batch_says_where_it_is_and_that_it_is_whole() {
    let cluster = cluster(&["a", "{\"records\":[{"]);
    let mut bench = Bench::new(&cluster, 1, config());
    bench.read_some(1);
    let now = bench.now;
    let batch = bench.source().read(now).unwrap().unwrap();
    assert_eq!((batch.path, batch.offset, batch.end), ("runs/0@1", 0, End::Eof));
    assert!(!batch.full, "nothing was cut");
}

#[test]
fn what_is_no_longer_kept_is_counted_and_said() {
    let cluster = cluster(&["a\n", "b\n", "c\n", "d\n", "e\n"]);
    let mut bench = Bench::new(&cluster, 1, config());
    bench.read_some(1);
    bench.commit();
    cluster.trim(&place(0), 3);
    bench.after(Duration::from_secs(5));
    bench.check("a d e");
    assert_eq!(bench.missed(), 2.0);
    // While it was away, and while the topic was made anew.
    for it in ["f\n", "g\n", "h\n"] {
        cluster.produce(&place(0), it.as_bytes());
    }
    cluster.trim(&place(0), 7);
    bench.kill(&cluster);
    bench.read();
    bench.check("a d e h");
    assert_eq!(bench.missed(), 4.0);
    cluster.empty(&place(0));
    cluster.produce(&place(0), b"i\n");
    bench.kill(&cluster);
    bench.read();
    bench.check("a d e h i");
    assert_eq!(bench.missed(), 5.0);
}

/// What the store and the group know, and by whom; where reading begins of five messages.
#[test]
fn reading_begins_where_the_store_says_or_else_the_group() {
    //       store    group                 read from            read
    begins(None, None, ReadFrom::Beginning, "0 1 2 3 4");
    begins(None, None, ReadFrom::End, "");
    begins(None, Some((3, "another")), ReadFrom::End, "3 4");
    begins(Some(2), None, ReadFrom::End, "2 3 4");
    begins(Some(2), Some((4, "us")), ReadFrom::Beginning, "2 3 4");
    begins(Some(2), Some((1, "us")), ReadFrom::Beginning, "2 3 4");
    begins(Some(2), Some((4, "another")), ReadFrom::Beginning, "4");
    begins(Some(2), Some((1, "another")), ReadFrom::Beginning, "2 3 4");
    begins(Some(2), Some((1, "")), ReadFrom::Beginning, "2 3 4");
}

#[track_caller]
fn begins(store: Option<u64>, group: Option<(u64, &str)>, read_from: ReadFrom, read: &str) {
    let cluster = cluster(&["0", "1", "2", "3", "4"]);
    let mut bench = Bench::bare(1, KafkaConfig { read_from, ..config() });
    let checkpoint = |stream: &str, offset, identity: &str| Checkpoint {
        source: "hub".to_owned(),
        stream: stream.to_owned(),
        offset,
        framing: Framing::default(),
        identity: identity.to_owned(),
    };
    if let Some(offset) = store {
        let kept = checkpoint("runs/0", offset, r#"{"by":"us"}"#);
        bench.checkpoints.insert("runs/0".to_owned(), kept);
    }
    if let Some((offset, by)) = group {
        cluster.commit(&place(0), offset, by);
    }
    bench.start(&cluster);
    bench.read();
    bench.check(read);
}

#[test]
fn a_partition_is_given_up_when_what_was_read_of_it_is_in_the_store() {
    let cluster = cluster(&["a\n", "b\n", "c\n"]);
    let mut one = Bench::new(&cluster, 1, config());
    let mut two = Bench::new(&cluster, 2, config());
    one.read_some(2);
    cluster.give(&place(0), 2);
    one.read();
    two.read();
    assert_eq!((one.fresh.len(), two.fresh.len()), (2, 0), "it is not given up yet");
    assert_eq!(cluster.committed(&place(0)), None);
    one.check("a b");
    one.read();
    assert_eq!(cluster.committed(&place(0)), Some((2, one.source().share.us.clone())));
    two.read();
    two.check("c");
    // And back: what the other read is not read again.
    cluster.produce(&place(0), b"d\n");
    cluster.give(&place(0), 1);
    two.after(Duration::from_secs(2));
    one.after(Duration::from_secs(2));
    one.check("a b d");
}

#[test]
fn the_group_is_not_told_of_a_position_that_another_store_has_passed() {
    let cluster = cluster(&["a\n"]);
    let mut one = Bench::new(&cluster, 1, config());
    let mut two = Bench::new(&cluster, 2, config());
    cluster.be_deaf(true);
    one.read_some(1);
    one.commit();
    cluster.be_deaf(false);
    cluster.produce(&place(0), b"b\n");
    cluster.commit(&place(0), 2, "another");
    // It begins where the other was, and is killed before its own store says so.
    one.kill(&cluster);
    one.after(Duration::from_secs(2));
    one.after(Duration::from_secs(2));
    assert_eq!(cluster.committed(&place(0)), Some((2, "another".to_owned())));
    one.kill(&cluster);
    cluster.give(&place(0), 2);
    one.read();
    one.commit();
    one.read();
    two.read();
    two.check("");
}

#[test]
fn a_partition_is_kept_until_the_group_knows_how_far_it_was_read_but_not_for_ever() {
    let cluster = cluster(&["a\n", "b\n"]);
    let mut one = Bench::new(&cluster, 1, config());
    let mut two = Bench::new(&cluster, 2, config());
    one.read_some(1);
    cluster.give(&place(0), 2);
    cluster.be_deaf(true);
    one.read();
    one.check("a");
    one.after(Duration::from_secs(5));
    two.read();
    two.check("");
    cluster.be_deaf(false);
    one.after(Duration::from_secs(5));
    two.read();
    two.check("b");
    // Who never hears it lets us wait no longer than others can.
    cluster.produce(&place(0), b"c\n");
    two.read();
    two.commit();
    cluster.be_deaf(true);
    cluster.give(&place(0), 1);
    two.after(Duration::from_secs(5));
    two.after(Duration::from_secs(30));
    two.after(Duration::from_secs(2));
    one.read();
    one.check("a b c");
}

#[test]
fn who_was_not_heard_of_gives_up_at_once_and_goes_on_behind_the_others() {
    let cluster = cluster(&["a\n", "b\n", "c\n"]);
    let mut one = Bench::new(&cluster, 1, config());
    let mut two = Bench::new(&cluster, 2, config());
    one.read_some(2);
    cluster.expel(1, 2);
    two.read();
    two.check("a b c");
    // It did read two, and cannot take that back; but it reads no more, and tells nobody.
    one.read();
    one.check("a b");
    two.after(Duration::from_secs(2));
    assert_eq!(cluster.committed(&place(0)).map(|it| it.0), Some(3));
    cluster.produce(&place(0), b"d\n");
    cluster.give(&place(0), 1);
    two.after(Duration::from_secs(2));
    one.after(Duration::from_secs(2));
    one.check("a b d");
}

#[test]
fn trouble_is_told_with_its_time_and_is_over_when_an_answer_comes() {
    let cluster = cluster(&["a\n"]);
    let mut bench = Bench::bare(1, config());
    cluster.fail(Trouble::new(Kind::Connection, "no broker can be reached"));
    bench.start(&cluster);
    bench.read();
    assert_eq!(bench.errors(), "no broker can be reached");
    let now = bench.now;
    assert!(bench.source().patience(now) > Duration::ZERO);
    bench.after(Duration::from_secs(3));
    assert_eq!(bench.errors(), "");
    bench.check("a");
    let denied = News::Broken(Trouble::new(Kind::Denied, "the login is refused"));
    cluster.tell(1, &denied);
    cluster.tell(1, &News::Trouble(Trouble::new(Kind::Connection, "no broker can be reached")));
    bench.read();
    assert_eq!(bench.errors(), "the login is refused", "why says more than that");
    // It comes back with secrets that are read anew, and reads nothing twice.
    cluster.produce(&place(0), b"b\n");
    bench.commit();
    bench.after(Duration::from_secs(3));
    bench.after(Duration::from_secs(3));
    assert_eq!(bench.errors(), "");
    bench.check("a b");
}

#[test]
fn trouble_that_lasts_is_a_stall() {
    let cluster = cluster(&[]);
    let mut bench = Bench::new(&cluster, 1, config());
    for _ in 0..40 {
        cluster.fail(Trouble::new(Kind::Server, "a fault"));
    }
    cluster.tell(1, &News::Trouble(Trouble::new(Kind::Server, "a fault")));
    for _ in 0..12 {
        bench.after(Duration::from_secs(6));
    }
    assert!(bench.source().status().stalled);
}

#[test]
fn reading_once_ends_at_what_is_there() {
    let cluster = cluster(&["a\n", "b\n"]);
    let mut bench = Bench::bare(1, config());
    bench.begin(Box::new(cluster.join(1)), true);
    assert!(!bench.source().status().finished);
    bench.read();
    assert!(bench.source().status().finished);
    bench.check("a b");
}

#[test]
fn reading_once_ends_when_nobody_answers() {
    let cluster = cluster(&["a\n"]);
    let mut bench = Bench::bare(1, config());
    (0..9).for_each(|_| cluster.fail(Trouble::new(Kind::Connection, "no broker")));
    bench.begin(Box::new(cluster.join(1)), true);
    for _ in 0..9 {
        bench.after(Duration::from_secs(40));
    }
    assert!(bench.source().status().finished);
    assert_eq!(bench.errors(), "no broker");
}
