//! A signed word that we are an application, for who has its certificate instead of a secret.
//!
//! ```text
//! {"alg":"RS256","x5t#S256":…} . {"aud":…,"iss":client,"sub":client,"exp":…} . signature
//! ```

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::digest;
use ring::rand::SecureRandom;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;

use crate::sources::azure::trouble::{Kind, Trouble};

/// Seconds for which our word holds.
const HOLDS: i64 = 600;

/// Signs that we are `client`, for `audience`, with the certificate and key of a PEM text.
pub(super) fn sign(pem: &str, audience: &str, client: &str) -> Result<String, Trouble> {
    let refused = |why: &str| Trouble::new(Kind::Other, format!("`certificate_file`: {why}"));
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes())
        .map_err(|_| refused("there is no certificate in it; add it to the key"))?;
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes())
        .map_err(|_| refused("there is no private key in it; add it to the certificate"))?;
    let key = match &key {
        PrivateKeyDer::Pkcs8(it) => RsaKeyPair::from_pkcs8(it.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(it) => RsaKeyPair::from_der(it.secret_pkcs1_der()),
        _ => return Err(refused("its key is not an RSA key; only those are taken")),
    };
    let key = key.map_err(|_| refused("its key is not an RSA key of 2048 bits or more"))?;
    let words = words(&certificate, audience, client);
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), words.as_bytes(), &mut signature)
        .map_err(|_| refused("its key does not sign"))?;
    Ok(format!("{words}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn words(certificate: &[u8], audience: &str, client: &str) -> String {
    let print = digest::digest(&digest::SHA256, certificate);
    let header = json!({
        "alg": "RS256", "typ": "JWT", "x5t#S256": URL_SAFE_NO_PAD.encode(print.as_ref())
    });
    let mut id = [0_u8; 16];
    // Without it the word could be said twice, which is refused, and tried again.
    let _ = SystemRandom::new().fill(&mut id);
    let now = now();
    let claims = json!({
        "aud": audience, "iss": client, "sub": client, "jti": URL_SAFE_NO_PAD.encode(id),
        "nbf": now - HOLDS, "exp": now + HOLDS,
    });
    let part = |it: serde_json::Value| URL_SAFE_NO_PAD.encode(it.to_string());
    format!("{}.{}", part(header), part(claims))
}

#[expect(clippy::disallowed_methods, reason = "a word that holds for a time is given by the clock")]
fn now() -> i64 {
    Timestamp::now().as_second()
}
