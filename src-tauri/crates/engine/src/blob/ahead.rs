//! A committed blob as a stream: its file is read ahead, on a thread of its own, into a few buffers that come back.
//!
//! Memory that is new costs about as much as the copy into it, so nothing is allocated once the buffers go round.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::mpsc as returns;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use crate::blob::ChunkSource;
use crate::error::{Code, Error, Result};

/// Enough for one read to be worth its system call, little enough to be in a core's cache still when it is sent.
const CHUNK: usize = 256 * 1024;
/// Chunks that are read before anybody asks for them.
const AHEAD: usize = 2;

/// Bytes of a blob's file, a chunk at a time.
pub(super) struct FileChunks(mpsc::Receiver<Result<Bytes>>);

impl FileChunks {
    /// Those from `at` to before `end`. Its thread ends with the last of them, or when nobody takes any more.
    pub(super) fn read(file: File, at: u64, end: u64) -> Self {
        let (chunks, taken) = mpsc::channel(AHEAD);
        tokio::task::spawn_blocking(move || {
            let (give_back, free) = returns::channel();
            let mut at = at;
            while at < end {
                let buffer = free.try_recv().unwrap_or_else(|_| vec![0; CHUNK]);
                let chunk = Lent::fill(buffer, &file, at, end, &give_back);
                let length = chunk.as_ref().map_or(0, Bytes::len);
                if chunks.blocking_send(chunk).is_err() || length == 0 {
                    return;
                }
                at += length as u64;
            }
        });
        Self(taken)
    }
}

impl ChunkSource for FileChunks {
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>>> {
        Box::pin(async move { self.0.recv().await.transpose() })
    }
}

/// A buffer on its way, which comes back when its bytes are no longer needed.
struct Lent {
    buffer: Vec<u8>,
    length: usize,
    back: returns::Sender<Vec<u8>>,
}

impl Lent {
    fn fill(
        mut buffer: Vec<u8>,
        file: &File,
        at: u64,
        end: u64,
        back: &returns::Sender<Vec<u8>>,
    ) -> Result<Bytes> {
        let want = usize::try_from(end - at).unwrap_or(usize::MAX).min(buffer.len());
        let length = file.read_at(&mut buffer[..want], at).map_err(|error| {
            Error::new(Code::StoreFailed, "a blob of the store can't be read").with_source(error)
        })?;
        Ok(Bytes::from_owner(Self { buffer, length, back: back.clone() }))
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.buffer[..self.length]
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // Where reading is over, nobody wants it back.
        let _ = self.back.send(std::mem::take(&mut self.buffer));
    }
}
