//! What is in an archive that is being written, and the documents that name it.

use std::collections::{BTreeMap, HashMap};

use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::graph::Node;
use oci::platform::Platform;
use oci::reference::Reference;
use serde_json::{Value, json};

use super::layout::{NAME, REF_NAME};
use super::sink::{BLOCK, Format, SHORT_NAME};
use crate::endpoint::Document;

/// The one version of a layout (image-spec `image-layout.md`).
pub(super) const LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// What was written so far.
#[derive(Default)]
pub(super) struct Contents {
    /// What is in it, with its size, bytes.
    pub written: HashMap<Digest, u64>,
    pub documents: HashMap<Digest, Document>,
    pub roots: Vec<(Descriptor, Option<Reference>)>,
}

impl Contents {
    /// `index.json`, with every image under its names.
    pub fn index(&self) -> Vec<u8> {
        let entries: Vec<Value> = self.roots.iter().map(|(root, name)| entry(root, name.as_ref())).collect();
        let index = json!({
            "schemaVersion": 2,
            "mediaType": oci::media_type::OCI_INDEX,
            "manifests": entries,
        });
        index.to_string().into_bytes()
    }

    /// `manifest.json`: of an index the image for this computer, or else the first that is whole.
    pub fn docker_manifest(&self) -> Vec<u8> {
        let mut images: Vec<(Digest, Value, Vec<String>)> = Vec::new();
        for (root, name) in &self.roots {
            let Some((digest, mut entry)) = self.docker_image(root, 0) else { continue };
            let name = name.as_ref().filter(|name| name.tag().is_some()).map(Reference::familiar);
            match images.iter_mut().find(|(known, ..)| *known == digest) {
                Some((_, _, names)) => names.extend(name),
                None => {
                    entry["RepoTags"] = Value::Null;
                    images.push((digest, entry, name.into_iter().collect()));
                }
            }
        }
        let finished = images.into_iter().map(|(_, mut entry, names)| {
            if !names.is_empty() {
                entry["RepoTags"] = json!(names);
            }
            entry
        });
        Value::Array(finished.collect()).to_string().into_bytes()
    }

    fn docker_image(&self, descriptor: &Descriptor, depth: usize) -> Option<(Digest, Value)> {
        let document = self.documents.get(&descriptor.digest)?;
        match Node::parse(&document.bytes, Some(&document.descriptor.media_type)).ok()? {
            Node::Manifest(manifest) if manifest.is_image() => {
                let all = manifest.layers.iter().chain([&manifest.config]);
                if !all.clone().all(|blob| self.written.contains_key(&blob.digest)) {
                    return None;
                }
                let layers: Vec<String> =
                    manifest.layers.iter().map(|layer| path_of(&layer.digest)).collect();
                let entry = json!({ "Config": path_of(&manifest.config.digest), "Layers": layers });
                Some((descriptor.digest.clone(), entry))
            }
            Node::Manifest(_) => None,
            Node::Index(index) if depth < oci::graph::MAX_INDEX_DEPTH => {
                let chosen = index.choose(&Platform::host()).into_iter();
                let others = index.platforms().into_iter().map(|(entry, _)| entry);
                chosen.chain(others).find_map(|entry| self.docker_image(entry, depth + 1))
            }
            Node::Index(_) => None,
        }
    }
}

/// The entries of an archive, before it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Names and sizes, bytes: blobs, manifests, and what names the images.
    pub entries: Vec<(String, u64)>,
    /// Of the whole archive, not compressed, bytes.
    pub length: u64,
}

/// What an archive of one image will hold, exactly. The last of its documents is the one that the name is given to.
pub fn outline(
    blobs: impl IntoIterator<Item = Descriptor>,
    documents: &[Document],
    name: Option<&Reference>,
    format: Format,
) -> Outline {
    let mut contents = Contents::default();
    let mut entries = Vec::new();
    for blob in blobs {
        entries.push((path_of(&blob.digest), blob.size));
        contents.written.insert(blob.digest, blob.size);
    }
    for document in documents {
        let Descriptor { digest, size, .. } = &document.descriptor;
        entries.push((path_of(digest), *size));
        contents.written.insert(digest.clone(), *size);
        contents.documents.insert(digest.clone(), document.clone());
    }
    contents.roots.extend(documents.last().map(|root| (root.descriptor.clone(), name.cloned())));
    let mut small = |name: &str, bytes: Vec<u8>| entries.push((name.to_owned(), bytes.len() as u64));
    small("index.json", contents.index());
    if format == Format::Hybrid {
        small("manifest.json", contents.docker_manifest());
    }
    small("oci-layout", LAYOUT.to_vec());
    let one = |(name, size): &(String, u64)| {
        let long =
            if name.len() > SHORT_NAME { BLOCK + (name.len() as u64 + 1).next_multiple_of(BLOCK) } else { 0 };
        long + BLOCK + size.next_multiple_of(BLOCK)
    };
    let length = entries.iter().map(one).sum::<u64>() + 2 * BLOCK;
    Outline { entries, length }
}

/// Where a blob is in a layout.
pub(super) fn path_of(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm().as_str(), digest.hex())
}

/// An entry of `index.json`, with the name as containerd and Docker write it and as the OCI does.
fn entry(root: &Descriptor, name: Option<&Reference>) -> Value {
    let mut annotations = BTreeMap::new();
    if let Some(name) = name {
        annotations.insert(NAME, name.canonical());
        // skopeo looks for this one; by a whole name two repositories don't get in one another's way.
        annotations.insert(REF_NAME, name.canonical());
    }
    let mut entry = json!({ "mediaType": root.media_type, "digest": root.digest, "size": root.size });
    if !annotations.is_empty() {
        entry["annotations"] = json!(annotations);
    }
    entry
}
