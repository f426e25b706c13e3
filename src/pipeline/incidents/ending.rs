//! How incidents end, and what is told of those that do not.
//!
//! ```text
//! succeeded   all activities that failed have succeeded since
//! quiet       nothing was read of it for long enough
//! by hand     somebody said so
//! ```

use jiff::Timestamp;
use shirwatch_parsers::Record;

use crate::model::alert::Reason;
use crate::model::incident::Ended;
use crate::model::incident::Incident;
use crate::model::incident::State;
use crate::pipeline::incidents::Incidents;
use crate::pipeline::incidents::Notice;
use crate::pipeline::incidents::course;
use crate::pipeline::incidents::healing;
use crate::pipeline::incidents::past;
use crate::pipeline::incidents::silenced;

impl Incidents {
    /// Takes in that a run succeeded: what waited for nothing else is over. This is called
    /// for every success there is, so it copies nothing.
    pub fn succeeded(&mut self, record: &Record<'_>, now: Timestamp) -> Vec<Notice> {
        if self.healing.is_empty() || !self.config.resolve_on_success {
            return Vec::new();
        }
        let Some(activity) = healing::activity(record) else { return Vec::new() };
        if self.healing.waiting(activity).is_empty() {
            return Vec::new();
        }
        self.healed(activity, record.time.unwrap_or(now), now)
    }

    fn healed(&mut self, activity: u64, time: Timestamp, now: Timestamp) -> Vec<Notice> {
        let mut notices = Vec::new();
        for slot in self.healing.waiting(activity).to_vec() {
            let Some(tracked) = self.known.get_mut(&slot) else { continue };
            let course = &mut tracked.incident.course;
            let Some(over) = course::succeeded(course, activity, time) else { continue };
            let held = course.flapping;
            tracked.changed = true;
            self.healing.forget([activity], slot);
            if over && !held {
                notices.extend(self.end(slot, Ended::Succeeded, now));
            }
        }
        notices
    }

    /// Closes the incident at `slot`.
    fn end(&mut self, slot: u64, how: Ended, now: Timestamp) -> Option<Notice> {
        let tracked = self.known.get_mut(&slot)?;
        self.healing.forget(tracked.incident.course.failing.keys().copied(), slot);
        let notice = tracked.resolve(how, now);
        self.down.note(slot, &tracked.incident);
        notice
    }

    /// Resolves what is quiet and repeats what goes on.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Notice> {
        self.silences.retain(|it| it.ends_at > now);
        let mut notices = Vec::new();
        let open = self.known.iter().filter(|(_, it)| it.incident.state == State::Open);
        let quiet = open.filter(|(_, it)| {
            let patience = course::patience(&it.incident.course, &self.config);
            past(it.incident.last_read, patience, now)
        });
        for slot in quiet.map(|(slot, _)| *slot).collect::<Vec<_>>() {
            notices.extend(self.end(slot, Ended::Quiet, now));
        }
        notices.extend(self.repeats(now));
        if self.shared {
            notices.extend(self.late_ones(now));
        }
        notices.sort_by(|left, right| left.key.cmp(&right.key));
        notices
    }

    /// What goes on and is to be told again.
    fn repeats(&mut self, now: Timestamp) -> Vec<Notice> {
        let (alerts, down, silences) = (&self.alerts, &self.down, &self.silences);
        let open = self.known.values_mut().filter(|it| it.incident.state == State::Open);
        let due = open.filter(|tracked| {
            let it = &tracked.incident;
            let rule = alerts.rule(&it.rule, it.category, it.severity);
            let interval = rule.and_then(|it| it.repeat_interval).unwrap_or(alerts.repeat_interval);
            it.notified_at.is_some_and(|at| past(at, interval, now))
                && !down.inhibits(it)
                && !silenced(silences, it, now)
        });
        due.map(|it| it.notice(Reason::RepeatDue, now)).collect()
    }

    /// Resolves what a rule opened here, since its trouble is known to be over.
    pub fn over(&mut self, rule: &str, now: Timestamp) -> Vec<Notice> {
        let open = self.known.iter().filter(|(_, it)| it.incident.state == State::Open);
        let ours = open.filter(|(_, it)| it.ours || !self.shared);
        let slots = ours.filter(|(_, it)| it.incident.rule == rule).map(|(slot, _)| *slot);
        let slots: Vec<_> = slots.collect();
        slots.into_iter().filter_map(|slot| self.end(slot, Ended::Over, now)).collect()
    }

    /// Resolves what a rule opened of runtimes and nodes, unless its trouble goes on with one
    /// of `still`. What is flapping stays open until it is quiet.
    pub fn over_but(
        &mut self,
        rule: &str,
        still: &[(&str, Option<&str>)],
        now: Timestamp,
    ) -> Vec<Notice> {
        let fits = |it: &Incident, field: &str, name: &str| {
            it.group.get(field).is_none_or(|group| group == name)
        };
        let goes_on = |it: &Incident| {
            still.iter().any(|(runtime, node)| {
                fits(it, "integration_runtime", runtime)
                    && fits(it, "node", node.unwrap_or_default())
            })
        };
        let ours = self.known.iter().filter(|(_, it)| it.ours || !self.shared);
        let open = ours.filter(|(_, it)| {
            let it = &it.incident;
            it.state == State::Open && it.rule == rule && !it.course.flapping && !goes_on(it)
        });
        let slots: Vec<_> = open.map(|(slot, _)| *slot).collect();
        slots.into_iter().filter_map(|slot| self.end(slot, Ended::Over, now)).collect()
    }

    /// Resolves one incident because somebody said so.
    pub fn resolve(&mut self, key: &str, now: Timestamp) -> Option<Option<Notice>> {
        let slot = *self.names.get(key)?;
        let open = self.known.get(&slot)?.incident.state == State::Open;
        open.then(|| self.end(slot, Ended::ByHand, now))
    }
}
