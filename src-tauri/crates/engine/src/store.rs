//! The content store: an OCI image layout on disk that several processes share.
//!
//! ```text
//! oci-layout          {"imageLayoutVersion": "1.0.0"}
//! index.json          the names; replaced atomically under the lock index.json.lock
//! blobs/sha256/…      committed content; whole and right, or not there
//! ingest/             what is being written: temporary files and partial downloads
//! leases/             who is using the store, for the garbage collector
//! quarantine/         blobs that were found damaged, until the next collection
//! cache/              what can be made again from the blobs, named `<alg>-<hex>…`
//! ```
//!
//! Any OCI tool reads it as it lies: an image's name is its full reference, so `skopeo inspect
//! oci:DIR:docker.io/library/nginx:latest` finds it. Source: image-spec `image-layout.md`.
//!
//! Invariants:
//! - A file under `blobs/` has the digest that it is named for; it gets there by write, fsync, rename and an fsync
//!   of the directory, and only then may `index.json` name it. A crash or a power loss at any moment leaves that so.
//! - Nothing is followed out of the store: a symbolic link in a blob's place is refused.
//! - Nothing is deleted except by [`ContentStore::gc`], and not while anyone holds a [`Lease`].
//! - What another tool wrote into `index.json` survives our changes.
//!
//! Every method blocks; async callers use `spawn_blocking`. Deliberately absent: fetching, platforms, progress.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::disk::Disk;

mod endpoint;
mod fault;
mod gc;
mod index;
pub mod ingest;
pub mod inventory;
mod layout;
mod lease;
mod mounts;
mod names;
mod place;
mod rebuild;

#[cfg(test)]
mod tests;

pub use endpoint::StoreSink;
pub use fault::{io_error, io_error_needing};
pub use gc::GarbageReport;
pub use inventory::Holding;
pub use layout::hash_file;
pub use lease::{Holder, Lease};
pub use names::{NAME_ANNOTATION, PULLED_AT_ANNOTATION, REF_NAME_ANNOTATION, Stamp, StoredImage};
pub use place::default_dir;

/// A directory of images. Cloning shares it; several processes may open the same directory at once.
#[derive(Clone, Debug)]
pub struct ContentStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    dir: PathBuf,
    disk: Disk,
    /// Numbers temporary files and leases within this process.
    serial: AtomicU64,
}

impl ContentStore {
    fn with_disk(dir: PathBuf, disk: Disk) -> Self {
        Self(Arc::new(Inner { dir, disk, serial: AtomicU64::new(0) }))
    }

    /// The store's directory, absolute.
    pub fn path(&self) -> &Path {
        &self.0.dir
    }

    /// A name no other file of this process has; a dead process with our id may have left one, so creators use
    /// `create_new` and ask again.
    fn unique(&self, prefix: &str) -> String {
        format!("{prefix}-{}-{}", std::process::id(), self.0.serial.fetch_add(1, Ordering::Relaxed))
    }
}
