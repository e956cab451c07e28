//! A repository of a registry as the source of a transfer.

use async_trait::async_trait;
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::media_type;
use oci::name::RepositoryName;

use super::RegistryClient;
use crate::blob::{BlobReader, ByteRange};
use crate::endpoint::{Document, ImageSource, Target};
use crate::error::{Code, Error, Result};
use crate::job::Job;

/// One repository to pull from. Where the registry has mirrors, they are read first.
pub struct RegistrySource {
    client: RegistryClient,
    repository: RepositoryName,
}

impl RegistrySource {
    /// `repository` must be of the client's registry.
    pub fn new(client: RegistryClient, repository: RepositoryName) -> Self {
        Self { client, repository }
    }

    /// The client beneath.
    pub fn client(&self) -> &RegistryClient {
        &self.client
    }

    async fn fetch(&self, selector: &str, job: &Job) -> Result<Document> {
        let manifest = match self.client.mirrored_manifest(&self.repository, selector, job).await? {
            Some(manifest) => manifest,
            None => self.client.manifest(&self.repository, selector, Some(job)).await?,
        };
        Ok(Document { descriptor: manifest.descriptor, bytes: manifest.bytes })
    }
}

#[async_trait]
impl ImageSource for RegistrySource {
    async fn resolve(&self, target: &Target, job: &Job) -> Result<Document> {
        match target {
            Target::Named(name) => self.fetch(&name.manifest_selector(), job).await,
            Target::Exact(digest) => self.fetch(digest.as_str(), job).await,
            Target::Sole => Err(Error::new(Code::ReferenceInvalid, "a registry needs a tag or a digest")),
        }
    }

    async fn document(&self, descriptor: &Descriptor, job: &Job) -> Result<Document> {
        if let Some(data) = &descriptor.data {
            return inline(descriptor, data);
        }
        let document = self.fetch(descriptor.digest.as_str(), job).await?;
        if document.bytes.len() as u64 != descriptor.size {
            let why = format!(
                "manifest `{}` has {} bytes, the index says {}",
                descriptor.digest,
                document.bytes.len(),
                descriptor.size
            );
            return Err(Error::new(Code::ContentMismatch, why)
                .with_hint("The index was put together wrongly; ask whoever pushed it")
                .at_digest(&descriptor.digest));
        }
        let (listed, served) = (&descriptor.media_type, &document.descriptor.media_type);
        if !media_type::same(listed, served) {
            let why = format!(
                "manifest `{}` is served as `{served}`, the index says `{listed}`",
                descriptor.digest
            );
            return Err(Error::new(Code::ManifestInvalid, why)
                .with_hint("The index was put together wrongly; ask whoever pushed it")
                .at_digest(&descriptor.digest));
        }
        Ok(document)
    }

    async fn open(&self, blob: &Descriptor, range: ByteRange, job: &Job) -> Result<BlobReader> {
        match self.client.mirrored_blob(&self.repository, blob, range, job).await? {
            Some(reader) => Ok(reader),
            None => self.client.open_blob(&self.repository, blob, range, Some(job)).await,
        }
    }

    fn doubts(&self, blob: &Descriptor) -> bool {
        self.client.doubt_mirrors(&blob.digest)
    }

    fn repository(&self) -> Option<&RepositoryName> {
        Some(&self.repository)
    }
}

/// A manifest that travels inside its descriptor (image spec, descriptor `data`).
fn inline(descriptor: &Descriptor, data: &[u8]) -> Result<Document> {
    let digest = Digest::of(descriptor.digest.algorithm(), data);
    if digest != descriptor.digest || data.len() as u64 != descriptor.size {
        let why = format!("the data inside the descriptor of `{}` hashes to `{digest}`", descriptor.digest);
        return Err(Error::new(Code::ContentMismatch, why)
            .with_hint("The index was put together wrongly; ask whoever pushed it")
            .at_digest(&descriptor.digest));
    }
    Ok(Document { descriptor: descriptor.clone(), bytes: data.to_vec().into() })
}
