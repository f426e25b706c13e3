//! The client itself, against the mock cluster that it brings along: real sockets, on loopback.

use std::time::Instant;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use rdkafka::{Offset, TopicPartitionList};
use xxhash_rust::xxh3::xxh3_64;

use super::steady::{Witness, steadily};
use super::*;
use crate::sources::kafka::client::Client;

const BROKERS: i32 = 3;
const PARTITIONS: i32 = 4;

/// A cluster, and who writes into it.
struct Cluster {
    mock: MockCluster<'static, DefaultProducerContext>,
    producer: BaseProducer,
    written: usize,
}

impl Cluster {
    fn new() -> Self {
        let mock = MockCluster::new(BROKERS).unwrap();
        mock.create_topic("runs", PARTITIONS, BROKERS).unwrap();
        let producer = ClientConfig::new()
            .set("bootstrap.servers", mock.bootstrap_servers())
            .set("enable.idempotence", "true")
            .create()
            .unwrap();
        Self { mock, producer, written: 0 }
    }

    /// Writes so many messages, one numbered line each, and waits until they are there.
    fn produce(&mut self, messages: usize) {
        for _ in 0..messages {
            let line = format!("{:06}\n", self.written);
            self.send(i32::try_from(self.written).unwrap() % PARTITIONS, line.as_bytes());
            self.written += 1;
        }
        self.producer.flush(Duration::from_secs(20)).unwrap();
    }

    fn send(&self, partition: i32, bytes: &[u8]) {
        let record = BaseRecord::<(), _>::to("runs").partition(partition).payload(bytes);
        self.producer.send(record).map_err(|(error, _)| error).unwrap();
    }

    fn config(&self) -> KafkaConfig {
        KafkaConfig {
            brokers: self.mock.bootstrap_servers().split(',').map(str::to_owned).collect(),
            // The mock cluster expels who does not join again within a second less.
            session_timeout: Duration::from_secs(6),
            ..config()
        }
    }

    /// What the group was told of all partitions.
    fn told(&self) -> i64 {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", self.mock.bootstrap_servers())
            .set("group.id", "shirwatch")
            .create()
            .unwrap();
        let mut list = TopicPartitionList::new();
        list.add_partition_range("runs", 0, PARTITIONS - 1);
        let found = consumer.committed_offsets(list, Duration::from_secs(10)).unwrap();
        let offset = |it: Offset| if let Offset::Offset(it) = it { it } else { 0 };
        found.elements().iter().map(|it| offset(it.offset())).sum()
    }
}

/// A daemon that has joined.
fn daemon(config: KafkaConfig) -> Bench {
    let mut bench = Bench::bare(1, config);
    join(&mut bench, false);
    bench
}

fn join(bench: &mut Bench, once: bool) {
    let client = Client::open(&bench.config, None).unwrap_or_else(|it| panic!("{it}"));
    bench.begin(Box::new(Witness::of(client)), once);
}

/// Ends without a commit while the others go on, and begins again from the store.
fn restart(daemons: &mut Vec<Bench>, who: usize) {
    let mut gone = daemons.remove(who);
    gone.fresh.clear();
    let source = gone.source.take();
    let left = std::thread::spawn(move || drop(source));
    until("it does not end", daemons, |_| left.is_finished());
    join(&mut gone, false);
    daemons.push(gone);
}

/// Reads with all daemons until it is so, as the engine would.
#[track_caller]
fn until(what: &str, daemons: &mut [Bench], so: impl Fn(&[Bench]) -> bool) {
    until_within(45, what, daemons, so);
}

#[track_caller]
fn until_within(seconds: u64, what: &str, daemons: &mut [Bench], so: impl Fn(&[Bench]) -> bool) {
    let begun = Instant::now();
    let times: Vec<_> = daemons.iter().map(|it| it.now).collect();
    while !so(daemons) {
        let errors: Vec<_> = daemons.iter_mut().map(Bench::errors).collect();
        assert!(begun.elapsed() < Duration::from_secs(seconds), "{what}; {errors:?}");
        for (daemon, time) in daemons.iter_mut().zip(&times) {
            daemon.now = time.checked_add(begun.elapsed()).unwrap();
            daemon.read_some(16);
            daemon.commit();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn lines(daemons: &[Bench]) -> usize {
    daemons.iter().map(|it| it.read.len()).sum()
}

/// Each of so many lines was counted once, and nothing else was.
#[track_caller]
fn exact(daemons: &[Bench], written: usize) {
    let mut read: Vec<_> = daemons.iter().flat_map(|it| it.read.iter().cloned()).collect();
    read.sort();
    let expected: Vec<_> = (0..written).map(|it| format!("{it:06}")).collect();
    let twice = read.windows(2).filter(|it| it[0] == it[1]).map(|it| &it[0]);
    let twice: Vec<_> = twice.collect();
    assert!(read == expected, "{} of {written} lines; twice: {twice:?}", read.len());
}

#[test]
fn what_was_written_is_read_once_and_the_group_is_told() {
    steadily(|| {
        let mut cluster = Cluster::new();
        cluster.produce(500);
        let mut daemons = vec![daemon(cluster.config())];
        until("nothing is read", &mut daemons, |it| lines(it) > 50);
        daemons[0].read_some(20);
        restart(&mut daemons, 0);
        until("not all is read", &mut daemons, |it| lines(it) >= 500);
        exact(&daemons, cluster.written);
        daemons[0].source = None;
        assert_eq!(cluster.told(), 500, "the last is told when we leave");
        // Another store goes on where the group is.
        cluster.produce(20);
        let mut another = [daemon(cluster.config())];
        until("not all is read", &mut another, |it| lines(it) >= 20);
        assert_eq!(lines(&another), 20);
    });
}

#[test]
fn brokers_that_are_lost_are_told_and_nothing_is_lost_with_them() {
    steadily(|| {
        let mut cluster = Cluster::new();
        cluster.produce(100);
        let mut daemons = [daemon(cluster.config())];
        until("not all is read", &mut daemons, |it| lines(it) >= 100);
        cluster.mock.broker_down(-1).unwrap();
        let told = |it: &[Bench]| {
            let status = it[0].source.as_ref().unwrap().status();
            status.errors.values().any(|it| it.contains("check `brokers`, the network"))
        };
        until("the loss is not told", &mut daemons, told);
        cluster.mock.broker_up(-1).unwrap();
        cluster.produce(100);
        until("not all is read", &mut daemons, |it| lines(it) >= 200 && !told(it));
        exact(&daemons, cluster.written);
    });
}

#[test]
fn partitions_that_move_between_brokers_and_members_are_read_once() {
    steadily(|| {
        let mut cluster = Cluster::new();
        cluster.produce(200);
        let mut daemons = vec![daemon(cluster.config())];
        until("not all is read", &mut daemons, |it| lines(it) >= 200);
        for partition in 0..PARTITIONS {
            cluster
                .mock
                .partition_leader("runs", partition, Some(1 + partition % BROKERS))
                .unwrap();
        }
        until("the group takes nothing", &mut daemons, |it| it.iter().all(is_settled));
        daemons.push(daemon(cluster.config()));
        cluster.produce(200);
        until("the other has no share", &mut daemons, |it| {
            holds(&it[0]) == 2 && holds(&it[1]) == 2
        });
        cluster.produce(200);
        until("not all is read", &mut daemons, |it| lines(it) >= 600);
        // On a busy machine the group may have moved partitions once more meanwhile.
        assert!(!daemons[1].read.is_empty(), "the other read of its share");
        // The first leaves; its share goes to the other.
        daemons[0].source = None;
        cluster.produce(200);
        let left = daemons[0].read.len();
        until("not all is read", &mut daemons[1..], |it| lines(it) + left >= 800);
        exact(&daemons, cluster.written);
    });
}

fn holds(bench: &Bench) -> usize {
    let streams = bench.source.as_ref().map_or(Vec::new(), |it| it.streams.values().collect());
    streams.iter().filter(|it| it.hold == Hold::Held).count()
}

#[test]
fn what_the_cluster_no_longer_keeps_is_counted_and_read_on_behind_it() {
    steadily(|| {
        let mut cluster = Cluster::new();
        cluster.produce(8);
        let mut daemons = [daemon(cluster.config())];
        until("not all is read", &mut daemons, |it| lines(it) >= 8);
        daemons[0].source = None;
        // The mock cluster keeps 5 MiB of a partition.
        let large = vec![b'x'; 500_000];
        for _ in 0..20 {
            cluster.send(0, &large);
        }
        cluster.producer.flush(Duration::from_secs(20)).unwrap();
        join(&mut daemons[0], false);
        until("the gap is not told", &mut daemons, |it| it[0].missed() > 0.0);
        let written = 8 + 20;
        let count = |it: &Bench| it.read.len() + it.missed() as usize;
        until("not all is read", &mut daemons, |it| count(&it[0]) >= written);
        assert_eq!(count(&daemons[0]), written);
    });
}

#[test]
fn who_reads_too_slowly_is_told_what_was_dropped_meanwhile() {
    steadily(|| {
        let mut cluster = Cluster::new();
        cluster.produce(8);
        let mut daemons = [daemon(cluster.config())];
        until("not all is read", &mut daemons, |it| lines(it) >= 8);
        // Nobody takes anything: the client fills its queue, and the cluster drops what is behind it.
        let large = vec![b'x'; 500_000];
        for _ in 0..100 {
            cluster.send(0, &large);
            cluster.producer.flush(Duration::from_secs(20)).unwrap();
        }
        let count = |it: &Bench| it.read.len() + it.missed() as usize;
        until("not all is read", &mut daemons, |it| count(&it[0]) >= 108);
        assert_eq!(count(&daemons[0]), 108);
        assert!(daemons[0].missed() > 0.0, "the queue is bounded");
    });
}

#[test]
fn a_topic_that_is_not_there_is_told_by_its_name_and_the_others_are_read() {
    steadily(|| {
        let mut cluster = Cluster::new();
        cluster.produce(20);
        let mut both = cluster.config();
        both.topics.push("rnus".to_owned());
        let code = rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        cluster.mock.create_topic("rnus", 1, 1).unwrap();
        cluster.mock.topic_error("rnus", code).unwrap();
        let mut daemons = [daemon(both)];
        let told = |it: &[Bench]| {
            let status = it[0].source.as_ref().unwrap().status();
            status.errors.values().any(|it| it.contains("rnus") && it.contains("check `topics`"))
        };
        until("it is not told", &mut daemons, |it| told(it) && lines(it) >= 20);
        exact(&daemons, cluster.written);
    });
}

#[test]
fn a_login_that_is_refused_is_told_without_the_password() {
    steadily(|| {
        let cluster = Cluster::new();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "not-a-real-password\n").unwrap();
        let sasl = config::Sasl {
            mechanism: config::Mechanism::Plain,
            username: "somebody".to_owned(),
            password_file: file.path().to_owned(),
        };
        let protocol = config::SecurityProtocol::SaslPlaintext;
        let login =
            KafkaConfig { sasl: Some(sasl), security_protocol: Some(protocol), ..cluster.config() };
        let mut daemons = [daemon(login)];
        until("it is not told", &mut daemons, |it| {
            !it[0].source.as_ref().unwrap().status().errors.is_empty()
        });
        let told = daemons[0].errors();
        assert!(told.contains("the login is refused"), "{told}");
        assert!(!told.contains("not-a-real-password"), "{told}");
        // The password is read anew.
        std::fs::remove_file(file.path()).unwrap();
        until("it is not read anew", &mut daemons, |it| {
            let status = it[0].source.as_ref().unwrap().status();
            status.errors.values().any(|it| it.contains("`password_file`"))
        });
    });
}

#[test]
fn reading_once_ends_at_the_end_of_all_partitions() {
    steadily(|| {
        let mut cluster = Cluster::new();
        cluster.produce(40);
        let mut bench = Bench::bare(1, cluster.config());
        join(&mut bench, true);
        let mut daemons = [bench];
        until("it does not end", &mut daemons, |it| {
            it[0].source.as_ref().unwrap().status().finished
        });
        exact(&daemons, cluster.written);
    });
}

/// Dice that fall the same way for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = xxh3_64(&self.0.to_le_bytes());
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

#[test]
fn each_number_is_counted_once_whatever_is_killed_and_moved() {
    steadily(|| {
        let seed = std::env::var("SHIRWATCH_SEED").map_or(1, |it| it.parse().unwrap());
        if std::env::var_os("SHIRWATCH_TRACE").is_some() {
            tracing_subscriber::fmt()
                .with_max_level(tracing::Level::DEBUG)
                .with_test_writer()
                .try_init()
                .ok();
        }
        let mut dice = Dice(seed);
        let mut cluster = Cluster::new();
        let mut daemons = vec![daemon(cluster.config())];
        cluster.produce(100);
        until("nothing is read", &mut daemons, |it| lines(it) > 0);
        for _ in 0..12 {
            cluster.produce(1 + dice.roll(120));
            match dice.roll(7) {
                // Killed with what it has not stored, and back. It has told what it has stored: what a
                // store knows and the group does not is counted again by who comes next.
                0 | 1 => {
                    let who = dice.roll(daemons.len());
                    until("the group takes nothing", &mut daemons, |it| it.iter().all(is_settled));
                    cluster.produce(1 + dice.roll(40));
                    daemons[who].read_some(dice.roll(40));
                    restart(&mut daemons, who);
                }
                2 => {
                    let (partition, to) = (dice.roll(4), 1 + dice.roll(3));
                    let (partition, to) =
                        (i32::try_from(partition).unwrap(), i32::try_from(to).unwrap());
                    cluster.mock.partition_leader("runs", partition, Some(to)).unwrap();
                }
                3 => {
                    let broker = 1 + i32::try_from(dice.roll(3)).unwrap();
                    cluster.mock.broker_down(broker).unwrap();
                    some_time(&mut daemons, 300);
                    cluster.mock.broker_up(broker).unwrap();
                }
                4 if daemons.len() < 3 => daemons.push(daemon(cluster.config())),
                // Leaves, and comes back some day.
                5 if daemons.len() > 1 => {
                    let who = dice.roll(daemons.len());
                    until("the group takes nothing", &mut daemons, |it| it.iter().all(is_settled));
                    restart(&mut daemons, who);
                }
                _ => some_time(&mut daemons, 400),
            }
        }
        let written = cluster.written;
        until_within(90, "not all is read", &mut daemons, |it| lines(it) >= written);
        some_time(&mut daemons, 1_500);
        println!("seed {seed}: {written} lines, {} daemons", daemons.len());
        exact(&daemons, written);
    });
}

/// True when it has its share, and told the group all that it stored. Brokers take that at any
/// time but the moment in which shares are handed out; the mock cluster takes nothing from then on
/// until all have joined again.
fn is_settled(bench: &Bench) -> bool {
    let Some(source) = &bench.source else { return false };
    let open = |it: &Stream| it.waits() || it.hold != Hold::Away && it.untold().is_some();
    source.share.joined_at.is_some() && !source.streams.values().any(open)
}

fn some_time(daemons: &mut [Bench], millis: u64) {
    let end = Instant::now() + Duration::from_millis(millis);
    until("time does not pass", daemons, |_| Instant::now() >= end);
}
