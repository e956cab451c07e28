//! The images of an archive, as the source of a transfer.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::graph::{MANIFEST_CAP, Node};
use oci::name::RepositoryName;
use oci::reference::Reference;
use serde::Deserialize;

use super::open::{Part, cut, unreadable};
use super::{Archive, Kind, docker};
use crate::blob::{BlobReader, ByteRange, ChunkSource};
use crate::endpoint::{Document, ImageSource, Target};
use crate::error::{Code, Error, Result};
use crate::job::Job;

/// Full names, as containerd and Docker write them; read before the other.
const NAME: &str = "io.containerd.image.name";
/// The OCI's own: a full name, or a tag alone (image-spec `annotations.md`).
const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// How many bytes are read at a time.
const CHUNK: usize = 512 * 1024;

/// One image of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What it points to.
    pub root: Descriptor,
    /// Its names, as they are written there: references, or tags alone. An image may have none.
    pub names: Vec<String>,
}

impl Listed {
    /// The names that are references by themselves.
    pub fn references(&self) -> Vec<Reference> {
        let full = self.names.iter().filter(|name| name.contains('/') || name.contains(':'));
        full.filter_map(|name| name.parse().ok()).collect()
    }

    fn is_called(&self, wanted: &str) -> bool {
        let canonical = |name: &str| name.parse::<Reference>().ok().map(|reference| reference.canonical());
        let wanted_name = canonical(wanted);
        let same = |name: &String| {
            name == wanted
                || (name.contains([':', '/'])
                    && canonical(name).is_some_and(|name| Some(name) == wanted_name))
        };
        self.names.iter().any(same)
    }
}

/// An archive to take images from; clones are the same one.
#[derive(Clone)]
pub struct ArchiveSource(Arc<Inner>);

struct Inner {
    archive: Archive,
    images: Vec<Listed>,
    /// Made for images that have none in the archive.
    manifests: HashMap<Digest, Document>,
    /// Where the blobs of those are.
    blobs: HashMap<Digest, String>,
}

#[derive(Deserialize)]
struct LayoutIndex {
    #[serde(default)]
    manifests: Vec<Descriptor>,
}

impl ArchiveSource {
    /// Reads what images there are. Blocks; compressed layers of a Docker archive are hashed.
    ///
    /// # Errors
    /// [`Code::ArchiveInvalid`] where there are no images, saying what the archive is instead, or where a part is missing.
    pub fn new(archive: Archive) -> Result<Self> {
        let (mut images, mut manifests, mut blobs) = (Vec::<Listed>::new(), HashMap::new(), HashMap::new());
        match archive.kind() {
            Kind::Oci | Kind::Hybrid => images = layout_images(&archive)?,
            Kind::Docker => {
                for image in docker::images(&archive)? {
                    blobs.extend(image.blobs);
                    let root = image.manifest.descriptor.clone();
                    manifests.insert(root.digest.clone(), image.manifest);
                    images.push(Listed { root, names: image.names });
                }
            }
            other => return Err(no_images(&archive, other)),
        }
        if images.is_empty() {
            return Err(Error::new(Code::ArchiveInvalid, format!("`{}` lists no image", archive.name()))
                .with_hint("Save the image again"));
        }
        Ok(Self(Arc::new(Inner { archive, images, manifests, blobs })))
    }

    /// Its images, in its order.
    pub fn images(&self) -> &[Listed] {
        &self.0.images
    }

    /// The archive.
    pub fn archive(&self) -> &Archive {
        &self.0.archive
    }

    /// The image of a name as it is written there, as a reference or as a tag; the only one without a name.
    ///
    /// # Errors
    /// [`Code::ImageMissing`], with the names that there are.
    pub fn find(&self, name: Option<&str>) -> Result<&Listed> {
        let found = match name {
            Some(name) => self.0.images.iter().find(|image| image.is_called(name)),
            None => {
                let first = &self.0.images[0];
                // Several names of one image are one image.
                self.0.images.iter().all(|image| image.root.digest == first.root.digest).then_some(first)
            }
        };
        found.ok_or_else(|| {
            let what = match name {
                Some(name) => format!("`{}` holds no image `{name}`", self.0.archive.name()),
                None => format!("`{}` holds {} images", self.0.archive.name(), self.0.images.len()),
            };
            let names: Vec<String> =
                self.0.images.iter().flat_map(|image| image.names.iter().cloned()).collect();
            let shown: Vec<String> = names.iter().take(12).map(|name| format!("`{name}`")).collect();
            let hint = if shown.is_empty() {
                "Its images have no names: give the digest of one".to_owned()
            } else {
                format!("Name one of them: {}", shown.join(", "))
            };
            Error::new(Code::ImageMissing, what).with_hint(hint).with_choices(names)
        })
    }

    fn blob(&self, digest: &Digest) -> Result<Part> {
        let standard = format!("blobs/{}/{}", digest.algorithm().as_str(), digest.hex());
        let name = self.0.blobs.get(digest).map_or(standard.as_str(), String::as_str);
        self.0.archive.part(name)?.ok_or_else(|| {
            let why = format!("`{name}` is missing in `{}`", self.0.archive.name());
            Error::new(Code::ImageMissing, why)
                .with_hint("The archive was not written to its end, or holds only some platforms; save the image again")
                .at_digest(digest)
        })
    }

    fn read_document(&self, descriptor: &Descriptor) -> Result<Document> {
        if let Some(made) = self.0.manifests.get(&descriptor.digest) {
            return Ok(made.clone());
        }
        let part = self.blob(&descriptor.digest)?;
        let name = self.0.archive.name();
        if part.length > MANIFEST_CAP {
            let why = format!(
                "the manifest `{}` of `{name}` is over {} MiB",
                descriptor.digest.short(),
                MANIFEST_CAP >> 20
            );
            return Err(Error::new(Code::TooLarge, why).at_digest(&descriptor.digest));
        }
        let mut bytes = vec![0; usize::try_from(part.length).expect("it is under the cap")];
        let have = part.read_at(&mut bytes, 0).map_err(|error| unreadable(name, error))?;
        if have < bytes.len() {
            return Err(cut(name));
        }
        let digest = Digest::of(descriptor.digest.algorithm(), &bytes);
        if digest != descriptor.digest || bytes.len() as u64 != descriptor.size {
            let why = format!("the manifest `{}` of `{name}` hashes to `{digest}`", descriptor.digest);
            return Err(Error::new(Code::ContentMismatch, why)
                .with_hint("The archive is damaged: copy it again; nothing of it was taken")
                .at_digest(&descriptor.digest));
        }
        Ok(Document { descriptor: descriptor.clone(), bytes: bytes.into() })
    }

    /// The manifest or index of a digest, which may be an entry of the archive's index or not.
    fn exact(&self, digest: &Digest) -> Result<Descriptor> {
        if let Some(image) = self.0.images.iter().find(|image| image.root.digest == *digest) {
            return Ok(image.root.clone());
        }
        let part = self.blob(digest)?;
        let unnamed = Descriptor::new("application/octet-stream", digest.clone(), part.length);
        let document = self.read_document(&unnamed)?;
        let node = Node::parse(&document.bytes, None).map_err(|problem| {
            Error::new(Code::ManifestInvalid, format!("`{digest}` is no manifest: {problem}"))
                .at_digest(digest)
        })?;
        Ok(Descriptor::new(node.media_type(), digest.clone(), part.length))
    }
}

/// The entries of `index.json`; those that are one image under several names together.
fn layout_images(archive: &Archive) -> Result<Vec<Listed>> {
    let malformed = |problem: String| {
        Error::new(Code::ArchiveInvalid, format!("`index.json` of `{}` is malformed", archive.name()))
            .with_hint("The program that wrote it is broken, or the file was damaged on its way; save the image again")
            .with_source(problem)
    };
    let bytes = archive.bytes("index.json", MANIFEST_CAP)?.unwrap_or_default();
    let index: LayoutIndex =
        serde_json::from_slice(&bytes).map_err(|problem| malformed(problem.to_string()))?;
    let mut images: Vec<Listed> = Vec::new();
    for entry in index.manifests {
        let names = [NAME, REF_NAME].into_iter().filter_map(|key| entry.annotations.get(key));
        let mut names: Vec<String> = names.cloned().collect();
        names.dedup();
        // Docker writes the tag alone beside the full name, which says it too.
        if names.len() == 2 && names[0].ends_with(&format!(":{}", names[1])) {
            names.pop();
        }
        match images.iter_mut().find(|image| image.root.digest == entry.digest) {
            Some(known) => known.names.extend(names),
            None => {
                let mut root = Descriptor::new(entry.media_type, entry.digest, entry.size);
                root.platform = entry.platform;
                images.push(Listed { root, names });
            }
        }
    }
    Ok(images)
}

fn no_images(archive: &Archive, kind: Kind) -> Error {
    let name = archive.name();
    let (what, hint) = match kind {
        Kind::Filesystem => (
            format!("`{name}` is the filesystem of a container (`docker export`), not an image"),
            "Import it instead: `docker import`; what it ran and its layers were lost when it was exported",
        ),
        Kind::OldDocker => (
            format!("`{name}` was saved by a Docker before 1.10"),
            "Load it with that Docker and save it again with a newer one",
        ),
        _ => (
            format!("`{name}` holds no image"),
            "Give a file of `docker save`, `podman save` or `longshore save`, or an OCI layout",
        ),
    };
    Error::new(Code::ArchiveInvalid, what).with_hint(hint)
}

#[async_trait]
impl ImageSource for ArchiveSource {
    async fn resolve(&self, target: &Target, _job: &Job) -> Result<Document> {
        let (source, target) = (self.clone(), target.clone());
        blocking(move || {
            let descriptor = match &target {
                Target::Sole => source.find(None)?.root.clone(),
                Target::Exact(digest) => source.exact(digest)?,
                Target::Named(name) => match name.digest() {
                    Some(digest) => source.exact(digest)?,
                    None => source.find(Some(&name.canonical()))?.root.clone(),
                },
            };
            source.read_document(&descriptor)
        })
        .await
    }

    async fn document(&self, descriptor: &Descriptor, _job: &Job) -> Result<Document> {
        let (source, descriptor) = (self.clone(), descriptor.clone());
        blocking(move || source.read_document(&descriptor)).await
    }

    async fn open(&self, blob: &Descriptor, range: ByteRange, _job: &Job) -> Result<BlobReader> {
        let (source, blob) = (self.clone(), blob.clone());
        blocking(move || {
            let part = source.blob(&blob.digest)?;
            let name = source.0.archive.name().to_owned();
            if part.length != blob.size {
                let why = format!(
                    "the blob `{}` of `{name}` has {} bytes, its descriptor says {}",
                    blob.digest.short(),
                    part.length,
                    blob.size
                );
                return Err(Error::new(Code::ContentMismatch, why)
                    .with_hint("The archive is damaged: copy it again; nothing of it was taken")
                    .at_digest(&blob.digest));
            }
            let end = range.until.unwrap_or(blob.size).min(blob.size);
            let chunks = PartChunks { part: Arc::new(part), name, at: range.from, end };
            Ok(BlobReader::new(range.from, end, chunks))
        })
        .await
    }

    fn repository(&self) -> Option<&RepositoryName> {
        None
    }

    async fn holds(&self, descriptor: &Descriptor) -> Result<bool> {
        let (source, descriptor) = (self.clone(), descriptor.clone());
        blocking(move || Ok(source.has_all(&descriptor, 0))).await
    }
}

impl ArchiveSource {
    fn has_all(&self, descriptor: &Descriptor, depth: usize) -> bool {
        let Ok(document) = self.read_document(descriptor) else { return false };
        match Node::parse(&document.bytes, Some(&descriptor.media_type)) {
            Ok(Node::Index(index)) => {
                depth < oci::graph::MAX_INDEX_DEPTH
                    && index.manifests.iter().all(|child| self.has_all(child, depth + 1))
            }
            Ok(node @ Node::Manifest(_)) => node
                .successors()
                .into_iter()
                .all(|blob| self.blob(&blob.digest).is_ok_and(|part| part.length == blob.size)),
            Err(_) => true,
        }
    }
}

struct PartChunks {
    part: Arc<Part>,
    name: String,
    at: u64,
    end: u64,
}

impl ChunkSource for PartChunks {
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>>> {
        Box::pin(async move {
            let want = usize::try_from((self.end - self.at).min(CHUNK as u64)).expect("a chunk fits");
            if want == 0 {
                return Ok(None);
            }
            let (part, name, at) = (self.part.clone(), self.name.clone(), self.at);
            let bytes = blocking(move || {
                let mut bytes = BytesMut::zeroed(want);
                let have = part.read_at(&mut bytes, at).map_err(|error| unreadable(&name, error))?;
                if have == 0 { Err(cut(&name)) } else { Ok(bytes.split_to(have).freeze()) }
            })
            .await?;
            self.at += bytes.len() as u64;
            Ok(Some(bytes))
        })
    }
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|panic| Error::new(Code::Internal, "work on an archive was broken off").with_source(panic))?
}
