//! Lists of files that are made before anybody asks for them.

use std::sync::Arc;

use oci::digest::Digest;
use oci::platform::Platform;

use crate::endpoint::Target;
use crate::error::Result;
use crate::image::inspect;
use crate::job::Job;
use crate::layers::{IndexCache, Layers};
use crate::store::ContentStore;

/// Makes the lists of files of an image of the store, one layer after the other, and the tree of all of them, so that it
/// opens at once when somebody looks inside. What is made already costs nothing, and what has no layers is no failure.
///
/// # Errors
/// As [`inspect`] and [`Layers::whole`].
pub async fn list_files(
    store: &ContentStore,
    root: &Digest,
    platform: Option<&Platform>,
    job: &Job,
) -> Result<()> {
    let image = inspect(store, &Target::Exact(root.clone()), platform, job).await?;
    let Some(manifest) = image.manifest else { return Ok(()) };
    let cache = IndexCache::new(store.path().join("cache"));
    let source = Arc::new(store.clone());
    let layers = Layers::new(source, &manifest.manifest.layers, false, &cache);
    layers.index_each(job).await?;
    layers.whole(job, |_| {}).await.map(drop)
}
