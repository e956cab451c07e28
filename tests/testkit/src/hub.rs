//! A fake Docker Hub: registry, token server and CDN on loopback addresses of their own, over TLS, by their real names.
//!
//! It does what a client has to know of the Hub: nothing is served without a token, not even a public image; a
//! repository that is missing and one that is private are refused with the same 401; a GET of a manifest counts
//! against the limit and a HEAD does not; blobs are at a CDN, behind a signed URL, and the CDN takes no authorization.
//!
//! ```
//! use testkit::hub::Hub;
//! use testkit::image::Image;
//!
//! let hub = Hub::builder().account("ann", "secret").limit(100).start();
//! hub.put("library/nginx", "latest", &Image::tiny("nginx"));
//! hub.put_private("ann/private", "1", &Image::tiny("private"));
//! // In the engine's options: `network.hosts.extend(hub.hosts())`, `extra_roots: vec![hub.authority_pem()]`.
//! // … pull `nginx` …
//! assert_eq!(hub.remaining(), 100);
//! ```

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::auth::TokenServer;
use crate::image::Image;
use crate::net::lock;
use crate::registry::Registry;
use crate::server::{Reply, Request, Server};
use crate::tls::Authority;

/// The host of the API.
pub const REGISTRY: &str = "registry-1.docker.io";
/// The host of the token server.
pub const AUTH: &str = "auth.docker.io";
/// The host of the CDN.
pub const CDN: &str = "production.cloudflare.docker.com";

/// The loopback addresses of the three.
const ADDRESSES: [Ipv4Addr; 3] =
    [Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3), Ipv4Addr::new(127, 0, 0, 4)];
/// The window of the limit, seconds.
const WINDOW: u64 = 21_600;

/// A running fake. It stops when dropped.
pub struct Hub {
    registry: Registry,
    auth: Arc<TokenServer>,
    cdn: Server,
    authority: Authority,
    rules: Arc<Rules>,
    objects: Arc<Mutex<BTreeMap<String, bytes::Bytes>>>,
}

/// Makes a [`Hub`]: see [`Hub::builder`].
#[derive(Default)]
pub struct HubBuilder {
    accounts: Vec<(String, String)>,
    limit: Option<u64>,
}

/// Who may do what, and how often.
struct Rules {
    /// Repositories, and whether they are public.
    repositories: Mutex<BTreeMap<String, bool>>,
    /// Manifests that may still be fetched; none for no limit and no headers about one.
    remaining: Option<(u64, Mutex<u64>)>,
}

impl Hub {
    /// A hub without repositories; it has no limit unless it is given one.
    pub fn builder() -> HubBuilder {
        HubBuilder::default()
    }

    /// A hub without accounts and without a limit.
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// Puts an image into a public repository: `library/nginx`.
    pub fn put(&self, repository: &str, tag: &str, image: &Image) {
        self.put_with(repository, tag, image, true);
    }

    /// Puts an image into a repository of the account that its first part names.
    pub fn put_private(&self, repository: &str, tag: &str, image: &Image) {
        self.put_with(repository, tag, image, false);
    }

    fn put_with(&self, repository: &str, tag: &str, image: &Image, public: bool) {
        lock(&self.rules.repositories).insert(repository.to_owned(), public);
        let blobs = image.blobs.iter().map(|blob| (blob.digest.hex().to_owned(), blob.bytes.clone()));
        lock(&self.objects).extend(blobs);
        self.registry.put(repository, tag, image);
    }

    /// The three names and where they are.
    pub fn hosts(&self) -> [(String, SocketAddr); 3] {
        [
            (REGISTRY.to_owned(), self.registry.address()),
            (AUTH.to_owned(), self.auth.address()),
            (CDN.to_owned(), self.cdn.address()),
        ]
    }

    /// The authority behind its certificates, PEM.
    pub fn authority_pem(&self) -> Vec<u8> {
        self.authority.pem().as_bytes().to_vec()
    }

    /// The registry: its log, its faults.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The token server: its log, its faults.
    pub fn auth(&self) -> &TokenServer {
        &self.auth
    }

    /// The CDN: its log, its faults.
    pub fn cdn(&self) -> &Server {
        &self.cdn
    }

    /// Manifests that may still be fetched in this window.
    ///
    /// # Panics
    /// Where the hub has no limit.
    pub fn remaining(&self) -> u64 {
        *lock(&self.rules.remaining.as_ref().expect("the hub was given a limit").1)
    }

    /// Leaves no manifest to be fetched in this window.
    ///
    /// # Panics
    /// Where the hub has no limit.
    pub fn use_up(&self) {
        *lock(&self.rules.remaining.as_ref().expect("the hub was given a limit").1) = 0;
    }
}

impl HubBuilder {
    /// Adds an account; the namespace of its name is its own.
    #[must_use]
    pub fn account(mut self, username: &str, password: &str) -> Self {
        self.accounts.push((username.to_owned(), password.to_owned()));
        self
    }

    /// So many manifests in six hours.
    #[must_use]
    pub fn limit(mut self, manifests: u64) -> Self {
        self.limit = Some(manifests);
        self
    }

    /// Starts the three servers.
    pub fn start(self) -> Hub {
        let authority = Authority::new();
        let tls = |name: &str| authority.for_names(&[name]);
        let rules = Arc::new(Rules {
            repositories: Mutex::default(),
            remaining: self.limit.map(|limit| (limit, Mutex::new(limit))),
        });
        let granting = Arc::clone(&rules);
        let accounts = self.accounts.iter();
        let tokens = accounts.fold(TokenServer::builder(), |it, (user, password)| it.account(user, password));
        let auth = tokens
            .service("registry.docker.io")
            .realm(&format!("https://{AUTH}/token"))
            .grant(move |account, scope| granting.grant(account, scope))
            .start_with(ADDRESSES[1], Some(&tls(AUTH)));

        let objects: Arc<Mutex<BTreeMap<String, bytes::Bytes>>> = Arc::default();
        let served = Arc::clone(&objects);
        let cdn = Server::start_with(
            ADDRESSES[2],
            Some(&tls(CDN)),
            Arc::new(move |request: &Request| object(request, &lock(&served))),
        );
        let counting = Arc::clone(&rules);
        let registry = Registry::start_with(ADDRESSES[0], Some(&tls(REGISTRY)), auth.guard(), {
            move |request, reply| counting.last_word(request, reply)
        });
        Hub { registry, auth, cdn, authority, rules, objects }
    }
}

impl Rules {
    /// What is left of a scope: public repositories may be pulled by anybody, the rest by its namespace's account.
    fn grant(&self, account: Option<&str>, scope: &str) -> Option<String> {
        let (name, actions) = scope.strip_prefix("repository:")?.rsplit_once(':')?;
        let owned = account.is_some_and(|account| name.split('/').next() == Some(account));
        if owned {
            return Some(scope.to_owned());
        }
        let public = lock(&self.repositories).get(name) == Some(&true);
        (public && actions.split(',').any(|it| it == "pull")).then(|| format!("repository:{name}:pull"))
    }

    fn last_word(&self, request: &Request, reply: Reply) -> Reply {
        if reply.status == 401 {
            return refused(request, reply);
        }
        if let (200, Some(digest)) = (reply.status, request.path.rsplit_once("/blobs/sha256:")) {
            return to_cdn(digest.1);
        }
        if !request.path.contains("/manifests/") {
            return reply;
        }
        let Some((limit, remaining)) = &self.remaining else { return reply };
        let mut remaining = lock(remaining);
        if request.method == "GET" && *remaining == 0 {
            return limited(with_limit(Reply::status(429), *limit, 0));
        }
        if request.method == "GET" && reply.status == 200 {
            *remaining -= 1;
        }
        with_limit(reply, *limit, *remaining)
    }
}

/// What the Hub says to whoever lacks a scope: to read, that an account is wanted; to write, that it is not theirs.
fn refused(request: &Request, reply: Reply) -> Reply {
    if matches!(request.method.as_str(), "GET" | "HEAD") {
        return reply;
    }
    let body = json!({ "errors": [{
        "code": "DENIED", "message": "requested access to the resource is denied",
    }] });
    reply.body(body.to_string())
}

fn with_limit(reply: Reply, limit: u64, remaining: u64) -> Reply {
    reply
        .with("ratelimit-limit", &format!("{limit};w={WINDOW}"))
        .with("ratelimit-remaining", &format!("{remaining};w={WINDOW}"))
        .with("docker-ratelimit-source", "192.0.2.7")
}

fn limited(reply: Reply) -> Reply {
    let body = json!({ "errors": [{
        "code": "TOOMANYREQUESTS",
        "message": "You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit",
    }] });
    reply.with("Content-Type", "application/json").body(body.to_string())
}

fn to_cdn(hex: &str) -> Reply {
    let start = &hex[..hex.len().min(2)];
    let path = format!("/registry-v2/docker/registry/v2/blobs/sha256/{start}/{hex}/data");
    let signed = format!("https://{CDN}{path}?expires=9999999999&signature=signed-for-{start}");
    Reply::status(307).with("Location", &signed)
}

/// As object stores do: a signed URL alone, and no authorization beside it.
fn object(request: &Request, objects: &BTreeMap<String, bytes::Bytes>) -> Reply {
    if request.header("authorization").is_some() {
        return Reply::status(400).body("Only one auth mechanism allowed");
    }
    if !request.query_values("signature").first().is_some_and(|it| it.starts_with("signed-for-")) {
        return Reply::status(403);
    }
    let hex = request.path.rsplit('/').nth(1).unwrap_or_default();
    match objects.get(hex) {
        Some(bytes) => Reply { ranged: true, ..Reply::status(200).body(bytes.clone()) },
        None => Reply::status(404),
    }
}

#[cfg(test)]
mod tests;
