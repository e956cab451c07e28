//! Jobs: cancelled, paused, and two at once (row 81).

use std::time::{Duration, Instant};

use engine::Code;
use engine::job::TransferEvent;
use engine::store::ContentStore;
use engine::transfer::Platforms;
use testkit::image::Image;
use testkit::server::{Fault, On};

use crate::scene::{REPOSITORY, Scene, layered, left_in};

const KEPT: u64 = 300_000;

fn host() -> Platforms {
    Platforms::Only("linux/amd64".parse().unwrap())
}

#[tokio::test]
async fn a_cancelled_pull_ends_at_once_keeps_what_it_has_and_holds_nothing() {
    let scene = Scene::open(Image::of_size(1, 900_000));
    let layer = scene.image.largest_blob().clone();
    scene.registry.fault(On::blob(&layer.digest).nth(1), Fault::new().stall_after(KEPT));
    let running = scene.engine().start(&scene.reference(), host());
    scene.until_kept(&layer, KEPT).await;
    let begun = Instant::now();
    running.job.cancel();
    let pulled = running.end().await;
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(pulled.result.as_ref().unwrap_err().code(), Code::Cancelled);
    scene.check_nothing_visible();
    assert_eq!(scene.store.partial_bytes(&layer.descriptor()), KEPT);
    assert_eq!(scene.store.holders().unwrap().len(), 0, "the lease is given back");

    let again = scene.pull().await;
    again.whole(&scene);
    let (blobs, ..) = again.plan();
    assert_eq!(blobs.iter().map(|it| it.resumed).sum::<u64>(), KEPT);
    let ranged = scene.registry.requests(&On::blob(&layer.digest).ranged());
    assert_eq!(ranged.len(), 1);
    assert_eq!(ranged[0].sent, layer.size() - KEPT, "what was kept is not fetched again");
}

#[tokio::test]
async fn a_pull_that_is_cancelled_while_the_registry_is_silent_ends_at_once() {
    for on in [On::manifests(), On::blobs()] {
        let scene = Scene::open(layered(3));
        scene.registry.fault(on.clone(), Fault::silent());
        let running = scene.engine().start(&scene.reference(), host());
        scene.registry.until(|log| log.iter().any(|it| on.matches(&it.request))).await;
        let begun = Instant::now();
        running.job.cancel();
        let pulled = running.end().await;
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        assert_eq!(pulled.result.as_ref().unwrap_err().code(), Code::Cancelled);
        scene.check_nothing_visible();
    }
}

/// Connections of this process to a port that it has not closed.
fn established(port: u16) -> usize {
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let remote = format!(":{port:04X}");
    let is_open = |line: &&str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        fields[2].ends_with(&remote) && fields[3] == "01"
    };
    table.lines().skip(1).filter(is_open).count()
}

#[tokio::test]
async fn a_paused_pull_lets_go_of_its_connections_and_goes_on_from_there() {
    let scene = Scene::open(Image::of_size(1, 900_000));
    let layer = scene.image.largest_blob().clone();
    scene.registry.fault(On::blob(&layer.digest).nth(1), Fault::new().stall_after(KEPT));
    let running = scene.engine().start(&scene.reference(), host());
    scene.until_kept(&layer, KEPT).await;
    let before = established(scene.registry.port());
    running.job.pause();
    let asked = scene.registry.log().len();
    tokio::time::sleep(Duration::from_millis(300)).await;
    // An idle connection may stay open; the one that the layer came on may not.
    assert_eq!(established(scene.registry.port()), before - 1);
    assert_eq!(scene.registry.log().len(), asked, "nothing is asked while it is paused");
    scene.check_nothing_visible();

    running.job.resume();
    let pulled = running.end().await;
    pulled.whole(&scene);
    let told: Vec<_> = pulled
        .events
        .iter()
        .filter(|event| matches!(event, TransferEvent::Paused | TransferEvent::Resumed))
        .collect();
    assert!(matches!(told[..], [TransferEvent::Paused, TransferEvent::Resumed]), "{told:?}");
    let requests = scene.registry.requests(&On::blob(&layer.digest));
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[1].request.header("range"), Some(format!("bytes={KEPT}-").as_str()));
}

#[tokio::test]
async fn a_pull_that_is_cancelled_while_it_is_paused_ends() {
    let scene = Scene::open(Image::of_size(1, 900_000));
    let layer = scene.image.largest_blob().clone();
    scene.registry.fault(On::blob(&layer.digest), Fault::new().stall_after(KEPT));
    let running = scene.engine().start(&scene.reference(), host());
    scene.until_kept(&layer, KEPT).await;
    running.job.pause();
    tokio::time::sleep(Duration::from_millis(50)).await;
    running.job.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(1), running.end()).await.unwrap();
    assert_eq!(ended.result.unwrap_err().code(), Code::Cancelled);
    assert_eq!(scene.store.partial_bytes(&layer.descriptor()), KEPT);
}

#[tokio::test]
async fn f081_two_pulls_of_one_image_at_once_download_it_once() {
    for (name, other_handle) in [("one handle", false), ("a handle each", true)] {
        let mut scene = Scene::open(layered(6));
        scene.registry.fault(On::blobs(), Fault::new().delay(Duration::from_millis(30)));
        let first = scene.engine().start(&scene.reference(), host());
        if other_handle {
            scene.store = ContentStore::open(scene.store.path()).unwrap();
        }
        let second = scene.engine().start(&scene.reference(), host());
        for pulled in [first.end().await, second.end().await] {
            pulled.whole(&scene);
        }
        for blob in &scene.image.blobs {
            assert_eq!(scene.registry.count(&On::blob(&blob.digest)), 1, "{name}: {}", blob.digest);
        }
        assert_eq!(scene.registry.sent(&On::blobs()), scene.image.blob_bytes(), "{name}");
        assert_eq!(scene.store.images().unwrap().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn f081_one_of_two_pulls_is_cancelled_and_the_other_takes_over() {
    let scene = Scene::open(Image::of_size(1, 900_000));
    let layer = scene.image.largest_blob().clone();
    scene.registry.fault(On::blob(&layer.digest).nth(1), Fault::new().stall_after(KEPT));
    let first = scene.engine().start(&scene.reference(), host());
    scene.until_kept(&layer, KEPT).await;
    let second = scene.engine().start(&scene.reference(), host());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(scene.registry.count(&On::blob(&layer.digest)), 1, "the second one waits");
    first.job.cancel();
    assert_eq!(first.end().await.result.unwrap_err().code(), Code::Cancelled);
    second.end().await.whole(&scene);
    let sent: Vec<u64> = scene.registry.requests(&On::blob(&layer.digest)).iter().map(|it| it.sent).collect();
    assert_eq!(sent, [KEPT, layer.size() - KEPT], "and goes on where the first one stopped");
}

#[tokio::test]
async fn a_failure_of_one_blob_ends_the_others_and_keeps_what_they_have() {
    let scene = Scene::open(Image::of_size(1, 900_000));
    let layer = scene.image.largest_blob().clone();
    let config = scene.image.blobs[0].digest.clone();
    scene.registry.fault(On::blob(&layer.digest).nth(1), Fault::new().stall_after(KEPT));
    scene.registry.fault(On::blob(&config), Fault::status(404).delay(Duration::from_millis(300)));
    let begun = Instant::now();
    let pulled = scene.pull().await;
    assert_eq!(pulled.result.as_ref().unwrap_err().code(), Code::NotFound);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    scene.check_nothing_visible();
    assert_eq!(scene.store.partial_bytes(&layer.descriptor()), KEPT);
    scene.registry.heal();
    scene.pull().await.whole(&scene);
    assert_eq!(left_in(&scene.store.ingest_dir()).len(), 0);
    assert!(scene.store.resolve(&scene.tagged(REPOSITORY, "latest")).unwrap().is_some());
}

/// What of this process leads into a folder, or to a port: open files, and connections.
fn handles(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    let targets = open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    targets.filter(|target| target.starts_with(dir)).collect()
}

/// Cancelled at any moment, a pull leaves no task, no handle, no lease, and no file but the partial ones.
#[tokio::test]
async fn f086_cancelled_at_random_nothing_leaks() {
    const PULLS: u64 = 150;
    let scene = Scene::open(layered(6));
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    scene.registry.fault(On::blobs(), Fault::new().drip(3_000_000));
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let (mut cancelled, mut done) = (0, 0);
    let before = tasks();
    for _ in 0..PULLS {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let running = scene.engine().start(&scene.reference(), host());
        tokio::time::sleep(Duration::from_micros(random % 25_000)).await;
        running.job.cancel();
        match running.end().await.result {
            Ok(_) => {
                done += 1;
                scene.store.remove(&scene.reference()).unwrap();
                scene.store.gc(false).unwrap();
            }
            Err(error) => {
                assert_eq!(error.code(), Code::Cancelled);
                cancelled += 1;
                scene.check_nothing_visible();
            }
        }
        assert_eq!(scene.store.holders().unwrap().len(), 0, "the lease is given back");
    }
    assert!(cancelled > PULLS / 3, "{cancelled} were cancelled, {done} were done");
    let begun = Instant::now();
    let left = || (tasks().saturating_sub(before), handles(scene.store.path()));
    while left().0 > 0 || !left().1.is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(5), "still there: {:?}", left());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let known = |name: &String| scene.image.blobs.iter().any(|blob| name.contains(blob.digest.hex()));
    let files = left_in(&scene.store.ingest_dir());
    assert!(files.iter().all(known), "only partial blobs of this image are kept: {files:?}");
    // What they left is good for the next pull, and then nothing is left.
    scene.registry.heal();
    scene.pull().await.whole(&scene);
    assert_eq!(left_in(&scene.store.ingest_dir()).len(), 0);
}
