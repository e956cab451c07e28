//! The store's tests, with the fault rows that are about it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use oci::descriptor::Descriptor;
use oci::media_type;
use oci::reference::Reference;
use serde_json::json;

use super::ContentStore;

mod collection;
mod damage;
mod inventory;
mod names;
mod power_loss;
mod processes;
mod small_disks;

fn store() -> (tempfile::TempDir, ContentStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = ContentStore::open(dir.path().join("store")).unwrap();
    (dir, store)
}

fn reference(text: &str) -> Reference {
    text.parse().unwrap()
}

/// Puts an image of one layer with `content`; its root, its config and its layer.
fn image(store: &ContentStore, content: &str) -> [Descriptor; 3] {
    let config = json!({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}, "x": content});
    let config = put(store, media_type::OCI_CONFIG, config.to_string().as_bytes());
    let layer = put(store, media_type::OCI_LAYER, content.as_bytes());
    let manifest = json!({
        "schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "config": config, "layers": [layer],
    });
    [put(store, media_type::OCI_MANIFEST, manifest.to_string().as_bytes()), config, layer]
}

/// Puts an index of `children`.
fn index(store: &ContentStore, children: &[&Descriptor]) -> Descriptor {
    let index = json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": children});
    put(store, media_type::OCI_INDEX, index.to_string().as_bytes())
}

fn put(store: &ContentStore, media_type: &str, bytes: &[u8]) -> Descriptor {
    Descriptor::new(media_type, store.put(bytes).unwrap(), bytes.len() as u64)
}

fn has(store: &ContentStore, descriptor: &Descriptor) -> bool {
    store.blob_size(&descriptor.digest).unwrap() == Some(descriptor.size)
}

const ROLE: &str = "LONGSHORE_TEST_ROLE";
const DIR: &str = "LONGSHORE_TEST_DIR";

/// What this process is to do, if it is a test's other process.
fn role() -> Option<(String, PathBuf)> {
    Some((std::env::var(ROLE).ok()?, std::env::var_os(DIR)?.into()))
}

/// The command that runs `test` (its path in this crate) in another process, as `role`.
fn other_process(test: &str, role: &str, dir: &Path) -> Vec<std::ffi::OsString> {
    let program = std::env::current_exe().unwrap();
    vec![
        "env".into(),
        format!("{ROLE}={role}").into(),
        {
            let mut assignment = std::ffi::OsString::from(format!("{DIR}="));
            assignment.push(dir);
            assignment
        },
        program.into(),
        "--exact".into(),
        test.into(),
        "--nocapture".into(),
    ]
}

fn spawn(test: &str, role: &str, dir: &Path) -> Child {
    let command = other_process(test, role, dir);
    let mut spawned = Command::new(&command[0]);
    spawned.args(&command[1..]).stdin(Stdio::piped()).stdout(Stdio::piped());
    spawned.spawn().unwrap()
}
