//! Listening, serving, stopping.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use engine::store::{ContentStore, Lease};
use engine::{Code, Error, Result};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::repositories::Repositories;
use crate::respond::{Registry, Shared, respond};

/// A client that sends its request's head slower than this is gone or means harm.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long [`RegistryServer::stop`] waits for answers that are under way.
const STOP_PATIENCE: Duration = Duration::from_secs(2);
/// What the connection reads at once when a body is large.
const READ_BUFFER: usize = 512 * 1024;

/// How a registry is served.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; loopback only. Port 0 is any free port.
    pub address: SocketAddr,
    /// Refuse pushes and deletes.
    pub read_only: bool,
}

impl Default for Options {
    /// Any free port of 127.0.0.1, writable.
    fn default() -> Self {
        Self { address: (Ipv4Addr::LOCALHOST, 0).into(), read_only: false }
    }
}

/// A registry that is being served. It stops when this is stopped or dropped.
#[derive(Debug)]
pub struct RegistryServer {
    address: SocketAddr,
    store: ContentStore,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl RegistryServer {
    /// Serves `store`, from within a tokio runtime. While it is served the store is leased: nothing that is being
    /// uploaded is garbage.
    ///
    /// Fails with [`Code::ConfigInvalid`] for an address that is not loopback or is taken.
    pub async fn start(store: ContentStore, options: Options) -> Result<Self> {
        let address = options.address;
        if !address.ip().is_loopback() {
            let message = format!("`{address}` is not a loopback address");
            return Err(Error::new(Code::ConfigInvalid, message).with_hint(
                "The registry has no accounts and no TLS: it is for this computer only. Use 127.0.0.1",
            ));
        }
        let listener = TcpListener::bind(address).await.map_err(|error| {
            Error::new(Code::ConfigInvalid, format!("could not listen on `{address}`"))
                .with_hint("Another program has the port: choose another one")
                .with_source(error)
        })?;
        let bound = listener.local_addr();
        let address =
            bound.map_err(|error| Error::new(Code::Internal, "the port is not known").with_source(error))?;

        let leased = store.clone();
        let lease = tokio::task::spawn_blocking(move || leased.lease()).await;
        let lease = lease
            .map_err(|error| Error::new(Code::Internal, "taking the lease failed").with_source(error))??;
        let registry = Arc::new(Registry {
            repositories: Repositories::new(store.clone()),
            uploads: crate::upload::Uploads::default(),
            read_only: options.read_only,
        });
        let stop = CancellationToken::new();
        let serving = tokio::spawn(serve(listener, registry, lease, stop.clone()));
        Ok(Self { address, store, stop, serving })
    }

    /// Where it listens, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The store that it serves.
    pub fn store(&self) -> &ContentStore {
        &self.store
    }

    /// Takes no new requests, lets those under way end for up to two seconds, and closes.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let _ = (&mut self.serving).await;
    }
}

impl Drop for RegistryServer {
    fn drop(&mut self) {
        // Its connections are tasks of its own set, and end with it.
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, registry: Shared, _lease: Lease, stop: CancellationToken) {
    let router = Router::new().fallback(respond).with_state(registry);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, router.clone(), stop.clone()));
                }
                // Too many open files, or a client that is gone already: neither is helped by a busy loop.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
    drop(listener);
    let _ =
        tokio::time::timeout(STOP_PATIENCE, async { while connections.join_next().await.is_some() {} }).await;
}

async fn connection(stream: TcpStream, router: Router, stop: CancellationToken) {
    // An answer's last bytes must not wait for an acknowledgement.
    let _ = stream.set_nodelay(true);
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(READ_BUFFER)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(serving);
    tokio::select! {
        _ = &mut serving => return,
        () = stop.cancelled() => serving.as_mut().graceful_shutdown(),
    }
    // A broken connection is its client's business.
    let _ = serving.await;
}
