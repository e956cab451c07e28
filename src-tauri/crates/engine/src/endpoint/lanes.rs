//! The connections that one transfer may have open to its source, shared by its blobs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A bounded number of connections: every blob under way has one, and what is left over may speed up a large one.
#[derive(Clone)]
pub struct Lanes {
    free: Arc<Semaphore>,
    all: usize,
    sent: Arc<AtomicU64>,
}

/// A connection that may be open.
pub struct Lane(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

impl Lanes {
    /// So many connections at once.
    pub fn new(all: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(all)), all, sent: Arc::default() }
    }

    /// Waits for a connection.
    pub async fn take(&self) -> Lane {
        let permit = self.free.clone().acquire_owned().await;
        Lane(permit.expect("the semaphore is never closed"))
    }

    /// A connection that no blob waits for.
    pub fn spare(&self) -> Option<Lane> {
        self.free.clone().try_acquire_owned().ok().map(Lane)
    }

    /// So many more bytes went out.
    pub(super) fn count(&self, bytes: u64) {
        self.sent.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes of all blobs that went out so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// How many there are in all.
    pub fn all(&self) -> usize {
        self.all
    }
}
