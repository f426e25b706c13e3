//! Daemons that share a store: it says where a partition goes on, and takes nothing from who lost
//! one.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::sources::Claim;

const PARTITIONS: i32 = 3;

/// The store, as far as a source sees it.
#[derive(Default)]
struct Fleet {
    at: BTreeMap<String, Checkpoint>,
    owner: BTreeMap<String, u32>,
    read: Vec<String>,
    sessions: u32,
}

/// A daemon, with what the engine does for it.
struct Member {
    bench: Bench,
    session: u32,
    owned: BTreeSet<String>,
    wanted: BTreeSet<String>,
}

impl Member {
    fn new(cluster: &FakeCluster, fleet: &mut Fleet, number: u32) -> Self {
        let small = KafkaConfig { max_record_bytes: crate::model::size::ByteSize(1), ..config() };
        let bench = Bench { shared: true, ..Bench::bare(number, small) };
        let mut it = Self { bench, session: 0, owned: BTreeSet::new(), wanted: BTreeSet::new() };
        it.start(cluster, fleet);
        it
    }

    /// Begins again; what was read and not written is forgotten.
    fn start(&mut self, cluster: &FakeCluster, fleet: &mut Fleet) {
        fleet.sessions += 1;
        self.session = fleet.sessions;
        self.bench.fresh.clear();
        self.owned.clear();
        self.wanted.clear();
        self.bench.start(cluster);
    }

    fn hear(&mut self) {
        for claim in self.bench.source().claims() {
            match claim {
                Claim::Take(it) => drop(self.wanted.insert(it)),
                Claim::Release(it) if self.wanted.remove(&it) => {}
                Claim::Release(it) => drop(self.owned.remove(&it)),
            }
        }
    }

    fn commit(&mut self, cluster: &FakeCluster, fleet: &mut Fleet) {
        self.hear();
        let mut changes = Changes::default();
        self.bench.source().checkpoints(&mut changes);
        if !changes.is_empty() || !self.bench.fresh.is_empty() {
            if self.owned.iter().any(|it| fleet.owner[it] != self.session) {
                return self.start(cluster, fleet);
            }
            for it in changes.checkpoints {
                assert!(self.owned.contains(&it.stream), "{} is not ours", it.stream);
                fleet.at.insert(it.stream.clone(), it);
            }
            fleet.read.append(&mut self.bench.fresh);
            self.bench.source().committed();
        }
        self.hear();
        for stream in std::mem::take(&mut self.wanted) {
            fleet.owner.insert(stream.clone(), self.session);
            let at = fleet.at.get(&stream).cloned();
            self.bench.source().resume(&stream, at.as_ref());
            self.owned.insert(stream);
        }
    }

    fn go_on(&mut self, cluster: &FakeCluster, fleet: &mut Fleet) {
        self.commit(cluster, fleet);
        self.bench.after(Duration::from_secs(2));
        self.commit(cluster, fleet);
    }
}

#[track_caller]
fn check(fleet: &Fleet, read: &str) {
    assert_eq!(fleet.read.join(" "), read);
}

#[test]
fn a_partition_goes_on_where_the_store_says_whatever_the_group_knows() {
    let (cluster, mut fleet) = (cluster(&["a\n", "b\n", "c\n"]), Fleet::default());
    let mut one = Member::new(&cluster, &mut fleet, 1);
    let mut two = Member::new(&cluster, &mut fleet, 2);
    one.bench.read();
    check(&fleet, "");
    assert_eq!(one.bench.fresh.len(), 0, "the store was not asked yet");
    cluster.be_deaf(true);
    one.commit(&cluster, &mut fleet);
    one.bench.read_some(2);
    // It is killed behind its commit, with one more read, and never comes back.
    one.commit(&cluster, &mut fleet);
    one.bench.read();
    cluster.expel(1, 2);
    two.bench.read();
    two.go_on(&cluster, &mut fleet);
    check(&fleet, "a b c");
    assert_eq!(cluster.committed(&place(0)), None);
}

#[test]
fn who_lost_a_partition_and_does_not_know_can_write_nothing_more() {
    let (cluster, mut fleet) = (cluster(&["a\n", "b\n", "c\n"]), Fleet::default());
    let mut one = Member::new(&cluster, &mut fleet, 1);
    let mut two = Member::new(&cluster, &mut fleet, 2);
    one.bench.read();
    one.commit(&cluster, &mut fleet);
    one.bench.read_some(1);
    one.commit(&cluster, &mut fleet);
    one.bench.read();
    cluster.expel(1, 2);
    two.bench.read();
    two.go_on(&cluster, &mut fleet);
    check(&fleet, "a b c");
    let session = one.session;
    one.commit(&cluster, &mut fleet);
    check(&fleet, "a b c");
    assert_ne!(one.session, session, "it begins again");
    // And back, in order; the group need not know.
    cluster.be_deaf(true);
    cluster.produce(&place(0), b"d\n");
    cluster.give(&place(0), 1);
    two.go_on(&cluster, &mut fleet);
    two.go_on(&cluster, &mut fleet);
    one.go_on(&cluster, &mut fleet);
    one.go_on(&cluster, &mut fleet);
    check(&fleet, "a b c d");
}

#[test]
fn a_partition_that_is_taken_back_before_the_store_was_asked_is_not_read() {
    let (cluster, mut fleet) = (cluster(&["a\n"]), Fleet::default());
    let mut one = Member::new(&cluster, &mut fleet, 1);
    let mut two = Member::new(&cluster, &mut fleet, 2);
    one.bench.read();
    cluster.give(&place(0), 2);
    one.bench.read();
    two.bench.read();
    two.go_on(&cluster, &mut fleet);
    one.go_on(&cluster, &mut fleet);
    check(&fleet, "a");
    assert_eq!(fleet.owner["runs/0"], two.session);
}

#[derive(Debug, Clone)]
enum Step {
    Produce { partition: i32, lines: u8 },
    Give { partition: i32, daemon: u32 },
    Read { daemon: usize, batches: usize },
    After { daemon: usize, seconds: u64 },
    Commit { daemon: usize },
    Kill { daemon: usize },
    Expel { daemon: u32, to: u32 },
    Break { daemon: usize },
    Fail,
}

fn step() -> impl Strategy<Value = Step> {
    let (partition, daemon) = (|| 0..PARTITIONS, || 0..2_usize);
    prop_oneof![
        6 => (partition(), 0..120_u8).prop_map(|(partition, lines)| Step::Produce { partition, lines }),
        3 => (partition(), 0..3_u32).prop_map(|(partition, daemon)| Step::Give { partition, daemon }),
        6 => (daemon(), 1..9_usize).prop_map(|(daemon, batches)| Step::Read { daemon, batches }),
        2 => (daemon(), 1..90_u64).prop_map(|(daemon, seconds)| Step::After { daemon, seconds }),
        6 => daemon().prop_map(|daemon| Step::Commit { daemon }),
        2 => daemon().prop_map(|daemon| Step::Kill { daemon }),
        2 => (1..3_u32, 1..3_u32).prop_map(|(daemon, to)| Step::Expel { daemon, to }),
        1 => daemon().prop_map(|daemon| Step::Break { daemon }),
        1 => Just(Step::Fail),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Two daemons with one store. Partitions move between them in order and out of order; either
    /// is killed, or not heard of for a while and back, or its client breaks, at any moment.
    #[test]
    fn each_line_is_counted_once_by_the_fleet(steps in prop::collection::vec(step(), 1..60)) {
        let (cluster, mut fleet) = (FakeCluster::default(), Fleet::default());
        let mut daemons = [1, 2].map(|it| Member::new(&cluster, &mut fleet, it));
        let mut next = 0;
        (0..PARTITIONS).for_each(|it| cluster.give(&place(it), 1));
        for step in steps {
            match step {
                Step::Produce { partition, lines } => {
                    cluster.produce(&place(partition), numbered(&mut next, lines).as_bytes());
                }
                Step::Give { partition, daemon } => cluster.give(&place(partition), daemon),
                Step::Read { daemon, batches } => { daemons[daemon].bench.read_some(batches); }
                Step::After { daemon, seconds } => daemons[daemon].bench.after(Duration::from_secs(seconds)),
                Step::Commit { daemon } => daemons[daemon].commit(&cluster, &mut fleet),
                Step::Kill { daemon } => daemons[daemon].start(&cluster, &mut fleet),
                Step::Expel { daemon, to } => cluster.expel(daemon, to),
                Step::Break { daemon } => {
                    let trouble = Trouble::new(Kind::Other, "a fault");
                    cluster.tell(u32::try_from(daemon + 1).unwrap(), &News::Broken(trouble));
                }
                Step::Fail => cluster.fail(Trouble::new(Kind::Server, "a fault")),
            }
        }
        cluster.mend();
        (0..PARTITIONS).for_each(|it| cluster.give(&place(it), 2));
        for _ in 0..6 {
            for daemon in &mut daemons {
                daemon.bench.after(Duration::from_secs(150));
                daemon.go_on(&cluster, &mut fleet);
            }
        }
        let mut read = fleet.read;
        read.sort();
        let all = read.len();
        read.dedup();
        prop_assert_eq!(all, read.len(), "a line was counted twice");
        prop_assert_eq!(all, usize::try_from(next).unwrap(), "a line was lost");
    }
}
