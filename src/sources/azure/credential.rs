//! `credential:` who we are, as it is written in the configuration.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::sources::azure::address;

/// Where tokens come from in the public cloud.
const AUTHORITY: &str = "https://login.microsoftonline.com";

/// `credential:` who we are: one of these; by default the managed identity of the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CredentialConfig {
    /// The managed identity of the machine, the container app or the app service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_identity: Option<ManagedIdentity>,
    /// The workload identity of a pod in Kubernetes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload_identity: Option<WorkloadIdentity>,
    /// An application with a secret or a certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_principal: Option<ServicePrincipal>,
    /// A file with a shared access signature (`sv=…&sig=…`); `azure_blob` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sas_file: Option<PathBuf>,
    /// A file with a connection string, which names the account too; `azure_blob` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_string_file: Option<PathBuf>,
}

/// `managed_identity:` an identity that Azure gives to the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ManagedIdentity {
    /// The client id of a user-assigned identity; by default the one of the machine itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Where tokens are asked for; by default where `IDENTITY_ENDPOINT` says, else the
    /// metadata service of the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
}

/// `workload_identity:` a token of the cluster that is exchanged for one of Azure. What is not
/// given is taken from the environment, where the webhook of the cluster writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WorkloadIdentity {
    /// The tenant; by default `AZURE_TENANT_ID`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// The client id of the application or identity; by default `AZURE_CLIENT_ID`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The file with the token of the cluster; by default `AZURE_FEDERATED_TOKEN_FILE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// Where tokens are asked for; by default `AZURE_AUTHORITY_HOST`, else the public cloud.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
}

/// `service_principal:` an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServicePrincipal {
    /// The tenant.
    pub tenant_id: String,
    /// The client id of the application.
    pub client_id: String,
    /// A file with its secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_file: Option<PathBuf>,
    /// A PEM file with its certificate and the private key (RSA).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_file: Option<PathBuf>,
    /// Where tokens are asked for; by default the public cloud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
}

/// Who we are: the one that is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sources) enum Who {
    /// Somebody who is given tokens.
    Tokens(Grant),
    /// Whoever holds this signature.
    Sas(PathBuf),
    /// Whoever holds this connection string.
    ConnectionString(PathBuf),
}

/// How tokens are come by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sources) enum Grant {
    Managed { endpoint: Option<String>, client_id: Option<String> },
    Client { authority: String, tenant: String, client: String, proof: Proof },
}

/// By what an application shows that it is that application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sources) enum Proof {
    Secret(PathBuf),
    Certificate(PathBuf),
    /// The token of somebody whom the tenant trusts.
    Token(PathBuf),
}

impl CredentialConfig {
    /// The one that is given; what is wrong otherwise, and what to do.
    pub(in crate::sources) fn who(&self) -> Result<Who, String> {
        let mut given = Vec::new();
        if let Some(it) = &self.managed_identity {
            given.push(Ok(Who::Tokens(it.grant()?)));
        }
        given.extend(self.workload_identity.as_ref().map(|it| it.grant().map(Who::Tokens)));
        given.extend(self.service_principal.as_ref().map(|it| it.grant().map(Who::Tokens)));
        given.extend(self.sas_file.clone().map(|it| Ok(Who::Sas(it))));
        given.extend(self.connection_string_file.clone().map(|it| Ok(Who::ConnectionString(it))));
        match given.len() {
            0 => Ok(Who::Tokens(ManagedIdentity::default().grant()?)),
            1 => given.remove(0),
            _ => Err("`credential` names more than one; leave one of them".to_owned()),
        }
    }
}

impl ManagedIdentity {
    fn grant(&self) -> Result<Grant, String> {
        // The metadata service is asked without a secret, so its address need not be safe.
        let endpoint = self.endpoint.clone();
        if endpoint.as_deref().is_some_and(|it| reqwest::Url::parse(it).is_err()) {
            return Err(
                "`managed_identity.endpoint` is no address; write `http://HOST/PATH`".to_owned()
            );
        }
        Ok(Grant::Managed { endpoint, client_id: self.client_id.clone() })
    }
}

impl WorkloadIdentity {
    fn grant(&self) -> Result<Grant, String> {
        let given = |own: &Option<String>, key: &str, variable: &str| {
            let found = own.clone().or_else(|| std::env::var(variable).ok());
            found.filter(|it| !it.is_empty()).ok_or_else(|| {
                format!("`workload_identity` has no `{key}`; write it, or set `{variable}`")
            })
        };
        let file = self.token_file.as_ref().map(|it| it.display().to_string());
        let proof = given(&file, "token_file", "AZURE_FEDERATED_TOKEN_FILE")?;
        let host = std::env::var("AZURE_AUTHORITY_HOST").ok();
        Ok(Grant::Client {
            authority: authority(self.authority.clone().or(host))?,
            tenant: given(&self.tenant_id, "tenant_id", "AZURE_TENANT_ID")?,
            client: given(&self.client_id, "client_id", "AZURE_CLIENT_ID")?,
            proof: Proof::Token(proof.into()),
        })
    }
}

impl ServicePrincipal {
    fn grant(&self) -> Result<Grant, String> {
        let proof = match (&self.secret_file, &self.certificate_file) {
            (Some(it), None) => Proof::Secret(it.clone()),
            (None, Some(it)) => Proof::Certificate(it.clone()),
            _ => {
                let what = "`service_principal` needs one of `secret_file` and `certificate_file`";
                return Err(what.to_owned());
            }
        };
        Ok(Grant::Client {
            authority: authority(self.authority.clone())?,
            tenant: self.tenant_id.clone(),
            client: self.client_id.clone(),
            proof,
        })
    }
}

fn authority(given: Option<String>) -> Result<String, String> {
    let given = given.unwrap_or_else(|| AUTHORITY.to_owned());
    match address(&given) {
        Some(_) => Ok(given.trim_end_matches('/').to_owned()),
        None => Err(format!("`authority: {given}` is no safe address; write `{AUTHORITY}`")),
    }
}
