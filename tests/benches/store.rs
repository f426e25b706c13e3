//! What one commit costs, of all that follows from the demo's activity runs.
//!
//! ```text
//! cargo bench --bench store
//! ```
//!
//! 1.1 ms on a shared cloud machine for 14 incidents with their samples and counters: a commit
//! costs the most by itself, and there is one a batch at most.

#![allow(missing_docs, reason = "a benchmark is run, not linked")]

use std::collections::BTreeMap;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use shirwatch::catalogue::Catalogue;
use shirwatch::model::batch::{Batch, End, Framing};
use shirwatch::model::changes::Changes;
use shirwatch::model::redacted::{RedactionConfig, Redactor};
use shirwatch::pipeline::Pipeline;
use shirwatch::store::{Store, StoreConfig};
use shirwatch_parsers::Settings;

const RUNS: &str = include_str!("../../deploy/demo/logs/activityruns.PT1H.json");

const NOW: Timestamp = Timestamp::constant(1_795_240_000, 0);

/// What is to be written after the demo's runs were read.
fn changes() -> Changes {
    let catalogue = Arc::new(Catalogue::embedded().expect("the catalogue loads"));
    let redactor = Arc::new(Redactor::new(&RedactionConfig::default()));
    let mut pipeline = Pipeline::new(catalogue, redactor);
    let batch = Batch {
        source: "bench",
        labels: &BTreeMap::new(),
        path: "runs.json",
        bytes: RUNS.as_bytes(),
        offset: 0,
        read_at: NOW,
        end: End::Eof,
        framing: Framing::default(),
        full: false,
    };
    pipeline.process(&batch, &Settings::default(), None);
    let mut changes = Changes::default();
    pipeline.drain(&mut changes);
    changes
}

fn commit(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("store");
    let changes = changes();
    let dir = tempfile::tempdir().expect("a folder");
    let mut store = Store::open(dir.path(), &StoreConfig::default(), NOW).expect("the store opens");
    group.throughput(Throughput::Elements(changes.incidents.len() as u64));
    group.bench_function("commit of incidents", |bencher| {
        bencher.iter(|| store.commit(&changes, NOW).expect("it is written"));
    });
    group.finish();
}

criterion_group!(benches, commit);
criterion_main!(benches);
