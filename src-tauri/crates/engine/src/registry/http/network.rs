//! Names, addresses and connections: which addresses are private, who may be resolved to them, and the clients.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::HttpOptions;
use super::tls::{self, TlsIdentity};

/// Names and addresses: what tests need to be able to say otherwise.
#[derive(Clone, Debug)]
pub struct Network {
    /// Names with fixed addresses, as curl's `--resolve`.
    pub hosts: HashMap<String, SocketAddr>,
    /// Whether an address is private: not to be reached on a public registry's word.
    pub private: fn(IpAddr) -> bool,
}

impl Default for Network {
    fn default() -> Self {
        Self { hosts: HashMap::new(), private: crate::registry::realm::is_private_address }
    }
}

impl Network {
    /// Whether the URL names a private address outright (a name is judged when it is resolved).
    pub fn names_private(&self, url: &Url) -> bool {
        match url.host() {
            Some(Host::Ipv4(address)) => (self.private)(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => (self.private)(IpAddr::V6(address)),
            Some(Host::Domain(name)) => {
                name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
            }
            None => true,
        }
    }

    /// Whether the URL's host is, or resolves to, a private address. A name that does not resolve counts as public.
    pub async fn is_private(&self, url: &Url) -> bool {
        if self.names_private(url) {
            return true;
        }
        let Some(Host::Domain(name)) = url.host() else { return false };
        match self.resolve(name).await {
            Ok(addresses) => {
                !addresses.is_empty() && addresses.iter().all(|address| (self.private)(address.ip()))
            }
            Err(_) => false,
        }
    }

    /// Whether a proxy must not be asked for a host on a public registry's word: it is, or may be, a private address, or
    /// it is a name that only an inner network knows. Where the name does not resolve here, the proxy decides.
    pub(super) async fn is_inner(&self, url: &Url) -> bool {
        if self.names_private(url) {
            return true;
        }
        let Some(Host::Domain(name)) = url.host() else { return false };
        match self.resolve(name).await {
            Ok(addresses) if !addresses.is_empty() => {
                addresses.iter().any(|address| (self.private)(address.ip()))
            }
            _ => super::proxy::is_inner_name(name),
        }
    }

    async fn resolve(&self, name: &str) -> std::io::Result<Vec<SocketAddr>> {
        if let Some(address) = self.hosts.get(name) {
            return Ok(vec![*address]);
        }
        Ok(tokio::net::lookup_host((name, 0)).await?.collect())
    }
}

/// Whether scheme, host and port are the same.
pub fn same_origin(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host() == other.host()
        && one.port_or_known_default() == other.port_or_known_default()
}

struct Resolver {
    network: Network,
    guarded: bool,
    /// The proxy itself may be at a private address: the person chose it.
    proxy: Option<String>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let network = self.network.clone();
        let guarded = self.guarded && self.proxy.as_deref() != Some(name.as_str());
        Box::pin(async move {
            let mut addresses = network.resolve(name.as_str()).await?;
            if guarded {
                addresses.retain(|address| !(network.private)(address.ip()));
                if addresses.is_empty() {
                    return Err(Box::new(PrivateAddress(name.as_str().to_owned())) as Box<_>);
                }
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// The guarded client was sent to a name that has private addresses only.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` resolves to a private address")]
pub(super) struct PrivateAddress(pub String);

/// What sets one client apart from another: connections are shared within one alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ClientKey {
    /// For https; none for plain HTTP, which needs no roots.
    pub tls: Option<Arc<TlsIdentity>>,
    /// Resolves no name to a private address.
    pub guarded: bool,
    /// Everything goes through this proxy.
    pub proxy: Option<Url>,
}

/// A client. HTTP/1.1 alone: each blob has a connection of its own, where HTTP/2 would put all of them on one. `roots`
/// gives the trusted authorities: reading the system's costs tens of milliseconds, so not for plain HTTP.
pub(super) fn client(
    options: &HttpOptions,
    key: &ClientKey,
    roots: impl FnOnce() -> Result<rustls::RootCertStore, String>,
) -> Result<reqwest::Client, String> {
    let to_tls_proxy = key.proxy.as_ref().is_some_and(|proxy| proxy.scheme() == "https");
    let config = match &key.tls {
        Some(identity) => tls::client_config(roots()?, identity)?,
        None if to_tls_proxy => tls::client_config(roots()?, &TlsIdentity::default())?,
        None => tls::client_config(rustls::RootCertStore::empty(), &TlsIdentity::default())?,
    };
    build(options, config, key)
}

/// A client that takes down the certificates that are shown, and goes no further.
pub(super) fn recording_client(
    options: &HttpOptions,
    recorder: &tls::Recorder,
    key: &ClientKey,
) -> Result<reqwest::Client, String> {
    build(options, recorder.config()?, key)
}

fn build(
    options: &HttpOptions,
    config: rustls::ClientConfig,
    key: &ClientKey,
) -> Result<reqwest::Client, String> {
    let resolver = Resolver {
        network: options.network.clone(),
        guarded: key.guarded,
        proxy: key.proxy.as_ref().and_then(|proxy| proxy.host_str().map(str::to_owned)),
    };
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(config)
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(super::retry::connect_times(options.connect_timeout).0)
        .dns_resolver(resolver)
        .tcp_nodelay(true)
        // The environment was read once, by our own rules.
        .no_proxy();
    let builder = match &key.proxy {
        Some(proxy) => builder
            .proxy(reqwest::Proxy::all(proxy.clone()).map_err(|error| error.without_url().to_string())?),
        None => builder,
    };
    builder.build().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f035_origin_is_scheme_host_and_port() {
        let rows = [
            ("same", "https://a.test/x", "https://a.test:443/y", true),
            ("scheme", "https://a.test/", "http://a.test/", false),
            ("same port, other scheme", "https://a.test:5000/", "http://a.test:5000/", false),
            ("port", "https://a.test/", "https://a.test:444/", false),
            ("host", "https://a.test/", "https://b.a.test/", false),
        ];
        for (name, one, other, want) in rows {
            assert_eq!(same_origin(&Url::parse(one).unwrap(), &Url::parse(other).unwrap()), want, "{name}");
        }
    }
}
