//! Registries: the host that a reference begins with, typed or implied.
//!
//! A [`Registry`] has two forms. Its *spelling* is what distribution/reference shows (`LOCALDOMAIN` stays as it
//! was typed; only `index.docker.io` becomes `docker.io`), so that references print and parse back as Docker's
//! own do. Its *identity* is lower case and folds every name of Docker Hub into one: equality, hashing, hosts and
//! credential keys look at the identity, so that one registry never has two sets of credentials.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::parse::parse_lone_host;
use crate::reference::ReferenceProblem;

/// The name that Docker Hub has in references.
pub(crate) const HUB: &str = "docker.io";
const HUB_API: &str = "registry-1.docker.io";
const HUB_LEGACY: &str = "index.docker.io";
/// Where a name without a registry points: `.invalid` never resolves (RFC 6761, section 6.4).
const NOWHERE: &str = "no-registry.invalid";

/// A registry's `host[:port]`, such as `docker.io`, `localhost:5000` or `[::1]:5000`. Never has a scheme.
///
/// One odd name has none: in `my_host.example/app` the first part is no host (it has an underscore), so
/// distribution/reference reads all of it as a path and leaves the registry empty. See [`Registry::is_unnamed`].
#[derive(Clone, Debug)]
pub struct Registry {
    spelling: Box<str>,
    /// Lower case, Docker Hub folded; `None` where that is the spelling itself.
    identity: Option<Box<str>>,
}

impl Registry {
    /// Reads a registry that stands alone (a setting, an argument, a key of `config.json`): `host` or
    /// `host:port`, in any case, lower-cased here. Every name of Docker Hub becomes `docker.io`.
    ///
    /// # Errors
    /// Anything that is no host by the grammar of references: a scheme, a path, a space.
    pub fn parse(input: &str) -> Result<Self, ReferenceProblem> {
        parse_lone_host(input)?;
        let identity = identity_of(input);
        Ok(Registry { spelling: identity.unwrap_or_else(|| input.into()), identity: None })
    }

    /// Docker Hub.
    pub fn docker_hub() -> Self {
        Registry { spelling: HUB.into(), identity: None }
    }

    /// As distribution/reference keeps a host that was typed in a reference.
    pub(crate) fn from_reference(host: &str) -> Self {
        let spelling = if host == HUB_LEGACY { HUB } else { host };
        Registry { spelling: spelling.into(), identity: identity_of(spelling) }
    }

    /// The spelling in references: `docker.io`, `ghcr.io`, `localhost:5000`. Empty where there is no registry.
    pub fn as_str(&self) -> &str {
        &self.spelling
    }

    /// Lower case, and `docker.io` for every name of Docker Hub: what equality looks at.
    pub fn identity(&self) -> &str {
        self.identity.as_deref().unwrap_or(&self.spelling)
    }

    /// The host without port and without brackets, in lower case: `::1` for `[::1]:5000`.
    pub fn host(&self) -> &str {
        let name = self.reachable();
        match name.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or(rest),
            None => name.split(':').next().unwrap_or(name),
        }
    }

    /// The port, where one is named and fits 16 bits. The grammar also allows numbers that no port has.
    pub fn port(&self) -> Option<u16> {
        let (_, after) = self.identity().rsplit_once(':')?;
        // In `[::1]` the last colon belongs to the address, and `1]` is no number.
        after.parse().ok()
    }

    /// The `host[:port]` that answers the registry's API: `registry-1.docker.io` for Docker Hub. For an unnamed
    /// registry a host that resolves nowhere.
    pub fn api_host(&self) -> &str {
        if self.is_docker_hub() { HUB_API } else { self.reachable() }
    }

    /// The key under which `config.json` keeps this registry's credentials.
    pub fn config_key(&self) -> String {
        if self.is_docker_hub() {
            "https://index.docker.io/v1/".to_owned()
        } else {
            self.identity().to_owned()
        }
    }

    /// Whether this is Docker Hub, by any of its names.
    pub fn is_docker_hub(&self) -> bool {
        self.identity() == HUB
    }

    /// Whether the reference names no registry at all. Nothing can be fetched by such a reference.
    pub fn is_unnamed(&self) -> bool {
        self.spelling.is_empty()
    }

    /// Whether the host is this computer: `localhost`, `*.localhost` (RFC 6761), `127.0.0.0/8` or `::1`.
    pub fn is_loopback(&self) -> bool {
        let host = self.host();
        host == "localhost"
            || host.ends_with(".localhost")
            || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
            || host.parse::<Ipv6Addr>().is_ok_and(|address| {
                address.is_loopback() || address.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback())
            })
    }

    fn reachable(&self) -> &str {
        if self.is_unnamed() { NOWHERE } else { self.identity() }
    }
}

/// The identity where it differs from the spelling.
fn identity_of(spelling: &str) -> Option<Box<str>> {
    let lower = spelling.to_ascii_lowercase();
    let identity = match lower.as_str() {
        HUB_API | HUB_LEGACY => HUB.to_owned(),
        _ => lower,
    };
    (identity != spelling).then(|| identity.into())
}

impl PartialEq for Registry {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for Registry {}

impl Hash for Registry {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl PartialOrd for Registry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Registry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.identity().cmp(other.identity())
    }
}

impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.spelling)
    }
}

impl FromStr for Registry {
    type Err = ReferenceProblem;

    fn from_str(input: &str) -> Result<Self, ReferenceProblem> {
        Registry::parse(input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::RepositoryName;

    #[test]
    fn f039_registry_names_fold_to_one_key() {
        let one = [
            ("docker.io", "docker.io"),
            ("index.docker.io", "docker.io"),
            ("registry-1.docker.io", "docker.io"),
            ("Registry-1.Docker.IO", "docker.io"),
            ("GHCR.io", "ghcr.io"),
            ("LOCALHOST:5000", "localhost:5000"),
            ("[2001:DB8::1]:443", "[2001:db8::1]:443"),
            ("docker.io:443", "docker.io:443"),
        ];
        for (input, expected) in one {
            let registry = Registry::parse(input).unwrap();
            assert_eq!(registry.as_str(), expected, "{input}");
            assert_eq!(registry.identity(), expected, "{input}");
            assert_eq!(registry, Registry::parse(expected).unwrap(), "{input}");
        }
        let typed: RepositoryName = "registry-1.docker.io/library/nginx".parse().unwrap();
        assert_eq!(typed.to_string(), "registry-1.docker.io/library/nginx", "shown as distribution shows it");
        assert_eq!(typed, "nginx".parse().unwrap(), "and the same repository");
        assert_eq!(typed.registry().config_key(), "https://index.docker.io/v1/");
        let loud: RepositoryName = "LOCALDOMAIN:5000/app".parse().unwrap();
        assert_eq!(loud.registry().as_str(), "LOCALDOMAIN:5000");
        assert_eq!(loud.registry().config_key(), "localdomain:5000");
        assert_eq!(loud.registry(), &Registry::parse("localdomain:5000").unwrap());
    }

    #[test]
    fn parts_of_a_registry() {
        let cases = [
            ("docker.io", "docker.io", None, "registry-1.docker.io", "https://index.docker.io/v1/"),
            ("ghcr.io", "ghcr.io", None, "ghcr.io", "ghcr.io"),
            ("localhost:5000", "localhost", Some(5000), "localhost:5000", "localhost:5000"),
            ("[::1]:5000", "::1", Some(5000), "[::1]:5000", "[::1]:5000"),
            ("[::1]", "::1", None, "[::1]", "[::1]"),
            ("h:99999", "h", None, "h:99999", "h:99999"),
        ];
        for (input, host, port, api, key) in cases {
            let registry = Registry::parse(input).unwrap();
            assert_eq!(registry.host(), host, "{input}");
            assert_eq!(registry.port(), port, "{input}");
            assert_eq!(registry.api_host(), api, "{input}");
            assert_eq!(registry.config_key(), key, "{input}");
        }
    }

    #[test]
    fn loopback_is_this_computer_only() {
        for here in
            ["localhost", "LocalHost:5000", "a.localhost", "127.0.0.1:5055", "127.9.9.9", "[::1]:5000"]
        {
            assert!(Registry::parse(here).unwrap().is_loopback(), "{here}");
        }
        for there in [
            "ghcr.io",
            "localhost.example.com",
            "128.0.0.1",
            "127.0.0.1.example.com",
            "[::2]",
            "notlocalhost",
        ] {
            assert!(!Registry::parse(there).unwrap().is_loopback(), "{there}");
        }
    }

    #[test]
    fn a_registry_alone_is_no_url() {
        for bad in ["", "https://ghcr.io", "ghcr.io/", "ghcr.io/owner", "a b", "a_b", "ghcr.io:", "user@host"]
        {
            assert!(Registry::parse(bad).is_err(), "{bad}");
        }
    }
}
