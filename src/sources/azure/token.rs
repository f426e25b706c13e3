//! Tokens: what we show to Azure, asked for when the last one is about to end.
//!
//! ```text
//! managed identity     GET   endpoint?resource=…                 from the machine
//! application          POST  authority/tenant/oauth2/v2.0/token  for a secret, a certificate,
//!                                                                or the token of a cluster
//! ```

use std::time::{Duration, Instant};

use reqwest::RequestBuilder;
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::sources::azure::assertion;
use crate::sources::azure::credential::{Grant, Proof};
use crate::sources::azure::secret;
use crate::sources::azure::trouble::{Kind, Trouble};
use crate::sources::azure::web::{Answer, Web, host};

/// The metadata service of a virtual machine.
const METADATA: &str = "http://169.254.169.254/metadata/identity/oauth2/token";

/// How long before its end a token is replaced, at most.
const MARGIN: Duration = Duration::from_secs(300);

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Tokens for one resource.
#[derive(Debug)]
pub(in crate::sources) struct Tokens {
    web: Web,
    grant: Grant,
    /// What they are for: `https://storage.azure.com`.
    resource: String,
    held: Mutex<Option<Held>>,
}

struct Held {
    token: String,
    until: Instant,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Held")
    }
}

/// What we are given; some say numbers as texts.
#[derive(Deserialize)]
struct Given {
    access_token: String,
    #[serde(default)]
    expires_in: Value,
}

impl Tokens {
    pub(in crate::sources) fn new(web: Web, grant: Grant, resource: &str) -> Self {
        Self { web, grant, resource: resource.to_owned(), held: Mutex::new(None) }
    }

    /// A token that holds for a while.
    pub(in crate::sources) async fn token(&self) -> Result<String, Trouble> {
        // Whoever comes while one is asked for waits for that one.
        let mut held = self.held.lock().await;
        if let Some(it) = held.as_ref().filter(|it| Instant::now() < it.until) {
            return Ok(it.token.clone());
        }
        let given = self.ask().await?;
        let life = seconds(&given.expires_in).unwrap_or(MARGIN);
        let until = Instant::now() + life.saturating_sub(MARGIN.min(life / 2));
        Ok(held.insert(Held { token: given.access_token, until }).token.clone())
    }

    /// The token was refused: it is not shown again.
    pub(in crate::sources) async fn forget(&self) {
        self.held.lock().await.take();
    }

    async fn ask(&self) -> Result<Given, Trouble> {
        let (request, who) = match &self.grant {
            Grant::Managed { endpoint, client_id } => self.of_machine(endpoint, client_id)?,
            Grant::Client { authority, tenant, client, proof } => {
                self.of_client(&format!("{authority}/{tenant}/oauth2/v2.0/token"), client, proof)?
            }
        };
        let answer = self.web.send(request).await?;
        if answer.status != 200 {
            return Err(refusal(&answer, &who));
        }
        // The reader's own words could quote the token.
        let read = serde_json::from_slice(&answer.body);
        read.map_err(|_| Trouble::new(Kind::Other, format!("`{who}` gave no token")))
    }

    fn of_machine(
        &self,
        endpoint: &Option<String>,
        client_id: &Option<String>,
    ) -> Result<(RequestBuilder, String), Trouble> {
        let service = std::env::var("IDENTITY_ENDPOINT").ok().filter(|_| endpoint.is_none());
        let header = std::env::var("IDENTITY_HEADER").ok().filter(|_| service.is_some());
        let at = endpoint.as_deref().or(service.as_deref()).unwrap_or(METADATA);
        let version = if header.is_some() { "2019-08-01" } else { "2018-02-01" };
        let mut query = vec![("api-version", version), ("resource", &self.resource)];
        query.extend(client_id.as_deref().map(|it| ("client_id", it)));
        let url = url(at, &query)?;
        let who = host(&url).to_owned();
        let request = self.web.direct().get(url).header("Metadata", "true");
        Ok((header.iter().fold(request, |it, header| it.header("X-IDENTITY-HEADER", header)), who))
    }

    fn of_client(
        &self,
        at: &str,
        client: &str,
        proof: &Proof,
    ) -> Result<(RequestBuilder, String), Trouble> {
        let scope = format!("{}/.default", self.resource);
        let mut form = vec![
            ("grant_type", "client_credentials".to_owned()),
            ("client_id", client.to_owned()),
            ("scope", scope),
        ];
        let signed =
            |it| [("client_assertion_type", ASSERTION.to_owned()), ("client_assertion", it)];
        match proof {
            Proof::Secret(file) => form.push(("client_secret", secret::read("secret_file", file)?)),
            Proof::Token(file) => form.extend(signed(secret::read("token_file", file)?)),
            Proof::Certificate(file) => {
                let pem = secret::read("certificate_file", file)?;
                form.extend(signed(assertion::sign(&pem, at, client)?));
            }
        }
        let url = url(at, &[])?;
        let who = host(&url).to_owned();
        let request = self.web.client().post(url);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        Ok((request.body(encoded(&form)), who))
    }
}

fn url(at: &str, query: &[(&str, &str)]) -> Result<Url, Trouble> {
    let no_address = |_| Trouble::new(Kind::Other, "tokens are asked for at no valid address");
    match query {
        [] => Url::parse(at).map_err(no_address),
        _ => Url::parse_with_params(at, query).map_err(no_address),
    }
}

/// A form, in the same writing as a query.
fn encoded(form: &[(&str, String)]) -> String {
    let url = Url::parse_with_params("http://localhost/", form);
    url.ok().and_then(|it| it.query().map(str::to_owned)).unwrap_or_default()
}

/// What was refused, by its code: `AADSTS7000215` says more than a status.
fn refusal(answer: &Answer, who: &str) -> Trouble {
    let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let told = said["error_description"].as_str().unwrap_or_default();
    let code = told.split([':', ' ']).find(|it| it.starts_with("AADSTS"));
    let code = code.or_else(|| said["error"].as_str()).unwrap_or_default();
    let code: String = code.chars().filter(|it| it.is_ascii_alphanumeric() || *it == '_').collect();
    let who = format!("asked for a token, `{who}`");
    let mut trouble = Trouble::of_status(answer.status, &code, &who, answer.retry_after());
    if matches!(answer.status, 400 | 404) && matches!(trouble.kind, Kind::Gone | Kind::Other) {
        // No identity is there, or the application is refused: nothing that passes by itself.
        trouble.kind = Kind::Denied;
        trouble.text.push_str("; check `credential`");
    }
    trouble
}

fn seconds(value: &Value) -> Option<Duration> {
    let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())?;
    Some(Duration::from_secs(number.min(7 * 24 * 3600)))
}
