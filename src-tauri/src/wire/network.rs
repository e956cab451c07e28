//! How registries are reached: what is kept for each host, for token servers and for the proxy.

use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Everything that is kept of it. The command line goes by the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct NetworkSettings {
    pub hosts: Vec<HostSettings>,
    /// Token servers that may have the account of any registry that names them.
    pub trusted_realms: Vec<String>,
    pub proxy: ProxySettings,
}

/// What is kept for one host. One that says nothing is forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HostSettings {
    pub host: String,
    /// Spoken to without TLS.
    pub plain_http: bool,
    /// Spoken to in TLS with whoever answers.
    pub skip_tls_verification: bool,
    /// Hosts that are read from first, in order.
    pub mirrors: Vec<String>,
    /// SHA-256 fingerprints of certificates that are trusted for it.
    pub trusted: Vec<String>,
}

/// Which proxy is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum ProxyMode {
    /// `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`.
    #[default]
    System,
    None,
    /// The one that is given here.
    Custom,
}

/// The proxy.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ProxySettings {
    pub mode: ProxyMode,
    /// `http://proxy.example:3128`; no password is shown
    pub url: Option<String>,
    /// Hosts that are reached without it.
    pub no_proxy: Vec<String>,
}

/// The address may hold a password when it comes from the page.
impl fmt::Debug for ProxySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxySettings").field("mode", &self.mode).finish_non_exhaustive()
    }
}

/// The certificates that a host shows, its own first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CertificateChain {
    pub host: String,
    pub certificates: Vec<CertificateView>,
}

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CertificateView {
    pub subject: String,
    pub issuer: String,
    /// RFC 3339
    pub not_before: String,
    /// RFC 3339
    pub not_after: String,
    /// lower-case hex
    pub sha256: String,
    pub is_ca: bool,
}
