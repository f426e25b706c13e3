//! The door, with real sockets: TLS, passwords, and clients that mean harm.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use rustls::pki_types::ServerName;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;
use crate::web::config::{BasicAuthConfig, TlsConfig};

/// After that a test has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A web that listens.
struct Open {
    address: SocketAddr,
    house: House,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

async fn open(config: WebConfig, greeting: Duration) -> Open {
    let house = house(WebConfig { listen: "127.0.0.1:0".to_owned(), ..config });
    let door = Door::open(&house.shared.config, None).await.unwrap().hasty(greeting);
    let address = door.address().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async move { drop(stopped.await) };
    let serving = tokio::spawn(serve(door, Arc::clone(&house.shared), stopped));
    Open { address, house, stop, serving }
}

impl Open {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

/// Sends a request with these headers, and reads until the other side closes.
async fn say<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    line: &str,
    headers: &str,
) -> String {
    let request =
        format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    rest(stream).await
}

/// All that comes until the other side closes; how it does is its own affair.
async fn rest<S: AsyncRead + Unpin>(mut stream: S) -> String {
    let mut bytes = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    let _ = read.expect("the connection was never closed");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn a_door_serves_until_it_is_told_to_stop() {
    let open = open(WebConfig::default(), PATIENCE).await;
    let answer = say(open.connect().await, "GET /livez", "").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("ok\n"), "{answer}");
    let idle = open.connect().await;
    open.stop.send(()).unwrap();
    timeout(PATIENCE, open.serving).await.unwrap().unwrap();
    assert!(TcpStream::connect(open.address).await.is_err(), "the port is given back");
    assert_eq!(rest(idle).await, "");
}

#[tokio::test]
async fn an_address_for_all_is_not_opened() {
    let config = WebConfig { listen: "0.0.0.0:0".to_owned(), ..WebConfig::default() };
    assert!(matches!(Door::open(&config, None).await, Err(WebError::Exposed { .. })));
}

#[tokio::test]
async fn a_head_that_trickles_is_cut_off() {
    let open = open(WebConfig::default(), Duration::from_millis(200)).await;
    let (mut read, mut write) = open.connect().await.into_split();
    let trickle = tokio::spawn(async move {
        // Each byte is in time for a limit between two bytes, and not for one of the whole.
        for byte in b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ".iter().chain([b'x'; 2000].iter()) {
            if write.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    let begun = std::time::Instant::now();
    let mut bytes = Vec::new();
    let _ = timeout(PATIENCE, read.read_to_end(&mut bytes)).await.expect("it was never cut off");
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert!(!String::from_utf8_lossy(&bytes).contains("200 OK"));
    trickle.abort();
}

#[tokio::test]
async fn a_client_that_says_nothing_is_cut_off() {
    let plain = open(WebConfig::default(), Duration::from_millis(50)).await;
    rest(plain.connect().await).await;
    let tls = open(tls(), Duration::from_millis(50)).await;
    rest(tls.connect().await).await;
}

#[tokio::test]
async fn a_head_and_a_body_have_their_limits() {
    let open = open(WebConfig::default(), PATIENCE).await;
    let long = format!("X-Long: {}\r\n", "x".repeat(100_000));
    let answer = say(open.connect().await, "GET /", &long).await;
    assert!(!answer.contains("200 OK"), "{answer}");
    let large = format!("Content-Length: {}\r\n", BODY_LIMIT + 1);
    let answer = say(open.connect().await, "POST /api/v1/explain", &large).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn one_peer_has_no_more_than_its_places() {
    let open = open(WebConfig::default(), PATIENCE).await;
    let mut held = Vec::new();
    for _ in 0..64 {
        let mut stream = open.connect().await;
        stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        let mut byte = [0];
        timeout(PATIENCE, stream.read_exact(&mut byte)).await.unwrap().unwrap();
        held.push(stream);
    }
    assert_eq!(rest(open.connect().await).await, "", "the 65th is closed at once");
    drop(held);
}

fn tls() -> WebConfig {
    let file = |name: &str| Some(PathBuf::from("tests/golden/tls").join(name));
    let tls = TlsConfig { cert_file: file("cert.pem"), key_file: file("key.pem") };
    WebConfig { tls: Some(tls), ..WebConfig::default() }
}

async fn https(open: &Open, line: &str, headers: &str) -> String {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file("tests/golden/tls/cert.pem").unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(client));
    let name = ServerName::try_from("localhost").unwrap();
    say(connector.connect(name, open.connect().await).await.unwrap(), line, headers).await
}

#[tokio::test]
async fn with_a_certificate_nothing_is_said_in_the_clear() {
    let open = open(tls(), PATIENCE).await;
    assert!(https(&open, "GET /", "").await.starts_with("HTTP/1.1 200 OK"));
    let plain = say(open.connect().await, "GET /", "").await;
    assert!(!plain.contains("HTTP/1.1") && !plain.contains("<html"), "{plain}");
    assert_eq!(https(&open, "GET /livez", "").await.lines().last(), Some("ok"));
}

/// A web that asks for the password of `ada`.
async fn asking(config: WebConfig) -> (Open, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("users");
    std::fs::write(&file, format!("ada: {}\n", bcrypt::hash("correct horse", 4).unwrap())).unwrap();
    let basic_auth = Some(BasicAuthConfig { users_file: Some(file) });
    (open(WebConfig { basic_auth, ..config }, PATIENCE).await, dir)
}

fn basic(text: &str) -> String {
    format!("Authorization: Basic {}\r\n", base64::engine::general_purpose::STANDARD.encode(text))
}

#[tokio::test]
async fn without_the_password_nothing_is_told() {
    let (open, _dir) = asking(tls()).await;
    let right = basic("ada:correct horse");
    #[rustfmt::skip]
    let table = [
        // request                                              header   status
        ("GET /",                                               "",      401),
        ("GET /page/app.js",                                    "",      401),
        ("GET /metrics",                                        "",      401),
        ("GET /api/v1/incidents",                               "",      401),
        ("GET /api/v1/nothing",                                 "",      401),
        ("POST /api/v1/explain",                                "",      401),
        ("POST /api/v1/incidents/9f86d081884c7d65/resolve",     "",      401),
        ("GET /livez",                                          "",      200),
        ("GET /readyz",                                         "",      200),
        ("GET /",                                               &right,  200),
        ("GET /metrics",                                        &right,  200),
        ("GET /api/v1/incidents",                               &right,  200),
    ];
    for (line, headers, expected) in table {
        let answer = https(&open, line, headers).await;
        assert_eq!(answer.get(9..12), Some(expected.to_string().as_str()), "{line}: {answer}");
        if expected == 401 {
            assert!(answer.contains("\r\nwww-authenticate: Basic realm="), "{answer}");
            assert!(answer.contains("\r\ncontent-security-policy: "), "{answer}");
        }
    }
    let reason = "cannot read /logs/secret.log".to_owned();
    open.house.shared.set_health(Health { dead: vec![reason.clone()], ..Health::default() });
    let answer = https(&open, "GET /livez", "").await;
    assert!(answer.starts_with("HTTP/1.1 503") && !answer.contains(&reason), "{answer}");
}

#[tokio::test]
async fn who_guesses_passwords_must_wait() {
    let (open, _dir) = asking(WebConfig::default()).await;
    let mut statuses = Vec::new();
    for guess in 0..15 {
        let answer = say(open.connect().await, "GET /", &basic(&format!("ada:{guess}"))).await;
        statuses.push(answer[9..12].to_owned());
    }
    assert_eq!(statuses.iter().filter(|it| *it == "401").count(), 10, "{statuses:?}");
    let answer = say(open.connect().await, "GET /", &basic("ada:correct horse")).await;
    assert!(answer.starts_with("HTTP/1.1 429") && answer.contains("\r\nretry-after: "), "{answer}");
}

#[tokio::test]
async fn what_was_right_once_goes_on_while_others_guess() {
    let (open, _dir) = asking(WebConfig::default()).await;
    let right = basic("ada:correct horse");
    for _ in 0..15 {
        assert!(say(open.connect().await, "GET /", &right).await.contains("200 OK"));
        say(open.connect().await, "GET /", &basic("ada:guess")).await;
    }
}
