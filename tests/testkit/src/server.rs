//! A small HTTP/1.1 server over raw sockets, with a log and programmable faults.
//!
//! It is not built on an HTTP library because a library won't send most of what the fault matrix asks for: a body
//! that is longer or shorter than its Content-Length, two Content-Range headers, a head cut in the middle.
//! Deliberately absent: HTTP/2, trailers, pipelining.

mod exchange;
mod fault;
mod on;
mod request;
mod send;
mod stream;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;

pub use fault::Fault;
pub use on::On;
pub use request::Request;

use crate::image::Image;
use crate::net::{Listener, lock};
use crate::tls::ServerTls;

/// What a handler answers. Content-Length, Content-Range and 206 are the server's business.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Headers besides Content-Length, in order.
    pub headers: Vec<(String, String)>,
    /// The whole content, also where only a range of it was asked for.
    pub body: Bytes,
    /// Whether a `Range` header is honoured.
    pub ranged: bool,
}

impl Reply {
    /// An empty reply.
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new(), ranged: false }
    }

    /// A JSON reply.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::status(status).with("Content-Type", "application/json").body(body.to_string())
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }
}

/// One request and what became of it, as the log keeps it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The request.
    pub request: Request,
    /// Which connection it came on, from 1.
    pub connection: u64,
    /// When its head was complete.
    pub at: Instant,
    /// The status that was sent; `None` before that, and where nothing was.
    pub status: Option<u16>,
    /// Body bytes handed to the socket so far, without the framing of chunks.
    pub sent: u64,
    /// Whether the reply was sent to its intended end.
    pub done: bool,
}

pub(crate) type Handler = Arc<dyn Fn(&Request) -> Reply + Send + Sync>;

/// What the connections of a server share.
pub(crate) struct Shared {
    handler: Handler,
    faults: Mutex<Vec<on::Rule>>,
    log: Mutex<Vec<Arc<Mutex<Exchange>>>>,
    idle: Mutex<Option<Duration>>,
    connections: Mutex<u64>,
    pub(crate) scheme: &'static str,
}

/// An HTTP server on a free loopback port. It stops when dropped.
pub struct Server {
    listener: Listener,
    shared: Arc<Shared>,
}

impl Server {
    /// Starts a plain HTTP server.
    pub fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_with(Ipv4Addr::LOCALHOST, None, Arc::new(handler))
    }

    /// Starts an HTTPS server.
    pub fn start_tls(tls: &ServerTls, handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_with(Ipv4Addr::LOCALHOST, Some(tls), Arc::new(handler))
    }

    pub(crate) fn start_with(address: Ipv4Addr, tls: Option<&ServerTls>, handler: Handler) -> Self {
        let shared = Arc::new(Shared {
            handler,
            faults: Mutex::default(),
            log: Mutex::default(),
            idle: Mutex::default(),
            connections: Mutex::default(),
            scheme: if tls.is_some() { "https" } else { "http" },
        });
        let acceptor = tls.map(ServerTls::acceptor);
        let for_connections = Arc::clone(&shared);
        let listener = Listener::start_at(address, None, move |tcp, number| {
            let shared = Arc::clone(&for_connections);
            let acceptor = acceptor.clone();
            *lock(&shared.connections) = number;
            async move {
                // A failed handshake, or a connection that breaks, is the client's to report.
                if let Ok(stream) = stream::Stream::accept(tcp, acceptor).await {
                    let _ = exchange::serve(stream, number, &shared).await;
                }
            }
        });
        Self { listener, shared }
    }

    /// A server with fixed answers by path; everything else is 404. Ranges are honoured.
    pub fn of_files(files: impl IntoIterator<Item = (String, Bytes)>) -> Self {
        let files: std::collections::BTreeMap<String, Bytes> = files.into_iter().collect();
        Self::start(move |request| match files.get(&request.path) {
            Some(bytes) => Reply { ranged: true, ..Reply::status(200).body(bytes.clone()) },
            None => Reply::status(404),
        })
    }

    /// A storage server: every object of the image under `/DIGEST`, ranges honoured. Where registries redirect to.
    pub fn of_objects(image: &Image) -> Self {
        let objects = image.manifests.iter().chain(&image.blobs).chain([&image.root]);
        Self::of_files(objects.map(|object| (format!("/{}", object.digest), object.bytes.clone())))
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.listener.address().to_string()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.listener.address().port()
    }

    /// `http://127.0.0.1:PORT`, or https; no slash at the end.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.shared.scheme, self.host())
    }

    /// The origin followed by `path`.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    /// Makes requests that match `on` go wrong. Rules are asked in the order they were added, the first that is due
    /// is applied; each counts all the requests that match it.
    pub fn fault(&self, on: On, fault: Fault) {
        lock(&self.shared.faults).push(on::Rule::new(on, fault));
    }

    /// Forgets every fault.
    pub fn heal(&self) {
        lock(&self.shared.faults).clear();
    }

    /// Closes connections on which no request comes for this long, without a word about it before.
    pub fn close_idle_after(&self, idle: Duration) {
        *lock(&self.shared.idle) = Some(idle);
    }

    /// Every request so far, in the order their heads arrived.
    pub fn log(&self) -> Vec<Exchange> {
        lock(&self.shared.log).iter().map(|it| lock(it).clone()).collect()
    }

    /// The requests that match `on`, whose occurrence (`nth`, `first`, …) is left aside.
    pub fn requests(&self, on: &On) -> Vec<Exchange> {
        self.log().into_iter().filter(|it| on.matches(&it.request)).collect()
    }

    /// How many requests match `on`.
    pub fn count(&self, on: &On) -> usize {
        self.requests(on).len()
    }

    /// Body bytes sent in answer to the requests that match `on`.
    pub fn sent(&self, on: &On) -> u64 {
        self.requests(on).iter().map(|it| it.sent).sum()
    }

    /// Forgets the requests so far.
    pub fn clear_log(&self) {
        lock(&self.shared.log).clear();
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> u64 {
        *lock(&self.shared.connections)
    }

    /// Waits until `enough` says so of the log.
    ///
    /// # Panics
    /// After 10 s, with the log.
    pub async fn until(&self, enough: impl Fn(&[Exchange]) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !enough(&self.log()) {
            assert!(Instant::now() < deadline, "the log never became so:\n{}", self.transcript());
            // On our own runtime, so that a test with a paused clock waits for real.
            crate::net::spawn(tokio::time::sleep(Duration::from_millis(2))).await.expect("a sleep ends");
        }
    }

    /// The log as text, one request a line, for the messages of assertions.
    pub fn transcript(&self) -> String {
        let mut lines = Vec::new();
        for it in self.log() {
            let status = it.status.map_or("-".to_owned(), |status| status.to_string());
            let range = it.request.header("range").map_or(String::new(), |range| format!(" [{range}]"));
            let Request { method, target, .. } = &it.request;
            lines.push(format!("#{} {method} {target}{range} → {status}, {} bytes", it.connection, it.sent));
        }
        lines.join("\n")
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("origin", &self.origin()).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests;
