//! Where indexes are kept: a file for each layer, by the digest of what is stored. Every file may be deleted at any time.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use oci::digest::Digest;

use super::chunks::ChunkTable;
use super::index::LayerIndex;
use super::kept::{Kept, Key, Lists};
use super::points::{Points, PointsWriter};
use super::scan::scan;
use crate::error::{Code, Error, Result};
use crate::job::Job;

/// A list of all that a layer has. Suffixes grow with their formats.
const LIST: &str = "layer2";
/// A list as the layer's own table of contents has it, and where its files' chunks are.
const CONTENTS: &str = "contents1";
const CHUNKS: &str = "chunks1";
/// Places to begin from.
const POINTS: &str = "points1";
/// What was worked out of all layers of an image. Its format grows with its key.
const TREE: &str = "tree";

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

    /// The index of a layer, where it is kept and whole; with `contents` also one that only its table of contents was read
    /// for.
    pub fn get(&self, layer: &Digest, contents: bool) -> Option<LayerIndex> {
        // A damaged one is made again, and replaces it.
        let open = |suffix| LayerIndex::open(&self.file(layer, suffix)?).ok();
        let by_contents = || {
            let chunks = ChunkTable::open(&self.file(layer, CHUNKS)?).ok()?;
            open(CONTENTS).map(|index| index.with_chunks(chunks))
        };
        open(LIST).or_else(|| if contents { by_contents() } else { None })
    }

    /// Keeps what a table of contents said, and opens it.
    pub(super) fn keep_contents(
        &self,
        layer: &Digest,
        list: tempfile::NamedTempFile,
        chunks: tempfile::NamedTempFile,
    ) -> Result<LayerIndex> {
        let opened = ChunkTable::open(chunks.as_file())
            .and_then(|chunks| LayerIndex::open(list.as_file()).map(|index| index.with_chunks(chunks)));
        let index = opened.map_err(|error| unreadable(error).at_digest(layer))?;
        if let (Some(chunks_path), Some(path)) = (self.path(layer, CHUNKS), self.path(layer, CONTENTS)) {
            // What can't be kept is made again the next time. A list without its chunks is never looked at.
            let _ = chunks.persist(chunks_path).map(|_| list.persist(path));
        }
        Ok(index)
    }

    /// Places in a layer to begin from, where some are kept.
    pub(super) fn points(&self, layer: &Digest) -> Option<Points> {
        Points::open(self.file(layer, POINTS)?).ok()
    }

    /// Begins to write such places, beside those that are known; and where they are to be kept.
    pub(super) fn points_writer(
        &self,
        layer: &Digest,
        known: Option<&Points>,
    ) -> Option<(PointsWriter, PathBuf)> {
        let dir = self.dir.as_deref().filter(|dir| is_writable(dir))?;
        Some((PointsWriter::new(dir, known).ok()?, self.path(layer, POINTS)?))
    }

    /// What was worked out of all layers of an image, where it is kept and whole. The file is named for the last of them.
    pub(super) fn kept(&self, last: &Digest, key: &Key) -> Option<Kept> {
        Kept::open(&self.file(last, &tree(key))?, key)
    }

    /// Keeps such, if it can: it is worked out again the next time otherwise.
    pub(super) fn keep(
        &self,
        last: &Digest,
        key: &Key,
        write: impl FnOnce(&mut Lists<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let Some(path) = self.path(last, &tree(key)) else { return Ok(()) };
        let file = tempfile::NamedTempFile::new_in(self.workshop())?;
        let mut lists = Lists::begin(file.as_file(), key)?;
        write(&mut lists)?;
        lists.end()?;
        file.persist(path).map(drop).map_err(|error| error.error)
    }

    /// Where files are written before they have a name.
    pub(super) fn workshop(&self) -> PathBuf {
        // A store that can't be written to can be looked at all the same.
        let dir = self.dir.as_deref().filter(|dir| is_writable(dir));
        dir.map_or_else(std::env::temp_dir, Path::to_owned)
    }

    /// Reads a layer as it is stored, and keeps its index; with `points` also places in a gzip layer to begin from.
    /// `progress` is told compressed bytes and entries.
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
        points: bool,
        job: &Job,
        progress: &dyn Fn(u64, u64),
    ) -> Result<LayerIndex> {
        let points = if points { self.points_writer(layer, None) } else { None };
        let keep = points.as_ref().map(|(writer, _)| Box::new(writer.clone()) as _);
        let file =
            scan(input, &self.workshop(), keep, job, progress).map_err(|error| error.at_digest(layer))?;
        let index = LayerIndex::open(file.as_file()).map_err(|error| unreadable(error).at_digest(layer))?;
        if let Some(path) = self.path(layer, LIST) {
            // What can't be kept is made again the next time.
            let _ = file.persist(path);
        }
        if let Some((writer, path)) = points {
            writer.keep_as(&path);
        }
        Ok(index)
    }

    fn file(&self, layer: &Digest, suffix: &str) -> Option<File> {
        File::open(self.path(layer, suffix)?).ok()
    }

    fn path(&self, layer: &Digest, suffix: &str) -> Option<PathBuf> {
        let dir = self.dir.as_deref()?;
        Some(dir.join(format!("{}-{}.{suffix}", layer.algorithm().as_str(), layer.hex())))
    }
}

/// Other lists of the same layers have another tree.
fn tree(key: &Key) -> String {
    format!("{}.{TREE}", key.short())
}

fn unreadable(error: io::Error) -> Error {
    Error::new(Code::StoreFailed, "the list of a layer's files can't be read back")
        .with_hint("Check the disk that it is written to")
        .with_source(error)
}

fn is_writable(dir: &Path) -> bool {
    fs::create_dir_all(dir).is_ok() && tempfile::tempfile_in(dir).is_ok()
}
