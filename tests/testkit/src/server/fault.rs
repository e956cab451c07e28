//! Which requests go wrong ([`On`]), and how ([`Fault`]).

use std::time::Duration;

use bytes::Bytes;
use oci::digest::Digest;

use super::Request;

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

/// How a reply goes wrong. An empty fault changes nothing; its methods add up.
///
/// N bytes are bytes of the body, after the head and without the framing of chunks, counted in this reply.
#[derive(Clone, Debug, Default)]
pub struct Fault {
    pub(super) delay: Option<Duration>,
    pub(super) silence: Option<Silence>,
    pub(super) raw: Option<Bytes>,
    pub(super) status: Option<u16>,
    pub(super) content: Option<Bytes>,
    pub(super) extra: usize,
    pub(super) zeros: Option<u64>,
    pub(super) ignore_range: bool,
    pub(super) truncated: Option<u64>,
    pub(super) framing: Option<Framing>,
    pub(super) set: Vec<(String, String)>,
    pub(super) added: Vec<(String, String)>,
    pub(super) removed: Vec<String>,
    pub(super) stop: Option<(u64, Stop)>,
    pub(super) rate: Option<u64>,
    pub(super) close: bool,
}

/// Instead of any reply.
#[derive(Clone, Copy, Debug)]
pub(super) enum Silence {
    Reset,
    End,
    Hang,
}

/// How a body that is not sent to its end stops.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stop {
    Reset,
    End,
    Stall,
}

/// How the length of a body is told.
#[derive(Clone, Copy, Debug)]
pub(super) enum Framing {
    Chunked,
    UntilClose,
    Claimed(u64),
}

impl Fault {
    /// Nothing wrong yet.
    pub fn new() -> Self {
        Self::default()
    }
    /// Another status, an empty body, none of the usual headers.
    pub fn status(status: u16) -> Self {
        Self { status: Some(status), content: Some(Bytes::new()), ..Self::default() }
    }
    /// 302 to `location`, in which `{last}` stands for the last segment of the request's path: one fault redirects
    /// every blob to its own address at another [`Server`](super::Server).
    pub fn redirect(location: &str) -> Self {
        Self::status(302).header("Location", location)
    }
    /// 200 with a page of HTML: a captive portal.
    pub fn captive_portal() -> Self {
        let page = "<!DOCTYPE html><html><title>Sign in to the network</title><form></form></html>";
        Self::status(200).header("Content-Type", "text/html; charset=utf-8").body(page)
    }
    /// These bytes in place of head and body, then the end of the connection.
    pub fn raw(bytes: impl Into<Bytes>) -> Self {
        Self { raw: Some(bytes.into()), ..Self::default() }
    }
    /// The request is read, and the connection reset.
    pub fn reset() -> Self {
        Self { silence: Some(Silence::Reset), ..Self::default() }
    }
    /// The request is read, and the connection closed: what a client sees that reuses a connection which the
    /// server has just given up.
    pub fn hang_up() -> Self {
        Self { silence: Some(Silence::End), ..Self::default() }
    }
    /// The request is read and never answered.
    pub fn silent() -> Self {
        Self { silence: Some(Silence::Hang), ..Self::default() }
    }

    /// Waits before the status line.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = Some(delay);
        self
    }
    /// Sets a header, in place of every one of that name: `Retry-After`, a wrong `Content-Range`, `Content-Encoding`,
    /// a lying `Docker-Content-Digest`.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.set.push((name.to_owned(), value.to_owned()));
        self
    }
    /// Adds a header beside those of that name: a second `Content-Range` or `WWW-Authenticate`.
    #[must_use]
    pub fn second_header(mut self, name: &str, value: &str) -> Self {
        self.added.push((name.to_owned(), value.to_owned()));
        self
    }
    /// Leaves a header out.
    #[must_use]
    pub fn without_header(mut self, name: &str) -> Self {
        self.removed.push(name.to_owned());
        self
    }
    /// Replaces the content, of which ranges are still served: content that changes between two requests.
    #[must_use]
    pub fn body(mut self, content: impl Into<Bytes>) -> Self {
        self.content = Some(content.into());
        self
    }
    /// Lengthens the content by `n` bytes, and Content-Length with it: longer than its descriptor.
    #[must_use]
    pub fn longer_by(mut self, n: usize) -> Self {
        self.extra = n;
        self
    }
    /// Replaces the content with `n` zeros that are made while they are sent: a 1 GiB error page.
    #[must_use]
    pub fn endless(mut self, n: u64) -> Self {
        self.zeros = Some(n);
        self
    }
    /// Answers a range with 200 and the whole content.
    #[must_use]
    pub fn ignore_range(mut self) -> Self {
        self.ignore_range = true;
        self
    }
    /// Ends the body after `n` bytes with a Content-Length (or a last chunk) that agrees: an early end that HTTP
    /// finds nothing wrong with.
    #[must_use]
    pub fn truncate(mut self, n: u64) -> Self {
        self.truncated = Some(n);
        self
    }
    /// Sends chunks, without a Content-Length.
    #[must_use]
    pub fn chunked(mut self) -> Self {
        self.framing = Some(Framing::Chunked);
        self
    }
    /// Sends neither Content-Length nor chunks: the body ends with the connection.
    #[must_use]
    pub fn until_close(mut self) -> Self {
        self.framing = Some(Framing::UntilClose);
        self
    }
    /// Claims another Content-Length than is sent, and closes at the end.
    #[must_use]
    pub fn claim_length(mut self, n: u64) -> Self {
        self.framing = Some(Framing::Claimed(n));
        self
    }
    /// Resets the connection once exactly `n` bytes have arrived.
    #[must_use]
    pub fn reset_after(mut self, n: u64) -> Self {
        self.stop = Some((n, Stop::Reset));
        self
    }
    /// Closes the connection after `n` bytes, against its Content-Length.
    #[must_use]
    pub fn end_after(mut self, n: u64) -> Self {
        self.stop = Some((n, Stop::End));
        self
    }
    /// Sends `n` bytes and then nothing, the connection staying open.
    #[must_use]
    pub fn stall_after(mut self, n: u64) -> Self {
        self.stop = Some((n, Stop::Stall));
        self
    }
    /// Sends this many bytes a second, one piece at a time; 1 is the slowest drip.
    #[must_use]
    pub fn drip(mut self, bytes_per_second: u64) -> Self {
        self.rate = Some(bytes_per_second.max(1));
        self
    }
    /// Closes the connection after the reply, without `Connection: close`.
    #[must_use]
    pub fn close_after(mut self) -> Self {
        self.close = true;
        self
    }

    /// Whether the handler's reply is not needed.
    pub(super) fn replaces_reply(&self) -> bool {
        self.status.is_some() || self.raw.is_some() || self.silence.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, target: &str, headers: &[(&str, &str)]) -> Request {
        Request {
            method: method.to_owned(),
            target: target.to_owned(),
            path: target.split('?').next().unwrap().to_owned(),
            headers: headers.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect(),
            body: Bytes::new(),
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
