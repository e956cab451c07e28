//! A blob that proves itself while it is read.

use bytes::Bytes;
use oci::descriptor::Descriptor;
use oci::digest::Hasher;

use super::BlobReader;
use crate::error::{Code, Error, Result};

/// A whole blob whose end is clean only if size and digest are the descriptor's. A sink commits only after that end.
pub struct Verified {
    descriptor: Descriptor,
    reader: BlobReader,
    hasher: Option<Hasher>,
    seen: u64,
}

impl Verified {
    /// Of a reader that begins at 0.
    ///
    /// # Errors
    /// [`Code::Internal`] where it begins elsewhere.
    pub fn new(descriptor: Descriptor, reader: BlobReader) -> Result<Self> {
        if reader.start() != 0 {
            return Err(Error::new(Code::Internal, "a blob can be verified only from its beginning"));
        }
        let hasher = Some(Hasher::new(descriptor.digest.algorithm()));
        Ok(Self { descriptor, reader, hasher, seen: 0 })
    }

    /// What it is to be.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// The next bytes; none after a clean end.
    ///
    /// # Errors
    /// [`Code::ContentMismatch`] in place of the end where size or digest differ, and as [`BlobReader::chunk`].
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        let Some(bytes) = self.reader.chunk().await? else {
            if let Some(hasher) = self.hasher.take() {
                check(&self.descriptor, self.seen, hasher)?;
            }
            return Ok(None);
        };
        self.seen += bytes.len() as u64;
        if self.seen > self.descriptor.size {
            return Err(mismatch(&self.descriptor, "it is longer than its descriptor says"));
        }
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&bytes);
        }
        Ok(Some(bytes))
    }
}

/// Compares what was hashed with the descriptor.
pub(crate) fn check(descriptor: &Descriptor, size: u64, hasher: Hasher) -> Result<()> {
    if size != descriptor.size {
        return Err(mismatch(
            descriptor,
            &format!("it has {size} bytes, its descriptor says {}", descriptor.size),
        ));
    }
    let digest = hasher.finish();
    if digest != descriptor.digest {
        return Err(mismatch(descriptor, &format!("it hashes to `{digest}`")));
    }
    Ok(())
}

fn mismatch(descriptor: &Descriptor, why: &str) -> Error {
    Error::new(
        Code::ContentMismatch,
        format!("blob `{}` is not what its digest says: {why}", descriptor.digest),
    )
    .with_hint("The registry's copy, or a proxy on the way, is damaged; nothing of it was kept")
    .at_digest(&descriptor.digest)
}
