//! The layers of an image, wherever it is: opened as streams, and indexed on several threads.

use std::collections::HashMap;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use oci::descriptor::Descriptor;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::cache::IndexCache;
use super::contents;
use super::index::LayerIndex;
use crate::blob::ChunkSource;
use crate::endpoint::{Content, Feed, ImageSource, Lanes, Proof};
use crate::error::{Code, Error, Result};
use crate::job::Job;

/// Layers of one image, base first, and where their bytes come from. Clones share everything.
#[derive(Clone)]
pub struct Layers {
    source: Arc<dyn ImageSource>,
    layers: Arc<[Descriptor]>,
    verify: bool,
    far: bool,
    cache: IndexCache,
    fetched: Arc<AtomicU64>,
}

/// How far a layer's index is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexProgress {
    /// Which layer; 0 is the base.
    pub layer: usize,
    /// Bytes that were read, as it is stored.
    pub done: u64,
    /// Entries that were found.
    pub entries: u64,
    /// Bytes that had to be got for it.
    pub fetched: u64,
    /// Where its list comes from.
    pub by: IndexedBy,
}

/// Where the list of a layer's files comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexedBy {
    /// A list that was kept from before: nothing is read.
    Cache,
    /// All of its bytes.
    Reading,
    /// The table of contents that its publisher put into it (eStargz, zstd:chunked).
    Contents,
}

impl Layers {
    /// The layers of a manifest; lists of their files, and what helps to find a file again, are kept in `cache`. With
    /// `verify` the digest of a layer is checked while it is read as a whole, which what the store committed does not need.
    pub fn new(
        source: Arc<dyn ImageSource>,
        layers: &[Descriptor],
        verify: bool,
        cache: &IndexCache,
    ) -> Self {
        let (layers, cache, fetched) = (layers.into(), cache.clone(), Arc::default());
        Self { source, layers, verify, far: false, cache, fetched }
    }

    /// Their bytes come from far away: as few as possible are fetched. A layer with a table of contents of its own (eStargz,
    /// zstd:chunked) that the manifest vouches for is listed by it; of another, places to begin from are kept while it
    /// streams by.
    #[must_use]
    pub fn far(mut self) -> Self {
        self.far = true;
        self
    }

    /// Bytes of layers that were read so far, as they are stored.
    pub fn fetched(&self) -> u64 {
        self.fetched.load(Ordering::Relaxed)
    }

    /// Their descriptors, base first.
    pub fn descriptors(&self) -> &[Descriptor] {
        &self.layers
    }

    /// Opens one, compressed as it is stored. 0 is the base. What is read blocks, and must not be read on a thread that
    /// runs async work; a runtime has to be there. Where the source breaks off, it is read on.
    ///
    /// # Errors
    /// [`Code::NotFound`]. While it is read, the source's come as [`io::Error`] with an [`Error`] in it.
    pub fn open(&self, layer: usize, job: &Job) -> Result<LayerReader> {
        let descriptor = self.descriptor(layer)?;
        let proof = if self.verify { Proof::of(descriptor) } else { Proof::none() };
        Ok(self.reader(descriptor, 0..descriptor.size, &proof, job))
    }

    /// Opens bytes of one, as it is stored. Nothing proves them right: whoever reads them does.
    pub(super) fn open_range(&self, layer: usize, range: Range<u64>, job: &Job) -> Result<LayerReader> {
        let descriptor = self.descriptor(layer)?;
        let range = range.start.min(descriptor.size)..range.end.min(descriptor.size);
        Ok(self.reader(descriptor, range, &Proof::none(), job))
    }

    pub(super) fn descriptor(&self, layer: usize) -> Result<&Descriptor> {
        self.layers.get(layer).ok_or_else(|| {
            Error::new(Code::NotFound, format!("the image has no layer {}", layer + 1))
                .with_hint(format!("It has {}; 1 is the base", self.layers.len()))
        })
    }

    fn reader(&self, descriptor: &Descriptor, range: Range<u64>, proof: &Proof, job: &Job) -> LayerReader {
        let content = Content::new(self.source.clone(), descriptor.clone(), job.clone(), Lanes::new(1));
        LayerReader {
            feed: content.feed(range.start, range.end, proof),
            rest: Bytes::new(),
            runtime: Handle::current(),
            job: job.clone(),
            fetched: self.fetched.clone(),
        }
    }

    pub(super) fn cache(&self) -> &IndexCache {
        &self.cache
    }

    /// The index of every layer, base first, from the cache or made anew, on as many threads as there are processors.
    /// `observer` is told how far each is, from several threads.
    ///
    /// # Errors
    /// As [`IndexCache::build`]; the first that fails stops the others.
    pub(super) async fn index(
        &self,
        job: &Job,
        observer: impl Fn(IndexProgress) + Send + Sync + 'static,
    ) -> Result<Vec<Arc<LayerIndex>>> {
        let (places, queue) = self.each_once();
        // The largest first, so that none is left alone at the end.
        let work = self.work(queue, job, observer);
        let threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
        let mut running = JoinSet::new();
        for _ in 0..threads.min(self.layers.len()) {
            let work = work.clone();
            running.spawn_blocking(move || work.run());
        }
        let mut first_failure = None;
        while let Some(outcome) = running.join_next().await {
            if let Err(error) = outcome.unwrap_or_else(|panic| Err(failed(panic))) {
                work.stop.cancel();
                first_failure.get_or_insert(error);
            }
        }
        if let Some(error) = first_failure {
            return Err(error);
        }
        let done = std::mem::take(&mut *work.done.lock().expect("no thread panics while it holds the list"));
        Ok(places.iter().filter_map(|at| done[*at].clone()).collect())
    }

    /// Puts the index of every layer into the cache, on one thread.
    ///
    /// # Errors
    /// As [`IndexCache::build`].
    pub async fn index_each(&self, job: &Job) -> Result<()> {
        let (_, queue) = self.each_once();
        let work = self.work(queue, job, |_| {});
        let worked = tokio::task::spawn_blocking(move || work.run()).await;
        worked.unwrap_or_else(|panic| Err(failed(panic)))
    }

    /// For each layer where its digest stands first, and all of these, the largest last. One layer may stand there twice,
    /// as an empty one does.
    fn each_once(&self) -> (Vec<usize>, Vec<usize>) {
        let mut first: HashMap<_, usize> = HashMap::new();
        let layers = self.layers.iter().enumerate();
        let places = layers.map(|(at, layer)| *first.entry(&layer.digest).or_insert(at)).collect();
        let mut queue: Vec<usize> = first.into_values().collect();
        queue.sort_by_key(|at| (self.layers[*at].size, *at));
        (places, queue)
    }

    fn work(
        &self,
        queue: Vec<usize>,
        job: &Job,
        observer: impl Fn(IndexProgress) + Send + Sync + 'static,
    ) -> Arc<Work> {
        Arc::new(Work {
            layers: self.clone(),
            queue: Mutex::new(queue),
            done: Mutex::new(vec![None; self.layers.len()]),
            job: job.clone(),
            stop: Job::silent(),
            observer: Box::new(observer),
        })
    }
}

fn failed(panic: tokio::task::JoinError) -> Error {
    Error::new(Code::Internal, "indexing a layer failed").with_source(panic)
}

struct Work {
    layers: Layers,
    queue: Mutex<Vec<usize>>,
    done: Mutex<Vec<Option<Arc<LayerIndex>>>>,
    job: Job,
    /// Cancelled where another thread failed.
    stop: Job,
    observer: Box<dyn Fn(IndexProgress) + Send + Sync>,
}

impl Work {
    fn run(&self) -> Result<()> {
        let next = || self.queue.lock().expect("no thread panics while it holds the queue").pop();
        while let Some(layer) = next() {
            if self.stop.is_cancelled() {
                return Ok(());
            }
            let index = Arc::new(self.index(layer)?);
            self.done.lock().expect("no thread panics while it holds the list")[layer] = Some(index);
        }
        Ok(())
    }

    fn index(&self, layer: usize) -> Result<LayerIndex> {
        let Layers { cache, far, .. } = &self.layers;
        let descriptor = &self.layers.layers[layer];
        let size = descriptor.size;
        let tell = |done, entries, fetched, by| {
            (self.observer)(IndexProgress { layer, done, entries, fetched, by });
        };
        if let Some(index) = cache.get(&descriptor.digest, *far) {
            tell(size, index.entries(), 0, IndexedBy::Cache);
            return Ok(index);
        }
        if *far {
            let by_contents = |fetched, entries| tell(fetched, entries, fetched, IndexedBy::Contents);
            if let Some((index, fetched)) = contents::index(&self.layers, layer, &self.job, &by_contents)? {
                tell(size, index.entries(), fetched, IndexedBy::Contents);
                return Ok(index);
            }
        }
        let mut reader = self.layers.open(layer, &self.job)?;
        let progress = |done, entries| tell(done, entries, done, IndexedBy::Reading);
        cache.build(&descriptor.digest, &mut reader, *far, &self.job, &progress)
    }
}

/// A layer or a part of it as it is stored, as a blocking stream.
pub struct LayerReader {
    feed: Feed,
    rest: Bytes,
    runtime: Handle,
    job: Job,
    fetched: Arc<AtomicU64>,
}

impl Read for LayerReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            let Self { feed, runtime, job, .. } = self;
            let chunk = runtime.block_on(job.run(feed.chunk())).map_err(io::Error::other)?;
            self.rest = chunk.unwrap_or_default();
            self.fetched.fetch_add(self.rest.len() as u64, Ordering::Relaxed);
        }
        let count = self.rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.rest.split_to(count));
        Ok(count)
    }
}
