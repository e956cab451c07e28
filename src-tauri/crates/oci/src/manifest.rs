//! Image manifests: one config and its layers (image-spec `manifest.md`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::descriptor::Descriptor;
use crate::media_type;

/// A manifest that [`Node::parse`](crate::Node::parse) has read. Its bytes, never this, are what is stored and sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// What the document is: its own word, or the transport's where it has none.
    #[serde(default)]
    pub media_type: String,
    /// What kind of artifact this is, where it is no image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The config: for an image, how it runs and how it was built.
    pub config: Descriptor,
    /// The layers, base first. An image may have none.
    #[serde(default, deserialize_with = "crate::strict_json::nullable")]
    pub layers: Vec<Descriptor>,
    /// What this document is about: a signature's image.
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

impl Manifest {
    /// Whether the config is an image's. Otherwise this is an artifact: a chart, a signature, an SBOM.
    pub fn is_image(&self) -> bool {
        media_type::is_config(&self.config.media_type)
    }

    /// What kind of artifact this is; `None` for an image. Where `artifactType` is absent, image-spec lets the
    /// config's media type stand for it.
    pub fn artifact_type(&self) -> Option<&str> {
        match &self.artifact_type {
            Some(own) if !own.is_empty() => Some(own),
            _ if self.is_image() => None,
            _ => Some(&self.config.media_type),
        }
    }

    /// Bytes of the config and all layers as they are transferred, each digest counted once.
    pub fn transfer_size(&self) -> u64 {
        let mut seen = std::collections::BTreeSet::new();
        let all = std::iter::once(&self.config).chain(&self.layers);
        all.filter(|node| seen.insert(&node.digest)).fold(0, |sum, node| sum.saturating_add(node.size))
    }
}
