//! The practice registry's samples: the same everywhere, made once, healed, and never over a person's own work.

// clippy.toml allows it in tests, but clippy takes helpers here for something else.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;

use engine::store::ContentStore;
use oci::config::ImageConfig;
use oci::descriptor::Descriptor;
use oci::graph::{MANIFEST_CAP, Node};
use oci::manifest::Manifest;
use registry_server::practice::{self, Sample};

fn filled() -> (tempfile::TempDir, ContentStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = ContentStore::open(dir.path().join("practice")).unwrap();
    practice::fill(&store).unwrap();
    (dir, store)
}

fn root(store: &ContentStore, name: &str) -> Descriptor {
    store.resolve(&format!("practice.invalid/{name}").parse().unwrap()).unwrap().unwrap()
}

fn name(sample: &Sample) -> String {
    format!("{}:{}", sample.repository, sample.tag)
}

/// The manifests below a sample's name: itself, or its platforms'.
fn manifests(store: &ContentStore, root: &Descriptor) -> Vec<Manifest> {
    match Node::parse(&store.read(&root.digest, MANIFEST_CAP).unwrap(), Some(&root.media_type)).unwrap() {
        Node::Manifest(manifest) => vec![manifest],
        Node::Index(index) => index.manifests.iter().flat_map(|child| manifests(store, child)).collect(),
    }
}

#[test]
fn the_samples_are_the_same_on_every_computer() {
    let (_dir, store) = filled();
    let found: Vec<_> = practice::shelf()
        .iter()
        .map(|sample| (name(sample), root(&store, &name(sample)).digest.to_string()))
        .collect();
    let pinned: Vec<_> =
        practice::shelf().iter().map(|sample| (name(sample), sample.digest.to_owned())).collect();
    assert_eq!(found, pinned, "a digest here changes if the content, the tar, flate2 or zlib-rs change");
}

#[test]
fn the_layers_are_as_the_shelf_shows_them() {
    let (_dir, store) = filled();
    let sizes = |name: &str| -> Vec<(String, f64)> {
        let layers = manifests(&store, &root(&store, name)).into_iter().flat_map(|manifest| manifest.layers);
        let shown = |bytes: u64| (bytes as f64 / 100_000.0).round() / 10.0;
        layers
            .map(|layer| (layer.annotations["org.opencontainers.image.title"].clone(), shown(layer.size)))
            .collect()
    };
    let stack = |layers: &[(&str, f64)]| {
        layers.iter().map(|(title, size)| ((*title).to_owned(), *size)).collect::<Vec<_>>()
    };
    assert_eq!(sizes("hello:1.0"), stack(&[("base", 2.8), ("hello 1.0", 0.4)]));
    assert_eq!(sizes("hello:1.1"), stack(&[("base", 2.8), ("hello 1.1", 0.4)]));
    assert_eq!(sizes("web:2.0"), stack(&[("base", 2.8), ("runtime", 5.1), ("web 2.0", 0.9)]));
    assert_eq!(sizes("web:2.1"), stack(&[("base", 2.8), ("runtime", 5.1), ("web 2.1", 0.9)]));
    assert_eq!(sizes("multi:1.0"), stack(&[("amd64", 1.3), ("arm64", 1.2), ("arm/v7", 1.1)]));
    assert_eq!(sizes("files:1.0"), stack(&[("base", 2.8), ("notes", 0.1), ("changes", 0.0)]));

    let blobs = fs::read_dir(store.path().join("blobs/sha256")).unwrap();
    let total: u64 = blobs.map(|blob| blob.unwrap().metadata().unwrap().len()).sum();
    assert!(total < 25_000_000, "{total} bytes");
}

#[test]
fn every_config_fits_its_layers_and_tells_how_they_came_about() {
    let (_dir, store) = filled();
    let mut platforms = BTreeSet::new();
    for sample in practice::shelf() {
        for manifest in manifests(&store, &root(&store, &name(sample))) {
            let (config, flags) =
                ImageConfig::parse(&store.read(&manifest.config.digest, 1 << 20).unwrap()).unwrap();
            assert_eq!(flags, Vec::<String>::new(), "{sample:?}");
            assert_eq!(config.flags_against(&manifest), Vec::<String>::new(), "{sample:?}");
            platforms.insert(config.platform().to_string());
            for (layer, diff_id) in manifest.layers.iter().zip(&config.diff_ids) {
                let mut tar = Vec::new();
                let mut gzip = flate2::read::GzDecoder::new(store.open_blob(&layer.digest).unwrap());
                std::io::Read::read_to_end(&mut gzip, &mut tar).unwrap();
                assert_eq!(oci::digest::Digest::sha256(&tar), *diff_id, "{sample:?}");
            }
            let steps: Vec<_> =
                config.history.iter().map(|step| oci::instruction::instruction(&step.created_by).0).collect();
            assert!(steps.iter().all(|step| !step.is_empty()), "every step is a Dockerfile's: {steps:?}");
        }
    }
    assert_eq!(platforms.into_iter().collect::<Vec<_>>(), ["linux/amd64", "linux/arm/v7", "linux/arm64"]);
}

#[test]
fn one_sample_changes_deletes_and_hides() {
    let (_dir, store) = filled();
    let [manifest] = &manifests(&store, &root(&store, "files:1.0"))[..] else { panic!("one platform") };
    let paths = |layer: &Descriptor| -> Vec<String> {
        let gzip = flate2::read::GzDecoder::new(store.open_blob(&layer.digest).unwrap());
        let mut tar = tar::Archive::new(gzip);
        tar.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string()).collect()
    };
    let [base, notes, changes] = [0, 1, 2].map(|number| paths(&manifest.layers[number]));
    let has = |paths: &[String], wanted: &str| paths.iter().any(|path| path == wanted);
    assert!(has(&base, "etc/motd") && has(&changes, "etc/motd"), "changed");
    assert!(has(&notes, "srv/notes/draft.txt") && has(&changes, "srv/notes/.wh.draft.txt"), "deleted");
    assert!(has(&notes, "srv/cache/monday.bin") && has(&changes, "srv/cache/.wh..wh..opq"), "opaque");
    assert!(base.is_sorted(), "{base:?}");
}

#[test]
fn filling_again_changes_nothing_and_mends_what_is_missing() {
    let (_dir, store) = filled();
    let before = store.stamp().unwrap();
    practice::fill(&store).unwrap();
    assert_eq!(store.stamp().unwrap(), before, "nothing was written");

    let manifest = &manifests(&store, &root(&store, "web:2.0"))[0];
    let runtime = &manifest.layers[1];
    fs::remove_file(store.blob_path(&runtime.digest)).unwrap();
    store.remove(&"practice.invalid/hello:1.0".parse().unwrap()).unwrap();
    practice::fill(&store).unwrap();
    assert!(store.verify(&runtime.digest, runtime.size).unwrap(), "a missing blob is made again");
    root(&store, "hello:1.0");
}

#[test]
fn what_a_person_pushed_over_a_sample_stays() {
    let (_dir, store) = filled();
    let mut mine = root(&store, "hello:1.1");
    mine.annotations.clear();
    let hello: oci::reference::Reference = "practice.invalid/hello:1.0".parse().unwrap();
    store.publish(Some(&hello), &mine).unwrap();
    practice::fill(&store).unwrap();
    assert_eq!(root(&store, "hello:1.0").digest, mine.digest);
}

#[tokio::test]
async fn a_taken_port_gives_way_to_a_free_one() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let server = practice::start(&dir.path().join("practice"), port).await.unwrap();
    assert_ne!(server.address().port(), port);
    assert!(server.address().ip().is_loopback());
    // reqwest wants one even for plain HTTP.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let catalog = reqwest::get(format!("http://{}/v2/_catalog", server.address())).await.unwrap();
    assert_eq!(catalog.text().await.unwrap(), r#"{"repositories":["files","hello","multi","web"]}"#);
    server.stop().await;
}
