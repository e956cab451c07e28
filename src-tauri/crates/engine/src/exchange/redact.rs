//! Takes secrets out of whatever may be shown: headers, queries, bodies, messages.
//!
//! Two nets: what is secret by its place (authorization headers, unknown query values, token answers), and what is
//! secret because it is in use (every secret that was sent is remembered and cut out of any text).

use std::collections::VecDeque;
use std::sync::{Arc, RwLock};

use http::HeaderMap;
use serde_json::Value;
use url::Url;

use super::{Role, ShownHeader};

/// What stands where a secret stood.
const HIDDEN: &str = "…";
/// Query names whose values are harmless; every other value is hidden.
const PLAIN_QUERY: &[&str] = &[
    "n",
    "last",
    "digest",
    "mount",
    "from",
    "artifactType",
    "service",
    "scope",
    "client_id",
    "offline_token",
    "ns",
];
/// Headers whose values are never shown.
const SECRET_HEADERS: &[&str] = &[
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-registry-auth",
    "x-amz-security-token",
];
/// Shorter secrets are not searched for: they would cut ordinary words.
const SHORTEST: usize = 4;

/// How many tokens are searched for; older ones have expired.
const PASSING: usize = 512;

/// Knows the secrets in use and takes them out of texts. Clones share what they know.
#[derive(Clone, Default)]
pub struct Redactor {
    secrets: Arc<RwLock<Secrets>>,
}

#[derive(Default)]
struct Secrets {
    /// The longest first, so that a secret within a secret leaves nothing of the longer one behind.
    texts: Vec<String>,
    /// Those of them that are forgotten some day, the oldest first.
    passing: VecDeque<String>,
}

impl Secrets {
    fn add(&mut self, text: &str) {
        if text.len() >= SHORTEST && !self.texts.iter().any(|known| known == text) {
            self.texts.push(text.to_owned());
            self.texts.sort_by_key(|known| std::cmp::Reverse(known.len()));
        }
    }
}

impl Redactor {
    /// Remembers a secret, so that no text shows it from now on, as it is or as a form, a URL or JSON carries it.
    pub fn learn(&self, secret: &str) {
        let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let json = Value::String(secret.to_owned()).to_string();
        let mut secrets = self.secrets.write().expect("no code panics while it holds the secrets");
        for text in [secret, &form, &form.replace('+', "%20"), json.trim_matches('"')] {
            secrets.add(text);
        }
    }

    /// Remembers a token. It is forgotten after many others have come.
    pub fn learn_passing(&self, token: &str) {
        let mut secrets = self.secrets.write().expect("no code panics while it holds the secrets");
        if secrets.texts.iter().any(|known| known == token) {
            return;
        }
        secrets.add(token);
        secrets.passing.push_back(token.to_owned());
        if secrets.passing.len() > PASSING
            && let Some(oldest) = secrets.passing.pop_front()
        {
            secrets.texts.retain(|known| *known != oldest);
        }
    }

    /// The text without any known secret.
    pub fn scrub(&self, text: &str) -> String {
        let secrets = self.secrets.read().expect("no code panics while it holds the secrets");
        let mut clean = text.to_owned();
        for secret in &secrets.texts {
            if clean.contains(secret.as_str()) {
                clean = clean.replace(secret.as_str(), HIDDEN);
            }
        }
        clean
    }

    pub(super) fn headers(&self, headers: &HeaderMap, role: Role) -> Vec<ShownHeader> {
        let show = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            let name = name.as_str().to_owned();
            let text = String::from_utf8_lossy(value.as_bytes());
            if SECRET_HEADERS.contains(&name.as_str()) {
                let scheme = text.split_once(' ').map(|(scheme, _)| scheme.to_owned());
                return ShownHeader { name, value: None, scheme };
            }
            let shown = if name == "location" || name == "link" {
                redact_location(&text, role)
            } else {
                text.into_owned()
            };
            ShownHeader { name, value: Some(self.scrub(&shown)), scheme: None }
        };
        headers.iter().map(show).collect()
    }

    pub(super) fn body(&self, body: &[u8], role: Role) -> Option<String> {
        let text = std::str::from_utf8(body).ok()?;
        if role != Role::Auth {
            return Some(self.scrub(text));
        }
        // A token server's answer: only JSON with its values hidden may be shown.
        let mut value: Value = serde_json::from_str(text).ok()?;
        hide_tokens(&mut value);
        Some(self.scrub(&serde_json::to_string_pretty(&value).ok()?))
    }
}

fn hide_tokens(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                if name.contains("token") && name != "token_type" && field.is_string() {
                    *field = Value::String(HIDDEN.into());
                } else {
                    hide_tokens(field);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide_tokens),
        _ => {}
    }
}

/// Path and query of a URL as they may be shown: on a CDN and for names that are not known to be harmless, the
/// query's values are hidden (signed URLs are secrets for as long as they last).
pub fn redact_url(url: &Url, role: Role) -> String {
    let mut shown = url.path().to_owned();
    for (at, (name, value)) in url.query_pairs().enumerate() {
        shown.push(if at == 0 { '?' } else { '&' });
        shown.push_str(&name);
        let plain = role != Role::Cdn && PLAIN_QUERY.contains(&name.as_ref());
        if !value.is_empty() {
            shown.push('=');
            shown.push_str(if plain { &value } else { HIDDEN });
        }
    }
    shown
}

fn redact_location(text: &str, role: Role) -> String {
    let (target, rest) = match text.strip_prefix('<').and_then(|link| link.split_once('>')) {
        Some((target, rest)) => (target, Some(rest)),
        None => (text, None),
    };
    let base = Url::parse("http://relative.invalid").expect("a constant URL");
    let Ok(url) = base.join(target) else { return HIDDEN.into() };
    // Another origin's Location is a CDN's, whoever sent it: its query may be a signature.
    let absolute = url.host_str() != Some("relative.invalid");
    let shown = redact_url(&url, role);
    let origin =
        if absolute { format!("{}://{}", url.scheme(), super::shown_host(&url)) } else { String::new() };
    match rest {
        Some(rest) => format!("<{origin}{shown}>{rest}"),
        None => format!("{origin}{shown}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_keep_only_harmless_values() {
        let rows = [
            (
                "registry",
                Role::Registry,
                "https://r.test/v2/a/tags/list?n=5&last=x",
                "/v2/a/tags/list?n=5&last=x",
            ),
            (
                "upload state",
                Role::Registry,
                "https://r.test/u?_state=abc&digest=sha256:1",
                "/u?_state=…&digest=sha256:1",
            ),
            ("signed", Role::Cdn, "https://c.test/b?X-Amz-Signature=abc&n=1", "/b?X-Amz-Signature=…&n=…"),
            (
                "token",
                Role::Auth,
                "https://a.test/t?service=s&scope=repository:a:pull&account=me",
                "/t?service=s&scope=repository:a:pull&account=…",
            ),
        ];
        for (name, role, url, want) in rows {
            assert_eq!(redact_url(&Url::parse(url).unwrap(), role), want, "{name}");
        }
    }

    #[test]
    fn f041_secrets_leave_headers_bodies_and_texts() {
        let redactor = Redactor::default();
        redactor.learn("hunter2!");
        redactor.learn("hunter2!extended");
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Bearer hunter2!".parse().unwrap());
        headers.insert("location", "https://cdn.test/x?sig=hunter2!".parse().unwrap());
        headers.insert("x-echo", "you sent hunter2!extended".parse().unwrap());
        let shown = redactor.headers(&headers, Role::Registry);
        assert_eq!(
            shown[0],
            ShownHeader { name: "authorization".into(), value: None, scheme: Some("Bearer".into()) }
        );
        assert_eq!(shown[1].value.as_deref(), Some("https://cdn.test/x?sig=…"));
        assert_eq!(shown[2].value.as_deref(), Some("you sent …"));
        let token = br#"{"token":"abc","nested":{"refresh_token":"def"},"expires_in":60,"note":"hunter2!"}"#;
        let body = redactor.body(token, Role::Auth).unwrap();
        assert!(!body.contains("abc") && !body.contains("def") && !body.contains("hunter2"), "{body}");
        assert!(body.contains("60"));
        assert_eq!(redactor.body(b"token=abc", Role::Auth), None);
    }

    #[test]
    fn f041_a_secret_is_found_in_every_form_and_outlives_the_tokens() {
        let redactor = Redactor::default();
        redactor.learn("a \"b\"/c+d");
        redactor.learn_passing("token-0000");
        (1..=PASSING)
            .for_each(|at| redactor.learn_passing(&format!("a-long-token-that-sorts-first-{at:04}")));
        let rows = [
            ("as it is", "say a \"b\"/c+d", "say …"),
            ("in JSON", r#"{"x":"a \"b\"/c+d"}"#, r#"{"x":"…"}"#),
            ("in a form", "p=a+%22b%22%2Fc%2Bd&q", "p=…&q"),
            ("in a URL", "p=a%20%22b%22%2Fc%2Bd&q", "p=…&q"),
            ("a token in use", "a-long-token-that-sorts-first-0001", "…"),
            ("the oldest token", "token-0000", "token-0000"),
        ];
        for (name, text, want) in rows {
            assert_eq!(redactor.scrub(text), want, "{name}");
        }
    }
}
