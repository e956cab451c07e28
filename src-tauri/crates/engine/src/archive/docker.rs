//! `manifest.json` of `docker save`: images as a config and a row of layer files, which have no manifest of their own.
//!
//! A manifest is made for each, the same for the same archive. The layers stay as they are stored: where that is
//! uncompressed, as Docker stored them until version 24, the manifest's digest is not the registry's, and a push sends
//! them uncompressed.

use std::cell::Cell;

use oci::config::ImageConfig;
use oci::descriptor::Descriptor;
use oci::digest::{Algorithm, Digest, Hasher};
use oci::media_type;
use serde::Deserialize;
use serde_json::json;

use super::entry::{Part, normal};
use super::open::{Archive, cut, unreadable};
use super::survey::named_digest;
use super::{LayerFacts, Missing, Piece, Variant};
use crate::compression::Compression;
use crate::endpoint::Document;
use crate::error::{Code, Error, Result};
use crate::job::Job;

/// `manifest.json` and a config may be no larger, bytes.
pub(super) const CAP: u64 = 8 << 20;
/// Layers that one image may have: Docker's own limit is 127.
const LAYERS: usize = 1024;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    layers: Option<Vec<String>>,
}

/// One image that has no manifest in the archive.
pub(super) struct DockerImage {
    /// Its names, as they are written there.
    pub names: Vec<String>,
    /// The manifest that is made for it; none where something is missing, or a layer was not read to hash it.
    pub manifest: Option<Document>,
    /// Which entry has the bytes of a digest.
    pub blobs: Vec<(Digest, String)>,
    /// A config that was made too.
    pub config: Option<Document>,
    /// What there is of it.
    pub variant: Variant,
    /// What there is not.
    pub missing: Vec<Missing>,
}

/// Whether what has to be read to be known is read.
#[derive(Clone, Copy)]
pub(super) enum Effort<'a> {
    /// Headers, documents, and layers whose digests are not known otherwise as long as so many bytes of them are enough.
    Look(&'a Cell<u64>, &'a Job),
    /// All layers whose digests are not known otherwise.
    Hash(&'a Job),
}

/// Reads them all.
///
/// # Errors
/// [`Code::ArchiveInvalid`] naming what is malformed. What is missing is no error here.
pub(super) fn images(archive: &Archive, effort: Effort<'_>) -> Result<Vec<DockerImage>> {
    let Some(bytes) = archive.bytes("manifest.json", CAP)? else { return Ok(Vec::new()) };
    let entries: Vec<Entry> =
        serde_json::from_slice(&bytes).map_err(|problem| malformed("manifest.json", archive, problem))?;
    entries.into_iter().map(|entry| image(archive, entry, effort)).collect()
}

/// The error for a document that is no JSON of its kind.
pub(super) fn malformed(entry: &str, archive: &Archive, problem: serde_json::Error) -> Error {
    Error::new(Code::ArchiveInvalid, format!("`{entry}` of `{}` is malformed", archive.name()))
        .with_hint(
            "The program that wrote it is broken, or the file was damaged on its way; save the image again",
        )
        .with_source(problem)
}

fn image(archive: &Archive, entry: Entry, effort: Effort<'_>) -> Result<DockerImage> {
    let names = entry.repo_tags.unwrap_or_default();
    let called = names.first().cloned().unwrap_or_else(|| entry.config.clone());
    let mut missing = Vec::new();
    let layers = entry.layers.unwrap_or_default();
    let Some(bytes) = archive.bytes(&entry.config, CAP)? else {
        missing.push(Missing { piece: Piece::Config, entry: entry.config, digest: None });
        let variant = Variant::unknown(None);
        return Ok(DockerImage { names, manifest: None, blobs: Vec::new(), config: None, variant, missing });
    };
    let (config, _) = ImageConfig::parse(&bytes).map_err(|why| {
        Error::new(Code::ArchiveInvalid, format!("the config of the image `{called}` is malformed: {why}"))
            .with_hint("Save the image again")
    })?;
    if layers.len() > LAYERS || layers.len() != config.diff_ids.len() {
        let (have, want) = (layers.len(), config.diff_ids.len());
        let why = format!("the image `{called}` has {have} layers, its config says {want}");
        return Err(Error::new(Code::ArchiveInvalid, why)
            .with_hint("The archive was put together wrongly; save the image again"));
    }
    let descriptor = Descriptor::new(media_type::OCI_CONFIG, Digest::sha256(&bytes), bytes.len() as u64);
    let mut made = Made::new(descriptor.clone());
    made.blobs.push((descriptor.digest, entry.config));
    for (path, diff_id) in layers.into_iter().zip(&config.diff_ids) {
        made.layer(archive, path, Some(diff_id), effort)?;
    }
    Ok(made.finish(names, config.platform()))
}

/// An image that is put together of its parts.
pub(super) struct Made {
    config: Descriptor,
    pub blobs: Vec<(Digest, String)>,
    layers: Vec<LayerFacts>,
    missing: Vec<Missing>,
}

impl Made {
    pub fn new(config: Descriptor) -> Self {
        Self { config, blobs: Vec::new(), layers: Vec::new(), missing: Vec::new() }
    }

    /// Adds a layer as it is stored. An uncompressed one has the digest that the config says, which is checked when it is
    /// moved.
    pub fn layer(
        &mut self,
        archive: &Archive,
        path: String,
        diff_id: Option<&Digest>,
        effort: Effort<'_>,
    ) -> Result<()> {
        let Some(part) = archive.part(&path)? else {
            let digest = diff_id.cloned();
            let media_type = media_type::OCI_LAYER.to_owned();
            self.missing.push(Missing { piece: Piece::Layer, entry: path, digest: digest.clone() });
            self.layers.push(LayerFacts { digest, size: 0, media_type, held: false });
            return Ok(());
        };
        let start = part.start().map_err(|error| unreadable(archive.name(), error))?;
        let (media_type, known) = match Compression::of(&start) {
            Compression::Gzip => (media_type::OCI_LAYER_GZIP, None),
            Compression::Zstd => (media_type::OCI_LAYER_ZSTD, None),
            Compression::None => (media_type::OCI_LAYER, diff_id.cloned()),
            other => {
                let why = format!("the layer `{path}` of `{}` is compressed with {other}", archive.name());
                return Err(Error::new(Code::ArchiveInvalid, why)
                    .with_hint("No registry takes such layers; save the image with another program"));
            }
        };
        let named = || named_digest(&normal(path.as_bytes())?);
        let digest = match known.or_else(named) {
            Some(digest) => Some(digest),
            None => digest_of(archive, &part, effort)?,
        };
        let layer = LayerFacts { digest, size: part.length(), media_type: media_type.to_owned(), held: true };
        self.blobs.extend(layer.digest.clone().map(|digest| (digest, path)));
        self.layers.push(layer);
        Ok(())
    }

    /// With the manifest, where everything is there and known.
    pub fn finish(self, names: Vec<String>, platform: oci::platform::Platform) -> DockerImage {
        let Self { config, blobs, layers, missing } = self;
        let known: Option<Vec<Descriptor>> = layers
            .iter()
            .map(|layer| Some(Descriptor::new(layer.media_type.clone(), layer.digest.clone()?, layer.size)))
            .collect();
        let manifest = known.filter(|_| missing.is_empty()).map(|layers| {
            document(
                media_type::OCI_MANIFEST,
                &json!({
                    "schemaVersion": 2,
                    "mediaType": media_type::OCI_MANIFEST,
                    "config": config,
                    "layers": layers,
                }),
            )
        });
        let variant = Variant {
            platform: Some(platform).filter(|platform| !platform.is_unknown()),
            manifest: manifest.as_ref().map(|manifest| manifest.descriptor.clone()),
            config: Some(config),
            artifact_type: None,
            attestation: false,
            layers,
            complete: missing.is_empty(),
        };
        DockerImage { names, manifest, blobs, config: None, variant, missing }
    }
}

/// A document that is made here.
pub(super) fn document(media_type: &str, value: &serde_json::Value) -> Document {
    let bytes = value.to_string().into_bytes();
    let descriptor = Descriptor::new(media_type, Digest::sha256(&bytes), bytes.len() as u64);
    Document { descriptor, bytes: bytes.into() }
}

/// The digest of an entry; none where it is not to be read for it.
pub(super) fn digest_of(archive: &Archive, part: &Part, effort: Effort<'_>) -> Result<Option<Digest>> {
    let length = part.length();
    let job = match (part, effort) {
        (Part::Passed { digest, .. }, _) => return Ok(digest.clone()),
        (Part::Kept(kept), _) if kept.digest().algorithm() == Algorithm::Sha256 => {
            return Ok(Some(kept.digest().clone()));
        }
        (_, Effort::Look(left, _)) if length > left.get() => return Ok(None),
        (_, Effort::Look(left, job)) => {
            left.set(left.get() - length);
            job
        }
        (_, Effort::Hash(job)) => job,
    };
    let mut hasher = Hasher::new(Algorithm::Sha256);
    let mut buffer = vec![0; 256 * 1024];
    let mut at = 0;
    while at < part.length() {
        if job.is_cancelled() {
            return Err(Error::cancelled());
        }
        let count = part.read_at(&mut buffer, at).map_err(|error| unreadable(archive.name(), error))?;
        if count == 0 {
            return Err(cut(archive.name()));
        }
        hasher.update(&buffer[..count]);
        at += count as u64;
    }
    Ok(Some(hasher.finish()))
}
