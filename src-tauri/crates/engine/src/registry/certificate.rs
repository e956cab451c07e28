//! Certificates that a host shows, for a person to look at, and those that a person trusts for it.
//!
//! Invariant: looking trusts nothing and sends nothing. What is trusted is one certificate, by its SHA-256, for one
//! host, kept as a PEM file in that host's folder of Longshore's own certificates: an authority is then good for that
//! host's names, a server's own certificate for that host whatever it says.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use oci::name::Registry;
use url::Url;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

use super::Registries;
use super::http::{Fingerprint, certificates, fingerprint};
use crate::error::{Code, Error, Result};

/// A certificate as it is shown. Its texts come from whoever made it: they are to be shown as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whose it is: `CN=registry.example, O=Example`.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// From when it is valid, RFC 3339.
    pub not_before: String,
    /// Until when, RFC 3339.
    pub not_after: String,
    /// The host names and addresses that it is for.
    pub names: Vec<String>,
    /// SHA-256 of the DER, lower-case hex.
    pub sha256: Fingerprint,
    /// Whether it may sign others.
    pub is_ca: bool,
    /// The certificate itself.
    pub der: Vec<u8>,
}

impl Certificate {
    fn of_der(der: &[u8]) -> Result<Self> {
        let (_, parsed) = x509_parser::parse_x509_certificate(der).map_err(|error| {
            Error::new(Code::TlsFailed, "a certificate can't be read")
                .with_hint("Whoever made it made it wrongly; ask the registry's operator")
                .with_source(error)
        })?;
        Ok(Self {
            subject: parsed.subject().to_string(),
            issuer: parsed.issuer().to_string(),
            not_before: time(parsed.validity().not_before.timestamp()),
            not_after: time(parsed.validity().not_after.timestamp()),
            names: names(&parsed),
            sha256: fingerprint(der),
            is_ca: parsed.is_ca(),
            der: der.to_vec(),
        })
    }

    /// In PEM.
    pub fn pem(&self) -> String {
        use base64::Engine as _;
        let text = base64::engine::general_purpose::STANDARD.encode(&self.der);
        let lines: Vec<&str> =
            text.as_bytes().chunks(64).filter_map(|it| std::str::from_utf8(it).ok()).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    }
}

fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| "?".to_owned(), |time| time.to_string())
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let of = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match *bytes {
            [a, b, c, d] => Some(std::net::Ipv4Addr::new(*a, *b, *c, *d).to_string()),
            bytes => <[u8; 16]>::try_from(bytes).ok().map(|it| std::net::Ipv6Addr::from(it).to_string()),
        },
        _ => None,
    };
    extension.value.general_names.iter().filter_map(of).collect()
}

impl Registries {
    /// The certificates that a registry shows, its own first; they need not be trusted.
    ///
    /// # Errors
    /// [`Code::Unreachable`]; [`Code::PlainHttpRefused`] where it speaks no TLS; [`Code::TlsFailed`] where it shows none.
    pub async fn read_certificates(&self, registry: &Registry) -> Result<Vec<Certificate>> {
        let url = Url::parse(&format!("https://{}/v2/", registry.api_host())).map_err(|error| {
            Error::new(Code::ReferenceInvalid, format!("`{registry}` is no host that can be reached"))
                .with_source(error)
        })?;
        let chain = self.http().shown_certificates(&url).await?;
        chain.iter().map(|der| Certificate::of_der(der)).collect()
    }

    /// Trusts one of the certificates that a registry shows now, for that registry alone and from now on.
    ///
    /// # Errors
    /// As [`Registries::read_certificates`]; [`Code::TlsFailed`] where it does not show that one; [`Code::ConfigInvalid`]
    /// where it can't be kept.
    pub async fn trust_certificate(&self, registry: &Registry, sha256: &str) -> Result<Certificate> {
        let wanted = sha256.to_ascii_lowercase().replace(':', "");
        let shown = self.read_certificates(registry).await?;
        let chosen = shown.into_iter().find(|certificate| certificate.sha256 == wanted).ok_or_else(|| {
            let why = format!("`{registry}` does not show the certificate `{sha256}`");
            Error::new(Code::TlsFailed, why)
                .with_hint(format!("Look at what it shows now: `longshore certificates {registry}`"))
        })?;
        let folder = self.http().certificate_folder(registry.identity()).ok_or_else(nowhere)?;
        keep(&folder, &chosen).map_err(|error| not_kept(&folder, error))?;
        self.http().forget_host(registry.identity());
        Ok(chosen)
    }

    /// The certificates that a person trusts for a registry.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`] where the folder can't be read.
    pub fn trusted_certificates(&self, registry: &Registry) -> Result<Vec<Certificate>> {
        let Some(folder) = self.http().certificate_folder(registry.identity()) else { return Ok(Vec::new()) };
        let mut trusted = Vec::new();
        for path in files(&folder)? {
            let pem = fs::read(&path).map_err(|error| not_kept(&path, error))?;
            for der in certificates(&pem).unwrap_or_default() {
                trusted.extend(Certificate::of_der(&der));
            }
        }
        Ok(trusted)
    }

    /// Stops trusting a certificate for a registry; whether it was trusted.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`] where it can't be removed.
    pub fn distrust_certificate(&self, registry: &Registry, sha256: &str) -> Result<bool> {
        let Some(folder) = self.http().certificate_folder(registry.identity()) else { return Ok(false) };
        let wanted = sha256.to_ascii_lowercase().replace(':', "");
        let mut removed = false;
        for path in files(&folder)? {
            let pem = fs::read(&path).map_err(|error| not_kept(&path, error))?;
            if certificates(&pem).unwrap_or_default().iter().any(|der| fingerprint(der) == wanted) {
                fs::remove_file(&path).map_err(|error| not_kept(&path, error))?;
                removed = true;
            }
        }
        self.http().forget_host(registry.identity());
        Ok(removed)
    }
}

fn files(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(not_kept(folder, error)),
    };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|it| it == "crt"));
    paths.sort();
    Ok(paths)
}

/// Whole or not at all; it is public, so anybody may read it.
fn keep(folder: &Path, certificate: &Certificate) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(certificate.pem().as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(folder.join(format!("{}.crt", certificate.sha256))).map_err(|error| error.error)?;
    fs::File::open(folder)?.sync_all()
}

fn nowhere() -> Error {
    Error::new(Code::ConfigInvalid, "there is no folder to keep trusted certificates in")
        .with_hint("Set `HOME`, or name a folder with `LONGSHORE_CONFIG`")
}

fn not_kept(path: &Path, error: std::io::Error) -> Error {
    Error::new(
        Code::ConfigInvalid,
        format!("the trusted certificates in `{}` can't be changed", path.display()),
    )
    .with_hint("Check the permissions of the folder, and the room on the disk")
    .with_source(error)
}
