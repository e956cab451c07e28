//! Blobs in motion: a range of one, a reader of one, and the proof that all of it arrived.
//!
//! Invariant: [`Verified`] is made here alone and ends cleanly only after exactly the descriptor's size and digest.

mod ahead;
mod ranges;
mod verified;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use oci::descriptor::Descriptor;
use oci::digest::Digest;

pub(crate) use ahead::ReadAhead;
pub use ranges::RangeSet;
pub use verified::Verified;
pub(crate) use verified::check;

use crate::error::{Code, Error, Result};

/// Which bytes are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange {
    /// The first.
    pub from: u64,
    /// The first that is not; none for all that follow.
    pub until: Option<u64>,
}

impl ByteRange {
    /// All of it.
    pub const WHOLE: Self = Self { from: 0, until: None };

    /// From one byte on.
    pub fn starting_at(from: u64) -> Self {
        Self { from, until: None }
    }

    /// Whether it is all of it.
    pub fn is_whole(self) -> bool {
        self == Self::WHOLE
    }

    /// The value of a Range header (RFC 9110, 14.2).
    pub fn header(self) -> String {
        match self.until {
            Some(until) => format!("bytes={}-{}", self.from, until.saturating_sub(1)),
            None => format!("bytes={}-", self.from),
        }
    }
}

/// Where chunks come from: a body of the network, a file.
pub trait ChunkSource: Send {
    /// The next bytes, none at the end.
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>>>;
    /// The exchange that brings them, if one does.
    fn exchange(&self) -> Option<u64> {
        None
    }
    /// The bytes turned out to be wrong: said where they come from, for the record.
    fn failed(&self, why: &str) {
        let _ = why;
    }
}

/// An open blob: bytes from `start` on, never more than were announced.
pub struct BlobReader {
    start: u64,
    position: u64,
    end: u64,
    source: Box<dyn ChunkSource>,
    name: Option<String>,
}

impl BlobReader {
    /// Bytes `start..end` of a blob, from `source`.
    pub fn new(start: u64, end: u64, source: impl ChunkSource + 'static) -> Self {
        Self { start, position: start, end, source: Box::new(source), name: None }
    }

    /// As the blob of this digest, which errors then name.
    #[must_use]
    pub fn named(mut self, digest: &Digest) -> Self {
        self.name = Some(format!("blob `{}`", digest.short()));
        self
    }

    /// Where it really begins: 0 where a range was asked for and ignored.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Where it ends.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// The exchange that brings it, if one does.
    pub fn exchange(&self) -> Option<u64> {
        self.source.exchange()
    }

    /// The next bytes, none at the end.
    ///
    /// # Errors
    /// [`Code::ContentMismatch`] where the source sends more than the end, [`Code::ConnectionLost`] where it ends early.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        let next = self.source.chunk().await?;
        let left = self.end - self.position;
        let name = || self.name.as_deref().unwrap_or("the blob");
        let wrong = |code, why: String, hint: &str| {
            self.source.failed(&why);
            Err(Error::new(code, why).with_hint(hint))
        };
        let Some(bytes) = next else {
            if left > 0 {
                let why = format!("{} ended {left} bytes early", name());
                return wrong(Code::ConnectionLost, why, "Try again; what has arrived is kept");
            }
            return Ok(None);
        };
        if bytes.len() as u64 > left {
            let why = format!("{} goes on beyond the {} bytes that it should have", name(), self.end);
            let hint = "The registry's copy is damaged; nothing of it was kept";
            return wrong(Code::ContentMismatch, why, hint);
        }
        self.position += bytes.len() as u64;
        Ok(Some(bytes))
    }
}

/// An answer to a range request that can't be used: the fetch begins again without ranges, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeProblem {
    /// Content-Range is missing, doubled, malformed, or for other bytes.
    #[error("the answer is not for the bytes that were asked for")]
    Wrong,
    /// A range was asked for and the whole was sent: what is there can't be added to.
    #[error("the registry ignores ranges")]
    Ignored,
    /// 416 for bytes that the descriptor says exist.
    #[error("the registry says that these bytes do not exist")]
    NotSatisfiable,
}

impl RangeProblem {
    /// The error that says so of a blob.
    pub fn error(self, blob: &Descriptor) -> Error {
        Error::new(
            Code::ProtocolViolation,
            format!("blob `{}` can't be fetched in parts", blob.digest.short()),
        )
        .with_hint("The registry or a proxy mishandles ranges; try again")
        .with_source(self)
        .at_digest(&blob.digest)
    }

    /// Whether an error was made of one.
    pub fn in_error(error: &Error) -> Option<Self> {
        std::error::Error::source(error).and_then(|source| source.downcast_ref()).copied()
    }
}

/// A file that a blob is written to, at any offset, and that remembers what it has across a restart.
pub trait RandomAccess: Send + Sync {
    /// What is there, bytes.
    fn present(&self) -> RangeSet;
    /// Writes bytes at an offset. Called from one thread at a time.
    ///
    /// # Errors
    /// Whatever the file system gives, as the store words it.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()>;
    /// Reads bytes that are there; fewer only at the end.
    ///
    /// # Errors
    /// As for writing.
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> Result<usize>;
    /// Forgets everything.
    ///
    /// # Errors
    /// As for writing.
    fn restart(&self) -> Result<()>;
}
