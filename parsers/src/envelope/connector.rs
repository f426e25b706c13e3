//! The connector that failed: the kind of store at the side of the failure.
//!
//! ```text
//! "executionDetails":[{"source":{"type":"SqlServer"},"sink":{"type":"AzureBlobFS"}}]
//! "Input":{"source":{"type":"ParquetSource","storeSettings":{"type":"AzureBlobFSReadSettings"}},…
//! Source=Microsoft.DataTransfer.Runtime.GenericOdbcConnectors
//! ```
//!
//! The side decides between source and sink; a run that has one of them only (Lookup,
//! Get Metadata) needs no side. The details of the output name the linked service, the
//! input the dataset: both become the name of the linked service. A chain names its
//! connector by the component that threw. Where nothing says, there is none: a guess
//! would put the advice for another store before people.

use std::borrow::Cow;

use crate::envelope::keys::Key;
use crate::envelope::slots::Slots;
use crate::json::Raw;
use crate::needle::needle;
use crate::record::{Record, Side};

/// Bytes of the name of a connector. A longer one is none.
const LONGEST: usize = 64;

/// Fills in the connector of a failed run.
pub(crate) fn of_run(record: &mut Record<'_>, input: Option<Raw<'_>>, output: Option<Raw<'_>>) {
    let side = record.side;
    // Most outputs are large and have none of it.
    let has_details = |it: &Raw<'_>| needle!("xecutionDetails").find(it.0.as_bytes()).is_some();
    let found = output
        .filter(has_details)
        .and_then(|it| {
            opened(it, |it| it.get("executionDetails")?.items().find_map(|it| at(it, side)))
        })
        .or_else(|| input.and_then(|it| opened(it, |it| at(it, side))));
    record.context.connector = found.map(Cow::Owned);
}

/// Fills in the connector that the chain names, innermost first, where nothing else did.
pub(crate) fn of_chain(record: &mut Record<'_>) {
    if record.context.connector.is_none() {
        let sources = record.chain.iter().rev().filter_map(|it| it.source.as_deref());
        record.context.connector = sources.filter_map(component).next().map(Cow::Owned);
    }
}

/// The connector of an error in the properties of a run, wherever its parts stand.
pub(crate) fn of_slots(record: &mut Record<'_>, inner: Option<&Slots<'_>>, outer: &Slots<'_>) {
    let part = |key: Key| inner.and_then(|it| it.get(key)).or(outer.get(key));
    of_run(record, part(Key::Input), part(Key::Output));
}

/// What `look` finds in an object, or in the object that a text holds.
fn opened(raw: Raw<'_>, look: impl Fn(Raw<'_>) -> Option<String>) -> Option<String> {
    if raw.is_object() {
        return look(raw);
    }
    let text = raw.text()?;
    look(Raw::first(&text).filter(|(it, _)| it.is_object())?.0)
}

/// The connector at the side that failed, or at the only side there is.
fn at(raw: Raw<'_>, side: Option<Side>) -> Option<String> {
    let [source, sink] = raw.get_each(["source", "sink"]);
    let it = match (side, source, sink) {
        (Some(Side::Source), Some(it), _) | (Some(Side::Sink), _, Some(it)) => it,
        (None, Some(it), None) | (None, None, Some(it)) => it,
        _ => return None,
    };
    let [store, own] = it.get_each(["storeSettings", "type"]);
    named(&store.and_then(|it| it.get("type")).or(own)?.text()?)
}

/// The component behind `Microsoft.DataTransfer.Connectors.` or `….Runtime.`.
fn component(source: &str) -> Option<String> {
    let rest = source.trim().strip_prefix("Microsoft.DataTransfer.")?;
    let rest = rest.strip_prefix("Connectors.").or(rest.strip_prefix("Runtime."))?;
    let name = rest.split('.').next()?;
    named(name.strip_suffix("Connectors").or(name.strip_suffix("Connector")).unwrap_or(name))
}

/// The name of the linked service for the type of a dataset, a store or a component.
fn named(text: &str) -> Option<String> {
    let text = text.trim();
    let ends = ["ReadSettings", "WriteSettings", "Source", "Sink"];
    let name = ends.iter().find_map(|it| text.strip_suffix(it)).unwrap_or(text);
    let sound = name.len() <= LONGEST && name.bytes().all(|it| it.is_ascii_alphanumeric());
    if name.is_empty() || !sound {
        return None;
    }
    let same = |it: &&(&str, &str)| it.0.eq_ignore_ascii_case(name);
    match NAMES.iter().find(same) {
        Some((_, "")) => None,
        Some((_, name)) => Some((*name).to_owned()),
        None => Some(name.to_owned()),
    }
}

/// What is called otherwise in a dataset than in its linked service; `""` for what is no
/// store: a format, an internal component.
const NAMES: [(&str, &str); 25] = [
    ("Blob", "AzureBlobStorage"),
    ("AzureBlob", "AzureBlobStorage"),
    ("AzureSql", "AzureSqlDatabase"),
    ("SqlDW", "AzureSqlDW"),
    ("SqlMI", "AzureSqlMI"),
    ("MSSQLImport", "MSSQL"),
    ("Rest", "RestService"),
    ("HttpServer", "Http"),
    ("FileSystem", "FileServer"),
    ("CosmosDbSqlApi", "CosmosDb"),
    ("DocumentDbCollection", "CosmosDb"),
    ("GenericOdbc", "Odbc"),
    ("Table", "AzureTableStorage"),
    ("Relational", ""),
    ("DelimitedText", ""),
    ("Text", ""),
    ("Parquet", ""),
    ("Json", ""),
    ("Avro", ""),
    ("Orc", ""),
    ("Excel", ""),
    ("Xml", ""),
    ("Binary", ""),
    ("Delta", ""),
    ("Iceberg", ""),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Link;
    use crate::{Settings, parse};

    #[test]
    #[rustfmt::skip]
    fn the_side_that_failed_decides() {
        let details = r#""output":{"executionDetails":[{"source":{"type":"SqlServer"},"sink":{"type":"AzureBlobFS"}}]}"#;
        let input = r#""input":{"source":{"type":"RestSource"},"sink":{"type":"ParquetSink","storeSettings":{"type":"AzureBlobFSWriteSettings"}}}"#;
        let text = r#""input":"{\"source\":{\"type\":\"AzureSqlSource\"}}""#;
        // where it failed | what the run holds   the connector
        check("'Source' side.", details,          "SqlServer");
        check("'Sink' side.",   details,          "AzureBlobFS");
        check("'Source' side.", input,            "RestService");
        check("'Sink' side.",   input,            "AzureBlobFS");
        check("some side.",     details,          "-");
        check("some side.",     input,            "-");
        check("some side.",     text,             "AzureSqlDatabase");
        check("'Sink' side.",   text,             "-");
        check("'Source' side.", r#""input":{"source":{"type":"ParquetSource"}}"#, "-");
        check("'Source' side.", r#""input":{"source":{"type":"no name"}}"#, "-");
        check("'Source' side.", r#""input":[],"output":"no object""#, "-");
        check("'Source' side.", r#""x":1"#,       "-");
    }

    #[test]
    #[rustfmt::skip]
    fn a_chain_names_its_connector() {
        for (sources, expected) in [
            (vec!["Microsoft.DataTransfer.ClientLibrary"],                    None),
            (vec!["Microsoft.DataTransfer.Connectors.MSSQLImport"],           Some("MSSQL")),
            (vec!["Microsoft.DataTransfer.Runtime.MongoDbV2Connector", ""],   Some("MongoDbV2")),
            (vec!["Microsoft.DataTransfer.Runtime.GenericOdbcConnectors", "msodbc"], Some("Odbc")),
            (vec!["Microsoft.DataTransfer.Connectors.A", "Microsoft.DataTransfer.Connectors.B.C"], Some("B")),
            (vec![],                                                          None),
        ] {
            let link = |it: &&'static str| Link { source: Some((*it).into()), ..Link::default() };
            let mut record = Record { chain: sources.iter().map(link).collect(), ..Record::default() };
            of_chain(&mut record);
            assert_eq!(record.context.connector.as_deref(), expected, "{sources:?}");
        }
    }

    #[track_caller]
    fn check(side: &str, rest: &str, expected: &str) {
        let text = format!(
            r#"{{"activityRunId":"x","status":"Failed",{rest},"error":{{"errorCode":"2200","message":"Failure happened on {side} m"}}}}"#
        );
        let record = parse(&text, &Settings::default()).remove(0);
        assert_eq!(record.context.connector.as_deref().unwrap_or("-"), expected, "{text}");
    }
}
