//! An account in memory, to test with: it answers late and out of order where it is told to, and
//! fails as Azure does. A question is answered by what was there when it was asked.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::sources::azure::trouble::{Kind, Trouble};
use crate::sources::azure::worker::AT_ONCE;
use crate::sources::azure_blob::containers::{Answer, Ask, Containers, Listed, Piece, Said};

/// An account that several hands may hold.
#[derive(Clone, Default)]
pub(super) struct FakeAccount(Arc<Mutex<Account>>);

#[derive(Default)]
struct Account {
    /// Blobs with their states so far, by container and name.
    blobs: BTreeMap<(String, String), (String, u64)>,
    changes: u64,
    answers: VecDeque<Answer>,
    /// How many answers are kept back.
    held: usize,
    /// True when bytes come with the tag that their blob has when they are answered.
    late_tags: bool,
    faults: VecDeque<Trouble>,
    clock: Option<Timestamp>,
    asked: Vec<Ask>,
}

impl FakeAccount {
    fn lock(&self) -> MutexGuard<'_, Account> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a blob anew.
    pub(super) fn put(&self, container: &str, name: &str, text: &str) {
        let mut account = self.lock();
        account.changes += 1;
        let blob = (text.to_owned(), account.changes);
        account.blobs.insert((container.to_owned(), name.to_owned()), blob);
    }

    /// Adds to a blob.
    pub(super) fn append(&self, container: &str, name: &str, text: &str) {
        let mut account = self.lock();
        account.changes += 1;
        let changes = account.changes;
        let blob = account.blobs.entry((container.to_owned(), name.to_owned())).or_default();
        blob.0.push_str(text);
        blob.1 = changes;
        if account.late_tags {
            account.tag_again(container, name, changes);
        }
    }

    pub(super) fn delete(&self, container: &str, name: &str) {
        self.lock().blobs.remove(&(container.to_owned(), name.to_owned()));
    }

    /// The next question is answered so.
    pub(super) fn fail(&self, trouble: Trouble) {
        self.lock().faults.push_back(trouble);
    }

    /// Keeps the last so many answers back.
    pub(super) fn hold(&self, answers: usize) {
        self.lock().held = answers;
    }

    /// Answers are not of one moment: a blob is measured, its bytes are read, its tag is named.
    pub(super) fn tag_late(&self, late: bool) {
        self.lock().late_tags = late;
    }

    pub(super) fn set_clock(&self, clock: Timestamp) {
        self.lock().clock = Some(clock);
    }

    /// What was asked for since the last call.
    pub(super) fn asked(&self) -> Vec<Ask> {
        std::mem::take(&mut self.lock().asked)
    }

    /// Nothing that was asked for is answered any more: who asked is dead.
    pub(super) fn disconnect(&self) {
        self.lock().answers.clear();
    }
}

impl Account {
    /// The bytes of a blob that are on their way get the tag that it has now.
    fn tag_again(&mut self, container: &str, name: &str, changes: u64) {
        for it in &mut self.answers {
            if let (Ask::Piece { container: of, name: its, .. }, Ok(Said::Piece(piece))) =
                (&it.ask, &mut it.said)
                && (of.as_str(), its.as_str()) == (container, name)
            {
                piece.etag = changes.to_string();
            }
        }
    }

    fn said(&mut self, ask: &Ask) -> Result<Said, Trouble> {
        if let Some(fault) = self.faults.pop_front() {
            return Err(fault);
        }
        let gone = || Trouble::new(Kind::Gone, "404");
        let of = |container: &str| {
            let own = self.blobs.iter().filter(move |((it, _), _)| it == container);
            own.map(|((_, name), blob)| (name.as_str(), blob)).collect::<Vec<_>>()
        };
        let own = of(ask.container());
        if own.is_empty() {
            return Err(gone());
        }
        let below = |name: &str, folder: &str| match folder {
            "" => Some(name.to_owned()),
            _ => name.strip_prefix(folder)?.strip_prefix('/').map(str::to_owned),
        };
        match ask {
            Ask::Folders { below: folder, .. } => {
                let inside = own.iter().filter_map(|(name, _)| below(name, folder));
                let first = inside.filter_map(|it| it.split_once('/').map(|it| it.0.to_owned()));
                let first: BTreeSet<_> = first.collect();
                let whole = first.into_iter().map(|it| match folder.as_str() {
                    "" => it,
                    _ => format!("{folder}/{it}"),
                });
                Ok(Said::Folders(whole.collect()))
            }
            Ask::Blobs { below: folder, .. } => {
                let inside = own.iter().filter(|(name, _)| below(name, folder).is_some());
                let blobs = inside.map(|(name, (text, etag))| Listed {
                    name: (*name).to_owned(),
                    size: text.len() as u64,
                    etag: etag.to_string(),
                });
                Ok(Said::Blobs(blobs.collect()))
            }
            Ask::Piece { name, from, to, .. } => {
                let found = own.iter().find(|(it, _)| it == name).ok_or_else(gone)?;
                let (text, etag) = found.1;
                let size = text.len() as u64;
                if *from >= size {
                    return Err(Trouble::new(Kind::Shorter, "416"));
                }
                let range = *from as usize..size.min(*to) as usize;
                let bytes = text.as_bytes()[range].to_vec();
                Ok(Said::Piece(Piece { bytes, size, etag: etag.to_string() }))
            }
        }
    }
}

impl Containers for FakeAccount {
    fn ask(&mut self, ask: Ask) -> bool {
        let mut account = self.lock();
        if account.answers.len() >= AT_ONCE {
            return false;
        }
        let (said, clock) = (account.said(&ask), account.clock);
        account.asked.push(ask.clone());
        account.answers.push_back(Answer { ask, said, clock });
        true
    }

    fn answer(&mut self) -> Option<Answer> {
        let mut account = self.lock();
        if account.answers.len() > account.held { account.answers.pop_front() } else { None }
    }
}
