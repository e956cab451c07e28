//! Links that an image's labels and annotations give: where its source, its page and its documentation are.
//!
//! Whoever built the image wrote them, and nobody checked them: only https is a link, and a person is told the host first.
//!
//! Source: image-spec `annotations.md`, "Pre-Defined Annotation Keys".

use url::{Host, Url};

use super::Image;

/// What may be a link.
const KEYS: [&str; 3] = [
    "org.opencontainers.image.source",
    "org.opencontainers.image.url",
    "org.opencontainers.image.documentation",
];
/// A longer one is no address that a person could check, bytes.
const LONGEST: usize = 2000;

/// A link of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The label or annotation.
    pub key: String,
    /// Its value, as it is written there.
    pub value: String,
    /// Where it leads: the host, with its port where that is not the usual one. Names in other scripts are spelled out
    /// (`xn--…`).
    pub host: String,
    /// The address, in the one form that a browser is given.
    pub url: String,
}

impl Image {
    /// Its links: of the config's labels, the manifest's annotations and the index's, each key and value once.
    pub fn links(&self) -> Vec<Link> {
        let manifest = self.manifest.iter();
        let labels = manifest.clone().filter_map(|it| it.config.as_ref()).flat_map(|it| &it.config.labels);
        let all = labels
            .chain(manifest.flat_map(|it| &it.manifest.annotations))
            .chain(self.index.iter().flat_map(|index| &index.annotations));
        let mut links: Vec<Link> = Vec::new();
        for link in all.filter_map(|(key, value)| link(key, value)) {
            if !links.contains(&link) {
                links.push(link);
            }
        }
        links
    }
}

fn link(key: &str, value: &str) -> Option<Link> {
    if !KEYS.contains(&key)
        || value.len() > LONGEST
        || value.contains(|it: char| it.is_whitespace() || it.is_control())
    {
        return None;
    }
    let url = Url::parse(value).ok()?;
    // What looks like a host before an `@` is none.
    let is_plain = url.scheme() == "https" && url.username().is_empty() && url.password().is_none();
    // A name, as people know it: an address of a network says nothing, and may be this computer.
    let Some(Host::Domain(name)) = url.host().filter(|_| is_plain) else { return None };
    if !name.contains('.') || name.ends_with(".localhost") {
        return None;
    }
    let host = url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
    Some(Link { key: key.to_owned(), value: value.to_owned(), host, url: url.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f119_only_https_to_a_named_host_is_a_link() {
        let source = KEYS[0];
        let host = |value: &str| link(source, value).map(|link| link.host);
        let rows = [
            ("https://github.com/team/app", Some("github.com")),
            ("https://GitHub.com:8443/a?b#c", Some("github.com:8443")),
            ("https://github.com:443/", Some("github.com")),
            ("https://пример.example/", Some("xn--e1afmkfd.example")),
            ("http://github.com/team/app", None),
            ("javascript:alert(1)", None),
            ("file:///etc/passwd", None),
            ("data:text/html,x", None),
            ("ssh://git@github.com/x", None),
            ("https://github.com@evil.example/", None),
            ("https://user:pw@github.com/", None),
            ("https://127.0.0.1/", None),
            ("https://[::1]/", None),
            ("https://2130706433/", None),
            ("https://localhost/", None),
            ("https://x.localhost/", None),
            ("https://github.com/a b", None),
            ("https://github.com/\u{202e}\n", None),
            ("github.com/team/app", None),
            ("", None),
        ];
        for (value, want) in rows {
            assert_eq!(host(value).as_deref(), want, "{value}");
        }
        assert_eq!(link("org.opencontainers.image.title", "https://github.com/"), None);
        assert_eq!(link(source, &format!("https://github.com/{}", "a".repeat(LONGEST))), None);
    }
}
