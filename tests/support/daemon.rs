//! The daemon as a process of its own, asked over HTTP; and a receiver that listens to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running daemon; ended when it is dropped.
pub(crate) struct Daemon {
    child: Child,
    address: String,
}

impl Daemon {
    /// Starts the daemon with a configuration, and waits until it serves.
    pub(crate) fn start(dir: &Path, config: &str) -> Self {
        Self::start_in(dir, config, &[])
    }

    /// The same with more environment.
    pub(crate) fn start_in(dir: &Path, config: &str, environment: &[(&str, &str)]) -> Self {
        let file = dir.join("shirwatch.yaml");
        std::fs::write(&file, config).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_shirwatch"))
            .args(["run", "--listen", "127.0.0.1:0", "--config"])
            .arg(&file)
            .arg("--state-dir")
            .arg(dir.join("state"))
            .env("NO_COLOR", "1")
            .envs(environment.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let serving = lines.by_ref().map(Result::unwrap).find(|it| it.contains("address="));
        let address =
            serving.unwrap().split("http://").nth(1).unwrap().trim_end_matches('/').to_owned();
        // Whatever else it says must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    /// Host and port that it listens on.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The body of an answer.
    pub(crate) fn get(&self, path: &str) -> String {
        self.ask("GET", path, "").1
    }

    /// Status and body of an answer.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let (host, length) = (&self.address, body.len());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        // A body that is too large may be refused before it was sent.
        let _ = stream.write_all(request.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    /// Asks until the answer holds `expected`.
    #[track_caller]
    pub(crate) fn wait_for(&self, path: &str, expected: &str) -> String {
        self.wait_until(path, |it| it.contains(expected))
    }

    /// Asks until the answer is as it should be.
    #[track_caller]
    pub(crate) fn wait_until(&self, path: &str, is_so: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let body = self.get(path);
            if is_so(&body) {
                return body;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "what was awaited did not come; {path} says:\n{body}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends a signal, such as `HUP`.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Waits until the process has ended; gives its exit code.
    #[cfg(unix)]
    pub(crate) fn ended(mut self) -> Option<i32> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(begun.elapsed() < PATIENCE, "the daemon does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the process without a word.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A receiver of webhooks that answers 200 and keeps what it was told.
pub(crate) struct Listener {
    pub(crate) url: String,
    bodies: Receiver<Value>,
}

impl Listener {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (told, bodies) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if told.send(body(stream)).is_err() {
                    return;
                }
            }
        });
        Self { url, bodies }
    }

    /// The next thing that was told.
    pub(crate) fn next(&self) -> Value {
        self.bodies.recv_timeout(PATIENCE).unwrap()
    }
}

fn body(mut stream: TcpStream) -> Value {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes).unwrap();
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    serde_json::from_slice(&bytes).unwrap()
}
