//! Images of every kind, and indexes of which only a part goes along.

use engine::Code;
use engine::registry::referrer::Via;
use engine::transfer::Platforms;
use oci::platform::Platform;
use testkit::image::{Family, Image, Layer, LayerCompression, Object};

use crate::scene::{REPOSITORY, Scene, layered};

fn for_platform(platform: &str, seed: u64) -> Image {
    Image::builder(Family::Oci).platform(platform).layer(Layer::noise(seed, 30_000)).build()
}

fn three() -> [Image; 3] {
    [for_platform("linux/amd64", 1), for_platform("linux/arm64", 2), for_platform("linux/s390x", 3)]
}

/// Stores the index, and of its children only these.
fn store_part(scene: &Scene, index: &Image, children: &[&Image]) -> oci::reference::Reference {
    let name = scene.destination();
    for child in children {
        for object in child.blobs.iter().chain([&child.root]) {
            scene.store.put_as(&object.digest, &object.bytes).unwrap();
        }
    }
    scene.store.put_as(index.digest(), &index.root.bytes).unwrap();
    scene.store.publish(Some(&name), &index.root.descriptor()).unwrap();
    name
}

fn platform(text: &str) -> Platform {
    text.parse().unwrap()
}

#[tokio::test]
async fn both_families_indexes_and_zstd_go_up_byte_for_byte() {
    let zstd = Image::builder(Family::Oci)
        .layer(Layer::new(&[testkit::image::Entry::file("a", b"zstd")], LayerCompression::Zstd))
        .build();
    let docker = Image::builder(Family::Docker).layer(Layer::noise(9, 10_000)).build();
    let [one, two, _] = three();
    let (attestation, entry) = Image::attestation(&one);
    let mut index = Image::index_edited(Family::Oci, &[&one, &two], |index| {
        index["manifests"].as_array_mut().unwrap().push(entry);
    });
    index.manifests.push(attestation.root.clone());
    index.blobs.extend(attestation.blobs);
    let nested = Image::index(Family::Oci, &[&Image::index(Family::Oci, &[&one]), &two]);
    let list = Image::index(Family::Docker, &[&docker]);
    for (name, image) in
        [("zstd", zstd), ("docker", docker), ("index", index), ("nested", nested), ("list", list)]
    {
        let scene = Scene::open();
        let pushed = scene.push(&image).await;
        assert!(pushed.succeeded(&scene).lost.is_empty(), "{name}");
        assert!(pushed.warnings().is_empty(), "{name}: {:?}", pushed.warnings());
        scene.check_has(&image);
    }
}

#[tokio::test]
async fn of_an_index_with_one_platform_here_that_one_goes_as_its_own_manifest() {
    let scene = Scene::open();
    let [one, two, three] = three();
    let index = Image::index(Family::Oci, &[&one, &two, &three]);
    let name = store_part(&scene, &index, &[&two]);
    let pushed = scene.engine().push(&name, Platforms::Present).await;
    let outcome = pushed.succeeded(&scene);
    assert_eq!(outcome.lost, [platform("linux/amd64"), platform("linux/s390x")]);
    let [warning] = pushed.warnings()[..] else { panic!("{:?}", pushed.warnings()) };
    for said in ["linux/arm64", "linux/amd64", "linux/s390x", "another digest"] {
        assert!(warning.contains(said), "{warning}");
    }
    scene.check_has(&two);
}

#[tokio::test]
async fn several_platforms_of_an_index_go_as_a_shorter_one() {
    let scene = Scene::open();
    let [one, two, three] = three();
    let index = Image::index(Family::Oci, &[&one, &two, &three]);
    let name = store_part(&scene, &index, &[&one, &three]);
    for platforms in
        [Platforms::Present, Platforms::These(vec![platform("linux/s390x"), platform("linux/amd64")])]
    {
        let pushed = scene.engine().push(&name, platforms).await;
        assert_eq!(pushed.succeeded(&scene).lost, [platform("linux/arm64")]);
        assert_eq!(pushed.warnings().len(), 1);
        scene.check_has(&Image::index_edited(Family::Oci, &[&one, &three], |_| {}));
    }
}

#[tokio::test]
async fn what_the_destination_has_need_not_be_here() {
    let scene = Scene::open();
    let [one, two, _] = three();
    let index = Image::index(Family::Oci, &[&one, &two]);
    scene.registry.put_untagged(REPOSITORY, &index);
    let name = store_part(&scene, &index, &[&one]);
    let pushed = scene.engine().push(&name, Platforms::Present).await;
    assert!(pushed.succeeded(&scene).lost.is_empty());
    assert!(pushed.warnings().is_empty(), "{:?}", pushed.warnings());
    scene.check_has(&index);
}

#[tokio::test]
async fn a_platform_that_is_not_here_is_refused_with_those_that_are() {
    let scene = Scene::open();
    let [one, two, three] = three();
    let index = Image::index(Family::Oci, &[&one, &two, &three]);
    let name = store_part(&scene, &index, &[&one, &three]);
    let pushed = scene.engine().push(&name, Platforms::These(vec![platform("linux/arm64")])).await;
    let error = pushed.refused(Code::PlatformMissing, "linux/arm64");
    assert_eq!(error.choices(), ["linux/amd64", "linux/s390x"]);
    scene.check_nothing_published();
}

/// An artifact that is about `subject`.
fn about(subject: &Image, text: &str) -> Image {
    let subject = subject.root.descriptor_json();
    Image::builder(Family::Oci)
        .layer(Layer::noise(text.len() as u64, 100 + text.len()))
        .edit_manifest(move |manifest| {
            manifest["subject"] = subject.clone();
            manifest["artifactType"] = "application/vnd.example.sbom".into();
        })
        .build()
}

#[tokio::test]
async fn what_is_about_another_manifest_is_listed_in_its_fallback_tag() {
    let scene = Scene::open();
    let subject = layered(1, 1);
    scene.push(&subject).await.succeeded(&scene);
    let tag = subject.digest().as_str().replace(':', "-");
    let (first, second) = (about(&subject, "one"), about(&subject, "second"));
    for artifact in [&first, &second, &first] {
        let name = scene.tagged(REPOSITORY, "sbom");
        scene.store_as(artifact, &name);
        scene.engine().push(&name, Platforms::Present).await.succeeded(&scene);
    }
    let list = scene.registry.tag(REPOSITORY, &tag).expect("the fallback tag is there");
    let list: Object = scene.registry.stored_manifest(REPOSITORY, &list).unwrap();
    let list: serde_json::Value = serde_json::from_slice(&list.bytes).unwrap();
    let digests: Vec<&str> =
        list["manifests"].as_array().unwrap().iter().map(|it| it["digest"].as_str().unwrap()).collect();
    assert_eq!(digests, [first.digest().as_str(), second.digest().as_str()], "each once");
    assert_eq!(list["manifests"][0]["artifactType"], "application/vnd.example.sbom");
}

#[tokio::test]
async fn a_registry_that_lists_referrers_itself_gets_no_fallback_tag() {
    let scene = Scene::open();
    scene.registry.habits(|habits| habits.referrers = true);
    let subject = layered(1, 1);
    scene.push(&subject).await.succeeded(&scene);
    scene.push(&about(&subject, "one")).await.succeeded(&scene);
    assert_eq!(scene.registry.tag(REPOSITORY, &subject.digest().as_str().replace(':', "-")), None);
}

/// An image with a layer that its publisher alone distributes; the layer is in no store.
fn with_a_foreign_layer() -> (Image, Object) {
    let foreign = Layer::noise(77, 4000);
    let mut image = Image::builder(Family::Oci)
        .layer(Layer::noise(1, 3000))
        .layer(foreign)
        .edit_manifest(|manifest| {
            let layer = &mut manifest["layers"][1];
            layer["mediaType"] = oci::media_type::OCI_FOREIGN_LAYER_GZIP.into();
            layer["urls"] = serde_json::json!(["https://publisher.test/layer"]);
        })
        .build();
    let layer = image.blobs.pop().unwrap();
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&image.root.bytes).unwrap()["layers"][1]["digest"],
        layer.digest.as_str(),
        "it is the last of the blobs"
    );
    (image, layer)
}

#[tokio::test]
async fn a_layer_of_its_publisher_stays_there_and_that_is_said() {
    let (image, layer) = with_a_foreign_layer();
    let scene = Scene::open();
    scene.registry.habits(|habits| habits.foreign_layers = true);
    let pushed = scene.push(&image).await;
    pushed.succeeded(&scene);
    let [warning] = pushed.warnings()[..] else { panic!("{:?}", pushed.warnings()) };
    assert!(warning.contains(layer.digest.short()) && warning.contains("publisher.test"), "{warning}");
    assert_eq!(scene.registry.tag(REPOSITORY, "latest").as_ref(), Some(image.digest()));
    assert!(!scene.registry.transcript().contains(layer.digest.as_str()), "it is not even asked for");

    // The same from registry to registry.
    let (to, source) = (Scene::open(), &scene.registry);
    to.registry.habits(|habits| habits.foreign_layers = true);
    let from = source.reference(REPOSITORY, "latest").parse().unwrap();
    let copied = to.engine().copy(&from, &to.destination(), Platforms::All).await;
    copied.succeeded(&to);
    assert_eq!(copied.warnings().len(), 1);
}

#[tokio::test]
async fn a_registry_that_knows_no_layers_elsewhere_gets_what_is_here() {
    let (image, layer) = with_a_foreign_layer();
    let scene = Scene::open();
    let pushed = scene.push(&image).await;
    pushed.refused(Code::RegistryRefused, "latest");
    scene.check_nothing_published();

    scene.store.put_as(&layer.digest, &layer.bytes).unwrap();
    scene.push(&image).await.succeeded(&scene);
    assert!(scene.registry.stored_blob(REPOSITORY, &layer.digest).is_some());
}

#[tokio::test]
async fn the_store_knows_what_refers_to_its_images() {
    let scene = Scene::open();
    let [one, two, _] = three();
    let (attestation, mut entry) = Image::attestation(&one);
    let mut body: serde_json::Value = serde_json::from_slice(&attestation.root.bytes).unwrap();
    body["layers"][0]["annotations"]["in-toto.io/predicate-type"] = "https://slsa.dev/provenance/v1".into();
    let attestation = Object::new(oci::media_type::OCI_MANIFEST, serde_json::to_vec(&body).unwrap());
    entry["digest"] = attestation.digest.as_str().into();
    entry["size"] = attestation.size().into();
    let mut index = Image::index_edited(Family::Oci, &[&one, &two], |index| {
        index["manifests"].as_array_mut().unwrap().push(entry);
    });
    index.manifests.push(attestation.clone());
    scene.store(&index);
    let (sbom, of_two, other) =
        (about(&index, "one"), about(&two, "another"), about(&layered(9, 1), "other"));
    let signature = layered(5, 1);
    let hex = index.digest().hex();
    for (image, tag) in
        [(&sbom, "sbom"), (&of_two, "two"), (&other, "other"), (&signature, &format!("sha256-{hex}.sig"))]
    {
        scene.store_as(image, &scene.tagged("elsewhere", tag));
    }
    let found = engine::referrer::in_store(&scene.store, index.digest(), None).unwrap();
    let rows: Vec<_> =
        found.list.iter().map(|it| (&it.descriptor.digest, &it.subject, it.via.clone())).collect();
    let cosign = Via::Cosign(format!("sha256-{hex}.sig").parse().unwrap());
    assert_eq!(
        rows,
        [
            (sbom.digest(), index.digest(), Via::Store),
            (signature.digest(), index.digest(), cosign),
            (of_two.digest(), two.digest(), Via::Store),
            (&attestation.digest, one.digest(), Via::Attestation),
        ]
    );
    assert_eq!(found.list[0].artifact_type.as_deref(), Some("application/vnd.example.sbom"));
    assert_eq!(found.list[2].platform, Some(platform("linux/arm64")));
    assert_eq!(found.list[3].platform, Some(platform("linux/amd64")));
    assert_eq!(found.list[3].predicates, ["https://slsa.dev/provenance/v1"]);
    let wanted = Some("application/vnd.example.sbom");
    let some = engine::referrer::in_store(&scene.store, index.digest(), wanted).unwrap();
    assert_eq!(some.list.len(), 2);
    assert!(scene.registry.log().is_empty(), "nobody is asked");
}
