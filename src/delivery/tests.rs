//! Workers, their queues, and who is told what.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::model::Reason;
use crate::outputs::tests::alert;

#[tokio::test]
async fn a_dead_receiver_delays_no_other() {
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let alive = listening().await;
    let delivery = delivery(&[
        format!("{{ name: dead, webhook: {{ url: 'http://{}/' }} }}", dead.local_addr().unwrap()),
        format!("{{ name: alive, webhook: {{ url: 'http://{alive}/' }} }}"),
    ]);
    let (sender, mut outcomes) = mpsc::channel(8);
    let courier = Courier::new(Duration::from_secs(60)).unwrap();
    let workers = delivery.start(&courier, &sender);
    workers.offer("dead", job(1)).unwrap();
    for id in 2..5 {
        workers.offer("alive", job(id)).unwrap();
    }
    for id in 2..5 {
        let outcome = outcomes.recv().await.unwrap();
        assert_eq!((outcome.receiver.as_str(), outcome.id), ("alive", id));
        assert_eq!(outcome.result, Answer::Sent);
    }
    workers.finish(Duration::from_millis(10)).await;
}

#[tokio::test]
async fn what_does_not_fit_is_given_back() {
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", dead.local_addr().unwrap());
    let delivery = delivery(&[format!("{{ name: a, webhook: {{ url: '{url}' }} }}")]);
    let (sender, _outcomes) = mpsc::channel(1);
    let courier = Courier::new(Duration::from_secs(60)).unwrap();
    let workers = delivery.start(&courier, &sender);
    assert_eq!(workers.room("a"), QUEUE);
    for id in 0..QUEUE {
        workers.offer("a", job(id as i64)).unwrap();
    }
    assert_eq!(workers.offer("a", job(99)), Err(NotTaken::Busy));
    assert_eq!(workers.offer("b", job(99)), Err(NotTaken::Unknown));
    workers.finish(Duration::ZERO).await;
}

#[tokio::test]
async fn finishing_waits_for_what_was_taken() {
    let alive = listening().await;
    let delivery = delivery(&[format!("{{ name: a, webhook: {{ url: 'http://{alive}/' }} }}")]);
    let (sender, mut outcomes) = mpsc::channel(8);
    let workers = delivery.start(&Courier::new(courier::TIMEOUT).unwrap(), &sender);
    for id in 0..5 {
        workers.offer("a", job(id)).unwrap();
    }
    workers.finish(Duration::from_secs(60)).await;
    drop(sender);
    let mut done = Vec::new();
    while let Some(outcome) = outcomes.recv().await {
        done.push(outcome.id);
    }
    assert_eq!(done, [0, 1, 2, 3, 4]);
}

#[test]
#[rustfmt::skip]
fn only_those_who_want_it_are_told() {
    // reason                 told (`quiet` hears of no end, `am` keeps state)
    check(Reason::FirstSeen,  "am quiet log");
    check(Reason::Refresh,    "am");
    check(Reason::Resolved,   "am log");
}

#[test]
fn all_faults_are_reported_at_once() {
    let receivers = [ReceiverConfig { name: "a".into(), ..Default::default() }];
    let routes = [RouteConfig { receivers: vec!["b".into()], ..Default::default() }];
    let faults = Delivery::new(&receivers, &routes).unwrap_err();
    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert!(faults[0].contains("receiver `a` says nothing"), "{faults:?}");
    assert!(faults[1].contains("names the receiver `b`"), "{faults:?}");
}

fn delivery(receivers: &[String]) -> Delivery {
    let read = |it: &String| serde_saphyr::from_str(it).unwrap();
    Delivery::new(&receivers.iter().map(read).collect::<Vec<_>>(), &[]).unwrap()
}

fn job(id: i64) -> Job {
    Job { id, alert: alert(Reason::FirstSeen) }
}

/// A server that takes everything, one connection after the other.
async fn listening() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut seen = Vec::new();
            while !seen.ends_with(b"}}") {
                let mut part = [0; 4096];
                let Ok(read @ 1..) = stream.read(&mut part).await else { break };
                seen.extend_from_slice(&part[..read]);
            }
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    address
}

#[track_caller]
fn check(reason: Reason, expected: &str) {
    let delivery = delivery(&[
        "{ name: am, alertmanager: { urls: ['http://127.0.0.1:1'] } }".to_owned(),
        "{ name: quiet, send_resolved: false, stdout: {} }".to_owned(),
        "{ name: log, stdout: {} }".to_owned(),
    ]);
    assert_eq!(delivery.recipients(&alert(reason)).join(" "), expected);
}
