//! The bytes of a blob on their way to a sink that takes a stream: read, hashed, and read on where the source breaks
//! off, so that the sink notices nothing of it.
//!
//! Invariant: the last byte is given away only after all of them were hashed and are right, unless the source's copy was
//! verified before: then the sink's own check counts, and [`Content::blame`] looks at the copy where that fails.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::content::Content;
use super::proof::Proof;
use crate::blob::{BlobReader, ByteRange, ChunkSource};
use crate::error::{Code, Error, Result, Side};
use crate::job::TransferEvent;

/// Tries of the source without progress.
const TRIES: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// As much counts as progress, bytes.
const PROGRESS: u64 = 256 * 1024;

/// Bytes `at..end` of a blob.
pub struct Feed {
    content: Content,
    proof: Proof,
    at: u64,
    end: u64,
    reader: Option<BlobReader>,
    /// Read and not given away yet.
    ahead: Bytes,
    tries: u32,
    tried_at: u64,
}

impl Content {
    /// The bytes from `from` to before `end`, for a sink that takes a stream.
    pub fn feed(&self, from: u64, end: u64, proof: &Proof) -> Feed {
        let (content, proof) = (self.clone(), proof.clone());
        Feed { content, proof, at: from, end, reader: None, ahead: Bytes::new(), tries: 0, tried_at: from }
    }

    /// What proves that its feeds give the right bytes.
    pub fn proof(&self) -> Proof {
        if self.source.can_recheck() { Proof::none() } else { Proof::of(&self.descriptor) }
    }

    /// The bytes were wrong: whether the source has them from another place from now on.
    pub(crate) fn is_doubted(&self) -> bool {
        self.source.doubts(&self.descriptor)
    }

    /// A sink refused what it was given: the error that says so, or that the source's copy is damaged, where it is.
    pub(crate) async fn blame(&self, refused: Error) -> Error {
        let says_no = [Code::RegistryRefused, Code::RegistryFailed, Code::ContentMismatch];
        if !says_no.contains(&refused.code()) {
            return refused;
        }
        match self.source.recheck(&self.descriptor).await {
            Ok(()) => refused,
            Err(damaged) => damaged.on_side(Side::Source).in_place_of(refused),
        }
    }
}

impl Feed {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        let size = self.content.descriptor.size;
        while self.at < self.end {
            let Some(mut bytes) = self.read().await? else { continue };
            bytes.truncate(usize::try_from(self.end - self.at).unwrap_or(usize::MAX));
            let offset = self.at;
            self.at += bytes.len() as u64;
            self.proof.add(offset, &bytes).await;
            if self.at == size {
                self.proof.verdict().await?;
            }
            return Ok(Some(bytes));
        }
        Ok(None)
    }

    /// The next bytes of the source; none where it is to be opened, or opened again.
    async fn read(&mut self) -> Result<Option<Bytes>> {
        if !self.ahead.is_empty() {
            return Ok(Some(std::mem::take(&mut self.ahead)));
        }
        let Some(reader) = &mut self.reader else {
            return match self.open().await {
                Ok(()) => Ok(None),
                Err(error) => self.after(error).await.map(|()| None),
            };
        };
        match reader.chunk().await {
            Ok(Some(bytes)) => Ok(Some(bytes)),
            // A server may send less than was asked for: the rest is asked for in its turn.
            Ok(None) => {
                self.reader = None;
                Ok(None)
            }
            Err(error) => self.after(error).await.map(|()| None),
        }
    }

    async fn open(&mut self) -> Result<()> {
        let size = self.content.descriptor.size;
        let range = ByteRange { from: self.at, until: (self.end < size).then_some(self.end) };
        let mut reader = self.content.open(range).await?;
        let mut at = reader.start();
        // A source that ignores ranges begins again: what is known is passed over.
        while at < self.at {
            let Some(mut bytes) = reader.chunk().await? else { break };
            at += bytes.len() as u64;
            let over = usize::try_from(at.saturating_sub(self.at)).unwrap_or(usize::MAX);
            self.ahead = bytes.split_off(bytes.len().saturating_sub(over));
        }
        self.reader = Some(reader);
        Ok(())
    }

    async fn after(&mut self, error: Error) -> Result<()> {
        (self.reader, self.ahead) = (None, Bytes::new());
        let job = &self.content.job;
        let again = matches!(error.code(), Code::ConnectionLost | Code::Timeout);
        self.tries = if self.at - self.tried_at >= PROGRESS { 1 } else { self.tries + 1 };
        self.tried_at = self.at;
        if !again || self.tries >= TRIES {
            return Err(error);
        }
        let wait = FIRST_WAIT * (1 << (self.tries - 1));
        let digest = Some(self.content.descriptor.digest.clone());
        job.emit(TransferEvent::Retrying { digest, wait, why: error.message().to_owned() });
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

impl ChunkSource for Feed {
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>>> {
        Box::pin(async move { self.next().await.map_err(|error| error.on_side(Side::Source)) })
    }
}
