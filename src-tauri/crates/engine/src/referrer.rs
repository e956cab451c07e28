//! What refers to an image, as far as the store knows: manifests that name it as their subject, lists that were pulled
//! under a fallback tag, cosign's tags, and the attestations of its own index.
//!
//! Only what the store's names lead to is looked at. What a registry knows is asked with
//! [`crate::registry::RegistryClient::referrers`].

use std::collections::HashSet;

use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::graph::{MANIFEST_CAP, MAX_INDEX_DEPTH, Node};
use oci::index::Index;
use oci::platform::Platform;
use oci::reference::{Reference, Tag};

use crate::error::Result;
use crate::registry::referrer::{Referrer, Referrers, Via, cosign_tags, fallback_tag, list_entry};
use crate::store::{ContentStore, StoredImage};

/// Everything in the store that refers to a manifest or an index, and to what the index lists; only what is of the
/// artifact type `wanted`, where one is given. Blocks.
///
/// # Errors
/// Where the store's index can't be read. Nothing found is no error, nor is a subject that is not there.
pub fn in_store(store: &ContentStore, subject: &Digest, wanted: Option<&str>) -> Result<Referrers> {
    let images = store.images()?;
    let entries = match node(store, &Descriptor::new("", subject.clone(), 0)) {
        Some(Node::Index(index)) => index.manifests,
        _ => Vec::new(),
    };
    let (attestations, children): (Vec<_>, Vec<_>) = entries.into_iter().partition(Index::is_attestation);
    let mut subjects = vec![(subject.clone(), None)];
    subjects.extend(children.iter().map(|child| (child.digest.clone(), child.platform.clone())));
    let documents = documents(store, &images);
    let mut list = Vec::new();
    for (subject, platform) in &subjects {
        let about =
            documents.iter().filter(|(_, node)| node.subject().is_some_and(|it| it.digest == *subject));
        let mut found: Vec<Referrer> = about
            .map(|(descriptor, node)| Referrer::listed(list_entry(descriptor, node), subject, Via::Store))
            .collect();
        found.extend(tagged(store, &images, subject));
        found.iter_mut().for_each(|it| it.platform.clone_from(platform));
        list.extend(found);
    }
    for entry in attestations {
        let about = Index::attested(&entry).unwrap_or_else(|| subject.clone());
        let platform = platform_of(&children, &about);
        let manifest = node(store, &entry);
        let mut referrer = Referrer::listed(entry, &about, Via::Attestation);
        referrer.platform = platform;
        if let Some(Node::Manifest(manifest)) = manifest {
            referrer.read(&manifest);
        }
        list.push(referrer);
    }
    list.retain(|it| wanted.is_none_or(|wanted| it.is_of(wanted)));
    let mut seen = HashSet::new();
    list.retain(|it| seen.insert((it.descriptor.digest.clone(), it.subject.clone())));
    Ok(Referrers { subject: subject.clone(), list, api: false, partial: false, unasked: 0 })
}

/// What is listed under the fallback tag of a digest, and what has one of cosign's tags, in whatever repository.
fn tagged(store: &ContentStore, images: &[StoredImage], subject: &Digest) -> Vec<Referrer> {
    let with_tag = |tag: &Tag| {
        let tag = tag.clone();
        images.iter().filter(move |image| {
            let name = image.name.as_deref().and_then(|name| name.parse::<Reference>().ok());
            name.is_some_and(|name| name.tag() == Some(&tag))
        })
    };
    let tag = fallback_tag(subject);
    let mut found = Vec::new();
    for image in with_tag(&tag) {
        if let Some(Node::Index(index)) = node(store, &image.descriptor) {
            let entries = index.manifests.into_iter();
            found.extend(entries.map(|entry| Referrer::listed(entry, subject, Via::Tag(tag.clone()))));
        }
    }
    for (tag, kind) in cosign_tags(subject) {
        for image in with_tag(&tag) {
            let mut referrer = Referrer::listed(image.descriptor.clone(), subject, Via::Cosign(tag.clone()));
            referrer.artifact_type = Some(kind.to_owned());
            found.push(referrer);
        }
    }
    found
}

/// Every manifest and index that the names lead to, each once.
fn documents(store: &ContentStore, images: &[StoredImage]) -> Vec<(Descriptor, Node)> {
    let mut seen = HashSet::new();
    let mut waiting: Vec<(Descriptor, usize)> =
        images.iter().map(|image| (image.descriptor.clone(), 0)).collect();
    let mut documents = Vec::new();
    while let Some((descriptor, depth)) = waiting.pop() {
        if depth > MAX_INDEX_DEPTH || !seen.insert(descriptor.digest.clone()) {
            continue;
        }
        let Some(node) = node(store, &descriptor) else { continue };
        if let Node::Index(index) = &node {
            waiting.extend(index.manifests.iter().map(|child| (child.clone(), depth + 1)));
        }
        documents.push((descriptor, node));
    }
    documents.sort_by(|one, other| one.0.digest.cmp(&other.0.digest));
    documents
}

/// What a manifest or an index says; none where it is not here, or can't be read.
fn node(store: &ContentStore, descriptor: &Descriptor) -> Option<Node> {
    let bytes = store.read(&descriptor.digest, MANIFEST_CAP).ok()?;
    let said = Some(descriptor.media_type.as_str()).filter(|said| !said.is_empty());
    Node::parse(&bytes, said).ok()
}

fn platform_of(children: &[Descriptor], digest: &Digest) -> Option<Platform> {
    children.iter().find(|child| child.digest == *digest)?.platform.clone()
}
