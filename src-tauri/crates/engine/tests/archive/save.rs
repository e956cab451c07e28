//! Archives that Longshore writes.

use std::fs;
use std::sync::Arc;

use engine::archive::{Format, outline};
use engine::endpoint::{ImageSource, Target};
use engine::job::Job;
use engine::transfer::{Plan, Platforms, Request};
use oci::digest::Algorithm;
use testkit::image::{Entry, Family, Image, Layer, LayerCompression};
use testkit::real::run;

use crate::scene::{Scene, digest_of, image, named, reference, refused};

#[tokio::test]
async fn f111_save_load_save_gives_the_same_bytes() {
    let scene = Scene::new();
    let image = image(1);
    let source: Arc<dyn ImageSource> = Arc::new(scene.open(&scene.layout(&image, "x")).unwrap());
    let name = "docker.io/team/app:1";
    for format in [Format::Hybrid, Format::Oci] {
        let (first, second) = (scene.path("first.tar"), scene.path("second.tar"));
        let length = scene.save(source.clone(), &[(Target::Sole, name)], format, &first).await.unwrap();
        assert_eq!(length, fs::metadata(&first).unwrap().len());
        let outcome = scene.load(&first, named(name), name).await.unwrap();
        assert_eq!(outcome.root.digest, *image.digest(), "the digest survives");
        scene.save(Arc::new(scene.store.clone()), &[(named(name), name)], format, &second).await.unwrap();
        assert_eq!(digest_of(&first), digest_of(&second), "{format:?}");
        assert_eq!(scene.leftovers(), <[String; 0]>::default());
    }
}

#[tokio::test]
async fn other_programs_read_what_is_saved() {
    let scene = Scene::new();
    let image = image(2);
    let source: Arc<dyn ImageSource> = Arc::new(scene.open(&scene.layout(&image, "x")).unwrap());
    let path = scene.path("image.tar");
    let name = "docker.io/team/app:1";
    scene.save(source, &[(Target::Sole, name)], Format::Hybrid, &path).await.unwrap();
    let oci = format!("oci-archive:{}:{name}", path.display());
    assert_eq!(scene.skopeo.digest(&oci, &[]), image.digest().as_str());
    // As docker load sees it: the same config, and layers that unpack to its diff IDs.
    let docker = format!("docker-archive:{}:{name}", path.display());
    let config = scene.skopeo.run(&["inspect", "--config", "--raw", &docker]);
    assert_eq!(config.as_bytes(), image.blobs[0].bytes);
    let copied = scene.path("copied");
    scene.skopeo.run(&["copy", "--quiet", &docker, &format!("dir:{}", copied.display())]);
    // GNU tar finds nothing wrong with it.
    let listed = run(std::process::Command::new("tar").arg("-tf").arg(&path));
    assert!(listed.lines().any(|line| line == "manifest.json"), "{listed}");
}

#[tokio::test]
async fn several_images_share_their_layers_in_one_archive() {
    let scene = Scene::new();
    let base = Layer::noise(7, 50_000);
    let with = |text: &str| {
        let top = Layer::new(&[Entry::file("top", text.as_bytes())], LayerCompression::Zstd);
        Image::builder(Family::Oci).layer(base.clone()).layer(top).build()
    };
    let (one, two) = (with("one"), with("two"));
    let both = Image::index(Family::Oci, &[&one, &two]);
    scene.layout(&one, "one");
    scene.layout(&two, "two");
    let source: Arc<dyn ImageSource> = Arc::new(scene.open(&scene.layout(&both, "both")).unwrap());
    let images = [
        (Target::Exact(one.digest().clone()), "team/one:1"),
        (Target::Exact(two.digest().clone()), "team/two:1"),
        (Target::Exact(both.digest().clone()), "team/both:1"),
    ];
    let path = scene.path("several.tar");
    let length = scene.save(source, &images, Format::Hybrid, &path).await.unwrap();
    assert!(length < 2 * 50_000, "the base is there once: {length}");
    for (target, name) in images {
        let outcome = scene.load(&path, named(name), name).await.unwrap();
        let Target::Exact(digest) = target else { unreachable!() };
        assert_eq!(outcome.root.digest, digest, "{name}");
    }
    let manifest = run(std::process::Command::new("tar").arg("-xOf").arg(&path).arg("manifest.json"));
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let tags: Vec<_> = manifest.as_array().unwrap().iter().map(|image| image["RepoTags"].clone()).collect();
    // The index and its image for this computer are one to Docker.
    assert!(tags.contains(&serde_json::json!(["team/two:1"])) && tags.len() == 2, "{tags:?}");
}

#[tokio::test]
async fn long_digests_fit() {
    let scene = Scene::new();
    let image = Image::builder(Family::Oci).algorithm(Algorithm::Sha512).layer(Layer::noise(3, 4000)).build();
    let source: Arc<dyn ImageSource> = Arc::new(scene.open(&scene.layout(&image, "x")).unwrap());
    let path = scene.path("long.tar");
    scene.save(source, &[(Target::Sole, "team/app:1")], Format::Oci, &path).await.unwrap();
    let outcome = scene.load(&path, Target::Sole, "team/app:1").await.unwrap();
    assert_eq!(outcome.root.digest, *image.digest());
    let listed = run(std::process::Command::new("tar").arg("-tf").arg(&path));
    assert!(listed.contains(&format!("blobs/sha512/{}", image.digest().hex())), "{listed}");
}

#[tokio::test]
async fn what_an_archive_will_hold_is_known_to_the_byte() {
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
        let scene = Scene::new();
        let layers = Layer::new(&[Entry::file("etc/motd", b"hello")], LayerCompression::Gzip);
        let image = Image::builder(Family::Oci)
            .algorithm(algorithm)
            .layer(layers)
            .layer(Layer::noise(3, 4000))
            .build();
        let source = scene.open(&scene.layout(&image, "x")).unwrap();
        let path = scene.path("image.tar");
        for format in [Format::Hybrid, Format::Oci] {
            let name = "docker.io/team/app:1";
            let images = [(Target::Sole, name)];
            let length = scene.save(Arc::new(source.clone()), &images, format, &path).await.unwrap();
            let request = Request::new(Target::Sole, Platforms::All, Some(reference(name)));
            let plan = Plan::of(&source, None, &request, &Job::silent()).await.unwrap();
            let blobs = plan.blobs.iter().map(|blob| blob.descriptor.clone());
            let told = outline(blobs, &plan.documents, request.name.as_ref(), format);
            assert_eq!(told.length, length, "{format:?}");
            let listed = run(std::process::Command::new("tar").arg("-tvf").arg(&path));
            for (name, size) in &told.entries {
                let is_there = |line: &str| {
                    line.ends_with(name) && line.split_whitespace().nth(2) == Some(&size.to_string())
                };
                assert!(listed.lines().any(is_there), "{name} {size}: {listed}");
            }
            assert_eq!(listed.lines().count(), told.entries.len());
        }
    }
}

#[tokio::test]
async fn what_stood_there_stays_until_the_new_archive_is_whole() {
    let scene = Scene::new();
    let good = image(4);
    let layout = scene.layout(&good, "x");
    let path = scene.path("kept.tar");
    fs::write(&path, b"precious").unwrap();
    // A layer that is damaged: the transfer fails in the middle of its entry.
    let blob = layout.join("blobs/sha256").join(good.blobs[2].digest.hex());
    let mut bytes = fs::read(&blob).unwrap();
    bytes[500] ^= 1;
    fs::write(&blob, bytes).unwrap();
    let source: Arc<dyn ImageSource> = Arc::new(scene.open(&layout).unwrap());
    let saved = scene.save(source, &[(Target::Sole, "team/app:1")], Format::Hybrid, &path).await;
    refused(saved, engine::Code::ContentMismatch, "is not what its digest says");
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    assert_eq!(scene.leftovers(), <[String; 0]>::default(), "nothing half-written is left");

    let nowhere = engine::archive::ArchiveSink::create(&scene.path("no/such/folder.tar"), Format::Oci);
    refused(nowhere.map(drop), engine::Code::StoreFailed, "Make the folder first");
    let _ = reference("x");
}
