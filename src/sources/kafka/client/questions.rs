//! A thread that asks what has to be waited for, one question after the other.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rdkafka::Offset;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::metadata::MetadataTopic;
use rdkafka::types::RDKafkaErrorCode;

use crate::sources::Waker;
use crate::sources::azure::trouble::Trouble;
use crate::sources::kafka::client::Member;
use crate::sources::kafka::client::bare;
use crate::sources::kafka::client::context::Context;
use crate::sources::kafka::client::words;
use crate::sources::kafka::group::{Known, News, Place, Taken};
use crate::sources::kafka::login::harmless;

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(10);
const HURRY: Duration = Duration::from_secs(1);

/// How long leaving the group may take at the end.
const LEAVE: Duration = Duration::from_secs(8);

/// How often the group is told how far we are, also at the end: it takes nothing while it hands out
/// partitions.
const FIRST: usize = 10;
const LAST: usize = 40;
const AGAIN: Duration = Duration::from_millis(100);

enum Question {
    Ask(Member, Vec<Place>),
    Tell(Member, TopicPartitionList),
    Close(Member),
}

/// Who asks. The source asks for one thing at a time, so nothing piles up.
pub(super) struct Questions {
    asked: mpsc::Sender<Question>,
    answers: mpsc::Receiver<Option<News>>,
}

impl Questions {
    pub(super) fn start(wake: Option<Waker>) -> std::io::Result<Self> {
        let (asked, questions) = mpsc::channel();
        let (told, answers) = mpsc::channel();
        thread::Builder::new().name("kafka".to_owned()).spawn(move || {
            for question in questions {
                let answer = match question {
                    Question::Ask(member, places) => Some(ask(&member, places)),
                    Question::Tell(member, list) => Some(News::Told(tell(&member, &list))),
                    Question::Close(member) => {
                        drop(member);
                        None
                    }
                };
                if told.send(answer).is_err() {
                    return;
                }
                wake.as_ref().inspect(|wake| wake());
            }
        })?;
        Ok(Self { asked, answers })
    }

    pub(super) fn ask(&self, member: Member, places: Vec<Place>) {
        let _ = self.asked.send(Question::Ask(member, places));
    }

    pub(super) fn tell(&self, member: Member, upto: TopicPartitionList) {
        let _ = self.asked.send(Question::Tell(member, upto));
    }

    /// Leaves the group, and ends the member.
    pub(super) fn close(&self, member: Member) {
        member.consumer.context().close();
        let _ = self.asked.send(Question::Close(member));
    }

    pub(super) fn answer(&self) -> Option<News> {
        self.answers.try_iter().flatten().next()
    }

    /// Waits until what was closed is closed, but not for long.
    pub(super) fn wait(&self) {
        while let Ok(Some(_)) = self.answers.recv_timeout(LEAVE) {}
    }
}

/// What the cluster knows of these partitions. The topics are asked for as well, so that one
/// that is not there is told by its name; the others are read all the same.
fn ask(member: &Member, places: Vec<Place>) -> News {
    let consumer = &*member.consumer;
    let mut missing = None;
    for topic in member.topics.iter() {
        match is_there(consumer, topic) {
            Ok(trouble) => missing = missing.or(trouble),
            // Who does not answer this answers nothing else.
            Err(trouble) => return News::Known(Vec::new(), Some(trouble)),
        }
    }
    if places.is_empty() {
        return News::Known(Vec::new(), missing);
    }
    match known(consumer, places) {
        Ok(known) => News::Known(known, missing),
        Err(trouble) => News::Known(Vec::new(), Some(trouble)),
    }
}

/// Whether the group takes it. The client waits for the coordinator of the group if it must.
fn tell(member: &Member, upto: &TopicPartitionList) -> Taken {
    let closing = member.consumer.context().is_closing();
    for _ in 0..if closing { LAST } else { FIRST } {
        let Err(error) = member.consumer.commit(upto, CommitMode::Sync) else { return Taken::Yes };
        tracing::debug!(%error, "the group was not told how far we are");
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::RebalanceInProgress) => thread::sleep(AGAIN),
            Some(RDKafkaErrorCode::UnknownMemberId | RDKafkaErrorCode::IllegalGeneration) => {
                return Taken::Never;
            }
            _ => return Taken::Later,
        }
    }
    Taken::Later
}

/// What is wrong with a topic, if anything.
fn is_there(consumer: &BaseConsumer<Context>, topic: &str) -> Result<Option<Trouble>, Trouble> {
    let found = consumer.fetch_metadata(Some(topic), ANSWER);
    let found = found.map_err(|it| refused(consumer, "the topics", &it))?;
    let error = found.topics().iter().find_map(MetadataTopic::error);
    Ok(error.map(|it| {
        let code = RDKafkaErrorCode::from(it);
        words::trouble(code, &format!("topic `{topic}`: {code}"))
    }))
}

fn known(consumer: &BaseConsumer<Context>, places: Vec<Place>) -> Result<Vec<Known>, Trouble> {
    let committed = consumer.committed_offsets(bare(&places), ANSWER);
    let committed = committed.map_err(|it| refused(consumer, "the offsets of the group", &it))?;
    let mut known = Vec::new();
    let mut patience = ANSWER;
    for place in places {
        let found = committed.find_partition(&place.topic, place.partition);
        let committed = found.and_then(|it| match it.offset() {
            Offset::Offset(offset) => Some((u64::try_from(offset).ok()?, it.metadata().to_owned())),
            _ => None,
        });
        let there = there(consumer, &place, patience);
        // Where one has no broker, more may have none, and are not waited for as long.
        patience = if there.is_some() { ANSWER } else { HURRY };
        known.push(Known { place, committed, there });
    }
    Ok(known)
}

fn there(
    consumer: &BaseConsumer<Context>,
    place: &Place,
    patience: Duration,
) -> Option<(u64, u64)> {
    let found: KafkaResult<(i64, i64)> =
        consumer.fetch_watermarks(&place.topic, place.partition, patience);
    let (low, high) = found.ok()?;
    Some((u64::try_from(low).ok()?, u64::try_from(high).ok()?))
}

fn refused(consumer: &BaseConsumer<Context>, what: &str, error: &KafkaError) -> Trouble {
    let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown);
    let text = harmless(&code.to_string(), consumer.context().secret());
    words::trouble(code, &format!("{what} cannot be asked for: {text}"))
}
