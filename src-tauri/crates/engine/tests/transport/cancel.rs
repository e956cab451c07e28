//! Cancelling: at once, wherever a pull hangs, and without losing what arrived.

use std::time::{Duration, Instant};

use engine::Code;
use engine::job::TransferEvent;
use testkit::server::{Fault, On};

use crate::scene::{MIB, Scene};

/// Cancels once the request that hangs was made; what the pull keeps of the layer.
async fn cancelled(name: &str, on: On, fault: Fault) -> u64 {
    let scene = Scene::of_size(300_000);
    scene.registry.fault(on.clone(), fault);
    let running = scene.start();
    scene.registry.until(|_| scene.registry.count(&on) > 0).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    let asked = Instant::now();
    running.job.cancel();
    let pulled = running.end().await;
    assert!(asked.elapsed() < Duration::from_secs(1), "{name}: {:?}", asked.elapsed());
    let error = pulled.result.expect_err(name);
    assert_eq!(error.code(), Code::Cancelled, "{name}: {error:?}");
    scene.check_nothing_visible();
    let kept = scene.kept();
    // Nobody holds on to anything: the next pull takes it from here.
    scene.registry.heal();
    let sent = scene.registry.sent(&scene.on_layer());
    scene.pull().await.whole(&scene);
    let again = scene.registry.sent(&scene.on_layer()) - sent;
    assert_eq!(again, scene.layer().size() - kept, "{name}: bytes fetched after it");
    kept
}

#[tokio::test]
async fn f004_cancelling_ends_a_stalled_pull_within_a_second() {
    let layer = |scene: Scene| scene.on_layer();
    let on_layer = layer(Scene::of_size(300_000));
    let wait = Fault::status(429).header("Retry-After", "50");
    let rows = [
        ("the manifest, before its head", On::manifests(), Fault::silent(), 0),
        ("the manifest, in its body", On::manifests(), Fault::new().stall_after(100), 0),
        ("a long wait for another try", On::manifests(), wait.clone(), 0),
        ("the layer, before its head", on_layer.clone(), Fault::silent(), 0),
        ("the layer, in its body", on_layer.clone(), Fault::new().stall_after(123_456), 123_456),
        ("the layer, waiting for another try", on_layer.clone(), wait, 0),
    ];
    for (name, on, fault, kept) in rows {
        assert_eq!(cancelled(name, on, fault).await, kept, "{name}");
    }
}

#[tokio::test]
async fn f004_pausing_lets_go_of_a_stalled_connection_and_resuming_goes_on() {
    let scene = Scene::of_size(300_000);
    scene.registry.fault(scene.on_layer().nth(1), Fault::new().stall_after(200_000));
    let running = scene.start();
    scene.registry.until(|_| scene.registry.sent(&scene.on_layer()) == 200_000).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    running.job.pause();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(scene.layer_requests(), 1, "nothing is asked for meanwhile");
    assert_eq!(scene.kept(), 200_000);
    running.job.resume();
    let pulled = running.end().await;
    pulled.whole(&scene);
    assert_eq!(scene.layer_ranges(), [None, Some("bytes=200000-".to_owned())]);
}

#[tokio::test]
async fn f004_a_pull_that_is_dropped_keeps_what_arrived() {
    let scene = Scene::of_size(300_000);
    scene.registry.fault(scene.on_layer().nth(1), Fault::new().stall_after(150_000));
    let running = scene.start();
    scene.registry.until(|_| scene.registry.sent(&scene.on_layer()) == 150_000).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    running.abandon().await;
    scene.check_nothing_visible();
    scene.pull().await.whole(&scene);
    assert_eq!(scene.layer_ranges(), [None, Some("bytes=150000-".to_owned())]);
}

#[tokio::test]
async fn f004_cancelling_while_the_digest_is_checked_throws_nothing_away() {
    let scene = Scene::of_size(20 * MIB);
    scene.leave_partial(&scene.layer().bytes);
    // The config is here: nothing else of the pull can be what is cancelled.
    scene.store.put(&scene.image.blobs[0].bytes).unwrap();
    let layer = scene.layer().digest.clone();
    let running = scene.start_watched(move |job, event| match event {
        TransferEvent::Verifying { digest } if *digest == layer => job.cancel(),
        _ => {}
    });
    let pulled = running.end().await;
    assert_eq!(pulled.result.unwrap_err().code(), Code::Cancelled);
    scene.check_nothing_visible();
    assert_eq!(scene.kept(), scene.layer().size());
    scene.pull().await.whole(&scene);
    assert_eq!(scene.layer_requests(), 0);
}
