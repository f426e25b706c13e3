//! Where the account is, and with what we come to it.

use std::path::Path;

use std::sync::Arc;

use async_trait::async_trait;
use object_store::CredentialProvider;
use object_store::azure::{AzureAccessKey, AzureCredential};
use reqwest::Url;

use crate::sources::azure::address;
use crate::sources::azure::credential::Who;
use crate::sources::azure::secret;
use crate::sources::azure::token::Tokens;
use crate::sources::azure::trouble::{Kind, Trouble};
use crate::sources::azure::web::Web;
use crate::sources::azure_blob::config::AzureBlobConfig;

/// What tokens are for.
const RESOURCE: &str = "https://storage.azure.com";

/// Where an account is.
pub(super) struct Place {
    pub(super) account: String,
    pub(super) endpoint: Url,
}

impl Place {
    pub(super) fn of(config: &AzureBlobConfig) -> Result<Self, Trouble> {
        let who = config.credential.who().map_err(other)?;
        let connection = match &who {
            Who::ConnectionString(file) => Some(Connection::read(file)?),
            _ => None,
        };
        let told = |it: fn(&Connection) -> &Option<String>| {
            connection.as_ref().and_then(|c| it(c).clone())
        };
        let account = config.account.clone().or_else(|| told(|it| &it.account));
        // A connection string with a signature may name the account in the address only.
        let named = || told(|it| &it.endpoint)?.split(['/', '.']).nth(2).map(str::to_owned);
        let account = account.or_else(named);
        let account = account.ok_or_else(|| other("the connection string names no account"))?;
        let suffix = told(|it| &it.suffix).unwrap_or_else(|| "core.windows.net".to_owned());
        let endpoint = config.endpoint.clone().or_else(|| told(|it| &it.endpoint));
        let endpoint = endpoint.unwrap_or_else(|| format!("https://{account}.blob.{suffix}"));
        let endpoint = address(&endpoint).ok_or_else(|| {
            other("the endpoint is no safe address; it must begin with `https://`")
        })?;
        Ok(Self { account, endpoint })
    }
}

/// With what we come: looked up for each request, since files and tokens change.
#[derive(Debug)]
pub(super) enum Keys {
    Tokens(Tokens),
    Sas(std::path::PathBuf),
    ConnectionString(std::path::PathBuf),
}

impl Keys {
    pub(super) fn new(config: &AzureBlobConfig, web: Web) -> Result<Self, Trouble> {
        Ok(match config.credential.who().map_err(other)? {
            Who::Tokens(grant) => Self::Tokens(Tokens::new(web, grant, RESOURCE)),
            Who::Sas(file) => Self::Sas(file),
            Who::ConnectionString(file) => Self::ConnectionString(file),
        })
    }

    /// We were refused: a token is not shown again.
    pub(super) async fn forget(&self) {
        if let Self::Tokens(it) = self {
            it.forget().await;
        }
    }

    async fn key(&self) -> Result<AzureCredential, Trouble> {
        match self {
            Self::Tokens(it) => Ok(AzureCredential::BearerToken(it.token().await?)),
            Self::Sas(file) => Ok(signature(&secret::read("sas_file", file)?)),
            Self::ConnectionString(file) => Connection::read(file)?.key(),
        }
    }
}

#[async_trait]
impl CredentialProvider for Keys {
    type Credential = AzureCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AzureCredential>> {
        let key = self.key().await;
        key.map(Arc::new).map_err(|it| object_store::Error::Generic {
            store: "azure_blob",
            source: Box::new(it),
        })
    }
}

/// A signature is a query, with or without the question mark, or behind an address.
fn signature(text: &str) -> AzureCredential {
    let query = text.rsplit('?').next().unwrap_or_default();
    let url = Url::parse(&format!("http://localhost/?{query}"));
    let pairs = url.map(|it| it.query_pairs().into_owned().collect());
    AzureCredential::SASToken(pairs.unwrap_or_default())
}

/// What a connection string says: `AccountName=…;AccountKey=…;EndpointSuffix=…`.
#[derive(Default)]
struct Connection {
    account: Option<String>,
    key: Option<String>,
    signature: Option<String>,
    endpoint: Option<String>,
    suffix: Option<String>,
}

impl Connection {
    fn read(file: &Path) -> Result<Self, Trouble> {
        let text = secret::read("connection_string_file", file)?;
        let mut it = Self::default();
        for (name, value) in text.split(';').filter_map(|it| it.trim().split_once('=')) {
            let place = match name.to_ascii_lowercase().as_str() {
                "accountname" => &mut it.account,
                "accountkey" => &mut it.key,
                "sharedaccesssignature" => &mut it.signature,
                "blobendpoint" => &mut it.endpoint,
                "endpointsuffix" => &mut it.suffix,
                _ => continue,
            };
            *place = Some(value.trim().to_owned());
        }
        Ok(it)
    }

    fn key(&self) -> Result<AzureCredential, Trouble> {
        match (&self.key, &self.signature) {
            (Some(it), _) => AzureAccessKey::try_new(it)
                .map(AzureCredential::AccessKey)
                .map_err(|_| other("the account key of the connection string is not base64")),
            (None, Some(it)) => Ok(signature(it)),
            (None, None) => Err(other("the connection string holds neither key nor signature")),
        }
    }
}

fn other(what: impl Into<String>) -> Trouble {
    Trouble::new(Kind::Other, what)
}
