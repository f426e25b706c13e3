//! What `shirwatch support` gives away: all that helps, and no secret; also when nothing works.

use std::io::Read;
use std::path::Path;

use crate::support::daemon::Daemon;
use crate::support::{chain, shirwatch};

const CONFIG: &str = "
receivers:
  - name: hook
    webhook:
      url: http://127.0.0.1:9/T0FAKE/FAKEPATH?sig=FAKESIG
      headers: { X-Key: FAKEHEADER }
";

/// The files of the archive, one after the other, each under its name.
fn archive(dir: &Path, args: &[&str]) -> String {
    let file = dir.join("support.zip");
    let _ = std::fs::remove_file(&file);
    let output = shirwatch(&[&["support", "--output", file.to_str().unwrap()], args].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut archive = zip::ZipArchive::new(std::fs::File::open(&file).unwrap()).unwrap();
    let mut text = String::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        text.push_str(&format!("== {}\n", file.name().unwrap()));
        file.read_to_string(&mut text).unwrap();
    }
    text
}

#[test]
fn it_holds_what_helps_and_no_secret() {
    let dir = tempfile::tempdir().unwrap();
    let (logs, state) = (dir.path().join("logs"), dir.path().join("state"));
    std::fs::create_dir(&logs).unwrap();
    std::fs::write(logs.join("a.log"), chain(1) + "password=FAKEPASSWORD\n").unwrap();
    let sources = format!(
        "sources: [ {{ name: logs, file: {{ include: ['{}/*'], idle: 50ms }} }} ]",
        logs.display()
    );
    let config = format!("{sources}\nalerts: {{ max_age: 100000h }}{CONFIG}");
    let daemon = Daemon::start(dir.path(), &config);
    daemon.wait_for("/metrics", "shirwatch_notifications_failed_total{receiver=\"hook\"");
    // It listens on a port of its own choice, which the file does not tell.
    let file = dir.path().join("told.yaml");
    std::fs::write(&file, format!("web: {{ listen: '{}' }}\n{config}", daemon.address())).unwrap();
    let (file, state) = (file.to_str().unwrap(), state.to_str().unwrap());

    let text = archive(dir.path(), &["--config", file, "--state-dir", state]);
    for part in [
        "== about.txt\nshirwatch 0.",
        "shirwatch.db ",
        "\"url\": \"http://127.0.0.1:9\"",
        "\"uptime_seconds\":",
        "== ready.txt\nok\n",
        "shirwatch_errors_total{rule=\"sql-",
        "\"balanced\": true",
        "shirwatch starts",
    ] {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
    let secret = text.lines().find(|it| it.contains("FAKE"));
    assert!(secret.is_none(), "{secret:?}");
    let health = shirwatch(&["health", "--config", file]);
    assert_eq!((health.status.code(), &*health.stdout), (Some(0), &b"ok\n"[..]));
    daemon.kill();
    assert_eq!(shirwatch(&["health", "--live", "--config", file]).status.code(), Some(1));
}

#[test]
fn it_is_written_though_nothing_works() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("faulty.yaml");
    std::fs::write(&file, "webb: {}\nweb: { listen: '127.0.0.1:1' }\n").unwrap();
    let state = dir.path().join("none");
    let (file, state) = (file.to_str().unwrap(), state.to_str().unwrap());
    let text = archive(dir.path(), &["--config", file, "--state-dir", state]);
    for part in ["the configuration is refused", "webb", "the daemon does not answer", "== log.txt"]
    {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}
