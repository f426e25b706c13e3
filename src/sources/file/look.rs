//! The look: which files there are, and which of them we know.
//!
//! A file is known by its number, and believed to be the one that we have read when its
//! content is; a path is only where it was seen last. What we do not know is
//! [admitted](crate::sources::file::admit).

use std::collections::HashMap;
use std::io;

use jiff::Timestamp;

use crate::sources::file::FileSource;
use crate::sources::file::Number;
use crate::sources::file::admit;
use crate::sources::file::find::Found;
use crate::sources::file::identity::FileId;
use crate::sources::file::stream::Place;
use crate::sources::file::stream::Stream;
use crate::sources::passed;

impl FileSource {
    /// Finds what there is, and says whose turn comes.
    pub(super) fn look(&mut self, now: Timestamp) {
        self.stir();
        self.watch.take_changed();
        self.look_again = false;
        self.watch.follow(&self.name, self.finder.folders());
        self.troubles.begin_look();
        let found = self.finder.find(&mut self.troubles);
        let found = admit::by_id(found, &self.streams, &self.by_id);
        let strangers = self.recognise(found, now);
        self.admit_all(strangers, now);
        self.troubles.end_look();
        self.close_quiet(now);
        self.forget(now);
        self.looked_at = Some(now);
        self.virgin = false;
    }

    /// Takes in the files that we know; gives back those that we do not.
    fn recognise(&mut self, found: HashMap<FileId, Found>, now: Timestamp) -> Vec<Found> {
        let mut strangers = Vec::new();
        let mut here = HashMap::new();
        for (id, file) in found {
            match self.by_id.get(&id).copied().filter(|it| self.remembers(*it, &file)) {
                Some(number) => {
                    here.insert(number, file);
                }
                None => strangers.push(file),
            }
        }
        let numbers: Vec<_> = self.streams.keys().copied().collect();
        for number in numbers {
            match here.remove(&number) {
                Some(file) => strangers.extend(self.meet(number, file, now)),
                None if self.is_hidden(number) => {}
                None => self.miss(number, now),
            }
        }
        strangers
    }

    /// False when a file left its place and nothing had been read of it: nothing tells whether
    /// the one that has its number now is the same, or a copy of what was read elsewhere. A
    /// number is given to no other file while we hold its own.
    fn remembers(&self, number: Number, file: &Found) -> bool {
        self.streams.get(&number).is_some_and(|it| {
            let same = it.place == Place::Here && it.path == file.path;
            same || it.handle.is_some() || it.offset > 0
        })
    }

    /// The file of a stream was found. Gives it back when its content is another.
    fn meet(&mut self, number: Number, file: Found, now: Timestamp) -> Option<Found> {
        let stream = self.streams.get_mut(&number)?;
        if self.once && stream.ended {
            return None;
        }
        stream.moved_to(&file.path);
        if stream.place != Place::Here {
            stream.dirty |= stream.place != Place::Gone(Timestamp::MAX);
            (stream.place, stream.ended) = (Place::Here, false);
        }
        let size = file.metadata.len();
        let modified = file.metadata.modified().ok();
        if stream.done == Some(size) {
            return None;
        }
        let changed = size != stream.size || modified != stream.modified;
        if changed || !stream.verified {
            return match self.verify(number, now) {
                Ok(true) => {
                    self.queue(number);
                    None
                }
                Ok(false) => Some(file),
                Err(error) => {
                    self.troubles.note_closed(&file.path, &error);
                    None
                }
            };
        }
        let waits = stream.size > stream.offset && !stream.idle_offered && !stream.compressed;
        if waits || stream.has_more() {
            self.queue(number);
        }
        None
    }

    /// True when the file of a stream still holds what we have read of it.
    fn verify(&mut self, number: Number, now: Timestamp) -> io::Result<bool> {
        if !self.hold(number)? {
            self.look_again = true;
            return Ok(true);
        }
        let Some(stream) = self.streams.get_mut(&number) else { return Ok(true) };
        let same = stream.verify()?;
        if !same {
            self.replaced(number, now);
        }
        Ok(same)
    }

    /// The content that we have read is gone; its number belongs to another now.
    pub(super) fn replaced(&mut self, number: Number, now: Timestamp) {
        self.close(number);
        let Some(stream) = self.streams.get_mut(&number) else { return };
        (stream.place, stream.replaced, stream.dirty) = (Place::Gone(now), true, true);
        if self.by_id.get(&stream.id) == Some(&number) {
            self.by_id.remove(&stream.id);
        }
        self.look_again = true;
    }

    /// True when the file of a stream may be there, and only its folder cannot be listed.
    fn is_hidden(&self, number: Number) -> bool {
        let stream = self.streams.get(&number);
        stream.is_some_and(|it| {
            it.place == Place::Here && self.troubles.is_blind_for(&it.path) && !it.is_deleted()
        })
    }

    /// The file of a stream was not found. While its handle is open it is read on.
    fn miss(&mut self, number: Number, now: Timestamp) {
        let Some(stream) = self.streams.get_mut(&number) else { return };
        match stream.place {
            Place::Gone(since) if since <= now => {}
            Place::Here if stream.handle.is_some() => stream.place = Place::Left(now),
            Place::Here | Place::Gone(_) => {
                (stream.place, stream.dirty) = (Place::Gone(now), true);
                self.troubles.clear(&stream.path);
            }
            Place::Left(_) => {}
        }
        if matches!(stream.place, Place::Left(_)) {
            self.queue(number);
        }
    }

    /// Forgets what was gone for long.
    fn forget(&mut self, now: Timestamp) {
        let over = |it: &Stream| match it.place {
            Place::Gone(since) => now > since && passed(since, now, self.config.forget_after),
            _ => false,
        };
        let gone: Vec<_> =
            self.streams.iter().filter(|(_, it)| over(it)).map(|(number, _)| *number).collect();
        for number in gone {
            self.close(number);
            let Some(stream) = self.streams.remove(&number) else { continue };
            if self.by_id.get(&stream.id) == Some(&number) {
                self.by_id.remove(&stream.id);
            }
            self.forgotten.push(stream.key);
        }
    }
}
