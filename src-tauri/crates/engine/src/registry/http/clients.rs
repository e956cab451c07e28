//! The clients beneath: one for each way to reach a host, made when it is first needed.

use std::sync::{Arc, PoisonError};

use rustls::pki_types::CertificateDer;
use url::Url;

use super::super::host::{Host, Mirror};
use super::network::{self, ClientKey};
use super::{Http, certificates, failure, host_of, tls};
use crate::error::{Code, Error, Result};

impl Http {
    /// Whether plain HTTP is spoken to this host.
    pub fn is_plain(&self, registry: &oci::name::Registry) -> bool {
        let marked = |mark: &String| {
            mark.eq_ignore_ascii_case(registry.identity()) || mark.eq_ignore_ascii_case(registry.host())
        };
        let settings = self.0.hosts.settings(registry.identity());
        registry.is_loopback()
            || settings.is_some_and(|settings| settings.plain_http)
            || self.0.options.plain_http.iter().any(marked)
    }

    /// What is known of a host, its folders of certificates included. Reads them at the first call.
    pub(in super::super) fn host(&self, host: &str) -> Arc<Host> {
        self.0.hosts.of(host)
    }

    /// The chain that an https server shows, its own certificate first, DER. The handshake goes no further: nothing is
    /// sent, and nothing it shows is trusted.
    ///
    /// # Errors
    /// [`Code::Unreachable`], [`Code::PlainHttpRefused`] where it speaks no TLS, [`Code::TlsFailed`] where none is shown.
    pub(crate) async fn shown_certificates(&self, url: &Url) -> Result<Vec<CertificateDer<'static>>> {
        let recorder = tls::Recorder::default();
        let proxy = self.0.options.proxies.to(url).cloned();
        let key = ClientKey { tls: None, guarded: false, proxy: proxy.clone() };
        let client = network::recording_client(&self.0.options, &recorder, &key).map_err(unusable_client)?;
        let connecting = client.head(url.clone()).send();
        let outcome = tokio::time::timeout(self.0.options.connect_timeout, connecting).await;
        let seen = recorder.seen();
        if !seen.is_empty() {
            return Ok(seen);
        }
        Err(match outcome {
            Ok(Err(error)) => failure::classify(error, url, proxy.as_ref()),
            Ok(Ok(_)) | Err(_) => {
                Error::new(Code::TlsFailed, format!("`{}` shows no certificate", host_of(url)))
                    .with_hint("Check the host and port")
            }
        })
    }

    /// Where certificates that a person trusts for a host are kept.
    pub(crate) fn certificate_folder(&self, host: &str) -> Option<std::path::PathBuf> {
        self.0.hosts.own_folder(host)
    }

    /// Takes what was said of a mirror where it was named.
    pub(crate) fn adopt_mirror(&self, mirror: &Mirror) {
        self.0.hosts.adopt(mirror);
    }

    /// Looks at a host's folders again: something was put there.
    pub(crate) fn forget_host(&self, host: &str) {
        self.0.hosts.forget(host);
    }

    pub(super) fn client(&self, key: &ClientKey) -> Result<reqwest::Client> {
        let mut clients = self.0.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let made = clients
            .entry(key.clone())
            .or_insert_with(|| network::client(&self.0.options, key, || self.roots()))
            .clone();
        made.map_err(unusable_client)
    }

    /// What every host is trusted by: the system's authorities and those of the options, read once.
    fn roots(&self) -> Result<rustls::RootCertStore, String> {
        let load = || {
            let mut roots = tls::system_roots();
            for pem in &self.0.options.extra_roots {
                for certificate in certificates(pem)? {
                    roots
                        .add(certificate)
                        .map_err(|error| format!("a trusted certificate can't be used: {error}"))?;
                }
            }
            Ok(roots)
        };
        self.0.roots.get_or_init(load).clone()
    }
}

fn unusable_client(why: impl std::fmt::Display) -> Error {
    Error::new(Code::ConfigInvalid, format!("the HTTP client could not be set up: {why}"))
        .with_hint("Check the certificates and the proxy in the settings")
}
