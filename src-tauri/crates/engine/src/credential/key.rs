//! When a key of `config.json` means a registry.
//!
//! Years of clients have written keys with a scheme, a path, upper-case letters or a default port, and Docker Hub
//! under four names. They are one identity here; a different port is a different registry.

use oci::Registry;

/// The identity of a registry, equal for every way to write it.
pub(super) fn identity(registry: &Registry) -> String {
    // 443 is HTTPS's own port; `Registry` keeps it where it was typed.
    let text = registry.identity();
    text.strip_suffix(":443").unwrap_or(text).to_owned()
}

/// The identity that a key of `config.json` means: its scheme, path and default port taken off. `None` where it is no
/// registry's address.
pub(super) fn key_identity(key: &str) -> Option<String> {
    let key = key.trim();
    let (scheme, rest) = match key.split_once("://") {
        Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
        None => (None, key),
    };
    let host = rest.split('/').next().unwrap_or_default();
    let default_port = match scheme.as_deref() {
        None | Some("https") => ":443",
        Some("http") => ":80",
        Some(_) => return None,
    };
    let host = host.strip_suffix(default_port).unwrap_or(host);
    Registry::parse(host).ok().map(|registry| identity(&registry))
}

/// Whether `pattern`, a key with `*` in it, matches a registry. A `*` stands for any characters within one label, as
/// in `*.dkr.ecr.*.amazonaws.com`; never for a dot, and never in the port.
pub(super) fn wildcard_matches(pattern: &str, registry: &Registry) -> bool {
    if !pattern.contains('*') {
        return false;
    }
    let pattern = pattern.to_ascii_lowercase();
    let (pattern, port) = match pattern.rsplit_once(':') {
        Some((host, port)) => (host.to_owned(), port.parse::<u16>().map(Some)),
        None => (pattern, Ok(None)),
    };
    if port != Ok(registry.port().filter(|port| *port != 443)) {
        return false;
    }
    let mut hosts = registry.host().split('.');
    pattern.split('.').all(|wanted| hosts.next().is_some_and(|label| label_matches(wanted, label)))
        && hosts.next().is_none()
}

/// Matches one label. Linear enough: a label has at most 63 characters.
fn label_matches(pattern: &str, label: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = label.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(found) = rest.find(part) else { return false };
        rest = &rest[found + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry(text: &str) -> Registry {
        Registry::parse(text).expect("a registry")
    }

    #[test]
    fn f039_every_way_to_write_a_registry_is_one_key() {
        let table: [(&str, &[&str]); 5] = [
            (
                "docker.io",
                &[
                    "docker.io",
                    "index.docker.io",
                    "registry-1.docker.io",
                    "https://index.docker.io/v1/",
                    "https://index.docker.io/v2/",
                    "HTTPS://Index.Docker.IO/v1/",
                    "docker.io/",
                ],
            ),
            (
                "ghcr.io",
                &[
                    "ghcr.io",
                    "GHCR.io",
                    "https://ghcr.io",
                    "https://ghcr.io/",
                    "http://ghcr.io:80",
                    "ghcr.io:443",
                    "https://ghcr.io:443/v2/",
                    " ghcr.io ",
                ],
            ),
            (
                "r.example.com:5000",
                &["r.example.com:5000", "http://R.example.com:5000/v1/", "https://r.example.com:5000"],
            ),
            ("localhost:5000", &["localhost:5000", "http://localhost:5000/"]),
            ("[::1]:5000", &["[::1]:5000", "http://[::1]:5000/v2/"]),
        ];
        for (name, keys) in table {
            for key in keys {
                assert_eq!(key_identity(key).as_deref(), Some(identity(&registry(name)).as_str()), "{key}");
            }
        }
        assert_eq!(identity(&registry("ghcr.io:443")), "ghcr.io");
    }

    #[test]
    fn f039_another_registry_is_another_key() {
        let table = [
            ("another port", "r.example.com:5000", "r.example.com"),
            ("another port than the default", "r.example.com", "r.example.com:5000"),
            ("plain HTTP's port", "r.example.com", "r.example.com:80"),
            ("a sub-domain", "example.com", "r.example.com"),
            ("a longer name", "example.com", "example.com.evil.net"),
            ("a name before the host", "example.com", "https://example.com@evil.net"),
            ("another scheme", "example.com", "ftp://example.com"),
            ("nothing", "example.com", ""),
        ];
        for (name, wanted, key) in table {
            assert_ne!(key_identity(key), Some(identity(&registry(wanted))), "{name}");
        }
    }

    #[test]
    fn wildcards_stay_within_a_label() {
        let ecr = "*.dkr.ecr.*.amazonaws.com";
        let table = [
            ("ECR", ecr, "123456789012.dkr.ecr.eu-west-1.amazonaws.com", true),
            ("ECR in China", ecr, "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", false),
            ("a label too many", ecr, "a.b.dkr.ecr.eu-west-1.amazonaws.com", false),
            ("a label too few", ecr, "dkr.ecr.eu-west-1.amazonaws.com", false),
            ("somebody else's end", ecr, "1.dkr.ecr.x.amazonaws.com.evil.net", false),
            ("upper case", "*.AZURECR.io", "team.azurecr.io", true),
            ("part of a label", "team-*.azurecr.io", "team-a.azurecr.io", true),
            ("two parts of a label", "a*b*c.example.com", "a-b-b-c.example.com", true),
            ("parts that would overlap", "ab*ba.example.com", "aba.example.com", false),
            ("the same port", "*.example.com:5000", "r.example.com:5000", true),
            ("another port", "*.example.com:5000", "r.example.com", false),
            ("a port that is not asked for", "*.example.com", "r.example.com:5000", false),
            ("the default port", "*.example.com", "r.example.com:443", true),
            ("a star as port", "*.example.com:*", "r.example.com:5000", false),
            ("no star", "r.example.com", "r.example.com", false),
            ("only a star", "*", "localhost", true),
            ("only a star, two labels", "*", "ghcr.io", false),
        ];
        for (name, pattern, host, expected) in table {
            assert_eq!(wildcard_matches(pattern, &registry(host)), expected, "{name}");
        }
    }
}
