//! A private certificate authority and the server certificates it signs: good ones, expired ones, others' names.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};
use std::{fs, io};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// A certificate authority that nothing trusts unless told to.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// What a server needs for TLS, or a client that shows a certificate.
#[derive(Clone)]
pub struct ServerTls {
    config: Arc<ServerConfig>,
    chain_pem: String,
    key_pem: String,
}

impl Authority {
    /// A new authority, valid from 2000 to 2200.
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("a P-256 key can be made");
        let mut params = CertificateParams::default();
        // Two authorities of one name would be told apart by their signatures alone, and fail as a forgery does.
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("Longshore test authority {}", NUMBER.fetch_add(1, Ordering::Relaxed));
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(2200, 1, 1);
        let certificate = params.self_signed(&key).expect("the authority's parameters are sound");
        Self { pem: certificate.pem(), issuer: Issuer::new(params, key) }
    }

    /// The authority's certificate, PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Writes the authority's certificate to `dir/ca.crt`.
    ///
    /// # Errors
    /// What the file system answers.
    pub fn write(&self, dir: &Path) -> io::Result<PathBuf> {
        let path = dir.join("ca.crt");
        fs::write(&path, &self.pem)?;
        Ok(path)
    }

    /// A good certificate for 127.0.0.1, ::1 and localhost.
    pub fn loopback(&self) -> ServerTls {
        self.server(&["127.0.0.1", "::1", "localhost"], 2200)
    }

    /// A certificate for 127.0.0.1 and localhost that ended with the year 2000.
    pub fn expired(&self) -> ServerTls {
        self.server(&["127.0.0.1", "localhost"], 2001)
    }

    /// A certificate for these names that signed itself, and says that it is an authority, as `openssl req -x509` makes it.
    pub fn self_signed(names: &[&str]) -> ServerTls {
        let key = KeyPair::generate().expect("a P-256 key can be made");
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("the names are host names or addresses");
        params.distinguished_name.push(DnType::CommonName, "Longshore test server, signed by itself");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(2200, 1, 1);
        let certificate = params.self_signed(&key).expect("the parameters are sound");
        ServerTls::new(certificate.pem(), &key)
    }

    /// A good certificate for these names or addresses alone.
    pub fn for_names(&self, names: &[&str]) -> ServerTls {
        self.server(names, 2200)
    }

    /// A certificate that a client shows.
    pub fn client(&self) -> ServerTls {
        self.certificate(&["client.test"], ExtendedKeyUsagePurpose::ClientAuth, until(2200))
    }

    /// A certificate for 127.0.0.1 and localhost that began yesterday and ends in sixty days.
    pub fn short_lived(&self) -> ServerTls {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        let valid = |params: &mut CertificateParams| {
            params.not_before = (SystemTime::now() - DAY).into();
            params.not_after = (SystemTime::now() + 60 * DAY).into();
        };
        self.certificate(&["127.0.0.1", "localhost"], ExtendedKeyUsagePurpose::ServerAuth, valid)
    }

    fn server(&self, names: &[&str], year: i32) -> ServerTls {
        self.certificate(names, ExtendedKeyUsagePurpose::ServerAuth, until(year))
    }

    fn certificate(
        &self,
        names: &[&str],
        usage: ExtendedKeyUsagePurpose,
        valid: impl FnOnce(&mut CertificateParams),
    ) -> ServerTls {
        let key = KeyPair::generate().expect("a P-256 key can be made");
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        // rcgen makes an address of what parses as one.
        debug_assert!(names.iter().all(|name| name.parse::<IpAddr>().is_ok() || !name.contains(':')));
        let mut params = CertificateParams::new(names).expect("the names are host names or addresses");
        params.distinguished_name.push(DnType::CommonName, "Longshore test server");
        params.extended_key_usages = vec![usage];
        valid(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).expect("the authority can sign");
        ServerTls::new(certificate.pem(), &key)
    }
}

/// Valid from 2000-01-01 to the first of January of a year.
fn until(year: i32) -> impl FnOnce(&mut CertificateParams) {
    move |params| {
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl ServerTls {
    fn new(chain_pem: String, key: &KeyPair) -> Self {
        let chain = CertificateDer::pem_slice_iter(chain_pem.as_bytes());
        let chain = chain.collect::<Result<Vec<_>, _>>().expect("it was made as PEM");
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        // The provider is named, so that no test depends on which one the process installed.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has the default versions")
            .with_no_client_auth()
            .with_single_cert(chain, der)
            .expect("the key is the certificate's");
        Self { config: Arc::new(config), chain_pem, key_pem: key.serialize_pem() }
    }

    /// It, shown with the authority that signed it after it.
    #[must_use]
    pub fn with_authority(&self, authority: &Authority) -> Self {
        let key = KeyPair::from_pem(&self.key_pem).expect("it was made as PEM");
        Self::new(format!("{}{}", self.chain_pem, authority.pem), &key)
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }

    /// The certificate, and what is shown after it, PEM.
    pub fn pem(&self) -> &str {
        &self.chain_pem
    }

    /// The key, PEM.
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// Writes `client.cert` and `client.key`, the names that Docker's and skopeo's folders of certificates have.
    ///
    /// # Errors
    /// What the file system answers.
    pub fn write_client(&self, dir: &Path) -> io::Result<()> {
        fs::write(dir.join("client.cert"), &self.chain_pem)?;
        fs::write(dir.join("client.key"), &self.key_pem)
    }

    /// Writes `server.crt` and `server.key` for a program that reads files.
    ///
    /// # Errors
    /// What the file system answers.
    pub fn write(&self, dir: &Path) -> io::Result<(PathBuf, PathBuf)> {
        let (certificate, key) = (dir.join("server.crt"), dir.join("server.key"));
        fs::write(&certificate, &self.chain_pem)?;
        fs::write(&key, &self.key_pem)?;
        Ok((certificate, key))
    }
}

#[cfg(test)]
pub(crate) mod tests;
