//! One question to the daemon that runs on this machine, over plain HTTP.

use std::io;
use std::io::Read;
use std::io::Write;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::net::TcpStream;
use std::time::Duration;

use crate::config::Config;

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The largest answer that is read; `/metrics` with all its series is far below.
const LIMIT: u64 = 32 << 20;

/// The status and the body of an answer.
pub(super) fn get(config: &Config, path: &str) -> io::Result<(u16, String)> {
    let address = config.web.address().map_err(io::Error::other)?;
    let mut stream = TcpStream::connect_timeout(&of_this_machine(address), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let host = of_this_machine(address);
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(LIMIT).read_to_string(&mut answer)?;
    read(&answer).ok_or_else(|| io::Error::other("what answers there is no shirwatch"))
}

/// An address that stands for all is asked by loopback.
fn of_this_machine(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(it) if it.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(it) if it.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

fn read(answer: &str) -> Option<(u16, String)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some((status, body.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn an_answer_has_a_status_and_a_body() {
        check("HTTP/1.1 200 OK\r\na: b\r\n\r\nok\n", Some((200, "ok\n")));
        check("HTTP/1.1 503 Service\r\n\r\n",         Some((503, "")));
        check("HTTP/1.1 2\r\n\r\n",                   None);
        check("220 mail.contoso.example\r\n\r\n",     None);
        check("",                                     None);
    }

    #[track_caller]
    fn check(answer: &str, expected: Option<(u16, &str)>) {
        assert_eq!(read(answer), expected.map(|(status, body)| (status, body.to_owned())));
    }

    #[test]
    fn all_addresses_are_asked_by_loopback() {
        let asked = |it: &str| of_this_machine(it.parse().unwrap()).to_string();
        assert_eq!(asked("0.0.0.0:80"), "127.0.0.1:80");
        assert_eq!(asked("[::]:80"), "[::1]:80");
        assert_eq!(asked("192.0.2.1:80"), "192.0.2.1:80");
    }
}
