//! One blob on its way: opened as often as it takes, by a sink that knows how it wants it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use oci::descriptor::Descriptor;

use super::{ImageSource, Lanes};
use crate::blob::{BlobReader, ByteRange, Verified};
use crate::error::Result;
use crate::job::{Job, TransferEvent};

/// Progress of one blob is told at most this often.
const TELL_EVERY: Duration = Duration::from_millis(50);

/// A blob that a sink is to take.
pub struct Content {
    pub(super) source: Arc<dyn ImageSource>,
    pub(super) descriptor: Descriptor,
    pub(super) job: Job,
    pub(super) lanes: Lanes,
}

impl Content {
    /// A blob of `source`, moved for `job` over the connections of `lanes`.
    pub fn new(source: Arc<dyn ImageSource>, descriptor: Descriptor, job: Job, lanes: Lanes) -> Self {
        Self { source, descriptor, job, lanes }
    }

    /// What it is.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// The job that moves it.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// As one stream that verifies itself, for a sink that can't go back.
    pub async fn stream(&self) -> Result<Verified> {
        let reader = self.open(ByteRange::WHOLE).await?;
        Verified::new(self.descriptor.clone(), reader)
    }

    pub(super) async fn open(&self, range: ByteRange) -> Result<BlobReader> {
        let reader = self.source.open(&self.descriptor, range, &self.job).await?;
        Ok(reader.named(&self.descriptor.digest))
    }
}

/// Tells the job how far a blob is, not too often.
pub(super) struct Teller {
    job: Job,
    descriptor: Descriptor,
    last: Option<Instant>,
    shared: Arc<AtomicU64>,
}

impl Teller {
    pub(super) fn new(job: &Job, descriptor: &Descriptor) -> Self {
        Self { job: job.clone(), descriptor: descriptor.clone(), last: None, shared: Arc::default() }
    }

    pub(super) fn shared(&self) -> Arc<AtomicU64> {
        self.shared.clone()
    }

    pub(super) fn done(&mut self, bytes: u64) {
        self.shared.store(bytes, Ordering::Relaxed);
        let due = self.last.is_none_or(|last| last.elapsed() >= TELL_EVERY) || bytes == self.descriptor.size;
        if due {
            self.last = Some(Instant::now());
            self.job.emit(TransferEvent::Advanced { digest: self.descriptor.digest.clone(), done: bytes });
        }
    }
}
