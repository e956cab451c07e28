//! Bytes of a file as a stream: they are read ahead, on a thread of their own, into a few buffers that come back.
//!
//! Memory that is new costs about as much as the copy into it, so nothing is allocated once the buffers go round.

use std::sync::mpsc as returns;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use super::ChunkSource;
use crate::error::Result;

/// Enough for one read to be worth its system call, little enough to be in a core's cache still when it is sent.
const CHUNK: usize = 256 * 1024;
/// Chunks that are read before anybody asks for them.
const AHEAD: usize = 2;

/// Bytes that can be read anywhere, a chunk at a time.
pub(crate) struct ReadAhead(mpsc::Receiver<Result<Bytes>>);

impl ReadAhead {
    /// Those from `at` to before `end`, as `read` puts them into a buffer from a byte on; where it has none they end. Its
    /// thread ends with the last of them, or when nobody takes any more.
    pub(crate) fn new(
        read: impl Fn(&mut [u8], u64) -> Result<usize> + Send + 'static,
        at: u64,
        end: u64,
    ) -> Self {
        let (chunks, taken) = mpsc::channel(AHEAD);
        tokio::task::spawn_blocking(move || {
            let (give_back, free) = returns::channel();
            let mut at = at;
            while at < end {
                let buffer = free.try_recv().unwrap_or_else(|_| vec![0; CHUNK]);
                let chunk = Lent::fill(buffer, &read, at, end, &give_back);
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

impl ChunkSource for ReadAhead {
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
        read: &impl Fn(&mut [u8], u64) -> Result<usize>,
        at: u64,
        end: u64,
        back: &returns::Sender<Vec<u8>>,
    ) -> Result<Bytes> {
        let want = usize::try_from(end - at).unwrap_or(usize::MAX).min(buffer.len());
        let length = read(&mut buffer[..want], at)?;
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
