//! What the store has of an image: platforms, bytes, whether it is whole.

use std::collections::HashSet;

use engine::store::ContentStore;
use oci::descriptor::Descriptor;
use oci::{Digest, ImageConfig, Index, MANIFEST_CAP, MAX_INDEX_DEPTH, Node, Platform};

/// A config over this is not read for a list, bytes.
const CONFIG_CAP: u64 = 8 << 20;

/// What is here of one image.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// The platforms that are here whole, in the index's order.
    pub platforms: Vec<Platform>,
    /// Bytes of its blobs that are here, each once.
    pub size: u64,
    /// Whether at least one platform is here whole.
    pub complete: bool,
    /// When the first of its images was made, as its config says.
    pub created: Option<String>,
    /// The index lists another image than those of `platforms`.
    pub partial: bool,
}

/// Looks through an image of the store. What can't be read counts as missing: a list must not fail by one image.
pub fn look(store: &ContentStore, root: &Descriptor) -> Stored {
    let mut walk = Walk { store, seen: HashSet::new(), found: Stored::default() };
    walk.found.complete = walk.node(root, 0);
    walk.found
}

struct Walk<'a> {
    store: &'a ContentStore,
    seen: HashSet<Digest>,
    found: Stored,
}

impl Walk<'_> {
    /// Whether an image was here whole.
    fn node(&mut self, descriptor: &Descriptor, depth: usize) -> bool {
        let Ok(bytes) = self.store.read(&descriptor.digest, MANIFEST_CAP) else { return false };
        let node = match Node::parse(&bytes, Some(&descriptor.media_type)) {
            Ok(node) => node,
            // Of a kind that is only looked at: it is whole by itself.
            Err(problem) => return problem.is_unsupported(),
        };
        match &node {
            Node::Index(_) if depth >= MAX_INDEX_DEPTH => false,
            Node::Index(index) => {
                let mut any = false;
                for child in &index.manifests {
                    let whole = self.node(child, depth + 1);
                    let image = !Index::is_attestation(child);
                    any |= whole && image;
                    self.found.partial |= image && !whole;
                }
                any
            }
            Node::Manifest(manifest) => {
                let mut whole = true;
                for blob in node.successors() {
                    let here =
                        matches!(self.store.blob_size(&blob.digest), Ok(Some(size)) if size == blob.size);
                    whole &= here;
                    if here && self.seen.insert(blob.digest.clone()) {
                        self.found.size += blob.size;
                    }
                }
                if whole && !Index::is_attestation(descriptor) {
                    self.image(descriptor, &manifest.config);
                }
                whole
            }
        }
    }

    fn image(&mut self, descriptor: &Descriptor, config: &Descriptor) {
        let read = || {
            let bytes = self.store.read(&config.digest, CONFIG_CAP.min(config.size)).ok()?;
            ImageConfig::parse(&bytes).ok()
        };
        let config = if oci::media_type::is_config(&config.media_type) { read() } else { None };
        let config = config.map(|(config, _)| config);
        if self.found.created.is_none() {
            self.found.created = config.as_ref().and_then(|config| config.created.clone());
        }
        let platform = descriptor.platform.clone().or_else(|| config.map(|config| config.platform()));
        if let Some(platform) = platform.filter(|platform| !platform.is_unknown())
            && !self.found.platforms.contains(&platform)
        {
            self.found.platforms.push(platform);
        }
    }
}
