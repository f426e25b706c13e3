//! A member of a group, by way of librdkafka: [`Group`].
//!
//! Its threads fetch; we poll, without waiting, on the thread of the engine, and are woken when
//! something is there. What would wait for an answer is asked by a thread of ours.

mod context;
mod questions;
mod words;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::Message as _;
use rdkafka::Offset;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer, RebalanceProtocol};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::BorrowedMessage;

use crate::sources::Waker;
use crate::sources::azure::trouble::{Kind, Trouble};
use crate::sources::kafka::client::context::Context;
use crate::sources::kafka::client::questions::Questions;
use crate::sources::kafka::config::KafkaConfig;
use crate::sources::kafka::group::{Group, Message, News, Place, Taken, Upto};
use crate::sources::kafka::login::Login;
use crate::sources::kafka::login::harmless;

/// Events without a message that are passed over in one call.
const MOST: usize = 64;

/// A membership.
pub(super) struct Client {
    config: KafkaConfig,
    wake: Option<Waker>,
    member: Option<Member>,
    questions: Questions,
    /// What a call of ours brought about.
    next: VecDeque<News>,
    /// True once the member was started on something: a start of what it has is a seek.
    held: BTreeSet<Place>,
}

/// A consumer, and what it answers to.
#[derive(Clone)]
struct Member {
    consumer: Arc<BaseConsumer<Context>>,
    topics: Arc<Vec<String>>,
}

impl Client {
    /// A client that joins the group; nobody is waited for. Files that cannot be read now are
    /// told as trouble later, since they may come.
    pub(super) fn open(config: &KafkaConfig, wake: Option<Waker>) -> Result<Self, Trouble> {
        let questions = Questions::start(wake.clone())
            .map_err(|error| Trouble::new(Kind::Other, format!("no thread: {error}")))?;
        let mut client = Self {
            config: config.clone(),
            wake,
            member: None,
            questions,
            next: VecDeque::new(),
            held: BTreeSet::new(),
        };
        if let Err(trouble) = client.reopen() {
            client.next.push_back(News::Broken(trouble));
        }
        Ok(client)
    }

    fn join(&self) -> Result<Member, Trouble> {
        let login = Login::read(&self.config)?;
        let secret = login.secret.as_deref();
        let refused = |what: &str, error: KafkaError| {
            let text = harmless(&error.to_string(), secret);
            Trouble::new(Kind::Other, format!("{what}: {text}"))
        };
        let mut config = ClientConfig::new();
        for (name, value) in &login.properties {
            config.set(*name, value);
        }
        let context = Context::new(login.secret.clone());
        let consumer: KafkaResult<BaseConsumer<Context>> = config.create_with_context(context);
        let mut consumer = consumer.map_err(|it| refused("the client cannot be made", it))?;
        if let Some(wake) = self.wake.clone() {
            consumer.set_nonempty_callback(move || wake());
        }
        let topics: Vec<_> = login.topics.iter().map(String::as_str).collect();
        consumer.subscribe(&topics).map_err(|it| refused("the topics cannot be asked for", it))?;
        Ok(Member { consumer: Arc::new(consumer), topics: Arc::new(login.topics.clone()) })
    }

    /// What one event of the client comes to.
    fn poll(member: &Member) -> Polled {
        match member.consumer.poll(Duration::ZERO) {
            Some(Ok(message)) => {
                taken(&message).map_or(Polled::Other, |it| Polled::News(News::Message(it)))
            }
            Some(Err(KafkaError::MessageConsumptionFatal(code))) => {
                let text = harmless(&code.to_string(), None);
                let what = format!("the client gave up: {text}; it is begun anew");
                Polled::News(News::Broken(Trouble::new(Kind::Other, what)))
            }
            // The context was told, with the words of the client.
            Some(Err(_)) => Polled::Other,
            None => Polled::Nothing,
        }
    }
}

/// What a poll came to.
enum Polled {
    News(News),
    Other,
    Nothing,
}

fn taken(message: &BorrowedMessage<'_>) -> Option<Message> {
    let place = Place { topic: message.topic().to_owned(), partition: message.partition() };
    let offset = u64::try_from(message.offset()).ok()?;
    Some(Message { place, offset, bytes: message.payload().unwrap_or_default().to_vec() })
}

impl Group for Client {
    fn next(&mut self) -> Option<News> {
        if let Some(news) = self.next.pop_front().or_else(|| self.questions.answer()) {
            return Some(news);
        }
        let member = self.member.as_ref()?;
        let context = member.consumer.context();
        for _ in 0..MOST {
            if let Some(news) = context.news() {
                return Some(news);
            }
            match Self::poll(member) {
                Polled::News(news) => return Some(news),
                Polled::Other => {}
                Polled::Nothing => return context.news(),
            }
        }
        None
    }

    fn ask(&mut self, places: Vec<Place>) {
        match &self.member {
            Some(member) => self.questions.ask(member.clone(), places),
            None => {
                let trouble = Trouble::new(Kind::Connection, "there is no client at the moment");
                self.next.push_back(News::Known(Vec::new(), Some(trouble)));
            }
        }
    }

    fn start(&mut self, from: &[(Place, u64)]) -> Result<(), Trouble> {
        let Some(member) = &self.member else { return Ok(()) };
        let (again, new): (Vec<_>, Vec<_>) =
            from.iter().cloned().partition(|(place, _)| self.held.contains(place));
        let consumer = &member.consumer;
        let begun = list(&new).and_then(|new| match (new.count(), again.len()) {
            (0, 1..) => Ok(()),
            _ => match consumer.rebalance_protocol() {
                RebalanceProtocol::Cooperative => consumer.incremental_assign(&new),
                _ => consumer.assign(&new),
            },
        });
        let sought = begun.and_then(|()| list(&again)).and_then(|again| match again.count() {
            0 => Ok(()),
            _ => restart(consumer, &again),
        });
        let refused = |error: KafkaError| {
            let secret = consumer.context().secret();
            let text = harmless(&error.to_string(), secret);
            Trouble::new(Kind::Other, format!("partitions cannot be begun: {text}"))
        };
        sought.map_err(refused)?;
        self.held.extend(new.into_iter().map(|(place, _)| place));
        Ok(())
    }

    fn give_up(&mut self, places: &[Place]) {
        let Some(member) = &self.member else { return };
        let consumer = &member.consumer;
        let given = match consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => consumer.incremental_unassign(&bare(places)),
            _ => consumer.unassign(),
        };
        if let Err(error) = given {
            tracing::debug!(%error, "partitions cannot be given up");
        }
        places.iter().for_each(|it| {
            self.held.remove(it);
        });
    }

    fn commit(&mut self, upto: &[Upto]) {
        let places: Vec<_> = upto.iter().map(|it| (it.place.clone(), it.offset)).collect();
        let list = list(&places).inspect(|list| {
            for (mut it, upto) in list.elements().into_iter().zip(upto) {
                it.set_metadata(&upto.by);
            }
        });
        match (&self.member, list) {
            (Some(member), Ok(list)) => self.questions.tell(member.clone(), list),
            _ => self.next.push_back(News::Told(Taken::Later)),
        }
    }

    fn reopen(&mut self) -> Result<(), Trouble> {
        if let Some(member) = self.member.take() {
            self.questions.close(member);
        }
        self.held.clear();
        self.member = Some(self.join()?);
        Ok(())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(member) = self.member.take() {
            self.questions.close(member);
            self.questions.wait();
        }
    }
}

/// Begins partitions again that are read already.
fn restart(consumer: &BaseConsumer<Context>, again: &TopicPartitionList) -> KafkaResult<()> {
    consumer.incremental_unassign(again)?;
    consumer.incremental_assign(again)
}

fn list(from: &[(Place, u64)]) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::with_capacity(from.len());
    for (place, offset) in from {
        let offset = Offset::Offset(i64::try_from(*offset).unwrap_or(i64::MAX));
        list.add_partition_offset(&place.topic, place.partition, offset)?;
    }
    Ok(list)
}

fn bare(places: &[Place]) -> TopicPartitionList {
    let mut list = TopicPartitionList::with_capacity(places.len());
    for place in places {
        list.add_partition(&place.topic, place.partition);
    }
    list
}
