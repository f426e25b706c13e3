//! The table `outbox`: alerts on their way to receivers.
//!
//! A newer alert replaces an unsent one of the same receiver, incident, reason and labels,
//! and goes to the end; so a receiver that is down gathers one alert of a kind, not
//! thousands, and hears them in the order in which they last became true. Of one incident
//! only the oldest alert is due: nobody is told of an end before the beginning.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::HashSet;
use xxhash_rust::xxh3::xxh3_64;

use crate::model::alert::Alert;
use crate::model::changes::Outgoing;
use crate::store::error::StoreError;
use crate::store::rows;

/// An alert that waits for its receiver.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutboxRow {
    /// Its number; never used twice.
    pub id: i64,
    /// The receiver's name in the configuration.
    pub receiver: String,
    /// What to say.
    pub alert: Alert,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was put here.
    pub queued_at: Timestamp,
    /// When it may be tried.
    pub next_at: Timestamp,
    /// Why the last try failed.
    pub last_error: Option<String>,
}

const READ: &str =
    "SELECT id, receiver, attempts, queued_at, next_at, last_error, alert FROM outbox";

const PUT: &str = "INSERT OR REPLACE INTO outbox
    (receiver, incident, reason, labels, alert, queued_at, next_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)";

const DUE: &str = "WHERE receiver = ?1 AND next_at <= ?2 AND NOT EXISTS
    (SELECT 1 FROM outbox AS older WHERE older.receiver = outbox.receiver
     AND older.incident = outbox.incident AND older.id < outbox.id) ORDER BY id";

/// Puts alerts at the end, each in the place of its elder.
pub(super) fn put(
    write: &Connection,
    outgoing: &[Outgoing],
    now: Timestamp,
) -> Result<(), StoreError> {
    if outgoing.is_empty() {
        return Ok(());
    }
    let mut put = write.prepare(PUT)?;
    for Outgoing { receiver, alert } in outgoing {
        put.execute(params![
            receiver,
            alert.incident,
            alert.reason.as_str(),
            rows::bits(xxh3_64(serde_json::to_string(&alert.labels)?.as_bytes())),
            serde_json::to_string(alert)?,
            rows::nanos(now),
        ])?;
    }
    Ok(())
}

/// Up to `limit` alerts that `receiver` may be told now and that are not in `busy`. Those
/// that cannot be read come as their ids.
pub(super) fn due(
    read: &Connection,
    now: Timestamp,
    receiver: &str,
    limit: usize,
    busy: &HashSet<i64>,
) -> rusqlite::Result<(Vec<OutboxRow>, Vec<i64>)> {
    let mut select = read.prepare_cached(&format!("{READ} {DUE}"))?;
    let mut found = select.query(params![receiver, rows::nanos(now)])?;
    let (mut due, mut unreadable) = (Vec::new(), Vec::new());
    while due.len() < limit {
        let Some(row) = found.next()? else { break };
        let id: i64 = row.get(0)?;
        match outbox_row(row) {
            _ if busy.contains(&id) => {}
            Ok(it) => due.push(it),
            Err(_) => unreadable.push(id),
        }
    }
    Ok((due, unreadable))
}

/// All alerts that wait, oldest first.
pub(super) fn all(read: &Connection) -> rusqlite::Result<Vec<OutboxRow>> {
    let mut select = read.prepare(&format!("{READ} ORDER BY id"))?;
    let found = select.query_map([], outbox_row)?;
    rows::readable("outbox", found)
}

fn outbox_row(row: &Row<'_>) -> rusqlite::Result<OutboxRow> {
    Ok(OutboxRow {
        id: row.get(0)?,
        receiver: row.get(1)?,
        attempts: row.get(2)?,
        queued_at: rows::time(row, 3)?,
        next_at: rows::time(row, 4)?,
        last_error: row.get(5)?,
        alert: rows::json(row, 6)?,
    })
}

/// Takes an alert out.
pub(super) fn remove(write: &Connection, id: i64) -> rusqlite::Result<()> {
    write.execute("DELETE FROM outbox WHERE id = ?1", [id]).map(drop)
}

/// Puts an alert off until `next_at`.
pub(super) fn retry(
    write: &Connection,
    id: i64,
    next_at: Timestamp,
    error: &str,
) -> rusqlite::Result<()> {
    write
        .execute(
            "UPDATE outbox SET attempts = attempts + 1, next_at = ?2, last_error = ?3
             WHERE id = ?1",
            params![id, rows::nanos(next_at), error],
        )
        .map(drop)
}

/// How many alerts wait for each receiver; receivers for which none waits are missing.
pub(super) fn lengths(read: &Connection) -> rusqlite::Result<BTreeMap<String, u64>> {
    let mut select =
        read.prepare_cached("SELECT receiver, count(*) FROM outbox GROUP BY receiver")?;
    select.query_map([], |row| Ok((row.get(0)?, rows::count(row, 1)?)))?.collect()
}

#[cfg(test)]
mod tests {
    use crate::model::alert::Reason;
    use crate::model::changes::Changes;
    use crate::model::changes::Outgoing;
    use crate::store::Store;
    use crate::store::tests::alert;
    use crate::store::tests::at;
    use crate::store::tests::open;

    #[test]
    #[rustfmt::skip]
    fn a_newer_alert_replaces_its_elder_and_each_incident_speaks_in_order() {
        // what is queued and done                          what is handed out, each time `due` is asked
        check("a:first-seen due",                           "a:first-seen");
        check("a:first-seen b:first-seen due",              "a:first-seen b:first-seen");
        check("a:first-seen due due",                       "a:first-seen | ");
        check("a:first-seen a:resolved due",                "a:first-seen");
        check("a:first-seen a:resolved due sent due",       "a:first-seen | a:resolved");
        check("a:first-seen a:resolved due drop due",       "a:first-seen | a:resolved");
        check("a:first-seen a:resolved due retry due",      "a:first-seen | ");
        check("a:first-seen a:resolved due retry wait due", "a:first-seen | a:first-seen+1");
        check("a:first-seen a:first-seen due sent due",     "a:first-seen | ");
        check("a:first-seen b:first-seen a:first-seen due", "b:first-seen a:first-seen");
        check("a:first-seen a:resolved a:first-seen due sent due", "a:resolved | a:first-seen");
        // Handed out, and then replaced: the newer is told too, and the word of the old settles only the old.
        check("a:refresh due a:refresh sent due",           "a:refresh | a:refresh");
        // More severe is another alert: the end of the old label set is not lost.
        check("a:resolved a:resolved!critical due sent due", "a:resolved | a:resolved!critical");
    }

    #[test]
    fn an_alert_that_was_handed_out_is_told_again_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path());
        queue(&mut store, "a:first-seen");
        assert_eq!(store.due(at(0), "ops", 10).unwrap().len(), 1);
        drop(store);
        assert_eq!(open(dir.path()).due(at(0), "ops", 10).unwrap().len(), 1);
    }

    #[test]
    fn receivers_and_limits_are_kept_apart() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path());
        queue(&mut store, "a:first-seen");
        queue(&mut store, "b:first-seen");
        assert_eq!(store.due(at(0), "nobody", 10).unwrap(), []);
        assert_eq!(store.due(at(-1), "ops", 10).unwrap(), []);
        let due = |store: &mut Store| store.due(at(0), "ops", 1).unwrap().len();
        assert_eq!([due(&mut store), due(&mut store), due(&mut store)], [1, 1, 0]);
        assert_eq!(store.queue_lengths().unwrap().get("ops"), Some(&2));
    }

    /// Queues alerts and does what a delivery does, all for one receiver.
    #[track_caller]
    fn check(steps: &str, expected: &str) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path());
        let (mut told, mut last, mut now) = (Vec::new(), Vec::new(), at(0));
        for step in steps.split(' ') {
            match step {
                "wait" => now = at(60),
                "due" => {
                    last = store.due(now, "ops", 10).unwrap();
                    told.push(last.iter().map(name).collect::<Vec<_>>().join(" "));
                }
                "sent" => last.iter().for_each(|it| store.sent(it.id).unwrap()),
                "drop" => last.iter().for_each(|it| store.drop(it.id).unwrap()),
                "retry" => last.iter().for_each(|it| store.retry(it.id, at(30), "down").unwrap()),
                alert => queue(&mut store, alert),
            }
        }
        assert_eq!(told.join(" | "), expected);
    }

    fn queue(store: &mut Store, name: &str) {
        let (incident, rest) = name.split_once(':').unwrap();
        let (reason, severity) = rest.split_once('!').unwrap_or((rest, "error"));
        let reason: Reason = serde_json::from_value(reason.into()).unwrap();
        let alert = alert(incident, reason, severity);
        let outbox = vec![Outgoing { receiver: "ops".to_owned(), alert }];
        store.commit(&Changes { outbox, ..Changes::default() }, at(0)).unwrap();
    }

    fn name(row: &super::OutboxRow) -> String {
        let mut name = format!("{}:{}", row.alert.incident, row.alert.reason.as_str());
        if row.alert.labels["severity"] == "critical" {
            name.push_str("!critical");
        }
        if row.attempts > 0 {
            assert_eq!(row.last_error.as_deref(), Some("down"));
            name.push_str(&format!("+{}", row.attempts));
        }
        name
    }
}
