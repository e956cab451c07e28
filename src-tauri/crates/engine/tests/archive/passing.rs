//! Archives that nobody can seek in: compressed as a whole, or through a pipe. They are read once, and written once.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use engine::archive::{Archive, ArchiveSource};
use engine::endpoint::Target;
use engine::job::{Job, TransferEvent};
use engine::load::{Loaded, load};
use engine::store::ContentStore;
use engine::{Code, Result};
use testkit::image::{Entry, Family, Image, Layer, LayerCompression};
use testkit::real::run;

use crate::loading::chosen;
use crate::scene::{Scene, image, link, refused};

const NAME: &str = "docker.io/team/app:1";

/// What is read once, with its blobs beside the store's own partial downloads.
fn passed(store: &ContentStore, bytes: &[u8]) -> Result<ArchiveSource> {
    let job = Job::silent();
    ArchiveSource::new(&Archive::of_stream(bytes, "a pipe", &store.ingest_dir(), &job)?, &job)
}

async fn loaded(store: &ContentStore, source: &ArchiveSource) -> Result<Vec<Loaded>> {
    load(source, store, &chosen(source), false, &Job::silent()).await
}

/// What is kept beside the store's partial downloads.
fn beside(store: &ContentStore) -> Vec<PathBuf> {
    let all = fs::read_dir(store.ingest_dir()).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("unpacked-")).collect()
}

fn blobs(store: &ContentStore) -> Vec<PathBuf> {
    fs::read_dir(store.path().join("blobs/sha256")).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn inode(path: &Path) -> u64 {
    fs::metadata(path).unwrap().ino()
}

/// The layout of an image as a tar, its names in this order.
fn packed(scene: &Scene, image: &Image) -> Vec<u8> {
    let layout = scene.layout(image, NAME);
    let path = scene.path("packed.tar");
    run(Command::new("tar").arg("-C").arg(&layout).args(["--sort=name", "-cf"]).arg(&path).arg("."));
    fs::read(path).unwrap()
}

#[tokio::test]
async fn what_passes_by_is_written_once() {
    let scene = Scene::new();
    let image = image(1);
    let tar = packed(&scene, &image);
    let docker = scene.path("docker.tar");
    let to = format!("docker-archive:{}:{NAME}", docker.display());
    scene.skopeo.run(&["copy", "--quiet", &format!("oci:{}:{NAME}", scene.path("layout").display()), &to]);
    let raw = fs::read(docker).unwrap();
    for (form, bytes, digest) in [
        ("an OCI archive", tar.clone(), Some(image.digest())),
        ("compressed", zstd::encode_all(&tar[..], 1).unwrap(), Some(image.digest())),
        ("a Docker archive", raw.clone(), None),
        ("compressed", zstd::encode_all(&raw[..], 1).unwrap(), None),
    ] {
        let store = ContentStore::open(tempfile::tempdir_in(scene.path("")).unwrap().keep()).unwrap();
        let source = passed(&store, &bytes).unwrap();
        let kept: Vec<u64> = beside(&store).iter().map(|path| inode(path)).collect();
        assert!(!kept.is_empty(), "{form}: its layers are kept");
        let loaded = loaded(&store, &source).await.unwrap();
        let root = &loaded[0].outcome.root;
        assert!(digest.is_none_or(|digest| root.digest == *digest), "{form}: {root:?}");
        assert!(store.is_complete(root), "{form}");
        assert_eq!(loaded[0].outcome.skipped, 0, "{form}: what is kept counts as moved");
        let blobs: Vec<u64> = blobs(&store).iter().map(|path| inode(path)).collect();
        assert!(kept.iter().all(|kept| blobs.contains(kept)), "{form}: the very files are the store's");
        drop(source);
        assert_eq!(beside(&store), <[PathBuf; 0]>::default(), "{form}: nothing is left");
        // Once more: it is all there, and what was kept goes.
        let again = passed(&store, &bytes).unwrap();
        assert_eq!(self::loaded(&store, &again).await.unwrap()[0].outcome.moved, 0, "{form}");
        drop(again);
        assert_eq!(beside(&store), <[PathBuf; 0]>::default(), "{form}");
    }
}

#[tokio::test]
async fn more_blobs_than_a_program_may_have_open_are_loaded_too() {
    let scene = Scene::new();
    let mut builder = Image::builder(Family::Oci);
    for seed in 0..300 {
        builder = builder.layer(Layer::noise(seed, 5_000));
    }
    let image = builder.build();
    let source = passed(&scene.store, &packed(&scene, &image)).unwrap();
    assert_eq!(beside(&scene.store).len(), 256, "the others share a file without a name");
    let loaded = loaded(&scene.store, &source).await.unwrap();
    assert_eq!(loaded[0].outcome.root.digest, *image.digest());
    assert!(scene.store.is_complete(&loaded[0].outcome.root));
}

#[tokio::test]
async fn damage_on_the_way_is_found_and_nothing_is_left() {
    let scene = Scene::new();
    let image = image(2);
    let tar = packed(&scene, &image);
    let layer = &image.blobs[2].bytes;
    let at = tar.windows(layer.len()).position(|window| window == &layer[..]).unwrap();
    let mut other = tar.clone();
    other[at + 100] ^= 1;
    let source = passed(&scene.store, &other).unwrap();
    refused(loaded(&scene.store, &source).await, Code::ContentMismatch, image.blobs[2].digest.hex());
    drop(source);
    assert!(scene.is_empty());
    // The archive is whole, and what it is compressed with says that it is not.
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &tar).unwrap();
    let mut gzip = gzip.finish().unwrap();
    let crc = gzip.len() - 6;
    gzip[crc] ^= 1;
    refused(passed(&scene.store, &gzip).map(drop), Code::ArchiveInvalid, "compressed with");
    refused(passed(&scene.store, &tar[..at + 500]).map(drop), Code::ArchiveInvalid, "is damaged");
    assert_eq!(beside(&scene.store), <[PathBuf; 0]>::default());
    // What a killed program left goes as soon as it is not new any more.
    let (old, new) =
        (scene.store.ingest_dir().join("unpacked-old"), scene.store.ingest_dir().join("unpacked-new"));
    let hour = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    fs::File::create(&old).unwrap().set_modified(hour).unwrap();
    fs::write(&new, "").unwrap();
    drop(passed(&scene.store, &tar).unwrap());
    assert_eq!(beside(&scene.store), [new]);
}

/// A filesystem is none of ours to keep: it is told what it is, after a few thousand entries.
#[tokio::test]
async fn a_filesystem_through_a_pipe_is_not_kept() {
    let scene = Scene::new();
    let mut builder = tar::Builder::new(Vec::new());
    for name in ["bin/", "etc/", "usr/"] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_size(0);
        builder.append_data(&mut header, name, &[][..]).unwrap();
    }
    link(&mut builder, tar::EntryType::Symlink, "lib", "usr/lib");
    let mut header = tar::Header::new_gnu();
    header.set_size(900_000);
    builder.append_data(&mut header, "usr/large", &[7; 900_000][..]).unwrap();
    let tar = builder.into_inner().unwrap();
    refused(passed(&scene.store, &tar).map(drop), Code::ArchiveInvalid, "longshore import");
    assert_eq!(beside(&scene.store), <[PathBuf; 0]>::default());
}

/// What is told of a file is told from enough of it: a tar may begin as something else does.
#[tokio::test]
async fn a_tar_whose_first_name_looks_like_another_format_is_a_tar() {
    let scene = Scene::new();
    let tar = packed(&scene, &image(3));
    let path = scene.path("odd.tar");
    let mut builder = tar::Builder::new(fs::File::create(&path).unwrap());
    let mut header = tar::Header::new_gnu();
    header.set_size(2);
    builder.append_data(&mut header, "BZh9", &b"hi"[..]).unwrap();
    let mut inside = tar::Archive::new(&tar[..]);
    for entry in inside.entries().unwrap() {
        let mut entry = entry.unwrap();
        let header = entry.header().clone();
        builder.append(&header, &mut entry).unwrap();
    }
    builder.into_inner().unwrap();
    let found = engine::archive::identify(&path, &Job::silent()).unwrap();
    assert_eq!(
        (found.kind, found.compression),
        (engine::archive::Kind::Oci, engine::archive::Compression::None)
    );
    let piped = passed(&scene.store, &fs::read(&path).unwrap()).unwrap();
    assert_eq!(piped.images().len(), 1);
    assert!(scene.load(&path, Target::Sole, NAME).await.is_ok());
}

#[test]
fn how_much_of_a_compressed_file_was_read_is_told() {
    let scene = Scene::new();
    let layers = Layer::new(&[Entry::file("zeros", &[0; 3_000_000])], LayerCompression::None);
    let image = Image::builder(Family::Oci).layer(layers).layer(Layer::noise(1, 900_000)).build();
    let path = scene.path("image.tar.zst");
    fs::write(&path, zstd::encode_all(&packed(&scene, &image)[..], 1).unwrap()).unwrap();
    let told: Arc<Mutex<Vec<(u64, u64)>>> = Arc::default();
    let telling = told.clone();
    let job = Job::new(move |event| {
        if let TransferEvent::Reading { done, total } = event {
            telling.lock().unwrap().push((done, total));
        }
    });
    Archive::open(&path, &scene.path(""), &job).unwrap();
    let told = told.lock().unwrap();
    let size = fs::metadata(&path).unwrap().len();
    assert_eq!(told.last(), Some(&(size, size)), "{told:?}");
    assert!(told.is_sorted() && told.len() > 1, "{told:?}");
}

/// Row 77, for a load: runs itself again on a small disk of its own.
#[tokio::test]
async fn f077_a_load_onto_a_full_disk_loads_nothing() {
    const DISK: &str = "LONGSHORE_TEST_DISK";
    let Some(dir) = std::env::var_os(DISK).map(PathBuf::from) else {
        if std::env::var_os("LONGSHORE_TEST_WITHOUT_MOUNTS").is_some() {
            eprintln!("it did NOT run: LONGSHORE_TEST_WITHOUT_MOUNTS is set");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let script =
            r#"mount --make-rprivate / && mount -t tmpfs -o size=600k tmpfs "$1" && shift && exec "$@""#;
        let mut command = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            command.arg("--map-root-user");
        }
        command.args(["--mount", "--", "sh", "-c", script, "sh"]).arg(dir.path());
        command.arg(std::env::current_exe().unwrap());
        command.args(["--exact", "passing::f077_a_load_onto_a_full_disk_loads_nothing", "--nocapture"]);
        let output = command.env(DISK, dir.path()).output().unwrap();
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        return;
    };
    let scene = Scene::new();
    let image =
        Image::builder(Family::Oci).layer(Layer::noise(1, 200_000)).layer(Layer::noise(2, 700_000)).build();
    let tar = packed(&scene, &image);
    let store = ContentStore::open(dir.join("store")).unwrap();
    refused(passed(&store, &tar).map(drop), Code::StoreFull, "unpacked into");
    assert_eq!(beside(&store), <[PathBuf; 0]>::default(), "what was kept makes room again");
    assert_eq!(blobs(&store), <[PathBuf; 0]>::default());
    // A file that can be sought in: its layer stays behind for the next try, and no name is given.
    let path = scene.path("packed.tar");
    let source = scene.open(&path).unwrap();
    let failed = loaded(&store, &source).await;
    refused(failed, Code::StoreFull, "more bytes are needed");
    assert!(store.images().unwrap().is_empty());
}

/// Cancelled at any moment, a load leaves no file and no handle beside the store's blobs.
#[tokio::test]
async fn f086_a_load_that_is_cancelled_at_random_leaks_nothing() {
    let scene = Scene::new();
    let mut builder = Image::builder(Family::Oci);
    for seed in 0..12 {
        builder = builder.layer(Layer::noise(seed, 150_000));
    }
    let tar = packed(&scene, &builder.build());
    let packed = zstd::encode_all(&tar[..], 1).unwrap();
    let mut cancelled = 0;
    for step in 0..100 {
        let store = ContentStore::open(scene.path("loaded")).unwrap();
        let job = Job::silent();
        let (stopping, wait) = (job.clone(), std::time::Duration::from_micros(step * 7919 % 30_000));
        let stop = std::thread::spawn(move || {
            std::thread::sleep(wait);
            stopping.cancel();
        });
        let (bytes, spool, reading) = (packed.clone(), store.ingest_dir(), job.clone());
        let opened = tokio::task::spawn_blocking(move || {
            ArchiveSource::new(&Archive::of_stream(&bytes[..], "a pipe", &spool, &reading)?, &reading)
        });
        let ended = match opened.await.unwrap() {
            Ok(source) => load(&source, &store, &chosen(&source), false, &job).await.map(drop),
            Err(error) => Err(error),
        };
        stop.join().unwrap();
        match ended {
            Ok(()) => assert_eq!(store.images().unwrap().len(), 1),
            Err(error) => {
                assert_eq!(error.code(), Code::Cancelled, "{error:?}");
                assert!(store.images().unwrap().is_empty(), "no name is given");
                cancelled += 1;
            }
        }
        assert_eq!(store.holders().unwrap().len(), 0);
        assert_eq!(beside(&store), <[PathBuf; 0]>::default());
        drop(store);
        fs::remove_dir_all(scene.path("loaded")).unwrap();
    }
    assert!(cancelled > 20, "{cancelled}");
    let open = fs::read_dir("/proc/self/fd").unwrap();
    let kept = open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    let kept: Vec<_> = kept.filter(|target| target.starts_with(scene.path("loaded"))).collect();
    assert_eq!(kept, <[PathBuf; 0]>::default());
}
