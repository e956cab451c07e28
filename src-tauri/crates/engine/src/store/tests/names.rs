//! Names: what they resolve to, and living beside other tools.

use std::fs;

use serde_json::Value;

use super::super::{NAME_ANNOTATION, REF_NAME_ANNOTATION};
use super::*;
use crate::error::Code;

fn raw(store: &ContentStore) -> Value {
    serde_json::from_slice(&fs::read(store.path().join("index.json")).unwrap()).unwrap()
}

#[test]
fn a_name_is_the_canonical_reference() {
    let (_dir, store) = store();
    let [root, ..] = image(&store, "one");
    assert_eq!(store.publish(Some(&reference("nginx")), &root).unwrap(), None);
    let found = store.resolve(&reference("docker.io/library/nginx:latest")).unwrap().unwrap();
    assert_eq!(found.digest, root.digest);
    let entry = &raw(&store)["manifests"][0];
    for annotation in [NAME_ANNOTATION, REF_NAME_ANNOTATION] {
        assert_eq!(entry["annotations"][annotation], "docker.io/library/nginx:latest");
    }
    let images = store.images().unwrap();
    assert_eq!(images[0].name.as_deref(), Some("docker.io/library/nginx:latest"));
    let pulled: jiff::Timestamp = images[0].pulled_at().unwrap().parse().unwrap();
    assert_eq!(pulled.subsec_nanosecond(), 0);
    assert_eq!(store.resolve(&reference("nginx:1.25")).unwrap(), None);
}

#[test]
fn a_name_moves_and_says_from_where() {
    let (_dir, store) = store();
    let [one, ..] = image(&store, "one");
    let [two, ..] = image(&store, "two");
    let name = reference("localhost:5000/team/app:v1");
    store.publish(Some(&name), &one).unwrap();
    assert_eq!(store.publish(Some(&name), &one).unwrap(), Some(one.digest.clone()), "again");
    assert_eq!(store.publish(Some(&name), &two).unwrap(), Some(one.digest), "moved");
    assert_eq!(store.images().unwrap().len(), 1);
    assert!(store.remove(&name).unwrap());
    assert!(!store.remove(&name).unwrap(), "nothing to take any more");
    assert!(has(&store, &two), "content stays until a collection");
}

#[test]
fn entries_are_taken_by_what_they_are_whatever_their_names() {
    let (_dir, store) = store();
    let [one, ..] = image(&store, "one");
    let [two, ..] = image(&store, "two");
    let mut foreign = one.clone();
    foreign.annotations.insert("dev.example.kept".into(), "yes".into());
    store.publish(Some(&reference("app:1")), &one).unwrap();
    store.publish(Some(&reference("app:2")), &two).unwrap();
    store.publish(Some(&reference("app:3")), &foreign).unwrap();
    let taken = store.remove_where(|image| image.descriptor.digest == one.digest).unwrap();
    let names: Vec<_> = taken.iter().map(|image| image.name.as_deref().unwrap_or_default()).collect();
    assert_eq!(names, ["docker.io/library/app:1", "docker.io/library/app:3"]);
    assert_eq!(store.images().unwrap().len(), 1, "the other one stays");
    let stamp = store.stamp().unwrap();
    assert!(store.remove_where(|_| false).unwrap().is_empty());
    assert_eq!(store.stamp().unwrap(), stamp, "nothing is written where nothing is taken");
}

#[test]
fn a_digest_finds_an_entry_or_a_manifest() {
    let (_dir, store) = store();
    let [child, _, layer] = image(&store, "one");
    let root = index(&store, &[&child]);
    store.publish(Some(&reference("multi:1")), &root).unwrap();
    let by_digest = |digest: &oci::digest::Digest| {
        store.resolve(&reference("multi").with_digest(digest.clone())).unwrap()
    };
    assert_eq!(by_digest(&root.digest).unwrap().media_type, media_type::OCI_INDEX);
    assert_eq!(by_digest(&child.digest).unwrap(), child, "a child without an entry");
    assert_eq!(by_digest(&layer.digest), None, "a layer is no image");
}

#[test]
fn an_image_without_a_name_is_kept_once_and_can_get_one() {
    let (_dir, store) = store();
    let [root, ..] = image(&store, "one");
    store.publish(None, &root).unwrap();
    store.publish(None, &root).unwrap();
    assert_eq!(store.images().unwrap().len(), 1);
    assert_eq!(store.images().unwrap()[0].name, None);
    let by_digest = reference("any").with_digest(root.digest.clone());
    store.publish(Some(&reference("named:1")), &root).unwrap();
    assert_eq!(store.images().unwrap().len(), 1, "the entry got the name");
    assert!(!store.remove(&by_digest).unwrap(), "a named entry is not taken by digest");
    store.remove(&reference("named:1")).unwrap();
    store.publish(None, &root).unwrap();
    assert!(store.remove(&by_digest).unwrap());
}

#[test]
fn what_other_tools_wrote_survives() {
    let (_dir, store) = store();
    let [one, ..] = image(&store, "one");
    let [two, ..] = image(&store, "two");
    let mut entry = serde_json::to_value(&one).unwrap();
    entry["annotations"] = json!({REF_NAME_ANNOTATION: "nginx:1.25", "org.example.note": "keep me"});
    entry["org.example.field"] = json!(7);
    let theirs = json!({
        "schemaVersion": 2, "annotations": {"a": "b"}, "future": [1, 2],
        "manifests": [{"odd": true}, entry, {"digest": two.digest, "size": two.size, "mediaType": two.media_type,
            "annotations": {REF_NAME_ANNOTATION: "v2"}}],
    });
    fs::write(store.path().join("index.json"), theirs.to_string()).unwrap();

    assert_eq!(store.images().unwrap().len(), 2, "the odd entry is passed over");
    assert_eq!(
        store.resolve(&reference("nginx:1.25")).unwrap().unwrap().digest,
        one.digest,
        "a short name counts"
    );
    assert_eq!(store.resolve(&reference("v2")).unwrap(), None, "a tag alone is no name");

    store.publish(Some(&reference("nginx:1.25")), &one).unwrap();
    let now = raw(&store);
    assert_eq!((&now["annotations"], &now["future"]), (&theirs["annotations"], &theirs["future"]));
    assert_eq!(now["manifests"][0], json!({"odd": true}));
    assert_eq!(now["manifests"][1]["org.example.field"], 7);
    assert_eq!(now["manifests"][1]["annotations"]["org.example.note"], "keep me");
    assert_eq!(now["manifests"][1]["annotations"][NAME_ANNOTATION], "docker.io/library/nginx:1.25");
    assert_eq!(now["manifests"][2], theirs["manifests"][2]);
    assert_eq!(now["manifests"].as_array().unwrap().len(), 3);
}

#[test]
fn a_list_that_go_wrote_as_null_is_empty() {
    let (_dir, store) = store();
    fs::write(store.path().join("index.json"), r#"{"schemaVersion":2,"manifests":null}"#).unwrap();
    assert_eq!(store.images().unwrap(), []);
    let [one, ..] = image(&store, "one");
    store.publish(Some(&reference("a:1")), &one).unwrap();
    assert_eq!(store.images().unwrap().len(), 1);
}

#[test]
fn nothing_is_named_that_is_not_here() {
    let (_dir, store) = store();
    let [root, ..] = image(&store, "one");
    let missing = Descriptor::new(media_type::OCI_MANIFEST, oci::digest::Digest::sha256(b"?"), 1);
    let longer = Descriptor::new(media_type::OCI_MANIFEST, root.digest.clone(), root.size + 1);
    let (name, other) = (reference("a:1"), reference("a:2"));
    for bad in [&missing, &longer] {
        let error = store.publish_all(&[(Some(&other), &root), (Some(&name), bad)]).unwrap_err();
        assert_eq!(error.code(), Code::ImageMissing);
        assert_eq!(store.images().unwrap(), [], "all or none");
    }
}

#[test]
fn a_stamp_tells_that_the_index_changed() {
    let (_dir, store) = store();
    let [root, ..] = image(&store, "one");
    let before = store.stamp().unwrap();
    assert_eq!(before, store.stamp().unwrap());
    store.publish(Some(&reference("a:1")), &root).unwrap();
    assert_ne!(before, store.stamp().unwrap());
}

#[test]
fn skopeo_finds_an_image_by_its_full_reference() {
    let (_dir, store) = store();
    let [root, ..] = image(&store, "one");
    for name in ["127.0.0.1:5000/team/app:tag", "nginx:1.25-alpine", "[::1]:5000/a:1"] {
        let name = reference(name);
        store.publish(Some(&name), &root).unwrap();
        if name.registry().as_str().starts_with('[') {
            // skopeo 1.9.3's own grammar has no brackets; the name is ours alone then.
            continue;
        }
        let source = format!("oci:{}:{}", store.path().display(), name.canonical());
        let output = Command::new("skopeo").args(["inspect", "--raw", &source]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(oci::digest::Digest::sha256(&output.stdout), root.digest);
    }
}
