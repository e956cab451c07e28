//! The store as an end of a transfer: a sink to pull into, a source to look at and to push from.

use std::fs::File;
use std::num::NonZeroUsize;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::graph::{MANIFEST_CAP, Node};
use oci::name::RepositoryName;
use oci::reference::Reference;

use super::ingest::{Opened, blocking};
use super::layout::damaged;
use super::{ContentStore, Lease};
use crate::blob::{BlobReader, ByteRange, ReadAhead};
use crate::endpoint::{Admission, Content, Document, ImageSink, ImageSource, Spare, Target};
use crate::error::{Code, Error, Result};
use crate::job::{Job, TransferEvent};

/// The store as a sink: it holds a lease, so that nothing it was given is collected before it has a name.
pub struct StoreSink {
    store: ContentStore,
    /// The name in the index, in place of the reference.
    label: Option<String>,
    _lease: Lease,
}

impl StoreSink {
    /// Takes a lease for as long as the sink lives.
    ///
    /// # Errors
    /// As [`ContentStore::lease`].
    pub async fn open(store: &ContentStore) -> Result<Self> {
        let store = store.clone();
        blocking(move || Ok(Self { _lease: store.lease()?, store, label: None })).await
    }

    /// Gives the image this name in the index, whatever reference it is asked for: for layouts that other tools read.
    #[must_use]
    pub fn labelled(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Takes over a file that lies beside the store's own partial downloads.
    async fn adopt(&self, spare: Spare, content: &Content) -> Result<()> {
        let blob = content.descriptor().clone();
        content.job().checkpoint().await?;
        let (store, adopted) = (self.store.clone(), blob.clone());
        blocking(move || store.adopt(&spare.file, &spare.path, &adopted)).await?;
        content.job().emit(TransferEvent::Advanced { digest: blob.digest, done: blob.size });
        Ok(())
    }
}

#[async_trait]
impl ImageSink for StoreSink {
    async fn admit(
        &self,
        blob: &Descriptor,
        _mount_from: &[RepositoryName],
        _job: &Job,
    ) -> Result<Admission> {
        let (store, blob) = (self.store.clone(), blob.clone());
        blocking(move || match store.blob_size(&blob.digest)? {
            Some(size) if size == blob.size => Ok(Admission::Present),
            // A committed blob of another length was cut or added to: it is set aside and fetched again.
            Some(_) if store.verify(&blob.digest, blob.size)? => Ok(Admission::Present),
            _ => Ok(Admission::Wanted { have: store.partial_bytes(&blob) }),
        })
        .await
    }

    async fn write(&self, content: &Content) -> Result<()> {
        if let Some(spare) = content.spare()
            && spare.path.parent() == Some(&self.store.ingest_dir())
            && spare.path.exists()
        {
            return self.adopt(spare, content).await;
        }
        let ingest = match self.store.ingest(content.descriptor(), content.job()).await? {
            Opened::Present => return Ok(()),
            Opened::Partial(ingest) => Arc::new(ingest),
        };
        content.fill(ingest.clone()).await?;
        blocking(move || ingest.commit()).await
    }

    async fn document(&self, document: &Document, _job: &Job) -> Result<()> {
        let (store, document) = (self.store.clone(), document.clone());
        blocking(move || store.put_as(&document.descriptor.digest, &document.bytes)).await
    }

    async fn publish(&self, root: &Document, name: Option<&Reference>, _job: &Job) -> Result<Option<Digest>> {
        let (store, root, name) = (self.store.clone(), root.clone(), name.cloned());
        let label = self.label.clone();
        blocking(move || {
            store.put_as(&root.descriptor.digest, &root.bytes)?;
            match label {
                Some(label) => store.publish_labelled(&label, &root.descriptor),
                None => store.publish(name.as_ref(), &root.descriptor),
            }
        })
        .await
    }

    fn parallelism(&self) -> NonZeroUsize {
        const { NonZeroUsize::new(8).expect("eight is not zero") }
    }
}

#[async_trait]
impl ImageSource for ContentStore {
    async fn resolve(&self, target: &Target, job: &Job) -> Result<Document> {
        let (store, wanted) = (self.clone(), target.clone());
        let found = blocking(move || match &wanted {
            Target::Named(name) => ContentStore::resolve(&store, name),
            Target::Exact(digest) => store.resolve_digest(digest),
            Target::Sole => {
                let mut images = store.images()?;
                Ok(if images.len() == 1 { images.pop().map(|image| image.descriptor) } else { None })
            }
        })
        .await?;
        let descriptor = found.ok_or_else(|| missing(target))?;
        self.document(&descriptor, job).await
    }

    async fn document(&self, descriptor: &Descriptor, _job: &Job) -> Result<Document> {
        let (store, descriptor) = (self.clone(), descriptor.clone());
        blocking(move || {
            let bytes = Bytes::from(store.read(&descriptor.digest, MANIFEST_CAP)?);
            Ok(Document { descriptor, bytes })
        })
        .await
    }

    async fn open(&self, blob: &Descriptor, range: ByteRange, _job: &Job) -> Result<BlobReader> {
        let (store, blob) = (self.clone(), blob.clone());
        blocking(move || {
            let file = store.open_blob(&blob.digest)?;
            // Cut or added to: whoever takes it would find out at its end.
            if store.blob_size(&blob.digest)? != Some(blob.size) {
                store.recheck(&blob)?;
            }
            let end = range.until.unwrap_or(blob.size).min(blob.size);
            let read = move |buffer: &mut [u8], at| {
                file.read_at(buffer, at).map_err(|error| {
                    Error::new(Code::StoreFailed, "a blob of the store can't be read").with_source(error)
                })
            };
            Ok(BlobReader::new(range.from, end, ReadAhead::new(read, range.from, end)))
        })
        .await
    }

    fn can_recheck(&self) -> bool {
        true
    }

    async fn recheck(&self, blob: &Descriptor) -> Result<()> {
        let (store, blob) = (self.clone(), blob.clone());
        blocking(move || ContentStore::recheck(&store, &blob)).await
    }

    fn file(&self, blob: &Descriptor) -> Option<File> {
        let file = self.open_blob(&blob.digest).ok()?;
        file.metadata().is_ok_and(|found| found.len() == blob.size).then_some(file)
    }

    fn repository(&self) -> Option<&RepositoryName> {
        None
    }

    async fn holds(&self, descriptor: &Descriptor) -> Result<bool> {
        let (store, descriptor) = (self.clone(), descriptor.clone());
        blocking(move || Ok(store.blob_size(&descriptor.digest)?.is_some() && store.is_complete(&descriptor)))
            .await
    }
}

impl ContentStore {
    /// Hashes a blob once more.
    fn recheck(&self, blob: &Descriptor) -> Result<()> {
        if self.verify(&blob.digest, blob.size)? { Ok(()) } else { Err(damaged(&blob.digest)) }
    }

    /// Whether a manifest is here with everything that it needs: config and layers, or for an index at least one
    /// whole image.
    pub fn is_complete(&self, descriptor: &Descriptor) -> bool {
        let Ok(bytes) = self.read(&descriptor.digest, MANIFEST_CAP) else { return false };
        match Node::parse(&bytes, Some(&descriptor.media_type)) {
            Ok(Node::Index(index)) => index.manifests.iter().any(|child| self.is_complete(child)),
            Ok(node @ Node::Manifest(_)) => node
                .successors()
                .into_iter()
                .all(|blob| matches!(self.blob_size(&blob.digest), Ok(Some(size)) if size == blob.size)),
            Err(_) => true,
        }
    }
}

fn missing(target: &Target) -> Error {
    let what = match target {
        Target::Named(name) => format!("`{}` is not on this computer", name.familiar()),
        Target::Exact(digest) => format!("`{digest}` is not on this computer"),
        Target::Sole => "the store does not hold exactly one image".to_owned(),
    };
    Error::new(Code::ImageMissing, what)
        .with_hint("Pull it first: `longshore pull REFERENCE`; `longshore images` lists what is here")
}
