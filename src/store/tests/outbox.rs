//! Alerts on their way: in order, each handed out once.

use crate::model::alert::Reason;
use crate::model::changes::Changes;
use crate::model::changes::Outgoing;
use crate::store::OutboxRow;
use crate::store::Store;
use crate::store::tests::alert;
use crate::store::tests::at;
use crate::store::tests::each;

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
    each(|bench| {
        let mut store = bench.open();
        queue(&mut store, "a:first-seen");
        assert_eq!(store.due(at(0), "ops", 10).unwrap().len(), 1);
        drop(store);
        assert_eq!(bench.open().due(at(0), "ops", 10).unwrap().len(), 1);
    });
}

#[test]
fn receivers_and_limits_are_kept_apart() {
    each(|bench| {
        let mut store = bench.open();
        queue(&mut store, "a:first-seen");
        queue(&mut store, "b:first-seen");
        assert_eq!(store.due(at(0), "nobody", 10).unwrap(), []);
        assert_eq!(store.due(at(-1), "ops", 10).unwrap(), []);
        let due = |store: &mut Store| store.due(at(0), "ops", 1).unwrap().len();
        assert_eq!([due(&mut store), due(&mut store), due(&mut store)], [1, 1, 0]);
        assert_eq!(store.queue_lengths().unwrap().get("ops"), Some(&2));
    });
}

/// Queues alerts and does what a delivery does, all for one receiver.
#[track_caller]
fn check(steps: &str, expected: &str) {
    each(|bench| {
        let mut store = bench.open();
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
    });
}

fn queue(store: &mut Store, name: &str) {
    let (incident, rest) = name.split_once(':').unwrap();
    let (reason, severity) = rest.split_once('!').unwrap_or((rest, "error"));
    let reason: Reason = serde_json::from_value(reason.into()).unwrap();
    let alert = alert(incident, reason, severity);
    let outbox = vec![Outgoing { receiver: "ops".to_owned(), alert }];
    store.commit(&Changes { outbox, ..Changes::default() }, at(0)).unwrap();
}

fn name(row: &OutboxRow) -> String {
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
