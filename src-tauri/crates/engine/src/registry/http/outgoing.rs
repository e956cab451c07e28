//! A body that is sent as a stream: once, with its length known, and with a stall time-out of its own.
//!
//! It can't be sent again: whoever made it asks the registry how much has arrived and makes another. Deliberately
//! absent: chunked transfer encoding, which many registries and proxies refuse.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream::unfold;

use crate::blob::ChunkSource;
use crate::error::{Code, Error, Result};
use crate::exchange::ExchangeHandle;

/// Bytes are handed to the connection in pieces of this size: a slow connection must be seen to move.
const PIECE: usize = 64 * 1024;
/// What is handed over waits in the socket's buffer, which may be megabytes: sending gets this many stall times.
const SENDING: u32 = 4;
/// A registry may copy a large blob to its storage before it answers: it gets this many stall times for it.
const ANSWERING: u32 = 10;

type Observer = dyn Fn(u64) + Send + Sync;

/// A body of a known length; clones are the same body, which only the first request to take it sends.
#[derive(Clone)]
pub struct Outgoing(Arc<Inner>);

struct Inner {
    length: u64,
    source: Mutex<Option<Box<dyn ChunkSource>>>,
    /// Bytes handed to the connection.
    sent: AtomicU64,
    /// The source is waited for: it has time-outs of its own.
    reading: AtomicBool,
    failure: Mutex<Option<Error>>,
    observer: Box<Observer>,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outgoing({} of {} bytes)", self.sent(), self.length())
    }
}

/// What the connection is told where the source failed; the source's own error is kept beside it.
#[derive(Debug, thiserror::Error)]
#[error("the source of the upload failed")]
struct SourceFailed;

impl Outgoing {
    /// A body of `length` bytes from `source`, which must give exactly as many. `observer` is told how many bytes have
    /// left so far; it must be quick.
    pub fn new(
        length: u64,
        source: impl ChunkSource + 'static,
        observer: impl Fn(u64) + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            length,
            source: Mutex::new(Some(Box::new(source))),
            sent: AtomicU64::new(0),
            reading: AtomicBool::new(false),
            failure: Mutex::default(),
            observer: Box::new(observer),
        }))
    }

    /// Its length, bytes.
    pub fn length(&self) -> u64 {
        self.0.length
    }

    /// Bytes that have left so far.
    pub fn sent(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }

    /// The body for the HTTP client.
    pub(super) fn take(&self) -> Result<reqwest::Body> {
        let source = lock(&self.0.source).take();
        let source =
            source.ok_or_else(|| Error::new(Code::Internal, "a body that was sent can't be sent again"))?;
        Ok(reqwest::Body::wrap_stream(unfold((self.clone(), source, Bytes::new()), Self::piece)))
    }

    async fn piece(
        (outgoing, mut source, mut rest): (Self, Box<dyn ChunkSource>, Bytes),
    ) -> Option<(Result<Bytes, SourceFailed>, (Self, Box<dyn ChunkSource>, Bytes))> {
        while rest.is_empty() {
            outgoing.0.reading.store(true, Ordering::Relaxed);
            let chunk = source.chunk().await;
            outgoing.0.reading.store(false, Ordering::Relaxed);
            match chunk {
                Ok(Some(bytes)) => rest = bytes,
                Ok(None) => return None,
                Err(error) => {
                    lock(&outgoing.0.failure).get_or_insert(error);
                    return Some((Err(SourceFailed), (outgoing, source, rest)));
                }
            }
        }
        let piece = rest.split_to(rest.len().min(PIECE));
        let sent = outgoing.0.sent.fetch_add(piece.len() as u64, Ordering::Relaxed) + piece.len() as u64;
        (outgoing.0.observer)(sent);
        Some((Ok(piece), (outgoing, source, rest)))
    }

    /// Why the source gave no more bytes, where that is what ended the request.
    pub(super) fn failure(&self) -> Option<Error> {
        lock(&self.0.failure).take()
    }

    /// Runs a request that sends this body, and ends it where neither bytes leave nor an answer comes.
    ///
    /// # Errors
    /// [`Code::Timeout`]; what the source gave.
    pub(super) async fn watch<T>(
        &self,
        request: impl Future<Output = T>,
        stall: Duration,
        host: &str,
        exchange: &ExchangeHandle,
    ) -> Result<T> {
        let mut request = std::pin::pin!(request);
        let tick = (stall / 4).clamp(Duration::from_millis(10), Duration::from_millis(250));
        let (mut last, mut seen) = (Instant::now(), 0);
        loop {
            let ended = tokio::time::timeout(tick, &mut request).await;
            let sent = self.sent();
            if sent != seen || ended.is_ok() {
                exchange.sent(sent);
            }
            if let Ok(ended) = ended {
                return self.failure().map_or(Ok(ended), Err);
            }
            if sent != seen || self.0.reading.load(Ordering::Relaxed) {
                (last, seen) = (Instant::now(), sent);
            }
            let all = sent == self.length();
            let patience = stall * if all { ANSWERING } else { SENDING };
            if last.elapsed() >= patience {
                let what = if all { "did not answer the upload" } else { "took nothing of the upload" };
                let why = format!("`{host}` {what} for {} s", patience.as_secs());
                return Err(Error::new(Code::Timeout, why).with_hint(
                    "Check the connection, then try again; what the registry has is not sent twice",
                ));
            }
        }
    }
}

fn lock<T>(held: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    held.lock().expect("no code panics while it holds a part of a body")
}
