//! The proof that what goes out is what its digest says: hashed on a thread of its own, beside the sending; or left to the
//! registry, which hashes all that it gets, where the source was verified before and can be looked at again.
//!
//! Bytes may come more than once, where an upload was resumed: what was hashed already is passed over.

use std::sync::Arc;

use bytes::Bytes;
use oci::descriptor::Descriptor;
use oci::digest::Hasher;
use tokio::sync::{mpsc, watch};

use crate::blob::check;
use crate::error::{Code, Error, Result};

/// Chunks that wait to be hashed.
const DEPTH: usize = 4;

struct Piece {
    offset: u64,
    bytes: Bytes,
}

type Verdict = Option<Result<(), Arc<Error>>>;

/// What proves a blob on its way; clones are the same proof.
#[derive(Clone)]
pub struct Proof(Option<Hashing>);

#[derive(Clone)]
struct Hashing {
    pieces: mpsc::Sender<Piece>,
    verdict: watch::Receiver<Verdict>,
}

impl Proof {
    /// None here: whoever takes the bytes finds out by itself whether they are right.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Begins to hash. Its thread ends with the blob's last byte, or with the last clone.
    pub fn of(blob: &Descriptor) -> Self {
        let (pieces, mut waiting) = mpsc::channel::<Piece>(DEPTH);
        let (tell, verdict) = watch::channel(None);
        let blob = blob.clone();
        tokio::task::spawn_blocking(move || {
            let mut hasher = Hasher::new(blob.digest.algorithm());
            let mut hashed = 0;
            while hashed < blob.size {
                let Some(Piece { offset, mut bytes }) = waiting.blocking_recv() else { return };
                // Never a gap: a body begins where the one before it had got to, or earlier.
                let known = usize::try_from(hashed.saturating_sub(offset)).unwrap_or(usize::MAX);
                if offset > hashed || known >= bytes.len() {
                    continue;
                }
                let fresh = bytes.split_off(known);
                hasher.update(&fresh);
                hashed += fresh.len() as u64;
            }
            tell.send_replace(Some(check(&blob, hashed, hasher).map_err(Arc::new)));
        });
        Self(Some(Hashing { pieces, verdict }))
    }

    /// Takes the bytes of the blob that begin at `offset`.
    pub(super) async fn add(&self, offset: u64, bytes: &Bytes) {
        let Some(hashing) = &self.0 else { return };
        // Whoever hashes stops after the last byte: what comes again is of no interest then.
        let _ = hashing.pieces.send(Piece { offset, bytes: bytes.clone() }).await;
    }

    /// Waits until the whole blob is hashed, where it is; at once for one of no bytes.
    ///
    /// # Errors
    /// [`Code::ContentMismatch`].
    pub(crate) async fn verdict(&self) -> Result<()> {
        let Some(hashing) = &self.0 else { return Ok(()) };
        let mut verdict = hashing.verdict.clone();
        let known = verdict.wait_for(Option::is_some).await;
        match known.as_deref() {
            Ok(Some(Ok(()))) => Ok(()),
            Ok(Some(Err(error))) => Err(error.copy()),
            _ => Err(Error::new(Code::Internal, "a blob was not hashed to its end")),
        }
    }
}
