//! What the client calls back: it is kept as news until we are asked for it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rdkafka::ClientContext;
use rdkafka::Statistics;
use rdkafka::TopicPartitionList;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::KafkaError;
use rdkafka::statistics::Partition;
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};

use crate::sources::kafka::client::words;
use crate::sources::kafka::group::{News, Place};
use crate::sources::kafka::login::harmless;

/// News that are kept; of trouble that is told more often the last is enough.
const MOST: usize = 256;

/// What is kept between a call of the client and our asking.
pub(super) struct Context {
    news: Mutex<VecDeque<News>>,
    /// Why a broker could not be reached, which the client tells before all cannot.
    reason: Mutex<String>,
    secret: Option<String>,
    /// True when nobody asks any more, and partitions are given up at once.
    closing: AtomicBool,
}

impl Context {
    pub(super) fn new(secret: Option<String>) -> Self {
        Self {
            news: Mutex::default(),
            reason: Mutex::default(),
            secret,
            closing: AtomicBool::new(false),
        }
    }

    /// What happened next.
    pub(super) fn news(&self) -> Option<News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    pub(super) fn secret(&self) -> Option<&str> {
        self.secret.as_deref()
    }

    /// Nobody will ask for news any more.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Release);
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    fn tell(&self, it: News) {
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        let droppable = matches!(it, News::Trouble(_) | News::OutOfRange | News::Ends(_));
        if !(droppable && (news.len() >= MOST || news.back() == Some(&it))) {
            news.push_back(it);
        }
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, fac: &str, text: &str) {
        // What matters comes as an error too, and is told in our own words.
        let text = harmless(text, self.secret());
        tracing::debug!(?level, fac, text, "librdkafka");
    }

    fn stats(&self, it: Statistics) {
        let mut ends = Vec::new();
        for topic in it.topics.values() {
            let place = |partition| Place { topic: topic.topic.clone(), partition };
            let known =
                topic.partitions.values().filter_map(|it| Some((place(it.partition), end(it)?)));
            ends.extend(known);
        }
        if !ends.is_empty() {
            self.tell(News::Ends(ends));
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let reason = harmless(reason, self.secret());
        let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown);
        let mut last = self.reason.lock().unwrap_or_else(PoisonError::into_inner);
        let told = words::of(code, &reason, &last);
        if code == RDKafkaErrorCode::BrokerTransportFailure {
            *last = reason;
        }
        drop(last);
        if let Some(news) = told {
            self.tell(news);
        }
    }
}

/// Behind the last message of a partition that is read. What waits in the client is not handed out
/// yet; where nothing waits, and nothing is to be fetched, marks of a transaction may be left.
fn end(it: &Partition) -> Option<u64> {
    let end = u64::try_from(it.ls_offset).ok().filter(|_| it.fetch_state == "active")?;
    let all = it.fetchq_cnt == 0 && it.next_offset >= it.ls_offset;
    Some(if all { 0 } else { end })
}

impl ConsumerContext for Context {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        code: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        let assigned = code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if self.is_closing() {
            let given = match consumer.rebalance_protocol() {
                RebalanceProtocol::Cooperative if !assigned => consumer.incremental_unassign(list),
                _ => consumer.unassign(),
            };
            return given.unwrap_or_else(|error| tracing::debug!(%error, "cannot be given up"));
        }
        let elements = list.elements();
        let places = elements
            .iter()
            .map(|it| Place { topic: it.topic().to_owned(), partition: it.partition() });
        let places = places.collect();
        self.tell(match (assigned, consumer.assignment_lost()) {
            (true, _) => News::Assigned(places),
            (false, false) => News::Revoked(places),
            (false, true) => News::Lost(places),
        });
    }
}
