//! A filesystem or a single layer in a file, as layers that are read where they lie.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use engine::blob::{BlobReader, ByteRange, ChunkSource};
use engine::endpoint::{Document, ImageSource, Target};
use engine::job::Job;
use engine::{Code, Error, Result};
use futures_util::future::BoxFuture;
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::name::RepositoryName;

/// How many bytes are read at a time.
const CHUNK: u64 = 512 * 1024;

/// A file as the only layer of no image: it has bytes, and no manifest.
pub struct LayerFile {
    file: Arc<File>,
    name: String,
}

impl LayerFile {
    /// Opens it, and makes the descriptor that it is asked for with. Nothing is hashed: the digest is a name for this
    /// opening of the file alone, and must not be verified or kept. Blocks.
    ///
    /// # Errors
    /// [`Code::ArchiveInvalid`] where it can't be read, or is a pipe or a folder.
    pub fn open(path: &Path, name: &str) -> Result<(Self, Descriptor)> {
        let unreadable = || {
            Error::new(Code::ArchiveInvalid, format!("`{name}` can't be read"))
                .with_hint("Check its permissions and its disk")
        };
        let file = File::open(path).map_err(|error| unreadable().with_source(error))?;
        let metadata = file.metadata().map_err(|error| unreadable().with_source(error))?;
        if !metadata.is_file() {
            return Err(unreadable());
        }
        let name_of_it = Digest::sha256(path.as_os_str().as_encoded_bytes());
        let descriptor = Descriptor::new(oci::media_type::OCI_LAYER, name_of_it, metadata.len());
        Ok((Self { file: Arc::new(file), name: name.to_owned() }, descriptor))
    }

    fn no_manifest(&self) -> Error {
        Error::new(Code::ManifestUnsupported, format!("`{}` is no image", self.name))
            .with_hint("Import it to make one of it")
    }
}

#[async_trait]
impl ImageSource for LayerFile {
    async fn resolve(&self, _target: &Target, _job: &Job) -> Result<Document> {
        Err(self.no_manifest())
    }

    async fn document(&self, _descriptor: &Descriptor, _job: &Job) -> Result<Document> {
        Err(self.no_manifest())
    }

    async fn open(&self, blob: &Descriptor, range: ByteRange, _job: &Job) -> Result<BlobReader> {
        let end = range.until.unwrap_or(blob.size).min(blob.size);
        let chunks =
            Chunks { file: self.file.clone(), name: self.name.clone(), at: range.from.min(end), end };
        Ok(BlobReader::new(range.from.min(end), end, chunks))
    }

    fn repository(&self) -> Option<&RepositoryName> {
        None
    }
}

struct Chunks {
    file: Arc<File>,
    name: String,
    at: u64,
    end: u64,
}

impl ChunkSource for Chunks {
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>>> {
        Box::pin(async move {
            let want = usize::try_from((self.end - self.at).min(CHUNK)).expect("a chunk fits");
            if want == 0 {
                return Ok(None);
            }
            let (file, at, name) = (self.file.clone(), self.at, self.name.clone());
            let bytes = crate::state::blocking(move || {
                let mut bytes = BytesMut::zeroed(want);
                let count = file.read_at(&mut bytes, at).map_err(|error| {
                    Error::new(Code::ArchiveInvalid, format!("`{name}` can't be read")).with_source(error)
                })?;
                Ok(bytes.split_to(count).freeze())
            })
            .await?;
            self.at += bytes.len() as u64;
            // A file that became shorter ends early, which its reader says.
            Ok((!bytes.is_empty()).then_some(bytes))
        })
    }
}
