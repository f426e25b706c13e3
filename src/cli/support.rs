//! `shirwatch support`: what somebody who helps has to know, in one archive, without secrets.
//!
//! | in the archive | is |
//! |---|---|
//! | `about.txt` | version, platform, folders and what is in the state folder |
//! | `config.json` | the configuration in effect: of addresses only scheme and host, no headers |
//! | `status.json`, `ready.txt`, `metrics.txt` | what the daemon answers; or else why it does not |
//! | `audit.json` | the ledger of every source, from the store |
//! | `log.txt` | the daemon's last lines |
//!
//! No text of a followed log is in it, but for what the daemon quotes in its own. All of it goes
//! through the redactor once more.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;
use serde_json::Value;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::cli::Done;
use crate::cli::Failure;
use crate::cli::Place;
use crate::cli::ask;
use crate::cli::terminal;
use crate::config::Config;
use crate::model::redacted::Redactor;
use crate::outputs::door;
use crate::service::log;
use crate::store;
use crate::store::Reader;
use crate::web::status::ledger::SourceLedger;

/// Bytes of the log that are taken along, from its end.
const LOG: usize = 512 * 1024;

/// Entries of the state folder that are named.
const ENTRIES: usize = 200;

#[derive(Debug, Args)]
pub(super) struct SupportArgs {
    #[command(flatten)]
    place: Place,
    /// The archive; by default `shirwatch-support-TIME.zip` in this folder.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(args: &SupportArgs) -> Done {
    #[expect(clippy::disallowed_methods, reason = "a command is its own clock")]
    let now = Timestamp::now();
    // A configuration that is refused is one of the reasons to ask for help.
    let (config, fault) = match args.place.load() {
        Ok(config) => (config, None),
        Err(failure) => (Config::default(), Some(failure.error.to_string())),
    };
    let name = format!("shirwatch-support-{}.zip", now.strftime("%Y%m%dT%H%M%SZ"));
    let output = args.output.clone().unwrap_or_else(|| name.into());
    let parts = parts(&config, &about(&args.place, &config, fault.as_deref(), now));
    write(&output, &parts, &Redactor::new(&config.redaction))
        .map_err(|error| Failure::new(format!("cannot write `{}`: {error}", output.display())))?;
    terminal::say(&format!("{}\n", output.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// The files of the archive: name and text.
fn parts(config: &Config, about: &str) -> Vec<(&'static str, String)> {
    let asked = |path| match ask::get(config, path) {
        Ok((_, body)) => body,
        Err(error) => format!("the daemon does not answer: {error}\n"),
    };
    let state_dir = config.state_dir();
    vec![
        ("about.txt", about.to_owned()),
        ("config.json", configuration(config)),
        ("status.json", asked("/api/v1/status")),
        ("ready.txt", asked("/readyz")),
        ("metrics.txt", asked("/metrics")),
        ("audit.json", audit(&config.place()).unwrap_or_else(|it| format!("{it}\n"))),
        ("log.txt", last_lines(&state_dir)),
    ]
}

fn about(place: &Place, config: &Config, fault: Option<&str>, now: Timestamp) -> String {
    let state_dir = config.state_dir();
    let file = place.file().map_or("none".to_owned(), |it| it.display().to_string());
    let mut out = format!(
        "shirwatch {} {}\n{} {}\nwritten {now}\nconfiguration {file}\nstate {}\n",
        env!("CARGO_PKG_VERSION"),
        option_env!("SHIRWATCH_REVISION").unwrap_or_default(),
        std::env::consts::OS,
        std::env::consts::ARCH,
        state_dir.display(),
    );
    if let Some(fault) = fault {
        let _ =
            writeln!(out, "the configuration is refused; the defaults are shown instead\n{fault}");
    }
    for entry in std::fs::read_dir(&state_dir).into_iter().flatten().flatten().take(ENTRIES) {
        let size = entry.metadata().map_or(0, |it| it.len());
        let _ = writeln!(out, "  {} {size}", entry.file_name().display());
    }
    out
}

fn configuration(config: &Config) -> String {
    let mut value = serde_json::to_value(config).unwrap_or_default();
    close(&mut value);
    serde_json::to_string_pretty(&value).unwrap_or_default()
}

/// Leaves of each address its door, and of headers nothing: secrets are in both.
fn close(value: &mut Value) {
    match value {
        Value::String(text) if text.contains("://") => *text = door(text),
        Value::Array(list) => list.iter_mut().for_each(close),
        Value::Object(fields) => {
            for (key, value) in fields {
                if key == "headers" && !value.is_null() {
                    *value = "[redacted:secret]".into();
                }
                close(value);
            }
        }
        _ => {}
    }
}

fn audit(place: &store::Place) -> Result<String, store::StoreError> {
    let reader = Reader::open(place)?;
    let mut pending = BTreeMap::new();
    for held in reader.held()? {
        *pending.entry(held.source).or_insert(0) += 1;
    }
    let rows = SourceLedger::all(&reader.totals()?, &pending);
    Ok(serde_json::to_string_pretty(&rows).unwrap_or_default())
}

/// The end of the log, from the first whole line.
fn last_lines(state_dir: &Path) -> String {
    let file = state_dir.join(log::NAME);
    let read = |path: &Path| std::fs::read(path).unwrap_or_default();
    let all = [read(&file.with_extension("log.1")), read(&file)].concat();
    let end = &all[all.len().saturating_sub(LOG)..];
    let text = String::from_utf8_lossy(end);
    match all.len() > LOG {
        true => text.split_once('\n').map_or("", |(_, whole)| whole).to_owned(),
        false => text.into_owned(),
    }
}

fn write(to: &Path, parts: &[(&str, String)], redactor: &Redactor) -> zip::result::ZipResult<()> {
    let mut archive = ZipWriter::new(File::create_new(to)?);
    let how = SimpleFileOptions::default().unix_permissions(0o600);
    for (name, text) in parts {
        archive.start_file(*name, how)?;
        archive.write_all(redactor.text(text).as_bytes())?;
    }
    archive.finish()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn of_addresses_the_door_is_left() {
        // value                                                         in the archive
        check(r#"{"url":"https://h.contoso.example/T0/FAKE?sig=FAKE"}"#, r#"{"url":"https://h.contoso.example"}"#);
        check(r#"{"urls":["http://a:1/x","b"]}"#,                        r#"{"urls":["http://a:1","b"]}"#);
        check(r#"{"headers":{"Authorization":"Bearer FAKE"}}"#,          r#"{"headers":"[redacted:secret]"}"#);
        check(r#"{"name":"ops","port":25}"#,                             r#"{"name":"ops","port":25}"#);
    }

    #[track_caller]
    fn check(value: &str, expected: &str) {
        let mut value: Value = serde_json::from_str(value).unwrap();
        close(&mut value);
        assert_eq!(value.to_string(), expected);
    }
}
