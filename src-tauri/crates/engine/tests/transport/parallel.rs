//! One blob over several connections: where each connection is slow and the registry serves ranges.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use engine::Code;
use engine::blob::{BlobReader, ByteRange, ChunkSource};
use engine::endpoint::{Document, ImageSource, Target};
use engine::job::Job;
use engine::store::StoreSink;
use engine::transfer::{Platforms, Request, transfer};
use futures_util::future::BoxFuture;
use oci::descriptor::Descriptor;
use oci::name::RepositoryName;
use testkit::image::Image;
use testkit::proxy::{Cut, Limit, Link, Proxy};
use testkit::server::{Exchange, Fault};

use crate::scene::{MIB, Scene};

/// What a connection brings, bytes a second; far below what would make more connections useless.
const RATE: u64 = 20 * MIB;

fn throttled(size: u64) -> (Scene, Proxy) {
    let scene = Scene::of_size(size);
    let link = Link { rate: Some(RATE), round_trip: Duration::from_millis(10) };
    let proxy = Proxy::with_link(&scene.registry.host(), link);
    let scene = scene.at(&proxy.host());
    (scene, proxy)
}

/// Heads of requests and answers; nothing is fetched for nothing but these.
const HEADS: u64 = 64 << 10;

fn is_ranged(exchange: &Exchange) -> bool {
    exchange.request.header("range").is_some()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_blob_comes_over_several_connections() {
    let (scene, proxy) = throttled(64 * MIB);
    let pulled = scene.pull().await;
    pulled.whole(&scene);
    // One that is let go of is seen to close a moment later only: how many there are at most is counted below.
    let most = proxy.most_open();
    assert!(most >= 4, "{most} connections at once\n{}", scene.registry.transcript());
    assert!(scene.layer_requests() >= 4, "{}", scene.registry.transcript());
    // What another connection took over in front of the first one is not fetched by both.
    let extra = proxy.down() - scene.image.blob_bytes();
    assert!(extra < 8 * MIB, "{extra} bytes came twice");
    assert!(pulled.waits().is_empty(), "{:?}", pulled.retries());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_than_eight_answers_are_read_at_once() {
    let scene = Scene::of_size(96 * MIB);
    let slow = Arc::new(Slow { image: scene.image.clone(), open: Arc::default(), most: Arc::default() });
    let sink = Arc::new(StoreSink::open(&scene.store).await.unwrap());
    let request = Request::new(Target::Sole, Platforms::All, Some(scene.reference()));
    transfer(slow.clone(), sink, &request, &Job::silent()).await.unwrap();
    assert_eq!(slow.open.load(Relaxed), 0);
    // Each brings the same, so all that may be are used; on a busy machine some seem to bring less.
    let most = slow.most.load(Relaxed);
    assert!((2..=8).contains(&most), "{most} at once");
    scene.check_store();
}

/// A source each of whose answers brings about 16 MiB a second, however many there are, and which counts them exactly.
struct Slow {
    image: Image,
    open: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

#[async_trait]
impl ImageSource for Slow {
    async fn resolve(&self, _: &Target, _: &Job) -> engine::Result<Document> {
        let root = &self.image.root;
        Ok(Document { descriptor: root.descriptor(), bytes: root.bytes.clone() })
    }

    async fn document(&self, descriptor: &Descriptor, _: &Job) -> engine::Result<Document> {
        unreachable!("{descriptor:?}: the image is one manifest")
    }

    async fn open(&self, blob: &Descriptor, range: ByteRange, _: &Job) -> engine::Result<BlobReader> {
        let found = self.image.blobs.iter().find(|it| it.digest == blob.digest).unwrap();
        let (from, end) = (range.from as usize, range.until.unwrap_or(blob.size) as usize);
        let bytes = Bytes::copy_from_slice(&found.bytes[from..end]);
        let now = self.open.fetch_add(1, Relaxed) + 1;
        self.most.fetch_max(now, Relaxed);
        let answer = Drip { bytes, begun: Instant::now(), given: 0, open: self.open.clone() };
        Ok(BlobReader::new(range.from, end as u64, answer))
    }

    fn repository(&self) -> Option<&RepositoryName> {
        None
    }
}

struct Drip {
    bytes: Bytes,
    begun: Instant,
    given: u64,
    open: Arc<AtomicUsize>,
}

impl ChunkSource for Drip {
    fn chunk(&mut self) -> BoxFuture<'_, engine::Result<Option<Bytes>>> {
        Box::pin(async move {
            let chunk = self.bytes.split_to(self.bytes.len().min(64 << 10));
            self.given += chunk.len() as u64;
            // By the clock, so that a late timer is made up for.
            let due = self.begun + Duration::from_secs_f64(self.given as f64 / (16 * MIB) as f64);
            tokio::time::sleep_until(due.into()).await;
            Ok(Some(chunk).filter(|chunk| !chunk.is_empty()))
        })
    }
}

impl Drop for Drip {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blob_of_a_few_megabytes_comes_over_one_connection() {
    let (scene, _proxy) = throttled(7 * MIB);
    scene.pull().await.whole(&scene);
    assert_eq!(scene.layer_requests(), 1, "{}", scene.registry.transcript());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f008_a_registry_that_ignores_ranges_stays_on_one_connection() {
    let (scene, proxy) = throttled(24 * MIB);
    scene.registry.fault(scene.on_layer(), Fault::new().ignore_range());
    let pulled = scene.pull().await;
    pulled.whole(&scene);
    let requests = scene.registry.requests(&scene.on_layer());
    let (ranged, whole): (Vec<_>, Vec<_>) = requests.iter().partition(|it| is_ranged(it));
    assert_eq!(whole.len(), 1, "it is not begun again:\n{}", scene.registry.transcript());
    assert!(!ranged.is_empty(), "ranges were not tried");
    assert!(ranged.len() <= 3, "{}", scene.registry.transcript());
    assert!(pulled.waits().is_empty(), "{:?}", pulled.retries());
    let extra = proxy.down() - scene.image.blob_bytes();
    assert!(extra < 8 * MIB, "{extra} bytes came for nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f009_wrong_ranges_ahead_leave_the_blob_to_the_first_connection() {
    for fault in [Fault::status(416), Fault::new().header("Content-Range", "bytes 0-1/2")] {
        let (scene, _proxy) = throttled(24 * MIB);
        scene.registry.fault(scene.on_layer().ranged(), fault);
        let pulled = scene.pull().await;
        pulled.whole(&scene);
        let requests = scene.registry.requests(&scene.on_layer());
        assert_eq!(requests.iter().filter(|it| !is_ranged(it)).count(), 1, "{}", scene.registry.transcript());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f002_a_cut_in_the_middle_of_a_parallel_fetch_costs_little() {
    for cut in [Cut::Reset, Cut::End] {
        let (scene, proxy) = throttled(64 * MIB);
        proxy.limit(Limit::total(30 * MIB, cut).once());
        let pulled = scene.pull().await;
        pulled.whole(&scene);
        assert_eq!(proxy.cuts(), 1);
        assert!(proxy.most_open() > 2, "it was parallel");
        let again = proxy.down() - scene.image.blob_bytes();
        assert!(again <= 8 * MIB, "{cut:?}: {again} bytes were fetched twice");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f002_a_parallel_fetch_is_resumed_by_the_next_pull() {
    let (scene, proxy) = throttled(64 * MIB);
    let running = scene.start();
    let waited = tokio::task::spawn_blocking(move || {
        proxy.wait_down(30 * MIB, Duration::from_secs(10));
        proxy
    });
    let proxy = waited.await.unwrap();
    assert!(proxy.most_open() > 2, "it is parallel");
    running.job.cancel();
    let pulled = running.end().await;
    assert_eq!(pulled.result.unwrap_err().code(), Code::Cancelled);
    scene.check_nothing_visible();
    assert!(scene.partial_path("map").exists(), "its parts are out of order");
    let (before, kept) = (proxy.down(), scene.kept());
    assert!(kept + 8 * MIB >= before, "{kept} of {before} bytes were kept");
    scene.pull().await.whole(&scene);
    let again = proxy.down() - before;
    // Many gaps are many requests, each with its heads.
    assert!(again <= scene.layer().size() - kept + MIB + HEADS, "{again} bytes for the rest");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f011_a_part_of_another_content_is_found_and_begun_again() {
    let (scene, _proxy) = throttled(24 * MIB);
    let other = testkit::image::noise(5, scene.layer().bytes.len());
    scene.registry.fault(scene.on_layer().ranged().nth(1), Fault::new().body(other.clone()));
    let pulled = scene.pull().await;
    pulled.whole(&scene);
    assert!(scene.layer_requests() > 2, "{}", scene.registry.transcript());

    // A mirror whose copies differ: refused after the one restart, which uses no ranges.
    let (scene, _proxy) = throttled(24 * MIB);
    scene.registry.fault(scene.on_layer(), Fault::new().body(other));
    let pulled = scene.pull().await;
    pulled.refused(&scene, Code::ContentMismatch, scene.layer().digest.as_str());
    let requests = scene.registry.requests(&scene.on_layer());
    let first_ranged = requests.iter().position(is_ranged);
    let whole = requests.iter().filter(|it| !is_ranged(it)).count();
    assert!(first_ranged.is_some(), "it was parallel");
    assert_eq!(whole, 2, "{}", scene.registry.transcript());
    assert!(!is_ranged(requests.last().unwrap()), "{}", scene.registry.transcript());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f004_cancelling_a_parallel_fetch_ends_every_connection() {
    let (scene, proxy) = throttled(64 * MIB);
    proxy.limit(Limit::total(24 * MIB, Cut::Stall));
    let running = scene.start();
    let waited = tokio::task::spawn_blocking(move || {
        proxy.wait_down(24 * MIB, Duration::from_secs(10));
        proxy
    });
    let proxy = waited.await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let asked = Instant::now();
    running.job.cancel();
    let pulled = running.end().await;
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    assert_eq!(pulled.result.unwrap_err().code(), Code::Cancelled);
    let closed = async {
        while proxy.open() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(3), closed).await.expect("a connection stays open");
    scene.check_nothing_visible();
}
