//! The images of an OCI layout: what `index.json` lists, and what of it is there.

use oci::config::ImageConfig;
use oci::descriptor::Descriptor;
use oci::graph::{MANIFEST_CAP, MAX_INDEX_DEPTH, Node};
use oci::index::Index;
use serde::Deserialize;

use super::docker::{CAP, malformed};
use super::source::Listed;
use super::{Archive, ImageFacts, LayerFacts, Missing, Piece, Variant};
use crate::error::Result;

/// Full names, as containerd and Docker write them; read before the other.
pub(super) const NAME: &str = "io.containerd.image.name";
/// The OCI's own: a full name, or a tag alone (image-spec `annotations.md`).
pub(super) const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// Manifests of one image that are looked at.
const VARIANTS: usize = 512;

#[derive(Deserialize)]
struct LayoutIndex {
    #[serde(default)]
    manifests: Vec<Descriptor>,
}

/// The entries of `index.json`; those that are one image under several names together.
///
/// # Errors
/// [`crate::Code::ArchiveInvalid`] where it is malformed.
pub(super) fn layout_images(archive: &Archive) -> Result<Vec<Listed>> {
    let bytes = archive.bytes("index.json", MANIFEST_CAP)?.unwrap_or_default();
    let index: LayoutIndex =
        serde_json::from_slice(&bytes).map_err(|problem| malformed("index.json", archive, problem))?;
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

/// What there is of an image, and what there is not. What can't be read counts as missing.
pub(super) fn facts(archive: &Archive, image: Listed, damaged: &mut Vec<String>) -> ImageFacts {
    let Listed { root, names } = image;
    let mut walk = Walk { archive, damaged, variants: Vec::new(), missing: Vec::new() };
    walk.node(&root, 0);
    let Walk { variants, missing, .. } = walk;
    ImageFacts { names, root: Some(root), made: false, variants, missing }
}

struct Walk<'a> {
    archive: &'a Archive,
    damaged: &'a mut Vec<String>,
    variants: Vec<Variant>,
    missing: Vec<Missing>,
}

impl Walk<'_> {
    fn node(&mut self, descriptor: &Descriptor, depth: usize) {
        if self.variants.len() >= VARIANTS {
            return;
        }
        let node = self
            .document(descriptor, MANIFEST_CAP)
            .and_then(|bytes| Node::parse(&bytes, Some(&descriptor.media_type)).ok());
        match node {
            Some(Node::Index(index)) if depth < MAX_INDEX_DEPTH => {
                for child in &index.manifests {
                    self.node(child, depth + 1);
                }
            }
            Some(Node::Manifest(manifest)) => {
                let config = self.document(&manifest.config, CAP);
                let mut complete = self.look_for(Piece::Config, &manifest.config);
                let layers: Vec<LayerFacts> = manifest.layers.iter().map(|layer| self.layer(layer)).collect();
                complete &= layers.iter().all(|layer| layer.held);
                let of_config = config
                    .filter(|_| manifest.is_image())
                    .and_then(|bytes| Some(ImageConfig::parse(&bytes).ok()?.0.platform()));
                let platform = descriptor.platform.clone().or(of_config);
                self.variants.push(Variant {
                    platform: platform.filter(|platform| !platform.is_unknown()),
                    manifest: Some(descriptor.clone()),
                    artifact_type: manifest.artifact_type().map(str::to_owned),
                    config: Some(manifest.config),
                    attestation: Index::is_attestation(descriptor),
                    layers,
                    complete,
                });
            }
            _ => {
                // A platform of an index that was not saved along is no fault of the image's: it is listed all the same.
                self.missing(Piece::Manifest, descriptor);
                self.variants.push(Variant {
                    attestation: Index::is_attestation(descriptor),
                    ..Variant::unknown(Some(descriptor.clone()))
                });
            }
        }
    }

    fn layer(&mut self, layer: &Descriptor) -> LayerFacts {
        let held = self.look_for(Piece::Layer, layer);
        let (digest, media_type) = (Some(layer.digest.clone()), layer.media_type.clone());
        LayerFacts { digest, size: layer.size, media_type, held }
    }

    /// Whether a blob is there in its length.
    fn look_for(&mut self, piece: Piece, blob: &Descriptor) -> bool {
        let inline = blob.data.as_ref().is_some_and(|_| matches!(blob.inline(), Ok(Some(_))));
        let part = self.archive.part(&path_of(blob));
        let held = inline || matches!(part, Ok(Some(part)) if part.length() == blob.size);
        if !held {
            self.missing(piece, blob);
        }
        held
    }

    fn missing(&mut self, piece: Piece, blob: &Descriptor) {
        let missing = Missing { piece, entry: path_of(blob), digest: Some(blob.digest.clone()) };
        if !self.missing.contains(&missing) {
            self.missing.push(missing);
        }
    }

    fn document(&mut self, descriptor: &Descriptor, cap: u64) -> Option<Vec<u8>> {
        if let Ok(Some(data)) = descriptor.inline() {
            return Some(data.to_vec());
        }
        let path = path_of(descriptor);
        let bytes = self.archive.bytes(&path, cap).ok()??;
        let hashed = oci::digest::Digest::of(descriptor.digest.algorithm(), &bytes);
        if hashed != descriptor.digest {
            if !self.damaged.contains(&path) {
                self.damaged.push(path);
            }
            return None;
        }
        Some(bytes.to_vec())
    }
}

/// Where a layout has a blob.
pub(super) fn path_of(blob: &Descriptor) -> String {
    format!("blobs/{}/{}", blob.digest.algorithm().as_str(), blob.digest.hex())
}
