//! How registries are reached.
//!
//! The settings are the engine's own file, which the command line reads too: each command changes one thing in it, so
//! that nothing of what somebody else changed meanwhile is lost.

use std::sync::Arc;

use engine::Result;
use engine::registry::certificate::Certificate;
use engine::registry::host::RegistriesConfig;
use engine::registry::{Registries, http};
use oci::Registry;

use super::registry::hosts;
use crate::settings::parse_host;
use crate::state::{Longshore, blocking};
use crate::wire::{
    CertificateChain, CertificateView, HostSettings, NetworkSettings, ProxyMode, ProxySettings,
};

/// Everything that is kept, as it is in the file now.
pub async fn read_network(app: &Arc<Longshore>) -> Result<NetworkSettings> {
    let known = hosts(app, &app.settings()).await;
    let app = app.clone();
    blocking(move || shown(&app, &app.reload_network()?, known)).await
}

/// Hosts for which something is kept: in the file, or a certificate that is trusted.
fn shown(app: &Longshore, config: &RegistriesConfig, known: Vec<Registry>) -> Result<NetworkSettings> {
    let clients = app.registries();
    let kept = config.registries.keys().cloned().chain(with_certificates(&clients));
    let kept = kept.filter_map(|host| Registry::parse(&host).ok());
    let mut hosts: Vec<HostSettings> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for host in kept.chain(known) {
        if seen.iter().any(|identity| identity == host.identity()) {
            continue;
        }
        seen.push(host.identity().to_owned());
        let trusted = clients.trusted_certificates(&host)?;
        let settings = config.registries.get(&key_of(config, &host)).cloned().unwrap_or_default();
        if settings.is_empty() && trusted.is_empty() {
            continue;
        }
        hosts.push(HostSettings {
            host: host.as_str().to_owned(),
            plain_http: settings.plain_http,
            skip_tls_verification: settings.skip_tls_verification,
            mirrors: settings.mirrors,
            trusted: trusted.into_iter().map(|certificate| certificate.sha256).collect(),
        });
    }
    Ok(NetworkSettings {
        hosts,
        trusted_realms: config.trusted_realms.clone(),
        proxy: ProxySettings {
            mode: config.proxy.mode.into(),
            url: config.proxy.shown_url(),
            no_proxy: config.proxy.no_proxy.clone(),
        },
    })
}

/// Names of the folders of certificates that are trusted, each a host's.
fn with_certificates(clients: &Registries) -> Vec<String> {
    let folder = clients.http().options().certificates.own.as_deref();
    let folders = folder.and_then(|folder| std::fs::read_dir(folder).ok());
    folders.into_iter().flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// Keeps what is said of one host; what says nothing is forgotten. Of the certificates that are trusted for it those that
/// are not named any more are trusted no longer; to trust one is [`trust_certificate`].
pub async fn write_host(app: &Arc<Longshore>, settings: HostSettings) -> Result<NetworkSettings> {
    let host = parse_host(&settings.host)?;
    let changer = app.clone();
    blocking(move || {
        let clients = changer.registries();
        for certificate in clients.trusted_certificates(&host)? {
            if !settings.trusted.contains(&certificate.sha256) {
                clients.distrust_certificate(&host, &certificate.sha256)?;
            }
        }
        changer.change_network(|config| {
            let key = key_of(config, &host);
            let kept = config.registries.entry(key).or_default();
            kept.plain_http = settings.plain_http;
            kept.skip_tls_verification = settings.skip_tls_verification;
            kept.mirrors = settings.mirrors;
            Ok(())
        })
    })
    .await?;
    read_network(app).await
}

/// The key of a host's entry, in whatever spelling it is there.
fn key_of(config: &RegistriesConfig, host: &Registry) -> String {
    let known = config.registries.keys().find(|key| is(key, host));
    known.cloned().unwrap_or_else(|| host.as_str().to_owned())
}

fn is(spelling: &str, host: &Registry) -> bool {
    Registry::parse(spelling).is_ok_and(|known| known.identity() == host.identity())
}

/// Keeps which proxy is used. The address that was shown, which lacks its account, stands for the one that is kept.
pub async fn write_proxy(app: &Arc<Longshore>, proxy: ProxySettings) -> Result<NetworkSettings> {
    let changer = app.clone();
    blocking(move || {
        changer.change_network(|config| {
            if proxy.url != config.proxy.shown_url() {
                config.proxy.url = proxy.url.filter(|url| !url.trim().is_empty());
            }
            config.proxy.mode = proxy.mode.into();
            config.proxy.no_proxy = proxy.no_proxy;
            Ok(())
        })
    })
    .await?;
    read_network(app).await
}

/// Lets a token server have the accounts of the registries that name it, or no longer.
pub async fn trust_realm(app: &Arc<Longshore>, host: String, trusted: bool) -> Result<NetworkSettings> {
    let host = parse_host(&host)?;
    let changer = app.clone();
    blocking(move || {
        changer.change_network(|config| {
            config.trusted_realms.retain(|known| !is(known, &host));
            if trusted {
                config.trusted_realms.push(host.as_str().to_owned());
            }
            Ok(())
        })
    })
    .await?;
    read_network(app).await
}

/// The certificates that a host shows now. Looking trusts nothing.
pub async fn read_certificates(app: &Arc<Longshore>, host: String) -> Result<CertificateChain> {
    let registry = parse_host(&host)?;
    let shown = app.registries().read_certificates(&registry).await?;
    let certificates = shown.iter().map(CertificateView::from).collect();
    Ok(CertificateChain { host: registry.as_str().to_owned(), certificates })
}

/// Trusts one of the certificates that a host shows now, for that host alone.
pub async fn trust_certificate(app: &Arc<Longshore>, host: String, sha256: String) -> Result<()> {
    let registry = parse_host(&host)?;
    app.registries().trust_certificate(&registry, &sha256).await.map(drop)
}

impl From<&Certificate> for CertificateView {
    fn from(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject.clone(),
            issuer: certificate.issuer.clone(),
            not_before: certificate.not_before.clone(),
            not_after: certificate.not_after.clone(),
            names: certificate.names.clone(),
            sha256: certificate.sha256.clone(),
            is_ca: certificate.is_ca,
        }
    }
}

impl From<ProxyMode> for http::ProxyMode {
    fn from(mode: ProxyMode) -> Self {
        match mode {
            ProxyMode::System => Self::System,
            ProxyMode::None => Self::None,
            ProxyMode::Custom => Self::Custom,
        }
    }
}

impl From<http::ProxyMode> for ProxyMode {
    fn from(mode: http::ProxyMode) -> Self {
        match mode {
            http::ProxyMode::System => Self::System,
            http::ProxyMode::None => Self::None,
            http::ProxyMode::Custom => Self::Custom,
        }
    }
}
