//! Which requests go wrong: patterns, and the rules that count them.

use oci::digest::Digest;

use super::{Fault, Request};

/// Which requests: by method, path, header, and how many of those came before.
///
/// A pattern is compared with the whole path; `*` stands for any characters, slashes too. A pattern with a `?` is
/// compared with path and query.
#[derive(Clone, Debug)]
pub struct On {
    method: Option<&'static str>,
    pattern: String,
    header: Option<&'static str>,
    due: Due,
}

#[derive(Clone, Copy, Debug)]
enum Due {
    Always,
    Nth(usize),
    First(usize),
    From(usize),
}

impl On {
    fn new(method: Option<&'static str>, pattern: &str) -> Self {
        Self { method, pattern: pattern.to_owned(), header: None, due: Due::Always }
    }
    /// Any method.
    pub fn any(pattern: &str) -> Self {
        Self::new(None, pattern)
    }
    /// GET.
    pub fn get(pattern: &str) -> Self {
        Self::new(Some("GET"), pattern)
    }
    /// HEAD.
    pub fn head(pattern: &str) -> Self {
        Self::new(Some("HEAD"), pattern)
    }
    /// POST.
    pub fn post(pattern: &str) -> Self {
        Self::new(Some("POST"), pattern)
    }
    /// PUT.
    pub fn put(pattern: &str) -> Self {
        Self::new(Some("PUT"), pattern)
    }
    /// PATCH.
    pub fn patch(pattern: &str) -> Self {
        Self::new(Some("PATCH"), pattern)
    }
    /// DELETE.
    pub fn delete(pattern: &str) -> Self {
        Self::new(Some("DELETE"), pattern)
    }
    /// GET of any blob.
    pub fn blobs() -> Self {
        Self::get("/v2/*/blobs/*")
    }
    /// GET of this blob, in any repository.
    pub fn blob(digest: &Digest) -> Self {
        Self::get(&format!("/v2/*/blobs/{digest}"))
    }
    /// GET of any manifest or index.
    pub fn manifests() -> Self {
        Self::get("/v2/*/manifests/*")
    }
    /// GET of the manifest under this tag or digest, in any repository.
    pub fn manifest(selector: &str) -> Self {
        Self::get(&format!("/v2/*/manifests/{selector}"))
    }

    /// Only requests with this header.
    #[must_use]
    pub fn with(mut self, header: &'static str) -> Self {
        self.header = Some(header);
        self
    }
    /// Only requests that carry credentials: not those that are answered with a challenge.
    #[must_use]
    pub fn authorized(self) -> Self {
        self.with("Authorization")
    }
    /// Only requests for a range.
    #[must_use]
    pub fn ranged(self) -> Self {
        self.with("Range")
    }
    /// Only the `n`th of the matching requests, from 1.
    #[must_use]
    pub fn nth(mut self, n: usize) -> Self {
        self.due = Due::Nth(n);
        self
    }
    /// Only the first `n` of the matching requests.
    #[must_use]
    pub fn first(mut self, n: usize) -> Self {
        self.due = Due::First(n);
        self
    }
    /// The `n`th of the matching requests, from 1, and all after it.
    #[must_use]
    pub fn from(mut self, n: usize) -> Self {
        self.due = Due::From(n);
        self
    }

    /// Whether a request is of this kind, its number aside.
    pub fn matches(&self, request: &Request) -> bool {
        let subject = if self.pattern.contains('?') { &request.target } else { &request.path };
        self.method.is_none_or(|method| method == request.method)
            && self.header.is_none_or(|header| request.header(header).is_some())
            && glob(self.pattern.as_bytes(), subject.as_bytes())
    }

    fn is_due(&self, number: usize) -> bool {
        match self.due {
            Due::Always => true,
            Due::Nth(n) => number == n,
            Due::First(n) => number <= n,
            Due::From(n) => number >= n,
        }
    }
}

/// `*` matches any run of bytes; everything else itself.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p) == Some(&text[t]) {
            p += 1;
            t += 1;
        } else if let Some((star_p, star_t)) = star {
            star = Some((star_p, star_t + 1));
            p = star_p + 1;
            t = star_t + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

/// A fault and the requests it is for.
pub(super) struct Rule {
    on: On,
    fault: Fault,
    seen: usize,
}

impl Rule {
    pub(super) fn new(on: On, fault: Fault) -> Self {
        Self { on, fault, seen: 0 }
    }
}

/// Counts the request in every rule that it matches, and gives the first that is due.
pub(super) fn due(rules: &mut [Rule], request: &Request) -> Fault {
    let mut found: Option<&Fault> = None;
    for rule in rules {
        if rule.on.matches(request) {
            rule.seen += 1;
            if rule.on.is_due(rule.seen) {
                found = found.or(Some(&rule.fault));
            }
        }
    }
    found.cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn request(method: &str, target: &str, headers: &[(&str, &str)]) -> Request {
        Request {
            method: method.to_owned(),
            target: target.to_owned(),
            path: target.split('?').next().unwrap().to_owned(),
            headers: headers.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect(),
            body: Bytes::new(),
            partial: false,
        }
    }

    #[test]
    fn patterns() {
        for (pattern, target, expected) in [
            ("/v2/", "/v2/", true),
            ("/v2/", "/v2/x", false),
            ("/v2/*/blobs/*", "/v2/a/b/blobs/sha256:1", true),
            ("/v2/*/blobs/*", "/v2/a/b/manifests/x", false),
            ("*", "/anything?n=1", true),
            ("*/tags/list", "/v2/a/tags/list?n=1", true),
            ("*/tags/list?n=1*", "/v2/a/tags/list?n=1&last=x", true),
            ("*a*b*", "/xaxxbx", true),
            ("*a*b", "/xaxxbx", false),
        ] {
            assert_eq!(
                On::any(pattern).matches(&request("GET", target, &[])),
                expected,
                "{pattern} on {target}"
            );
        }
        assert!(!On::head("*").matches(&request("GET", "/", &[])));
        assert!(!On::get("*").ranged().matches(&request("GET", "/", &[])));
        assert!(On::get("*").ranged().matches(&request("GET", "/", &[("range", "bytes=0-")])));
    }

    #[test]
    fn occurrences_are_counted_per_rule() {
        let mut rules = vec![
            Rule::new(On::get("/b").nth(2), Fault::status(500)),
            Rule::new(On::any("*").from(3), Fault::status(429)),
        ];
        let mut statuses = Vec::new();
        for (method, path) in [("GET", "/b"), ("HEAD", "/b"), ("GET", "/b"), ("GET", "/b")] {
            statuses.push(due(&mut rules, &request(method, path, &[])).status);
        }
        assert_eq!(statuses, [None, None, Some(500), Some(429)]);
    }
}
