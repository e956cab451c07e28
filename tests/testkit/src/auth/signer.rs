//! Signed tokens that the real docker-registry accepts: JWTs by ES256, whose certificate is its `rootcertbundle`.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fs, io};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, date_time_ymd};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};

/// A key, its self-signed certificate, and the issuer that tokens name.
pub struct Signer {
    key: EcdsaKeyPair,
    certificate_pem: String,
    certificate_base64: String,
    issuer: String,
}

impl Signer {
    /// A new key.
    pub fn new(issuer: &str) -> Self {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a P-256 key can be made");
        let mut params = CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, "Longshore test token server");
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(2200, 1, 1);
        let certificate = params.self_signed(&key).expect("the parameters are sound");
        let signing = EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            key.serialized_der(),
            &SystemRandom::new(),
        )
        .expect("the key is P-256 in PKCS#8");
        Self {
            key: signing,
            certificate_pem: certificate.pem(),
            certificate_base64: STANDARD.encode(certificate.der()),
            issuer: issuer.to_owned(),
        }
    }

    /// The issuer that the registry must be told.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Writes the certificate to `dir/token.crt`, for the registry's `rootcertbundle`.
    ///
    /// # Errors
    /// What the file system answers.
    pub fn write_certificate(&self, dir: &Path) -> io::Result<PathBuf> {
        let path = dir.join("token.crt");
        fs::write(&path, &self.certificate_pem)?;
        Ok(path)
    }

    /// A token by the distribution project's JWT specification. `number` makes its id unique.
    pub fn token(
        &self,
        subject: &str,
        audience: &str,
        scopes: &[String],
        lifetime: Duration,
        number: usize,
    ) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970").as_secs();
        let header = json!({ "typ": "JWT", "alg": "ES256", "x5c": [self.certificate_base64] });
        let claims = json!({
            "iss": self.issuer,
            "sub": subject,
            "aud": audience,
            "iat": now,
            // A clock that differs by a second would refuse a token from the future.
            "nbf": now - 10,
            "exp": now + lifetime.as_secs().max(1),
            "jti": format!("token-{number}"),
            "access": scopes.iter().filter_map(|scope| access(scope)).collect::<Vec<_>>(),
        });
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature =
            self.key.sign(&SystemRandom::new(), signed.as_bytes()).expect("the system has random bytes");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// `repository:team/app:pull,push` as the `access` claim has it. The name may contain a port's colon.
fn access(scope: &str) -> Option<Value> {
    let (kind, rest) = scope.split_once(':')?;
    let (name, actions) = rest.rsplit_once(':')?;
    Some(json!({ "type": kind, "name": name, "actions": actions.split(',').collect::<Vec<_>>() }))
}
