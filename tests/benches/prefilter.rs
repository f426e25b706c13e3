//! What a healthy log costs: a look for the needles, and nothing found.
//!
//! ```text
//! cargo bench --bench prefilter
//! ```
//!
//! 6 GiB a second on one of two shared cores.

#![allow(missing_docs, reason = "a benchmark is run, not linked")]

use std::fmt::Write;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use shirwatch::pipeline::prefilter::Prefilter;

/// A mebibyte of lines, of which one in `every` holds a needle.
fn log(every: usize) -> String {
    let mut text = String::new();
    for line in 1.. {
        let said = if line % every == 0 { "failed" } else { "done" };
        let _ = writeln!(
            text,
            "2026-11-21T05:12:00.4553141Z Information Transfer {line}: block {said}, 4096 rows, throughput 18.12 MB/s."
        );
        if text.len() >= 1 << 20 {
            break;
        }
    }
    text
}

fn find(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("prefilter");
    let prefilter = Prefilter::default();
    for every in [usize::MAX, 1_000, 10] {
        let log = log(every);
        group.throughput(Throughput::Bytes(log.len() as u64));
        let name = if every == usize::MAX { "none".to_owned() } else { format!("one in {every}") };
        group.bench_with_input(
            BenchmarkId::new("lines with a needle", name),
            &log,
            |bencher, log| {
                bencher.iter(|| {
                    let mut at = 0;
                    while let Some(found) = prefilter.find(black_box(log.as_bytes()), at) {
                        at = found + 1;
                    }
                });
            },
        );
    }
    group.finish();
}

criterion_group!(benches, find);
criterion_main!(benches);
