//! A cluster in memory, to test with: members come, go and fail, and partitions move as they are
//! told to. As in Kafka, a partition goes to its next reader when the last has given it up.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::sources::azure::trouble::Trouble;
use crate::sources::kafka::group::{Group, Known, Message, News, Place, Taken, Upto};

/// A cluster that several hands may hold.
#[derive(Clone, Default)]
pub(super) struct FakeCluster(Arc<Mutex<Cluster>>);

#[derive(Default)]
struct Cluster {
    logs: BTreeMap<Place, Log>,
    pub(super) committed: BTreeMap<Place, (u64, String)>,
    members: BTreeMap<u32, Member>,
    next_member: u32,
    /// Who is to have a partition: the daemon, by its number.
    wanted: BTreeMap<Place, u32>,
    faults: VecDeque<Trouble>,
    /// True while nothing that is told is taken.
    deaf: bool,
}

/// The messages from `low` on.
#[derive(Default)]
struct Log {
    low: u64,
    messages: Vec<Vec<u8>>,
}

impl Log {
    fn high(&self) -> u64 {
        self.low + self.messages.len() as u64
    }
}

#[derive(Default)]
struct Member {
    daemon: u32,
    news: VecDeque<News>,
    /// What the group gave it, and where it reads.
    ours: BTreeSet<Place>,
    reading: BTreeMap<Place, u64>,
    revoked: BTreeSet<Place>,
}

impl FakeCluster {
    fn lock(&self) -> MutexGuard<'_, Cluster> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn produce(&self, place: &Place, bytes: &[u8]) {
        self.lock().logs.entry(place.clone()).or_default().messages.push(bytes.to_vec());
    }

    /// Messages before this offset are no longer kept.
    pub(super) fn trim(&self, place: &Place, low: u64) {
        if let Some(log) = self.lock().logs.get_mut(place) {
            let gone = low.saturating_sub(log.low).min(log.messages.len() as u64);
            log.messages.drain(..usize::try_from(gone).unwrap());
            log.low += gone;
        }
    }

    /// The topic is made anew.
    pub(super) fn empty(&self, place: &Place) {
        self.lock().logs.insert(place.clone(), Log::default());
    }

    /// This daemon is to have the partition.
    pub(super) fn give(&self, place: &Place, daemon: u32) {
        let mut cluster = self.lock();
        cluster.wanted.insert(place.clone(), daemon);
        cluster.balance();
    }

    /// This daemon was not heard of: what it has is given to another without waiting for it.
    pub(super) fn expel(&self, daemon: u32, to: u32) {
        let mut cluster = self.lock();
        let mut gone = Vec::new();
        for member in cluster.members.values_mut().filter(|it| it.daemon == daemon) {
            let ours = std::mem::take(&mut member.ours);
            member.reading.clear();
            gone.extend(ours.iter().cloned());
            // What was taken back already is given up as it was told.
            let lost = ours.into_iter().filter(|it| !member.revoked.contains(it));
            let lost: Vec<_> = lost.collect();
            member.revoked.extend(lost.iter().cloned());
            member.news.push_back(News::Lost(lost));
        }
        cluster.wanted.extend(gone.into_iter().map(|it| (it, to)));
        cluster.balance();
    }

    /// What this daemon has stays its own.
    pub(super) fn keep(&self, daemon: u32) {
        let mut cluster = self.lock();
        let members = cluster.members.values().filter(|it| it.daemon == daemon);
        let ours: Vec<_> = members.flat_map(|it| it.ours.iter().cloned()).collect();
        cluster.wanted.extend(ours.into_iter().map(|it| (it, daemon)));
    }

    /// The next question is answered so.
    pub(super) fn fail(&self, trouble: Trouble) {
        self.lock().faults.push_back(trouble);
    }

    /// No question fails any more.
    pub(super) fn mend(&self) {
        self.lock().faults.clear();
    }

    /// Something happens to a daemon.
    pub(super) fn tell(&self, daemon: u32, news: &News) {
        for member in self.lock().members.values_mut().filter(|it| it.daemon == daemon) {
            member.news.push_back(news.clone());
        }
    }

    pub(super) fn be_deaf(&self, deaf: bool) {
        self.lock().deaf = deaf;
    }

    pub(super) fn committed(&self, place: &Place) -> Option<(u64, String)> {
        self.lock().committed.get(place).cloned()
    }

    pub(super) fn commit(&self, place: &Place, offset: u64, by: &str) {
        self.lock().committed.insert(place.clone(), (offset, by.to_owned()));
    }

    /// A new member of the group.
    pub(super) fn join(&self, daemon: u32) -> FakeGroup {
        let id = self.lock().enter(daemon);
        FakeGroup { cluster: self.clone(), daemon, id, answers: VecDeque::new() }
    }
}

impl Cluster {
    fn enter(&mut self, daemon: u32) -> u32 {
        self.members.retain(|_, it| it.daemon != daemon);
        self.next_member += 1;
        let id = self.next_member;
        let news = VecDeque::from([News::Assigned(Vec::new())]);
        self.members.insert(id, Member { daemon, news, ..Member::default() });
        self.balance();
        id
    }

    /// Takes from members what others are to have, and gives what nobody has.
    fn balance(&mut self) {
        let wanted = self.wanted.clone();
        for member in self.members.values_mut() {
            let gone = member.ours.iter().filter(|it| wanted.get(it) != Some(&member.daemon));
            let gone: Vec<_> = gone.filter(|it| !member.revoked.contains(it)).cloned().collect();
            if !gone.is_empty() {
                member.revoked.extend(gone.iter().cloned());
                member.news.push_back(News::Revoked(gone));
            }
        }
        let held: BTreeSet<_> =
            self.members.values().flat_map(|it| it.ours.iter().cloned()).collect();
        for member in self.members.values_mut() {
            // Who lost one gets it back when it has given it up.
            let free = |it: &Place| !held.contains(it) && !member.revoked.contains(it);
            let new = wanted.iter().filter(|(place, to)| **to == member.daemon && free(place));
            let new: Vec<_> = new.map(|(place, _)| place.clone()).collect();
            if !new.is_empty() {
                member.ours.extend(new.iter().cloned());
                member.news.push_back(News::Assigned(new));
            }
        }
    }

    fn known(&self, place: &Place) -> Known {
        let log = self.logs.get(place);
        let there = log.map_or((0, 0), |it| (it.low, it.high()));
        let committed = self.committed.get(place).cloned();
        Known { place: place.clone(), committed, there: Some(there) }
    }

    fn fetch(&mut self, id: u32) -> Option<News> {
        let member = self.members.get_mut(&id)?;
        for (place, at) in &mut member.reading {
            let Some(log) = self.logs.get(place) else { continue };
            if *at == log.high() || *at == u64::MAX {
                continue;
            }
            let found = at.checked_sub(log.low).and_then(|it| usize::try_from(it).ok());
            let Some(bytes) = found.and_then(|it| log.messages.get(it)) else {
                *at = u64::MAX;
                return Some(News::OutOfRange);
            };
            let message = Message { place: place.clone(), offset: *at, bytes: bytes.clone() };
            *at += 1;
            return Some(News::Message(message));
        }
        None
    }
}

/// A member.
pub(super) struct FakeGroup {
    cluster: FakeCluster,
    daemon: u32,
    id: u32,
    answers: VecDeque<News>,
}

impl Group for FakeGroup {
    fn next(&mut self) -> Option<News> {
        if let Some(answer) = self.answers.pop_front() {
            return Some(answer);
        }
        let mut cluster = self.cluster.lock();
        let member = cluster.members.get_mut(&self.id)?;
        member.news.pop_front().or_else(|| cluster.fetch(self.id))
    }

    fn ask(&mut self, places: Vec<Place>) {
        let mut cluster = self.cluster.lock();
        let trouble = cluster.faults.pop_front();
        let known = places.iter().filter(|_| trouble.is_none()).map(|it| cluster.known(it));
        let known = known.collect();
        self.answers.push_back(News::Known(known, trouble));
    }

    fn start(&mut self, from: &[(Place, u64)]) -> Result<(), Trouble> {
        let mut cluster = self.cluster.lock();
        let Some(member) = cluster.members.get_mut(&self.id) else { return Ok(()) };
        for (place, at) in from {
            // It may not have heard yet that it lost it.
            let ours = member.ours.contains(place) || member.revoked.contains(place);
            assert!(ours, "{place} is not ours");
            member.reading.insert(place.clone(), *at);
        }
        Ok(())
    }

    fn give_up(&mut self, places: &[Place]) {
        let mut cluster = self.cluster.lock();
        let Some(member) = cluster.members.get_mut(&self.id) else { return };
        for place in places {
            assert!(member.revoked.remove(place), "{place} was not taken back");
            member.ours.remove(place);
            member.reading.remove(place);
        }
        cluster.balance();
    }

    fn commit(&mut self, upto: &[Upto]) {
        let mut cluster = self.cluster.lock();
        let ours = cluster.members.get(&self.id).map(|it| &it.ours);
        let taken = ours.is_some_and(|it| upto.iter().all(|upto| it.contains(&upto.place)));
        self.answers.push_back(News::Told(match (taken, cluster.deaf) {
            (true, false) => Taken::Yes,
            (true, true) => Taken::Later,
            (false, _) => Taken::Never,
        }));
        if !taken || cluster.deaf {
            return;
        }
        for Upto { place, offset, by } in upto {
            cluster.committed.insert(place.clone(), (*offset, by.clone()));
        }
    }

    fn reopen(&mut self) -> Result<(), Trouble> {
        self.id = self.cluster.lock().enter(self.daemon);
        Ok(())
    }
}
