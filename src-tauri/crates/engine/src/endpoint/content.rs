//! One blob on its way: opened as often as it takes, by a sink that knows how it wants it.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use oci::descriptor::{Descriptor, InlineMismatch};

use super::{ImageSource, Lanes, Spare};
use crate::blob::{BlobReader, ByteRange, ChunkSource, Verified};
use crate::error::{Code, Error, Result};
use crate::job::{Job, TransferEvent};

/// Progress of one blob is told at most this often.
const TELL_EVERY: Duration = Duration::from_millis(50);

/// A blob that a sink is to take; clones are the same blob.
#[derive(Clone)]
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

    /// Tells how far it is on its way out, and counts that for the transfer.
    pub(crate) fn teller(&self) -> Teller {
        Teller { lanes: Some(self.lanes.clone()), ..Teller::new(&self.job, &self.descriptor) }
    }

    /// As one stream that verifies itself, for a sink that can't go back.
    pub async fn stream(&self) -> Result<Verified> {
        let reader = self.open(ByteRange::WHOLE).await?;
        Verified::new(self.descriptor.clone(), reader)
    }

    /// The temporary file of the source that has it, where there is one.
    pub(crate) fn spare(&self) -> Option<Spare> {
        self.source.spare(&self.descriptor)
    }

    /// The file that it is, where its source has it as one and need not prove it.
    pub(crate) fn file(&self) -> Option<File> {
        if self.source.can_recheck() { self.source.file(&self.descriptor) } else { None }
    }

    pub(super) async fn open(&self, range: ByteRange) -> Result<BlobReader> {
        if let Some(data) = self.descriptor.inline().map_err(|mismatch| inline_mismatch(&mismatch))? {
            return Ok(BlobReader::new(0, self.descriptor.size, Inline(Some(Bytes::copy_from_slice(data)))));
        }
        let reader = self.source.open(&self.descriptor, range, &self.job).await?;
        Ok(reader.named(&self.descriptor.digest))
    }
}

/// A blob that travels inside its descriptor (image-spec, descriptor `data`).
struct Inline(Option<Bytes>);

impl ChunkSource for Inline {
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>>> {
        let bytes = self.0.take();
        Box::pin(async move { Ok(bytes) })
    }
}

fn inline_mismatch(mismatch: &InlineMismatch) -> Error {
    Error::new(Code::ContentMismatch, mismatch.to_string())
        .with_hint("The manifest was put together wrongly; ask whoever pushed it")
        .at_digest(&mismatch.digest)
}

/// Tells the job how far a blob is, not too often.
pub(crate) struct Teller {
    job: Job,
    descriptor: Descriptor,
    last: Option<Instant>,
    shared: Arc<AtomicU64>,
    /// Counted along with it, for all blobs of a transfer.
    lanes: Option<Lanes>,
}

impl Teller {
    pub(crate) fn new(job: &Job, descriptor: &Descriptor) -> Self {
        Self {
            job: job.clone(),
            descriptor: descriptor.clone(),
            last: None,
            shared: Arc::default(),
            lanes: None,
        }
    }

    pub(super) fn shared(&self) -> Arc<AtomicU64> {
        self.shared.clone()
    }

    pub(crate) fn done(&mut self, bytes: u64) {
        let before = self.shared.swap(bytes, Ordering::Relaxed);
        if let Some(lanes) = &self.lanes {
            lanes.count(bytes.saturating_sub(before));
        }
        let due = self.last.is_none_or(|last| last.elapsed() >= TELL_EVERY) || bytes == self.descriptor.size;
        if due {
            self.last = Some(Instant::now());
            self.job.emit(TransferEvent::Advanced { digest: self.descriptor.digest.clone(), done: bytes });
        }
    }
}
