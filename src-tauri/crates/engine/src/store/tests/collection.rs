//! Garbage collection in one process.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use super::super::GarbageReport;
use super::*;
use crate::error::Code;

const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A fixed moment; the store's own files are given times around it.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

fn collect(store: &ContentStore) -> GarbageReport {
    store.collect(false, now()).unwrap().unwrap()
}

#[test]
fn what_a_name_reaches_stays_and_the_rest_goes() {
    let (_dir, store) = store();
    let kept = image(&store, "kept");
    let platform = image(&store, "platform");
    let absent = Descriptor::new(media_type::OCI_MANIFEST, oci::digest::Digest::sha256(b"not pulled"), 10);
    let root = index(&store, &[&platform[0], &absent]);
    let nested = index(&store, &[&root]);
    let loose = image(&store, "loose");
    store.publish(Some(&reference("kept:1")), &kept[0]).unwrap();
    store.publish(Some(&reference("multi:1")), &nested).unwrap();
    store.publish(Some(&reference("loose:1")), &loose[0]).unwrap();
    assert_eq!(collect(&store), GarbageReport::default(), "everything is named");

    store.remove(&reference("loose:1")).unwrap();
    let bytes = loose.iter().map(|blob| blob.size).sum();
    let expected = GarbageReport { blobs: 3, bytes };
    assert_eq!(store.gc(true).unwrap(), expected);
    assert!(has(&store, &loose[0]), "a dry run deletes nothing");
    assert_eq!(collect(&store), expected);
    for gone in &loose {
        assert!(!has(&store, gone));
    }
    for left in kept.iter().chain(&platform).chain([&root, &nested]) {
        assert!(has(&store, left));
    }
}

#[test]
fn what_an_unknown_kind_of_manifest_mentions_stays() {
    let (_dir, store) = store();
    let blob = put(&store, "application/x-model", b"weights");
    let text = json!({"mediaType": "application/vnd.example.artifact.v9", "things": [{"ref": blob.digest}]});
    let artifact = put(&store, "application/vnd.example.artifact.v9", text.to_string().as_bytes());
    store.publish(Some(&reference("artifact:1")), &artifact).unwrap();
    assert_eq!(collect(&store), GarbageReport::default());
}

#[test]
fn a_damaged_manifest_stops_the_collection() {
    let (_dir, store) = store();
    let kept = image(&store, "kept");
    store.publish(Some(&reference("kept:1")), &kept[0]).unwrap();
    let stray = put(&store, media_type::OCI_LAYER, b"stray");
    fs::write(store.blob_path(&kept[0].digest), "{}").unwrap();
    let error = store.gc(false).unwrap_err();
    assert_eq!((error.code(), error.digest()), (Code::StoreCorrupt, Some(&kept[0].digest)));
    assert!(has(&store, &kept[2]) && has(&store, &stray), "nothing was deleted");
}

#[test]
fn partial_downloads_wait_for_a_week() {
    let (_dir, store) = store();
    let named = |text: &str| format!("sha256-{}", oci::digest::Digest::sha256(text.as_bytes()).hex());
    let file = |name: &str, age: Duration| {
        let path = store.ingest_dir().join(name);
        fs::write(&path, "12345").unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(now() - age).unwrap();
        path
    };
    let old = file(&format!("{}.part", named("old")), WEEK * 2);
    let old_map = file(&format!("{}.map", named("old")), WEEK * 2);
    let young = file(&format!("{}.part", named("young")), WEEK / 2);
    let alive = file(&format!("{}.part", named("alive")), WEEK * 2);
    let alive_map = file(&format!("{}.map", named("alive")), Duration::from_secs(1));
    let locked = file(&format!("{}.part", named("locked")), WEEK * 2);
    let lock = File::open(file(&format!("{}.lock", named("locked")), WEEK * 2)).unwrap();
    lock.lock().unwrap();
    store.put(b"here").unwrap();
    store.publish(None, &put(&store, media_type::OCI_MANIFEST, b"here")).unwrap();
    let needless = file(&format!("{}.part", named("here")), Duration::ZERO);
    let crashed = file("new-1-1", WEEK * 2);

    assert_eq!(collect(&store), GarbageReport { blobs: 0, bytes: 4 * 5 });
    for gone in [old, old_map, needless, crashed] {
        assert!(!gone.exists(), "{gone:?}");
    }
    for left in [young, alive, alive_map, locked] {
        assert!(left.exists(), "{left:?}");
    }
}

#[test]
fn f087_times_in_the_future_decide_nothing() {
    let (_dir, store) = store();
    let kept = image(&store, "kept");
    store.publish(Some(&reference("kept:1")), &kept[0]).unwrap();
    let stray = put(&store, media_type::OCI_LAYER, b"stray");
    let far = now() + WEEK * 5_000;
    let partial = store.ingest_dir().join(format!("sha256-{}.part", "0".repeat(64)));
    fs::write(&partial, "12345").unwrap();
    for path in [&partial, &store.blob_path(&stray.digest), &store.blob_path(&kept[2].digest)] {
        File::options().write(true).open(path).unwrap().set_modified(far).unwrap();
    }

    assert_eq!(collect(&store), GarbageReport { blobs: 1, bytes: stray.size }, "no name, no mercy");
    assert!(has(&store, &kept[2]) && partial.exists());
    let later = |age| store.collect(false, now() + age).unwrap().unwrap().bytes;
    assert_eq!(later(WEEK / 2), 0, "it is young");
    assert_eq!(later(WEEK * 2), 5, "it aged from the first collection on, not from its own date");
    assert!(!partial.exists());
}

#[test]
fn quarantine_and_stale_caches_go() {
    let (_dir, store) = store();
    let kept = image(&store, "kept");
    store.publish(Some(&reference("kept:1")), &kept[0]).unwrap();
    for dir in ["quarantine", "cache"] {
        fs::create_dir_all(store.path().join(dir)).unwrap();
    }
    let used = store.path().join("cache").join(format!("sha256-{}.index", kept[2].digest.hex()));
    fs::write(&used, "used").unwrap();
    fs::write(store.path().join("cache").join(format!("sha256-{}.index", "0".repeat(64))), "stale").unwrap();
    fs::write(store.path().join("quarantine/sha256-x-1-2"), "bad").unwrap();
    assert_eq!(collect(&store), GarbageReport { blobs: 0, bytes: 8 });
    assert!(used.exists());
}

#[test]
fn a_lease_of_this_process_is_named() {
    let (_dir, store) = store();
    let stray = put(&store, media_type::OCI_LAYER, b"stray");
    let lease = store.lease().unwrap();
    let second = store.lease().unwrap();
    let error = store.gc(false).unwrap_err();
    assert!(error.message().contains("this program"), "{}", error.message());
    assert!(has(&store, &stray));
    drop(lease);
    assert!(store.gc(false).is_err(), "one is left");
    drop(second);
    assert_eq!(store.gc(false).unwrap().blobs, 1);
    assert_eq!(fs::read_dir(store.path().join("leases")).unwrap().count(), 1, "only the gate is left");
}
