//! What is on this computer.

use std::sync::Arc;
use std::time::Instant;

use engine::store::{ContentStore, hash_file};
use engine::{Code, Error, Result};
use oci::Digest;

use crate::state::{Longshore, blocking, parse_reference};
use crate::wire::{GarbageReport, HashReport, LocalImage, RemoveReport};

/// Every name of the store.
pub async fn list_images(app: &Arc<Longshore>) -> Result<Vec<LocalImage>> {
    let app = app.clone();
    blocking(move || Ok(app.inventory()?.iter().map(LocalImage::from).collect())).await
}

/// Takes names away, and gives back the bytes that nothing needs any more. While a transfer is under way they stay
/// until the next collection.
pub async fn remove_images(app: &Arc<Longshore>, references: Vec<String>) -> Result<RemoveReport> {
    let app = app.clone();
    let names = references.iter().map(|name| parse_reference(name)).collect::<Result<Vec<_>>>()?;
    blocking(move || {
        let store = app.store()?;
        let mut removed = Vec::new();
        for (name, parsed) in references.into_iter().zip(&names) {
            if store.remove(parsed)? {
                removed.push(name);
            }
        }
        let freed_bytes = if removed.is_empty() { 0 } else { freed(&store) };
        Ok(RemoveReport { removed, freed_bytes })
    })
    .await
}

/// The names are gone whatever the collection says: what it leaves, the next one finds.
fn freed(store: &ContentStore) -> u64 {
    match store.gc_unless_busy(false) {
        Ok(Ok(report)) => report.bytes,
        Ok(Err(_)) | Err(_) => 0,
    }
}

/// Deletes what no name needs, or only counts it.
pub async fn collect_garbage(app: &Arc<Longshore>, dry_run: bool) -> Result<GarbageReport> {
    let app = app.clone();
    blocking(move || match app.store()?.gc_unless_busy(dry_run)? {
        Ok(report) => Ok(GarbageReport { blobs: report.blobs, bytes: report.bytes, dry_run }),
        Err(_) => Err(Error::new(Code::StoreFailed, "a transfer is using the store")
            .with_hint("Wait until it is done, or cancel it")),
    })
    .await
}

/// Hashes a stored object again.
pub async fn hash_document(app: &Arc<Longshore>, reference: String, digest: String) -> Result<HashReport> {
    parse_reference(&reference)?;
    let digest: Digest = digest.parse().map_err(|problem: oci::DigestProblem| {
        Error::new(Code::DigestInvalid, problem.to_string()).with_hint("Write it as `sha256:` and 64 digits")
    })?;
    let app = app.clone();
    blocking(move || {
        let begun = Instant::now();
        let file = app.store()?.open_blob(&digest)?;
        let failed = |error: std::io::Error| {
            Error::new(Code::StoreFailed, format!("`{digest}` can't be read")).with_source(error)
        };
        let bytes = file.metadata().map_err(failed)?.len();
        let found = hash_file(&file, digest.algorithm()).map_err(failed)?;
        let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(HashReport { digest: found.to_string(), bytes, milliseconds })
    })
    .await
}
