//! Row 76, and 75's part that is the commit protocol: what a store looks like after a crash or a power loss at any
//! moment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use oci::digest::Digest;
use serde_json::Value;

use super::*;
use crate::disk::replay::{Files, Loss, after};
use crate::disk::{Disk, Operation};

/// A moment at which the store has said that something is done.
#[derive(Clone, Debug)]
enum Promise {
    Laid,
    Blob(Digest),
    Name(String, Digest),
}

struct Scenario {
    root: PathBuf,
    operations: Vec<Operation>,
    /// Each holds for every crash after that many operations.
    promises: Vec<(usize, Promise)>,
}

/// A new store, blobs of both algorithms, a blob that another process renamed into place without having fsynced the
/// directory yet, names, a name that moves.
fn scenario(dir: &Path) -> Scenario {
    let root = dir.join("store");
    let store = ContentStore::open_with(&root, Disk::logged()).unwrap();
    let mut promises = Vec::new();
    let mut promise = |promise| promises.push((store.0.disk.operations().len(), promise));
    promise(Promise::Laid);

    let theirs = b"committed by another process".as_slice();
    let digest = Digest::sha256(theirs);
    let temp = store.write_temp(theirs).unwrap();
    store.0.disk.rename(&temp, &store.blob_path(&digest)).unwrap();
    let foreign = put(&store, media_type::OCI_MANIFEST, theirs);
    store.publish(Some(&reference("other:1")), &foreign).unwrap();
    promise(Promise::Name("docker.io/library/other:1".into(), foreign.digest));

    for content in ["a layer", "a config"] {
        promise(Promise::Blob(put(&store, media_type::OCI_LAYER, content.as_bytes()).digest));
    }
    let first = put(&store, media_type::OCI_MANIFEST, b"a manifest");
    promise(Promise::Blob(first.digest.clone()));
    let wide = Digest::of(oci::digest::Algorithm::Sha512, b"wide");
    store.put_as(&wide, b"wide").unwrap();
    promise(Promise::Blob(wide));
    store.publish(Some(&reference("team/app:1")), &first).unwrap();
    promise(Promise::Name("docker.io/team/app:1".into(), first.digest));
    Scenario { root, operations: store.0.disk.operations(), promises }
}

/// What is wrong with the files, by the store's invariants and by what it promised.
fn problem(files: &Files, root: &Path, promises: &[&Promise]) -> Option<String> {
    let blob =
        |digest: &Digest| files.get(&root.join("blobs").join(digest.algorithm().as_str()).join(digest.hex()));
    for (path, bytes) in files.iter().filter(|(path, _)| path.starts_with(root.join("blobs"))) {
        let hex = path.file_name().unwrap().to_str().unwrap();
        let algorithm = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
        let digest: Digest = format!("{algorithm}:{hex}").parse().unwrap();
        if Digest::of(digest.algorithm(), bytes) != digest {
            return Some(format!("{digest} is visible and corrupt"));
        }
    }
    let mut names = BTreeMap::new();
    if let Some(text) = files.get(&root.join("index.json")) {
        let Ok(index) = serde_json::from_slice::<Value>(text) else {
            return Some("index.json is damaged".into());
        };
        for entry in index["manifests"].as_array().unwrap() {
            let digest: Digest = entry["digest"].as_str().unwrap().parse().unwrap();
            if blob(&digest).is_none() {
                return Some(format!("{digest} is named and missing"));
            }
            names.insert(
                entry["annotations"][super::super::NAME_ANNOTATION].as_str().unwrap().to_owned(),
                digest,
            );
        }
    }
    promises.iter().find_map(|promise| match promise {
        Promise::Laid => {
            let marked = files.get(&root.join("oci-layout")).is_some_and(|text| text.starts_with(b"{"));
            (!marked || !files.contains_key(&root.join("index.json"))).then(|| "no layout".to_owned())
        }
        Promise::Blob(digest) => {
            blob(digest).is_none().then(|| format!("{digest} was committed and is missing"))
        }
        Promise::Name(name, digest) => {
            (names.get(name) != Some(digest)).then(|| format!("{name} was published"))
        }
    })
}

/// The first problem of any crash, with where it struck.
fn first_problem(operations: &[Operation], promises: &[(usize, Promise)], root: &Path) -> Option<String> {
    for count in 0..=operations.len() {
        let due: Vec<_> =
            promises.iter().filter(|(at, _)| *at <= count).map(|(_, promise)| promise).collect();
        for loss in Loss::of(count) {
            if let Some(problem) = problem(&after(operations, count, root, loss), root, &due) {
                return Some(format!("after operation {count}, losing {loss:?}: {problem}"));
            }
        }
    }
    None
}

#[test]
fn f075_a_crash_anywhere_leaves_nothing_corrupt_visible() {
    let dir = tempfile::tempdir().unwrap();
    let Scenario { root, operations, promises } = scenario(dir.path());
    for count in 0..=operations.len() {
        let due: Vec<_> =
            promises.iter().filter(|(at, _)| *at <= count).map(|(_, promise)| promise).collect();
        assert_eq!(problem(&after(&operations, count, &root, Loss::Nothing), &root, &due), None, "{count}");
    }
}

#[test]
fn f076_a_power_loss_anywhere_loses_nothing_that_was_promised() {
    let dir = tempfile::tempdir().unwrap();
    let Scenario { root, operations, promises } = scenario(dir.path());
    assert_eq!(first_problem(&operations, &promises, &root), None);

    let is_sync = |at: &usize| matches!(operations[*at], Operation::SyncFile(_) | Operation::SyncDir(_));
    let places: Vec<_> = (0..operations.len()).filter(is_sync).collect();
    assert!(places.len() > 20, "the scenario fsyncs a lot: {}", places.len());
    let goes_unnoticed = |left_out: &[usize]| {
        let left_out = |at: &usize| left_out.contains(at);
        let fewer = operations.iter().enumerate().filter(|(at, _)| !left_out(at));
        let fewer: Vec<_> = fewer.map(|(_, operation)| operation.clone()).collect();
        let moved = |at: usize| at - (0..at).filter(left_out).count();
        let promises: Vec<_> = promises.iter().map(|(at, promise)| (moved(*at), promise.clone())).collect();
        first_problem(&fewer, &promises, &root).is_none()
    };
    let needless: Vec<_> = places.iter().copied().filter(|at| goes_unnoticed(&[*at])).collect();

    // Three kinds are needed in other stories than this one alone, so leaving out one of them goes unnoticed:
    // `open` fsyncs the parent, which lies outside the model; it fsyncs the root for each part that was missing, and
    // here all of them were; `publish` fsyncs the blobs for another process's commit, here once in two times.
    let laid = promises[0].0;
    let kind = |at: &usize| match &operations[*at] {
        Operation::SyncDir(dir) if Some(&**dir) == root.parent() => Some(0),
        Operation::SyncDir(dir) if *dir == root && *at < laid => Some(1),
        Operation::SyncDir(dir) if dir.starts_with(root.join("blobs")) => Some(2),
        _ => None,
    };
    let surprising: Vec<_> =
        needless.iter().filter(|at| kind(at).is_none()).map(|at| &operations[*at]).collect();
    assert!(surprising.is_empty(), "these fsyncs could be left out unnoticed: {surprising:?}");
    for noticed_together in [1, 2] {
        let all: Vec<_> = places.iter().copied().filter(|at| kind(at) == Some(noticed_together)).collect();
        assert!(!goes_unnoticed(&all), "{noticed_together}");
    }
    assert!(needless.len() <= 5, "{needless:?}");
}
