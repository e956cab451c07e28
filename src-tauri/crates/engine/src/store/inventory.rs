//! What the store's names stand for, as far as it is here: platforms, sizes, dates, layers.
//!
//! It never fails for one image: what can't be read of it is left out, and the name is still listed.

use std::collections::HashSet;

use oci::config::ImageConfig;
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::graph::{MANIFEST_CAP, MAX_INDEX_DEPTH, Node};
use oci::manifest::Manifest;
use oci::media_type;
use oci::platform::Platform;

use super::{ContentStore, StoredImage};
use crate::error::Result;

/// A config larger than this is not read for a list, bytes.
const CONFIG_CAP: u64 = 1 << 20;

/// A name of the store and what is here of it.
#[derive(Clone, Debug)]
pub struct Holding {
    /// The entry.
    pub image: StoredImage,
    /// The platforms whose manifest, config and layers are all here, in the index's order.
    pub platforms: Vec<Platform>,
    /// Bytes of the configs and layers of what is here, each once.
    pub size: u64,
    /// When the first of its images was made, as the config says.
    pub created: Option<String>,
    /// Digests of the layers of what is here, each once, base first.
    pub layers: Vec<Digest>,
}

impl ContentStore {
    /// Every entry with what is here of it, in the index's order. Reads and checks every manifest and config.
    ///
    /// # Errors
    /// Where the index can't be read.
    pub fn inventory(&self) -> Result<Vec<Holding>> {
        Ok(self.images()?.into_iter().map(|image| self.holding(image)).collect())
    }

    fn holding(&self, image: StoredImage) -> Holding {
        let root = image.descriptor.clone();
        let mut holding =
            Holding { image, platforms: Vec::new(), size: 0, created: None, layers: Vec::new() };
        let mut seen = HashSet::new();
        let mut waiting = vec![(root, 0)];
        while let Some((descriptor, depth)) = waiting.pop() {
            if depth > MAX_INDEX_DEPTH || !seen.insert(descriptor.digest.clone()) {
                continue;
            }
            let Ok(bytes) = self.read(&descriptor.digest, MANIFEST_CAP) else { continue };
            match Node::parse(&bytes, Some(&descriptor.media_type)) {
                Ok(Node::Index(index)) => {
                    let children = index.platforms().into_iter().map(|(child, _)| (child.clone(), depth + 1));
                    // A stack: the first is to be popped first.
                    waiting.extend(children.collect::<Vec<_>>().into_iter().rev());
                }
                Ok(Node::Manifest(manifest)) => self.count(&mut holding, &manifest, &descriptor, &mut seen),
                Err(_) => {}
            }
        }
        holding
    }

    fn count(
        &self,
        holding: &mut Holding,
        manifest: &Manifest,
        descriptor: &Descriptor,
        seen: &mut HashSet<Digest>,
    ) {
        let here =
            |blob: &Descriptor| matches!(self.blob_size(&blob.digest), Ok(Some(size)) if size == blob.size);
        let complete = here(&manifest.config) && manifest.layers.iter().all(here);
        for blob in std::iter::once(&manifest.config).chain(&manifest.layers) {
            if here(blob) && seen.insert(blob.digest.clone()) {
                holding.size += blob.size;
                if blob.digest != manifest.config.digest {
                    holding.layers.push(blob.digest.clone());
                }
            }
        }
        let config = self.config(&manifest.config);
        if holding.created.is_none() {
            holding.created = config.as_ref().and_then(|config| config.created.clone());
        }
        let platform = descriptor.platform.clone().or_else(|| config.map(|config| config.platform()));
        if let Some(platform) = platform.filter(|platform| complete && !platform.is_unknown()) {
            holding.platforms.push(platform);
        }
    }

    fn config(&self, descriptor: &Descriptor) -> Option<ImageConfig> {
        if !media_type::is_config(&descriptor.media_type) || descriptor.size > CONFIG_CAP {
            return None;
        }
        let bytes = self.read(&descriptor.digest, CONFIG_CAP).ok()?;
        Some(ImageConfig::parse(&bytes).ok()?.0)
    }
}
