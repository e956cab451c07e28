//! The images of an archive, as the source of a transfer.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::graph::{MANIFEST_CAP, Node};
use oci::name::RepositoryName;
use oci::platform::Platform;
use oci::reference::Reference;

use super::docker::{DockerImage, Effort};
use super::entry::Part;
use super::layout::layout_images;
use super::open::{cut, unreadable};
use super::spool::Kept;
use super::{Archive, DigestKept, Kind, Missing, docker, old};
use crate::blob::{BlobReader, ByteRange, ReadAhead};
use crate::endpoint::{Document, ImageSource, Spare, Target};
use crate::error::{Code, Error, Result};
use crate::job::Job;

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
        is_called(&self.names, wanted)
    }
}

fn is_called(names: &[String], wanted: &str) -> bool {
    let canonical = |name: &str| name.parse::<Reference>().ok().map(|reference| reference.canonical());
    let wanted_name = canonical(wanted);
    let same = |name: &String| {
        name == wanted
            || (name.contains([':', '/']) && canonical(name).is_some_and(|name| Some(name) == wanted_name))
    };
    names.iter().any(same)
}

/// An archive to take images from; clones are the same one.
#[derive(Clone)]
pub struct ArchiveSource(Arc<Inner>);

struct Inner {
    archive: Archive,
    images: Vec<Listed>,
    /// Images that lack something, and what is to be said of them.
    broken: Vec<(Vec<String>, Error)>,
    /// Manifests and configs that were made for images that have none in the archive.
    made: HashMap<Digest, Document>,
    /// Where the blobs of those are.
    blobs: HashMap<Digest, String>,
    /// Layers that were compressed here.
    packed: HashMap<Digest, Arc<Kept>>,
}

impl ArchiveSource {
    /// Reads what images there are. Blocks; layers of a Docker archive whose digests it does not say are hashed.
    ///
    /// # Errors
    /// [`Code::ArchiveInvalid`] where there are no images, saying what the archive is instead, or where every image lacks
    /// something; [`Code::Cancelled`].
    pub fn new(archive: &Archive, job: &Job) -> Result<Self> {
        let mut inner = Inner {
            archive: archive.clone(),
            images: Vec::new(),
            broken: Vec::new(),
            made: HashMap::new(),
            blobs: HashMap::new(),
            packed: HashMap::new(),
        };
        match archive.kind() {
            Kind::Oci | Kind::Hybrid => inner.images = layout_images(archive)?,
            Kind::Docker => inner.add(docker::images(archive, Effort::Hash(job))?),
            Kind::OldDocker => inner.add(old::images(archive, Effort::Hash(job))?),
            other => return Err(no_images(archive, other)),
        }
        match (inner.images.first(), inner.broken.first()) {
            (None, Some((_, error))) => Err(error.copy()),
            (None, None) => {
                Err(Error::new(Code::ArchiveInvalid, format!("`{}` lists no image", archive.name()))
                    .with_hint("Save the image again"))
            }
            _ => Ok(Self(Arc::new(inner))),
        }
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
    /// [`Code::ImageMissing`], with the names that there are; [`Code::ArchiveInvalid`] where the image lacks something.
    pub fn find(&self, name: Option<&str>) -> Result<&Listed> {
        let Inner { images, broken, .. } = &*self.0;
        let found = match name {
            Some(name) => images.iter().find(|image| image.is_called(name)),
            None => {
                let first = &images[0];
                // Several names of one image are one image.
                images.iter().all(|image| image.root.digest == first.root.digest).then_some(first)
            }
        };
        let lacking = broken.iter().find(|(names, _)| name.is_none_or(|name| is_called(names, name)));
        if let (None, Some((_, error))) | (Some(_), Some((_, error))) = (found, lacking)
            && (name.is_none() || found.is_none())
        {
            return Err(error.copy());
        }
        found.ok_or_else(|| {
            let what = match name {
                Some(name) => format!("`{}` holds no image `{name}`", self.0.archive.name()),
                None => format!("`{}` holds {} images", self.0.archive.name(), images.len()),
            };
            let names: Vec<String> = images.iter().flat_map(|image| image.names.iter().cloned()).collect();
            let shown: Vec<String> = names.iter().take(12).map(|name| format!("`{name}`")).collect();
            let hint = if shown.is_empty() {
                "Its images have no names: give the digest of one".to_owned()
            } else {
                format!("Name one of them: {}", shown.join(", "))
            };
            Error::new(Code::ImageMissing, what).with_hint(hint).with_choices(names)
        })
    }

    /// What is wrong with the first image that lacks something, where there is one.
    pub fn broken(&self) -> Option<Error> {
        self.0.broken.first().map(|(_, error)| error.copy())
    }

    /// Whether an image of it, whose root was `root` here, has the digest that it was saved with when its root became
    /// `after`, without these platforms.
    pub fn digest_kept(&self, root: &Digest, after: &Digest, left_out: &[Platform]) -> DigestKept {
        let Some(made) = self.0.made.get(root) else { return DigestKept::of(root, after, left_out) };
        let node = Node::parse(&made.bytes, Some(&made.descriptor.media_type));
        let packed = |layer: &Descriptor| self.0.packed.contains_key(&layer.digest);
        match node {
            Ok(Node::Manifest(manifest)) if manifest.layers.iter().any(packed) => DigestKept::Recompressed,
            _ => DigestKept::NoManifest,
        }
    }

    /// This archive with other roots for some of its images, and with what they need.
    pub(super) fn with_packed(
        &self,
        changed: &HashMap<Digest, Digest>,
        documents: Vec<Document>,
        packed: HashMap<Digest, Arc<Kept>>,
    ) -> Self {
        let Inner { archive, images, broken, made, blobs, .. } = &*self.0;
        let mut made = made.clone();
        let mut images = images.clone();
        for document in documents {
            let before = changed.iter().find(|(_, after)| **after == document.descriptor.digest);
            for image in
                images.iter_mut().filter(|image| before.is_some_and(|(it, _)| *it == image.root.digest))
            {
                image.root = document.descriptor.clone();
            }
            made.insert(document.descriptor.digest.clone(), document);
        }
        let broken = broken.iter().map(|(names, error)| (names.clone(), error.copy())).collect();
        let (archive, blobs) = (archive.clone(), blobs.clone());
        Self(Arc::new(Inner { archive, images, broken, made, blobs, packed }))
    }

    pub(super) fn blob(&self, digest: &Digest) -> Result<Part> {
        if let Some(made) = self.0.made.get(digest) {
            return Ok(Part::Held(made.bytes.clone()));
        }
        if let Some(packed) = self.0.packed.get(digest) {
            return Ok(Part::Kept(packed.clone()));
        }
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
        if let Some(made) = self.0.made.get(&descriptor.digest) {
            return Ok(made.clone());
        }
        let part = self.blob(&descriptor.digest)?;
        let name = self.0.archive.name();
        if part.length() > MANIFEST_CAP {
            let why = format!(
                "the manifest `{}` of `{name}` is over {} MiB",
                descriptor.digest.short(),
                MANIFEST_CAP >> 20
            );
            return Err(Error::new(Code::TooLarge, why).at_digest(&descriptor.digest));
        }
        let mut bytes = vec![0; usize::try_from(part.length()).expect("it is under the cap")];
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

    /// The manifest or index of a digest.
    pub(super) fn document_of(&self, digest: &Digest) -> Result<Document> {
        self.read_document(&self.exact(digest)?)
    }

    /// The manifest or index of a digest, which may be an entry of the archive's index or not.
    fn exact(&self, digest: &Digest) -> Result<Descriptor> {
        if let Some(image) = self.0.images.iter().find(|image| image.root.digest == *digest) {
            return Ok(image.root.clone());
        }
        let part = self.blob(digest)?;
        let unnamed = Descriptor::new("application/octet-stream", digest.clone(), part.length());
        let document = self.read_document(&unnamed)?;
        let node = Node::parse(&document.bytes, None).map_err(|problem| {
            Error::new(Code::ManifestInvalid, format!("`{digest}` is no manifest: {problem}"))
                .at_digest(digest)
        })?;
        Ok(Descriptor::new(node.media_type(), digest.clone(), part.length()))
    }
}

impl Inner {
    fn add(&mut self, images: Vec<DockerImage>) {
        for image in images {
            let Some(manifest) = image.manifest else {
                let error = lacking(&self.archive, &image.names, &image.missing);
                self.broken.push((image.names, error));
                continue;
            };
            self.blobs.extend(image.blobs);
            let root = manifest.descriptor.clone();
            for document in image.config.into_iter().chain([manifest]) {
                self.made.insert(document.descriptor.digest.clone(), document);
            }
            match self.images.iter_mut().find(|known| known.root.digest == root.digest) {
                Some(known) => known.names.extend(image.names),
                None => self.images.push(Listed { root, names: image.names }),
            }
        }
    }
}

/// The error for an image that is not there whole.
fn lacking(archive: &Archive, names: &[String], missing: &[Missing]) -> Error {
    let pieces: Vec<String> = missing.iter().map(|piece| format!("`{}`", piece.entry)).collect();
    let image = names.first().map_or_else(String::new, |name| format!(" of the image `{name}`"));
    let verb = if pieces.len() == 1 { "is" } else { "are" };
    let why = format!("{}{image} {verb} missing in `{}`", pieces.join(", "), archive.name());
    Error::new(Code::ArchiveInvalid, why)
        .with_hint("The archive was not written to its end; save the image again. Nothing was taken from it")
}

/// Why nothing can be loaded from a file, naming what it is.
pub(super) fn no_images(archive: &Archive, kind: Kind) -> Error {
    let name = archive.name();
    let (what, hint) = match kind {
        Kind::Filesystem => (
            format!("`{name}` is the filesystem of a container (`docker export`), not an image"),
            "Import it instead: `longshore import FILE NAME:TAG`; what it ran and its layers were lost when it was exported",
        ),
        Kind::Layer => (
            format!("`{name}` is one layer of an image, not an image"),
            "Find the whole archive, or import the layer as a filesystem: `longshore import FILE NAME:TAG`",
        ),
        Kind::Other => (
            format!("`{name}` holds no image, only files"),
            "If they are those of a container, import them: `longshore import FILE NAME:TAG`",
        ),
        Kind::Chart => (format!("`{name}` is a Helm chart, not an image"), "Push it with `helm push`"),
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
            if part.length() != blob.size {
                let why = format!(
                    "the blob `{}` of `{name}` has {} bytes, its descriptor says {}",
                    blob.digest.short(),
                    part.length(),
                    blob.size
                );
                return Err(Error::new(Code::ContentMismatch, why)
                    .with_hint("The archive is damaged: copy it again; nothing of it was taken")
                    .at_digest(&blob.digest));
            }
            let end = range.until.unwrap_or(blob.size).min(blob.size);
            let read = move |buffer: &mut [u8], at| match part.read_at(buffer, at) {
                Ok(0) => Err(cut(&name)),
                read => read.map_err(|error| unreadable(&name, error)),
            };
            Ok(BlobReader::new(range.from, end, ReadAhead::new(read, range.from, end)))
        })
        .await
    }

    fn spare(&self, blob: &Descriptor) -> Option<Spare> {
        match self.blob(&blob.digest) {
            Ok(Part::Kept(kept)) => kept.spare(blob),
            _ => None,
        }
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
                .all(|blob| self.blob(&blob.digest).is_ok_and(|part| part.length() == blob.size)),
            Err(_) => true,
        }
    }
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|panic| Error::new(Code::Internal, "work on an archive was broken off").with_source(panic))?
}
