//! Whom a connection trusts and what it shows of itself: the system's authorities, those of one host, pins, or anybody.
//!
//! Invariants: what is trusted for one host is trusted for no other; a signature of the handshake is checked always,
//! also where the certificate is not. Deliberately absent: revocation, which rustls leaves to whoever wants it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use oci::digest::Digest;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

/// SHA-256 of a certificate's DER, lower-case hex.
pub type Fingerprint = String;

/// What is special about the TLS of one host; the default is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TlsIdentity {
    /// Nobody's certificate is checked.
    pub skip_verification: bool,
    /// Authorities beside the system's, DER. A server's own certificate among them is trusted as well, for its names
    /// and its time.
    pub roots: Vec<Vec<u8>>,
    /// Server certificates that are trusted as they are, whatever they say of names and time.
    pub pins: Vec<Fingerprint>,
    /// What is shown to a server that asks for a certificate.
    pub client: Option<ClientCertificate>,
}

/// A client certificate with its key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ClientCertificate {
    /// The certificate and those between it and its authority, DER.
    pub chain: Vec<Vec<u8>>,
    /// The private key, PEM.
    pub key_pem: Vec<u8>,
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate").field("chain", &self.chain.len()).finish_non_exhaustive()
    }
}

/// SHA-256 of a certificate.
pub fn fingerprint(der: &[u8]) -> Fingerprint {
    Digest::sha256(der).hex().to_owned()
}

/// The authorities of the system. Reading them takes tens of milliseconds.
pub(super) fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// Certificates in PEM.
///
/// # Errors
/// In words, where one can't be read.
pub fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("a trusted certificate can't be read: {error}"))
}

/// The configuration of a client that trusts `roots` and what the identity adds.
pub(super) fn client_config(
    mut roots: RootCertStore,
    identity: &TlsIdentity,
) -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let anchors = identity.roots.iter().map(|der| CertificateDer::from(der.clone()));
    // A server's own certificate may be among them and be no authority: then it counts as itself alone.
    roots.add_parsable_certificates(anchors);
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let builder = if identity.skip_verification {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Verifier { judge: Anybody, provider }))
    } else if identity.roots.is_empty() && identity.pins.is_empty() {
        builder.with_root_certificates(roots)
    } else {
        let known = identity.roots.iter().map(|der| fingerprint(der)).collect();
        let judge = Known { inner: webpki(roots, &provider)?, known, pins: identity.pins.clone() };
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Verifier { judge, provider }))
    };
    let Some(client) = &identity.client else { return Ok(builder.with_no_client_auth()) };
    let chain = client.chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
    let key = PrivateKeyDer::from_pem_slice(&client.key_pem)
        .map_err(|error| format!("the key of a client certificate can't be read: {error}"))?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|error| format!("a client certificate can't be used with its key: {error}"))
}

fn webpki(
    roots: RootCertStore,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<WebPkiServerVerifier>>, String> {
    if roots.is_empty() {
        return Ok(None);
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map(Some)
        .map_err(|error| error.to_string())
}

/// What a server shows.
struct Shown<'a> {
    certificate: &'a CertificateDer<'a>,
    intermediates: &'a [CertificateDer<'a>],
    name: &'a ServerName<'a>,
    ocsp: &'a [u8],
    now: UnixTime,
}

/// Whether it is good enough.
trait Judge: fmt::Debug + Send + Sync + 'static {
    fn judge(&self, shown: &Shown<'_>) -> Result<(), rustls::Error>;
}

/// Leaves the certificate to a judge, and checks the signatures of the handshake itself.
#[derive(Debug)]
struct Verifier<J> {
    judge: J,
    provider: Arc<CryptoProvider>,
}

impl<J: Judge> ServerCertVerifier for Verifier<J> {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let shown = Shown { certificate, intermediates, name, ocsp, now };
        self.judge.judge(&shown).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Whoever answers is good enough.
#[derive(Debug)]
struct Anybody;

impl Judge for Anybody {
    fn judge(&self, _shown: &Shown<'_>) -> Result<(), rustls::Error> {
        Ok(())
    }
}

/// The authorities, and single certificates that are known.
#[derive(Debug)]
struct Known {
    inner: Option<Arc<WebPkiServerVerifier>>,
    /// Trusted for their names and their time.
    known: Vec<Fingerprint>,
    /// Trusted as they are.
    pins: Vec<Fingerprint>,
}

impl Judge for Known {
    fn judge(&self, shown: &Shown<'_>) -> Result<(), rustls::Error> {
        let Shown { certificate, intermediates, name, ocsp, now } = *shown;
        let own = fingerprint(certificate);
        if self.pins.contains(&own) {
            return Ok(());
        }
        if self.known.contains(&own) {
            // A certificate that signed itself is its own authority, as Docker sees it; webpki wants two.
            is_current(certificate, now)?;
            let parsed = ParsedCertificate::try_from(certificate)?;
            return rustls::client::verify_server_name(&parsed, name);
        }
        match &self.inner {
            Some(inner) => inner.verify_server_cert(certificate, intermediates, name, ocsp, now).map(|_| ()),
            None => Err(CertificateError::UnknownIssuer.into()),
        }
    }
}

fn is_current(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), rustls::Error> {
    let (_, parsed) =
        x509_parser::parse_x509_certificate(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if now < parsed.validity().not_before.timestamp() {
        return Err(CertificateError::NotValidYet.into());
    }
    if now > parsed.validity().not_after.timestamp() {
        return Err(CertificateError::Expired.into());
    }
    Ok(())
}

/// Takes down what a server shows and ends the handshake there: nothing is ever sent to it. Clones are the same record.
#[derive(Clone, Debug, Default)]
pub(super) struct Recorder(Arc<Mutex<Vec<CertificateDer<'static>>>>);

impl Recorder {
    /// A configuration that records, and never gets through.
    pub(super) fn config(&self) -> Result<ClientConfig, String> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let verifier = Arc::new(Verifier { judge: self.clone(), provider });
        Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
    }

    /// The chain that was shown, the server's own certificate first; empty before one was.
    pub(super) fn seen(&self) -> Vec<CertificateDer<'static>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Judge for Recorder {
    fn judge(&self, shown: &Shown<'_>) -> Result<(), rustls::Error> {
        let chain = std::iter::once(shown.certificate).chain(shown.intermediates);
        let chain = chain.map(|it| it.clone().into_owned()).collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = chain;
        Err(CertificateError::ApplicationVerificationFailure.into())
    }
}
