//! How archives are written: compressed as a whole, to a stream, as a folder; with a full disk, and killed.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use engine::Code;
use engine::archive::{ArchiveSink, FolderSink, Format};
use engine::compression::Compression;
use engine::endpoint::{ImageSink, ImageSource, Target};
use engine::job::Job;
use engine::transfer::{Platforms, Request, transfer};
use testkit::image::{Family, Image, Layer};
use testkit::real::run;

use crate::scene::{Scene, digest_of, image, named, reference, refused};

const NAME: &str = "docker.io/team/app:1";

/// Moves the image of a layout into a sink.
async fn fill(scene: &Scene, layout: &Path, sink: Arc<dyn ImageSink>) -> engine::Result<()> {
    let source: Arc<dyn ImageSource> = Arc::new(scene.open(layout).unwrap());
    let request = Request::new(Target::Sole, Platforms::All, Some(reference(NAME)));
    transfer(source, sink, &request, &Job::silent()).await.map(drop)
}

async fn save(scene: &Scene, layout: &Path, path: &Path, compression: Compression) -> engine::Result<u64> {
    let sink = Arc::new(ArchiveSink::create_compressed(path, Format::Hybrid, compression)?);
    fill(scene, layout, sink.clone()).await?;
    Arc::into_inner(sink).unwrap().finish().await
}

/// A writer that a test can look into, with as much room as it says.
#[derive(Clone)]
struct Pipe {
    bytes: Arc<Mutex<Vec<u8>>>,
    room: usize,
}

impl Pipe {
    fn new(room: usize) -> Self {
        Self { bytes: Arc::default(), room }
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut held = self.bytes.lock().unwrap();
        if held.len() + bytes.len() > self.room {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        held.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn an_archive_is_compressed_as_a_whole_and_the_same_each_time() {
    let scene = Scene::new();
    let image = image(1);
    let layout = scene.layout(&image, "x");
    let plain = scene.path("plain.tar");
    save(&scene, &layout, &plain, Compression::None).await.unwrap();
    for (compression, program) in [(Compression::Gzip, "gzip"), (Compression::Zstd, "zstd")] {
        let (first, second) = (scene.path("first"), scene.path("second"));
        let length = save(&scene, &layout, &first, compression).await.unwrap();
        save(&scene, &layout, &second, compression).await.unwrap();
        assert_eq!(length, fs::metadata(&first).unwrap().len());
        assert_eq!(digest_of(&first), digest_of(&second), "{program}");
        // The program itself finds the plain archive in it.
        let script = format!("{program} -dc < {} | cmp - {}", first.display(), plain.display());
        run(Command::new("sh").arg("-c").arg(script));
        let outcome = scene.load(&first, named(NAME), NAME).await.unwrap();
        assert_eq!(outcome.root.digest, *image.digest());
    }
    let refusal = ArchiveSink::create_compressed(&scene.path("x"), Format::Oci, Compression::Xz);
    refused(refusal.map(drop), Code::CompressionUnsupported, "gzip or zstd");
    assert_eq!(scene.leftovers(), <[String; 0]>::default());
}

#[tokio::test]
async fn a_stream_gets_the_bytes_that_a_file_gets() {
    let scene = Scene::new();
    let layout = scene.layout(&image(2), "x");
    let path = scene.path("file.tar");
    save(&scene, &layout, &path, Compression::None).await.unwrap();
    let pipe = Pipe::new(usize::MAX);
    let sink = ArchiveSink::to_stream(pipe.clone(), "standard output", Format::Hybrid, Compression::None);
    let sink = Arc::new(sink.unwrap());
    fill(&scene, &layout, sink.clone()).await.unwrap();
    Arc::into_inner(sink).unwrap().finish().await.unwrap();
    assert!(*pipe.bytes.lock().unwrap() == fs::read(&path).unwrap(), "the bytes are the same");

    // So does a pipe that has a name; it stays one. A link's file is replaced, the link stays.
    let fifo = scene.path("fifo");
    run(Command::new("mkfifo").arg(&fifo));
    let reader = {
        let fifo = fifo.clone();
        std::thread::spawn(move || fs::read(fifo).unwrap())
    };
    save(&scene, &layout, &fifo, Compression::None).await.unwrap();
    assert!(reader.join().unwrap() == fs::read(&path).unwrap(), "the bytes are the same");
    assert!(!fs::metadata(&fifo).unwrap().is_file());
    let (link, behind) = (scene.path("link.tar"), scene.path("behind.tar"));
    fs::write(&behind, b"old").unwrap();
    std::os::unix::fs::symlink(&behind, &link).unwrap();
    save(&scene, &layout, &link, Compression::None).await.unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(digest_of(&behind), digest_of(&path));
    refused(
        save(&scene, &layout, &scene.path(""), Compression::None).await,
        Code::ConfigInvalid,
        "is a folder",
    );

    // One that fills up is said to, by its name.
    let pipe = Pipe::new(20_000);
    let sink = ArchiveSink::to_stream(pipe, "standard output", Format::Hybrid, Compression::None);
    let sink = Arc::new(sink.unwrap());
    let filled = match fill(&scene, &layout, sink.clone()).await {
        Ok(()) => Arc::into_inner(sink).unwrap().finish().await.map(drop),
        Err(error) => Err(error),
    };
    refused(filled, Code::StoreFull, "standard output");
}

#[tokio::test]
async fn a_folder_is_a_layout_and_nothing_else() {
    let scene = Scene::new();
    let image = image(3);
    let layout = scene.layout(&image, "x");
    let (one, two) = (scene.path("one"), scene.path("two"));
    for path in [&one, &two] {
        let sink = Arc::new(FolderSink::create(path).unwrap());
        fill(&scene, &layout, sink.clone()).await.unwrap();
        Arc::into_inner(sink).unwrap().finish().await.unwrap();
    }
    run(Command::new("diff").arg("-r").arg(&one).arg(&two));
    let mut names: Vec<_> = fs::read_dir(&one).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["blobs", "index.json", "oci-layout"]);
    let found = scene.skopeo.digest(&format!("oci:{}:{NAME}", one.display()), &[]);
    assert_eq!(found, image.digest().as_str());
    refused(FolderSink::create(&one).map(drop), Code::ConfigInvalid, "is there already");
    drop(FolderSink::create(&scene.path("three")).unwrap());
    assert_eq!(scene.leftovers(), <[String; 0]>::default());
}

/// The store's files are copied by the system, in several steps; a layout's are read and hashed. A copy that was cut is never
/// passed on.
#[tokio::test]
async fn what_the_store_has_gets_into_a_file_as_from_anywhere() {
    let scene = Scene::new();
    let (large, small) = (Layer::noise(1, (20 << 20) + 13), Layer::noise(2, 700));
    let image = Image::builder(Family::Oci).layers([large, small]).build();
    let layout = scene.layout(&image, "x");
    let (read, copied, folder) = (scene.path("read.tar"), scene.path("copied.tar"), scene.path("folder"));
    save(&scene, &layout, &read, Compression::None).await.unwrap();
    scene.load(&read, named(NAME), NAME).await.unwrap();
    let store = Arc::new(scene.store.clone());
    let from_store = [(named(NAME), NAME)];
    scene.save(store.clone(), &from_store, Format::Hybrid, &copied).await.unwrap();
    assert_eq!(digest_of(&copied), digest_of(&read));
    let sink = Arc::new(FolderSink::create(&folder).unwrap());
    let request = Request::new(named(NAME), Platforms::All, Some(reference(NAME)));
    transfer(store.clone(), sink.clone(), &request, &Job::silent()).await.unwrap();
    Arc::into_inner(sink).unwrap().finish().await.unwrap();
    run(Command::new("diff").arg("-r").arg(folder.join("blobs")).arg(layout.join("blobs")));

    let cut = scene.store.path().join("blobs/sha256").join(image.blobs[1].digest.hex());
    let bytes = fs::read(&cut).unwrap();
    fs::remove_file(&cut).unwrap();
    fs::write(&cut, &bytes[..bytes.len() - 1]).unwrap();
    let refusal = scene.save(store, &from_store, Format::Hybrid, &copied).await;
    assert!(refusal.is_err(), "a blob that was cut went out");
    assert_eq!(digest_of(&copied), digest_of(&read), "the old archive stays");
}

/// A disk that is full: a file may be no larger than the limit of the process that saves.
#[test]
fn f109_a_full_disk_leaves_the_old_archive() {
    let scene = Scene::new();
    let image = Image::builder(Family::Oci).layer(Layer::noise(1, 3_000_000)).build();
    let layout = scene.layout(&image, "x");
    let path = scene.path("kept.tar");
    fs::write(&path, b"precious").unwrap();
    let limit = "ulimit -f 1024; trap '' XFSZ; exec \"$@\"";
    let output = Command::new("bash")
        .args(["-c", limit, "save"])
        .args(child(&layout, &path))
        .output()
        .expect("bash runs");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("store_full"), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    assert_eq!(scene.leftovers(), <[String; 0]>::default());
}

/// Killed at any moment: what stands there is the old archive or the new one.
#[test]
fn f109_a_kill_leaves_the_old_archive_or_the_new_one() {
    let scene = Scene::new();
    let image = Image::builder(Family::Oci).layer(Layer::noise(1, 6_000_000)).build();
    let layout = scene.layout(&image, "x");
    let path = scene.path("kept.tar");
    let (mut old, mut new) = (0, 0);
    for step in 0..12 {
        fs::write(&path, b"precious").unwrap();
        let mut arguments = child(&layout, &path).into_iter();
        let mut running = Command::new(arguments.next().unwrap())
            .args(arguments)
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("the test runs itself");
        std::thread::sleep(std::time::Duration::from_millis(step * 12));
        let _ = running.kill();
        running.wait().unwrap();
        let found = fs::read(&path).unwrap();
        if found == b"precious" {
            old += 1;
        } else {
            let source = scene.open(&path).unwrap();
            assert_eq!(source.images()[0].root.digest, *image.digest());
            new += 1;
        }
    }
    assert_eq!(old + new, 12);
    assert!(old > 0, "some were killed in time");
    // What they left half-written is deleted by a later save, once it is sure to be nobody's.
    for name in scene.leftovers() {
        let past = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
        fs::File::options().write(true).open(scene.path(&name)).unwrap().set_modified(past).unwrap();
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(save(&scene, &layout, &path, Compression::None)).unwrap();
    assert_eq!(scene.leftovers(), <[String; 0]>::default());
}

/// The command line of this test program that runs [`saving_child`] alone.
fn child(layout: &Path, path: &Path) -> Vec<String> {
    let program = std::env::current_exe().unwrap();
    let words = [program.display().to_string(), "written::saving_child".to_owned(), "--exact".to_owned()];
    let own = ["--nocapture".to_owned()];
    let all = words.into_iter().chain(own);
    let set = format!("{LAYOUT}={}", layout.display());
    let at = format!("{PLACE}={}", path.display());
    ["env".to_owned(), set, at].into_iter().chain(all).collect()
}

const LAYOUT: &str = "LONGSHORE_TEST_LAYOUT";
const PLACE: &str = "LONGSHORE_TEST_PLACE";

/// Saves where another test says so, in a process of its own; else there is nothing to do.
#[test]
fn saving_child() {
    let (Some(layout), Some(path)) = (std::env::var_os(LAYOUT), std::env::var_os(PLACE)) else { return };
    let scene = Scene::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let saved =
        runtime.block_on(save(&scene, &PathBuf::from(layout), &PathBuf::from(path), Compression::None));
    if let Err(error) = saved {
        println!("{}", error.code().as_str());
        std::process::exit(1);
    }
}

fn diff_ids(image: &Image) -> Vec<oci::Digest> {
    oci::ImageConfig::parse(&image.blobs[0].bytes).unwrap().0.diff_ids
}

#[tokio::test]
async fn raw_layers_are_compressed_and_proved() {
    let scene = Scene::new();
    let image = image(4);
    let layout = scene.layout(&image, NAME);
    let docker = scene.path("docker.tar");
    let target = format!("docker-archive:{}:{NAME}", docker.display());
    scene.skopeo.run(&["copy", "--quiet", &format!("oci:{}:{NAME}", layout.display()), &target]);
    let job = Job::silent();
    let raw = scene.open(&docker).unwrap();
    let root = raw.images()[0].root.digest.clone();
    for (compression, program, media_type) in [
        (Compression::Gzip, "gzip", oci::media_type::OCI_LAYER_GZIP),
        (Compression::Zstd, "zstd", oci::media_type::OCI_LAYER_ZSTD),
    ] {
        let spool = scene.path("");
        let (packed, changed) =
            raw.compressed(std::slice::from_ref(&root), compression, &spool, &job).unwrap();
        let after = changed[&root].clone();
        assert_eq!(packed.images()[0].root.digest, after);
        let request = Request::new(Target::Exact(after.clone()), Platforms::All, Some(reference(NAME)));
        let sink = engine::store::StoreSink::open(&scene.store).await.unwrap();
        let outcome = transfer(Arc::new(packed.clone()), Arc::new(sink), &request, &job).await.unwrap();
        assert_eq!(outcome.root.digest, after);
        let kept = packed.digest_kept(&after, &outcome.root.digest, &[]);
        assert_eq!(kept, engine::archive::DigestKept::Recompressed);
        let bytes = scene.store.read(&after, 1 << 20).unwrap();
        let Ok(oci::Node::Manifest(manifest)) = oci::Node::parse(&bytes, None) else { panic!("a manifest") };
        assert!(manifest.layers.iter().all(|layer| layer.media_type == media_type), "{manifest:?}");
        assert_eq!(manifest.config.digest, image.blobs[0].digest, "the config is the same");
        // The program itself finds the layer in it that the archive had.
        for (layer, diff_id) in manifest.layers.iter().zip(diff_ids(&image)) {
            let blob = scene.path("store/blobs/sha256").join(layer.digest.hex());
            let script = format!("{program} -dc < {} | sha256sum", blob.display());
            let summed = run(Command::new("sh").arg("-c").arg(script));
            assert_eq!(summed.split_whitespace().next(), Some(diff_id.hex()), "{program}");
        }
    }
    // A layer that is another than the config says is refused.
    let mut bytes = fs::read(&docker).unwrap();
    let at = bytes.windows(7).position(|window| window == b"image 4").unwrap();
    bytes[at] ^= 1;
    fs::write(&docker, bytes).unwrap();
    let damaged = scene.open(&docker).unwrap();
    let root = damaged.images()[0].root.digest.clone();
    let packed = damaged.compressed(&[root], Compression::Gzip, &scene.path(""), &job);
    refused(packed.map(drop), Code::ContentMismatch, "is not what its digest says");
}
