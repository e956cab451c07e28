//! What a registry holds: its repositories, their tags, what refers to an image, and what a deletion would take.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::image::LocalState;
use super::{Fault, KeyValue};

/// A page of a registry's repositories.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CatalogPage {
    /// Paths, such as `team/app`.
    pub repositories: Vec<String>,
    /// What to ask for the next page with; opaque.
    pub next: Option<String>,
    /// The registry's paging went in circles: there may be more.
    pub partial: bool,
}

/// A repository that is open. Its tags stay on Rust's side; `query_tags` gives windows of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RepositoryHead {
    pub id: u64,
    /// `team/app`
    pub repository: String,
    pub familiar: String,
    pub host: String,
    /// `Official image on Docker Hub`; may be empty
    pub about: String,
    /// Tags so far.
    pub known: u64,
    /// Names that the registry lists and that are no tags.
    pub invalid: u64,
    /// The first of those: text to show, never a link.
    pub odd: Vec<String>,
    /// No more will come.
    pub finished: bool,
    /// The registry's paging went in circles: there may be more.
    pub partial: bool,
    /// Why the list broke off; what is known stays.
    pub fault: Option<Fault>,
    pub rate_limit: Option<RateLimit>,
}

/// How many pulls a registry says are left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RateLimit {
    pub limit: u64,
    pub remaining: u64,
    pub window_seconds: Option<u64>,
    /// What it counts by: an address or an account.
    pub source: Option<String>,
}

impl From<engine::registry::RateLimit> for RateLimit {
    fn from(limit: engine::registry::RateLimit) -> Self {
        Self {
            limit: limit.limit,
            remaining: limit.remaining,
            window_seconds: limit.window.map(|window| window.as_secs()),
            source: limit.source,
        }
    }
}

/// What a list of tags is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum TagSort {
    /// The registry's own order.
    #[default]
    Registry,
    Name,
    /// `1.9` before `1.10`.
    Version,
    Updated,
    Size,
    Digest,
}

/// Which tags, in what order, and which part of them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TagQuery {
    /// Of the open repository.
    pub id: u64,
    /// Words that the tag must contain, all of them.
    pub filter: String,
    pub sort: TagSort,
    pub descending: bool,
    /// Tags of one digest side by side.
    pub grouped: bool,
    /// Only tags that have it, of those described.
    pub platform: Option<String>,
    /// The first row.
    pub from: u64,
    /// How many rows.
    pub count: u64,
}

/// A window of a list of tags.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TagRows {
    /// Tags of the repository that are known.
    pub total: u64,
    /// Those that the query finds.
    pub matched: u64,
    /// Of those, how many have details.
    pub described: u64,
    pub from: u64,
    pub rows: Vec<TagRow>,
}

/// What was found out of tags, and what asking for it left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DescribedTags {
    pub rows: Vec<TagRow>,
    /// Where the registry says it.
    pub rate_limit: Option<RateLimit>,
}

/// A tag, with details once they were asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TagRow {
    pub tag: String,
    pub digest: Option<String>,
    pub media_type: Option<String>,
    /// `image`, `index`, `artifact`, `attestation`, `signature`, `helm`
    pub kind: Option<String>,
    pub platforms: Vec<String>,
    /// What a pull of the default platform, else of the first, moves; bytes.
    pub size: Option<u64>,
    /// RFC 3339
    pub updated: Option<String>,
    pub local: Option<LocalState>,
    pub fault: Option<Fault>,
    /// Rows beside one another with the same number have the same digest.
    pub knot: Option<u32>,
}

/// What a deletion takes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum DeleteMode {
    /// The manifest, and with it every tag on its digest.
    Manifest,
    /// The tag alone; few registries can.
    Tag,
}

/// What a deletion would take: its blast radius.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DeletePlan {
    /// What `delete_tags` is told.
    pub id: u64,
    /// canonical, without a tag
    pub repository: String,
    pub items: Vec<DeleteItem>,
    /// Other tags of the repository that were looked up.
    pub checked: u64,
    /// Other tags that were not: they may be on the same digests.
    pub unchecked: u64,
    /// Whether the registry can delete a tag alone; null where only trying shows it.
    pub can_untag: Option<bool>,
    /// Whole sentences, no final period.
    pub warnings: Vec<String>,
    /// The line that does it in a terminal.
    pub command: String,
}

/// One manifest that would go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DeleteItem {
    pub digest: String,
    /// Those that were chosen.
    pub tags: Vec<String>,
    /// Others on the same digest, which go with it.
    pub also: Vec<String>,
    /// Tags of indexes that list it, and that would have a hole.
    pub parents: Vec<String>,
    /// Signatures, SBOMs and the like that refer to it.
    pub referrers: u64,
    /// bytes
    pub size: Option<u64>,
}

/// What to delete: what a plan showed, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DeleteRequest {
    /// The plan's id.
    pub plan: u64,
    pub mode: DeleteMode,
}

/// What a deletion did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DeleteReport {
    /// Tags that are gone, those that went with a digest included.
    pub deleted: Vec<String>,
    pub failed: Vec<TagFault>,
}

/// A tag that could not be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TagFault {
    /// Or a digest, where a manifest could not go.
    pub tag: String,
    pub fault: Fault,
}

/// What refers to an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ReferrerList {
    /// The digest that was asked about.
    pub subject: String,
    pub rows: Vec<ReferrerRow>,
    /// One sentence: by the API, or by a fallback tag.
    pub how: String,
}

/// One thing that refers to an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ReferrerRow {
    pub digest: String,
    pub artifact_type: Option<String>,
    /// `SBOM (SPDX)`
    pub label: String,
    pub size: u64,
    /// RFC 3339
    pub created: Option<String>,
    /// How it was found: `Referrers API`, `Tag sha256-….sig`
    pub via: String,
    /// The platform whose manifest it refers to, where that is not the image itself.
    pub platform: Option<String>,
    pub annotations: Vec<KeyValue>,
}
