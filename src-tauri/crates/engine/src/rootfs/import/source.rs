//! The imported image, as the source of a transfer.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::name::RepositoryName;

use crate::blob::{BlobReader, ByteRange, ChunkSource, ReadAhead};
use crate::endpoint::{Document, ImageSource, Target};
use crate::error::{Code, Error, Result};
use crate::job::Job;

/// An image that was made of a filesystem; clones are the same one. Whatever name it is asked for, it is this image.
#[derive(Clone, Debug)]
pub struct ImportSource(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    manifest: Document,
    config: (Descriptor, Bytes),
    layer: Descriptor,
    file: File,
    name: String,
}

impl ImportSource {
    pub(super) fn new(
        manifest: Document,
        config: (Descriptor, Bytes),
        layer: Descriptor,
        file: File,
        name: String,
    ) -> Self {
        Self(Arc::new(Inner { manifest, config, layer, file, name }))
    }

    /// The manifest's digest.
    pub fn digest(&self) -> &Digest {
        &self.0.manifest.descriptor.digest
    }

    /// The config, which is what Docker calls the image's ID.
    pub fn config(&self) -> &Descriptor {
        &self.0.config.0
    }

    /// The one layer.
    pub fn layer(&self) -> &Descriptor {
        &self.0.layer
    }

    fn missing(&self, digest: &Digest) -> Error {
        Error::new(
            Code::ImageMissing,
            format!("`{digest}` is no part of the image made of `{}`", self.0.name),
        )
        .at_digest(digest)
    }
}

#[async_trait]
impl ImageSource for ImportSource {
    async fn resolve(&self, target: &Target, _job: &Job) -> Result<Document> {
        match target {
            Target::Exact(digest) if digest != self.digest() => Err(self.missing(digest)),
            _ => Ok(self.0.manifest.clone()),
        }
    }

    async fn document(&self, descriptor: &Descriptor, _job: &Job) -> Result<Document> {
        if descriptor.digest == *self.digest() {
            Ok(self.0.manifest.clone())
        } else {
            Err(self.missing(&descriptor.digest))
        }
    }

    async fn open(&self, blob: &Descriptor, range: ByteRange, _job: &Job) -> Result<BlobReader> {
        let (from, end) = (range.from.min(blob.size), range.until.unwrap_or(blob.size).min(blob.size));
        let (config, bytes) = &self.0.config;
        if blob.digest == config.digest {
            let slice = |at: u64| usize::try_from(at).expect("a config fits").min(bytes.len());
            let part = bytes.slice(slice(from)..slice(end));
            return Ok(BlobReader::new(from, end, Held(Some(part))));
        }
        if blob.digest != self.0.layer.digest {
            return Err(self.missing(&blob.digest));
        }
        let inner = self.0.clone();
        let read = move |buffer: &mut [u8], at| match inner.file.read_at(buffer, at) {
            Ok(0) => {
                let why = format!("`{}` is shorter than it was a moment ago", inner.name);
                Err(Error::new(Code::ArchiveInvalid, why)
                    .with_hint("Something writes to it: wait until it is done, then import it again"))
            }
            read => read.map_err(|error| {
                let why = format!("`{}` can't be read again", inner.name);
                Error::new(Code::ArchiveInvalid, why).with_source(error)
            }),
        };
        Ok(BlobReader::new(from, end, ReadAhead::new(read, from, end)))
    }

    fn repository(&self) -> Option<&RepositoryName> {
        None
    }
}

struct Held(Option<Bytes>);

impl ChunkSource for Held {
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>>> {
        let next = self.0.take().filter(|bytes| !bytes.is_empty());
        Box::pin(async move { Ok(next) })
    }
}
