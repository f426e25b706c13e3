//! What judging a record costs, and that it does not grow with the number of rules.
//!
//! ```text
//! cargo bench --bench classifier
//! ```
//!
//! The catalogue is the built-in one with generated rules laid over it, so that 100 more,
//! 1,000 more and 10,000 more rules compete for the same records.
//!
//! Measured on 2026-11-21 on two cores that had other builds to do as well, for the three
//! records below together (the middle of 100 samples; the spread is a tenth to either side):
//!
//! ```text
//! rules in all    950    1,050    1,950    10,950
//! time            8.4 µs 9.3 µs   10.4 µs  9.3 µs
//! ```

#![allow(missing_docs, reason = "a benchmark is run, not linked")]

use std::fmt::Write;
use std::hint::black_box;
use std::ops::Range;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use shirwatch::catalogue::Catalogue;
use shirwatch_parsers::{Settings, parse};

const TEXTS: [&str; 3] = [
    "ErrorCode=SqlFailedToConnect,'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,Message=Cannot connect to SQL Database: 'tcp:sql01.contoso.example,1433', Database: 'sales', User: 'etl_reader'.,Source=Microsoft.DataTransfer.ClientLibrary,''Type=System.Data.SqlClient.SqlException,Message=Login failed for user 'etl_reader'.,Source=.Net SqlClient Data Provider,SqlErrorNumber=18456,Class=14,ErrorCode=-2146232060,State=1,'",
    "The Self-hosted Integration Runtime 'shir-contoso-01' is offline, last connect time is '11/20/2026 05:12:00.455 UTC'.",
    "ErrorCode=NobodyKnowsThis,'Type=Contoso.OddException,Message=Frobnication of the blorp did not converge.,Source=Contoso,'",
];

/// The built-in catalogue and `more` rules that fit nothing here, as a folder of YAML.
fn catalogue(more: usize) -> Catalogue {
    let dir = tempfile::tempdir().expect("a folder");
    for first in (0..more).step_by(FILE) {
        let file = dir.path().join(format!("bench_{first}.yaml"));
        std::fs::write(file, rules(first..more.min(first + FILE))).expect("a file");
    }
    Catalogue::load(Some(dir.path())).expect("the catalogue loads")
}

/// Rules in one file; the reader of YAML takes no document of more than 250,000 nodes.
const FILE: usize = 1_000;

fn rules(numbers: Range<usize>) -> String {
    let mut yaml = String::new();
    for number in numbers {
        let _ = write!(
            yaml,
            "- id: bench-{number}\n  title: Bench\n  category: conflict\n  severity: error\n  match:\n    - code: BenchCode{number}\n      message: \"operation {number} of bench failed at {{place}}\"\n    - message: \"bench fragment number {number} was refused by the server\"\n  causes: [{{cause: c, resolution: [r]}}]\n"
        );
    }
    yaml
}

fn classify(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("classify");
    let settings = Settings::default();
    let records: Vec<_> = TEXTS.iter().flat_map(|it| parse(it, &settings)).collect();
    group.throughput(Throughput::Elements(records.len() as u64));
    for more in [0, 100, 1_000, 10_000] {
        let catalogue = catalogue(more);
        group.bench_with_input(BenchmarkId::new("more rules", more), &more, |bencher, _| {
            bencher.iter(|| {
                for record in &records {
                    black_box(catalogue.classify(record).rule.id.len());
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, classify);
criterion_main!(benches);
