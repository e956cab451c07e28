//! The two ends of a transfer: where images come from and where they go.
//!
//! A source and a sink know nothing of one another; `transfer` brings them together.

mod content;
mod feed;
mod fill;
mod lanes;
mod mounts;
mod proof;

use std::fs::File;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::name::RepositoryName;
use oci::reference::Reference;

pub use content::Content;
pub(crate) use content::Teller;
pub use feed::Feed;
pub(crate) use fill::Tempo;
pub use lanes::Lanes;
pub use mounts::Mounts;
pub use proof::Proof;

use crate::blob::{BlobReader, ByteRange};
use crate::error::Result;
use crate::job::Job;

/// What is wanted of a source.
#[derive(Clone, Debug)]
pub enum Target {
    /// What a name points to.
    Named(Reference),
    /// This very object.
    Exact(Digest),
    /// The only image that there is.
    Sole,
}

/// A manifest or an index as bytes that hashed right.
#[derive(Clone, Debug)]
pub struct Document {
    /// Media type, digest and size.
    pub descriptor: Descriptor,
    /// The bytes, exactly as received.
    pub bytes: Bytes,
}

/// Where images come from. Every method may be called any number of times and in parallel.
#[async_trait]
pub trait ImageSource: Send + Sync {
    /// Finds the root of an image and its bytes.
    async fn resolve(&self, target: &Target, job: &Job) -> Result<Document>;
    /// A manifest or an index by its descriptor: bytes whose digest and size were checked.
    async fn document(&self, descriptor: &Descriptor, job: &Job) -> Result<Document>;
    /// Opens a blob at a byte. The reader says where it really begins; nothing is verified yet.
    async fn open(&self, blob: &Descriptor, range: ByteRange, job: &Job) -> Result<BlobReader>;
    /// The blob that it gave hashed wrong, although it came in one piece. Whether it gives it from another place now, so
    /// that it is worth asking again.
    fn doubts(&self, blob: &Descriptor) -> bool {
        let _ = blob;
        false
    }
    /// Whether its copies were verified when they came in, and can be hashed again at any time. Then they are not hashed on
    /// the way to a registry, which proves every blob itself; where that refuses one, [`ImageSource::recheck`] says whether
    /// the copy here is to blame.
    fn can_recheck(&self) -> bool {
        false
    }
    /// Hashes its copy of a blob once more.
    ///
    /// # Errors
    /// One that names the blob, where the copy is not what its digest says.
    async fn recheck(&self, blob: &Descriptor) -> Result<()> {
        let _ = blob;
        Ok(())
    }
    /// The temporary file that a blob is in, where it is in one.
    fn spare(&self, blob: &Descriptor) -> Option<Spare> {
        let _ = blob;
        None
    }
    /// The file that a blob is, whole, where [`ImageSource::can_recheck`] holds and its copy is one. Blocks for an opening.
    fn file(&self, blob: &Descriptor) -> Option<File> {
        let _ = blob;
        None
    }
    /// The repository that blobs can be mounted from, where the source is a registry.
    fn repository(&self) -> Option<&RepositoryName>;
    /// Whether it has a manifest or an index with everything that it needs, as far as can be told without asking far:
    /// a registry is taken at its word, a store may have only some platforms of an index.
    async fn holds(&self, descriptor: &Descriptor) -> Result<bool> {
        let _ = descriptor;
        Ok(true)
    }
}

/// A temporary file with a blob's bytes and no others, which were hashed while they were written. Whoever renames it has the
/// blob; else it goes with its source.
#[derive(Clone)]
pub struct Spare {
    /// The file, open.
    pub file: Arc<File>,
    /// Where it is.
    pub path: PathBuf,
}

/// What a sink says of a blob before it is moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is wanted; `have` bytes of it are there from an earlier transfer.
    Wanted {
        /// Bytes.
        have: u64,
    },
    /// It is there, whole.
    Present,
    /// The registry took it over from another repository of its own.
    Mounted {
        /// Which repository.
        from: RepositoryName,
    },
}

/// Where images go. Blobs come in any order and in parallel, then manifests, children first, then the root with its
/// name. Every method may be called in parallel, except that `prepare` comes first and `publish` or `abandon` last.
#[async_trait]
pub trait ImageSink: Send + Sync {
    /// Looks at what is there under the name, before anything is moved.
    async fn prepare(&self, name: Option<&Reference>, job: &Job) -> Result<()> {
        let _ = (name, job);
        Ok(())
    }
    /// Whether blobs like this one are to be moved at all; what is not is told.
    fn takes(&self, blob: &Descriptor) -> bool {
        let _ = blob;
        true
    }
    /// Whether a blob is wanted; `mount_from` names repositories that may have it. May be asked again for the same blob.
    async fn admit(&self, blob: &Descriptor, mount_from: &[RepositoryName], job: &Job) -> Result<Admission>;
    /// Takes a blob. Only what verified itself becomes visible; what arrived of a failed one may be kept for later.
    async fn write(&self, content: &Content) -> Result<()>;
    /// Whether a manifest or an index is there, so that an index may list it although the source can't give it.
    async fn has_document(&self, descriptor: &Descriptor, job: &Job) -> Result<bool> {
        let _ = (descriptor, job);
        Ok(false)
    }
    /// Takes a manifest or an index below the root: always written, so that an interrupted transfer heals.
    async fn document(&self, document: &Document, job: &Job) -> Result<()>;
    /// Takes the root and makes it visible under the name, or by its digest alone; says what the name pointed to before.
    async fn publish(&self, root: &Document, name: Option<&Reference>, job: &Job) -> Result<Option<Digest>>;
    /// The transfer failed or was cancelled: lets go of what is half done, within a second.
    async fn abandon(&self) {}
    /// How many blobs it takes at once (a tar takes one).
    fn parallelism(&self) -> NonZeroUsize;
    /// How many large ones it takes at once to begin with; more come where each turns out to be slow.
    fn few(&self) -> NonZeroUsize {
        self.parallelism()
    }
}
