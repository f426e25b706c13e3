//! Receivers of every kind that keep, as text, all that they were told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long anything may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was heard at one door.
#[derive(Clone)]
pub(crate) struct Catcher {
    /// Host and port.
    pub(crate) door: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Catcher {
    /// A web server that answers every request with this status line.
    pub(crate) fn http(status: &'static str) -> Self {
        Self::http_at("127.0.0.1:0", status)
    }

    /// The same at a door that was agreed on before.
    pub(crate) fn http_at(door: &str, status: &'static str) -> Self {
        Self::tcp(door, move |stream, heard| {
            let (request, mut stream) = request(stream)?;
            heard.lock().unwrap().push(request);
            let end = "Content-Length: 0\r\nConnection: close\r\n\r\n";
            stream.write_all(format!("HTTP/1.1 {status}\r\n{end}").as_bytes()).ok()
        })
    }

    /// A web server that reads each request, says nothing, and keeps the connection.
    pub(crate) fn silent() -> Self {
        let kept = Mutex::new(Vec::new());
        Self::tcp("127.0.0.1:0", move |stream, heard| {
            let (request, stream) = request(stream)?;
            heard.lock().unwrap().push(request);
            kept.lock().unwrap().push(stream);
            Some(())
        })
    }

    /// A mail server; each mail is kept decoded, with its header.
    pub(crate) fn smtp() -> Self {
        Self::tcp("127.0.0.1:0", |stream, heard| {
            let mail = mail(stream).ok()?;
            heard.lock().unwrap().push(decoded(&mail));
            Some(())
        })
    }

    /// A collector of syslog.
    pub(crate) fn syslog() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let caught = Self::at(socket.local_addr().unwrap().to_string());
        let heard = Arc::clone(&caught.heard);
        std::thread::spawn(move || {
            let mut bytes = [0; 65_536];
            while let Ok(length) = socket.recv(&mut bytes) {
                heard.lock().unwrap().push(String::from_utf8_lossy(&bytes[..length]).into_owned());
            }
        });
        caught
    }

    /// Waits until so many were heard.
    pub(crate) fn wait_for(&self, least: usize) -> Vec<String> {
        let begun = Instant::now();
        loop {
            let heard = self.heard();
            if heard.len() >= least {
                return heard;
            }
            assert!(begun.elapsed() < PATIENCE, "only {} of {least} came", heard.len());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// All that was heard so far.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    fn at(door: String) -> Self {
        Self { door, heard: Arc::default() }
    }

    fn tcp(
        door: &str,
        serve: impl Fn(TcpStream, &Mutex<Vec<String>>) -> Option<()> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind(door).unwrap();
        let caught = Self::at(listener.local_addr().unwrap().to_string());
        let heard = Arc::clone(&caught.heard);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream, &heard);
            }
        });
        caught
    }
}

/// Head and body of one request.
fn request(stream: TcpStream) -> Option<(String, TcpStream)> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let (mut text, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        text.push_str(&line);
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    text.push_str(&String::from_utf8_lossy(&body));
    Some((text, stream))
}

/// One mail, from the greeting to the end of the data.
fn mail(mut stream: TcpStream) -> std::io::Result<String> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut mail, mut in_data) = (String::new(), false);
    let mut answer = "220 here";
    loop {
        if !answer.is_empty() {
            stream.write_all(format!("{answer}\r\n").as_bytes())?;
        }
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(mail);
        }
        answer = match line.trim_end() {
            "." if in_data => "250 kept",
            _ if in_data => "",
            "DATA" => "354 go on",
            it if it.starts_with("EHLO") => "250-here\r\n250 AUTH PLAIN",
            it if it.starts_with("AUTH") => "235 welcome",
            _ => "250 fine",
        };
        if in_data {
            mail.push_str(&line);
        }
        in_data = answer == "354 go on" || (in_data && answer.is_empty());
    }
}

/// The mail with its quoted-printable parts read; so that a word that is broken over two
/// lines is found. A test that searches must not be blind, so that base64 is no option.
fn decoded(mail: &str) -> String {
    assert!(!mail.to_ascii_lowercase().contains("base64"), "cannot be searched: {mail}");
    let mut bytes = Vec::new();
    let joined = mail.replace("=\r\n", "");
    let mut rest = joined.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let hex = others.get(..2).and_then(|it| std::str::from_utf8(it).ok());
        let byte = hex.and_then(|it| u8::from_str_radix(it, 16).ok()).filter(|_| *first == b'=');
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &others[2..] } else { others };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
