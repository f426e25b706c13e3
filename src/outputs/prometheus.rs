//! What `/metrics` shows.
//!
//! ```text
//! # HELP shirwatch_errors_total Errors found in the logs, by rule, …
//! # TYPE shirwatch_errors_total counter
//! shirwatch_errors_total{rule="sql-login-failed",category="authentication",…} 3
//! ```
//!
//! [`TABLE`] is the list of all metrics. Counters and histograms come from the committed
//! [`Totals`], so that no crash can take one back; gauges come from a [`Snapshot`] that the
//! service fills. `process_*` is the standard set of the platform.
//!
//! Nothing is counted here, and nothing is asked: the text is a function of what is given.

mod family;
mod snapshot;
mod table;

use std::collections::BTreeMap;
use std::collections::HashMap;

use prometheus::TextEncoder;
use prometheus::proto::MetricFamily;

use crate::model::Metric;
use crate::model::Totals;
use crate::model::metrics;
use crate::outputs::prometheus::family::family;

pub use crate::outputs::prometheus::snapshot::NodeGauges;
pub use crate::outputs::prometheus::snapshot::OpenIncident;
pub use crate::outputs::prometheus::snapshot::RuntimeGauges;
pub use crate::outputs::prometheus::snapshot::Snapshot;
pub use crate::outputs::prometheus::snapshot::SourceGauges;
pub use crate::outputs::prometheus::snapshot::seconds;
pub use crate::outputs::prometheus::table::Kind;
pub use crate::outputs::prometheus::table::Row;
pub use crate::outputs::prometheus::table::TABLE;

/// The content type of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The text of `/metrics`.
pub fn exposition(totals: &Totals, snapshot: &Snapshot) -> Result<String, prometheus::Error> {
    let mut samples = gather(totals, snapshot);
    let mut families = Vec::new();
    for row in &TABLE {
        let shown = family(row, &mut samples);
        if !shown.get_metric().is_empty() {
            families.push(shown);
        }
    }
    families.extend(process());
    TextEncoder::new().encode_to_string(&families)
}

/// The samples of each name: values of the labels, and the number.
type Samples = HashMap<String, BTreeMap<Vec<String>, f64>>;

/// All samples, from both origins, and zero for what was never counted.
fn gather(totals: &Totals, snapshot: &Snapshot) -> Samples {
    let mut samples = Samples::new();
    let mut put = |metric: &Metric, values: &[&str], number: f64| {
        let values = values.iter().map(|it| (*it).to_owned()).collect();
        samples.entry(metric.name.to_owned()).or_default().insert(values, number);
    };
    put(&metrics::UNCLASSIFIED, &[], 0.0);
    for metric in metrics::CAPPED {
        put(&metrics::SERIES_LIMITED, &[metric.name], 0.0);
    }
    snapshot.tell(&mut put);
    for (name, values, number) in totals.iter() {
        let values = values.into_iter().map(str::to_owned).collect();
        samples.entry(name.to_owned()).or_default().insert(values, number);
    }
    samples
}

/// The standard metrics of the process.
#[cfg(target_os = "linux")]
fn process() -> Vec<MetricFamily> {
    use prometheus::core::Collector;
    use prometheus::process_collector::ProcessCollector;
    ProcessCollector::for_self().collect()
}

/// The collector knows Linux only.
#[cfg(not(target_os = "linux"))]
fn process() -> Vec<MetricFamily> {
    Vec::new()
}

#[cfg(test)]
mod tests;
