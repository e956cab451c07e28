//! All layers of an image as one tree, and what is true of all of it. Of a large image that is kept beside the lists of its
//! layers, so that it opens at once the next time.

use std::io;
use std::sync::Arc;

use oci::descriptor::Descriptor;

use super::cache::IndexCache;
use super::index::LayerIndex;
use super::kept::{Kept, Key, Lists};
use super::open::{IndexProgress, Layers};
use super::stack::Stack;
use super::state::{Scope, State};
use super::waste::{Waste, waste};
use crate::error::{Code, Error, Result};
use crate::job::Job;

/// Of fewer entries it is worked out in a millisecond or two.
const LARGE: u32 = 16_384;

/// What an image's layers make.
#[derive(Debug)]
pub struct Whole {
    /// Every path that any layer has.
    pub stack: Arc<Stack>,
    /// What a container sees: [`Scope::Merged`].
    pub merged: Arc<State>,
    /// What is stored for nothing.
    pub waste: Waste,
}

impl Layers {
    /// The layers as one tree, from lists that were kept or made anew, on as many threads as there are processors. `observer`
    /// is told how far each list is, from several threads.
    ///
    /// # Errors
    /// As [`IndexCache::build`], the first of a layer, and [`Stack::new`].
    pub async fn whole(
        &self,
        job: &Job,
        observer: impl Fn(IndexProgress) + Send + Sync + 'static,
    ) -> Result<Whole> {
        let indexes = self.index(job, observer).await?;
        let (cache, layers) = (self.cache().clone(), self.clone());
        let made = tokio::task::spawn_blocking(move || Whole::of(&cache, layers.descriptors(), &indexes));
        made.await
            .map_err(|panic| Error::new(Code::Internal, "stacking the layers failed").with_source(panic))?
    }
}

impl IndexCache {
    /// The layers of an image as one tree, where the list of each is kept; nothing is read of the layers. Blocks.
    pub fn whole(&self, layers: &[Descriptor]) -> Option<Whole> {
        let index = |layer: &Descriptor| self.get(&layer.digest, true).map(Arc::new);
        let indexes: Vec<_> = layers.iter().map(index).collect::<Option<_>>()?;
        Whole::of(self, layers, &indexes).ok()
    }
}

impl Whole {
    fn of(cache: &IndexCache, layers: &[Descriptor], indexes: &[Arc<LayerIndex>]) -> Result<Self> {
        let entries = indexes.iter().map(|index| index.nodes()).fold(0, u32::saturating_add);
        let Some(last) = layers.last().filter(|_| entries >= LARGE) else { return Self::new(indexes) };
        let key = Key::of(layers, indexes);
        let kept = cache.kept(&last.digest, &key);
        if let Some(whole) = kept.and_then(|kept| Self::read(indexes, &kept)) {
            return Ok(whole);
        }
        let whole = Self::new(indexes)?;
        // What can't be kept is worked out again the next time.
        let _ = cache.keep(&last.digest, &key, |lists| whole.write(lists));
        Ok(whole)
    }

    fn new(indexes: &[Arc<LayerIndex>]) -> Result<Self> {
        let stack = Arc::new(Stack::new(indexes.to_vec())?);
        let (merged, waste) = std::thread::scope(|threads| {
            let waste = threads.spawn(|| waste(&stack));
            (State::new(&stack, Scope::Merged), waste.join())
        });
        let waste = waste.map_err(|_| Error::new(Code::Internal, "counting what is wasted failed"))?;
        Ok(Self { merged: Arc::new(merged?), waste, stack })
    }

    pub(super) fn write(&self, lists: &mut Lists<'_>) -> io::Result<()> {
        self.stack.write(lists)?;
        self.merged.write(lists)?;
        self.waste.write(lists)
    }

    /// None where it is not of these layers.
    pub(super) fn read(indexes: &[Arc<LayerIndex>], kept: &Kept) -> Option<Self> {
        let mut lists = kept.lists();
        let stack = Arc::new(Stack::read(indexes, &mut lists)?);
        let merged = Arc::new(State::read(&stack, &mut lists)?);
        let waste = Waste::read(&mut lists)?;
        Some(Self { stack, merged, waste })
    }
}
