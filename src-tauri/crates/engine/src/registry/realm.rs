//! Whether a token realm may be asked, and whether it may be told a secret.
//!
//! A realm is named by the registry, so a hostile registry, or anybody on the path of one that speaks plain HTTP,
//! can name any address. Invariant: [`token_url`] gives an endpoint only for a realm that can be asked safely
//! without credentials, and allows credentials only where the registry's owner is known to own the realm too.
//!
//! Deliberately absent: the check of the address that a realm's host name resolves to, and of plain HTTP to hosts
//! that are not marked; both belong to the connection, which [`is_private_address`] is made public for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::error::{Code, Error, Result};

/// Where to ask for a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenEndpoint {
    /// For GET: the realm with `service` and one `scope` for each that is wanted.
    pub url: Url,
    /// For POST: the realm with its own query only; `service` and the joined scopes go into the form.
    pub base: Url,
    /// Whether a password or a refresh token may be sent there. Where not, ask without, or ask the person.
    pub may_send_credentials: bool,
}

impl TokenEndpoint {
    /// The error for a realm that wants an account but must not be sent one.
    pub fn credentials_withheld(&self, registry_origin: &Url) -> Error {
        let message = format!(
            "the registry `{}` wants an account, but the password was not sent: tokens come from `{}`, which is not known to belong to the registry",
            shown(registry_origin),
            shown(&self.base),
        );
        Error::new(Code::RealmRefused, message).with_hint(
            "Check with the registry's operator that this is its token server; put the two under one domain with HTTPS, or behind one address",
        )
    }
}

/// The endpoint for a token: `realm`, checked, with `service` and `scopes` added to its query.
///
/// Credentials may go to the registry's own host or registrable domain over HTTPS, or to exactly the registry's
/// scheme, host and port.
///
/// # Errors
/// [`Code::RealmRefused`] where the realm is no absolute `http` or `https` URL, holds a name or a password, is plain
/// HTTP for a registry on HTTPS, or is a private address while the registry is public; and where the realm, the
/// service or a scope holds a control character.
pub fn token_url(
    registry_origin: &Url,
    registry_is_private: bool,
    realm: &str,
    service: Option<&str>,
    scopes: &[String],
) -> Result<TokenEndpoint> {
    let refused = |reason: &str| {
        let message = format!("the registry `{}` asks for a token from {reason}", shown(registry_origin));
        Error::new(Code::RealmRefused, message)
            .with_hint("Ask the registry's operator to correct the realm of its `WWW-Authenticate` header")
    };

    // The URL parser drops tabs and line breaks silently, so they are looked for first.
    let asked = std::iter::once(("realm", realm))
        .chain(service.map(|service| ("service", service)))
        .chain(scopes.iter().map(|scope| ("scope", scope.as_str())));
    for (what, text) in asked {
        if text.chars().any(char::is_control) {
            return Err(refused(&format!(
                "a realm that can't be trusted: its {what} holds control characters"
            )));
        }
    }

    let mut base = Url::parse(realm)
        .map_err(|problem| refused("a realm that is no absolute URL").with_source(problem))?;
    if !matches!(base.scheme(), "http" | "https") {
        return Err(refused(&format!("a `{}:` realm, which is no web address", base.scheme())));
    }
    if !base.username().is_empty() || base.password().is_some() {
        // Not shown: it holds what looks like somebody's password.
        return Err(refused("a realm that holds a user name or a password"));
    }
    if base.scheme() == "http" && registry_origin.scheme() == "https" {
        return Err(refused(&format!(
            "`{}`, which is plain HTTP, while the registry is on HTTPS",
            shown(&base)
        )));
    }
    if !registry_is_private && base.host().is_some_and(|host| is_private_host(&host)) {
        return Err(refused(&format!("`{}`, a private address, while the registry is public", shown(&base))));
    }
    base.set_fragment(None);

    let mut url = base.clone();
    // A realm's own parameters stay, save those that are ours to set.
    let kept: Vec<(String, String)> = base
        .query_pairs()
        .filter(|(name, _)| {
            !(name == "scope" && !scopes.is_empty() || name == "service" && service.is_some())
        })
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.set_query(None);
    if !kept.is_empty() || service.is_some() || !scopes.is_empty() {
        let mut query = url.query_pairs_mut();
        query.extend_pairs(kept);
        query.extend_pairs(service.map(|service| ("service", service)));
        query.extend_pairs(scopes.iter().map(|scope| ("scope", scope)));
    }
    let may_send_credentials = may_send_credentials(registry_origin, &base);
    Ok(TokenEndpoint { url, base, may_send_credentials })
}

/// Whether an address is not one of the public internet: loopback, private, link-local, multicast, reserved, and
/// the IPv6 forms that carry such an IPv4 address.
pub fn is_private_address(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => is_private_v6(address),
    }
}

/// Whether a URL's host is a private address as it is written, or a name that is always one.
///
/// A public name may still resolve to a private address: that is checked where it is connected to.
pub fn is_private_host(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => is_private_v4(*address),
        Host::Ipv6(address) => is_private_v6(*address),
        Host::Domain(name) => {
            let name = undotted(name);
            name == "localhost" || name.ends_with(".localhost")
        }
    }
}

/// The registries of special addresses: IANA's IPv4 list (RFC 6890) without the documentation ranges, which lead
/// nowhere.
fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || a == 0
        || (a == 100 && b & 0xc0 == 64)
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && b & 0xfe == 18)
        || a >= 224
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let embedded =
        |high: u16, low: u16| is_private_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match segments {
        // Unspecified, loopback, and IPv4 in its mapped and its old compatible form.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => embedded(high, low),
        // NAT64 (RFC 6052) and 6to4 (RFC 3056) lead to the IPv4 address that they carry.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => embedded(high, low),
        // Local-use NAT64 (RFC 8215).
        [0x64, 0xff9b, 1, ..] => true,
        // Unique local, link-local, the old site-local, multicast.
        [first, ..] => first & 0xfe00 == 0xfc00 || first & 0xff80 == 0xfe80 || first >= 0xff00,
    }
}

fn may_send_credentials(registry: &Url, realm: &Url) -> bool {
    if registry.origin() == realm.origin() {
        return true;
    }
    realm.scheme() == "https"
        && match (registry.host(), realm.host()) {
            (Some(Host::Domain(registry)), Some(Host::Domain(realm))) => {
                let (registry, realm) = (undotted(registry), undotted(realm));
                registry == realm
                    || registrable_domain(registry).is_some_and(|own| Some(own) == registrable_domain(realm))
            }
            (registry, realm) => registry.is_some() && registry == realm,
        }
}

/// The part of a name that somebody registered, by the Public Suffix List; `None` for a suffix itself and for a name
/// under no suffix of the list. There, as in `auth.cluster.local`, nothing says who owns what, so only equal names
/// are one owner.
fn registrable_domain(name: &str) -> Option<&str> {
    let domain = psl::domain(name.as_bytes())?;
    if !domain.suffix().is_known() {
        return None;
    }
    // The domain is the end of the name that was asked about.
    name.get(name.len().checked_sub(domain.as_bytes().len())?..)
}

/// A name without the dot that may stand for the root.
fn undotted(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// Scheme, host and port: all of a URL that is worth a message, and nothing that may be secret.
fn shown(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests;
