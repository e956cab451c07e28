//! What the names of the images say of where their blobs are: an image that was pulled from a repository, or pushed to
//! it, has its blobs there, as far as anyone here knows.

use std::collections::HashSet;

use oci::graph::{MANIFEST_CAP, MAX_INDEX_DEPTH, Node};
use oci::name::Registry;
use oci::reference::Reference;

use super::ContentStore;
use crate::endpoint::Mounts;
use crate::error::Result;

impl ContentStore {
    /// Repositories of `registry` that may have blobs, by blob. Guesses: whoever mounts from them finds out.
    ///
    /// # Errors
    /// Where the index can't be read.
    pub fn mounts(&self, registry: &Registry) -> Result<Mounts> {
        let mut mounts = Mounts::none();
        for image in self.images()? {
            let name = image.name.as_deref().and_then(|name| name.parse::<Reference>().ok());
            let Some(name) = name.filter(|name| name.registry() == registry) else { continue };
            let mut seen = HashSet::new();
            let mut waiting = vec![(image.descriptor, 0)];
            while let Some((descriptor, depth)) = waiting.pop() {
                if depth > MAX_INDEX_DEPTH || !seen.insert(descriptor.digest.clone()) {
                    continue;
                }
                let Ok(bytes) = self.read(&descriptor.digest, MANIFEST_CAP) else { continue };
                match Node::parse(&bytes, Some(&descriptor.media_type)) {
                    Ok(Node::Index(index)) => {
                        waiting.extend(index.manifests.into_iter().map(|child| (child, depth + 1)));
                    }
                    Ok(node @ Node::Manifest(_)) => {
                        for blob in node.successors() {
                            mounts.add(&blob.digest, name.repository());
                        }
                    }
                    Err(_) => {}
                }
            }
        }
        Ok(mounts)
    }
}
