//! Rows 77 and 78 on real small file systems: each test runs itself again in a mount namespace of its own.
//!
//! That needs root or unprivileged user namespaces. Where there are neither these tests fail and say so, unless
//! `LONGSHORE_TEST_WITHOUT_MOUNTS` is set: then they say that they did not run.

use std::fs;

use super::*;
use crate::error::Code;

const PATH: &str = "store::tests::small_disks::";

/// Runs `test` again with a tmpfs of these mount options at its directory; `before` is run there first.
fn on_tmpfs(test: &str, options: &str, before: &str) {
    if std::env::var_os("LONGSHORE_TEST_WITHOUT_MOUNTS").is_some() {
        eprintln!("{test} did NOT run: LONGSHORE_TEST_WITHOUT_MOUNTS is set");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let script = r#"mount --make-rprivate / && mount -t tmpfs -o "$1" tmpfs "$2" && shift 2 && eval "$1" && shift && exec "$@""#;
    let mut command = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        command.arg("--map-root-user");
    }
    command.args(["--mount", "--", "sh", "-c", script, "sh", options]).arg(dir.path()).arg(before);
    let output =
        command.args(other_process(&format!("{PATH}{test}"), "mounted", dir.path())).output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "the test ran there: {said}");
}

#[test]
fn f077_a_full_disk_says_what_is_needed_and_leaves_the_store_whole() {
    let Some((_, dir)) = role() else {
        return on_tmpfs(
            "f077_a_full_disk_says_what_is_needed_and_leaves_the_store_whole",
            "size=256k",
            "true",
        );
    };
    let store = ContentStore::open(dir.join("store")).unwrap();
    let [root, ..] = image(&store, "small");
    store.publish(Some(&reference("small:1")), &root).unwrap();
    let before = fs::read(store.path().join("index.json")).unwrap();

    let error = store.put(&[7; 400_000]).unwrap_err();
    assert_eq!(error.code(), Code::StoreFull);
    assert!(error.message().contains("400.0 kB are needed and"), "{}", error.message());
    assert!(error.message().contains("are free"), "{}", error.message());
    assert!(error.hint().is_some_and(|hint| hint.contains("gc")));
    assert_eq!(
        fs::read_dir(store.ingest_dir()).unwrap().count(),
        0,
        "the cut file does not stay and fill the disk"
    );
    assert_eq!(store.images().unwrap().len(), 1);

    // Full to the last byte: a name can't be written, and the old index is whole.
    fs::write(dir.join("filler"), vec![0; 1 << 20]).unwrap_err();
    let error = store.publish(Some(&reference("small:2")), &root).unwrap_err();
    assert_eq!(error.code(), Code::StoreFull);
    assert_eq!(fs::read(store.path().join("index.json")).unwrap(), before);
    assert!(store.verify(&root.digest, root.size).unwrap());

    fs::remove_file(dir.join("filler")).unwrap();
    store.publish(Some(&reference("small:2")), &root).unwrap();
    assert_eq!(store.images().unwrap().len(), 2, "with room again it goes on");
}

#[test]
fn f077_no_inodes_left_is_named() {
    let Some((_, dir)) = role() else {
        return on_tmpfs("f077_no_inodes_left_is_named", "size=1m,nr_inodes=24", "true");
    };
    let store = ContentStore::open(dir.join("store")).unwrap();
    let error = (0..30).find_map(|number| store.put(format!("blob {number}").as_bytes()).err()).unwrap();
    assert_eq!(error.code(), Code::StoreFull);
    assert!(error.message().contains("no inodes"), "{}", error.message());
    assert!(store.gc(false).unwrap().bytes > 0, "collecting needs no room");
    store.put(b"with room again").unwrap();
}

#[test]
fn f077_a_limit_on_file_sizes_is_named() {
    let limit = "trap '' XFSZ; ulimit -f 64";
    let Some((_, dir)) = role() else {
        return on_tmpfs("f077_a_limit_on_file_sizes_is_named", "size=1m", limit);
    };
    let store = ContentStore::open(dir.join("store")).unwrap();
    let error = store.put(&[7; 100_000]).unwrap_err();
    assert_eq!(error.code(), Code::StoreFull);
    assert!(error.message().contains("a file of 100.0 kB is over the limit"), "{}", error.message());
    assert_eq!(fs::read_dir(store.ingest_dir()).unwrap().count(), 0);
    store.put(&[7; 1000]).unwrap();
}

#[test]
fn f078_a_read_only_store_can_be_read_and_says_why_not_written() {
    let Some((_, dir)) = role() else {
        return on_tmpfs("f078_a_read_only_store_can_be_read_and_says_why_not_written", "size=1m", "true");
    };
    let path = dir.join("store");
    let store = ContentStore::open(&path).unwrap();
    let [root, ..] = image(&store, "one");
    store.publish(Some(&reference("one:1")), &root).unwrap();
    // A busy writer would keep it from becoming read-only: everything is closed here.
    let mounted = Command::new("mount").args(["-o", "remount,ro"]).arg(&dir).status().unwrap();
    assert!(mounted.success());

    let store = ContentStore::open(&path).unwrap();
    assert_eq!(store.images().unwrap().len(), 1);
    assert!(store.verify(&root.digest, root.size).unwrap());
    let _lease = store.lease().unwrap();
    for (name, error) in [
        ("put", store.put(b"new").err()),
        ("publish", store.publish(Some(&reference("one:2")), &root).err()),
        ("remove", store.remove(&reference("one:1")).err()),
    ] {
        let error = error.unwrap_or_else(|| panic!("{name} can't work"));
        assert_eq!(error.code(), Code::StoreReadOnly, "{name}: {error:?}");
        assert!(error.hint().is_some(), "{name}");
    }
    store.put(b"{}").unwrap_err();
}

#[test]
fn f078_a_vanished_store_is_a_typed_error() {
    let (dir, store) = store();
    let [root, ..] = image(&store, "one");
    store.publish(Some(&reference("one:1")), &root).unwrap();
    let away = dir.path().join("away");
    fs::rename(store.path(), &away).unwrap();
    for (name, error) in [
        ("images", store.images().err()),
        ("put", store.put(b"new").err()),
        ("publish", store.publish(None, &root).err()),
        ("lease", store.lease().err()),
        ("gc", store.gc(false).err()),
        ("stamp", store.stamp().err()),
    ] {
        let error = error.unwrap_or_else(|| panic!("{name} can't work"));
        assert!(matches!(error.code(), Code::StoreFailed | Code::ImageMissing), "{name}: {error:?}");
        assert!(error.hint().is_some(), "{name}");
    }
    fs::rename(&away, store.path()).unwrap();
    assert_eq!(store.images().unwrap().len(), 1, "and it is back");
}
