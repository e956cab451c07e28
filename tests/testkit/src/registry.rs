//! A registry in this process: it serves images, logs, and goes wrong as told.
//!
//! Ping, manifests, blobs with ranges, tags and catalog with paging; pushes with sessions, chunks and mounts, in the
//! [habits](Habits) of one registry or another. Deliberately absent: deletes.
//! Everything about logging and faults is the [`Server`]'s, which a `Registry` dereferences to:
//!
//! ```
//! use testkit::image::Image;
//! use testkit::registry::Registry;
//! use testkit::server::{Fault, On};
//!
//! let image = Image::of_size(1, 10_000);
//! let registry = Registry::start();
//! registry.put("team/app", "latest", &image);
//! registry.fault(On::blobs().nth(1), Fault::new().reset_after(5_000));
//! let reference = registry.reference("team/app", "latest"); // "127.0.0.1:PORT/team/app:latest"
//! // … pull `reference` …
//! assert_eq!(registry.count(&On::blobs()), 0);
//! ```

mod upload;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::ops::Deref;
use std::sync::{Arc, Mutex};

use oci::digest::Digest;
use serde_json::json;

pub use upload::Habits;
use upload::Uploads;

use crate::auth::Guard;
use crate::image::{Image, Object};
use crate::net::lock;
use crate::server::{Reply, Request, Server};
use crate::tls::ServerTls;

#[derive(Debug, Default)]
struct Repository {
    tags: BTreeMap<String, Digest>,
    manifests: BTreeMap<Digest, Object>,
    blobs: BTreeMap<Digest, Object>,
}

type Content = BTreeMap<String, Repository>;

/// The fake registry. It stops when dropped.
#[derive(Debug)]
pub struct Registry {
    server: Server,
    content: Arc<Mutex<Content>>,
    uploads: Arc<Mutex<Uploads>>,
}

impl Registry {
    /// Open, over plain HTTP.
    pub fn start() -> Self {
        Self::start_with(Ipv4Addr::LOCALHOST, None, Guard::Open, |_, reply| reply)
    }

    /// Behind a guard, over plain HTTP.
    pub fn guarded(guard: Guard) -> Self {
        Self::start_with(Ipv4Addr::LOCALHOST, None, guard, |_, reply| reply)
    }

    /// Over HTTPS, behind a guard.
    pub fn start_tls(tls: &ServerTls, guard: Guard) -> Self {
        Self::start_with(Ipv4Addr::LOCALHOST, Some(tls), guard, |_, reply| reply)
    }

    /// At a loopback address; `last` has the last word on every reply.
    pub(crate) fn start_with(
        address: Ipv4Addr,
        tls: Option<&ServerTls>,
        guard: Guard,
        last: impl Fn(&Request, Reply) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let content = Arc::new(Mutex::new(Content::new()));
        let uploads = Arc::new(Mutex::new(Uploads::default()));
        let shared = (Arc::clone(&content), Arc::clone(&uploads));
        let handler = move |request: &Request| {
            let admitted = guard.admit(request, needed_scope(request).as_deref());
            let reply = admitted.map_or_else(
                |challenge| challenge,
                |()| route(request, &mut lock(&shared.0), &mut lock(&shared.1)),
            );
            last(request, reply)
        };
        Self { server: Server::start_with(address, tls, Arc::new(handler)), content, uploads }
    }

    /// Changes how it takes pushes.
    pub fn habits(&self, change: impl FnOnce(&mut Habits)) {
        change(&mut lock(&self.uploads).habits);
    }

    /// Uploads that were begun and neither finished nor ended.
    pub fn open_uploads(&self) -> usize {
        lock(&self.uploads).open()
    }

    /// A server of another origin for the same content, open to anybody: where uploads may be sent on to.
    pub fn storage(&self) -> Server {
        let (content, uploads) = (Arc::clone(&self.content), Arc::clone(&self.uploads));
        Server::start(move |request| route(request, &mut lock(&content), &mut lock(&uploads)))
    }

    /// What a tag stands for.
    pub fn tag(&self, repository: &str, tag: &str) -> Option<Digest> {
        lock(&self.content).get(repository)?.tags.get(tag).cloned()
    }

    /// A manifest's bytes.
    pub fn stored_manifest(&self, repository: &str, digest: &Digest) -> Option<Object> {
        lock(&self.content).get(repository)?.manifests.get(digest).cloned()
    }

    /// A blob's bytes.
    pub fn stored_blob(&self, repository: &str, digest: &Digest) -> Option<Object> {
        lock(&self.content).get(repository)?.blobs.get(digest).cloned()
    }

    /// Whether it has every object of the image, byte for byte, and the tag on it.
    pub fn has(&self, repository: &str, tag: &str, image: &Image) -> bool {
        let manifests = image.manifests.iter().chain([&image.root]);
        let same =
            |stored: Option<Object>, object: &Object| stored.is_some_and(|it| it.bytes == object.bytes);
        self.tag(repository, tag).as_ref() == Some(&image.root.digest)
            && image.blobs.iter().all(|blob| same(self.stored_blob(repository, &blob.digest), blob))
            && manifests
                .into_iter()
                .all(|it| self.stored_manifest(repository, &it.digest).as_ref() == Some(it))
    }

    /// Serves the image's objects in `repository`, its root under `tag`. A tag can be moved by putting another.
    pub fn put(&self, repository: &str, tag: &str, image: &Image) {
        self.put_untagged(repository, image);
        let mut content = lock(&self.content);
        let tags = &mut content.entry(repository.to_owned()).or_default().tags;
        tags.insert(tag.to_owned(), image.root.digest.clone());
    }

    /// Serves the image's objects in `repository`, by digest alone.
    pub fn put_untagged(&self, repository: &str, image: &Image) {
        for manifest in image.manifests.iter().chain([&image.root]) {
            self.put_manifest(repository, manifest.clone());
        }
        for blob in &image.blobs {
            self.put_blob(repository, blob.clone());
        }
    }

    /// Serves one manifest, whatever its bytes are.
    pub fn put_manifest(&self, repository: &str, manifest: Object) {
        let mut content = lock(&self.content);
        let manifests = &mut content.entry(repository.to_owned()).or_default().manifests;
        manifests.insert(manifest.digest.clone(), manifest);
    }

    /// Serves one blob, whatever its bytes are.
    pub fn put_blob(&self, repository: &str, blob: Object) {
        let mut content = lock(&self.content);
        let blobs = &mut content.entry(repository.to_owned()).or_default().blobs;
        blobs.insert(blob.digest.clone(), blob);
    }

    /// Stops serving a blob or a manifest.
    pub fn remove(&self, repository: &str, digest: &Digest) {
        if let Some(repository) = lock(&self.content).get_mut(repository) {
            repository.blobs.remove(digest);
            repository.manifests.remove(digest);
        }
    }

    /// `127.0.0.1:PORT/REPOSITORY:TAG`.
    pub fn reference(&self, repository: &str, tag: &str) -> String {
        format!("{}/{repository}:{tag}", self.host())
    }

    /// `127.0.0.1:PORT/REPOSITORY@DIGEST`.
    pub fn reference_by_digest(&self, repository: &str, digest: &Digest) -> String {
        format!("{}/{repository}@{digest}", self.host())
    }
}

/// The log, the faults and the address are the server's.
impl Deref for Registry {
    type Target = Server;
    fn deref(&self) -> &Server {
        &self.server
    }
}

/// The scope that the request needs; `None` for the ping, which any account may send.
fn needed_scope(request: &Request) -> Option<String> {
    let action = match request.method.as_str() {
        "GET" | "HEAD" => "pull",
        "DELETE" => "delete",
        _ => "push",
    };
    match Route::of(&request.path) {
        Route::Catalog => Some("registry:catalog:*".to_owned()),
        Route::Tags(name) | Route::Manifest(name, _) | Route::Blob(name, _) => {
            Some(format!("repository:{name}:{action}"))
        }
        Route::Ping | Route::Unknown => None,
    }
}

enum Route<'a> {
    Ping,
    Catalog,
    Tags(&'a str),
    Manifest(&'a str, &'a str),
    Blob(&'a str, &'a str),
    Unknown,
}

impl<'a> Route<'a> {
    fn of(path: &'a str) -> Self {
        match path {
            "/v2/" | "/v2" => return Self::Ping,
            "/v2/_catalog" => return Self::Catalog,
            _ => {}
        }
        let Some(path) = path.strip_prefix("/v2/") else { return Self::Unknown };
        if let Some(name) = path.strip_suffix("/tags/list") {
            return Self::Tags(name);
        }
        if let Some((name, selector)) = path.rsplit_once("/manifests/") {
            return Self::Manifest(name, selector);
        }
        path.rsplit_once("/blobs/").map_or(Self::Unknown, |(name, digest)| Self::Blob(name, digest))
    }
}

fn route(request: &Request, content: &mut Content, uploads: &mut Uploads) -> Reply {
    if let Route::Blob(name, rest) = Route::of(&request.path)
        && let Some(rest) = rest.strip_prefix("uploads/")
    {
        return upload::upload(request, content, uploads, name, rest);
    }
    match (Route::of(&request.path), request.method.as_str()) {
        (_, "GET" | "HEAD") => {}
        (Route::Manifest(name, selector), "PUT") => {
            return upload::manifest(request, content, &uploads.habits, name, selector);
        }
        _ => return problem(405, "UNSUPPORTED", "the operation is unsupported"),
    }
    match Route::of(&request.path) {
        Route::Ping => Reply::json(200, &json!({})).with("Docker-Distribution-Api-Version", "registry/2.0"),
        Route::Catalog => {
            let names: Vec<&str> = content.keys().map(String::as_str).collect();
            list(request, "repositories", &names, &json!({}))
        }
        Route::Tags(name) => match content.get(name) {
            Some(repository) => {
                let tags: Vec<&str> = repository.tags.keys().map(String::as_str).collect();
                list(request, "tags", &tags, &json!({ "name": name }))
            }
            None => problem(404, "NAME_UNKNOWN", "repository name not known to registry"),
        },
        Route::Manifest(name, selector) => match content.get(name) {
            Some(repository) => manifest(repository, selector),
            None => problem(404, "NAME_UNKNOWN", "repository name not known to registry"),
        },
        Route::Blob(name, digest) => match blob(content, name, digest) {
            Some(blob) => object(blob, "application/octet-stream", true),
            None => problem(404, "BLOB_UNKNOWN", "blob unknown to registry"),
        },
        Route::Unknown => Reply::status(404).with("Content-Type", "text/plain").body("404 page not found\n"),
    }
}

fn manifest(repository: &Repository, selector: &str) -> Reply {
    let digest = repository.tags.get(selector).cloned().or_else(|| selector.parse().ok());
    match digest.and_then(|digest| repository.manifests.get(&digest)) {
        Some(manifest) => object(manifest, &manifest.media_type, false),
        None => problem(404, "MANIFEST_UNKNOWN", "manifest unknown"),
    }
}

fn blob<'a>(content: &'a Content, name: &str, digest: &str) -> Option<&'a Object> {
    content.get(name)?.blobs.get(&digest.parse().ok()?)
}

fn object(object: &Object, content_type: &str, ranged: bool) -> Reply {
    let mut reply = Reply::status(200)
        .with("Content-Type", content_type)
        .with("Docker-Content-Digest", object.digest.as_str())
        .with("Etag", &format!("\"{}\"", object.digest))
        .with("Docker-Distribution-Api-Version", "registry/2.0")
        .body(object.bytes.clone());
    reply.ranged = ranged;
    if ranged { reply.with("Accept-Ranges", "bytes") } else { reply }
}

/// A list in pages, as distribution does: `n` and `last` in the query, `Link: <…>; rel="next"` while more follows.
fn list(request: &Request, member: &str, names: &[&str], rest: &serde_json::Value) -> Reply {
    let first = |name: &str| request.query_values(name).into_iter().next();
    let last = first("last").unwrap_or_default();
    let limit: Option<usize> = first("n").and_then(|n| n.parse().ok());
    let mut left = names.iter().copied().filter(|name| *name > last.as_str());
    let page: Vec<&str> = left.by_ref().take(limit.unwrap_or(usize::MAX)).collect();
    let mut body = rest.clone();
    body[member] = json!(page);
    let reply = Reply::json(200, &body);
    match (left.next(), page.last(), limit) {
        (Some(_), Some(last), Some(limit)) => {
            reply.with("Link", &format!("<{}?last={last}&n={limit}>; rel=\"next\"", request.path))
        }
        _ => reply,
    }
}

fn problem(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({ "errors": [{ "code": code, "message": message }] }))
}

#[cfg(test)]
mod tests;
