//! Pushes and copies: what would happen, before any byte moves; and names that are given without moving bytes.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::reference::Breakdown;
use super::transfer::{RowKind, Verb};

/// Where the bytes of a push come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// This computer: a push.
    Store,
    /// The registry that the source names: a copy.
    Registry,
}

/// What to push or copy, and where to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PushRequest {
    /// The source's reference.
    pub input: String,
    pub from: Origin,
    /// The name that it gets; with `allTags` its repository alone counts.
    pub destination: String,
    /// Empty: all that are there.
    pub platforms: Vec<String>,
    /// Every tag of the source's repository, each under its own name.
    pub all_tags: bool,
}

/// What a push would do. Nothing has moved yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PushPlan {
    /// familiar
    pub source: String,
    /// familiar
    pub destination: String,
    /// of the destination
    pub breakdown: Breakdown,
    pub verb: Verb,
    pub account: PlanAccount,
    /// Whether the repository is there; null where the registry does not say.
    pub repository_exists: Option<bool>,
    /// The root's digest; of all tags the first one's.
    pub digest: String,
    pub media_type: String,
    /// Manifests and indexes that are written.
    pub documents: u64,
    /// In the order of the manifests, each digest once.
    pub blobs: Vec<PlanBlob>,
    /// bytes
    pub upload_bytes: u64,
    /// bytes
    pub mount_bytes: u64,
    /// bytes
    pub exists_bytes: u64,
    pub tags: Vec<TagMove>,
    /// Of the source; empty where it is no index.
    pub platforms: Vec<PlanPlatform>,
    /// Platforms that the name has now and would no longer have.
    pub lost_platforms: Vec<String>,
    /// Whole sentences, no final period.
    pub warnings: Vec<String>,
    /// The line that does it in a terminal.
    pub command: String,
}

/// As whom a push would go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PlanAccount {
    /// null: without an account
    pub account: Option<String>,
    /// Where its credential is kept, for people.
    pub origin: String,
    /// Whether the registry grants pushing; null where only the push itself shows it.
    pub may_push: Option<bool>,
    pub note: Option<String>,
}

/// What happens to one blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum BlobFate {
    /// The repository has it.
    Exists,
    /// Another repository of the registry has it, and it is taken from there.
    Mount,
    /// Its bytes move.
    Upload,
}

/// One blob of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PlanBlob {
    pub digest: String,
    pub size: u64,
    pub kind: RowKind,
    /// `COPY app /app`, `config, linux/arm64`
    pub label: String,
    pub fate: BlobFate,
    /// `team/base`
    pub mount_from: Option<String>,
}

/// What happens to a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum TagState {
    /// There is none of that name.
    New,
    /// It points there already.
    Same,
    /// It points elsewhere, and will point here.
    Moves,
}

/// One tag of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TagMove {
    pub tag: String,
    /// What it will point to.
    pub digest: String,
    /// What it points to now.
    pub previous: Option<String>,
    pub state: TagState,
}

/// One platform of the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PlanPlatform {
    pub platform: String,
    /// Whether the source has all of it.
    pub present: bool,
    /// Whether it is pushed.
    pub chosen: bool,
}

/// A name that was given, or that would have moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Tagged {
    /// canonical
    pub name: String,
    pub digest: String,
    /// What the name stood for before, where it was another digest.
    pub previous: Option<String>,
    /// False: the name stands for `previous`, and `replace` was not set; nothing changed.
    pub done: bool,
}
