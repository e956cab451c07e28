//! Archives that can't be used, and what is said of them.

use std::fs;

use engine::Code;
use engine::endpoint::Target;
use serde_json::json;
use testkit::image::{Entry, Layer, LayerCompression};

use crate::scene::{Scene, image, link, refused, tar};

/// Names and contents.
type Files<'a> = Vec<(&'a str, &'a [u8])>;

#[tokio::test]
async fn foreign_files_are_told_what_they_are() {
    let scene = Scene::new();
    let write = |name: &str, bytes: &[u8]| {
        let path = scene.path(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let files = scene.path("files.tar");
    tar(&files, &[("etc/passwd", b"root"), ("bin/sh", b"#!"), ("hello", b"x")]);
    let old = scene.path("old.tar");
    tar(&old, &[("repositories", b"{}"), ("abc/layer.tar", b"")]);
    let other = scene.path("other.tar");
    tar(&other, &[("readme", b"hello")]);
    let empty_layout = scene.path("empty-layout.tar");
    tar(&empty_layout, &[("oci-layout", b"{}"), ("index.json", br#"{"manifests":[]}"#)]);
    let rows = [
        ("empty", write("empty", b""), "is empty"),
        (
            "a picture",
            write("picture", &[b"\x89PNG\r\n\x1a\n".as_slice(), &[7; 2000]].concat()),
            "it is no tar",
        ),
        ("cut bzip2", write("b", b"BZh91AY&SY"), "is damaged"),
        ("a filesystem", files, "import"),
        ("no images of before Docker 1.10", old, "lists no image"),
        ("another tar", other, "holds no image"),
        ("no images", empty_layout, "lists no image"),
        (
            "an empty folder",
            {
                let dir = scene.path("dir");
                fs::create_dir(&dir).unwrap();
                dir
            },
            "holds no image",
        ),
    ];
    for (name, path, said) in rows {
        let error = refused(scene.load(&path, Target::Sole, "x/y:1").await, Code::ArchiveInvalid, said);
        assert!(error.message().contains(path.to_str().unwrap()), "{name}: {error:?}");
        assert!(scene.is_empty(), "{name}");
    }
    refused(scene.open(&scene.path("nothing")).map(drop), Code::NotFound, "there is no file");
}

#[tokio::test]
async fn f104_what_is_missing_is_named_and_nothing_is_loaded() {
    let scene = Scene::new();
    let image = image(1);
    let config = image.blobs[0].bytes.clone();
    let layer = Layer::new(&[Entry::file("etc/motd", b"image 1")], LayerCompression::Gzip);
    let manifest = |layers: serde_json::Value| {
        json!([{ "Config": "config.json", "RepoTags": ["a:1"], "Layers": layers }]).to_string()
    };
    let two = manifest(json!(["one.tar", "two.tar"]));
    let path = scene.path("a.tar");
    let rows: [(&str, Files<'_>, &str); 5] = [
        (
            "a layer",
            vec![("manifest.json", two.as_bytes()), ("config.json", &config), ("one.tar", &layer.bytes)],
            "`two.tar`",
        ),
        ("the config", vec![("manifest.json", two.as_bytes()), ("one.tar", &layer.bytes)], "`config.json`"),
        ("the list", vec![("manifest.json", b"[{"), ("config.json", &config)], "malformed"),
        ("an image", vec![("manifest.json", b"[]")], "lists no image"),
        (
            "layers of the list",
            vec![("manifest.json", br#"[{"Config":"config.json"}]"#), ("config.json", &config)],
            "0 layers",
        ),
    ];
    for (name, files, said) in rows {
        tar(&path, &files);
        refused(scene.load(&path, Target::Sole, "x/y:1").await, Code::ArchiveInvalid, said);
        assert!(scene.is_empty(), "{name}");
    }
    // Of a layout a blob.
    let layout = scene.layout(&image, "x");
    fs::remove_file(layout.join("blobs/sha256").join(image.blobs[1].digest.hex())).unwrap();
    refused(
        scene.load(&layout, Target::Sole, "x/y:1").await,
        Code::ImageMissing,
        image.blobs[1].digest.hex(),
    );
    assert!(scene.is_empty());
}

#[tokio::test]
async fn f106_paths_that_lead_out_are_refused() {
    let scene = Scene::new();
    let canary = scene.path("canary");
    fs::write(&canary, b"secret").unwrap();
    let rows = [
        ("up", "../canary".to_owned()),
        ("far up", "a/../../../../../../etc/hostname".to_owned()),
        ("absolute", canary.display().to_string()),
    ];
    for (name, wanted) in rows {
        let path = scene.path("a.tar");
        let manifest = json!([{ "Config": wanted, "RepoTags": ["a:1"], "Layers": [] }]).to_string();
        tar(&path, &[("manifest.json", manifest.as_bytes())]);
        refused(scene.open(&path).map(drop), Code::ArchiveInvalid, "leads out");
        // The same as a folder, and as a link within an archive.
        let folder = scene.path("folder");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("manifest.json"), &manifest).unwrap();
        refused(scene.open(&folder).map(drop), Code::ArchiveInvalid, "leads out");
        let manifest = json!([{ "Config": "link", "RepoTags": ["a:1"], "Layers": [] }]).to_string();
        let mut builder = tar::Builder::new(fs::File::create(&path).unwrap());
        let mut header = tar::Header::new_gnu();
        header.set_size(manifest.len() as u64);
        builder.append_data(&mut header, "manifest.json", manifest.as_bytes()).unwrap();
        link(&mut builder, tar::EntryType::Symlink, "link", &wanted);
        builder.finish().unwrap();
        drop(builder);
        refused(scene.open(&path).map(drop), Code::ArchiveInvalid, "leads out");
        assert!(scene.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn f108_layouts_with_links_or_other_bytes_are_refused() {
    let scene = Scene::new();
    let image = image(2);
    let layout = scene.layout(&image, "x");
    let blob = |at: usize| layout.join("blobs/sha256").join(image.blobs[at].digest.hex());

    let real = fs::read(blob(2)).unwrap();
    let mut other = real.clone();
    other[10] ^= 1;
    fs::write(blob(2), &other).unwrap();
    refused(
        scene.load(&layout, Target::Sole, "x/y:1").await,
        Code::ContentMismatch,
        image.blobs[2].digest.hex(),
    );
    fs::write(blob(2), &real[1..]).unwrap();
    refused(scene.load(&layout, Target::Sole, "x/y:1").await, Code::ContentMismatch, "bytes");
    assert!(scene.is_empty());

    let outside = scene.path("outside");
    fs::write(&outside, &real).unwrap();
    fs::remove_file(blob(2)).unwrap();
    std::os::unix::fs::symlink(&outside, blob(2)).unwrap();
    refused(scene.load(&layout, Target::Sole, "x/y:1").await, Code::ArchiveInvalid, "is a link");
    assert!(scene.is_empty());

    let root = layout.join("blobs/sha256").join(image.digest().hex());
    fs::write(&root, b"{}").unwrap();
    refused(scene.load(&layout, Target::Sole, "x/y:1").await, Code::ContentMismatch, image.digest().hex());
}

#[tokio::test]
async fn f096_cut_archives_are_refused_at_every_place() {
    let scene = Scene::new();
    let image = image(3);
    let layout = scene.layout(&image, "x");
    let path = scene.path("whole.tar");
    let mut tar = std::process::Command::new("tar");
    testkit::real::run(tar.arg("-C").arg(&layout).args(["--sort=name", "-cf"]).arg(&path).arg("."));
    let whole = fs::read(&path).unwrap();
    let cut = scene.path("cut.tar");
    // index.json comes last but one: no cut before the marks of the end leaves an image that can be found.
    for at in (1..whole.len() - 20 * 512).step_by(9_973) {
        fs::write(&cut, &whole[..at]).unwrap();
        let loaded = scene.load(&cut, Target::Sole, "x/y:1").await;
        let error = loaded.expect_err("it is cut");
        assert!(error.hint().is_some(), "{at}: {error:?}");
        assert!(scene.is_empty(), "{at}");
    }
    // Compressed as a whole and cut.
    let packed = zstd::encode_all(whole.as_slice(), 1).unwrap();
    fs::write(&cut, &packed[..packed.len() / 2]).unwrap();
    refused(scene.load(&cut, Target::Sole, "x/y:1").await, Code::ArchiveInvalid, "is damaged");
}
