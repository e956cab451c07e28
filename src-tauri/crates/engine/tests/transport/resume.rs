//! Bodies that break off or dry up: what arrived is kept, and the rest alone is asked for.

use std::time::Duration;

use engine::Code;
use engine::registry::http::Pace;
use testkit::proxy::{Cut, Limit, Proxy};
use testkit::server::{Fault, On};

use crate::scene::{KIB, Scene};

/// The first byte, the last, and some in between; the layers here have 3,000 bytes and a few.
const CUTS: [u64; 9] = [0, 1, 2, 499, 500, 1500, 2047, 2048, 2999];

fn rest_from(n: u64) -> Option<String> {
    (n > 0).then(|| format!("bytes={n}-"))
}

#[tokio::test]
async fn f002_a_reset_at_any_byte_costs_not_one_byte_twice() {
    for cut in CUTS {
        let scene = Scene::of_size(3000);
        scene.registry.fault(scene.on_layer().nth(1), Fault::new().reset_after(cut));
        let pulled = scene.pull().await;
        assert!(pulled.result.is_ok(), "at byte {cut}: {:?}", pulled.result);
        pulled.whole(&scene);
        assert_eq!(scene.layer_ranges(), [None, rest_from(cut)], "at byte {cut}");
        assert_eq!(scene.registry.sent(&scene.on_layer()), scene.layer().size(), "at byte {cut}");
    }
}

#[tokio::test]
async fn f002_a_line_that_breaks_again_and_again_goes_on_each_time() {
    // Progress counts from 256 KiB on: with it there is no end to the tries.
    let scene = Scene::of_size(3000 * KIB);
    scene.registry.fault(scene.on_layer(), Fault::new().reset_after(300 * KIB));
    let pulled = scene.pull().await;
    pulled.whole(&scene);
    assert_eq!(scene.layer_requests(), 11, "{}", scene.registry.transcript());
    assert_eq!(scene.registry.sent(&scene.on_layer()), scene.layer().size());
    assert!(pulled.waits().iter().all(Duration::is_zero), "{:?}", pulled.retries());
}

#[tokio::test]
async fn f002_without_progress_the_tries_end_and_what_arrived_is_kept() {
    let scene = Scene::of_size(100_000);
    scene.registry.fault(scene.on_layer().nth(1), Fault::new().reset_after(40_000));
    scene.registry.fault(scene.on_layer(), Fault::new().reset_after(0));
    let pulled = scene.pull().await;
    let error = pulled.refused(&scene, Code::ConnectionLost, &scene.host);
    assert_eq!(error.digest(), Some(&scene.layer().digest));
    assert_eq!(error.side(), Some(engine::error::Side::Source));
    assert!(error.exchange().is_some(), "the exchange that shows it is named");
    assert_eq!(scene.kept(), 40_000);
    assert!(pulled.waits().is_sorted(), "{:?}", pulled.waits());
    // Another day, another process: it goes on there.
    scene.registry.heal();
    scene.registry.clear_log();
    let again = scene.pull().await;
    again.whole(&scene);
    assert_eq!(scene.layer_ranges(), [rest_from(40_000)]);
    assert_eq!(scene.registry.sent(&scene.on_layer()), scene.layer().size() - 40_000);
}

#[tokio::test]
async fn f002_f003_a_cut_anywhere_on_the_wire_is_mended() {
    // Through heads and bodies, of the manifest, the config and the layer alike.
    let one = async |cut: Cut, at: u64| {
        let scene = Scene::of_size(3000);
        let proxy = Proxy::start(&scene.registry.host());
        proxy.limit(Limit::total(at, cut).once());
        let scene = scene.at(&proxy.host());
        let pulled = scene.pull().await;
        assert!(pulled.result.is_ok(), "{cut:?} at {at}: {:?}", pulled.result);
        pulled.whole(&scene);
        assert_eq!(proxy.cuts(), 1, "{cut:?} at {at}");
    };
    for at in (0..4200).step_by(173) {
        futures_util::future::join(one(Cut::Reset, at), one(Cut::End, at + 80)).await;
    }
}

#[tokio::test]
async fn f003_an_early_end_is_never_the_end() {
    let end = 1000;
    let rows = [
        ("against its length", Fault::new().end_after(end)),
        ("with a last chunk", Fault::new().chunked().truncate(end)),
        ("without a last chunk", Fault::new().chunked().end_after(end)),
        ("told by nothing but the end", Fault::new().until_close().truncate(end)),
    ];
    for (name, fault) in rows {
        let scene = Scene::of_size(3000);
        scene.registry.fault(scene.on_layer().nth(1), fault);
        let pulled = scene.pull().await;
        assert!(pulled.result.is_ok(), "{name}: {:?}", pulled.result);
        pulled.whole(&scene);
        assert_eq!(scene.layer_ranges(), [None, rest_from(end)], "{name}");
        assert_eq!(scene.registry.sent(&scene.on_layer()), scene.layer().size(), "{name}");
    }
    // Where even the length agrees, the registry means it: that is another blob.
    let scene = Scene::of_size(3000);
    scene.registry.fault(scene.on_layer(), Fault::new().truncate(end));
    let pulled = scene.pull().await;
    let named = scene.layer().digest.short();
    let error = pulled.refused(&scene, Code::ContentMismatch, named);
    assert!(error.message().contains("1000 bytes"), "{error:?}");
    assert_eq!((scene.layer_requests(), scene.kept()), (1, 0));
}

#[tokio::test]
async fn f004_a_stall_is_given_up_and_tried_again() {
    let stall = Duration::from_millis(400);
    assert_eq!(Pace::default().stall, Duration::from_secs(30));
    let rows = [
        ("the manifest, before its head", On::manifests().nth(1), Fault::silent()),
        ("the manifest, in its body", On::manifests().nth(1), Fault::new().stall_after(100)),
        ("a blob, before its head", On::blobs().nth(1), Fault::silent()),
    ];
    for (name, on, fault) in rows {
        let scene = Scene::of_size(3000).stall(stall);
        scene.registry.fault(on, fault);
        let pulled = scene.pull().await;
        assert!(pulled.result.is_ok(), "{name}: {:?}", pulled.result);
        pulled.whole(&scene);
        assert!(pulled.took >= stall, "{name}: {:?}", pulled.took);
        assert_eq!(scene.registry.log().len(), 4, "{name}:\n{}", scene.registry.transcript());
        assert_eq!(pulled.waits().len(), 1, "{name}");
    }
    let scene = Scene::of_size(3000).stall(stall);
    scene.registry.fault(scene.on_layer().nth(1), Fault::new().stall_after(1234));
    let pulled = scene.pull().await;
    pulled.whole(&scene);
    assert!(pulled.took >= stall);
    assert_eq!(scene.layer_ranges(), [None, rest_from(1234)]);
    assert_eq!(scene.registry.sent(&scene.on_layer()), scene.layer().size());
    let (_, why) = &pulled.retries()[0];
    assert!(why.contains(&scene.host) && why.contains("sent nothing"), "{why}");
}

#[tokio::test]
async fn f005_a_drip_is_given_up_and_tried_again() {
    let pace = Pace { lowest: 1000, over: Duration::from_millis(500), ..Pace::default() };
    let mut scene = Scene::of_size(3000);
    scene.options.pace = pace;
    scene.registry.fault(scene.on_layer().nth(1), Fault::new().drip(100));
    let pulled = scene.pull().await;
    pulled.whole(&scene);
    let ranges = scene.layer_ranges();
    assert_eq!(ranges.len(), 2, "{ranges:?}");
    assert!(ranges[1].is_some(), "what dripped in is kept");
    let (_, why) = &pulled.retries()[0];
    assert!(why.contains("bytes a second"), "{why}");
    assert!(pulled.took < Duration::from_secs(3), "{:?}", pulled.took);
}

#[tokio::test]
async fn f005_an_endless_drip_ends_as_a_time_out() {
    assert!(Pace::default().lowest >= 1 && Pace::default().over <= Duration::from_secs(30));
    let mut scene = Scene::of_size(3000);
    scene.options.pace = Pace { lowest: 1000, over: Duration::from_millis(300), ..Pace::default() };
    scene.registry.fault(scene.on_layer(), Fault::new().drip(100));
    let pulled = scene.pull().await;
    let error = pulled.refused(&scene, Code::Timeout, &scene.host);
    assert!(error.hint().unwrap().contains("kept"), "{error:?}");
    assert!(scene.kept() > 0);
    assert_eq!(scene.layer_requests(), 5);
    assert!(pulled.took < Duration::from_secs(9), "{:?}", pulled.took);
}
