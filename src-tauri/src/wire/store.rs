//! What is on this computer.

use engine::store::Holding;
use oci::reference::Reference;
use serde::Serialize;
use ts_rs::TS;

/// A name of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LocalImage {
    /// canonical name, or null for a nameless (digest only) entry
    pub reference: Option<String>,
    pub familiar: String,
    pub registry: String,
    pub path: String,
    pub tag: Option<String>,
    pub digest: String,
    pub media_type: String,
    pub platforms: Vec<String>,
    /// transfer size of config and layers of what is here, bytes
    pub size: u64,
    pub created: Option<String>,
    pub pulled_at: Option<String>,
}

impl From<&Holding> for LocalImage {
    fn from(holding: &Holding) -> Self {
        let descriptor = &holding.image.descriptor;
        let name = holding.image.name.as_deref();
        // Another tool may have written a name that is no reference: it is shown as it stands, by its digest.
        let parsed = name.and_then(|name| name.parse::<Reference>().ok());
        let familiar = match (&parsed, name) {
            (Some(reference), _) => reference.familiar(),
            (None, Some(name)) => name.to_owned(),
            (None, None) => descriptor.digest.to_string(),
        };
        Self {
            reference: parsed.as_ref().map(Reference::canonical),
            familiar,
            registry: parsed.as_ref().map(|name| name.registry().as_str().to_owned()).unwrap_or_default(),
            path: parsed.as_ref().map(|name| name.repository().path().to_owned()).unwrap_or_default(),
            tag: parsed.as_ref().and_then(|name| Some(name.tag()?.to_string())),
            digest: descriptor.digest.to_string(),
            media_type: descriptor.media_type.clone(),
            platforms: holding.platforms.iter().map(ToString::to_string).collect(),
            size: holding.size,
            created: holding.created.clone(),
            pulled_at: holding.image.pulled_at().map(str::to_owned),
        }
    }
}

/// What removing names did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RemoveReport {
    /// Names that are gone, as they were given.
    pub removed: Vec<String>,
    /// Bytes on disk that no name needs any more and that were given back.
    pub freed_bytes: u64,
}

/// What a garbage collection did or would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct GarbageReport {
    pub blobs: u64,
    pub bytes: u64,
    pub dry_run: bool,
}

/// What hashing stored bytes again gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct HashReport {
    pub digest: String,
    pub bytes: u64,
    pub milliseconds: u64,
}
