//! Whatever happens in whatever order: no line twice, and none lost that is there.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Append { ago: i64, lines: u8, torn: bool },
    Replace { ago: i64 },
    Delete { ago: i64 },
    Read,
    After(u64),
    Commit,
    Kill,
    Fail(Kind),
    Hold(usize),
    TagLate(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let fault = prop_oneof![Just(Kind::Throttled), Just(Kind::Server), Just(Kind::Connection)];
    prop_oneof![
        6 => (0..4_i64, 1..20_u8, any::<bool>())
            .prop_map(|(ago, lines, torn)| Step::Append { ago, lines, torn }),
        1 => (0..4_i64).prop_map(|ago| Step::Replace { ago }),
        1 => (0..4_i64).prop_map(|ago| Step::Delete { ago }),
        4 => Just(Step::Read),
        3 => (1..1_200_u64).prop_map(Step::After),
        3 => Just(Step::Commit),
        2 => Just(Step::Kill),
        1 => fault.prop_map(Step::Fail),
        1 => (0..6_usize).prop_map(Step::Hold),
        1 => any::<bool>().prop_map(Step::TagLate),
    ]
}

/// Lines with numbers; half of the last one comes with the next.
fn lines(next: &mut u32, rest: &mut String, lines: u8, torn: bool) -> String {
    let mut text = std::mem::take(rest);
    for _ in 0..lines {
        *next += 1;
        text.push_str(&format!("{next:06}\n"));
    }
    if torn {
        *rest = text.split_off(text.len() - 3);
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_line_is_read_twice_and_none_is_lost_that_is_there(steps in prop::collection::vec(step(), 1..50)) {
        let config = AzureBlobConfig {
            max_record_bytes: crate::model::size::ByteSize::kib(1),
            ..AzureBlobConfig::default()
        };
        let mut bench = Bench::with(config);
        // The clock goes on within one hour, so that a blob keeps its place in this table.
        let (mut next, mut there) = (0, BTreeMap::<i64, (String, String)>::new());
        let hour = hours::of(bench.now);
        let mut harmed = false;
        for step in steps {
            match step {
                Step::Append { ago, lines: number, torn } => {
                    let (text, rest) = there.entry(hour - ago).or_default();
                    let more = lines(&mut next, rest, number, torn);
                    text.push_str(&more);
                    bench.account.append(RUNS, &name(hour - ago), &more);
                }
                Step::Replace { ago } => {
                    harmed = true;
                    let mut rest = String::new();
                    let text = lines(&mut next, &mut rest, 3, false);
                    bench.account.put(RUNS, &name(hour - ago), &text);
                    there.insert(hour - ago, (text, rest));
                }
                Step::Delete { ago } => {
                    harmed |= there.remove(&(hour - ago)).is_some();
                    bench.account.delete(RUNS, &name(hour - ago));
                }
                Step::Read => bench.read(),
                Step::After(seconds) => bench.after(Duration::from_secs(seconds)),
                Step::Commit => bench.commit(),
                Step::Kill => bench.kill(),
                Step::Fail(kind) => bench.account.fail(Trouble::new(kind, "a fault")),
                Step::Hold(answers) => bench.account.hold(answers),
                Step::TagLate(late) => bench.account.tag_late(late),
            }
        }
        bench.settle();
        bench.settle();
        bench.commit();
        let mut read = bench.read.clone();
        read.sort();
        let all = read.len();
        read.dedup();
        prop_assert_eq!(all, read.len(), "a line was read twice");
        let whole = there.values().flat_map(|(text, _)| {
            let upto = text.rfind('\n').map_or(0, |it| it + 1);
            text[..upto].split_terminator('\n').map(str::to_owned).collect::<Vec<_>>()
        });
        let whole: Vec<_> = whole.collect();
        for line in &whole {
            prop_assert!(read.binary_search(line).is_ok(), "line {} was lost", line);
        }
        if !harmed {
            prop_assert_eq!(all, whole.len());
        }
    }
}
