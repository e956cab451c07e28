//! Several processes on one store.

use std::io::{BufRead, BufReader, Read, Write};

use super::*;

const PATH: &str = "store::tests::processes::";

/// Reads what a test's other process says until `word`; the test harness prints lines of its own before it.
fn wait_for(child: &mut Child, word: &str) {
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains(word)), "the other process ended without `{word}`");
}

#[test]
fn f081_two_processes_share_names_and_blobs() {
    const EACH: usize = 40;
    if let Some((role, dir)) = role() {
        let store = ContentStore::open(dir).unwrap();
        println!("open");
        for number in 0..EACH {
            let root = &image(&store, &format!("shared {number}"))[0];
            store.publish(Some(&reference(&format!("{role}:{number}"))), root).unwrap();
            store.publish(Some(&reference("contested:1")), root).unwrap();
        }
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let test = format!("{PATH}f081_two_processes_share_names_and_blobs");
    let children = ["a", "b", "c"].map(|role| spawn(&test, role, &path));
    for mut child in children {
        let mut said = String::new();
        child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(child.wait().unwrap().success(), "{said}");
    }
    let store = ContentStore::open(&path).unwrap();
    let images = store.images().unwrap();
    assert_eq!(images.len(), 3 * EACH + 1, "no name was lost");
    for number in 0..EACH {
        let roots = ["a", "b", "c"]
            .map(|role| store.resolve(&reference(&format!("{role}:{number}"))).unwrap().unwrap());
        assert!(roots.iter().all(|root| root.digest == roots[0].digest));
        assert!(store.verify(&roots[0].digest, roots[0].size).unwrap());
    }
    let blobs = std::fs::read_dir(path.join("blobs/sha256")).unwrap().count();
    assert_eq!(blobs, 3 * EACH, "one file for each blob, and no other");
    assert_eq!(std::fs::read_dir(store.ingest_dir()).unwrap().count(), 0);
}

#[test]
fn f082_a_collection_leaves_what_another_process_is_writing() {
    if let Some((_, dir)) = role() {
        let store = ContentStore::open(dir).unwrap();
        let _lease = store.lease().unwrap();
        let [root, ..] = image(&store, "being pulled");
        println!("written");
        std::io::stdin().read_exact(&mut [0]).unwrap();
        store.publish(Some(&reference("pulled:1")), &root).unwrap();
        return;
    }
    let (_dir, store) = store();
    let test = format!("{PATH}f082_a_collection_leaves_what_another_process_is_writing");
    let mut child = spawn(&test, "puller", store.path());
    wait_for(&mut child, "written");
    let error = store.gc(false).unwrap_err();
    // `env` replaces itself by the test, so the child's id is the holder's.
    assert!(error.message().contains(&format!("process `{}`", child.id())), "{}", error.message());
    let holders = store.gc_unless_busy(false).unwrap().unwrap_err();
    assert_eq!(holders, [super::super::Holder { pid: child.id() }]);

    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(store.gc(false).unwrap().blobs, 0, "it was named before the lease ended");
    let root = store.resolve(&reference("pulled:1")).unwrap().unwrap();
    assert!(has(&store, &root));
}

#[test]
fn f083_a_dead_owners_locks_are_released() {
    if let Some((_, dir)) = role() {
        let store = ContentStore::open(dir).unwrap();
        let _lease = store.lease().unwrap();
        image(&store, "never named");
        let _names = store.lock_index().unwrap();
        println!("holding");
        std::io::stdin().read_exact(&mut [0]).unwrap();
        unreachable!("it is killed before");
    }
    let (_dir, store) = store();
    let mut child = spawn(&format!("{PATH}f083_a_dead_owners_locks_are_released"), "victim", store.path());
    wait_for(&mut child, "holding");
    assert!(store.gc(false).is_err(), "it is alive");
    child.kill().unwrap();
    child.wait().unwrap();
    let [root, ..] = image(&store, "ours");
    store.publish(Some(&reference("ours:1")), &root).unwrap();
    assert_eq!(store.gc(false).unwrap().blobs, 3, "what it left is garbage");
    assert!(has(&store, &root));
    assert_eq!(store.holders().unwrap(), []);
    assert_eq!(
        std::fs::read_dir(store.path().join("leases")).unwrap().count(),
        1,
        "its signature is gone too"
    );
}
