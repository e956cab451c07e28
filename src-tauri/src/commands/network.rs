//! How registries are reached: what is kept for each host, for token servers and for the proxy.
//!
//! Every write names one thing and answers the new whole, so that what the command line changed meanwhile stays.

use std::collections::BTreeSet;
use std::sync::Arc;

use engine::registry::host::RegistriesConfig;
use engine::registry::http::{ProxyMode as Mode, ProxySettings as Proxy};
use engine::{Code, Error, Result};
use oci::Registry;

use crate::settings::parse_host;
use crate::state::{Longshore, blocking};
use crate::wire::{
    CertificateChain, CertificateView, HostSettings, NetworkSettings, ProxyMode, ProxySettings,
};

/// More entries than this are no list.
const MOST: usize = 500;

/// Everything that is kept.
pub async fn read_network(app: &Arc<Longshore>) -> Result<NetworkSettings> {
    let app = app.clone();
    blocking(move || whole(&app)).await
}

/// Keeps what is set for a host; one for which nothing is set is forgotten. Certificates that are no longer in its list
/// are not trusted any more; none becomes trusted here.
pub async fn write_host(app: &Arc<Longshore>, settings: HostSettings) -> Result<NetworkSettings> {
    let registry = parse_host(&settings.host)?;
    at_most(settings.mirrors.len())?;
    let app = app.clone();
    blocking(move || {
        app.change_network(|config| {
            let spellings = config.registries.keys();
            let same =
                |name: &&String| Registry::parse(name).is_ok_and(|it| it.identity() == registry.identity());
            let known: Vec<String> = spellings.filter(same).cloned().collect();
            let mut entry = known
                .into_iter()
                .filter_map(|name| config.registries.remove(&name))
                .next()
                .unwrap_or_default();
            entry.plain_http = settings.plain_http;
            entry.skip_tls_verification = settings.skip_tls_verification;
            entry.mirrors = settings.mirrors;
            config.registries.insert(registry.identity().to_owned(), entry);
            Ok(())
        })?;
        // Once they were kept with the window's own settings.
        let mut windows = app.settings();
        let of_host =
            |host: &String| Registry::parse(host).is_ok_and(|it| it.identity() == registry.identity());
        if windows.plain_http.iter().any(of_host) {
            windows.plain_http.retain(|host| !of_host(host));
            app.change_settings(windows)?;
        }
        for certificate in app.registries().trusted_certificates(&registry)? {
            if !settings.trusted.contains(&certificate.sha256) {
                app.registries().distrust_certificate(&registry, &certificate.sha256)?;
            }
        }
        whole(&app)
    })
    .await
}

/// Keeps which proxy is used. An account in its address is not shown, and stays where the address is the one that was
/// shown.
pub async fn write_proxy(app: &Arc<Longshore>, proxy: ProxySettings) -> Result<NetworkSettings> {
    at_most(proxy.no_proxy.len())?;
    let app = app.clone();
    blocking(move || {
        app.change_network(|config| {
            let url =
                if proxy.url == config.proxy.shown_url() { config.proxy.url.clone() } else { proxy.url };
            let mode = match proxy.mode {
                ProxyMode::System => Mode::System,
                ProxyMode::None => Mode::None,
                ProxyMode::Custom => Mode::Custom,
            };
            config.proxy = Proxy { mode, url, no_proxy: proxy.no_proxy };
            Ok(())
        })?;
        whole(&app)
    })
    .await
}

/// Lets a token server have the account of any registry that names it, or no longer.
pub async fn trust_realm(app: &Arc<Longshore>, host: String, trusted: bool) -> Result<NetworkSettings> {
    let host = parse_host(&host)?;
    let app = app.clone();
    blocking(move || {
        app.change_network(|config| {
            config.trusted_realms.retain(|known| known != host.as_str());
            if trusted {
                at_most(config.trusted_realms.len() + 1)?;
                config.trusted_realms.push(host.as_str().to_owned());
            }
            Ok(())
        })?;
        whole(&app)
    })
    .await
}

/// The certificates that a host shows, to be looked at.
pub async fn read_certificates(app: &Arc<Longshore>, host: String) -> Result<CertificateChain> {
    let registry = parse_host(&host)?;
    let shown = app.registries().read_certificates(&registry).await?;
    let view = |certificate: engine::registry::certificate::Certificate| CertificateView {
        subject: certificate.subject,
        issuer: certificate.issuer,
        not_before: certificate.not_before,
        not_after: certificate.not_after,
        sha256: certificate.sha256,
        is_ca: certificate.is_ca,
    };
    Ok(CertificateChain {
        host: registry.as_str().to_owned(),
        certificates: shown.into_iter().map(view).collect(),
    })
}

/// Trusts one of the certificates that a host shows now, for that host.
pub async fn trust_certificate(app: &Arc<Longshore>, host: String, sha256: String) -> Result<()> {
    let registry = parse_host(&host)?;
    app.registries().trust_certificate(&registry, &sha256).await.map(drop)
}

/// What is kept, as the page sees it. Blocks.
fn whole(app: &Longshore) -> Result<NetworkSettings> {
    let RegistriesConfig { registries, trusted_realms, proxy, .. } = app.network()?;
    let mut names: BTreeSet<String> = registries.keys().cloned().collect();
    let plain = app.settings().plain_http;
    names.extend(plain.iter().cloned().chain(app.certified()));
    let mut hosts = Vec::new();
    for name in names {
        let Ok(registry) = Registry::parse(&name) else { continue };
        let entry = registries.get(&name).cloned().unwrap_or_default();
        let trusted = app.registries().trusted_certificates(&registry)?;
        let settings = HostSettings {
            plain_http: entry.plain_http || plain.contains(&name),
            skip_tls_verification: entry.skip_tls_verification,
            mirrors: entry.mirrors,
            trusted: trusted.into_iter().map(|certificate| certificate.sha256).collect(),
            host: name,
        };
        let empty = HostSettings { host: settings.host.clone(), ..HostSettings::default() };
        if settings != empty {
            hosts.push(settings);
        }
    }
    let url = proxy.shown_url();
    let mode = match proxy.mode {
        Mode::System => ProxyMode::System,
        Mode::None => ProxyMode::None,
        Mode::Custom => ProxyMode::Custom,
    };
    Ok(NetworkSettings {
        hosts,
        trusted_realms,
        proxy: ProxySettings { mode, url, no_proxy: proxy.no_proxy },
    })
}

fn at_most(count: usize) -> Result<()> {
    if count <= MOST {
        return Ok(());
    }
    Err(Error::new(Code::ConfigInvalid, format!("a list has more than {MOST} entries"))
        .with_hint("Remove some of them"))
}
