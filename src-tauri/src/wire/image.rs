//! An image as its page shows it.

mod assemble;
mod run;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use assemble::{Facts, Held};
pub use run::HowItRuns;

use super::KeyValue;

/// Where to look an image up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum LookIn {
    Registry,
    Store,
    /// The store where it has the image, else the registry.
    Auto,
}

/// Where an image was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Whence {
    Registry,
    Store,
}

/// A label or an annotation that leads to a page of the web. The page can't open an address; it asks for this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct ImageLink {
    pub key: String,
    /// as it is written in the image
    pub value: String,
    /// where it leads, with the port where that is an unusual one
    pub host: String,
}

/// How the image of this name on this computer compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum LocalState {
    Same,
    Older,
    Absent,
}

/// One step of the history, with its layer where it has one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LayerDetail {
    /// 1 is the base; null for history steps without bytes
    pub number: Option<usize>,
    pub digest: Option<String>,
    pub diff_id: Option<String>,
    pub size: u64,
    pub media_type: Option<String>,
    /// gzip, zstd, none
    pub compression: Option<String>,
    /// Dockerfile-like step: `RUN npm ci`, `ADD rootfs.tar.xz /`; raw `created_by` beside
    pub instruction: String,
    pub arguments: String,
    pub created_by: String,
    pub created: Option<String>,
    pub comment: Option<String>,
    pub empty_layer: bool,
    pub present_locally: bool,
    /// other local images (familiar names) with this layer
    pub also_in: Vec<String>,
}

/// One entry of an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PlatformEntry {
    pub platform: String,
    pub digest: String,
    pub manifest_size: u64,
    /// null where not known yet
    pub size: Option<u64>,
    pub present_locally: bool,
    pub selected: bool,
    pub attestation: bool,
}

/// A raw document, exactly as received. `text` is null where it is not UTF-8.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RawDocument {
    pub title: String,
    pub digest: String,
    pub media_type: String,
    pub size: u64,
    pub text: Option<String>,
}

/// The index of a multi-platform image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct IndexSummary {
    pub digest: String,
    pub size: u64,
    pub media_type: String,
}

/// The manifest that is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ManifestSummary {
    pub digest: String,
    pub size: u64,
    pub media_type: String,
    pub platform: String,
}

/// Its config.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct ConfigSummary {
    pub digest: String,
    pub size: u64,
}

/// Everything of an image's page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageDetail {
    pub reference: String,
    pub familiar: String,
    pub tag: Option<String>,
    pub from: Whence,
    /// what the name points to
    pub digest: String,
    pub media_type: String,
    pub size: u64,
    /// null for a single-platform image
    pub index: Option<IndexSummary>,
    /// null where the object is an artifact or unsupported: then only `documents` is filled
    pub manifest: Option<ManifestSummary>,
    pub config: Option<ConfigSummary>,
    pub platforms: Vec<PlatformEntry>,
    /// base first, history steps interleaved
    pub layers: Vec<LayerDetail>,
    pub layer_count: usize,
    pub transfer_size: u64,
    pub present_size: u64,
    pub created: Option<String>,
    pub author: Option<String>,
    pub run: Option<HowItRuns>,
    pub annotations: Vec<KeyValue>,
    /// which labels and annotations are links
    pub links: Vec<ImageLink>,
    /// index (if any), manifest, config
    pub documents: Vec<RawDocument>,
    /// flags on odd content: `The config lists 3 diff IDs for 4 layers`
    pub flags: Vec<String>,
    pub local: LocalState,
}
