//! Where images are saved to: a file, a stream or a folder.

use std::path::Path;
use std::sync::Arc;

use super::{ArchiveSink, Compression, FolderSink, Format};
use crate::endpoint::ImageSink;
use crate::error::Result;

/// What is being written. Call [`Destination::finish`] after the last image.
pub enum Destination {
    /// An archive.
    Archive(Arc<ArchiveSink>),
    /// A layout folder.
    Folder(Arc<FolderSink>),
}

impl Destination {
    /// Begins an archive that will stand at `path`. Blocks.
    ///
    /// # Errors
    /// As [`ArchiveSink::create_compressed`].
    pub fn archive(path: &Path, format: Format, compression: Compression) -> Result<Self> {
        Ok(Self::Archive(Arc::new(ArchiveSink::create_compressed(path, format, compression)?)))
    }

    /// Begins a layout folder that will stand at `path`. Blocks.
    ///
    /// # Errors
    /// As [`FolderSink::create`].
    pub fn folder(path: &Path) -> Result<Self> {
        Ok(Self::Folder(Arc::new(FolderSink::create(path)?)))
    }

    /// For a transfer, which lets go of it at its end.
    pub fn sink(&self) -> Arc<dyn ImageSink> {
        match self {
            Self::Archive(sink) => sink.clone(),
            Self::Folder(sink) => sink.clone(),
        }
    }

    /// Puts it in its place; its length, bytes.
    ///
    /// # Errors
    /// As [`ArchiveSink::finish`] and [`FolderSink::finish`].
    ///
    /// # Panics
    /// While a transfer still writes to it.
    pub async fn finish(self) -> Result<u64> {
        const ALONE: &str = "the transfers let go of it";
        match self {
            Self::Archive(sink) => Arc::into_inner(sink).expect(ALONE).finish().await,
            Self::Folder(sink) => Arc::into_inner(sink).expect(ALONE).finish().await,
        }
    }
}
