//! A courier and the answers of a loopback server.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// An address whose every part beside the door is a secret.
const SECRET: &str = "/T0K3N/hook?sig=geheim";

#[tokio::test]
#[rustfmt::skip]
async fn the_answer_decides() {
    // answer of the server                                    what it means
    check("200 OK\r\n",                                        "sent").await;
    check("202 Accepted\r\n",                                  "sent").await;
    check("429 Too Many Requests\r\nRetry-After: 7\r\n",       "retry rate-limited after 7s").await;
    check("429 Too Many Requests\r\n",                         "retry rate-limited").await;
    check("503 Service Unavailable\r\nRetry-After: 99999\r\n", "retry server-error after 3600s").await;
    check("503 Service Unavailable\r\nRetry-After: soon\r\n",  "retry server-error").await;
    check("500 Internal Server Error\r\n",                     "retry server-error").await;
    check("408 Request Timeout\r\n",                           "retry timeout").await;
    check("400 Bad Request\r\n",                               "refused rejected").await;
    check("401 Unauthorized\r\n",                              "refused rejected").await;
    check("404 Not Found\r\n",                                 "refused rejected").await;
    check("302 Found\r\nLocation: http://192.0.2.1/\r\n",      "refused redirect").await;
    check("307 Temporary Redirect\r\nLocation: /other\r\n",    "refused redirect").await;
    check("503 Busy\r\nDate: Sun, 01 Mar 2026 06:00:00 GMT\r\nRetry-After: Sun, 01 Mar 2026 06:00:30 GMT\r\n",
                                                               "retry server-error after 30s").await;
    check("503 Busy\r\nDate: Sun, 01 Mar 2026 06:00:00 GMT\r\nRetry-After: Sun, 01 Mar 2026 05:00:00 GMT\r\n",
                                                               "retry server-error after 0s").await;
}

#[tokio::test]
async fn no_connection_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let answer = courier(TIMEOUT).send(to(&format!("http://{address}{SECRET}"))).await;
    assert_eq!(summary(&answer), "retry connection");
    assert!(!format!("{answer:?}").contains("geheim"), "{answer:?}");
}

#[tokio::test]
async fn no_answer_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{SECRET}", listener.local_addr().unwrap());
    let answer = courier(Duration::from_millis(50)).send(to(&url)).await;
    assert_eq!(summary(&answer), "retry timeout");
    assert!(!format!("{answer:?}").contains("geheim"), "{answer:?}");
}

#[tokio::test]
async fn an_endless_answer_is_read_in_part() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        let mut sent = 0usize;
        while stream.write_all(&[b'x'; 4096]).await.is_ok() {
            sent += 4096;
        }
        sent
    });
    let answer = courier(TIMEOUT).send(to(&url)).await;
    assert_eq!(summary(&answer), "refused rejected");
    let Answer::Refused { why } = answer else { panic!("not refused") };
    assert!(why.text.len() < 300, "{}", why.text);
    // The connection is closed, so that the server stops; else this would not end.
    assert!(server.await.unwrap() >= ANSWER_LIMIT / 2);
}

#[tokio::test]
async fn an_answer_does_not_give_our_address_away() {
    let (url, _) = serve(&format!("400 Bad Request\r\n|no hook at {SECRET}\r\n\u{1b}[2J")).await;
    let Answer::Refused { why } = courier(TIMEOUT).send(to(&format!("{url}{SECRET}"))).await else {
        panic!("not refused")
    };
    assert_eq!(why.text, format!("`{url}` answered 400 Bad Request: no hook at [our path] [2J"));
}

#[tokio::test]
async fn headers_and_body_arrive() {
    let (url, seen) = serve("200 OK\r\n").await;
    assert_eq!(courier(TIMEOUT).send(to(&format!("{url}/x"))).await, Answer::Sent);
    let seen = seen.await.unwrap();
    assert!(seen.starts_with("POST /x HTTP/1.1\r\n"), "{seen}");
    assert!(seen.contains("authorization: Bearer t\r\n"), "{seen}");
    assert!(seen.contains("user-agent: shirwatch/"), "{seen}");
    assert!(seen.ends_with("\r\n\r\n{\"a\":1}"), "{seen}");
}

#[tokio::test]
#[rustfmt::skip]
async fn one_member_that_takes_it_is_enough() {
    // answers of the members                  together
    check_members(&["200 OK", "500 Broken"],   "partly server-error").await;
    check_members(&["400 Bad", "200 OK"],      "sent").await;
    check_members(&["400 Bad", "500 Broken"],  "retry server-error").await;
    check_members(&["400 Bad", "404 None"],    "refused rejected").await;
    check_members(&[],                         "refused render").await;
}

#[tokio::test]
async fn lines_are_written_whole() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let courier = Courier::writing_to(TIMEOUT, Box::new(Pipe(sender))).unwrap();
    assert_eq!(courier.send(Message::Text("a\nb\n".to_owned())).await, Answer::Sent);
    assert_eq!(receiver.try_iter().flatten().collect::<Vec<u8>>(), b"a\nb\n");
    drop(receiver);
    let answer = courier.send(Message::Text("c\n".to_owned())).await;
    assert_eq!(summary(&answer), "retry write");
}

#[tokio::test]
async fn a_reader_that_does_not_read_holds_nobody_up() {
    let (release, gate) = std::sync::mpsc::channel();
    let courier = Courier::writing_to(Duration::from_millis(20), Box::new(Stuck(gate))).unwrap();
    for _ in 0..3 {
        let answer = courier.send(Message::Text("a\n".to_owned())).await;
        assert_eq!(summary(&answer), "retry write");
    }
    release.send(()).unwrap();
}

#[test]
#[rustfmt::skip]
fn pauses_double_up_to_five_minutes() {
    // failed attempts    between
    check_pause(0,        0.8, 1.2);
    check_pause(1,        0.8, 1.2);
    check_pause(2,        1.6, 2.4);
    check_pause(5,        12.8, 19.2);
    check_pause(9,        204.8, 307.2);
    check_pause(40,       240.0, 360.0);
    check_pause(u32::MAX, 240.0, 360.0);
}

#[test]
fn pauses_differ_and_are_the_same_when_asked_again() {
    let pauses: std::collections::BTreeSet<_> = (0..20).map(|seed| backoff(6, seed)).collect();
    assert!(pauses.len() > 10, "{pauses:?}");
    assert_eq!(backoff(6, 1), backoff(6, 1));
}

#[test]
fn a_receiver_can_ask_for_more_patience_but_not_for_less() {
    assert_eq!(pause(1, 1, Some(Duration::from_secs(60))), Duration::from_secs(60));
    assert_eq!(pause(9, 1, Some(Duration::from_secs(1))), backoff(9, 1));
}

struct Pipe(std::sync::mpsc::Sender<Vec<u8>>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let gone = |_| std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        self.0.send(bytes.to_vec()).map_err(gone)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Takes the first byte when the gate opens.
struct Stuck(std::sync::mpsc::Receiver<()>);

impl Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let _ = self.0.recv();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn courier(timeout: Duration) -> Courier {
    Courier::new(timeout).unwrap()
}

fn to(url: &str) -> Message {
    Message::Http(vec![request(url)])
}

fn request(url: &str) -> Request {
    let headers = vec![("Authorization".to_owned(), "Bearer t".to_owned())];
    Request { url: url.to_owned(), headers, body: "{\"a\":1}".to_owned() }
}

/// Answers one request with `head|body`; gives its address, and later what was asked.
async fn serve(answer: &str) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (head, body) = answer.split_once('|').unwrap_or((answer, ""));
    let length = body.len();
    let answer = format!("HTTP/1.1 {}\r\nContent-Length: {length}\r\n\r\n{body}", head.trim_end());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"{\"a\":1}") {
            let mut part = [0; 1024];
            let read = stream.read(&mut part).await.unwrap();
            assert!(read > 0, "the request broke off");
            seen.extend_from_slice(&part[..read]);
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(seen).unwrap()
    });
    (url, task)
}

pub(in crate::delivery) fn summary(answer: &Answer) -> String {
    match answer {
        Answer::Sent => "sent".to_owned(),
        Answer::Partly { why } => format!("partly {}", why.kind.as_str()),
        Answer::Retry { after: Some(after), why } => {
            format!("retry {} after {}s", why.kind.as_str(), after.as_secs())
        }
        Answer::Retry { after: None, why } => format!("retry {}", why.kind.as_str()),
        Answer::Refused { why } => format!("refused {}", why.kind.as_str()),
    }
}

async fn check(answer: &str, expected: &str) {
    let (url, _) = serve(answer).await;
    let actual = courier(TIMEOUT).send(to(&format!("{url}{SECRET}"))).await;
    assert_eq!(summary(&actual), expected, "{answer}");
    assert!(!format!("{actual:?}").contains("geheim"), "{actual:?}");
}

async fn check_members(answers: &[&str], expected: &str) {
    let mut requests = Vec::new();
    for answer in answers {
        requests.push(request(&serve(answer).await.0));
    }
    let actual = courier(TIMEOUT).send(Message::Http(requests)).await;
    assert_eq!(summary(&actual), expected, "{answers:?}");
}

#[track_caller]
fn check_pause(attempts: u32, least: f64, most: f64) {
    for seed in 0..100 {
        let pause = backoff(attempts, seed).as_secs_f64();
        assert!((least..=most).contains(&pause), "{pause}");
    }
}
