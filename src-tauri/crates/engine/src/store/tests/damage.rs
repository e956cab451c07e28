//! Damaged, planted and strange files in a store.

use std::fs;
use std::os::unix::fs::symlink;

use super::*;
use crate::error::Code;

#[test]
fn f079_a_flipped_or_cut_blob_is_found_quarantined_and_written_anew() {
    type Harm = fn(Vec<u8>) -> Vec<u8>;
    let harms: [(&str, Harm); 4] = [
        ("one bit", |mut bytes| {
            bytes[3] ^= 1;
            bytes
        }),
        ("cut", |mut bytes| {
            bytes.truncate(5);
            bytes
        }),
        ("emptied", |_| Vec::new()),
        ("longer", |mut bytes| {
            bytes.push(b' ');
            bytes
        }),
    ];
    for (name, harm) in harms {
        let (_dir, store) = store();
        let content = b"some content to be damaged".to_vec();
        let digest = store.put(&content).unwrap();
        let size = content.len() as u64;
        let damage = || fs::write(store.blob_path(&digest), harm(content.clone())).unwrap();
        assert!(store.verify(&digest, size).unwrap(), "{name}: it was right");

        damage();
        let error = store.read(&digest, 1 << 20).unwrap_err();
        assert_eq!((error.code(), error.digest()), (Code::StoreCorrupt, Some(&digest)), "{name}");
        assert_eq!(store.blob_size(&digest).unwrap(), None, "{name}: it counts as missing");
        assert_eq!(fs::read_dir(store.path().join("quarantine")).unwrap().count(), 1, "{name}");
        assert_eq!(store.read(&digest, 1 << 20).unwrap_err().code(), Code::ImageMissing, "{name}");

        store.put(&content).unwrap();
        assert!(store.verify(&digest, size).unwrap(), "{name}: it healed");
        damage();
        assert!(!store.verify(&digest, size).unwrap(), "{name}: streaming finds it too");
        assert_eq!(store.blob_size(&digest).unwrap(), None, "{name}");
        assert!(!store.verify(&digest, size).unwrap(), "{name}: missing is not right");

        store.put(&content).unwrap();
        damage();
        store.put(&content).unwrap();
        assert_eq!(store.read(&digest, 1 << 20).unwrap(), content, "{name}: writing it again is enough");
    }
}

#[test]
fn f084_a_damaged_index_is_rebuilt_and_kept() {
    type Harm = fn(&str) -> String;
    let cases: [(&str, Harm, bool); 7] = [
        ("empty", |_| String::new(), false),
        ("garbage", |_| "\u{0}\u{1}not json".into(), false),
        ("no object", |_| "[]".into(), false),
        ("no list", |_| r#"{"schemaVersion":2,"manifests":7}"#.into(), false),
        ("cut in the last entry", |text| text[..text.len() - 20].into(), true),
        ("bad first byte", |text| format!("x{}", &text[1..]), true),
        ("old schema", |text| text.replace(r#""schemaVersion":2"#, r#""schemaVersion":1"#), true),
    ];
    for (name, harm, keeps_names) in cases {
        let (_dir, store) = store();
        let [first, ..] = image(&store, "first");
        let [second, ..] = image(&store, "second");
        let both = index(&store, &[&second]);
        store.publish(Some(&reference("first:1")), &first).unwrap();
        store.publish(Some(&reference("both:1")), &both).unwrap();
        let path = store.path().join("index.json");
        let damaged = harm(&fs::read_to_string(&path).unwrap());
        fs::write(&path, &damaged).unwrap();

        let images = store.images().unwrap();
        let mut roots: Vec<_> = images.iter().map(|image| image.descriptor.digest.clone()).collect();
        let mut expected = vec![first.digest.clone(), both.digest.clone()];
        roots.sort();
        expected.sort();
        assert_eq!(roots, expected, "{name}: every root is there, no child is one");
        let named = store.resolve(&reference("first:1")).unwrap();
        assert_eq!(named.is_some(), keeps_names, "{name}: names that can be read are kept");
        let aside = fs::read_to_string(store.path().join("index.json.damaged-1")).unwrap();
        assert_eq!(aside, damaged, "{name}: the damaged one is kept as it was");
        store.gc(false).unwrap();
        assert!(has(&store, &second) && has(&store, &first), "{name}: nothing became garbage");
        store.publish(Some(&reference("first:1")), &first).unwrap();
        assert_eq!(store.images().unwrap().len(), 2, "{name}: the entry without a name got it back");
        assert!(ContentStore::open(store.path()).is_ok(), "{name}");
    }
}

#[test]
fn f084_a_missing_index_is_rebuilt() {
    let (_dir, store) = store();
    let [first, ..] = image(&store, "first");
    store.publish(Some(&reference("first:1")), &first).unwrap();
    fs::remove_file(store.path().join("index.json")).unwrap();
    store.gc(false).unwrap();
    assert!(has(&store, &first));
    let again = ContentStore::open(store.path()).unwrap();
    assert_eq!(again.images().unwrap()[0].descriptor.digest, first.digest);
}

#[test]
fn f084_what_is_newer_is_refused_and_left_alone() {
    for (file, text) in [
        ("index.json", r#"{"schemaVersion":3,"manifests":{}}"#),
        ("oci-layout", r#"{"imageLayoutVersion":"2.0.0"}"#),
        ("oci-layout", r#"{"imageLayoutVersion":"#),
    ] {
        let (_dir, store) = store();
        let [first, ..] = image(&store, "first");
        store.publish(Some(&reference("first:1")), &first).unwrap();
        fs::write(store.path().join(file), text).unwrap();
        let error = match file {
            "index.json" => {
                assert_eq!(store.gc(false).unwrap_err().code(), Code::StoreCorrupt, "{text}");
                assert!(store.publish(Some(&reference("first:2")), &first).is_err(), "{text}");
                store.images().unwrap_err()
            }
            _ => ContentStore::open(store.path()).unwrap_err(),
        };
        assert_eq!(error.code(), Code::StoreCorrupt, "{text}");
        assert!(error.hint().is_some(), "{text}");
        assert_eq!(fs::read_to_string(store.path().join(file)).unwrap(), text, "{text}");
        assert!(has(&store, &first), "{text}");
    }
}

#[test]
fn f084_a_directory_of_something_else_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("thesis.odt"), "years of work").unwrap();
    let error = ContentStore::open(dir.path()).unwrap_err();
    assert_eq!(error.code(), Code::ConfigInvalid);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing was made there");

    for harmless in ["lost+found", ".hidden"] {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(harmless)).unwrap();
        ContentStore::open(dir.path()).unwrap();
    }
}

#[test]
fn f085_a_planted_link_is_refused() {
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret");
    fs::write(&secret, "secret").unwrap();
    let digest = oci::digest::Digest::sha256(b"secret");

    let (_dir, store) = store();
    symlink(&secret, store.blob_path(&digest)).unwrap();
    let refusals = [
        ("size", store.blob_size(&digest).err()),
        ("open", store.open_blob(&digest).err()),
        ("read", store.read(&digest, 100).err()),
        ("verify", store.verify(&digest, 6).err()),
        ("put", store.put(b"secret").err()),
        ("publish", store.publish(None, &Descriptor::new(media_type::OCI_MANIFEST, digest.clone(), 6)).err()),
    ];
    for (name, error) in refusals {
        assert_eq!(error.map(|error| error.code()), Some(Code::StoreCorrupt), "{name}");
    }
    store.gc(false).unwrap();
    assert_eq!(fs::read_to_string(&secret).unwrap(), "secret", "gc does not follow it");

    for (name, path) in
        [("a blob directory", "blobs/sha256"), ("the blobs", "blobs"), ("the partial files", "ingest")]
    {
        let (_dir, store) = super::store();
        fs::remove_dir_all(store.path().join(path)).unwrap();
        symlink(outside.path(), store.path().join(path)).unwrap();
        assert_eq!(ContentStore::open(store.path()).unwrap_err().code(), Code::StoreCorrupt, "{name}");
    }
    for name in ["index.json", "oci-layout"] {
        let (_dir, store) = super::store();
        fs::rename(store.path().join(name), outside.path().join(name)).unwrap();
        symlink(outside.path().join(name), store.path().join(name)).unwrap();
        let error = ContentStore::open(store.path()).and_then(|store| store.images()).unwrap_err();
        assert_eq!(error.code(), Code::StoreCorrupt, "{name}");
    }
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 3, "nothing was written outside");
}

#[test]
fn f085_a_fifo_in_a_blobs_place_does_not_block() {
    let (_dir, store) = store();
    let digest = oci::digest::Digest::sha256(b"never");
    let made = Command::new("mkfifo").arg(store.blob_path(&digest)).status().unwrap();
    assert!(made.success());
    assert_eq!(store.open_blob(&digest).unwrap_err().code(), Code::StoreCorrupt);
    assert_eq!(store.read(&digest, 100).unwrap_err().code(), Code::StoreCorrupt);
}

#[test]
fn an_object_over_its_cap_is_not_read() {
    let (_dir, store) = store();
    let digest = store.put(&[7; 101]).unwrap();
    assert_eq!(store.read(&digest, 100).unwrap_err().code(), Code::TooLarge);
    assert_eq!(store.read(&digest, 101).unwrap().len(), 101);
    let empty = store.put(b"").unwrap();
    assert_eq!(store.read(&empty, 0).unwrap(), b"");
}

#[test]
fn bytes_are_never_stored_under_a_digest_that_is_not_theirs() {
    let (_dir, store) = store();
    for algorithm in [oci::digest::Algorithm::Sha256, oci::digest::Algorithm::Sha512] {
        let digest = oci::digest::Digest::of(algorithm, b"right");
        assert_eq!(store.put_as(&digest, b"wrong").unwrap_err().code(), Code::ContentMismatch);
        assert_eq!(store.blob_size(&digest).unwrap(), None);
        store.put_as(&digest, b"right").unwrap();
        assert_eq!(store.read(&digest, 10).unwrap(), b"right");
    }
    assert_eq!(fs::read_dir(store.ingest_dir()).unwrap().count(), 0, "no temporary file is left");
}
