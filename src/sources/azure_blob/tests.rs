//! The logic of following blobs, against an account in memory.

mod property;
mod wire;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::fake::FakeAccount;
use super::*;
use crate::model::checkpoint::Checkpoint;
use crate::sources::azure::trouble::Kind;
use crate::sources::azure_blob::containers::Ask;

const RUNS: &str = "insights-logs-activityruns";
const ROOT: &str = "resourceId=/SUBSCRIPTIONS/S/RESOURCEGROUPS/R/PROVIDERS/P/FACTORIES/ADF";

/// An account, what its blobs came to, and the checkpoints that a restart goes on with.
struct Bench {
    account: FakeAccount,
    config: AzureBlobConfig,
    source: BlobSource,
    checkpoints: BTreeMap<String, Checkpoint>,
    /// Lines that were committed, and those that were read since.
    read: Vec<String>,
    fresh: Vec<String>,
    totals: BTreeMap<String, f64>,
    now: Timestamp,
}

impl Bench {
    fn new() -> Self {
        Self::with(AzureBlobConfig::default())
    }

    fn with(config: AzureBlobConfig) -> Self {
        let config = AzureBlobConfig { account: Some("contoso".to_owned()), ..config };
        let account = FakeAccount::default();
        let source = open(&account, &config, &[], false);
        Self {
            account,
            config,
            source,
            checkpoints: BTreeMap::new(),
            read: Vec::new(),
            fresh: Vec::new(),
            totals: BTreeMap::new(),
            now: "2026-03-17T05:30:00Z".parse().unwrap(),
        }
    }

    /// The blob of the hour so many hours ago.
    fn blob(&self, ago: i64) -> String {
        name(hours::of(self.now) - ago)
    }

    fn append(&self, ago: i64, text: &str) {
        self.account.append(RUNS, &self.blob(ago), text);
    }

    /// Reads all there is now: until nothing comes for longer than any chain of questions is.
    fn read(&mut self) {
        let mut quiet = 0;
        for _ in 0..20_000 {
            let Some(batch) = self.source.read(self.now).unwrap() else {
                quiet += 1;
                if quiet < 40 {
                    continue;
                }
                return;
            };
            quiet = 0;
            // As the pipeline does: whole lines, and the rest where nothing comes behind it.
            let whole = batch.bytes.iter().rposition(|it| *it == b'\n').map_or(0, |it| it + 1);
            let ends = batch.full || batch.end == End::Eof;
            let taken = if ends && whole == 0 { batch.bytes.len() } else { whole };
            let text = String::from_utf8(batch.bytes[..taken].to_vec()).unwrap();
            let framing = Framing { line: batch.framing.line + 1, ..batch.framing };
            self.fresh.extend(text.split_terminator('\n').map(str::to_owned));
            self.source.advance(taken, framing);
        }
        panic!("reading does not end");
    }

    /// Lets time pass, and reads.
    fn after(&mut self, time: Duration) {
        self.now = self.now.checked_add(time).unwrap();
        self.read();
    }

    /// Lets so much time pass that everything is looked at again.
    fn settle(&mut self) {
        self.account.hold(0);
        for _ in 0..8 {
            self.after(Duration::from_secs(150));
        }
    }

    fn commit(&mut self) {
        let mut changes = Changes::default();
        self.source.checkpoints(&mut changes);
        for it in changes.checkpoints {
            self.checkpoints.insert(it.stream.clone(), it);
        }
        for (_, stream) in changes.forgotten {
            self.checkpoints.remove(&stream);
        }
        for (series, by) in changes.totals {
            *self.totals.entry(series.replace('\u{1f}', " ")).or_default() += by;
        }
        self.read.append(&mut self.fresh);
    }

    /// Ends without a commit, and begins again.
    fn kill(&mut self) {
        self.fresh.clear();
        self.account.disconnect();
        let known: Vec<_> = self.checkpoints.values().cloned().collect();
        self.source = open(&self.account, &self.config, &known, false);
    }

    fn restart(&mut self) {
        self.commit();
        self.kill();
    }

    fn count(&self, name: &str) -> f64 {
        self.totals.iter().filter(|(it, _)| it.starts_with(name)).map(|(_, by)| by).sum()
    }

    #[track_caller]
    fn check(&mut self, read: &str) {
        self.commit();
        assert_eq!(self.read.join(" "), read);
    }
}

fn open(
    account: &FakeAccount,
    config: &AzureBlobConfig,
    checkpoints: &[Checkpoint],
    once: bool,
) -> BlobSource {
    let how = Opening { checkpoints, once, ..Opening::default() };
    BlobSource::of(Box::new(account.clone()), "runs", &BTreeMap::new(), config, &how)
}

fn name(hour: Hour) -> String {
    format!("{}/h={:02}/m=00/PT1H.json", hours::day(ROOT, hour), hour.rem_euclid(24))
}

#[test]
fn an_hour_is_read_as_it_grows() {
    let mut bench = Bench::new();
    bench.append(0, "a\nb\n");
    bench.read();
    bench.append(0, "c\n");
    bench.after(Duration::from_secs(30));
    bench.restart();
    bench.append(0, "d\n");
    bench.read();
    bench.check("a b c d");
}

#[test]
fn a_torn_line_waits_for_its_rest() {
    let mut bench = Bench::new();
    bench.append(0, "a\nb");
    bench.read();
    bench.restart();
    bench.settle();
    assert_eq!(bench.source.status().lag_bytes, 1);
    bench.append(0, "b\n");
    bench.settle();
    bench.check("a bb");
}

#[test]
fn late_lines_of_an_earlier_hour_are_found() {
    for (ago, wait) in [(1, 30), (2, 30), (30, 600)] {
        let mut bench = Bench::new();
        bench.append(ago, "a\n");
        bench.append(0, "b\n");
        bench.read();
        bench.append(ago, "c\n");
        bench.after(Duration::from_secs(wait));
        bench.check("a b c");
    }
}

#[test]
fn what_is_too_old_is_passed_over_and_stays_so() {
    let mut bench = Bench::new();
    bench.append(49, "old\n");
    bench.append(48, "a\n");
    bench.read();
    bench.settle();
    bench.restart();
    bench.config.look_back = Duration::from_secs(100 * 3600);
    bench.kill();
    bench.append(49, "older\n");
    bench.settle();
    bench.check("a");
}

#[test]
fn what_was_written_while_we_were_away_is_read() {
    let mut bench = Bench::new();
    bench.append(0, "a\n");
    bench.read();
    bench.settle();
    bench.restart();
    bench.append(0, "b\n");
    bench.now = bench.now.checked_add(Duration::from_secs(5 * 24 * 3600)).unwrap();
    bench.append(100, "c\n");
    bench.read();
    bench.check("a b c");
}

#[test]
fn positions_of_old_hours_are_forgotten() {
    let mut bench = Bench::new();
    bench.append(0, "a\n");
    bench.settle();
    bench.now = bench.now.checked_add(Duration::from_secs(50 * 3600)).unwrap();
    let last = bench.blob(0);
    bench.append(0, "b\n");
    bench.settle();
    bench.check("a b");
    let streams: Vec<_> = bench.checkpoints.keys().cloned().collect();
    assert_eq!(streams, ["floor".to_owned(), format!("{RUNS}/{last}")]);
}

#[test]
fn a_replaced_blob_is_read_from_its_beginning_and_counted() {
    for (text, restart) in
        [("c\nd\ne\n", false), ("c\n", false), ("c\nd\ne\n", true), ("c\n", true)]
    {
        let mut bench = Bench::new();
        bench.append(0, "a\nb\n");
        bench.read();
        if restart {
            bench.restart();
        }
        bench.account.put(RUNS, &bench.blob(0), text);
        bench.settle();
        bench.check(&format!("a b {}", text.trim().replace('\n', " ")));
        assert_eq!(bench.count("shirwatch_source_replaced_total"), 1.0);
    }
}

#[test]
fn a_deleted_blob_is_missed_by_nobody_and_known_when_it_returns() {
    let mut bench = Bench::new();
    bench.append(0, "a\nb\n");
    bench.read();
    bench.account.delete(RUNS, &bench.blob(0));
    bench.append(1, "c\n");
    bench.settle();
    let status = bench.source.status();
    assert_eq!((status.files, status.errors.len()), (1, 0));
    bench.restart();
    bench.account.put(RUNS, &bench.blob(0), "a\nb\nd\n");
    bench.settle();
    bench.check("a b c d");
    assert_eq!(bench.count("shirwatch_source_replaced_total"), 0.0);
}

/// Who writes in blocks makes a blob empty first; we may look at any moment.
#[test]
fn a_blob_that_returns_empty_is_known_by_its_first_bytes() {
    // As short as what is compared, and longer.
    for known in ["a".to_owned(), "a".repeat(9000)] {
        let mut bench = Bench::new();
        let blob = bench.blob(0);
        bench.append(0, &format!("{known}\n"));
        bench.read();
        bench.account.delete(RUNS, &blob);
        bench.after(Duration::from_secs(30));
        bench.account.put(RUNS, &blob, "");
        bench.after(Duration::from_secs(30));
        bench.account.append(RUNS, &blob, &format!("{known}\nb\n"));
        bench.after(Duration::from_secs(30));
        bench.check(&format!("{known} b"));
        assert_eq!(bench.count("shirwatch_source_replaced_total"), 0.0);
    }
}

#[test]
fn an_unchanged_blob_costs_no_request() {
    let mut bench = Bench::new();
    bench.append(0, "a\n");
    bench.read();
    bench.restart();
    bench.read();
    bench.account.asked();
    bench.after(Duration::from_secs(30));
    let asked = bench.account.asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(matches!(&asked[0], Ask::Blobs { below, .. } if below.ends_with("/d=17")), "{asked:?}");
    bench.check("a");
}

#[test]
fn we_wait_as_long_as_we_are_told_to() {
    let mut bench = Bench::new();
    bench.append(0, "a\n");
    let mut trouble = Trouble::new(Kind::Throttled, "503");
    trouble.after = Some(Duration::from_secs(90));
    bench.account.fail(trouble);
    bench.read();
    bench.account.asked();
    bench.after(Duration::from_secs(89));
    assert_eq!(bench.account.asked(), [], "asked too early");
    assert_eq!(bench.source.status().errors.len(), 1);
    bench.after(Duration::from_secs(1));
    bench.check("a");
    assert_eq!(bench.count("shirwatch_source_throttled_total"), 1.0);
    bench.settle();
    let status = bench.source.status();
    assert_eq!((status.stalled, status.errors.len()), (false, 0));
}

#[test]
fn trouble_that_lasts_is_a_stall() {
    let mut bench = Bench::new();
    bench.append(0, "a\n");
    for _ in 0..6 {
        bench.account.fail(Trouble::new(Kind::Denied, "`host` answered 403"));
        bench.after(Duration::from_secs(130));
    }
    assert!(bench.source.status().stalled);
    bench.settle();
    assert!(!bench.source.status().stalled);
    bench.check("a");
}

#[test]
fn an_account_without_containers_is_told() {
    let mut bench = Bench::new();
    bench.settle();
    let status = bench.source.status();
    let told: Vec<_> = status.errors.values().cloned().collect();
    assert!(told[0].starts_with("none of the containers is there yet"), "{told:?}");
    bench.append(0, "a\n");
    bench.settle();
    assert_eq!(bench.source.status().errors.len(), 0);
    bench.check("a");
}

#[test]
fn hours_are_told_by_the_clock_of_the_account() {
    let mut bench = Bench::new();
    let there = bench.now;
    // Ours is three days behind, and was set right meanwhile.
    bench.now = there.checked_sub(Duration::from_secs(3 * 24 * 3600)).unwrap();
    bench.account.set_clock(there);
    bench.account.append(RUNS, &name(hours::of(there)), "a\n");
    bench.settle();
    bench.account.append(RUNS, &name(hours::of(there)), "b\n");
    bench.after(Duration::from_secs(30));
    bench.check("a b");
}

#[test]
fn a_listing_that_is_older_than_what_was_read_replaces_nothing() {
    let mut bench = Bench::new();
    bench.append(0, "a\n");
    bench.read();
    bench.account.hold(1);
    bench.after(Duration::from_secs(30));
    bench.append(0, "b\n");
    bench.account.hold(0);
    bench.settle();
    bench.check("a b");
    assert_eq!(bench.count("shirwatch_source_replaced_total"), 0.0);
}

#[test]
fn bytes_that_come_with_a_later_tag_are_not_all() {
    for restart in [false, true] {
        let mut bench = Bench::new();
        bench.append(0, "a\n");
        bench.account.tag_late(true);
        bench.account.hold(1);
        // The first bytes are on their way, and more is appended before they come.
        bench.read();
        while !bench.account.asked().iter().any(|it| matches!(it, Ask::Piece { .. })) {
            bench.account.hold(0);
            bench.source.read(bench.now).unwrap();
            bench.account.hold(1);
        }
        bench.append(0, "b\n");
        bench.account.hold(0);
        bench.read();
        if restart {
            bench.restart();
        }
        bench.settle();
        bench.check("a b");
    }
}

#[test]
fn a_blob_longer_than_a_request_is_read_piece_by_piece() {
    let config = AzureBlobConfig {
        max_record_bytes: crate::model::size::ByteSize::kib(1),
        ..AzureBlobConfig::default()
    };
    let mut bench = Bench::with(config);
    let lines: Vec<_> = (0..30_000).map(|it| format!("line-{it}")).collect();
    bench.append(0, &format!("{}\n", lines.join("\n")));
    bench.read();
    bench.check(&lines.join(" "));
}

#[test]
fn a_mark_before_the_first_character_is_passed_over() {
    let mut bench = Bench::new();
    bench.append(0, "\u{feff}a\n");
    bench.read();
    bench.append(0, "b\n");
    bench.settle();
    bench.check("a b");
}

#[test]
fn reading_once_ends_with_what_was_there() {
    let bench = Bench::new();
    bench.append(0, "a\nb");
    bench.append(40, "c\n");
    let mut source = open(&bench.account, &bench.config, &[], true);
    let mut read = Vec::new();
    for _ in 0..1000 {
        if source.status().finished {
            break;
        }
        if let Some(batch) = source.read(bench.now).unwrap() {
            let taken = batch.bytes.len();
            read.push(String::from_utf8(batch.bytes.to_vec()).unwrap());
            source.advance(taken, Framing::default());
        }
    }
    assert!(source.status().finished);
    assert_eq!(read, ["c\n", "a\nb"]);
}

#[test]
#[rustfmt::skip]
fn a_configuration_is_refused_with_key_and_remedy() {
    check("account: contoso",                                     "");
    check("{}",                                                   "source `runs`: `account` is missing; write the name of the storage account");
    check("credential: { connection_string_file: /run/secrets/c }", "");
    check("account: Contoso!",                                    "source `runs`: `account` is no name of a storage account; write 3 to 24 small letters and digits");
    check("{account: contoso, endpoint: 'http://blob.contoso.example'}", "source `runs`: `endpoint` is no safe address; write `https://HOST`");
    check("{account: contoso, endpoint: 'http://127.0.0.1:10000/contoso'}", "");
    check("{account: contoso, containers: [Logs]}",               "source `runs`: no container can be named `Logs`; see `containers`");
    check("{account: contoso, containers: []}",                   "source `runs`: `containers` is empty; leave it out to follow the usual ones");
    check("{account: contoso, look_back: 960h}",                   "source `runs`: `look_back` is out of range; write `1h` to `744h`");
    check("{account: contoso, poll_interval: 0s}",                "source `runs`: `poll_interval` is out of range; write `1s` to `1h`");
    check("{account: contoso, credential: {sas_file: a, managed_identity: {}}}", "source `runs`: `credential` names more than one; leave one of them");
    check("{account: contoso, credential: {service_principal: {tenant_id: t, client_id: c}}}", "source `runs`: `service_principal` needs one of `secret_file` and `certificate_file`");
    check("{account: contoso, credential: {secret: hunter2}}",    "not YAML for it");
}

#[track_caller]
fn check(yaml: &str, expected: &str) {
    let fault = match serde_saphyr::from_str::<AzureBlobConfig>(yaml) {
        Ok(config) => super::check("runs", &config).err().map(|it| it.to_string()),
        Err(_) => Some("not YAML for it".to_owned()),
    };
    assert_eq!(fault.unwrap_or_default(), expected);
}

#[test]
fn a_listing_that_comes_between_reading_and_taking_is_not_lost() {
    let mut bench = Bench::new();
    bench.append(0, "a\n");
    bench.read();
    bench.account.hold(1);
    bench.append(2, "b\n");
    bench.after(Duration::from_secs(60));
    bench.append(2, "c\nd\n");
    bench.after(Duration::from_secs(60));
    bench.settle();
    bench.settle();
    bench.check("a b c d");
}
