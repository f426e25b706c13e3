//! A Kafka cluster for the end-to-end tests, in a process of its own: three brokers on loopback, by
//! the mock cluster that the client library brings along. It hands out partitions to a group as
//! Kafka does, as long as tests/e2e/cluster.c is preloaded.
//!
//! ```text
//! mock_kafka TOPIC PARTITIONS FILE
//! ```
//!
//! writes where its brokers are into FILE, and does what it is told on standard input:
//!
//! ```text
//! send PARTITION TEXT       writes a message
//! leader PARTITION BROKER   another of the brokers 1 to 3 has the partition
//! away BROKER MILLIS        a broker does not answer for so long; nothing is written meanwhile
//! ```

use std::error::Error;
use std::io::BufRead;
use std::thread::sleep;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};

type Failed = Box<dyn Error>;

const BROKERS: i32 = 3;

/// How long messages may be on their way.
const PATIENCE: Duration = Duration::from_secs(30);

struct Cluster {
    mock: MockCluster<'static, DefaultProducerContext>,
    producer: BaseProducer,
    topic: String,
}

fn main() -> Result<(), Failed> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [topic, partitions, file] = &arguments[..] else {
        return Err("usage: mock_kafka TOPIC PARTITIONS FILE".into());
    };
    let cluster = Cluster::new(topic, partitions.parse()?)?;
    std::fs::write(file, cluster.mock.bootstrap_servers())?;
    for order in std::io::stdin().lock().lines() {
        cluster.obey(&order?)?;
    }
    Ok(())
}

impl Cluster {
    fn new(topic: &str, partitions: i32) -> Result<Self, Failed> {
        let mock = MockCluster::new(BROKERS)?;
        mock.create_topic(topic, partitions, BROKERS)?;
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", mock.bootstrap_servers());
        // A message that is sent again is not written again.
        config.set("enable.idempotence", "true");
        Ok(Self { mock, producer: config.create()?, topic: topic.to_owned() })
    }

    fn obey(&self, order: &str) -> Result<(), Failed> {
        match order.splitn(3, ' ').collect::<Vec<_>>()[..] {
            ["send", partition, text] => self.send(partition.parse()?, text),
            ["leader", partition, broker] => {
                let broker = Some(broker.parse()?);
                Ok(self.mock.partition_leader(&self.topic, partition.parse()?, broker)?)
            }
            ["away", broker, millis] => {
                let (broker, millis) = (broker.parse()?, millis.parse()?);
                self.producer.flush(PATIENCE)?;
                self.mock.broker_down(broker)?;
                sleep(Duration::from_millis(millis));
                Ok(self.mock.broker_up(broker)?)
            }
            _ => Err(format!("no order: {order}").into()),
        }
    }

    fn send(&self, partition: i32, text: &str) -> Result<(), Failed> {
        let record = BaseRecord::<(), _>::to(&self.topic).partition(partition).payload(text);
        self.producer.send(record).map_err(|(error, _)| error)?;
        self.producer.poll(Duration::ZERO);
        Ok(())
    }
}
