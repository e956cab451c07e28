//! Uploads as registries want them: addresses, chunks, empty blobs, other digests.

use engine::job::{Settlement, TransferEvent};
use oci::digest::{Algorithm, Digest};
use testkit::image::{Family, Image, Layer, Object};
use testkit::server::On;

use crate::scene::{REPOSITORY, Scene, layered, uploads};

#[tokio::test]
async fn a_push_brings_every_byte_and_tells_of_it() {
    let scene = Scene::open();
    let image = layered(1, 3);
    let pushed = scene.push(&image).await;
    let outcome = pushed.succeeded(&scene);
    scene.check_has(&image);
    assert_eq!((outcome.moved, outcome.skipped, outcome.mounted), (image.blob_bytes(), 0, 0));
    assert_eq!(outcome.previous, None);
    assert_eq!(scene.uploaded(), image.blob_bytes(), "every byte once");

    let at = |wanted: fn(&TransferEvent) -> bool| pushed.events.iter().position(wanted).expect("it is told");
    let order = [
        at(|event| matches!(event, TransferEvent::Resolved { .. })),
        at(|event| matches!(event, TransferEvent::Preparing { blobs } if blobs.len() == 4)),
        at(|event| matches!(event, TransferEvent::Planned { skipped: 0, .. })),
        at(|event| matches!(event, TransferEvent::Advanced { .. })),
        at(|event| matches!(event, TransferEvent::Settled { settlement: Settlement::Complete, .. })),
    ];
    assert!(order.is_sorted(), "{order:?}");
    assert_eq!(pushed.settled().len(), 4);
    let [posts, patches, puts] = uploads().map(|on| scene.registry.count(&on));
    assert_eq!((posts, patches, puts), (4, 0, 4), "a session and one request for each blob");
}

#[tokio::test]
async fn a_second_push_sends_no_blob_and_writes_the_manifests() {
    let scene = Scene::open();
    let image = layered(1, 3);
    scene.push(&image).await.succeeded(&scene);
    scene.registry.clear_log();
    let again = scene.push(&image).await;
    let outcome = again.succeeded(&scene);
    assert_eq!((outcome.moved, outcome.skipped), (0, image.blob_bytes()));
    assert!(outcome.up_to_date());
    assert!(uploads().iter().all(|on| scene.registry.count(on) == 0), "{}", scene.registry.transcript());
    assert_eq!(scene.registry.count(&On::put("/v2/*/manifests/*")), 1);
    assert!(again.settled().iter().all(|(_, settlement)| *settlement == Settlement::Exists));
}

#[tokio::test]
async fn an_empty_blob_and_digests_by_sha512_are_pushed() {
    let scene = Scene::open();
    let image =
        Image::builder(Family::Oci).algorithm(Algorithm::Sha512).layer(Layer::noise(3, 70_000)).build();
    let digest = image.digest().clone();
    assert_eq!(digest.algorithm(), Algorithm::Sha512);
    let name = format!("{}/{REPOSITORY}@{digest}", scene.host).parse().unwrap();
    scene.store_as(&image, &name);
    let pushed = scene.engine().push(&name, engine::transfer::Platforms::Present).await;
    pushed.succeeded(&scene);
    assert!(scene.registry.stored_manifest(REPOSITORY, &digest).is_some(), "{}", scene.registry.transcript());

    let empty = Object::new(oci::media_type::OCI_LAYER, &b""[..]);
    let with_empty = Image::builder(Family::Oci).edit_manifest({
        let entry = empty.descriptor_json();
        move |manifest| manifest["layers"].as_array_mut().unwrap().push(entry.clone())
    });
    let mut with_empty = with_empty.build();
    with_empty.blobs.push(empty.clone());
    let pushed = scene.push(&with_empty).await;
    pushed.succeeded(&scene);
    scene.check_has(&with_empty);
    let put = On::put("/v2/*/blobs/uploads/*");
    let lengths: Vec<_> = scene.registry.requests(&put);
    let zero = lengths.iter().filter(|it| it.request.target.contains(empty.digest.as_str()));
    let lengths: Vec<_> =
        zero.map(|it| it.request.header("content-length").unwrap_or("none").to_owned()).collect();
    assert_eq!(lengths, ["0"], "its length is said");
    assert_eq!(Digest::sha256(b""), empty.digest);
}

#[tokio::test]
async fn locations_may_be_absolute_and_keep_their_query() {
    let scene = Scene::open();
    let origin = scene.registry.origin();
    scene.registry.habits(|habits| habits.uploads_at = Some(origin));
    // The fake registry refuses an upload whose query is not the one that it gave.
    let image = layered(1, 2);
    scene.push(&image).await.succeeded(&scene);
    scene.check_has(&image);
}

#[tokio::test]
async fn a_registry_that_wants_chunks_gets_them() {
    let scene = Scene::open();
    let chunk = 17 << 20;
    scene.registry.habits(|habits| habits.min_chunk = Some(chunk));
    let image = Image::of_size(5, 40 << 20);
    scene.push(&image).await.succeeded(&scene);
    scene.check_has(&image);
    let patches = scene.registry.requests(&On::patch("/v2/*/blobs/uploads/*"));
    let size = image.largest_blob().size();
    let ranges: Vec<&str> = patches.iter().filter_map(|it| it.request.header("content-range")).collect();
    let want = [
        format!("0-{}", chunk - 1),
        format!("{chunk}-{}", 2 * chunk - 1),
        format!("{}-{}", 2 * chunk, size - 1),
    ];
    assert_eq!(ranges, want, "in order, both ends included, no unit");
}

#[tokio::test]
async fn a_registry_that_answers_a_chunk_with_201_is_understood() {
    let scene = Scene::open();
    scene.registry.habits(|habits| (habits.min_chunk, habits.patch_created) = (Some(1 << 20), true));
    let image = Image::of_size(5, 20 << 20);
    scene.push(&image).await.succeeded(&scene);
    scene.check_has(&image);
}
