//! Files that are not UTF-8, cut where it hurts.

use crate::sources::file::encoding::Charset;
use crate::sources::file::tests::Bench;

fn utf_16le(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn utf_16be(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

#[test]
fn a_file_is_read_the_same_wherever_it_is_cut() {
    let text = "Fehler: Größe\n😀 zwei\n\u{0a0a} drei\n";
    let with_mark = format!("\u{feff}{text}");
    check("auto", &utf_16le(&with_mark), text);
    check("auto", &utf_16be(&with_mark), text);
    check("auto", with_mark.as_bytes(), text);
    check("utf-16le", &utf_16le(text), text);
    check("utf-16be", &utf_16be(text), text);
    check("auto", &utf_16le("Error\none\n"), "Error\none\n");
    check("windows-1252", b"Gr\xF6\xDFe\n\x80\n", "Größe\n€\n");
    check("shift_jis", b"\x83\x5C\x83\x5C\n\x83\x5C\n", "ソソ\nソ\n");
    check("utf-8", &utf_16le("a\n"), "a\u{0}\n\u{0}");
}

/// Writes `raw` in two parts, cut at each byte in turn, with a restart in between.
#[track_caller]
fn check(encoding: &str, raw: &[u8], expected: &str) {
    let charset: Charset = encoding.parse().unwrap();
    for cut in 0..raw.len() {
        let mut bench = Bench::with(|it| it.encoding = charset);
        bench.append("a.log", &raw[..cut]);
        bench.wait(-400);
        poll_without_idle(&mut bench);
        bench.restart();
        bench.append("a.log", &raw[cut..]);
        bench.poll();
        bench.wait(60_000);
        bench.poll();
        let text: String = bench.taken.drain(..).map(|it| it.1).collect();
        assert_eq!(text, expected, "{encoding} cut at {cut}");
    }
}

/// A look before the idle time is over.
fn poll_without_idle(bench: &mut Bench) {
    bench.config.idle = std::time::Duration::from_secs(3600);
    bench.poll();
    bench.config.idle = std::time::Duration::from_secs(1);
}
