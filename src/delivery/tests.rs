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

/// What a server does, and what that means to every receiver that speaks HTTP.
#[rustfmt::skip]
const ANSWERS: [(&str, &str); 24] = [
    ("200 OK",                      "sent"),
    ("201 Created",                 "sent"),
    ("202 Accepted",                "sent"),
    ("204 No Content",              "sent"),
    ("301 Moved\r\nLocation: /x",   "refused redirect"),
    ("302 Found\r\nLocation: /x",   "refused redirect"),
    ("308 Moved\r\nLocation: /x",   "refused redirect"),
    ("400 Bad Request",             "refused rejected"),
    ("401 Unauthorized",            "refused rejected"),
    ("403 Forbidden",               "refused rejected"),
    ("404 Not Found",               "refused rejected"),
    ("408 Request Timeout",         "retry timeout"),
    ("410 Gone",                    "refused rejected"),
    ("413 Too Large",               "refused rejected"),
    ("422 Unprocessable",           "refused rejected"),
    ("425 Too Early",               "retry timeout"),
    ("429 Slow Down",               "retry rate-limited"),
    ("429 Slow Down\r\nRetry-After: 9", "retry rate-limited after 9s"),
    ("500 Broken",                  "retry server-error"),
    ("502 Bad Gateway",             "retry server-error"),
    ("503 Busy\r\nDate: Sun, 01 Mar 2026 06:00:00 GMT\r\nRetry-After: Sun, 01 Mar 2026 06:00:30 GMT",
                                    "retry server-error after 30s"),
    ("504 Gateway Timeout",         "retry server-error"),
    ("reset",                       "retry connection"),
    ("hang",                        "retry timeout"),
];

#[tokio::test]
async fn each_receiver_reads_each_answer_alike() {
    let folder = tempfile::tempdir().unwrap();
    for (answer, expected) in ANSWERS {
        let door = answering(answer).await;
        let file = folder.path().join("url");
        std::fs::write(&file, format!("http://{door}/T0K3N")).unwrap();
        let key = folder.path().join("key");
        std::fs::write(&key, "K3Y").unwrap();
        let (file, key) = (file.display(), key.display());
        let delivery = delivery(&[
            format!("{{ name: alertmanager, alertmanager: {{ urls: ['http://{door}'] }} }}"),
            format!("{{ name: webhook, webhook: {{ url_file: '{file}' }} }}"),
            format!("{{ name: slack, slack: {{ url_file: '{file}' }} }}"),
            format!("{{ name: teams, teams: {{ url_file: '{file}' }} }}"),
            format!(
                "{{ name: pagerduty, pagerduty: {{ url: 'http://{door}/v2/enqueue', routing_key_file: '{key}' }} }}"
            ),
        ]);
        let patience = if answer == "hang" { 100 } else { 10_000 };
        let courier = Courier::new(Duration::from_millis(patience)).unwrap();
        for name in delivery.names() {
            let receiver = delivery.receiver(name).unwrap();
            let said = say(receiver, &courier, &alert(Reason::FirstSeen)).await;
            assert_eq!(courier::tests::summary(&said), expected, "{name}: {answer}");
            let shown = format!("{said:?}");
            assert!(!shown.contains("T0K3N") && !shown.contains("K3Y"), "{shown}");
        }
    }
}

/// A server that answers every request with this head; or resets it, or hangs.
async fn answering(answer: &'static str) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            match answer {
                "hang" => kept.push(stream),
                // Closed with bytes unread: the other side gets a reset.
                "reset" => stream.readable().await.unwrap(),
                _ => {
                    read_request(&mut stream).await;
                    let end = "Content-Length: 0\r\nConnection: close\r\n\r\n";
                    let head = format!("HTTP/1.1 {answer}\r\n{end}");
                    let _ = stream.write_all(head.as_bytes()).await;
                }
            }
        }
    });
    address
}

/// Reads head and body of one request.
async fn read_request(stream: &mut tokio::net::TcpStream) {
    let mut seen = Vec::new();
    loop {
        let mut part = [0; 4096];
        let Ok(read @ 1..) = stream.read(&mut part).await else { return };
        seen.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&seen).to_ascii_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.split("content-length: ").nth(1).and_then(|it| it.lines().next());
        if length.and_then(|it| it.parse().ok()).is_none_or(|it: usize| body.len() >= it) {
            return;
        }
    }
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
