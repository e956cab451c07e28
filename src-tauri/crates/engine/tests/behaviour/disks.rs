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
