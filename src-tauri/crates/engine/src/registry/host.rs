//! How each registry host is reached: plain HTTP, TLS, certificates, mirrors, as the person and the system say it.
//!
//! Settings come from Longshore's own [`file`], from the command line, and from the folders of certificates that
//! Docker, Podman and containerd read ([`certs`], [`containerd`]). A host's folders are looked at when it is first
//! needed, once. Invariant: what is said of one host holds for that host alone, port included.

mod certs;
mod containerd;
pub mod file;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use oci::name::Registry;
use serde::{Deserialize, Serialize};
use url::Url;

pub use certs::CertificateFolders;
pub use file::{RegistriesConfig, config_dir};

use super::Registries;
use super::http::TlsIdentity;
use crate::error::{Code, Error, Result};

/// What a person says of one host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HostSettings {
    /// Spoken to without TLS.
    #[serde(skip_serializing_if = "is_false")]
    pub plain_http: bool,
    /// Spoken to in TLS with whoever answers.
    #[serde(skip_serializing_if = "is_false")]
    pub skip_tls_verification: bool,
    /// Where to read from first, in order: URLs, or hosts for https.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mirrors: Vec<String>,
    /// What a newer version knows and this one does not: kept.
    #[serde(flatten)]
    pub other: BTreeMap<String, serde_json::Value>,
}

impl HostSettings {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(value: &bool) -> bool {
    !value
}

/// A host that is read from before the registry itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// The root of its API, without a slash at the end: `https://mirror.example/v2`.
    pub base: Url,
    /// What its own folder of certificates does not say.
    pub tls: TlsIdentity,
}

impl Mirror {
    /// A mirror as it is written: `https://mirror.example`, `http://10.0.0.2:5000`, `mirror.example/prefix`.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`] where it is no such address, or holds an account: mirrors have accounts of their own.
    pub fn parse(text: &str) -> Result<Self> {
        let refused = |why: &str| {
            Error::new(Code::ConfigInvalid, format!("a mirror's address {why}")).with_hint(
                "Write it as `https://mirror.example`; sign in to it with `longshore login mirror.example`",
            )
        };
        let text = text.trim().trim_end_matches('/');
        let with_scheme = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let mut base = Url::parse(&with_scheme).map_err(|_| refused("is none"))?;
        if !base.username().is_empty() || base.password().is_some() {
            return Err(refused("holds an account, which would be sent there for every registry"));
        }
        if !matches!(base.scheme(), "http" | "https") || base.query().is_some() || base.fragment().is_some() {
            return Err(refused(&format!("`{text}` is none")));
        }
        let host = super::http::host_of(&base);
        Registry::parse(&host).map_err(|_| refused(&format!("`{text}` is none")))?;
        if !base.path().trim_end_matches('/').ends_with("/v2") {
            let path = format!("{}/v2", base.path().trim_end_matches('/'));
            base.set_path(&path);
        }
        Ok(Self { base, tls: TlsIdentity::default() })
    }

    /// Its `host[:port]`.
    pub fn name(&self) -> String {
        super::http::host_of(&self.base)
    }
}

/// Everything known of one host.
#[derive(Clone, Debug, Default)]
pub(super) struct Host {
    pub(super) tls: Arc<TlsIdentity>,
    pub(super) mirrors: Vec<Mirror>,
    name: String,
    /// What could not be used, in words.
    unused: Vec<String>,
}

impl Host {
    /// What a person should know of it.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = self.unused.clone();
        if self.tls.skip_verification {
            let name = &self.name;
            warnings.push(format!(
                "the certificate of `{name}` is not checked: whoever is on the way can read and change what is sent, the account included"
            ));
        }
        warnings
    }
}

/// The hosts of one engine.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    settings: BTreeMap<String, HostSettings>,
    folders: CertificateFolders,
    known: Mutex<HashMap<String, Arc<Host>>>,
    /// What a file of one host says of the TLS of its mirrors, by their hosts.
    of_mirrors: Mutex<HashMap<String, TlsIdentity>>,
}

impl Hosts {
    /// `settings` by `host` or `host:port`, in any spelling.
    pub(super) fn new(settings: &BTreeMap<String, HostSettings>, folders: CertificateFolders) -> Self {
        let folded = settings.iter().map(|(host, settings)| (identity(host), settings.clone()));
        Self { settings: folded.collect(), folders, known: Mutex::default(), of_mirrors: Mutex::default() }
    }

    /// What a person says of a host.
    pub(super) fn settings(&self, host: &str) -> Option<&HostSettings> {
        let host = identity(host);
        let bare = host.strip_suffix(":443").unwrap_or(&host);
        [host.as_str(), bare, &format!("{bare}:443")].iter().find_map(|name| self.settings.get(*name))
    }

    /// All that is known of `host[:port]`, its folders included; they are read at the first call.
    pub(super) fn of(&self, host: &str) -> Arc<Host> {
        let host = identity(host);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = known.get(&host) {
            return host.clone();
        }
        let found = Arc::new(self.look_up(&host));
        known.insert(host, found.clone());
        found
    }

    /// Looks at the folders again: something was put there.
    pub(super) fn forget(&self, host: &str) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&identity(host));
    }

    /// Takes what was said of a mirror where it was named.
    pub(super) fn adopt(&self, mirror: &Mirror) {
        if mirror.tls != TlsIdentity::default() {
            let host = identity(&mirror.name());
            self.of_mirrors
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(host.clone(), mirror.tls.clone());
            self.forget(&host);
        }
    }

    fn look_up(&self, host: &str) -> Host {
        let said = self.of_mirrors.lock().unwrap_or_else(PoisonError::into_inner).get(host).cloned();
        let (mut tls, mut warnings) = (said.unwrap_or_default(), Vec::new());
        self.folders.read(&names_of(host), &mut tls, &mut warnings);
        let mut mirrors = Vec::new();
        for folder in &self.folders.containerd {
            let found = containerd::read(folder, &names_of(host), &mut tls, &mut warnings);
            mirrors.extend(found);
        }
        if let Some(settings) = self.settings(host) {
            tls.skip_verification |= settings.skip_tls_verification;
            if !settings.mirrors.is_empty() {
                // What is said here stands in place of what containerd was told.
                let parsed = settings.mirrors.iter().map(|text| Mirror::parse(text));
                let (good, bad): (Vec<_>, Vec<_>) = parsed.partition(Result::is_ok);
                mirrors = good.into_iter().flatten().collect();
                warnings
                    .extend(bad.into_iter().filter_map(Result::err).map(|error| error.message().to_owned()));
            }
        }
        Host { tls: Arc::new(tls), mirrors, name: host.to_owned(), unused: warnings }
    }

    /// Where certificates that a person trusts for a host are kept.
    pub(super) fn own_folder(&self, host: &str) -> Option<PathBuf> {
        self.folders.own_of(&identity(host))
    }
}

/// One key for every spelling of a host.
fn identity(host: &str) -> String {
    Registry::parse(host)
        .map_or_else(|_| host.to_ascii_lowercase(), |registry| registry.identity().to_owned())
}

/// The names under which a host's folder may be.
fn names_of(identity: &str) -> Vec<String> {
    let mut names = vec![identity.to_owned()];
    if let Ok(registry) = Registry::parse(identity)
        && registry.api_host() != identity
    {
        names.push(registry.api_host().to_owned());
    }
    names
}

impl Registries {
    /// The mirrors that a registry is read from first, in order, whoever named them.
    pub fn mirrors(&self, registry: &Registry) -> Vec<Mirror> {
        self.http().host(registry.api_host()).mirrors.clone()
    }
}
