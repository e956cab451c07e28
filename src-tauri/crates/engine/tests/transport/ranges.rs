//! Answers to ranges that are wrong, and what was kept that turns out to be: nothing is ever put together of two
//! different contents, and one restart is all that is tried.

use engine::Code;
use testkit::image::noise;
use testkit::server::{Fault, On};

use crate::scene::{Pulled, Scene};

const CUT: u64 = 1000;

/// The first answer breaks off at [`CUT`]; the ranges that follow get `fault`.
async fn after_a_cut(fault: Fault) -> (Scene, Pulled) {
    let scene = Scene::of_size(3000);
    scene.registry.fault(scene.on_layer().ranged(), fault);
    scene.registry.fault(scene.on_layer().nth(1), Fault::new().reset_after(CUT));
    let pulled = scene.pull().await;
    (scene, pulled)
}

fn rest() -> Option<String> {
    Some(format!("bytes={CUT}-"))
}

#[tokio::test]
async fn f008_a_range_answered_with_everything_begins_again() {
    let (scene, pulled) = after_a_cut(Fault::new().ignore_range()).await;
    pulled.whole(&scene);
    assert_eq!(scene.layer_ranges(), [None, rest(), None]);
    let (_, why) = pulled.retries().pop().unwrap();
    assert!(why.contains("beginning again"), "{why}");

    // The same where it was an earlier pull that left the beginning.
    let scene = Scene::of_size(3000);
    scene.leave_partial(&scene.layer().bytes[..1000]);
    scene.registry.fault(scene.on_layer(), Fault::new().ignore_range());
    scene.pull().await.whole(&scene);
    assert_eq!(scene.layer_ranges(), [rest(), None]);
}

#[tokio::test]
async fn f008_restarts_have_an_end() {
    let scene = Scene::of_size(3000);
    scene.registry.fault(scene.on_layer().ranged(), Fault::new().ignore_range());
    scene.registry.fault(scene.on_layer(), Fault::new().reset_after(CUT));
    let pulled = scene.pull().await;
    pulled.refused(&scene, Code::ProtocolViolation, scene.layer().digest.short());
    assert_eq!(scene.layer_requests(), 8, "three restarts, two requests each time");
}

#[tokio::test]
async fn f009_a_wrong_content_range_is_dropped_and_begun_again_once() {
    let size = Scene::of_size(3000).layer().size();
    let header = |value: String| Fault::new().header("Content-Range", &value);
    let last = size - 1;
    let rows = [
        ("another start", header(format!("bytes 999-{last}/{size}"))),
        ("beyond the end", header(format!("bytes 1000-{size}/{size}"))),
        ("another total", header(format!("bytes 1000-{last}/{}", size + 5))),
        ("backwards", header(format!("bytes 1000-900/{size}"))),
        ("shorter than its length", header(format!("bytes 1000-1500/{size}"))),
        ("garbage", header("bytes soon".to_owned())),
        ("another unit", header(format!("lines 1000-{last}/{size}"))),
        ("none", Fault::new().without_header("Content-Range")),
        ("two", Fault::new().second_header("Content-Range", &format!("bytes 0-{last}/{size}"))),
        ("two that agree", Fault::new().second_header("Content-Range", &format!("bytes 1000-{last}/{size}"))),
    ];
    for (name, fault) in rows {
        let (scene, pulled) = after_a_cut(fault).await;
        assert!(pulled.result.is_ok(), "{name}: {:?}", pulled.result);
        pulled.whole(&scene);
        assert_eq!(scene.layer_ranges(), [None, rest(), None], "{name}");
    }
    // A part of what was asked for is no fault: the rest of it is asked for next.
    let scene = Scene::of_size(3000);
    let part = format!("bytes 1000-1499/{size}");
    scene.leave_partial(&scene.layer().bytes[..1000]);
    let short = Fault::new().header("Content-Range", &part).body(scene.layer().bytes.slice(..1500));
    scene.registry.fault(scene.on_layer().nth(1), short);
    scene.pull().await.whole(&scene);
    assert_eq!(scene.layer_ranges(), [rest(), Some("bytes=1500-".to_owned())]);
}

#[tokio::test]
async fn f009_a_second_wrong_range_is_refused() {
    let scene = Scene::of_size(3000);
    scene.registry.fault(scene.on_layer().ranged(), Fault::new().header("Content-Range", "bytes 0-0/1"));
    scene.registry.fault(scene.on_layer(), Fault::new().reset_after(CUT));
    let pulled = scene.pull().await;
    pulled.refused(&scene, Code::ProtocolViolation, scene.layer().digest.short());
    assert_eq!(scene.layer_ranges(), [None, rest(), None, rest()]);
}

#[tokio::test]
async fn f010_a_whole_partial_is_verified_without_a_request() {
    let scene = Scene::of_size(3000);
    scene.leave_partial(&scene.layer().bytes);
    scene.pull().await.whole(&scene);
    assert_eq!(scene.layer_requests(), 0);

    let scene = Scene::of_size(3000);
    scene.leave_partial(&noise(9, scene.layer().bytes.len()));
    scene.pull().await.whole(&scene);
    assert_eq!(scene.layer_ranges(), [None], "it was another blob's: all of it again");
}

#[tokio::test]
async fn f010_bytes_that_the_registry_says_do_not_exist_begin_again() {
    let (scene, pulled) = after_a_cut(Fault::status(416)).await;
    pulled.whole(&scene);
    assert_eq!(scene.layer_ranges(), [None, rest(), None]);
    // It insists: refused.
    let scene = Scene::of_size(3000);
    scene.registry.fault(scene.on_layer(), Fault::status(416));
    let pulled = scene.pull().await;
    pulled.refused(&scene, Code::ProtocolViolation, scene.layer().digest.short());
    assert_eq!(scene.layer_requests(), 2);
}

#[tokio::test]
async fn f011_content_that_changes_between_ranges_is_fetched_once_more_in_one_piece() {
    let size = Scene::of_size(3000).layer().bytes.len();
    let rows = [
        ("another content", Fault::new().body(noise(9, size))),
        ("a longer one", Fault::new().body(noise(9, size + 10))),
        ("a shorter one", Fault::new().body(noise(9, size - 10))),
    ];
    for (name, fault) in rows {
        let (scene, pulled) = after_a_cut(fault).await;
        assert!(pulled.result.is_ok(), "{name}: {:?}", pulled.result);
        pulled.whole(&scene);
        assert_eq!(scene.layer_ranges(), [None, rest(), None], "{name}");
    }
}

#[tokio::test]
async fn f011_content_that_stays_changed_is_refused() {
    let scene = Scene::of_size(3000);
    let other = noise(9, scene.layer().bytes.len());
    scene.registry.fault(scene.on_layer().nth(1), Fault::new().reset_after(CUT));
    scene.registry.fault(scene.on_layer(), Fault::new().body(other.clone()));
    let pulled = scene.pull().await;
    let error = pulled.refused(&scene, Code::ContentMismatch, scene.layer().digest.as_str());
    assert_eq!(error.digest(), Some(&scene.layer().digest));
    assert_eq!(scene.layer_ranges(), [None, rest(), None]);
    assert_eq!(scene.kept(), 0);

    // What came wrong in a single answer is refused at once.
    let scene = Scene::of_size(3000);
    scene.registry.fault(scene.on_layer(), Fault::new().body(other));
    let pulled = scene.pull().await;
    pulled.refused(&scene, Code::ContentMismatch, scene.layer().digest.as_str());
    assert_eq!((scene.layer_requests(), scene.kept()), (1, 0));
}

#[tokio::test]
async fn f080_a_corrupt_partial_costs_that_blob_alone() {
    let map = |runs: &[(u64, u64)]| -> Vec<u8> {
        runs.iter().flat_map(|(start, end)| [start.to_le_bytes(), end.to_le_bytes()].concat()).collect()
    };
    let size = Scene::of_size(3000).layer().bytes.len();
    let rows = [
        ("other bytes", noise(9, 1000), None, vec![rest(), None]),
        ("one bit", flipped(1000), None, vec![rest(), None]),
        ("longer than the blob", noise(9, 9000), None, vec![None]),
        ("a map of bytes that never came", vec![0; size], Some(map(&[(0, 1000)])), vec![rest(), None]),
        ("a map beyond the file", Vec::new(), Some(map(&[(0, 1 << 40), (u64::MAX - 1, 3)])), vec![None]),
        ("half a map", noise(9, 500), Some(vec![0; 7]), vec![None]),
    ];
    for (name, part, runs, ranges) in rows {
        let scene = Scene::of_size(3000);
        scene.leave_partial(&part);
        if let Some(runs) = runs {
            std::fs::write(scene.partial_path("map"), runs).unwrap();
        }
        let pulled = scene.pull().await;
        assert!(pulled.result.is_ok(), "{name}: {:?}", pulled.result);
        pulled.whole(&scene);
        assert_eq!(scene.layer_ranges(), ranges, "{name}");
        assert_eq!(scene.registry.count(&On::blobs()), ranges.len() + 1, "{name}: the config once");
    }
}

/// The layer's first bytes with one bit turned over.
fn flipped(length: usize) -> Vec<u8> {
    let mut bytes = Scene::of_size(3000).layer().bytes[..length].to_vec();
    bytes[500] ^= 1;
    bytes
}
