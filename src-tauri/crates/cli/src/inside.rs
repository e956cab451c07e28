//! What is inside an image's layers, opened for a verb.

use std::path::Path;
use std::sync::Arc;

use engine::Code;
use engine::job::Job;
use engine::layers::{IndexCache, Layers, Stack, State, Waste, Whole};

use crate::args::Look;
use crate::context::Context;
use crate::failure::Failure;
use crate::find::{self, Found, Place};
use crate::output;

/// An image with the lists of its layers' files.
pub struct Inside {
    pub found: Found,
    pub layers: Layers,
    pub stack: Arc<Stack>,
    pub merged: Arc<State>,
    pub waste: Waste,
}

impl Inside {
    /// Finds the image and reads its layers, where their lists were not kept from before. Those of a registry are
    /// not kept themselves: their tables of contents are fetched, or they are streamed once. An archive is read in place.
    ///
    /// # Errors
    /// As [`find::look`]; where it is no image; where a layer can't be read at all.
    pub async fn open(look: &Look, context: &Context, job: &Job) -> Result<Self, Failure> {
        Self::of(find::look(look, context, job).await?, context, job).await
    }

    /// The same of an image that was found.
    ///
    /// # Errors
    /// As [`Inside::open`].
    pub async fn of(found: Found, context: &Context, job: &Job) -> Result<Self, Failure> {
        let Some(manifest) = &found.image.manifest else {
            return Err(engine::Error::new(Code::ManifestUnsupported, "this is no image: it has no layers")
                .with_hint("`longshore inspect` shows what it is")
                .into());
        };
        let cache = match context.existing_store()? {
            Some(store) => IndexCache::new(store.path().join("cache")),
            None => IndexCache::none(),
        };
        let verify = found.place != Place::Store;
        let layers = Layers::new(found.source.clone(), &manifest.manifest.layers, verify, &cache);
        let layers = if found.place == Place::Registry { layers.far() } else { layers };
        let whole = layers.whole(job, |_| {}).await.map_err(|error| context.failure(error))?;
        let Whole { stack, merged, waste } = whole;
        let inside = Self { found, layers, stack, merged, waste };
        inside.warn();
        Ok(inside)
    }

    /// Says which lists are not whole, and what else is odd.
    fn warn(&self) {
        for (at, layer) in self.stack.layers().iter().enumerate() {
            let number = at + 1;
            if let Some(incomplete) = layer.incomplete() {
                output::warning(&format!(
                    "layer {number} is listed only to its byte {}: {}",
                    incomplete.offset, incomplete.reason
                ));
            }
            if let Some(offset) = layer.trailing() {
                output::warning(&format!(
                    "layer {number} has bytes behind its end, from byte {offset} on; they are passed over"
                ));
            }
            let media_type = &self.layers.descriptors()[at].media_type;
            if let Some(flag) = engine::layers::compression_flag(media_type, layer.compression()) {
                output::warning(&format!("layer {number}: {flag}"));
            }
        }
    }

    /// How many layers count up to the one with this number, or all.
    ///
    /// # Errors
    /// Where there is none with this number.
    pub fn count(&self, layer: Option<u32>) -> Result<usize, Failure> {
        let all = self.stack.layers().len();
        let Some(layer) = layer else { return Ok(all) };
        let count = layer as usize;
        if count <= all {
            return Ok(count);
        }
        Err(engine::Error::new(Code::NotFound, format!("the image has no layer {layer}"))
            .with_hint(format!("It has {all}; 1 is the base"))
            .into())
    }
}

/// `-`, which is standard input or output.
pub fn is_dash(path: &Path) -> bool {
    path.as_os_str() == "-"
}
