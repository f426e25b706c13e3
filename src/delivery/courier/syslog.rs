//! Hands a line to a collector of syslog.
//!
//! ```text
//! udp, unix   one datagram, one line          tcp   "120 <27>1 …", RFC 6587
//! ```
//!
//! Syslog has no answers. A datagram that the system took is sent; a stream is closed and
//! looked at for a moment, so that a collector that resets it is noticed.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use crate::delivery::courier::Answer;
use crate::delivery::courier::Failure;
use crate::delivery::courier::FailureKind;
use crate::outputs::syslog::SyslogDoor;
use crate::outputs::syslog::SyslogLine;

/// How long a collector may take to reset a stream that it does not want.
const LOOK: Duration = Duration::from_millis(250);

/// Hands over one line, once.
pub(super) async fn send(message: &SyslogLine, timeout: Duration) -> Answer {
    let sending = async {
        match &message.door {
            SyslogDoor::Udp(door) => datagram(door, &message.line).await,
            SyslogDoor::Tcp(door) => stream(door, &message.line).await,
            SyslogDoor::Unix(path) => socket(path, &message.line).await,
        }
    };
    let door = match &message.door {
        SyslogDoor::Udp(door) => format!("udp://{door}"),
        SyslogDoor::Tcp(door) => format!("tcp://{door}"),
        SyslogDoor::Unix(path) => format!("unix://{}", path.display()),
    };
    let (kind, text) = match tokio::time::timeout(timeout, sending).await {
        Ok(Ok(())) => return Answer::Sent,
        Ok(Err(error)) => (FailureKind::Connection, format!("cannot reach `{door}`: {error}")),
        Err(_) => (FailureKind::Timeout, format!("`{door}` took nothing within {timeout:?}")),
    };
    Answer::Retry { after: None, why: Failure { kind, text } }
}

async fn datagram(door: &str, line: &str) -> io::Result<()> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in tokio::net::lookup_host(door).await? {
        let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(any).await?;
        match socket.send_to(line.as_bytes(), address).await {
            Ok(_) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn stream(door: &str, line: &str) -> io::Result<()> {
    let mut stream = TcpStream::connect(door).await?;
    stream.write_all(format!("{} {line}", line.len()).as_bytes()).await?;
    stream.shutdown().await?;
    match tokio::time::timeout(LOOK, stream.read(&mut [0; 64])).await {
        Ok(Err(error)) => Err(error),
        Ok(Ok(_)) | Err(_) => Ok(()),
    }
}

#[cfg(unix)]
async fn socket(path: &std::path::Path, line: &str) -> io::Result<()> {
    let socket = tokio::net::UnixDatagram::unbound()?;
    socket.send_to(line.as_bytes(), path).await.map(drop)
}

#[cfg(not(unix))]
async fn socket(_: &std::path::Path, _: &str) -> io::Result<()> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use crate::delivery::courier::tests::summary;

    const LINE: &str = "<27>1 - - shirwatch - - - ä";

    #[tokio::test]
    async fn a_datagram_is_one_line() {
        let collector = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let door = SyslogDoor::Udp(collector.local_addr().unwrap().to_string());
        assert_eq!(say(door).await, "sent");
        let mut seen = [0; 100];
        let length = collector.recv(&mut seen).await.unwrap();
        assert_eq!(&seen[..length], LINE.as_bytes());
    }

    #[tokio::test]
    async fn a_stream_has_the_length_in_front() {
        let collector = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let door = SyslogDoor::Tcp(collector.local_addr().unwrap().to_string());
        let reading = tokio::spawn(async move {
            let mut text = String::new();
            let (mut stream, _) = collector.accept().await.unwrap();
            stream.read_to_string(&mut text).await.unwrap();
            text
        });
        assert_eq!(say(door).await, "sent");
        assert_eq!(reading.await.unwrap(), format!("{} {LINE}", LINE.len()));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_socket_of_this_machine_takes_datagrams() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        assert_eq!(say(SyslogDoor::Unix(path.clone())).await, "retry connection");
        let collector = tokio::net::UnixDatagram::bind(&path).unwrap();
        assert_eq!(say(SyslogDoor::Unix(path)).await, "sent");
        let mut seen = [0; 100];
        let length = collector.recv(&mut seen).await.unwrap();
        assert_eq!(&seen[..length], LINE.as_bytes());
    }

    #[tokio::test]
    async fn a_collector_that_is_not_there_or_resets_is_tried_again() {
        let collector = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let door = SyslogDoor::Tcp(collector.local_addr().unwrap().to_string());
        let resetting = tokio::spawn(async move {
            let (stream, _) = collector.accept().await.unwrap();
            // Closed with a byte unread: the other side gets a reset.
            stream.readable().await.unwrap();
            drop(stream);
        });
        assert_eq!(say(door.clone()).await, "retry connection");
        resetting.await.unwrap();
        assert_eq!(say(door).await, "retry connection");
    }

    async fn say(door: SyslogDoor) -> String {
        let line = SyslogLine { door, line: LINE.to_owned() };
        summary(&send(&line, Duration::from_secs(5)).await)
    }
}
