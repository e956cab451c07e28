//! What a pull says it will do and does, and how the store answers to damage (row 79).

use engine::job::{Settlement, TransferEvent};
use testkit::image::{Family, Image, Layer};
use testkit::server::On;

use crate::scene::{REPOSITORY, Scene, layered};

#[tokio::test]
async fn a_plan_is_exact_and_lists_every_blob_once() {
    let twice = Layer::noise(7, 9000);
    let image = Image::builder(Family::Oci).layers([twice.clone(), Layer::noise(8, 300), twice]).build();
    let scene = Scene::open(image);
    let pulled = scene.pull().await;
    let outcome = pulled.whole(&scene);
    let (blobs, total, skipped) = pulled.plan();
    let planned: Vec<_> = blobs.iter().map(|it| it.descriptor.digest.clone()).collect();
    let want: Vec<_> = scene.image.blobs.iter().map(|it| it.digest.clone()).collect();
    assert_eq!(planned, want, "config first, then the layers from the base up");
    assert_eq!((total, skipped), (scene.image.blob_bytes(), 0));
    assert_eq!((outcome.moved, outcome.skipped), (total, 0));
    assert_eq!(outcome.previous, None);
    assert!(!outcome.up_to_date());
    assert_eq!(scene.registry.sent(&On::blobs()), total, "not a byte more goes over the wire");

    for blob in blobs {
        let done = pulled.events.iter().filter_map(|event| match event {
            TransferEvent::Advanced { digest, done } if *digest == blob.descriptor.digest => Some(*done),
            _ => None,
        });
        let done: Vec<u64> = done.collect();
        assert!(done.is_sorted(), "progress never goes back: {done:?}");
        assert_eq!(done.last(), Some(&blob.descriptor.size), "and reaches the end");
    }
    assert!(pulled.settled().iter().all(|(_, settlement)| *settlement == Settlement::Complete));
    assert_eq!(pulled.settled().len(), blobs.len());
    let at = |wanted: fn(&TransferEvent) -> bool| pulled.events.iter().position(wanted).unwrap();
    let resolved = at(|event| matches!(event, TransferEvent::Resolved { .. }));
    let planned = at(|event| matches!(event, TransferEvent::Planned { .. }));
    let advanced = at(|event| matches!(event, TransferEvent::Advanced { .. }));
    assert!(resolved < planned && planned < advanced, "{:?}", pulled.events);
}

#[tokio::test]
async fn a_second_pull_moves_no_byte_of_a_blob() {
    let scene = Scene::open(layered(3));
    scene.pull().await.whole(&scene);
    scene.registry.clear_log();
    let again = scene.pull().await;
    let outcome = again.whole(&scene);
    assert!(outcome.up_to_date());
    assert_eq!((outcome.moved, outcome.skipped), (0, scene.image.blob_bytes()));
    assert_eq!(scene.blob_requests(), 0);
    assert_eq!(scene.registry.log().len(), 1, "the manifest alone:\n{}", scene.registry.transcript());
    let (blobs, total, skipped) = again.plan();
    assert_eq!(total, skipped);
    assert!(blobs.iter().all(|it| it.present));
    assert!(again.settled().iter().all(|(_, settlement)| *settlement == Settlement::Exists));
    assert_eq!(again.settled().len(), blobs.len());
}

#[tokio::test]
async fn a_layer_that_another_image_brought_is_not_fetched_again() {
    let base = Layer::noise(1, 30_000);
    let first = Image::builder(Family::Oci).layer(base.clone()).build();
    let second = Image::builder(Family::Oci).layers([base, Layer::noise(2, 5000)]).build();
    let scene = Scene::open(first.clone());
    scene.registry.put("team/other", "latest", &second);
    scene.pull().await.whole(&scene);
    scene.registry.clear_log();
    let reference = scene.tagged("team/other", "latest");
    let pulled = scene.engine().pull(&reference).await;
    let outcome = pulled.holds(&scene, &second, &reference);
    let shared = first.largest_blob();
    assert_eq!(outcome.skipped, shared.size());
    assert_eq!(scene.registry.count(&On::blob(&shared.digest)), 0);
    let exists: Vec<_> = pulled.settled().into_iter().filter(|(_, it)| *it == Settlement::Exists).collect();
    assert_eq!(exists, [(shared.digest.clone(), Settlement::Exists)]);
}

#[tokio::test]
async fn a_missing_blob_is_named_and_the_others_stay() {
    let scene = Scene::open(layered(3));
    let gone = scene.image.blobs[1].clone();
    scene.registry.remove(REPOSITORY, &gone.digest);
    let pulled = scene.pull().await;
    let error = pulled.refused(&scene, engine::Code::NotFound, &scene.host);
    assert!(error.message().contains(gone.digest.as_str()), "{error:?}");
    assert_eq!(error.digest(), Some(&gone.digest));
    assert_eq!(error.side(), Some(engine::error::Side::Source));

    scene.registry.put_blob(REPOSITORY, gone.clone());
    scene.pull().await.whole(&scene);
    for blob in scene.image.blobs.iter().filter(|it| it.digest != gone.digest) {
        assert!(scene.registry.count(&On::blob(&blob.digest)) <= 2, "{}", blob.digest);
    }
}

#[tokio::test]
async fn f079_a_cut_blob_is_found_by_the_next_pull_and_fetched_again() {
    let scene = Scene::open(layered(2));
    scene.pull().await.whole(&scene);
    let layer = scene.image.largest_blob().clone();
    let path = scene.store.blob_path(&layer.digest);
    damage(&path, |bytes| bytes.truncate(1000));
    scene.registry.clear_log();
    let pulled = scene.pull().await;
    let outcome = pulled.whole(&scene);
    assert_eq!(outcome.moved, layer.size());
    assert_eq!((scene.blob_requests(), scene.registry.count(&On::blob(&layer.digest))), (1, 1));
}

#[tokio::test]
async fn f079_a_flipped_blob_is_found_by_a_check_and_fetched_again() {
    let scene = Scene::open(layered(2));
    scene.pull().await.whole(&scene);
    let layer = scene.image.largest_blob().clone();
    let path = scene.store.blob_path(&layer.digest);
    damage(&path, |bytes| bytes[5000] ^= 1);
    assert!(!scene.store.verify(&layer.digest, layer.size()).unwrap());
    assert_eq!(scene.store.blob_size(&layer.digest).unwrap(), None, "it is set aside");
    let root = scene.store.resolve(&scene.reference()).unwrap().unwrap();
    assert!(!scene.store.is_complete(&root), "and the image is known to be damaged");
    scene.registry.clear_log();
    scene.pull().await.whole(&scene);
    assert_eq!(scene.blob_requests(), 1);

    // A config is small, and read whenever the image is looked at.
    let config = scene.image.blobs[0].clone();
    damage(&scene.store.blob_path(&config.digest), |bytes| bytes[10] ^= 1);
    let error = scene.store.read(&config.digest, 1 << 20).unwrap_err();
    assert_eq!(error.code(), engine::Code::StoreCorrupt, "{error:?}");
    scene.pull().await.whole(&scene);

    // So is a manifest, which a pull always writes again.
    damage(&scene.store.blob_path(scene.image.digest()), |bytes| bytes[10] ^= 1);
    scene.pull().await.whole(&scene);
}

fn damage(path: &std::path::Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).unwrap();
    change(&mut bytes);
    // Blobs may be read-only: the damaged file takes the place of the good one.
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, bytes).unwrap();
}
