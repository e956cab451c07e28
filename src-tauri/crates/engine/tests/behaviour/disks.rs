//! Pulls onto full and read-only disks (rows 77 and 78): each test runs itself again in a mount namespace of its own.
//!
//! That needs root or unprivileged user namespaces. Where there are neither these tests fail and say so, unless
//! `LONGSHORE_TEST_WITHOUT_MOUNTS` is set: then they say that they did not run.

use std::path::{Path, PathBuf};
use std::process::Command;

use engine::Code;
use engine::error::Side;
use engine::store::ContentStore;
use testkit::image::Image;
use testkit::server::On;

use crate::scene::{Scene, left_in};

const DIR: &str = "LONGSHORE_TEST_DISK";

/// Where the small disk is, in the process that has one.
fn disk() -> Option<PathBuf> {
    std::env::var_os(DIR).map(PathBuf::from)
}

/// Runs `test` again with a tmpfs of these mount options.
fn on_tmpfs(test: &str, options: &str) {
    if std::env::var_os("LONGSHORE_TEST_WITHOUT_MOUNTS").is_some() {
        eprintln!("{test} did NOT run: LONGSHORE_TEST_WITHOUT_MOUNTS is set");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let script = r#"mount --make-rprivate / && mount -t tmpfs -o "$1" tmpfs "$2" && shift 2 && exec "$@""#;
    let mut command = Command::new("unshare");
    if !is_root() {
        command.arg("--map-root-user");
    }
    command.args(["--mount", "--", "sh", "-c", script, "sh", options]).arg(dir.path());
    command.arg(std::env::current_exe().unwrap()).args(["--exact", &format!("disks::{test}"), "--nocapture"]);
    let output = command.env(DIR, dir.path()).output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "the test ran there: {said}");
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0)
}

fn onto(dir: &Path, image: Image) -> Scene {
    let mut scene = Scene::open(image);
    scene.store = ContentStore::open(dir.join("store")).unwrap();
    scene
}

#[tokio::test]
async fn f077_a_pull_onto_a_full_disk_says_what_is_needed_and_goes_on_when_there_is_room() {
    let Some(dir) = disk() else {
        return on_tmpfs(
            "f077_a_pull_onto_a_full_disk_says_what_is_needed_and_goes_on_when_there_is_room",
            "size=3m",
        );
    };
    let scene = onto(&dir, Image::of_size(1, 2_000_000));
    let layer = scene.image.largest_blob().clone();
    std::fs::write(dir.join("filler"), vec![0; 2 << 20]).unwrap();
    // The config arrives first: it is the layer that the disk has no room for.
    let late = testkit::server::Fault::new().delay(std::time::Duration::from_millis(500));
    scene.registry.fault(On::blob(&layer.digest), late);
    let pulled = scene.pull().await;
    let error = pulled.refused(&scene, Code::StoreFull, layer.digest.short());
    let kept = scene.store.partial_bytes(&layer.descriptor());
    assert!(kept > 0 && kept < layer.size(), "{kept} bytes are kept");
    let needed = layer.size() - kept;
    assert!(error.message().contains(&format!("{needed} more bytes are needed")), "{kept} kept: {error:?}");
    assert!(error.hint().unwrap().contains("what has arrived is kept"), "{error:?}");
    assert_eq!((error.side(), error.digest()), (Some(Side::Sink), Some(&layer.digest)));

    std::fs::remove_file(dir.join("filler")).unwrap();
    scene.pull().await.whole(&scene);
    let last = scene.registry.requests(&On::blob(&layer.digest)).pop().unwrap();
    assert_eq!(last.request.header("range"), Some(format!("bytes={kept}-").as_str()));
    assert_eq!(last.sent, needed, "what was kept is not fetched again");
}

#[tokio::test]
async fn f078_a_pull_into_a_read_only_store_is_refused_with_its_name() {
    let Some(dir) = disk() else {
        return on_tmpfs("f078_a_pull_into_a_read_only_store_is_refused_with_its_name", "size=3m");
    };
    let scene = onto(&dir, Image::of_size(1, 50_000));
    scene.pull().await.whole(&scene);
    let mounted = Command::new("mount").args(["-o", "remount,ro"]).arg(&dir).status().unwrap();
    assert!(mounted.success());

    let other = Image::of_size(2, 60_000);
    scene.registry.put("team/other", "latest", &other);
    let reference = scene.tagged("team/other", "latest");
    let pulled = scene.engine().pull(&reference).await;
    let error = pulled.result.as_ref().unwrap_err();
    assert_eq!(error.code(), Code::StoreReadOnly, "{error:?}");
    assert!(error.message().contains(&*dir.to_string_lossy()), "{error:?}");
    assert!(error.hint().is_some(), "{error:?}");
    assert_eq!(error.side(), Some(Side::Sink), "{error:?}");
    assert_eq!(scene.store.images().unwrap().len(), 1, "what is there can still be seen");
    let root = scene.store.resolve(&scene.reference()).unwrap().unwrap();
    assert!(scene.store.is_complete(&root));
}

#[tokio::test]
async fn f078_a_store_that_vanishes_mid_pull_is_a_typed_error() {
    use std::time::Duration;
    use testkit::server::Fault;
    let scene = Scene::open(Image::of_size(1, 900_000));
    let layer = scene.image.largest_blob().digest.clone();
    scene.registry.fault(On::blob(&layer), Fault::new().delay(Duration::from_millis(500)));
    let platforms = engine::transfer::Platforms::Only("linux/amd64".parse().unwrap());
    let running = scene.engine().start(&scene.reference(), platforms);
    scene.registry.until(|log| log.iter().any(|it| it.request.path.contains(layer.as_str()))).await;
    // The config is in by then: only the layer is under way.
    let config = &scene.image.blobs[0];
    while scene.store.blob_size(&config.digest).unwrap().is_none()
        || !left_in(&scene.store.ingest_dir()).iter().all(|it| it.contains(layer.hex()))
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let away = scene.store.path().with_extension("away");
    std::fs::rename(scene.store.path(), &away).unwrap();
    let pulled = running.end().await;
    let error = pulled.result.unwrap_err();
    assert_eq!(error.code(), Code::StoreFailed, "{error:?}");
    assert!(error.hint().is_some(), "{error:?}");
    std::fs::rename(&away, scene.store.path()).unwrap();
    scene.pull().await.whole(&scene);
}

/// Paths of stores that no program likes: each works, or is refused in words.
#[tokio::test]
async fn f127_a_store_at_an_odd_path_works_or_is_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let dir = tempfile::tempdir().unwrap();
    let odd: [&[u8]; 8] = [
        b"not\xff\xfeutf8",
        b"a b",
        b"new\nline",
        b"-store",
        b"quote'\"",
        b"$(touch x)",
        b"%s:\\x",
        "\u{202e}\u{1f6a2}".as_bytes(),
    ];
    for name in odd {
        let path = dir.path().join(OsStr::from_bytes(name));
        let mut scene = Scene::open(Image::of_size(1, 5_000));
        scene.store = ContentStore::open(&path).unwrap();
        scene.pull().await.whole(&scene);
        let again = ContentStore::open(&path).unwrap();
        assert_eq!(again.images().unwrap().len(), 1, "{name:?}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), odd.len(), "nothing stands beside them");
    // As long as paths may be, and longer.
    let mut outcomes = Vec::new();
    for length in [1_000, 3_000, 3_950, 4_010, 4_060, 4_090, 5_000] {
        let mut path = dir.path().to_owned();
        while path.as_os_str().len() < length {
            let left = length - path.as_os_str().len();
            path.push("d".repeat(left.min(200)));
        }
        let mut scene = Scene::open(Image::of_size(1, 5_000));
        let opened = ContentStore::open(&path);
        let worked = match opened {
            Ok(store) => {
                scene.store = store;
                let pulled = scene.pull().await;
                match &pulled.result {
                    Ok(_) => {
                        pulled.whole(&scene);
                    }
                    Err(error) => {
                        assert!(error.hint().is_some(), "{length}: {error:?}");
                        assert!(
                            scene.store.images().map_or(0, |images| images.len()) == 0,
                            "{length}: no name is given"
                        );
                    }
                }
                pulled.result.is_ok()
            }
            Err(error) => {
                assert!(error.hint().is_some(), "{length}: {error:?}");
                false
            }
        };
        outcomes.push(worked);
    }
    assert!(outcomes[..3] == [true; 3] && !outcomes[6], "{outcomes:?}");
    // Where a file system does not tell capitals apart: no file's name needs it to.
    let scene = Scene::open(Image::of_size(2, 5_000));
    for tag in ["V1", "v1"] {
        scene.registry.put(crate::scene::REPOSITORY, tag, &Image::of_size(u64::from(tag == "V1"), 6_000));
        scene
            .engine()
            .start(&scene.tagged(crate::scene::REPOSITORY, tag), host())
            .end()
            .await
            .result
            .unwrap();
    }
    assert_eq!(scene.store.images().unwrap().len(), 2, "the two names are two");
    for path in files_below(scene.store.path()) {
        let name = path.strip_prefix(scene.store.path()).unwrap().to_str().unwrap().to_owned();
        assert_eq!(
            name,
            name.to_lowercase(),
            "no name has capitals, so none is another's but for its capitals"
        );
    }
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

fn host() -> engine::transfer::Platforms {
    engine::transfer::Platforms::Only("linux/amd64".parse().unwrap())
}
