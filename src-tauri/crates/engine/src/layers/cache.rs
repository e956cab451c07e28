//! Where indexes are kept: a file for each layer, by the digest of what is stored. Every file may be deleted at any time.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use oci::digest::Digest;

use super::index::LayerIndex;
use super::scan::scan;
use crate::error::{Code, Error, Result};
use crate::job::Job;

/// Grows with the format.
const SUFFIX: &str = "layer1";

/// A folder of indexes; clones are the same one.
#[derive(Clone, Debug)]
pub struct IndexCache {
    dir: Option<PathBuf>,
}

impl IndexCache {
    /// Keeps indexes in `dir`, which is made when it is needed: the `cache` folder of a store.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: Some(dir.into()) }
    }

    /// Keeps nothing: an index is a file without a name, and goes with its last user.
    pub fn none() -> Self {
        Self { dir: None }
    }

    /// The index of a layer, where it is kept and whole.
    pub fn get(&self, layer: &Digest) -> Option<LayerIndex> {
        let file = File::open(self.path(layer)?).ok()?;
        // A damaged one is made again, and replaces it.
        LayerIndex::open(&file).ok()
    }

    /// Reads a layer as it is stored, and keeps its index. `progress` is told compressed bytes and entries.
    ///
    /// Damage is no error: it ends the list, and [`LayerIndex::incomplete`] says so.
    ///
    /// # Errors
    /// [`Code::CompressionUnsupported`]; [`Code::Cancelled`]; [`Code::StoreFailed`] where nothing can be written; an
    /// engine's error that the input gives.
    pub fn build(
        &self,
        layer: &Digest,
        input: impl Read,
        job: &Job,
        progress: &dyn Fn(u64, u64),
    ) -> Result<LayerIndex> {
        let temporary = std::env::temp_dir();
        // A store that can't be written to can be looked at all the same.
        let dir = self.dir.as_deref().filter(|dir| is_writable(dir));
        let file =
            scan(input, dir.unwrap_or(&temporary), job, progress).map_err(|error| error.at_digest(layer))?;
        let index = LayerIndex::open(file.as_file()).map_err(|error| {
            Error::new(Code::StoreFailed, "the list of a layer's files can't be read back")
                .with_hint("Check the disk that it is written to")
                .with_source(error)
                .at_digest(layer)
        })?;
        if let Some(path) = self.path(layer).filter(|_| dir.is_some()) {
            // What can't be kept is made again the next time.
            let _ = file.persist(path);
        }
        Ok(index)
    }

    fn path(&self, layer: &Digest) -> Option<PathBuf> {
        let dir = self.dir.as_deref()?;
        Some(dir.join(format!("{}-{}.{SUFFIX}", layer.algorithm().as_str(), layer.hex())))
    }
}

fn is_writable(dir: &Path) -> bool {
    fs::create_dir_all(dir).is_ok() && tempfile::tempfile_in(dir).is_ok()
}
