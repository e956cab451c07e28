//! A job: what can be watched, paused and cancelled while bytes move.
//!
//! The events are progress alone; the outcome is what the function that runs the job returns. Deliberately absent:
//! queues and persistence (the faces keep those) and any coalescing (the observer does that at its own rate).

mod reading;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::name::RepositoryName;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(crate) use reading::Reading;

use crate::error::{Error, Result};

/// What an object is to an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// An index or an image manifest.
    Manifest,
    /// An image's config.
    Config,
    /// A layer, or any other blob that a manifest lists.
    Layer,
}

/// One blob of a plan.
#[derive(Clone, Debug)]
pub struct PlannedBlob {
    /// What it is.
    pub descriptor: Descriptor,
    /// Config or layer.
    pub kind: NodeKind,
    /// Whether the sink has it already.
    pub present: bool,
    /// Bytes that an earlier, interrupted transfer left, of those to move.
    pub resumed: u64,
}

/// How one object ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The sink had it.
    Exists,
    /// The registry took it over from another repository of its own; no byte was moved.
    Mounted {
        /// Which repository.
        from: RepositoryName,
    },
    /// It was moved and verified.
    Complete,
}

/// What happens in a transfer, in order for each object; objects interleave.
#[derive(Clone, Debug)]
pub enum TransferEvent {
    /// A file is read before it is known what there is to move. Said again and again, as it goes on.
    Reading {
        /// Bytes of the file that were read.
        done: u64,
        /// Bytes of all of it.
        total: u64,
    },
    /// The name was resolved: the root's descriptor.
    Resolved {
        /// The root.
        root: Box<Descriptor>,
    },
    /// The blobs are known, none of them was asked for yet: `present` and `resumed` say nothing so far.
    Preparing {
        /// Every blob once, in the manifest's order.
        blobs: Vec<PlannedBlob>,
    },
    /// Everything that the transfer will do; totals are exact from here on. All tags: once for each.
    Planned {
        /// Every blob once, in the manifest's order.
        blobs: Vec<PlannedBlob>,
        /// Bytes of all blobs.
        total: u64,
        /// Bytes of those that are there already.
        skipped: u64,
    },
    /// Bytes of one object that are safe at the sink so far, absolute.
    Advanced {
        /// Which.
        digest: Digest,
        /// Bytes.
        done: u64,
    },
    /// A request will be tried again.
    Retrying {
        /// The object, where it is for one.
        digest: Option<Digest>,
        /// How long it waits.
        wait: Duration,
        /// What failed.
        why: String,
    },
    /// All bytes are there; the digest is being checked.
    Verifying {
        /// Which.
        digest: Digest,
    },
    /// One object is done.
    Settled {
        /// Which.
        digest: Digest,
        /// How.
        settlement: Settlement,
    },
    /// Something worth saying that is no failure.
    Warned {
        /// A sentence.
        message: String,
    },
    /// Moving stopped on request; connections are released.
    Paused,
    /// Moving goes on.
    Resumed,
}

type Observer = dyn Fn(TransferEvent) + Send + Sync;

/// A handle on one job; clones are the same job.
#[derive(Clone)]
pub struct Job(Arc<Inner>);

struct Inner {
    id: u64,
    cancel: CancellationToken,
    paused: watch::Sender<bool>,
    observer: Option<Box<Observer>>,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

impl Job {
    /// A job whose events go to `observer`, which must be quick: it runs where the bytes move.
    pub fn new(observer: impl Fn(TransferEvent) + Send + Sync + 'static) -> Self {
        Self::of(Some(Box::new(observer)))
    }

    /// A job that nobody watches.
    pub fn silent() -> Self {
        Self::of(None)
    }

    fn of(observer: Option<Box<Observer>>) -> Self {
        Self(Arc::new(Inner {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            cancel: CancellationToken::new(),
            paused: watch::Sender::new(false),
            observer,
        }))
    }

    /// Whether somebody is told what happens.
    pub fn is_watched(&self) -> bool {
        self.0.observer.is_some()
    }

    /// Unique in the process, ascending.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// Stops it: what runs returns [`crate::error::Code::Cancelled`] within a second, partial downloads stay.
    pub fn cancel(&self) {
        self.0.cancel.cancel();
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancel.is_cancelled()
    }

    /// Waits until it is cancelled.
    pub async fn cancelled(&self) {
        self.0.cancel.cancelled().await;
    }

    /// Stops moving bytes and lets go of the connections, until [`Job::resume`].
    pub fn pause(&self) {
        if !self.0.paused.send_replace(true) {
            self.emit(TransferEvent::Paused);
        }
    }

    /// Goes on from where [`Job::pause`] stopped it.
    pub fn resume(&self) {
        if self.0.paused.send_replace(false) {
            self.emit(TransferEvent::Resumed);
        }
    }

    /// Whether it is paused.
    pub fn is_paused(&self) -> bool {
        *self.0.paused.borrow()
    }

    /// Waits until it is paused.
    pub async fn paused(&self) {
        // The sender lives in self, so waiting ends only by the condition.
        let _ = self.0.paused.subscribe().wait_for(|paused| *paused).await;
    }

    /// Passes at once, waits while the job is paused, fails once it is cancelled.
    pub async fn checkpoint(&self) -> Result<()> {
        if self.is_paused() {
            let mut paused = self.0.paused.subscribe();
            tokio::select! {
                _ = paused.wait_for(|paused| !*paused) => {}
                () = self.cancelled() => {}
            }
        }
        if self.is_cancelled() { Err(Error::cancelled()) } else { Ok(()) }
    }

    /// Runs `work` unless the job is cancelled first.
    pub async fn run<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            () = self.cancelled() => Err(Error::cancelled()),
            result = work => result,
        }
    }

    /// As [`Job::run`], for work that may be of no job.
    pub async fn run_if_any<T>(job: Option<&Self>, work: impl Future<Output = Result<T>>) -> Result<T> {
        match job {
            Some(job) => job.run(work).await,
            None => work.await,
        }
    }

    /// Tells the observer.
    pub fn emit(&self, event: TransferEvent) {
        if let Some(observer) = &self.0.observer {
            observer(event);
        }
    }
}
