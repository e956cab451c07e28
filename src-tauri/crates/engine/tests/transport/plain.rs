//! A pull without faults, and one that is repeated: what the fault tests take for granted.

use engine::job::{Settlement, TransferEvent};
use testkit::image::{Entry, Family, Image, Layer, LayerCompression};
use testkit::registry::Registry;
use testkit::server::On;

use crate::scene::Scene;

#[tokio::test]
async fn a_plain_pull_asks_for_every_object_once() {
    let layers = (0..4).map(|seed| Layer::noise(seed, 200_000));
    let image = Image::builder(Family::Oci).layers(layers).build();
    let scene = Scene::new(Registry::start(), image);
    let pulled = scene.pull().await;
    pulled.whole(&scene);
    assert_eq!(pulled.result.as_ref().unwrap().moved, scene.image.blob_bytes());
    assert_eq!(pulled.result.as_ref().unwrap().skipped, 0);
    assert_eq!(scene.registry.log().len(), 1 + 5, "{}", scene.registry.transcript());
    assert!(scene.registry.connections() <= 6, "{} connections", scene.registry.connections());
    assert!(scene.registry.requests(&On::blobs().ranged()).is_empty(), "small blobs come whole");
    let settled =
        |it: &TransferEvent| matches!(it, TransferEvent::Settled { settlement: Settlement::Complete, .. });
    assert_eq!(pulled.events.iter().filter(|event| settled(event)).count(), 5);
    assert!(pulled.waits().is_empty(), "{:?}", pulled.retries());
    // The record has them all, each with its bytes.
    assert_eq!(pulled.exchanges.len(), 6);
    assert!(pulled.exchanges.iter().all(|it| it.status == Some(200) && !it.failed && it.finished.is_some()));
    let received: u64 = pulled.exchanges.iter().map(|it| it.received).sum();
    assert_eq!(received, scene.image.blob_bytes() + scene.image.root.size());

    let again = scene.pull().await;
    again.whole(&scene);
    assert!(again.result.unwrap().up_to_date());
    assert_eq!(scene.registry.log().len(), 6 + 1, "the tag alone is looked up again");
}

#[tokio::test]
async fn empty_blobs_and_images_without_layers_are_pulled() {
    let text = Layer::new(&[Entry::file("a", b"b")], LayerCompression::Zstd);
    let rows = [
        ("no layers", Image::builder(Family::Docker).build()),
        ("an empty blob", Image::builder(Family::Oci).layer(text).layer(Layer::empty_blob()).build()),
    ];
    for (name, image) in rows {
        let scene = Scene::new(Registry::start(), image);
        let pulled = scene.pull().await;
        assert!(pulled.result.is_ok(), "{name}: {:?}", pulled.result);
        pulled.whole(&scene);
    }
}
