//! A consumer group, as the source sees it: what happens there, and what it is told.

use std::fmt;

use crate::sources::azure::trouble::Trouble;

/// A partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub(super) topic: String,
    pub(super) partition: i32,
}

impl Place {
    /// The place that is written so, as the key of a checkpoint.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (topic, partition) = text.rsplit_once('/')?;
        Some(Self { topic: topic.to_owned(), partition: partition.parse().ok()? })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.topic, self.partition)
    }
}

/// A message; one without a body is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) place: Place,
    pub(super) offset: u64,
    pub(super) bytes: Vec<u8>,
}

/// What the cluster knows of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) place: Place,
    /// Where the group goes on, and who said so.
    pub(super) committed: Option<(u64, String)>,
    /// The first offset that is there, and the one behind the last; `None` when that cannot be
    /// told now.
    pub(super) there: Option<(u64, u64)>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum News {
    /// A message of a partition that was started.
    Message(Message),
    /// The group gives us these; nothing comes of them before they are started.
    Assigned(Vec<Place>),
    /// The group takes these back, and waits until they are given up.
    Revoked(Vec<Place>),
    /// The group has given these to others, as it did not hear of us.
    Lost(Vec<Place>),
    /// The answer to what was asked, as far as there is one, and why not all of it.
    Known(Vec<Known>, Option<Trouble>),
    /// Behind the last message of each of these; 0 where all that is there was handed out.
    Ends(Vec<(Place, u64)>),
    /// A partition was started where nothing is any more.
    OutOfRange,
    /// What became of what was committed last.
    Told(Taken),
    /// Something is wrong; the client goes on trying.
    Trouble(Trouble),
    /// Something is wrong, and the client is of no more use.
    Broken(Trouble),
}

/// Where the group would go on, and the name of the store that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Upto {
    pub(super) place: Place,
    pub(super) offset: u64,
    pub(super) by: String,
}

/// Whether the group takes how far we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// It knows now.
    Yes,
    /// Not at the moment.
    Later,
    /// We are no member any more; the client joins again.
    Never,
}

/// A membership in a consumer group. No call waits.
pub(super) trait Group: Send {
    /// What happened next, if anything did.
    fn next(&mut self) -> Option<News>;

    /// Asks what the cluster knows of these partitions, and whether it can be reached at all.
    fn ask(&mut self, places: Vec<Place>);

    /// Reads partitions from these offsets on: those that were just assigned, or again.
    fn start(&mut self, from: &[(Place, u64)]) -> Result<(), Trouble>;

    /// Gives up partitions that were revoked.
    fn give_up(&mut self, places: &[Place]);

    /// Tells the cluster where the group would go on; answered by `Told`.
    fn commit(&mut self, upto: &[Upto]);

    /// Begins again as a new member, with secrets that are read anew.
    fn reopen(&mut self) -> Result<(), Trouble>;
}
