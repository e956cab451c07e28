//! Two images side by side, as the engine reads them.

use engine::compare::{ComparedField, Comparison, Side, compare};
use engine::endpoint::Target;
use engine::image::{Image as Looked, inspect};
use engine::job::Job;
use serde_json::json;
use testkit::image::{Family, Image, ImageBuilder, Layer};

use crate::scene::{REPOSITORY, Scene};

fn layer(seed: u64, size: usize, told: &str) -> Layer {
    Layer::noise(seed, size).created_by(told)
}

fn base() -> ImageBuilder {
    Image::builder(Family::Oci).layer(layer(1, 5000, "ADD file:abc in /")).layer(layer(
        2,
        3000,
        "RUN /bin/sh -c apt-get update # buildkit",
    ))
}

async fn look(scene: &Scene, tag: &str, platform: Option<&str>) -> Looked {
    let reference = scene.tagged(REPOSITORY, tag);
    let source = scene.engine().source(&reference);
    let platform = platform.map(|platform| platform.parse().unwrap());
    inspect(&source, &Target::Named(reference), platform.as_ref(), &Job::silent()).await.unwrap()
}

async fn compared(a: &Image, b: &Image) -> Comparison {
    let scene = Scene::open(a.clone());
    scene.registry.put(REPOSITORY, "b", b);
    compare(&look(&scene, "latest", None).await, &look(&scene, "b", None).await)
}

fn field<'a>(comparison: &'a Comparison, group: &str, name: &str) -> &'a ComparedField {
    let mut fields = comparison.config.iter().chain(&comparison.platforms);
    fields
        .find(|field| field.group == group && field.name == name)
        .unwrap_or_else(|| panic!("no {group} {name}"))
}

#[tokio::test]
async fn layers_are_paired_by_digest_and_their_bytes_counted_once() {
    let again = || layer(1, 5000, "ADD again");
    let old = || layer(3, 700, "COPY old /app");
    let a = base().layer(old()).layer(old()).layer(again()).build();
    // Another layer below what both have, the shared ones in their order, and one of them twice.
    let b = Image::builder(Family::Oci)
        .layer(layer(9, 400, "RUN first"))
        .layer(layer(1, 5000, "ADD file:abc in /"))
        .layer(layer(2, 3000, "RUN apt-get update"))
        .layer(layer(4, 900, "COPY new /app"))
        .layer(again())
        .layer(again())
        .build();
    let told = compared(&a, &b).await;
    let rows: Vec<_> = told
        .layers
        .iter()
        .map(|layer| (layer.side.as_str(), layer.number_a, layer.number_b, layer.instruction.as_str()))
        .collect();
    assert_eq!(
        rows,
        [
            ("b", None, Some(1), "RUN first"),
            ("both", Some(1), Some(2), "ADD file:abc in /"),
            ("both", Some(2), Some(3), "RUN apt-get update"),
            ("a", Some(3), None, "COPY old /app"),
            ("a", Some(4), None, "COPY old /app"),
            ("b", None, Some(4), "COPY new /app"),
            ("both", Some(5), Some(5), "ADD again"),
            ("b", None, Some(6), "ADD again"),
        ]
    );
    let size = |image: &Image, at: usize| image.blobs[at].size();
    assert_eq!(told.shared_bytes, size(&a, 1) + size(&a, 2));
    assert_eq!(told.only_a_bytes, size(&a, 3));
    assert_eq!(told.only_b_bytes, size(&b, 1) + size(&b, 4), "a layer that both have costs nothing twice");
    assert!(!told.same);
}

#[tokio::test]
async fn every_field_of_the_configs_is_told() {
    let a = base()
        .container_config(json!({
            "Entrypoint": ["/entry"], "Cmd": ["a b", "c"], "User": "root",
            "Env": ["PATH=/bin", "MODE=x", "MODE=old", "LONE"],
            "ExposedPorts": { "80/tcp": {}, "443/tcp": {} }, "Labels": { "k": "1", "gone": "2" },
        }))
        .build();
    let b = base()
        .container_config(json!({
            "Entrypoint": ["/entry"], "Cmd": ["a", "b c"], "WorkingDir": "/app",
            "Env": ["PATH=/bin", "MODE=new"],
            "ExposedPorts": { "80/tcp": {} }, "Volumes": { "/data": {} }, "Labels": { "k": "1" },
        }))
        .build();
    let told = compared(&a, &b).await;
    let row = |group, name, a: Option<&str>, b: Option<&str>| {
        let found = field(&told, group, name);
        assert_eq!((found.a.as_deref(), found.b.as_deref()), (a, b), "{group} {name}");
        assert_eq!(found.differs(), a != b);
    };
    row("Run", "Entrypoint", Some("[\"/entry\"]"), Some("[\"/entry\"]"));
    row("Run", "Cmd", Some("[\"a b\",\"c\"]"), Some("[\"a\",\"b c\"]"));
    row("Run", "User", Some("root"), None);
    row("Run", "WorkingDir", None, Some("/app"));
    row("Environment", "PATH", Some("/bin"), Some("/bin"));
    row("Environment", "MODE", Some("old"), Some("new"));
    row("Environment", "LONE", Some(""), None);
    row("Ports", "443/tcp", Some("443/tcp"), None);
    row("Volumes", "/data", None, Some("/data"));
    row("Labels", "gone", Some("2"), None);
    row("Image", "Platform", Some("linux/amd64"), Some("linux/amd64"));
    assert!(told.platforms.is_empty(), "neither is an index");
    assert_eq!((told.only_a_bytes, told.only_b_bytes), (0, 0));
}

#[tokio::test]
async fn platforms_are_compared_and_an_image_with_itself_is_the_same() {
    let arm = base().platform("linux/arm64").build();
    let amd = base().platform("linux/amd64").layer(layer(7, 10, "RUN amd")).build();
    let both = Image::index(Family::Oci, &[&amd, &arm]);
    let scene = Scene::open(both.clone());
    scene.registry.put(REPOSITORY, "arm", &arm);
    let (index, alone) = (look(&scene, "latest", Some("linux/arm64")).await, look(&scene, "arm", None).await);
    let told = compare(&index, &alone);
    let digest = |image: &Image| Some(image.digest().to_string());
    let row =
        |name: &str| (field(&told, "Platforms", name).a.clone(), field(&told, "Platforms", name).b.clone());
    assert_eq!(row("linux/amd64"), (digest(&amd), None));
    assert_eq!(row("linux/arm64"), (digest(&arm), digest(&arm)));
    assert!(told.same, "the index's entry is that very manifest");
    assert!(told.layers.iter().all(|layer| layer.side == Side::Both));
    assert!(!told.config.iter().any(ComparedField::differs));

    let artifact = Image::builder(Family::Oci)
        .edit_manifest(|manifest| manifest["config"]["mediaType"] = json!("application/x"))
        .build();
    let told = compared(&artifact, &amd).await;
    assert!(told.layers.iter().all(|layer| layer.side == Side::B), "what has no config has no fields either");
    assert!(told.config.iter().all(|field| field.a.is_none()));
}
