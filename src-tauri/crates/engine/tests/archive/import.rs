//! A flat filesystem becomes an image: what `tar` writes in, what skopeo and the store read out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use engine::endpoint::Target;
use engine::job::{Job, TransferEvent};
use engine::rootfs::import::{self, Changes, ImportSource, Input, Options};
use engine::store::StoreSink;
use engine::transfer::{Platforms, Request, transfer};
use engine::{Code, Result};
use oci::config::ImageConfig;
use oci::{Digest, Platform};
use testkit::image::{Entry, Family, Image, Layer, LayerCompression};

use crate::scene::{Scene, image, reference, tar};

fn options(changes: &[&str]) -> Options {
    Options {
        platform: "linux/arm64".parse::<Platform>().unwrap(),
        changes: Changes::parse(changes).unwrap(),
        message: None,
        created: None,
    }
}

/// A folder of files packed by tar, with an option that says how.
fn packed(scene: &Scene, name: &str, option: &str) -> PathBuf {
    let folder = scene.path("rootfs");
    fs::create_dir_all(folder.join("etc")).unwrap();
    fs::create_dir_all(folder.join("bin")).unwrap();
    fs::write(folder.join("etc/os-release"), "ID=test\n").unwrap();
    fs::write(folder.join("bin/sh"), vec![7; 100_000]).unwrap();
    let path = scene.path(name);
    let flags = ["--sort=name", "--mtime=@1600000000", "--owner=0", "--group=0", "--numeric-owner"];
    let mut command = Command::new("tar");
    command.arg("-C").arg(&folder).args(flags).arg("-c").arg("-f").arg(&path);
    let done = command.args((!option.is_empty()).then_some(option)).arg(".").status().unwrap();
    assert!(done.success());
    path
}

fn read(scene: &Scene, path: &Path, options: &Options) -> Result<ImportSource> {
    import::read(Input::File(path.to_owned()), scene.path("").as_path(), options, &Job::silent())
}

async fn store(scene: &Scene, source: ImportSource, name: &str) -> Digest {
    let sink = Arc::new(StoreSink::open(&scene.store).await.unwrap());
    let request = Request::new(Target::Sole, Platforms::All, Some(reference(name)));
    transfer(Arc::new(source), sink, &request, &Job::silent()).await.unwrap().root.digest
}

#[test]
fn how_much_of_the_file_was_read_is_told() {
    let scene = Scene::new();
    let path = packed(&scene, "fs.tar", "");
    let told: Arc<Mutex<Vec<(u64, u64)>>> = Arc::default();
    let telling = told.clone();
    let job = Job::new(move |event| {
        if let TransferEvent::Reading { done, total } = event {
            telling.lock().unwrap().push((done, total));
        }
    });
    import::read(Input::File(path.clone()), scene.path("").as_path(), &options(&[]), &job).unwrap();
    let size = fs::metadata(&path).unwrap().len();
    assert_eq!(told.lock().unwrap().last(), Some(&(size, size)));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_compression_becomes_a_layer_with_the_right_diff_id() {
    let scene = Scene::new();
    let plain = packed(&scene, "fs.tar", "");
    let diff_id = Digest::sha256(&fs::read(&plain).unwrap());
    let rows = [
        ("fs.tar", "", oci::media_type::OCI_LAYER, true),
        ("fs.tar.gz", "-z", oci::media_type::OCI_LAYER_GZIP, true),
        ("fs.tar.bz2", "-j", oci::media_type::OCI_LAYER_GZIP, false),
        ("fs.tar.xz", "-J", oci::media_type::OCI_LAYER_GZIP, false),
    ];
    for (name, option, media_type, as_it_is) in rows {
        let path = packed(&scene, name, option);
        let source = read(&scene, &path, &options(&[])).expect(name);
        assert_eq!(source.layer().media_type, media_type, "{name}");
        let own = Digest::sha256(&fs::read(&path).unwrap());
        assert_eq!(source.layer().digest == own, as_it_is, "{name}: the file itself is the layer");
        let again = read(&scene, &path, &options(&[])).unwrap();
        assert_eq!(again.digest(), source.digest(), "{name}: the same file gives the same image");

        let config = source.config().digest.clone();
        store(&scene, source, "team/fs:1").await;
        let (config, flags) = ImageConfig::parse(&scene.store.read(&config, 1 << 20).unwrap()).unwrap();
        assert_eq!((config.diff_ids, flags), (vec![diff_id.clone()], vec![]), "{name}");
    }
    // A stream gives the same as the file.
    let bytes = Box::new(fs::File::open(&plain).unwrap());
    let stream = Input::Stream { bytes, name: "fs.tar".to_owned() };
    let streamed = import::read(stream, &scene.path(""), &options(&[]), &Job::silent()).unwrap();
    assert_eq!(streamed.digest(), read(&scene, &plain, &options(&[])).unwrap().digest());
    assert_eq!(scene.leftovers(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_config_says_what_it_was_told_and_skopeo_reads_it() {
    let scene = Scene::new();
    let path = packed(&scene, "fs.tar", "");
    let changes = [r#"CMD ["/bin/sh"]"#, "ENV PATH=/bin", "EXPOSE 80", "LABEL a=b", "WORKDIR /srv"];
    let source = read(&scene, &path, &options(&changes)).unwrap();
    let config = source.config().digest.clone();
    store(&scene, source, "docker.io/team/fs:1").await;
    let (config, _) = ImageConfig::parse(&scene.store.read(&config, 1 << 20).unwrap()).unwrap();
    assert_eq!(config.platform().to_string(), "linux/arm64");
    // The newest file's time: the same archive gives the same image whenever it is imported.
    assert_eq!(config.created.as_deref(), Some("2020-09-13T12:26:40Z"));
    assert_eq!(config.history[0].comment.as_deref(), Some("Imported from fs.tar"));
    assert_eq!(config.config.cmd, ["/bin/sh"]);
    let layout = scene.store.path().display().to_string();
    let inspected = Command::new("skopeo")
        .args(["inspect", "--config", &format!("oci:{layout}:docker.io/team/fs:1")])
        .output()
        .unwrap();
    assert!(inspected.status.success(), "{}", String::from_utf8_lossy(&inspected.stderr));
    let told: serde_json::Value = serde_json::from_slice(&inspected.stdout).unwrap();
    assert_eq!(told["config"]["Env"], serde_json::json!(["PATH=/bin"]));
    assert_eq!(told["config"]["ExposedPorts"], serde_json::json!({"80/tcp": {}}));

    let options = Options { message: Some("mine".to_owned()), created: Some(jiff_at(5)), ..options(&[]) };
    let source = read(&scene, &path, &options).unwrap();
    let config = source.config().digest.clone();
    store(&scene, source, "team/fs:2").await;
    let (config, _) = ImageConfig::parse(&scene.store.read(&config, 1 << 20).unwrap()).unwrap();
    assert_eq!(config.created.as_deref(), Some("1970-01-01T00:00:05Z"));
    assert_eq!(config.history[0].comment.as_deref(), Some("mine"));
}

fn jiff_at(second: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(second).unwrap()
}

#[tokio::test]
async fn what_is_no_filesystem_is_refused_by_name() {
    let scene = Scene::new();
    let (saved, hash) = (scene.path("saved.tar"), format!("{}.json", "a".repeat(64)));
    tar(&saved, &[("manifest.json", b"[]"), (&hash, b"{}")]);
    let layout = scene.path("layout.tar");
    tar(&layout, &[("oci-layout", b"{}"), ("index.json", b"{}"), ("blobs/sha256/x", b"")]);
    let (empty, none) = (scene.path("empty.tar"), scene.path("none.tar"));
    fs::write(&empty, "").unwrap();
    tar(&none, &[]);
    let text = scene.path("text.tar");
    fs::write(&text, "no tar, but long enough to be looked at\n".repeat(50)).unwrap();
    let whole = fs::read(packed(&scene, "fs.tar.gz", "-z")).unwrap();
    let cut = scene.path("cut.tar.gz");
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let plain = fs::read(packed(&scene, "fs.tar", "")).unwrap();
    let short = scene.path("short.tar");
    fs::write(&short, &plain[..20_000]).unwrap();
    for (path, says) in [
        (&saved, "docker save"),
        (&layout, "OCI archive"),
        (&empty, "is empty"),
        (&none, "holds no file"),
        (&text, "is no tar"),
        (&cut, "damaged"),
        (&short, "damaged"),
        (&scene.path("rootfs"), "is a folder"),
    ] {
        let error = read(&scene, path, &options(&[])).expect_err(says);
        assert_eq!(error.code(), Code::ArchiveInvalid, "{says}");
        assert!(error.message().contains(says), "{says}: {}", error.message());
        assert!(error.hint().is_some(), "{says}");
    }
    let load = read(&scene, &saved, &options(&[])).expect_err("it holds images");
    assert!(load.hint().is_some_and(|hint| hint.contains("load")), "{load:?}");
    assert_eq!(read(&scene, &scene.path("absent"), &options(&[])).unwrap_err().code(), Code::NotFound);
    let job = Job::silent();
    job.cancel();
    let cancelled = import::read(Input::File(scene.path("fs.tar")), &scene.path(""), &options(&[]), &job);
    assert_eq!(cancelled.expect_err("it was cancelled").code(), Code::Cancelled);
    assert!(scene.is_empty() && scene.leftovers().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn f110_a_file_that_changes_meanwhile_is_refused() {
    let scene = Scene::new();
    let path = packed(&scene, "fs.tar", "");
    let source = read(&scene, &path, &options(&[])).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let sink = Arc::new(StoreSink::open(&scene.store).await.unwrap());
    let request = Request::new(Target::Sole, Platforms::All, Some(reference("team/fs:1")));
    let error = transfer(Arc::new(source.clone()), sink.clone(), &request, &Job::silent()).await;
    assert_eq!(error.expect_err("it is another file").code(), Code::ContentMismatch);
    fs::write(&path, &bytes[..at]).unwrap();
    let error = transfer(Arc::new(source), sink, &request, &Job::silent()).await;
    assert_eq!(error.expect_err("it is shorter").code(), Code::ArchiveInvalid);
    assert!(scene.is_empty());
}

#[tokio::test]
async fn whiteouts_in_a_filesystem_are_told() {
    let scene = Scene::new();
    let path = scene.path("odd.tar");
    tar(&path, &[("etc/passwd", b"x"), ("etc/.wh.shadow", b""), ("var/.wh..wh..opq", b"")]);
    let told = Arc::new(Mutex::new(Vec::new()));
    let keep = told.clone();
    let job = Job::new(move |event| {
        if let TransferEvent::Warned { message } = event {
            keep.lock().unwrap().push(message);
        }
    });
    import::read(Input::File(path), &scene.path(""), &options(&[]), &job).unwrap();
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("2 names look like whiteouts (`etc/.wh.shadow`"), "{}", told[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn f112_what_is_exported_and_imported_is_the_same_tree() {
    use engine::layers::{IndexCache, Layers};
    let scene = Scene::new();
    let layout = scene.layout(&image(1), "team/app:1");
    let store = engine::store::ContentStore::open(layout).unwrap();
    let first = engine::image::inspect(&store, &Target::Sole, None, &Job::silent()).await.unwrap();
    let layers = &first.manifest.unwrap().manifest.layers;
    let flat = |layers: Layers| async move {
        let stack = layers.whole(&Job::silent(), |_| {}).await.unwrap().stack;
        let part = engine::rootfs::Part::whole(&stack);
        let work = move || engine::rootfs::export(&layers, &stack, part, Vec::new(), &Job::silent(), &|_| {});
        tokio::task::spawn_blocking(work).await.unwrap().unwrap().0
    };
    let exported = flat(Layers::new(Arc::new(store), layers, true, &IndexCache::none())).await;
    let path = scene.path("exported.tar");
    fs::write(&path, &exported).unwrap();
    let source = read(&scene, &path, &options(&[])).unwrap();
    let layer = source.layer().clone();
    let again = flat(Layers::new(Arc::new(source), &[layer], true, &IndexCache::none())).await;
    assert!(exported == again, "mode, owner, time and names are all there");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_folder_is_exported_as_it_is_after_any_layer() {
    use engine::layers::{IndexCache, Layers};
    let scene = Scene::new();
    let base = [
        Entry::directory("usr"),
        Entry::directory("usr/share").mode(0o750),
        Entry::file("usr/share/a", b"first"),
        Entry::file("usr/share/gone", b"gone"),
        Entry::file("usr/share-not", b"beside it"),
        Entry::file("out", b"outside"),
        Entry::hardlink("usr/share/link", "out"),
    ];
    let top = [Entry::file("usr/share/a", b"second"), Entry::whiteout("usr/share/gone")];
    let image = Image::builder(Family::Oci)
        .layer(Layer::new(&base, LayerCompression::Gzip))
        .layer(Layer::new(&top, LayerCompression::Gzip))
        .build();
    let store = engine::store::ContentStore::open(scene.layout(&image, "team/app:1")).unwrap();
    let image = engine::image::inspect(&store, &Target::Sole, None, &Job::silent()).await.unwrap();
    let layers = &image.manifest.unwrap().manifest.layers;
    let layers = Layers::new(Arc::new(store), layers, true, &IndexCache::none());
    let stack = layers.whole(&Job::silent(), |_| {}).await.unwrap().stack;
    let layers = Arc::new(layers);
    let folder = async |path: &[u8], up_to: usize| {
        let (layers, stack) = (layers.clone(), stack.clone());
        let part = engine::rootfs::Part { folder: stack.find(path).expect("it is there"), layers: up_to };
        let work = move || engine::rootfs::export(&layers, &stack, part, Vec::new(), &Job::silent(), &|_| {});
        let (bytes, told) = tokio::task::spawn_blocking(work).await.unwrap()?;
        let mut archive = tar::Archive::new(&bytes[..]);
        let mut found = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            std::io::Read::read_to_string(&mut entry, &mut text).unwrap();
            found.push(format!("{}={text}", entry.path().unwrap().display()));
        }
        assert_eq!(told.entries, found.len() as u64);
        Ok::<_, engine::Error>(found)
    };
    let first = folder(b"/usr/share", 1).await.unwrap();
    assert_eq!(first, ["share/=", "share/a=first", "share/gone=gone", "share/link=outside"]);
    let last = folder(b"/usr/share", 2).await.unwrap();
    assert_eq!(last, ["share/=", "share/a=second", "share/link=outside"]);
    let error = folder(b"/usr/share/a", 2).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    assert_eq!(error.message(), "`/usr/share/a` is no folder here");
}
