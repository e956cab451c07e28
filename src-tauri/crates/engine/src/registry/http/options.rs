//! How the engine uses the network, as its composition root says it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::host::{CertificateFolders, HostSettings};
use super::{Network, Pace, ProxyRoutes, RetryPolicy};

/// How the engine uses the network.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Hosts (`host` or `host:port`) spoken to in plain HTTP; loopback hosts are so anyway.
    pub plain_http: Vec<String>,
    /// Token servers (`host` or `host:port`) that accounts of any registry may be sent to.
    pub trusted_realms: Vec<String>,
    /// PEM certificates trusted beside the system's, for every host.
    pub extra_roots: Vec<Vec<u8>>,
    /// What is said of single hosts, by `host` or `host:port`.
    pub hosts: BTreeMap<String, HostSettings>,
    /// Where certificates for single hosts are looked for; by default nowhere.
    pub certificates: CertificateFolders,
    /// What goes through a proxy; by default nothing.
    pub proxies: ProxyRoutes,
    /// Time for a connection to be made, over all tries.
    pub connect_timeout: Duration,
    /// When a body or an answer is given up.
    pub pace: Pace,
    /// How failed requests are tried again.
    pub retry: RetryPolicy,
    /// Names and addresses.
    pub network: Network,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            plain_http: Vec::new(),
            trusted_realms: Vec::new(),
            extra_roots: Vec::new(),
            hosts: BTreeMap::new(),
            certificates: CertificateFolders::default(),
            proxies: ProxyRoutes::default(),
            connect_timeout: Duration::from_secs(10),
            pace: Pace::default(),
            retry: RetryPolicy::default(),
            network: Network::default(),
        }
    }
}
