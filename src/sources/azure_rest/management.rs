//! Azure Resource Manager: questions to it, and who asks them.

use std::sync::Arc;

use jiff::Timestamp;
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;

use crate::sources::Waker;
use crate::sources::azure::credential::Who;
use crate::sources::azure::token::Tokens;
use crate::sources::azure::trouble::{Kind, Trouble};
use crate::sources::azure::web;
use crate::sources::azure::web::Web;
use crate::sources::azure::worker::Worker;
use crate::sources::azure_rest::config::AzureRestConfig;

const VERSION: &str = "2018-06-01";

/// A question of one factory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ask {
    /// The number of the factory in the configuration.
    pub(super) factory: usize,
    /// What is behind the factory in the address, with what is asked for behind a `?`.
    pub(super) path: String,
    /// What is sent; `None` only looks.
    pub(super) body: Option<String>,
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) factory: usize,
    pub(super) said: Result<Vec<u8>, Trouble>,
    pub(super) clock: Option<Timestamp>,
}

/// Who asks.
pub(super) type Manager = Worker<Ask, Answer>;

/// Starts who asks.
pub(super) fn start(config: &AzureRestConfig, wake: Option<Waker>) -> Result<Manager, Trouble> {
    let other = |what: String| Trouble::new(Kind::Other, what);
    let Who::Tokens(grant) = config.credential.who().map_err(other)? else {
        return Err(other("`credential` opens a storage account only".to_owned()));
    };
    let web = Web::new()?;
    let tokens = Tokens::new(web.clone(), grant, config.endpoint.trim_end_matches('/'));
    let (tokens, config) = (Arc::new(tokens), Arc::new(config.clone()));
    let answer = move |ask: Ask| {
        let (web, tokens, config) = (web.clone(), Arc::clone(&tokens), Arc::clone(&config));
        async move {
            let mut clock = None;
            let said = said(&web, &tokens, &config, &ask, &mut clock).await;
            if said.as_ref().is_err_and(|it| it.kind == Kind::Denied) {
                tokens.forget().await;
            }
            Answer { factory: ask.factory, said, clock }
        }
    };
    Worker::start(wake, answer).map_err(|it| other(format!("no thread can be started: {it}")))
}

async fn said(
    web: &Web,
    tokens: &Tokens,
    config: &AzureRestConfig,
    ask: &Ask,
    clock: &mut Option<Timestamp>,
) -> Result<Vec<u8>, Trouble> {
    let url = url(config, ask)
        .ok_or_else(|| Trouble::new(Kind::Other, "`endpoint` makes no valid address"))?;
    let who =
        format!("`{}`, asked of factory `{}`,", web::host(&url), config.factories[ask.factory]);
    let request = match &ask.body {
        None => web.client().get(url),
        Some(body) => {
            web.client().post(url).header(CONTENT_TYPE, "application/json").body(body.clone())
        }
    };
    let answer = web.send(request.bearer_auth(tokens.token().await?)).await?;
    *clock = answer.clock();
    if answer.status == 200 {
        return Ok(answer.body);
    }
    let error: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let code = error["error"]["code"].as_str().or_else(|| error["code"].as_str());
    let code: String =
        code.unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).collect();
    Err(Trouble::of_status(answer.status, &code, &who, answer.retry_after()))
}

/// The address of a question; each part is written so that it stays one part.
fn url(config: &AzureRestConfig, ask: &Ask) -> Option<Url> {
    let mut url = Url::parse(&config.endpoint).ok()?;
    let (parts, query) = ask.path.split_once('?').unwrap_or((&ask.path, ""));
    {
        let mut path = url.path_segments_mut().ok()?;
        path.pop_if_empty();
        path.extend(["subscriptions", &config.subscription]);
        path.extend(["resourceGroups", &config.resource_group]);
        path.extend(["providers", "Microsoft.DataFactory", "factories"]);
        path.push(config.factories.get(ask.factory)?).extend(parts.split('/'));
    }
    url.set_query(Some(query).filter(|it| !it.is_empty()));
    if !url.query_pairs().any(|(key, _)| key == "api-version") {
        url.query_pairs_mut().append_pair("api-version", VERSION);
    }
    Some(url)
}
