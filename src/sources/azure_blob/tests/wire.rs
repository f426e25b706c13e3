//! The account over a real connection, against a server that answers as Azure's blob service
//! does, also when it is busy or broken. Azurite is asked in `tests/e2e/azure.sh`.

use std::sync::Mutex;
use std::time::Duration;
use std::time::Instant;

use super::*;
use crate::sources::azure::server::{Reply, Request, Server};
use crate::sources::azure_blob::account::Account;

/// A source of one blob `a\nb\n` at a server whose first answers are these.
fn source(first: Vec<Reply>) -> (Server, BlobSource) {
    let first = Mutex::new(first);
    let server = Server::start(move |request| {
        let mut first = first.lock().unwrap();
        if first.is_empty() { service(request) } else { first.remove(0) }
    });
    let folder = tempfile::TempDir::new().unwrap();
    let sas = folder.keep().join("sas");
    std::fs::write(&sas, "?sv=2024-11-04&sig=s%2Fecret%3D\n").unwrap();
    let mut config = AzureBlobConfig {
        account: Some("contoso".to_owned()),
        endpoint: Some(format!("{}/contoso", server.url)),
        containers: vec![RUNS.to_owned()],
        ..AzureBlobConfig::default()
    };
    config.credential.sas_file = Some(sas);
    let account = Account::open(&config, None).unwrap();
    let how = Opening::default();
    let source = BlobSource::of(Box::new(account), "runs", &BTreeMap::new(), &config, &how);
    (server, source)
}

const NOW: &str = "2026-03-17T05:30:00Z";

/// What the service says of that blob.
fn service(request: &Request) -> Reply {
    let blob = "resourceId=/ADF/y=2026/m=03/d=17/h=05/m=00/PT1H.json";
    let date = "date: Tue, 17 Mar 2026 05:30:00 GMT\r\n";
    let list = |inside: String| {
        let xml = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults ServiceEndpoint=\"x\" \
             ContainerName=\"{RUNS}\"><Blobs>{inside}</Blobs><NextMarker /></EnumerationResults>"
        );
        Some((200, format!("{date}content-type: application/xml\r\n"), xml))
    };
    let target = &request.target;
    if !target.contains("comp=list") {
        let header = format!(
            "{date}content-range: bytes 0-3/4\r\netag: \"0x1\"\r\nlast-modified: Tue, 17 Mar 2026 05:20:00 GMT\r\n"
        );
        return Some((206, header, "a\nb\n".to_owned()));
    }
    if target.contains("delimiter=") {
        let mut words = target.split(['?', '&']);
        let prefix = words.find_map(|it| it.strip_prefix("prefix=")).unwrap_or_default();
        let depth = prefix.matches("%2F").count();
        let next = ["resourceId=/", "resourceId=/ADF/", "resourceId=/ADF/y=2026/"][depth];
        return list(format!("<BlobPrefix><Name>{next}</Name></BlobPrefix>"));
    }
    if !target.contains("d%3D17") {
        return list(String::new());
    }
    list(format!(
        "<Blob><Name>{blob}</Name><Properties><Last-Modified>Tue, 17 Mar 2026 05:20:00 GMT</Last-Modified>\
         <Etag>0x1</Etag><Content-Length>4</Content-Length><Content-Type>application/json</Content-Type>\
         </Properties></Blob>"
    ))
}

/// Asks until `done`, by a clock that stands as long as nothing is to be waited for.
#[track_caller]
fn until(source: &mut BlobSource, mut done: impl FnMut(&BlobSource, &str) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    let (mut now, mut read): (Timestamp, _) = (NOW.parse().unwrap(), String::new());
    while Instant::now() < deadline {
        if let Some(batch) = source.read(now).unwrap() {
            read.push_str(str::from_utf8(batch.bytes).unwrap());
            let taken = batch.bytes.len();
            source.advance(taken, Framing::default());
        } else if let Some(rest) = source.pace.rests(now) {
            now = now.checked_add(rest).unwrap();
        } else {
            std::thread::sleep(Duration::from_millis(2));
        }
        if done(source, &read) {
            return;
        }
    }
    panic!("it did not come to that; read {read:?}, {:?}", source.status());
}

#[test]
fn a_blob_is_listed_and_read_as_the_service_says_it() {
    let (server, mut source) = source(Vec::new());
    until(&mut source, |_, read| read == "a\nb\n");
    for request in server.asked() {
        assert!(request.target.contains("sig=s%2Fecret%3D"), "unsigned: {}", request.target);
    }
    // The tag of a listing is that of the answer, though it is written otherwise.
    until(&mut source, |it, _| it.is_idle() && it.look.is_over());
    assert!(!source.blobs.values().any(Blob::is_due));
}

#[test]
fn a_busy_or_broken_service_is_asked_again_until_it_answers() {
    let page = || "<?xml version=\"1.0\"?><Error><Code>ServerBusy</Code></Error>".to_owned();
    let busy = |status| {
        Some((status, "retry-after: 3\r\nx-ms-error-code: ServerBusy\r\n".to_owned(), page()))
    };
    let faults = vec![
        busy(503),
        busy(429),
        Some((500, String::new(), page())),
        None,
        Some((200, String::new(), "<torn".to_owned())),
    ];
    let (_server, mut source) = source(faults);
    until(&mut source, |_, read| read == "a\nb\n");
    let mut changes = Changes::default();
    source.checkpoints(&mut changes);
    let throttled = changes.totals.iter().find(|(it, _)| it.contains("throttled"));
    assert_eq!(throttled.map(|(_, count)| *count), Some(2.0));
}

#[test]
fn we_wait_at_least_as_long_as_the_service_asks() {
    let busy = Some((503, "retry-after: 120\r\n".to_owned(), String::new()));
    let (_server, mut source) = source(vec![busy]);
    let now: Timestamp = NOW.parse().unwrap();
    until(&mut source, |it, _| it.pace.rests(now).is_some());
    assert_eq!(source.pace.rests(now), Some(Duration::from_secs(120)));
}

#[test]
fn what_is_refused_is_told_without_the_signature() {
    let denied = || {
        let header = "x-ms-error-code: AuthorizationFailure\r\n".to_owned();
        Some((403, header, "<Error>sig=s/ecret=</Error>".to_owned()))
    };
    let (_server, mut source) = source((0..50).map(|_| denied()).collect());
    until(&mut source, |it, _| !it.status().errors.is_empty());
    let status = source.status();
    let told = status.errors.values().next().unwrap();
    let expected = "`127.0.0.1` answered 403 AuthorizationFailure; check the credential, its role \
                    and the network rules of the resource";
    assert_eq!(told, expected);
}
