//! Manifests that lie, are malformed, or never end: refused with a name, nothing visible (rows 59 to 64, 68, 69).

use engine::Code;
use oci::digest::Digest;
use oci::graph::MANIFEST_CAP;
use oci::media_type::{DOCKER_SCHEMA1, OCI_INDEX, OCI_MANIFEST};
use serde_json::{Value, json};
use testkit::image::{Family, Image, Layer, Object};
use testkit::server::{Fault, On};

use crate::scene::{REPOSITORY, Scene};

#[tokio::test]
async fn f059_bytes_of_another_digest_are_refused() {
    let (image, other) = (Image::tiny("asked for"), Image::tiny("served"));
    let scene = Scene::open(image.clone());
    let lie = Object::misnamed(OCI_MANIFEST, image.digest().clone(), other.root.bytes.clone());
    scene.registry.put_manifest(REPOSITORY, lie);
    for (name, fault) in [
        ("with its own header", Fault::new().header("Docker-Content-Digest", other.digest().as_str())),
        ("with the asked header", Fault::new()),
        ("without a header", Fault::new().without_header("Docker-Content-Digest")),
    ] {
        scene.registry.heal();
        scene.registry.fault(On::manifests(), fault);
        let pulled = scene.engine().pull(&scene.pinned(image.digest())).await;
        let error = pulled.refused(&scene, Code::ContentMismatch, image.digest().as_str());
        assert!(error.message().contains(&format!("`{}`", other.digest())), "{name}: {error:?}");
        assert_eq!(error.digest(), Some(image.digest()), "{name}");
        assert!(error.exchange().is_some(), "{name}");
    }
    assert_eq!(scene.blob_requests(), 0);
}

#[tokio::test]
async fn f059_a_header_that_lies_is_refused() {
    let scene = Scene::open(Image::tiny("x"));
    let lie = Digest::sha256(b"something else");
    scene.registry.fault(On::manifests(), Fault::new().header("Docker-Content-Digest", lie.as_str()));
    scene.pull().await.refused(&scene, Code::ContentMismatch, lie.as_str());

    for malformed in ["sha256:abc", "md5:d41d8cd98f00b204e9800998ecf8427e", "sha256:../../etc/passwd"] {
        scene.registry.heal();
        scene.registry.fault(On::manifests(), Fault::new().header("Docker-Content-Digest", malformed));
        scene.pull().await.refused(&scene, Code::ProtocolViolation, malformed);
    }
    assert_eq!(scene.tag_requests(), 4, "none is asked for twice");
}

#[tokio::test]
async fn f059_a_blob_of_another_digest_is_refused() {
    let scene = Scene::open(Image::of_size(1, 50_000));
    let layer = scene.image.largest_blob().clone();
    let mut flipped = layer.bytes.to_vec();
    flipped[40_000] ^= 1;
    let lie = Object::misnamed(&layer.media_type, layer.digest.clone(), flipped);
    scene.registry.put_blob(REPOSITORY, lie);
    let pulled = scene.pull().await;
    let error = pulled.result.as_ref().unwrap_err();
    assert_eq!(error.code(), Code::ContentMismatch, "{error:?}");
    assert_eq!(error.digest(), Some(&layer.digest));
    assert!(error.hint().is_some());
    scene.check_nothing_visible();
    assert_eq!(scene.store.blob_size(&layer.digest).unwrap(), None);
    assert_eq!(scene.registry.count(&On::blob(&layer.digest)), 1, "one answer, so it is refused at once");
}

#[tokio::test]
async fn f060_a_manifest_over_the_cap_is_left_there() {
    for (name, fault) in [
        ("announced", Fault::new().endless(1 << 30)),
        ("in chunks", Fault::new().endless(1 << 30).chunked()),
        ("until the end of the connection", Fault::new().endless(1 << 30).until_close()),
        ("one byte over", Fault::new().endless(MANIFEST_CAP + 1).chunked()),
    ] {
        let scene = Scene::open(Image::tiny("x"));
        scene.registry.fault(On::manifests(), fault.without_header("Docker-Content-Digest"));
        let pulled = scene.pull().await;
        let error = pulled.refused(&scene, Code::TooLarge, "latest");
        assert!(error.message().contains("4 MiB"), "{name}: {error:?}");
        let [exchange] = &pulled.exchanges[..] else { panic!("{name}: {:?}", pulled.exchanges) };
        assert_eq!(error.exchange(), Some(exchange.id), "{name}");
        assert!(exchange.failed, "{name}");
        assert!(exchange.received <= MANIFEST_CAP + (1 << 20), "{name}: {} bytes read", exchange.received);
        assert!(
            name != "announced" || exchange.received == 0,
            "{} bytes were read in vain",
            exchange.received
        );
        // What lies in the buffers of two sockets comes on top.
        assert!(scene.registry.sent(&On::manifests()) < 64 << 20, "{name}: the rest is never sent");
    }
}

/// A manifest with these bytes under `latest`.
fn serving(media_type: &str, bytes: impl Into<Vec<u8>>) -> Scene {
    Scene::open(Image::from_parts(Object::new(media_type, bytes.into()), vec![], vec![]))
}

fn sound() -> Value {
    Image::tiny("x").root_json()
}

#[tokio::test]
async fn f061_f062_f063_a_malformed_manifest_is_refused() {
    let with = |edit: fn(&mut Value)| {
        let mut manifest = sound();
        edit(&mut manifest);
        manifest.to_string().into_bytes()
    };
    let text = sound().to_string();
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let rows: Vec<(&str, Vec<u8>)> = vec![
        ("f061 duplicate key", text.replacen('{', r#"{"layers":[],"#, 1).into()),
        ("f061 trailing data", format!("{text}{{}}").into()),
        ("f061 too deep", text.replacen('{', &format!(r#"{{"x":{deep},"#), 1).into()),
        ("f061 not UTF-8", [text.as_bytes(), b"\xff"].concat()),
        ("f061 not JSON", b"manifest, please".to_vec()),
        ("f061 empty", Vec::new()),
        ("f062 both kinds", with(|it| it["manifests"] = json!([]))),
        ("f062 another type", with(|it| it["mediaType"] = OCI_INDEX.into())),
        ("f063 negative size", with(|it| it["layers"][0]["size"] = json!(-1))),
        ("f063 enormous size", with(|it| it["layers"][0]["size"] = json!(1_u64 << 63))),
        ("f063 fraction", with(|it| it["layers"][0]["size"] = json!(1.5))),
        ("f058 malformed digest", with(|it| it["layers"][0]["digest"] = "sha256:../x".into())),
        ("no config", with(|it| it["config"] = Value::Null)),
    ];
    for (name, bytes) in rows {
        let scene = serving(OCI_MANIFEST, bytes);
        let pulled = scene.pull().await;
        let error = pulled.result.as_ref().unwrap_err();
        assert_eq!(error.code(), Code::ManifestInvalid, "{name}: {error:?}");
        pulled.refused(&scene, Code::ManifestInvalid, scene.image.digest().short());
        assert_eq!(error.digest(), Some(scene.image.digest()), "{name}");
        assert_eq!(scene.blob_requests(), 0, "{name}");
    }
}

#[tokio::test]
async fn f062_a_header_that_disagrees_with_the_body_is_refused() {
    let scene = Scene::open(Image::tiny("x"));
    scene.registry.fault(On::manifests(), Fault::new().header("Content-Type", OCI_INDEX));
    scene.pull().await.refused(&scene, Code::ManifestInvalid, scene.image.digest().short());
    assert_eq!(scene.blob_requests(), 0);
}

/// `depth` indexes over one image.
fn nest(depth: usize) -> Image {
    (0..depth).fold(Image::tiny("deep inside"), |inner, _| Image::index(Family::Oci, &[&inner]))
}

#[tokio::test]
async fn f064_four_nested_indexes_are_read_and_five_refused() {
    let scene = Scene::open(nest(4));
    scene.pull_all().await.whole(&scene);

    let scene = Scene::open(nest(5));
    let pulled = scene.pull_all().await;
    let error = pulled.refused(&scene, Code::ManifestInvalid, scene.image.digest().short());
    assert!(error.message().contains("more than 4 deep"), "{error:?}");
    assert_eq!(scene.blob_requests(), 0);
    assert!(scene.registry.count(&On::manifests()) <= 5);
}

#[tokio::test]
async fn f064_an_index_that_claims_to_contain_itself_is_refused() {
    // No digest can be inside what it is the digest of, so a cycle is always a lie about one.
    let digest = Digest::sha256(b"a cycle");
    let body = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [
        { "mediaType": OCI_INDEX, "digest": digest.as_str(), "size": 300 },
    ] });
    let cycle = Object::misnamed(OCI_INDEX, digest.clone(), body.to_string());
    let scene = Scene::open(Image::from_parts(Object::new(OCI_INDEX, body.to_string()), vec![cycle], vec![]));
    let pulled = scene.pull_all().await;
    pulled.refused(&scene, Code::ContentMismatch, digest.as_str());
    assert_eq!(scene.registry.count(&On::manifests()), 2);
}

#[tokio::test]
async fn f064_an_index_with_too_many_children_is_refused() {
    let entry = json!({ "mediaType": OCI_MANIFEST, "digest": Digest::sha256(b"x").as_str(), "size": 1 });
    let body = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": vec![entry; 10_001] });
    let scene = serving(OCI_INDEX, body.to_string());
    let pulled = scene.pull_all().await;
    pulled.refused(&scene, Code::ManifestInvalid, scene.image.digest().short());
    assert_eq!(scene.registry.count(&On::manifests()), 1);
}

#[tokio::test]
async fn a_child_that_is_not_what_its_index_says_is_refused() {
    let child = Image::tiny("child");
    type Edit = fn(&mut Value);
    let rows: [(&str, Edit, Code); 3] = [
        ("a byte more", |it| it["size"] = json!(it["size"].as_u64().unwrap() + 1), Code::ContentMismatch),
        ("a byte less", |it| it["size"] = json!(it["size"].as_u64().unwrap() - 1), Code::ContentMismatch),
        (
            "another type",
            |it| it["mediaType"] = "application/vnd.docker.distribution.manifest.v2+json".into(),
            Code::ManifestInvalid,
        ),
    ];
    for (name, edit, code) in rows {
        let index = Image::index_edited(Family::Oci, &[&child], |index| edit(&mut index["manifests"][0]));
        let scene = Scene::open(index);
        let pulled = scene.pull_all().await;
        let error = pulled.refused(&scene, code, child.digest().as_str());
        assert_eq!(error.digest(), Some(child.digest()), "{name}");
        assert_eq!(scene.blob_requests(), 0, "{name}");
    }
}

#[tokio::test]
async fn one_digest_with_two_sizes_is_refused_before_anything_is_fetched() {
    let layers = Image::builder(Family::Oci)
        .layers([Layer::noise(1, 5000), Layer::noise(1, 5000)])
        .edit_manifest(|it| it["layers"][1]["size"] = json!(it["layers"][1]["size"].as_u64().unwrap() + 7));
    let scene = Scene::open(layers.build());
    let layer = scene.image.largest_blob().digest.clone();
    let pulled = scene.pull().await;
    let error = pulled.refused(&scene, Code::ContentMismatch, layer.as_str());
    assert_eq!(error.digest(), Some(&layer));
    assert_eq!(scene.blob_requests(), 0);

    let child = Image::tiny("child");
    let index =
        Image::index_edited(Family::Oci, &[&child, &child], |it| it["manifests"][1]["size"] = json!(1));
    let scene = Scene::open(index);
    scene.pull_all().await.refused(&scene, Code::ContentMismatch, child.digest().as_str());
    assert_eq!(scene.blob_requests(), 0);
}

#[tokio::test]
async fn f068_what_is_no_image_can_be_looked_at_but_not_pulled() {
    let schema1 = json!({ "schemaVersion": 1, "name": "a", "tag": "b", "fsLayers": [], "history": [] });
    let rows = [
        ("schema 1", DOCKER_SCHEMA1, schema1.clone(), "schema 1"),
        ("schema 1 as JSON", "application/json", schema1, "schema 1"),
        (
            "unknown",
            "application/vnd.example.thing+json",
            json!({ "thing": [1, 2] }),
            "application/vnd.example.thing+json",
        ),
    ];
    for (name, media_type, body, says) in rows {
        let scene = serving(media_type, body.to_string());
        let pulled = scene.pull().await;
        let error = pulled.refused(&scene, Code::ManifestUnsupported, scene.image.digest().short());
        assert!(error.message().contains(says), "{name}: {error:?}");
        assert!(error.hint().unwrap().contains("inspect"), "{name}: {error:?}");

        let reference = scene.reference();
        let source = scene.engine().source(&reference);
        let target = engine::endpoint::Target::Named(reference);
        let shown =
            engine::image::inspect(&source, &target, None, &engine::job::Job::silent()).await.unwrap();
        assert_eq!(shown.root.bytes, scene.image.root.bytes, "{name}: raw, as it is");
        assert!(shown.manifest.is_none() && shown.index.is_none(), "{name}");
        assert_eq!(shown.flags.len(), 1, "{name}: {:?}", shown.flags);
        assert!(shown.flags[0].contains(says), "{name}: {:?}", shown.flags);
    }
}

#[tokio::test]
async fn f069_inline_data_that_is_something_else_is_refused() {
    for data in ["e30=", ""] {
        let image = Image::builder(Family::Oci)
            .layer(Layer::noise(1, 5000))
            .edit_manifest(move |it| it["layers"][0]["data"] = data.into())
            .build();
        let scene = Scene::open(image);
        let layer = scene.image.largest_blob().digest.clone();
        let pulled = scene.pull().await;
        let error = pulled.result.as_ref().unwrap_err();
        assert_eq!(error.code(), Code::ContentMismatch, "`{data}`: {error:?}");
        assert_eq!(error.digest(), Some(&layer));
        scene.check_nothing_visible();
        assert_eq!(scene.store.blob_size(&layer).unwrap(), None);
        assert_eq!(scene.registry.count(&On::blob(&layer)), 0);
    }

    let child = Image::tiny("child");
    let index = Image::index_edited(Family::Oci, &[&child], |it| it["manifests"][0]["data"] = "e30=".into());
    let scene = Scene::open(index);
    scene.pull_all().await.refused(&scene, Code::ContentMismatch, child.digest().as_str());
}
