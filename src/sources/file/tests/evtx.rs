//! Exported event logs: their events are read as XML, and damage takes no neighbour with it.

use std::fs;

use super::Bench;

/// Bytes of the header of a file.
const FILE: usize = 4096;

/// Bytes of a chunk.
const CHUNK: usize = 65536;

/// Bytes of the header of a chunk.
const HEAD: usize = 512;

#[test]
fn the_events_of_an_event_log_are_read_as_xml() {
    let mut bench = Bench::with(|it| it.include = vec![it.include[0].replace("*.log*", "*.evtx")]);
    fs::write(bench.path("a.evtx"), log(&[&["Disk full", "a < b"], &["Third"]])).unwrap();
    (0..4).for_each(|_| bench.poll());
    assert_eq!(bench.told(), events(&["Disk full", "a &lt; b", "Third"]));
    bench.restart();
    (0..4).for_each(|_| bench.poll());
    assert_eq!(bench.told(), "", "it is read once");
}

#[test]
fn a_damaged_part_is_passed_over() {
    let mut bench = Bench::with(|it| it.include = vec![it.include[0].replace("*.log*", "*.evtx")]);
    let mut text = log(&[&["One"], &["Two"], &["Three"]]);
    text[FILE + CHUNK..FILE + CHUNK + 4].fill(b'?');
    fs::write(bench.path("a.evtx"), text).unwrap();
    (0..4).for_each(|_| bench.poll());
    assert_eq!(bench.told(), events(&["One", "Three"]));
}

/// Each event as it is read.
fn events(messages: &[&str]) -> String {
    let event = |it: &&str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?> <Event><System><Level>2</Level></System>\
             <EventData><Data>{it}</Data></EventData></Event>"
        )
    };
    messages.iter().map(event).collect::<Vec<_>>().join(" ")
}

/// An event log with a chunk for each list of messages. The layout is that of the format's
/// public description: a header of the file, and chunks whose records are binary XML.
fn log(chunks: &[&[&str]]) -> Vec<u8> {
    let mut file = vec![0; FILE];
    put(&mut file, 0, b"ElfFile\0");
    put(&mut file, 32, &128_u32.to_le_bytes());
    put(&mut file, 36, &[1, 0, 3, 0]);
    put(&mut file, 40, &4096_u16.to_le_bytes());
    put(&mut file, 42, &u16::try_from(chunks.len()).unwrap().to_le_bytes());
    let mut number = 0_u64;
    for messages in chunks {
        let first = number + 1;
        number += messages.len() as u64;
        file.extend(chunk(first, messages));
    }
    file
}

fn chunk(first: u64, messages: &[&str]) -> Vec<u8> {
    let mut chunk = vec![0; HEAD];
    let mut last = 0;
    for (id, message) in (first..).zip(messages) {
        last = chunk.len();
        let xml = Xml::event(last + 24, message);
        let size = u32::try_from(24 + xml.len() + 4).unwrap().to_le_bytes();
        chunk.extend(b"**\0\0");
        chunk.extend(size);
        chunk.extend(id.to_le_bytes());
        chunk.extend(131_000_000_000_000_000_u64.to_le_bytes());
        chunk.extend(xml);
        chunk.extend(size);
    }
    let free = chunk.len();
    chunk.resize(CHUNK, 0);
    put(&mut chunk, 0, b"ElfChnk\0");
    let end = first + messages.len() as u64 - 1;
    for (at, id) in [(8, first), (16, end), (24, first), (32, end)] {
        put(&mut chunk, at, &id.to_le_bytes());
    }
    put(&mut chunk, 40, &128_u32.to_le_bytes());
    put(&mut chunk, 44, &u32::try_from(last).unwrap().to_le_bytes());
    put(&mut chunk, 48, &u32::try_from(free).unwrap().to_le_bytes());
    chunk
}

fn put(bytes: &mut [u8], at: usize, part: &[u8]) {
    bytes[at..at + part.len()].copy_from_slice(part);
}

/// Binary XML that stands at a byte of its chunk: a name says where it stands itself.
struct Xml {
    bytes: Vec<u8>,
    at: usize,
}

impl Xml {
    fn event(at: usize, message: &str) -> Vec<u8> {
        let mut xml = Self { bytes: vec![0x0f, 1, 1, 0], at };
        xml.open("Event").open("System").open("Level").text("2").close().close();
        xml.open("EventData").open("Data").text(message).close().close().close();
        xml.bytes.push(0);
        xml.bytes
    }

    fn open(&mut self, name: &str) -> &mut Self {
        self.bytes.extend([1, 0, 0, 0, 0]);
        let at = u32::try_from(self.at + self.bytes.len() + 4).unwrap();
        self.bytes.extend(at.to_le_bytes());
        self.bytes.extend([0; 6]);
        self.counted(name);
        self.bytes.extend([0, 0, 2]);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.bytes.extend([5, 1]);
        self.counted(text);
        self
    }

    fn counted(&mut self, text: &str) {
        let units: Vec<u16> = text.encode_utf16().collect();
        self.bytes.extend(u16::try_from(units.len()).unwrap().to_le_bytes());
        self.bytes.extend(units.iter().flat_map(|it| it.to_le_bytes()));
    }

    fn close(&mut self) -> &mut Self {
        self.bytes.push(4);
        self
    }
}
