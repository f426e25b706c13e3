//! A storage account: [`Containers`] by way of the crate `object_store`.
//!
//! That crate writes, signs and reads the requests. The connection is ours, so that what an
//! answer says beside its body is heard (`Retry-After`, the clock, the code of an error), and
//! so are the attempts: it makes one, and the source decides when to make another.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use jiff::Timestamp;
use object_store::ClientOptions;
use object_store::GetOptions;
use object_store::GetRange;
use object_store::ObjectStore;
use object_store::RetryConfig;
use object_store::azure::{MicrosoftAzure, MicrosoftAzureBuilder};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use object_store::path::Path;

use crate::sources::Waker;
use crate::sources::azure::trouble::{Kind, Trouble};
use crate::sources::azure::web;
use crate::sources::azure::web::Web;
use crate::sources::azure::worker::Worker;
use crate::sources::azure_blob::config::AzureBlobConfig;
use crate::sources::azure_blob::containers::{Answer, Ask, Containers, Listed, Piece, Said};
use crate::sources::azure_blob::key::{Keys, Place};

/// Blobs of a day that are followed: a resource writes 24.
const LISTED: usize = 10_000;

tokio::task_local! {
    /// What was heard in the request of this task.
    static HEARD: Arc<Mutex<Heard>>;
}

/// What an answer says beside its body.
#[derive(Debug, Default)]
struct Heard {
    trouble: Option<Trouble>,
    clock: Option<Timestamp>,
}

/// An account, behind a worker.
pub(super) struct Account {
    worker: Worker<Ask, Answer>,
}

impl Account {
    pub(super) fn open(config: &AzureBlobConfig, wake: Option<Waker>) -> Result<Self, Trouble> {
        let place = Place::of(config)?;
        let web = Web::new()?;
        let keys = Arc::new(Keys::new(config, web.clone())?);
        let mut stores = HashMap::new();
        for container in &config.containers {
            stores.insert(container.clone(), Arc::new(store(container, &place, &web, &keys)?));
        }
        let answer = move |ask: Ask| {
            let (store, keys) = (stores.get(ask.container()).cloned(), Arc::clone(&keys));
            async move { answer(store.as_deref(), &keys, ask).await }
        };
        let worker = Worker::start(wake, answer);
        let worker = worker
            .map_err(|it| Trouble::new(Kind::Other, format!("no thread can be started: {it}")))?;
        Ok(Self { worker })
    }
}

impl Containers for Account {
    fn ask(&mut self, ask: Ask) -> bool {
        self.worker.ask(ask)
    }

    fn answer(&mut self) -> Option<Answer> {
        self.worker.answer()
    }
}

fn store(
    container: &str,
    place: &Place,
    web: &Web,
    keys: &Arc<Keys>,
) -> Result<MicrosoftAzure, Trouble> {
    MicrosoftAzureBuilder::new()
        .with_account(&place.account)
        .with_endpoint(place.endpoint.to_string())
        .with_container_name(container)
        .with_credentials(Arc::clone(keys) as _)
        // Which addresses may go without encryption the configuration has decided.
        .with_allow_http(true)
        .with_retry(RetryConfig { max_retries: 0, ..RetryConfig::default() })
        .with_http_connector(Line(web.clone()))
        .build()
        .map_err(|_| Trouble::new(Kind::Other, "`account` and `endpoint` make no valid address"))
}

async fn answer(store: Option<&MicrosoftAzure>, keys: &Keys, ask: Ask) -> Answer {
    let heard = Arc::new(Mutex::new(Heard::default()));
    let said = HEARD.scope(Arc::clone(&heard), said(store, &ask)).await;
    let heard = std::mem::take(&mut *heard.lock().unwrap_or_else(PoisonError::into_inner));
    let said = said.map_err(|error| heard.trouble.unwrap_or_else(|| unheard(&error)));
    if said.as_ref().is_err_and(|it| it.kind == Kind::Denied) {
        keys.forget().await;
    }
    Answer { ask, said, clock: heard.clock }
}

/// No answer says what is wrong: it was not understood, or we did not come to ask.
fn unheard(error: &object_store::Error) -> Trouble {
    let mut cause: &dyn std::error::Error = error;
    while let Some(it) = cause.source() {
        if let Some(trouble) = it.downcast_ref::<Trouble>() {
            return trouble.clone();
        }
        cause = it;
    }
    Trouble::new(Kind::Other, "an answer of the storage account cannot be understood")
}

async fn said(store: Option<&MicrosoftAzure>, ask: &Ask) -> Result<Said, object_store::Error> {
    let Some(store) = store else {
        return Err(object_store::Error::NotImplemented {
            operation: String::new(),
            implementer: String::new(),
        });
    };
    match ask {
        Ask::Folders { below, .. } => {
            let below = Path::parse(below)?;
            let found = store.list_with_delimiter(Some(&below)).await?;
            let folders = found.common_prefixes.into_iter().map(String::from);
            Ok(Said::Folders(folders.take(LISTED).collect()))
        }
        Ask::Blobs { below, .. } => {
            let below = Path::parse(below)?;
            let mut found = store.list(Some(&below));
            let mut blobs = Vec::new();
            while let Some(it) = found.try_next().await?.filter(|_| blobs.len() < LISTED) {
                let etag = bare(it.e_tag.as_deref());
                blobs.push(Listed { name: it.location.into(), size: it.size, etag });
            }
            Ok(Said::Blobs(blobs))
        }
        Ask::Piece { name, from, to, .. } => {
            let range = Some(GetRange::Bounded(*from..*to));
            let how = GetOptions { range, ..GetOptions::default() };
            let found = store.get_opts(&Path::parse(name)?, how).await?;
            let (size, etag) = (found.meta.size, bare(found.meta.e_tag.as_deref()));
            let bytes = found.bytes().await?.to_vec();
            Ok(Said::Piece(Piece { bytes, size, etag }))
        }
    }
}

/// A listing writes the tag bare, and an answer in quotes.
fn bare(etag: Option<&str>) -> String {
    etag.unwrap_or_default().trim_start_matches("W/").trim_matches('"').to_owned()
}

/// Our connection, as that crate wants it.
#[derive(Debug, Clone)]
struct Line(Web);

impl HttpConnector for Line {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Line {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, _) = request.into_parts();
        let url = reqwest::Url::parse(&parts.uri.to_string())
            .map_err(|it| HttpError::new(HttpErrorKind::Unknown, it))?;
        let host = web::host(&url).to_owned();
        let asked = self.0.client().request(parts.method, url).headers(parts.headers);
        let answer = self.0.send(asked).await;
        HEARD.with(|it| {
            note(&mut it.lock().unwrap_or_else(PoisonError::into_inner), &host, &answer)
        });
        let answer = answer.map_err(|it| HttpError::new(HttpErrorKind::Interrupted, it))?;
        let mut response = HttpResponse::new(answer.body.into());
        *response.headers_mut() = answer.headers;
        *response.status_mut() = hyper::StatusCode::from_u16(answer.status).unwrap_or_default();
        Ok(response)
    }
}

fn note(heard: &mut Heard, host: &str, answer: &Result<web::Answer, Trouble>) {
    match answer {
        Err(trouble) => heard.trouble = Some(trouble.clone()),
        Ok(answer) => {
            heard.clock = answer.clock();
            let code = answer.headers.get("x-ms-error-code").and_then(|it| it.to_str().ok());
            let who = format!("`{host}`");
            let trouble = || {
                Trouble::of_status(
                    answer.status,
                    code.unwrap_or_default(),
                    &who,
                    answer.retry_after(),
                )
            };
            heard.trouble = (answer.status >= 300).then(trouble);
        }
    }
}
