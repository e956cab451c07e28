//! `manifest.json` of `docker save`: images as a config and a row of layer files, which have no manifest of their own.
//!
//! A manifest is made for each, the same for the same archive. The layers stay as they are stored: where that is
//! uncompressed, as Docker stored them until version 24, the manifest's digest is not the registry's, and a push sends
//! them uncompressed.

use oci::config::ImageConfig;
use oci::descriptor::Descriptor;
use oci::digest::{Algorithm, Digest, Hasher};
use oci::media_type;
use serde::Deserialize;
use serde_json::json;

use super::Compression;
use super::open::{Archive, cut, unreadable};
use crate::endpoint::Document;
use crate::error::{Code, Error, Result};

/// `manifest.json` and a config may be no larger, bytes.
const CAP: u64 = 8 << 20;
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

/// One image of `manifest.json`.
pub(super) struct DockerImage {
    /// Its names, as they are written there.
    pub names: Vec<String>,
    /// The manifest that is made for it.
    pub manifest: Document,
    /// Which entry has the bytes of a digest.
    pub blobs: Vec<(Digest, String)>,
}

/// Reads them all. Layers that are compressed are hashed, which reads them once.
///
/// # Errors
/// [`Code::ArchiveInvalid`] naming what is missing or malformed.
pub(super) fn images(archive: &Archive) -> Result<Vec<DockerImage>> {
    let Some(bytes) = archive.bytes("manifest.json", CAP)? else { return Ok(Vec::new()) };
    let entries: Vec<Entry> = serde_json::from_slice(&bytes).map_err(|problem| {
        Error::new(Code::ArchiveInvalid, format!("`manifest.json` of `{}` is malformed", archive.name()))
            .with_hint("The program that wrote it is broken, or the file was damaged on its way; save the image again")
            .with_source(problem)
    })?;
    entries.into_iter().map(|entry| image(archive, entry)).collect()
}

fn image(archive: &Archive, entry: Entry) -> Result<DockerImage> {
    let called = entry.repo_tags.iter().flatten().next().cloned().unwrap_or_else(|| entry.config.clone());
    let missing = |what: &str| {
        let why = format!("`{what}` of the image `{called}` is missing in `{}`", archive.name());
        Error::new(Code::ArchiveInvalid, why).with_hint(
            "The archive was not written to its end; save the image again. Nothing was taken from it",
        )
    };
    let config = archive.bytes(&entry.config, CAP)?.ok_or_else(|| missing(&entry.config))?;
    let (parsed, _) = ImageConfig::parse(&config).map_err(|why| {
        Error::new(Code::ArchiveInvalid, format!("the config of the image `{called}` is malformed: {why}"))
            .with_hint("Save the image again")
    })?;
    let layers = entry.layers.unwrap_or_default();
    if layers.len() > LAYERS || layers.len() != parsed.diff_ids.len() {
        let (have, want) = (layers.len(), parsed.diff_ids.len());
        let why = format!("the image `{called}` has {have} layers, its config says {want}");
        return Err(Error::new(Code::ArchiveInvalid, why)
            .with_hint("The archive was put together wrongly; save the image again"));
    }
    let config_descriptor =
        Descriptor::new(media_type::OCI_CONFIG, Digest::sha256(&config), config.len() as u64);
    let mut blobs = vec![(config_descriptor.digest.clone(), entry.config)];
    let mut listed = Vec::new();
    for (path, diff_id) in layers.into_iter().zip(&parsed.diff_ids) {
        let descriptor = layer(archive, &path, diff_id)?.ok_or_else(|| missing(&path))?;
        blobs.push((descriptor.digest.clone(), path));
        listed.push(descriptor);
    }
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": media_type::OCI_MANIFEST,
        "config": config_descriptor,
        "layers": listed,
    });
    let bytes = serde_json::to_vec(&manifest).map_err(|problem| {
        Error::new(Code::Internal, "a manifest can't be written down").with_source(problem)
    })?;
    let descriptor = Descriptor::new(media_type::OCI_MANIFEST, Digest::sha256(&bytes), bytes.len() as u64);
    let manifest = Document { descriptor, bytes: bytes.into() };
    Ok(DockerImage { names: entry.repo_tags.unwrap_or_default(), manifest, blobs })
}

/// A layer as it is stored. An uncompressed one has the digest that the config says, which is checked when it is moved.
fn layer(archive: &Archive, path: &str, diff_id: &Digest) -> Result<Option<Descriptor>> {
    let Some(part) = archive.part(path)? else { return Ok(None) };
    let failed = |error| unreadable(archive.name(), error);
    let mut start = [0; 6];
    let have = part.read_at(&mut start, 0).map_err(failed)?;
    let kind = match Compression::of(&start[..have]) {
        Compression::Gzip => media_type::OCI_LAYER_GZIP,
        Compression::Zstd => media_type::OCI_LAYER_ZSTD,
        Compression::None => {
            return Ok(Some(Descriptor::new(media_type::OCI_LAYER, diff_id.clone(), part.length)));
        }
        other => {
            let why = format!("the layer `{path}` of `{}` is compressed with {other}", archive.name());
            return Err(Error::new(Code::ArchiveInvalid, why)
                .with_hint("No registry takes such layers; save the image with another program"));
        }
    };
    let mut hasher = Hasher::new(Algorithm::Sha256);
    let mut buffer = vec![0; 256 * 1024];
    let mut at = 0;
    while at < part.length {
        let count = part.read_at(&mut buffer, at).map_err(failed)?;
        if count == 0 {
            return Err(cut(archive.name()));
        }
        hasher.update(&buffer[..count]);
        at += count as u64;
    }
    Ok(Some(Descriptor::new(kind, hasher.finish(), part.length)))
}
