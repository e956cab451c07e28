//! Image indexes: one manifest for each platform (image-spec `image-index.md`; Docker's manifest list).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::descriptor::Descriptor;
use crate::media_type;
use crate::platform::Platform;

const REFERENCE_TYPE: &str = "vnd.docker.reference.type";
const REFERENCE_DIGEST: &str = "vnd.docker.reference.digest";

/// An index that [`Node::parse`](crate::Node::parse) has read. Its bytes, never this, are what is stored and sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// What the document is: its own word, or the transport's where it has none.
    #[serde(default)]
    pub media_type: String,
    /// What kind of artifact this is, where it is no image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The entries, in the publisher's order.
    #[serde(default, deserialize_with = "crate::strict_json::nullable")]
    pub manifests: Vec<Descriptor>,
    /// What this document is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Free text by key.
    #[serde(
        default,
        deserialize_with = "crate::strict_json::nullable",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub annotations: BTreeMap<String, String>,
}

impl Index {
    /// Whether the entry is BuildKit's attestation of another entry, not an image.
    pub fn is_attestation(entry: &Descriptor) -> bool {
        entry.annotations.get(REFERENCE_TYPE).is_some_and(|kind| kind == "attestation-manifest")
    }

    /// The digest of the entry that an attestation is about.
    pub fn attested(entry: &Descriptor) -> Option<crate::Digest> {
        if Index::is_attestation(entry) {
            entry.annotations.get(REFERENCE_DIGEST)?.parse().ok()
        } else {
            None
        }
    }

    /// The entry for `wanted`: the best by [`Platform::preference`], the first of equals. Attestations never; an
    /// entry without a known platform only if no other image is there to be meant.
    pub fn choose(&self, wanted: &Platform) -> Option<&Descriptor> {
        let images: Vec<&Descriptor> = self.images().collect();
        let best = images
            .iter()
            .filter_map(|entry| Some((wanted.preference(known_platform(entry)?)?, *entry)))
            .min_by_key(|(rank, _)| *rank);
        match (best, images.as_slice()) {
            (Some((_, entry)), _) => Some(entry),
            (None, [sole]) if known_platform(sole).is_none() => Some(sole),
            _ => None,
        }
    }

    /// The image entries and their platforms, in the publisher's order; attestations are left out.
    pub fn platforms(&self) -> Vec<(&Descriptor, Option<&Platform>)> {
        self.images().map(|entry| (entry, entry.platform.as_ref())).collect()
    }

    fn images(&self) -> impl Iterator<Item = &Descriptor> {
        self.manifests.iter().filter(|entry| !Index::is_attestation(entry) && is_node(entry))
    }
}

/// Manifests and nested indexes; image-spec lets an index point to anything, which is ignored.
fn is_node(entry: &Descriptor) -> bool {
    media_type::is_manifest(&entry.media_type) || media_type::is_index(&entry.media_type)
}

fn known_platform(entry: &Descriptor) -> Option<&Platform> {
    entry.platform.as_ref().filter(|platform| !platform.is_unknown())
}
