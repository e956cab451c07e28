//! A TCP proxy that counts bytes and connections, and cuts, stalls, throttles or delays them.
//!
//! "Down" is from the server to the client: what a pull receives. Counts are of bytes that have been read from the
//! one side and passed on to the other's kernel.

mod pump;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use crate::net::{Listener, lock};

/// What has been counted and not yet arrived, in bytes at most: a client that goes away loses it, and what it then
/// fetches again is the client's doing, not the proxy's.
const SEND_BUFFER: u32 = 64 * 1024;

/// What happens when so many bytes have gone down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The client's side is reset, once exactly that many bytes have arrived there.
    Reset,
    /// The client's side ends with FIN.
    End,
    /// Nothing more comes, and nothing ends. [`Proxy::heal`] lets it go on.
    Stall,
}

/// At which byte connections are cut.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    at: u64,
    cut: Cut,
    whole: bool,
    once: bool,
}

impl Limit {
    /// Each connection, after `at` bytes down it.
    pub fn each(at: u64, cut: Cut) -> Self {
        Self { at, cut, whole: false, once: false }
    }

    /// Whichever connection carries the byte `at` of all that goes down through the proxy, counted from its start;
    /// those open then stall or end as they next receive something.
    pub fn total(at: u64, cut: Cut) -> Self {
        Self { at, cut, whole: true, once: false }
    }

    /// Forgotten after it has cut one connection.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }
}

/// Rate and latency of every connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Link {
    /// Bytes a second, each way, for each connection on its own; `None` for as fast as it goes.
    pub rate: Option<u64>,
    /// How long a round trip takes beyond the machine's own; half of it is added each way. Opening a connection costs
    /// no round trip, since the kernel accepts it.
    pub round_trip: Duration,
}

impl Link {
    /// The "far" link of the benchmark: 60 MB/s per connection, 20 ms round trip.
    pub fn far() -> Self {
        Self { rate: Some(60_000_000), round_trip: Duration::from_millis(20) }
    }
}

/// State that all connections of a proxy share.
#[derive(Default)]
pub(crate) struct Shared {
    limit: Mutex<Option<Limit>>,
    /// How often the proxy was healed; those that stall wait for the next time. Changed under the limit's lock.
    heals: tokio::sync::watch::Sender<u64>,
    up: AtomicU64,
    down: AtomicU64,
    opened: AtomicU64,
    open: AtomicU64,
    most_open: AtomicU64,
    cuts: AtomicU64,
}

/// A proxy on a free loopback port. It stops when dropped.
pub struct Proxy {
    listener: Listener,
    shared: Arc<Shared>,
}

impl Proxy {
    /// A proxy in front of `host:port` that only counts.
    pub fn start(target: &str) -> Self {
        Self::with_link(target, Link::default())
    }

    /// A proxy whose connections have this rate and latency.
    ///
    /// # Panics
    /// Where `target` is no `address:port`.
    pub fn with_link(target: &str, link: Link) -> Self {
        let target: SocketAddr = target.parse().expect("a proxy's target is an address and a port");
        let shared = Arc::new(Shared::default());
        let for_connections = Arc::clone(&shared);
        let listener = Listener::start_at(Ipv4Addr::LOCALHOST, Some(SEND_BUFFER), move |client, _| {
            let shared = Arc::clone(&for_connections);
            async move {
                shared.opened.fetch_add(1, SeqCst);
                let _counted = Open::count(&shared);
                // A server that refuses shows as a connection that ends at once.
                if let Ok(server) = TcpStream::connect(target).await {
                    let _ = server.set_nodelay(true);
                    pump::run(client, server, link, &shared).await;
                }
            }
        });
        Self { listener, shared }
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.listener.address().to_string()
    }

    /// Sets the limit, in place of any before. Connections that are open obey it too; those that stall go on stalling.
    pub fn limit(&self, limit: Limit) {
        *lock(&self.shared.limit) = Some(limit);
    }

    /// Takes the limit away; what stalls goes on.
    pub fn heal(&self) {
        let mut limit = lock(&self.shared.limit);
        *limit = None;
        self.shared.heals.send_modify(|heals| *heals += 1);
    }

    /// Bytes that went down, to the client.
    pub fn down(&self) -> u64 {
        self.shared.down.load(SeqCst)
    }

    /// Bytes that went up, to the server.
    pub fn up(&self) -> u64 {
        self.shared.up.load(SeqCst)
    }

    /// Connections opened so far.
    pub fn connections(&self) -> u64 {
        self.shared.opened.load(SeqCst)
    }

    /// Connections open now.
    pub fn open(&self) -> u64 {
        self.shared.open.load(SeqCst)
    }

    /// The most connections that were open at once.
    pub fn most_open(&self) -> u64 {
        self.shared.most_open.load(SeqCst)
    }

    /// Connections that the limit has cut.
    pub fn cuts(&self) -> u64 {
        self.shared.cuts.load(SeqCst)
    }

    /// Blocks until `bytes` have gone down.
    ///
    /// # Panics
    /// After `patience`.
    pub fn wait_down(&self, bytes: u64, patience: Duration) {
        let deadline = Instant::now() + patience;
        while self.down() < bytes {
            assert!(Instant::now() < deadline, "{} of {bytes} bytes came through the proxy", self.down());
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy")
            .field("host", &self.host())
            .field("down", &self.down())
            .finish_non_exhaustive()
    }
}

/// Counts a connection as open while it lives.
struct Open<'a>(&'a Shared);

impl<'a> Open<'a> {
    fn count(shared: &'a Shared) -> Self {
        let now = shared.open.fetch_add(1, SeqCst) + 1;
        shared.most_open.fetch_max(now, SeqCst);
        Self(shared)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, SeqCst);
    }
}

#[cfg(test)]
mod tests;
