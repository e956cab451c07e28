//! Two images side by side.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::image::{LookIn, Whence};

/// One of the two.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CompareSide {
    pub input: String,
    pub from: LookIn,
    pub platform: Option<String>,
}

/// What two images have in common, and what one of them has alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    pub a: ComparedImage,
    pub b: ComparedImage,
    /// The same manifest.
    pub same: bool,
    /// Base first; those of both stand where `a` has them.
    pub layers: Vec<ComparedLayer>,
    /// bytes of layers
    pub shared_bytes: u64,
    pub only_a_bytes: u64,
    pub only_b_bytes: u64,
    /// Every field of the config that one of them has.
    pub config: Vec<ComparedField>,
    /// Digests by platform, where one of them is an index.
    pub platforms: Vec<ComparedField>,
}

/// One image of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ComparedImage {
    /// familiar
    pub title: String,
    /// canonical
    pub reference: String,
    pub from: Whence,
    pub platform: String,
    /// of the manifest that is compared
    pub digest: String,
    /// bytes of its config and layers
    pub size: u64,
    pub layers: u64,
    /// RFC 3339
    pub created: Option<String>,
}

/// Who has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum ComparedSide {
    Both,
    A,
    B,
}

/// One layer of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ComparedLayer {
    pub digest: String,
    pub size: u64,
    /// `RUN npm ci`
    pub instruction: String,
    pub side: ComparedSide,
    /// 1 is the base.
    pub number_a: Option<u64>,
    pub number_b: Option<u64>,
}

/// One field of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ComparedField {
    /// `Environment`, `Labels`, …
    pub group: String,
    pub name: String,
    pub a: Option<String>,
    pub b: Option<String>,
}
