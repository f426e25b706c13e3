//! A web server on loopback that says what a test tells it to, and keeps what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What one request said.
#[derive(Debug, Clone, Default)]
pub(in crate::sources) struct Request {
    pub(in crate::sources) method: String,
    pub(in crate::sources) target: String,
    /// The lines of the header, in small letters.
    pub(in crate::sources) header: String,
    pub(in crate::sources) body: String,
}

/// What is answered: status, header lines, body; `None` breaks the connection.
pub(in crate::sources) type Reply = Option<(u16, String, String)>;

/// A server that runs as long as the test.
#[derive(Clone)]
pub(in crate::sources) struct Server {
    /// `http://127.0.0.1:PORT`
    pub(in crate::sources) url: String,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub(in crate::sources) fn start(
        reply: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { url, asked: Arc::default() };
        let (asked, reply) = (Arc::clone(&server.asked), Arc::new(reply));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (asked, reply) = (Arc::clone(&asked), Arc::clone(&reply));
                std::thread::spawn(move || serve(stream, &asked, &*reply));
            }
        });
        server
    }

    /// What was asked since the last call.
    pub(in crate::sources) fn asked(&self) -> Vec<Request> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn serve(
    stream: TcpStream,
    asked: &Mutex<Vec<Request>>,
    reply: &dyn Fn(&Request) -> Reply,
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let request = read(&mut reader)?;
        let answer = reply(&request);
        asked.lock().unwrap().push(request);
        let (status, header, body) = answer?;
        let length = body.len();
        let text =
            format!("HTTP/1.1 {status} So\r\n{header}content-length: {length}\r\n\r\n{body}");
        reader.get_mut().write_all(text.as_bytes()).ok()?;
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|it| *it > 0)?;
    let mut words = line.split(' ').map(str::to_owned);
    let mut request =
        Request { method: words.next()?, target: words.next()?, ..Request::default() };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        request.header.push_str(&format!("{}:{value}", name.to_ascii_lowercase()));
    }
    let length = request.header.lines().find_map(|it| it.strip_prefix("content-length:"));
    let length = length.and_then(|it| it.trim().parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    request.body = String::from_utf8(body).ok()?;
    Some(request)
}
