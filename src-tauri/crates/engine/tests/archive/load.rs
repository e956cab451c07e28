//! Archives that other programs wrote.

use std::fs;
use std::io::Write as _;

use engine::archive::{Archive, ArchiveSource, Kind};
use engine::compression::Compression;
use engine::endpoint::Target;
use engine::job::Job;
use oci::graph::Node;
use testkit::image::{Entry, Family, Image, Layer, LayerCompression};

use crate::scene::{Scene, image, link, named, tar};

#[tokio::test]
async fn skopeos_archives_are_loaded() {
    let scene = Scene::new();
    let image = image(1);
    let layout = scene.layout(&image, "x");
    let source = format!("oci:{}:x", layout.display());
    for (transport, same) in [("oci-archive", true), ("docker-archive", false)] {
        let path = scene.path(transport);
        let target = format!("{transport}:{}:docker.io/team/app:1", path.display());
        scene.skopeo.run(&["copy", "--quiet", &source, &target]);
        let opened = scene.open(&path).unwrap();
        assert_eq!(opened.images().len(), 1, "{transport}");
        assert_eq!(opened.images()[0].references().len(), 1, "{transport}: {:?}", opened.images());
        let outcome = scene.load(&path, named("team/app:1"), &format!("kept/{transport}:1")).await.unwrap();
        assert_eq!(outcome.root.digest == *image.digest(), same, "{transport}");
        // The layers of a docker-archive are unpacked: another manifest, the same config and the same files.
        let found = scene.store.read(&outcome.root.digest, 1 << 20).unwrap();
        let Ok(Node::Manifest(manifest)) = Node::parse(&found, None) else { panic!("{transport}") };
        assert_eq!(manifest.config.digest, image.blobs[0].digest, "{transport}");
        assert!(scene.store.is_complete(&outcome.root), "{transport}");
    }
}

#[tokio::test]
async fn a_folder_and_every_outer_compression_are_opened() {
    let scene = Scene::new();
    let image = image(2);
    let layout = scene.layout(&image, "1.0");
    let plain = scene.path("plain.tar");
    let status =
        std::process::Command::new("tar").arg("-C").arg(&layout).arg("-cf").arg(&plain).arg(".").status();
    assert!(status.unwrap().success());
    let bytes = fs::read(&plain).unwrap();
    let gzip = scene.path("a.docx");
    let mut encoder =
        flate2::write::GzEncoder::new(fs::File::create(&gzip).unwrap(), flate2::Compression::fast());
    // Two members, as parallel programs write them.
    encoder.write_all(&bytes[..1000]).unwrap();
    let mut encoder = flate2::write::GzEncoder::new(encoder.finish().unwrap(), flate2::Compression::fast());
    encoder.write_all(&bytes[1000..]).unwrap();
    encoder.finish().unwrap();
    let zstd = scene.path("a.zip");
    fs::write(&zstd, zstd::encode_all(bytes.as_slice(), 1).unwrap()).unwrap();
    for path in [&layout, &plain, &gzip, &zstd] {
        let outcome = scene.load(path, Target::Sole, "team/app:1").await.unwrap();
        assert_eq!(outcome.root.digest, *image.digest(), "{}", path.display());
    }
    // A tag alone names it too.
    assert!(scene.open(&layout).unwrap().find(Some("1.0")).is_ok());
}

#[tokio::test]
async fn a_stream_is_taken_as_a_file_is() {
    let scene = Scene::new();
    let image = image(3);
    let layout = scene.layout(&image, "x");
    let mut child = std::process::Command::new("tar")
        .arg("-C")
        .arg(&layout)
        .args(["-czf", "-", "."])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let (pipe, job) = (child.stdout.take().unwrap(), Job::silent());
    let archive = Archive::of_stream(pipe, "standard input", &scene.path(""), &job).unwrap();
    assert!(child.wait().unwrap().success());
    let source = ArchiveSource::new(&archive, &job).unwrap();
    assert_eq!(source.images()[0].root.digest, *image.digest());
}

/// What `docker save` wrote before version 25: raw layers in folders, equal ones as links.
#[tokio::test]
async fn f105_links_and_repeated_layers_are_followed_within_the_archive() {
    let scene = Scene::new();
    let layer = Layer::new(&[Entry::file("a", b"a")], LayerCompression::None);
    let image = Image::builder(Family::Oci).layers([layer.clone(), layer.clone(), layer.clone()]).build();
    let config = &image.blobs[0];
    let manifest = serde_json::json!([{
        "Config": "config.json",
        "RepoTags": ["team/app:1", "team/app:latest"],
        "Layers": ["one/layer.tar", "two/layer.tar", "three/layer.tar"],
    }]);
    let path = scene.path("old.tar");
    let mut builder = tar::Builder::new(fs::File::create(&path).unwrap());
    let mut add = |name: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        builder.append_data(&mut header, name, bytes).unwrap();
    };
    add("config.json", &config.bytes);
    add("one/layer.tar", &layer.bytes);
    add("manifest.json", manifest.to_string().as_bytes());
    link(&mut builder, tar::EntryType::Symlink, "two/layer.tar", "../one/layer.tar");
    link(&mut builder, tar::EntryType::Link, "three/layer.tar", "one/layer.tar");
    builder.finish().unwrap();
    drop(builder);

    let source = scene.open(&path).unwrap();
    assert_eq!(source.images()[0].names, ["team/app:1", "team/app:latest"]);
    let outcome = scene.load(&path, named("team/app"), "team/app:latest").await.unwrap();
    assert_eq!(outcome.moved, config.size() + layer.bytes.len() as u64, "the layer is moved once");
    // The same archive gives the same manifest.
    assert_eq!(scene.open(&path).unwrap().images()[0].root, outcome.root);
}

#[tokio::test]
async fn several_images_are_told_apart() {
    let scene = Scene::new();
    let (one, two) = (image(4), image(5));
    scene.layout(&one, "one");
    let layout = scene.layout(&two, "two");
    let outcome = scene.load(&layout, Target::Exact(one.digest().clone()), "x/one:1").await.unwrap();
    assert_eq!(outcome.root.digest, *one.digest());
    let source = scene.open(&layout).unwrap();
    assert_eq!(source.find(Some("two")).unwrap().root.digest, *two.digest());
    let error = source.find(None).unwrap_err();
    assert!(error.hint().unwrap().contains("`one`") && error.choices() == ["one", "two"], "{error:?}");
    let error = source.find(Some("three")).unwrap_err();
    assert!(error.message().contains("`three`"), "{error:?}");
}

#[test]
fn names_are_of_no_account() {
    let scene = Scene::new();
    let path = scene.path("image.tar.gz");
    tar(&path, &[("oci-layout", b"{}"), ("index.json", br#"{"manifests":[]}"#)]);
    let opened = Archive::open(&path, &scene.path(""), &Job::silent()).unwrap();
    assert_eq!(opened.kind(), Kind::Oci);
    assert_eq!(opened.compression(), Compression::None);
}

/// What Docker wrote before 1.10, with the config that it makes when it loads such an archive.
#[tokio::test]
async fn archives_from_before_docker_1_10_are_loaded() {
    let scene = Scene::new();
    let base = Layer::new(&[Entry::file("base", b"base")], LayerCompression::None);
    let top = Layer::new(&[Entry::file("top", b"top")], LayerCompression::None);
    let json = |id: &str, parent: Option<&str>, command: &str| {
        let mut layer = serde_json::json!({
            "id": id, "created": "2015-06-01T00:00:00Z", "architecture": "amd64", "os": "linux", "Size": 7,
            "container_config": { "Cmd": ["/bin/sh", "-c", command] },
            "config": { "Cmd": ["/top"], "Env": ["A=1"] },
        });
        if let Some(parent) = parent {
            layer["parent"] = parent.into();
        }
        layer.to_string()
    };
    let (low, high) = ("1".repeat(64), "2".repeat(64));
    let path = scene.path("old.tar");
    let repositories = serde_json::json!({ "team/app": { "1": high, "latest": high } }).to_string();
    let entries = [
        (format!("{low}/VERSION"), b"1.0".to_vec()),
        (format!("{low}/json"), json(&low, None, "#(nop) ADD base").into_bytes()),
        (format!("{low}/layer.tar"), base.bytes.to_vec()),
        (format!("{high}/VERSION"), b"1.0".to_vec()),
        (format!("{high}/json"), json(&high, Some(&low), "touch top").into_bytes()),
        (format!("{high}/layer.tar"), top.bytes.to_vec()),
        ("repositories".to_owned(), repositories.into_bytes()),
    ];
    let files: Vec<(&str, &[u8])> = entries.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    tar(&path, &files);

    let found = engine::archive::identify(&path, &Job::silent()).unwrap();
    assert_eq!((found.kind, found.images.len()), (Kind::OldDocker, 1));
    assert_eq!(found.images[0].variants[0].layers.len(), 2);
    let outcome = scene.load(&path, named("team/app:1"), "team/app:1").await.unwrap();
    assert!(scene.store.is_complete(&outcome.root));
    let found = scene.store.read(&outcome.root.digest, 1 << 20).unwrap();
    let Ok(Node::Manifest(manifest)) = Node::parse(&found, None) else { panic!("it is a manifest") };
    let config = scene.store.read(&manifest.config.digest, 1 << 20).unwrap();
    let config: serde_json::Value = serde_json::from_slice(&config).unwrap();
    let diff_ids = [&base, &top].map(|layer| oci::digest::Digest::sha256(&layer.bytes).to_string());
    assert_eq!(config["rootfs"], serde_json::json!({ "type": "layers", "diff_ids": diff_ids }));
    assert_eq!(config["config"]["Env"][0], "A=1");
    assert_eq!(config["history"][1]["created_by"], "/bin/sh -c touch top");
    assert!(config.get("id").is_none() && config.get("Size").is_none());
    let names = scene.open(&path).unwrap().images()[0].names.clone();
    assert_eq!(names, ["team/app:1", "team/app:latest"]);

    // A layer that is missing is named, and the image with it.
    tar(&path, &files.iter().copied().filter(|(name, _)| *name != entries[2].0).collect::<Vec<_>>());
    let error = scene.load(&path, named("team/app:1"), "team/app:1").await.unwrap_err();
    assert!(error.message().contains(&entries[2].0), "{error:?}");
}
