//! The turn of questions and answers, over all factories of a source.

use jiff::Timestamp;

use crate::sources::azure::trouble::{Kind, Trouble};
use crate::sources::azure::worker::AT_ONCE;
use crate::sources::azure_rest::RestSource;
use crate::sources::azure_rest::management::Ask;
use crate::sources::passed;

impl RestSource {
    /// Takes in what was answered.
    pub(super) fn hear(&mut self, now: Timestamp) {
        while let Some(answer) = self.manager.answer() {
            self.under_way = self.under_way.saturating_sub(1);
            if let Some(there) = answer.clock {
                self.clock.hear(&self.name, there, now);
            }
            let factory = &mut self.factories[answer.factory];
            let heard = answer.said.and_then(|it| factory.heard(&self.config, it));
            match heard {
                // One that went well says nothing of those that were told to wait.
                Ok(()) if factory.pace.rests(now).is_none() => factory.pace.succeeded(),
                Ok(()) => {}
                Err(trouble) => self.fail(answer.factory, trouble, now),
            }
        }
    }

    /// A factory cannot be asked now. A limit holds for the whole subscription.
    pub(super) fn fail(&mut self, number: usize, trouble: Trouble, now: Timestamp) {
        if trouble.kind == Kind::Throttled {
            self.throttled += 1;
            let others = self.factories.iter_mut().enumerate().filter(|(it, _)| *it != number);
            others.for_each(|(_, it)| it.pace.failed(&trouble, now));
        }
        let factory = &mut self.factories[number];
        factory.failed(&trouble, now);
        if factory.trouble.as_ref().is_none_or(|(it, _)| it.text != trouble.text) {
            tracing::warn!(source = self.name, error = trouble.text, "cannot read; will try again");
        }
        let since = factory.trouble.as_ref().map_or(now, |(_, since)| *since);
        factory.trouble = Some((trouble, since));
    }

    /// Asks what is to be asked next of each factory, as far as there is room.
    pub(super) fn ask(&mut self, now: Timestamp) {
        let there = self.clock.there(now);
        for (number, factory) in self.factories.iter_mut().enumerate() {
            if std::mem::take(&mut factory.healed) && factory.trouble.take().is_some() {
                tracing::info!(source = self.name, factory = factory.name, "can be read again");
            }
            if self.under_way >= AT_ONCE || factory.pace.rests(now).is_some() {
                continue;
            }
            let due = factory.begun.is_none_or(|it| passed(it, now, self.config.poll_interval));
            if factory.is_idle() && due && !(self.once && factory.complete) {
                factory.begin(&self.config, now, there);
            }
            if let Some((path, body)) = factory.next(&self.config)
                && self.manager.ask(Ask { factory: number, path, body })
            {
                self.under_way += 1;
            }
        }
    }
}
