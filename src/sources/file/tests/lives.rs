//! Any life of a log, told against a model: what is read is what was written, each line once.

use std::fs;

use proptest::prelude::*;

use crate::sources::file::tests::Bench;
use crate::sources::file::tests::gzip;

/// What may happen to a log.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// So many lines are appended.
    Write(u8),
    /// So many bytes of a line are appended that nobody ends until the next is written.
    Half,
    Rename,
    CopyAndCut,
    /// The copy alone; the log is cut before anything else is done to it.
    Copy,
    Compress,
    Delete,
    Cut,
    Poll,
    /// A batch is read, and taken only after what is done next.
    Hold,
    Wait,
    Off,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1_u8..20).prop_map(Step::Write),
        1 => Just(Step::Half),
        2 => Just(Step::Rename),
        1 => Just(Step::CopyAndCut),
        2 => Just(Step::Copy),
        1 => Just(Step::Compress),
        4 => Just(Step::Poll),
        2 => Just(Step::Hold),
        1 => Just(Step::Wait),
        2 => Just(Step::Off),
    ]
}

/// The same with losses: what was deleted or cut before it was read is gone.
fn lossy_step() -> impl Strategy<Value = Step> {
    prop_oneof![8 => step(), 1 => Just(Step::Delete), 1 => Just(Step::Cut)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn each_line_is_read_once(steps in prop::collection::vec(step(), 1..48)) {
        let (read, written) = live(&steps);
        prop_assert_eq!(read, (0..written).collect::<Vec<_>>());
    }

    #[test]
    fn no_line_is_read_twice_whatever_is_lost(
        steps in prop::collection::vec(lossy_step(), 1..48),
    ) {
        let (read, written) = live(&steps);
        let once = read.windows(2).all(|it| it[0] < it[1]);
        prop_assert!(once, "twice: {:?}", read);
        prop_assert!(read.iter().all(|it| *it < written));
    }
}

/// Lives through the steps. Gives the numbers of the lines that were read, in order, and how
/// many were written.
fn live(steps: &[Step]) -> (Vec<u64>, u64) {
    let mut log = Log { bench: Bench::new(), written: 0, rotated: 0, copied: false };
    for step in steps {
        log.step(*step);
    }
    log.cut_copied();
    log.end_line();
    (0..4).for_each(|_| log.bench.poll());
    // What was taken ends with a line, or with half of one that is told on its own.
    let number = |line: &str| line.split_once(' ').and_then(|it| it.0.parse().ok());
    let taken = log.bench.taken.iter().flat_map(|it| it.1.lines());
    let mut read: Vec<u64> = taken.filter_map(number).collect();
    read.sort_unstable();
    (read, log.written)
}

struct Log {
    bench: Bench,
    written: u64,
    rotated: u64,
    copied: bool,
}

impl Log {
    fn step(&mut self, step: Step) {
        if !matches!(step, Step::Poll | Step::Hold | Step::Off | Step::Compress) {
            self.cut_copied();
        }
        let (log, last) = (self.bench.path("a.log"), self.name());
        let filled = fs::metadata(&log).is_ok_and(|it| it.len() > 0);
        match step {
            Step::Write(lines) => (0..lines).for_each(|_| self.write("\n")),
            Step::Half => self.write(""),
            Step::Rename if filled => {
                self.end_line();
                self.rotated += 1;
                fs::rename(&log, self.bench.path(&self.name())).unwrap();
            }
            Step::CopyAndCut | Step::Copy if filled => {
                self.end_line();
                self.rotated += 1;
                fs::copy(&log, self.bench.path(&self.name())).unwrap();
                self.copied = true;
                if let Step::CopyAndCut = step {
                    self.cut_copied();
                }
            }
            Step::Compress if self.bench.path(&last).exists() => {
                let path = self.bench.path(&last);
                let packed = gzip(&fs::read(&path).unwrap());
                fs::write(self.bench.path(&format!("{last}.gz")), packed).unwrap();
                fs::remove_file(path).unwrap();
            }
            Step::Delete if filled => fs::remove_file(&log).unwrap(),
            Step::Cut if filled => drop(fs::File::create(&log).unwrap()),
            Step::Poll => self.bench.poll(),
            Step::Hold => self.bench.hold(),
            Step::Wait => self.bench.wait(20_000),
            Step::Off => self.bench.restart(),
            _ => {}
        }
    }

    fn cut_copied(&mut self) {
        if std::mem::take(&mut self.copied) {
            fs::File::create(self.bench.path("a.log")).unwrap();
        }
    }

    /// The name of the file that was rotated last.
    fn name(&self) -> String {
        format!("a.log.{}", self.rotated)
    }

    /// Appends the next line, behind what stands there of the last one.
    fn write(&mut self, end: &str) {
        self.end_line();
        self.bench.append("a.log", format!("{} {}{end}", self.written, "x".repeat(40)).as_bytes());
        self.written += 1;
    }

    fn end_line(&mut self) {
        let text = fs::read(self.bench.path("a.log")).unwrap_or_default();
        if text.last().is_some_and(|it| *it != b'\n') {
            self.bench.append("a.log", b"\n");
        }
    }
}
