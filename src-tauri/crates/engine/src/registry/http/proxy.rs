//! Which requests go through a proxy: by the environment, by a setting, or none.
//!
//! Loopback goes direct always, as Go's programs do it, and so does what `NO_PROXY` names (curl's rules). The
//! `proxies` of Docker's `config.json` are for the environment of containers, not for the client: not looked at.
//!
//! Invariant: the password of a proxy is in no message. A public registry that sends us elsewhere by way of a proxy is
//! held to the same rule as without one: the name is looked up here first, and what is private, or is a name that only
//! an inner network knows, is not asked for ([`super::Http`] does so). What is left is a name that only the proxy can
//! look up; whoever runs the proxy decides about it.

use std::ffi::OsString;
use std::sync::Arc;

use hyper_util::client::proxy::matcher::Matcher;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::error::{Code, Error, Result};

/// Which proxy is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProxyMode {
    /// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` of the environment, in either case.
    #[default]
    System,
    /// None.
    None,
    /// The one that is given.
    Custom,
}

/// How the proxy is chosen, as it is kept.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProxySettings {
    /// Which.
    pub mode: ProxyMode,
    /// For [`ProxyMode::Custom`]: `http://proxy.example:3128`; `https`, `socks5` and `socks5h` too. May hold an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Hosts that are reached without it, beside `NO_PROXY`: names with all below them, addresses, networks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub no_proxy: Vec<String>,
}

impl std::fmt::Debug for ProxySettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProxySettings")
            .field("mode", &self.mode)
            .field("url", &self.shown_url())
            .field("no_proxy", &self.no_proxy)
            .finish()
    }
}

impl ProxySettings {
    /// No proxy.
    pub fn none() -> Self {
        Self { mode: ProxyMode::None, ..Self::default() }
    }

    /// This proxy, for everything but loopback and `NO_PROXY`.
    pub fn custom(url: impl Into<String>) -> Self {
        Self { mode: ProxyMode::Custom, url: Some(url.into()), no_proxy: Vec::new() }
    }

    /// The address as it may be shown: without its account.
    pub fn shown_url(&self) -> Option<String> {
        self.url.as_deref().map(|url| parse(url).map_or_else(|| "?".to_owned(), |url| shown(&url)))
    }

    /// The routes, by the environment that `lookup` reads.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`] where a proxy's address is none; it is not shown, because it may hold a password.
    pub fn routes(&self, lookup: impl Fn(&str) -> Option<OsString>) -> Result<ProxyRoutes> {
        let set = |name: &str| {
            let names = [name.to_owned(), name.to_ascii_lowercase()];
            let values =
                names.iter().filter_map(|name| lookup(name)).map(|it| it.to_string_lossy().into_owned());
            values.map(|value| value.trim().to_owned()).find(|value| !value.is_empty())
        };
        let variable = |name: &str| {
            set(name).map(|value| parse(&value).ok_or_else(|| unusable(&format!("`{name}`")))).transpose()
        };
        let (http, https) = match self.mode {
            ProxyMode::None => (None, None),
            ProxyMode::System => {
                let all = variable("ALL_PROXY")?;
                (variable("HTTP_PROXY")?.or_else(|| all.clone()), variable("HTTPS_PROXY")?.or(all))
            }
            ProxyMode::Custom => {
                let url = self.url.as_deref().and_then(parse).ok_or_else(|| unusable("the proxy setting"))?;
                (Some(url.clone()), Some(url))
            }
        };
        let mut direct = self.no_proxy.clone();
        direct.extend(set("NO_PROXY"));
        // The matcher knows curl's rules of NO_PROXY; where it leads to does not matter.
        let direct = Matcher::builder().all("http://proxy.invalid").no(direct.join(",")).build();
        Ok(ProxyRoutes { http, https, direct: Some(Arc::new(direct)) })
    }
}

/// What goes through which proxy; the default is nothing through any.
#[derive(Clone, Default)]
pub struct ProxyRoutes {
    http: Option<Url>,
    https: Option<Url>,
    direct: Option<Arc<Matcher>>,
}

impl std::fmt::Debug for ProxyRoutes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |url: &Option<Url>| url.as_ref().map(shown);
        f.debug_struct("ProxyRoutes")
            .field("http", &shown(&self.http))
            .field("https", &shown(&self.https))
            .field("direct", &self.direct)
            .finish()
    }
}

impl ProxyRoutes {
    /// The proxy for a request to `url`, with its account.
    pub(super) fn to(&self, url: &Url) -> Option<&Url> {
        let proxy = if url.scheme() == "http" { self.http.as_ref() } else { self.https.as_ref() }?;
        let loopback = match url.host()? {
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
            Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        };
        let uri: http::Uri = url.origin().ascii_serialization().parse().ok()?;
        let goes_direct = self.direct.as_ref().is_some_and(|matcher| matcher.intercept(&uri).is_none());
        (!loopback && !goes_direct).then_some(proxy)
    }

    /// The passwords of the proxies, in each form in which they could turn up.
    pub(super) fn secrets(&self) -> Vec<String> {
        let mut secrets = Vec::new();
        for url in [&self.http, &self.https].into_iter().flatten() {
            let Some(password) = url.password().filter(|it| !it.is_empty()) else { continue };
            let decode = |text: &str| percent_decoded(text);
            let (user, plain) = (decode(url.username()), decode(password));
            use base64::Engine as _;
            secrets.push(base64::engine::general_purpose::STANDARD.encode(format!("{user}:{plain}")));
            secrets.extend([password.to_owned(), plain]);
        }
        secrets
    }
}

/// Scheme, host and port of a proxy.
pub(super) fn shown(proxy: &Url) -> String {
    let port = proxy.port().map_or_else(String::new, |port| format!(":{port}"));
    format!("{}://{}{port}", proxy.scheme(), proxy.host_str().unwrap_or("?"))
}

/// Whether a name is of the kind that only an inner network knows: of one part, or under a suffix that is never public
/// (RFC 6761, RFC 6762, RFC 8375, and ICANN's `internal`).
pub(super) fn is_inner_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let inner = ["localhost", "local", "internal", "home.arpa", "lan", "intranet", "corp", "home"];
    !name.contains('.')
        || inner.iter().any(|suffix| name.strip_suffix(suffix).is_some_and(|it| it.ends_with('.')))
}

fn parse(text: &str) -> Option<Url> {
    let text = text.trim();
    let with_scheme = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url = Url::parse(&with_scheme).ok()?;
    let known = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"].contains(&url.scheme());
    (known && url.host_str().is_some_and(|host| !host.is_empty())).then_some(url)
}

fn percent_decoded(text: &str) -> String {
    // A form's decoder would take `+` for a space.
    let escaped = text.replace('+', "%2B");
    let mut pairs = url::form_urlencoded::parse(escaped.as_bytes());
    pairs.next().map_or_else(String::new, |(name, value)| {
        if value.is_empty() { name } else { name + "=" + value }.into_owned()
    })
}

fn unusable(what: &str) -> Error {
    Error::new(Code::ConfigInvalid, format!("{what} is no address of a proxy"))
        .with_hint("Write it as `http://proxy.example:3128`; special characters of a password as %XX")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(settings: &ProxySettings, environment: &[(&str, &str)]) -> Result<ProxyRoutes> {
        settings.routes(|wanted| {
            environment.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.into())
        })
    }

    #[test]
    fn the_environment_or_the_setting_says_what_goes_where() {
        let both = [("HTTP_PROXY", "plain.test:1"), ("HTTPS_PROXY", "http://tls.test:2")];
        let lower = [("https_proxy", "http://lower.test:3"), ("no_proxy", "corp.test, 10.0.0.0/8")];
        let all = [("ALL_PROXY", "socks5h://all.test:4"), ("HTTPS_PROXY", " ")];
        let system = ProxySettings::default();
        let custom = ProxySettings {
            no_proxy: vec![".direct.test".into()],
            ..ProxySettings::custom("https://own.test")
        };
        let rows = [
            ("nothing is set", &system, &[][..], "https://a.test", None),
            ("https", &system, &both, "https://a.test", Some("http://tls.test:2")),
            ("http, without a scheme", &system, &both, "http://a.test", Some("http://plain.test:1")),
            ("lower case", &system, &lower, "https://a.test", Some("http://lower.test:3")),
            ("a name of NO_PROXY", &system, &lower, "https://corp.test:5000", None),
            ("a name below it", &system, &lower, "https://r.corp.test", None),
            ("a name that ends alike", &system, &lower, "https://mycorp.test", Some("http://lower.test:3")),
            ("a network of NO_PROXY", &system, &lower, "https://10.1.2.3", None),
            (
                "all, where the own one is empty",
                &system,
                &all,
                "https://a.test",
                Some("socks5h://all.test:4"),
            ),
            (
                "everything direct",
                &system,
                &[("HTTPS_PROXY", "p.test"), ("NO_PROXY", "*")],
                "https://a.test",
                None,
            ),
            ("loopback", &system, &both, "https://127.0.0.1:5000", None),
            ("localhost", &system, &both, "http://localhost:5000", None),
            ("IPv6 loopback", &system, &both, "http://[::1]:5000", None),
            ("a setting", &custom, &both, "http://a.test", Some("https://own.test")),
            ("a setting with exceptions", &custom, &both, "https://r.direct.test", None),
            ("NO_PROXY holds for a setting too", &custom, &[("NO_PROXY", "a.test")], "https://a.test", None),
            ("none", &ProxySettings::none(), &both, "https://a.test", None),
        ];
        for (name, settings, environment, url, want) in rows {
            let routes = routes(settings, environment).unwrap();
            let url = Url::parse(url).unwrap();
            assert_eq!(routes.to(&url).map(shown).as_deref(), want, "{name}");
        }
    }

    #[test]
    fn f126_what_is_no_proxy_is_refused_and_not_shown() {
        for text in [
            "ftp://ann:hunter22@proxy.test",
            "http://ann:hunter22@",
            "http://ann:hunter22@[::1",
            "ann:hunter22@:1",
        ] {
            let settings = ProxySettings::custom(text);
            let refusals =
                [routes(&settings, &[]), routes(&ProxySettings::default(), &[("HTTPS_PROXY", text)])];
            for refused in refusals {
                let error = refused.expect_err(text);
                assert_eq!(error.code(), Code::ConfigInvalid);
                assert!(!format!("{error:?}").contains("hunter22"), "{error:?}");
            }
            assert!(!format!("{settings:?}").contains("hunter22"), "{settings:?}");
        }
        let settings = ProxySettings::custom("http://ann:hunter22@proxy.test:3128");
        assert_eq!(settings.shown_url().as_deref(), Some("http://proxy.test:3128"));
    }

    #[test]
    fn a_password_is_known_in_every_form() {
        let routes = routes(&ProxySettings::custom("http://ann:p%40ss+=1@proxy.test"), &[]).unwrap();
        let secrets = routes.secrets();
        assert!(secrets.contains(&"p@ss+=1".to_owned()), "{secrets:?}");
        assert!(
            secrets.contains(&"p%40ss+=1".to_owned()) || secrets.contains(&"p%40ss+%3D1".to_owned()),
            "{secrets:?}"
        );
        assert!(secrets.contains(&"YW5uOnBAc3MrPTE=".to_owned()), "{secrets:?}");
    }

    #[test]
    fn inner_names_are_known() {
        for name in ["registry", "db.internal", "Printer.LOCAL.", "a.corp", "x.home.arpa", "localhost"] {
            assert!(is_inner_name(name), "{name}");
        }
        for name in ["cdn.example.com", "internal.example.com", "mylocal.net", "notcorp.example"] {
            assert!(!is_inner_name(name), "{name}");
        }
    }
}
