//! From registry to registry: streamed, never stored first.

use engine::registry::host::HostSettings;
use engine::transfer::Platforms;
use testkit::image::{Family, Image};
use testkit::registry::Registry;
use testkit::server::{Fault, On};

use crate::scene::{Scene, layered, uploads};

fn from(source: &Registry, image: &Image) -> oci::reference::Reference {
    source.put("team/source", "v1", image);
    source.reference("team/source", "v1").parse().unwrap()
}

#[tokio::test]
async fn an_index_is_copied_whole_and_nothing_is_stored() {
    let (scene, source) = (Scene::open(), Registry::start());
    let (one, two) = (layered(1, 2), layered(2, 2));
    let (attestation, entry) = Image::attestation(&one);
    let mut image = Image::index_edited(Family::Oci, &[&one, &two], |index| {
        index["manifests"].as_array_mut().unwrap().push(entry);
    });
    image.manifests.push(attestation.root.clone());
    image.blobs.extend(attestation.blobs.clone());
    let source_name = from(&source, &image);
    let copied = scene.engine().copy(&source_name, &scene.destination(), Platforms::All).await;
    copied.succeeded(&scene);
    scene.check_has(&image);
    assert!(scene.store.images().unwrap().is_empty());
    assert_eq!(std::fs::read_dir(scene.store.ingest_dir()).unwrap().count(), 0, "no temporary files");
}

#[tokio::test]
async fn a_copy_within_one_registry_mounts_every_blob() {
    let scene = Scene::open();
    let image = layered(1, 3);
    scene.registry.put("team/source", "v1", &image);
    let copied =
        scene.engine().copy(&scene.tagged("team/source", "v1"), &scene.destination(), Platforms::All).await;
    assert_eq!(copied.succeeded(&scene).mounted, image.blob_bytes());
    scene.check_has(&image);
    assert_eq!(scene.registry.count(&On::blobs()), 0, "no blob is fetched");
    let [posts, patches, puts] = uploads().map(|on| scene.registry.count(&on));
    assert_eq!((posts, patches, puts), (4, 0, 0));
}

#[tokio::test]
async fn a_source_that_breaks_off_is_read_on_and_the_upload_notices_nothing() {
    let (scene, source) = (Scene::open(), Registry::start());
    let image = Image::of_size(7, 3_000_000);
    let source_name = from(&source, &image);
    let layer = image.largest_blob().digest.clone();
    source.fault(On::blob(&layer).nth(1), Fault::new().reset_after(1_000_000));
    source.fault(On::blob(&layer).nth(2), Fault::new().end_after(500_000));
    let copied = scene.engine().copy(&source_name, &scene.destination(), Platforms::All).await;
    copied.succeeded(&scene);
    scene.check_has(&image);
    let ranged = source.requests(&On::blob(&layer).ranged());
    let ranges: Vec<_> = ranged.iter().filter_map(|it| it.request.header("range")).collect();
    assert_eq!(ranges, ["bytes=1000000-", "bytes=1500000-"], "{}", source.transcript());
    let [posts, patches, puts] = uploads().map(|on| scene.registry.count(&on));
    assert_eq!((posts, patches, puts), (2, 0, 2), "the upload goes on meanwhile");
    assert_eq!(copied.retried(), [Some(layer.clone()), Some(layer)]);
}

#[tokio::test]
async fn a_source_that_ignores_ranges_is_read_on_too() {
    let (scene, source) = (Scene::open(), Registry::start());
    let image = Image::of_size(7, 3_000_000);
    let source_name = from(&source, &image);
    let layer = image.largest_blob().digest.clone();
    source.fault(On::blob(&layer).nth(1), Fault::new().reset_after(1_000_000));
    source.fault(On::blob(&layer).from(2), Fault::new().ignore_range());
    scene.engine().copy(&source_name, &scene.destination(), Platforms::All).await.succeeded(&scene);
    scene.check_has(&image);
}

#[tokio::test]
async fn a_source_that_lies_publishes_nothing() {
    let (scene, source) = (Scene::open(), Registry::start());
    let image = Image::of_size(7, 300_000);
    let source_name = from(&source, &image);
    let layer = image.largest_blob();
    let mut bytes = layer.bytes.to_vec();
    bytes[5] ^= 1;
    source.fault(On::blob(&layer.digest), Fault::new().body(bytes));
    let copied = scene.engine().copy(&source_name, &scene.destination(), Platforms::All).await;
    let error = copied.refused(engine::Code::ContentMismatch, layer.digest.as_str());
    assert_eq!(error.side(), Some(engine::Side::Source));
    scene.check_nothing_published();
}

#[tokio::test]
async fn what_a_mirror_gives_wrongly_comes_from_the_registry() {
    let (mut scene, source, mirror) = (Scene::open(), Registry::start(), Registry::start());
    let image = Image::of_size(7, 300_000);
    let source_name = from(&source, &image);
    mirror.put("team/source", "v1", &image);
    let layer = image.largest_blob();
    let mut bytes = layer.bytes.to_vec();
    bytes[5] ^= 1;
    mirror.fault(On::blob(&layer.digest), Fault::new().body(bytes));
    let settings = HostSettings { mirrors: vec![mirror.url("")], ..HostSettings::default() };
    scene.options.hosts.insert(source.host(), settings);
    let copied = scene.engine().copy(&source_name, &scene.destination(), Platforms::All).await;
    copied.succeeded(&scene);
    scene.check_has(&image);
    assert_eq!(mirror.count(&On::blob(&layer.digest)), 1, "{}", mirror.transcript());
    assert_eq!(source.count(&On::blobs()), 1, "only what was wrong: {}", source.transcript());
    assert_eq!(copied.retried(), [Some(layer.digest.clone())]);
}
