//! Where partitions are begun, and begun again when what comes next is no longer there.

use jiff::Timestamp;

use crate::sources::azure::trouble::{Kind, Trouble};
use crate::sources::file::config::ReadFrom;
use crate::sources::kafka::KafkaSource;
use crate::sources::kafka::group::{Known, Place};
use crate::sources::kafka::stream::{Begin, Hold};

impl KafkaSource {
    /// The cluster has said what it knows, or why not.
    pub(super) fn answered(&mut self, known: &[Known], trouble: Option<Trouble>, now: Timestamp) {
        // What was true before the last change of our share may not be true any more.
        let known = if self.share.heard() { known } else { &[] };
        let begun = self.places(known).and_then(|from| self.start(known, from));
        match begun.err().or(trouble) {
            None => self.well(),
            Some(trouble) => self.fail(trouble, now),
        }
        self.leave();
    }

    /// Which partitions are to be begun, and where.
    fn places(&self, known: &[Known]) -> Result<Vec<(Place, Begin)>, Trouble> {
        let from_end = self.config.read_from == ReadFrom::End;
        let mut from = Vec::new();
        for it in known {
            let Some(stream) = self.streams.get(&it.place) else { continue };
            match stream.begin(it, from_end) {
                Some(begin) if stream.waits() => from.push((it.place.clone(), begin)),
                // One that is read is begun again only where it cannot go on.
                Some(begin) if stream.hold == Hold::Held && begin.missed > 0 => {
                    from.push((it.place.clone(), begin));
                }
                None if stream.waits() => return Err(unknown(&it.place)),
                _ => {}
            }
        }
        Ok(from)
    }

    fn start(&mut self, known: &[Known], from: Vec<(Place, Begin)>) -> Result<(), Trouble> {
        // One that was taken back meanwhile is not begun, but its position is compared.
        let stays = |it: &&(Place, Begin)| {
            self.streams.get(&it.0).is_some_and(|it| it.hold != Hold::Leaving)
        };
        let places = from.iter().filter(stays).map(|(place, begin)| (place.clone(), begin.offset));
        let places: Vec<_> = places.collect();
        if !places.is_empty() {
            self.group.start(&places)?;
        }
        for (place, Begin { offset, missed }) in from {
            tracing::debug!(source = self.name, %place, offset, "reading");
            if missed > 0 {
                let partition = place.to_string();
                tracing::warn!(
                    source = self.name,
                    partition,
                    missed,
                    offset,
                    "messages were gone before they were read; keep them for longer, or read sooner"
                );
                self.missed += missed;
            }
            if let Some(stream) = self.streams.get_mut(&place) {
                stream.begun(offset);
            }
        }
        for it in known {
            if let (Some(stream), Some((_, high))) = (self.streams.get_mut(&it.place), it.there) {
                (stream.end, stream.heard) = (high, high);
            }
        }
        Ok(())
    }
}

fn unknown(place: &Place) -> Trouble {
    let text = format!("nobody can say what is in partition {place}; it has no broker now");
    Trouble::new(Kind::Connection, text)
}
