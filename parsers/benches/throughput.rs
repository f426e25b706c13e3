//! Bytes a second, for each carrier and for the chain alone.
//!
//! ```text
//! cargo bench -p shirwatch-parsers
//! ```
//!
//! Each carrier holds the same failure; what is counted are the bytes of the carrier. A run
//! that went well is there beside them, as most runs are.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkGroup, Criterion, Throughput, measurement::WallTime};
use shirwatch_parsers::{Settings, chain, parse};

#[path = "../tests/support/wrap.rs"]
#[allow(dead_code, reason = "the context is compared in a test")]
mod wrap;

const FAILURE: &str = "Operation on target Copy orders failed: Failure happened on 'Source' side. \
    ErrorCode=SqlOperationFailed,'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,\
    Message=A database operation failed with the following error: 'Invalid object name 'dbo.orders'.',\
    Source=,''Type=System.Data.SqlClient.SqlException,Message=Invalid object name 'dbo.orders'.,\
    Source=.Net SqlClient Data Provider,SqlErrorNumber=208,Class=16,ErrorCode=-2146232060,State=1,\
    Errors=[{Class=16,Number=208,State=1,Message=Invalid object name 'dbo.orders'.,},],'";

const GOOD: &str = r#"{"time":"2026-11-20T02:14:22.0000000Z","category":"ActivityRuns","operationName":"Copy orders - Succeeded","activityRunId":"97e70903-46b5-5348-b59b-9889a708b8e4","pipelineName":"nightly","activityName":"Copy orders","start":"2026-11-20T02:14:00Z","end":"2026-11-20T02:14:22Z","status":"Succeeded","activityType":"Copy","effectiveIntegrationRuntime":"ir1","properties":{"Input":{"source":{"type":"SqlServerSource","sqlReaderQuery":"select * from dbo.orders"},"sink":{"type":"ParquetSink"}},"Output":{"dataRead":12345678,"dataWritten":2345678,"rowsRead":100000,"copyDuration":22,"throughput":561.2,"errors":[],"effectiveIntegrationRuntime":"ir1","executionDetails":[{"source":{"type":"SqlServer"},"sink":{"type":"AzureBlobFS"},"status":"Succeeded","duration":22}]},"Error":{"errorCode":"","message":"","failureType":"","target":"Copy orders"}}}"#;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600))
        .sample_size(20)
        .configure_from_args();
    let mut group = criterion.benchmark_group("parse");
    one(&mut group, "chain alone", FAILURE, |text| drop(black_box(chain::read(text))));
    let record = |text: &str| drop(black_box(parse(text, &Settings::default())));
    one(&mut group, "run that went well", GOOD, record);
    for (carrier, text) in wrap::carriers(FAILURE) {
        one(&mut group, carrier, &text, record);
    }
    group.finish();
    criterion.final_summary();
}

fn one(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, text: &str, read: impl Fn(&str)) {
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function(name, |bench| bench.iter(|| read(black_box(text))));
}
