//! The layers of an image, wherever it is: opened as streams, and indexed on several threads.

use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use oci::descriptor::Descriptor;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::cache::IndexCache;
use super::index::LayerIndex;
use super::stack::Stack;
use crate::blob::{BlobReader, ByteRange, Verified};
use crate::endpoint::ImageSource;
use crate::error::{Code, Error, Result};
use crate::job::Job;

/// Layers of one image, base first, and where their bytes come from. Clones share everything.
#[derive(Clone)]
pub struct Layers {
    source: Arc<dyn ImageSource>,
    layers: Arc<[Descriptor]>,
    verify: bool,
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
    /// Its index was kept from before: nothing is read.
    pub cached: bool,
}

impl Layers {
    /// The layers of a manifest. With `verify` their digests are checked while they are read, which what the store
    /// committed does not need.
    pub fn new(source: Arc<dyn ImageSource>, layers: &[Descriptor], verify: bool) -> Self {
        Self { source, layers: layers.into(), verify }
    }

    /// Their descriptors, base first.
    pub fn descriptors(&self) -> &[Descriptor] {
        &self.layers
    }

    /// Opens one, compressed as it is stored. 0 is the base. What is read blocks, and must not be read on a thread that
    /// runs async work; a runtime has to be there.
    ///
    /// # Errors
    /// The source's. While it is read, they come as [`io::Error`] with an [`Error`] in it.
    pub fn open(&self, layer: usize, job: &Job) -> Result<LayerReader> {
        let descriptor = self.layers.get(layer).ok_or_else(|| {
            Error::new(Code::NotFound, format!("the image has no layer {}", layer + 1))
                .with_hint(format!("It has {}; 1 is the base", self.layers.len()))
        })?;
        let runtime = Handle::current();
        let opening = self.source.open(descriptor, ByteRange::WHOLE, job);
        let reader = runtime.block_on(job.run(opening))?;
        let body = if self.verify {
            Body::Checked(Box::new(Verified::new(descriptor.clone(), reader)?))
        } else {
            Body::Plain(reader)
        };
        Ok(LayerReader { body, rest: Bytes::new(), runtime, job: job.clone() })
    }

    /// The index of every layer, from the cache or made anew, on as many threads as there are processors. `observer` is
    /// told how far each is, from several threads.
    ///
    /// # Errors
    /// As [`IndexCache::build`]; the first that fails stops the others.
    pub async fn index(
        &self,
        cache: &IndexCache,
        job: &Job,
        observer: impl Fn(IndexProgress) + Send + Sync + 'static,
    ) -> Result<Stack> {
        // One layer may stand there twice, as an empty one does.
        let mut first: HashMap<_, usize> = HashMap::new();
        let places: Vec<usize> = self
            .layers
            .iter()
            .enumerate()
            .map(|(at, layer)| *first.entry(&layer.digest).or_insert(at))
            .collect();
        let mut queue: Vec<usize> = first.into_values().collect();
        // The largest first, so that none is left alone at the end.
        queue.sort_by_key(|at| (self.layers[*at].size, *at));
        let work = Arc::new(Work {
            layers: self.clone(),
            cache: cache.clone(),
            queue: Mutex::new(queue),
            done: Mutex::new(vec![None; self.layers.len()]),
            job: job.clone(),
            stop: Job::silent(),
            observer: Box::new(observer),
        });
        let threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
        let mut running = JoinSet::new();
        for _ in 0..threads.min(self.layers.len()) {
            let work = work.clone();
            running.spawn_blocking(move || work.run());
        }
        let mut failed = None;
        while let Some(outcome) = running.join_next().await {
            let outcome = outcome.unwrap_or_else(|panic| {
                Err(Error::new(Code::Internal, "indexing a layer failed").with_source(panic))
            });
            if let Err(error) = outcome {
                work.stop.cancel();
                failed.get_or_insert(error);
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        let done = std::mem::take(&mut *work.done.lock().expect("no thread panics while it holds the list"));
        let indexes: Vec<Arc<LayerIndex>> = places.iter().filter_map(|at| done[*at].clone()).collect();
        tokio::task::spawn_blocking(move || Stack::new(indexes))
            .await
            .map_err(|panic| Error::new(Code::Internal, "stacking the layers failed").with_source(panic))?
    }
}

struct Work {
    layers: Layers,
    cache: IndexCache,
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
        let descriptor = &self.layers.layers[layer];
        let tell = |done, entries, cached| (self.observer)(IndexProgress { layer, done, entries, cached });
        if let Some(index) = self.cache.get(&descriptor.digest) {
            tell(descriptor.size, index.entries(), true);
            return Ok(index);
        }
        let mut reader = self.layers.open(layer, &self.job)?;
        let progress = |done, entries| tell(done, entries, false);
        let index = self.cache.build(&descriptor.digest, &mut reader, &self.job, &progress)?;
        Ok(index)
    }
}

/// A layer as it is stored, as a blocking stream.
pub struct LayerReader {
    body: Body,
    rest: Bytes,
    runtime: Handle,
    job: Job,
}

enum Body {
    Plain(BlobReader),
    Checked(Box<Verified>),
}

impl Read for LayerReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            let Self { body, runtime, job, .. } = self;
            let chunk = async {
                match body {
                    Body::Plain(reader) => reader.chunk().await,
                    Body::Checked(verified) => verified.chunk().await,
                }
            };
            let chunk = runtime.block_on(job.run(chunk)).map_err(io::Error::other)?;
            self.rest = chunk.unwrap_or_default();
        }
        let count = self.rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.rest.split_to(count));
        Ok(count)
    }
}
