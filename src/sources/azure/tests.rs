//! How tokens are come by, against a server that gives them as Azure does.

use std::fs;
use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tempfile::TempDir;

use super::credential::{CredentialConfig, Who};
use super::server::{Reply, Request, Server};
use super::token::Tokens;
use super::trouble::{Kind, Trouble};
use super::web::Web;
use super::{address, is_safe};

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}

fn tokens(yaml: &str) -> Tokens {
    let config: CredentialConfig = serde_saphyr::from_str(yaml).unwrap();
    let Who::Tokens(grant) = config.who().unwrap() else { panic!("no tokens by {yaml}") };
    Tokens::new(Web::new().unwrap(), grant, "https://storage.azure.com")
}

fn secret(text: &str) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("secret");
    fs::write(&file, text).unwrap();
    (folder, file)
}

fn given(_: &Request) -> Reply {
    let token = r#"{"token_type":"Bearer","expires_in":3599,"access_token":"t0ken"}"#;
    Some((200, String::new(), token.to_owned()))
}

#[test]
fn a_machine_is_asked_for_the_token_of_its_identity() {
    let server = Server::start(|_| {
        // The metadata service says its numbers as texts.
        let token = r#"{"access_token":"t0ken","expires_in":"86399","token_type":"Bearer"}"#;
        Some((200, String::new(), token.to_owned()))
    });
    let yaml =
        format!("managed_identity: {{ endpoint: '{}/identity', client_id: me }}", server.url);
    let tokens = tokens(&yaml);
    assert_eq!(run(tokens.token()).unwrap(), "t0ken");
    assert_eq!(run(tokens.token()).unwrap(), "t0ken");
    let asked = server.asked();
    assert_eq!(asked.len(), 1, "a token that holds is kept");
    let target =
        "/identity?api-version=2018-02-01&resource=https%3A%2F%2Fstorage.azure.com&client_id=me";
    assert_eq!((asked[0].method.as_str(), asked[0].target.as_str()), ("GET", target));
    assert!(asked[0].header.contains("metadata: true"), "{}", asked[0].header);
}

#[test]
fn an_application_shows_its_secret_and_a_new_one_when_that_changed() {
    let server = Server::start(given);
    let (_folder, file) = secret("hunter two&=\n");
    let yaml = format!(
        "service_principal: {{ tenant_id: t, client_id: c, secret_file: '{}', authority: '{}' }}",
        file.display(),
        server.url
    );
    let tokens = tokens(&yaml);
    assert_eq!(run(tokens.token()).unwrap(), "t0ken");
    let asked = server.asked().remove(0);
    let body = "grant_type=client_credentials&client_id=c&scope=https%3A%2F%2Fstorage.azure.com%2F.default\
                &client_secret=hunter+two%26%3D";
    assert_eq!((asked.target.as_str(), asked.body.as_str()), ("/t/oauth2/v2.0/token", body));
    fs::write(&file, "renewed").unwrap();
    run(tokens.forget());
    assert_eq!(run(tokens.token()).unwrap(), "t0ken");
    assert!(server.asked()[0].body.ends_with("&client_secret=renewed"));
}

#[test]
fn a_workload_shows_the_token_of_its_cluster() {
    let server = Server::start(given);
    let (_folder, file) = secret("ey.J.hbGci");
    let yaml = format!(
        "workload_identity: {{ tenant_id: t, client_id: c, token_file: '{}', authority: '{}' }}",
        file.display(),
        server.url
    );
    assert_eq!(run(tokens(&yaml).token()).unwrap(), "t0ken");
    let body = server.asked().remove(0).body;
    let shown = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
                 &client_assertion=ey.J.hbGci";
    assert!(body.ends_with(shown), "{body}");
}

#[test]
fn a_certificate_signs_that_we_are_the_application() {
    let server = Server::start(given);
    let (_folder, file) = secret(include_str!("tests/certificate.pem"));
    let yaml = format!(
        "service_principal: {{ tenant_id: t, client_id: c, certificate_file: '{}', authority: '{}' }}",
        file.display(),
        server.url
    );
    assert_eq!(run(tokens(&yaml).token()).unwrap(), "t0ken");
    let body = server.asked().remove(0).body;
    let word = body.split("client_assertion=").nth(1).unwrap();
    let parts: Vec<_> = word.split('.').map(|it| URL_SAFE_NO_PAD.decode(it).unwrap()).collect();
    let claims: serde_json::Value = serde_json::from_slice(&parts[1]).unwrap();
    assert_eq!(claims["aud"], format!("{}/t/oauth2/v2.0/token", server.url));
    assert_eq!((&claims["iss"], &claims["sub"]), (&"c".into(), &"c".into()));
    assert!(is_signed(word), "the signature is not that of the certificate");
}

/// Whether the word was signed by the key of the certificate in the test's folder.
fn is_signed(word: &str) -> bool {
    use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
    use rustls::pki_types::PrivatePkcs8KeyDer;
    use rustls::pki_types::pem::PemObject;
    let pem = include_str!("tests/certificate.pem");
    let key = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).unwrap();
    let pair = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref());
    let (words, signature) = word.rsplit_once('.').unwrap();
    public.verify(words.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).is_ok()
}

#[test]
fn what_is_refused_is_told_by_its_code_and_without_secrets() {
    let server = Server::start(|_| {
        let body = r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret 'hunter2' provided."}"#;
        Some((401, String::new(), body.to_owned()))
    });
    let (_folder, file) = secret("hunter2");
    let yaml = format!(
        "service_principal: {{ tenant_id: t, client_id: c, secret_file: '{}', authority: '{}' }}",
        file.display(),
        server.url
    );
    let trouble = run(tokens(&yaml).token()).unwrap_err();
    let told = "asked for a token, `127.0.0.1` answered 401 AADSTS7000215; check the credential, its \
                role and the network rules of the resource";
    assert_eq!((trouble.kind, trouble.text.as_str()), (Kind::Denied, told));
}

#[test]
fn a_secret_that_is_not_there_is_told_by_its_key() {
    let (_folder, file) = secret("");
    let missing = file.with_file_name("missing");
    let check = |file: &PathBuf, expected: &str| {
        let yaml = format!(
            "service_principal: {{ tenant_id: t, client_id: c, secret_file: '{}' }}",
            file.display()
        );
        let told = run(tokens(&yaml).token()).unwrap_err().text;
        assert!(told.starts_with("`secret_file`: `") && told.contains(expected), "{told}");
    };
    check(&file, "is empty; write the secret into it");
    check(&missing, "cannot be read: ");
}

#[test]
fn many_who_come_at_once_ask_for_one_token() {
    let server = Server::start(given);
    let tokens = tokens(&format!("managed_identity: {{ endpoint: '{}' }}", server.url));
    run(async {
        let all = (0..8).map(|_| tokens.token());
        let all = futures_util::future::join_all(all).await;
        assert!(all.iter().all(Result::is_ok));
    });
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_server_that_does_not_answer_as_it_should_is_told_and_not_followed() {
    static TURN: AtomicUsize = AtomicUsize::new(0);
    let server = Server::start(|_| match TURN.fetch_add(1, Ordering::Relaxed) {
        0 => Some((302, "location: http://127.0.0.1:1/\r\n".to_owned(), String::new())),
        1 => Some((200, String::new(), "<html>".to_owned())),
        2 => Some((503, "retry-after: 7\r\n".to_owned(), String::new())),
        _ => None,
    });
    let tokens = tokens(&format!("managed_identity: {{ endpoint: '{}' }}", server.url));
    let told =
        |it: Trouble| format!("{:?} {:?} {}", it.kind, it.after.map(|it| it.as_secs()), it.text);
    let ask = || told(run(tokens.token()).unwrap_err());
    assert_eq!(ask(), "Other None asked for a token, `127.0.0.1` answered 302");
    assert_eq!(ask(), "Other None `127.0.0.1` gave no token");
    assert!(ask().starts_with("Throttled Some(7) asked for a token"));
    assert!(ask().starts_with("Connection None cannot reach `127.0.0.1`: "));
}

#[test]
#[rustfmt::skip]
fn secrets_go_encrypted_or_stay_on_the_machine() {
    check("https://contoso.blob.core.windows.net",      true);
    check("http://127.0.0.1:10000/devstoreaccount1",    true);
    check("http://localhost:10000",                     true);
    check("http://[::1]:10000",                         true);
    check("http://contoso.blob.core.windows.net",       false);
    check("http://127.0.0.1.contoso.example",           false);
    check("ftp://127.0.0.1",                            false);
    check("https://me:secret@contoso.example",          false);
    check("https://contoso.example/?sig=secret",        false);
}

#[track_caller]
fn check(url: &str, expected: bool) {
    assert_eq!(address(url).is_some_and(|it| is_safe(&it)), expected, "{url}");
}
