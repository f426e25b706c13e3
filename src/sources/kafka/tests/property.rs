//! Whatever happens in whatever order: no line twice, and none lost that is there.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

const PARTITIONS: i32 = 3;

#[derive(Debug, Clone)]
enum Step {
    Produce { partition: i32, lines: u8 },
    Give { partition: i32, daemon: u32 },
    Read { daemon: usize, batches: usize },
    After { daemon: usize, seconds: u64 },
    Commit { daemon: usize },
    Kill { daemon: usize },
    Break { daemon: usize },
    Fail,
    Trim { partition: i32, messages: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let (partition, daemon) = (|| 0..PARTITIONS, || 0..2_usize);
    prop_oneof![
        6 => (partition(), 0..120_u8).prop_map(|(partition, lines)| Step::Produce { partition, lines }),
        3 => (partition(), 0..3_u32).prop_map(|(partition, daemon)| Step::Give { partition, daemon }),
        6 => (daemon(), 1..9_usize).prop_map(|(daemon, batches)| Step::Read { daemon, batches }),
        2 => (daemon(), 1..90_u64).prop_map(|(daemon, seconds)| Step::After { daemon, seconds }),
        5 => daemon().prop_map(|daemon| Step::Commit { daemon }),
        2 => daemon().prop_map(|daemon| Step::Kill { daemon }),
        1 => daemon().prop_map(|daemon| Step::Break { daemon }),
        1 => Just(Step::Fail),
        1 => (partition(), 1..4_u64).prop_map(|(partition, messages)| Step::Trim { partition, messages }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Two daemons with a store each. Partitions move between them; either is killed, loses what
    /// it did not store, and comes back before the group has given its partitions to the other.
    #[test]
    fn each_line_is_counted_once_by_one_of_them(steps in prop::collection::vec(step(), 1..60)) {
        let cluster = FakeCluster::default();
        let small = KafkaConfig { max_record_bytes: crate::model::size::ByteSize(1), ..config() };
        let mut daemons = [1, 2].map(|it| Bench::new(&cluster, it, small.clone()));
        let (mut next, mut ends, mut trimmed) = (0, BTreeMap::<i32, u64>::new(), false);
        (0..PARTITIONS).for_each(|it| cluster.give(&place(it), 1));
        for step in steps {
            match step {
                Step::Produce { partition, lines } => {
                    cluster.produce(&place(partition), numbered(&mut next, lines).as_bytes());
                    *ends.entry(partition).or_default() += 1;
                }
                Step::Give { partition, daemon } => cluster.give(&place(partition), daemon),
                Step::Read { daemon, batches } => { daemons[daemon].read_some(batches); }
                Step::After { daemon, seconds } => daemons[daemon].after(Duration::from_secs(seconds)),
                Step::Commit { daemon } => daemons[daemon].commit(),
                Step::Kill { daemon } => daemons[daemon].kill(&cluster),
                // A client that breaks before it could tell what was stored before a kill leaves
                // that to be read again; with a store for all it would not.
                Step::Break { daemon } if daemons[daemon].source().streams.values().any(|it| !it.compared) => {}
                Step::Break { daemon } => {
                    let trouble = Trouble::new(Kind::Other, "a fault");
                    cluster.tell(u32::try_from(daemon + 1).unwrap(), &News::Broken(trouble));
                }
                Step::Fail => cluster.fail(Trouble::new(Kind::Server, "a fault")),
                Step::Trim { partition, messages } => {
                    trimmed = true;
                    cluster.trim(&place(partition), ends.get(&partition).map_or(0, |it| it.saturating_sub(messages)));
                }
            }
        }
        cluster.mend();
        (0..PARTITIONS).for_each(|it| cluster.give(&place(it), 2));
        for _ in 0..6 {
            for daemon in &mut daemons {
                daemon.after(Duration::from_secs(150));
                daemon.commit();
            }
        }
        let mut read: Vec<_> = daemons.iter().flat_map(|it| it.read.clone()).collect();
        read.sort();
        let all = read.len();
        read.dedup();
        prop_assert_eq!(all, read.len(), "a line was read twice");
        if !trimmed {
            prop_assert_eq!(all, usize::try_from(next).unwrap(), "a line was lost");
        }
    }
}
