//! Manifests of every lawful kind, pulled (rows 59, 60 and 69 to 71 where they succeed).

use std::time::Duration;

use base64::Engine as _;
use engine::transfer::Platforms;
use oci::digest::Algorithm;
use oci::graph::MANIFEST_CAP;
use testkit::image::{Family, Image, Layer, LayerCompression};
use testkit::server::{Fault, On};

use crate::scene::{REPOSITORY, Scene, layered};

#[tokio::test]
async fn both_families_and_every_compression_are_pulled() {
    for family in [Family::Docker, Family::Oci] {
        let layers = [LayerCompression::None, LayerCompression::Gzip, LayerCompression::Zstd]
            .map(|compression| Layer::new(&[], compression));
        let image = Image::builder(family).layers(layers).layer(Layer::noise(1, 9000)).build();
        let index = Image::index(family, &[&image]);
        for image in [image, index] {
            let scene = Scene::open(image);
            scene.pull().await.whole(&scene);
        }
    }
}

#[tokio::test]
async fn an_index_of_docker_over_manifests_of_oci_is_pulled() {
    let image = Image::tiny("mixed");
    let scene = Scene::open(Image::index(Family::Docker, &[&image]));
    scene.pull().await.whole(&scene);
}

#[tokio::test]
async fn headers_that_say_little_or_nothing_are_enough() {
    let rows = [
        ("no digest", Fault::new().without_header("Docker-Content-Digest")),
        ("no type", Fault::new().without_header("Content-Type")),
        ("a vague type", Fault::new().header("Content-Type", "application/json; charset=utf-8")),
        (
            "parameters",
            Fault::new().header("Content-Type", "application/vnd.oci.image.manifest.v1+json; charset=utf-8"),
        ),
        ("letter case", Fault::new().header("Content-Type", "Application/vnd.OCI.image.manifest.v1+JSON")),
        ("no length", Fault::new().chunked()),
    ];
    for (name, fault) in rows {
        let scene = Scene::open(Image::tiny(name));
        scene.registry.fault(On::manifests(), fault);
        let pulled = scene.pull().await;
        assert!(pulled.result.is_ok(), "{name}: {:?}", pulled.result);
        pulled.whole(&scene);
    }
}

#[tokio::test]
async fn a_child_whose_header_has_another_letter_case_is_taken() {
    let image = Image::tiny("child");
    let scene = Scene::open(Image::index(Family::Oci, &[&image]));
    let loud = image.root.media_type.to_uppercase();
    scene.registry.fault(On::manifest(image.digest().as_str()), Fault::new().header("Content-Type", &loud));
    scene.pull().await.whole(&scene);
}

#[tokio::test]
async fn what_is_asked_of_a_manifest_names_every_kind() {
    let scene = Scene::open(Image::tiny("x"));
    scene.pull().await.whole(&scene);
    let asked = &scene.registry.requests(&On::manifest("latest"))[0].request;
    let accept = asked.header_values("accept").join(", ");
    for kind in [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ] {
        assert!(accept.contains(kind), "{accept}");
    }
    assert_eq!(asked.header("accept-encoding"), Some("identity"));
}

#[tokio::test]
async fn a_head_tells_the_digest_and_a_get_stands_in_for_it() {
    let rows = [
        ("usual", None, 0),
        ("HEAD is missing", Some(Fault::status(404)), 1),
        ("HEAD is not allowed", Some(Fault::status(405)), 1),
        ("no digest", Some(Fault::new().without_header("Docker-Content-Digest")), 1),
        ("a vague type", Some(Fault::new().header("Content-Type", "application/json")), 1),
    ];
    for (name, fault, gets) in rows {
        let scene = Scene::open(Image::tiny("x"));
        if let Some(fault) = fault {
            scene.registry.fault(On::head("/v2/*/manifests/*"), fault);
        }
        let client = scene.engine().client(&scene.reference());
        let found = client.manifest_descriptor(&scene.reference(), None).await.unwrap();
        assert_eq!(found, scene.image.descriptor(), "{name}");
        assert_eq!(scene.tag_requests(), gets, "{name}");
        assert_eq!(scene.registry.count(&On::head("*")), 1, "{name}");
    }
}

#[tokio::test]
async fn f060_a_manifest_of_exactly_the_cap_is_taken() {
    let padded = |padding: usize| {
        Image::builder(Family::Oci)
            .edit_manifest(move |it| it["annotations"] = serde_json::json!({ "pad": "x".repeat(padding) }))
            .build()
    };
    let cap = usize::try_from(MANIFEST_CAP).unwrap();
    let overhead = padded(0).root.bytes.len();
    let scene = Scene::open(padded(cap - overhead));
    assert_eq!(scene.image.root.size(), MANIFEST_CAP);
    scene.pull().await.whole(&scene);
}

#[tokio::test]
async fn f069_inline_data_is_used_in_place_of_a_request() {
    let plain = Image::tiny("inline");
    let config = plain.blobs[0].clone();
    let data = base64::engine::general_purpose::STANDARD.encode(&config.bytes);
    let image = Image::builder(Family::Oci)
        .layer(Layer::new(&[testkit::image::Entry::file("etc/motd", b"inline")], LayerCompression::Gzip))
        .edit_manifest(move |manifest| manifest["config"]["data"] = data.clone().into())
        .build();
    let scene = Scene::open(image);
    scene.pull().await.whole(&scene);
    assert_eq!(scene.registry.count(&On::blob(&config.digest)), 0);
    assert_eq!(scene.blob_requests(), 1);

    // A child manifest that travels inside its index.
    let child = Image::tiny("inside");
    let data = base64::engine::general_purpose::STANDARD.encode(&child.root.bytes);
    let index =
        Image::index_edited(Family::Oci, &[&child], |index| index["manifests"][0]["data"] = data.into());
    let scene = Scene::open(index);
    scene.pull().await.whole(&scene);
    assert_eq!(scene.registry.count(&On::manifests()), 1, "the index alone");
}

#[tokio::test]
async fn f070_images_without_layers_empty_blobs_and_sha512_go_in_and_come_back() {
    let rows = [
        ("zero layers", Image::builder(Family::Oci).build()),
        ("an empty blob", Image::builder(Family::Oci).layer(Layer::empty_blob()).build()),
        (
            "an empty archive twice",
            Image::builder(Family::Oci).layers([Layer::empty_archive(), Layer::empty_archive()]).build(),
        ),
        (
            "sha512",
            Image::builder(Family::Oci).algorithm(Algorithm::Sha512).layer(Layer::noise(1, 9000)).build(),
        ),
    ];
    for (name, image) in rows {
        let scene = Scene::open(image);
        // By tag without the header a registry's sha512 can't be known; by digest it always is.
        let reference = scene.pinned(scene.image.digest());
        let pulled = scene.engine().pull(&reference).await;
        assert!(pulled.result.is_ok(), "{name}: {:?}", pulled.result);
        pulled.holds(&scene, &scene.image, &reference);
        scene.pull().await.whole(&scene);

        let target = engine::endpoint::Target::Named(scene.reference());
        let job = engine::job::Job::silent();
        let shown = engine::image::inspect(&scene.store, &target, None, &job).await.unwrap();
        let shown = shown.manifest.unwrap_or_else(|| panic!("{name}: no manifest"));
        assert_eq!(shown.document.bytes, scene.image.root.bytes, "{name}: the bytes come back");
        assert!(shown.config.is_some(), "{name}");
        let total: u64 =
            shown.manifest.layers.iter().map(|it| it.size).sum::<u64>() + shown.manifest.config.size;
        assert_eq!(shown.transfer_size(), total, "{name}");
    }
}

#[tokio::test]
async fn f071_a_tag_that_moves_mid_pull_changes_nothing() {
    let (first, second) = (layered(3), layered(4));
    let scene = Scene::open(Image::index(Family::Oci, &[&first]));
    let moved = Image::index(Family::Oci, &[&second]);
    scene
        .registry
        .fault(On::manifest(first.digest().as_str()), Fault::new().delay(Duration::from_millis(150)));
    let running = scene.engine().start(&scene.reference(), Platforms::All);
    scene.registry.until(|log| log.iter().any(|it| it.request.path.ends_with("/latest") && it.done)).await;
    scene.registry.put(REPOSITORY, "latest", &moved);
    running.end().await.whole(&scene);
    assert_eq!(scene.tag_requests(), 1, "the tag is looked up once, all else goes by digest");
    assert_eq!(scene.registry.count(&On::manifest(second.digest().as_str())), 0);

    let next = scene.engine().start(&scene.reference(), Platforms::All).end().await;
    let outcome = next.holds(&scene, &moved, &scene.reference());
    assert_eq!(outcome.previous.as_ref(), Some(scene.image.digest()));
}
