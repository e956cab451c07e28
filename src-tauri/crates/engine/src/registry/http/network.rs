//! Names, addresses and connections: which addresses are private, who may be resolved to them, and the clients.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::HttpOptions;

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
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (network, guarded) = (self.network.clone(), self.guarded);
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

/// A client. HTTP/1.1 alone: each blob has a connection of its own, where HTTP/2 would put all of them on one.
pub(super) fn client(options: &HttpOptions, tls: bool, guarded: bool) -> Result<reqwest::Client, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    if tls {
        // Loading the system's roots costs tens of milliseconds: never for plain HTTP.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        for pem in &options.extra_roots {
            use rustls::pki_types::pem::PemObject as _;
            for certificate in rustls::pki_types::CertificateDer::pem_slice_iter(pem) {
                let certificate =
                    certificate.map_err(|error| format!("a trusted certificate can't be read: {error}"))?;
                roots
                    .add(certificate)
                    .map_err(|error| format!("a trusted certificate can't be used: {error}"))?;
            }
        }
    }
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let resolver = Resolver { network: options.network.clone(), guarded };
    reqwest::Client::builder()
        .tls_backend_preconfigured(config)
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(super::retry::connect_times(options.connect_timeout).0)
        .dns_resolver(resolver)
        .tcp_nodelay(true)
        .build()
        .map_err(|error| error.to_string())
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
