//! How an image page is put together: what the engine read, and what is known of this computer.

use std::collections::{BTreeMap, HashSet};

use engine::endpoint::Document;
use engine::image::{Image, ImageManifest, Step};
use oci::descriptor::Descriptor;
use oci::index::Index;
use oci::instruction::instruction;
use oci::media_type::{self, Compression};
use oci::reference::Reference;

use super::super::KeyValue;
use super::{
    ConfigSummary, HowItRuns, ImageDetail, ImageLink, IndexSummary, LayerDetail, LocalState, ManifestSummary,
    PlatformEntry, RawDocument, Whence,
};

/// What the store knows of one entry of an index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Bytes of its config and layers, where its manifest is here.
    pub size: Option<u64>,
    /// Whether everything of it is here.
    pub complete: bool,
}

/// What is known of this computer while a page is put together. Asking blocks.
pub trait Facts {
    /// Whether a blob is in the store, whole.
    fn has(&self, blob: &Descriptor) -> bool;
    /// What the store has of an index's entry.
    fn held(&self, entry: &Descriptor) -> Held;
    /// Familiar names of other local images with this layer.
    fn also_in(&self, layer: &Descriptor) -> Vec<String>;
    /// The digest that the name stands for on this computer.
    fn local_digest(&self) -> Option<String>;
}

impl ImageDetail {
    /// The page of `image`, which `reference` names and which was found in `from`.
    pub fn assemble(reference: &Reference, from: Whence, image: &Image, facts: &dyn Facts) -> Self {
        let root = &image.root.descriptor;
        let local = match facts.local_digest() {
            Some(digest) if digest == root.digest.as_str() => LocalState::Same,
            Some(_) => LocalState::Older,
            None => LocalState::Absent,
        };
        // An artifact has a manifest too, but no layers that are a file system: it is shown as it is.
        let shown =
            image.manifest.as_ref().filter(|shown| media_type::is_config(&shown.manifest.config.media_type));
        let config = shown.and_then(|shown| shown.config.as_ref());
        let layers = shown.map(|shown| layers(shown, facts)).unwrap_or_default();
        let (transfer_size, present_size) = shown.map_or((0, 0), |shown| sizes(shown, facts));
        Self {
            reference: reference.canonical(),
            familiar: reference.familiar(),
            tag: reference.tag().map(ToString::to_string),
            from,
            digest: root.digest.to_string(),
            media_type: root.media_type.clone(),
            size: root.size,
            index: image.index.as_ref().map(|_| IndexSummary {
                digest: root.digest.to_string(),
                size: root.size,
                media_type: root.media_type.clone(),
            }),
            manifest: shown.map(manifest_summary),
            config: shown.map(|shown| ConfigSummary {
                digest: shown.manifest.config.digest.to_string(),
                size: shown.manifest.config.size,
            }),
            platforms: platforms(image, shown, facts),
            layer_count: shown.map_or(0, |shown| shown.manifest.layers.len()),
            layers,
            transfer_size,
            present_size,
            created: config.and_then(|config| config.created.clone()),
            author: config.and_then(|config| config.author.clone()),
            run: config.map(HowItRuns::from),
            annotations: annotations(image),
            links: image.links().into_iter().map(ImageLink::from).collect(),
            documents: documents(image),
            flags: image.flags.clone(),
            local,
        }
    }
}

impl From<engine::image::Link> for ImageLink {
    fn from(link: engine::image::Link) -> Self {
        let engine::image::Link { key, value, host, .. } = link;
        Self { key, value, host }
    }
}

fn manifest_summary(shown: &ImageManifest) -> ManifestSummary {
    let descriptor = &shown.document.descriptor;
    ManifestSummary {
        digest: descriptor.digest.to_string(),
        size: descriptor.size,
        media_type: descriptor.media_type.clone(),
        platform: shown.platform.as_ref().map_or_else(|| "unknown".to_owned(), ToString::to_string),
    }
}

/// Bytes of config and layers, each once, and how many of them are here.
fn sizes(shown: &ImageManifest, facts: &dyn Facts) -> (u64, u64) {
    let mut seen = HashSet::new();
    let blobs = std::iter::once(&shown.manifest.config).chain(&shown.manifest.layers);
    let mut sizes = (0, 0);
    for blob in blobs.filter(|blob| seen.insert(blob.digest.clone())) {
        sizes.0 += blob.size;
        if facts.has(blob) {
            sizes.1 += blob.size;
        }
    }
    sizes
}

fn layers(shown: &ImageManifest, facts: &dyn Facts) -> Vec<LayerDetail> {
    shown.steps().into_iter().map(|step| layer(step, facts)).collect()
}

fn layer(step: Step, facts: &dyn Facts) -> LayerDetail {
    let layer = step.layer.as_ref();
    let created_by = step.history.as_ref().map(|history| history.created_by.clone()).unwrap_or_default();
    let (mut instruction, arguments) = instruction(&created_by);
    if instruction.is_empty() && arguments.is_empty() {
        // The history says nothing of this layer, and a row must say something.
        instruction = "LAYER".to_owned();
    }
    LayerDetail {
        number: step.number,
        digest: layer.map(|layer| layer.digest.to_string()),
        diff_id: step.diff_id.map(|digest| digest.to_string()),
        size: layer.map_or(0, |layer| layer.size),
        media_type: layer.map(|layer| layer.media_type.clone()),
        compression: layer.and_then(|layer| match media_type::compression(&layer.media_type) {
            Compression::Unknown => None,
            known => Some(known.as_str().to_owned()),
        }),
        instruction,
        arguments,
        created_by,
        created: step.history.as_ref().and_then(|history| history.created.clone()),
        comment: step.history.as_ref().and_then(|history| history.comment.clone()),
        empty_layer: layer.is_none(),
        present_locally: layer.is_some_and(|layer| facts.has(layer)),
        also_in: layer.map(|layer| facts.also_in(layer)).unwrap_or_default(),
    }
}

fn platforms(image: &Image, shown: Option<&ImageManifest>, facts: &dyn Facts) -> Vec<PlatformEntry> {
    let Some(index) = &image.index else {
        return shown.map(|shown| vec![sole(shown, facts)]).unwrap_or_default();
    };
    let selected = image.manifest.as_ref().map(|manifest| &manifest.document.descriptor.digest);
    let entry = |descriptor: &Descriptor| {
        let held = facts.held(descriptor);
        let is_selected = selected == Some(&descriptor.digest);
        PlatformEntry {
            platform: descriptor.platform.as_ref().map(ToString::to_string).unwrap_or_default(),
            digest: descriptor.digest.to_string(),
            manifest_size: descriptor.size,
            size: match shown {
                Some(shown) if is_selected => Some(sizes(shown, facts).0),
                _ => held.size,
            },
            present_locally: held.complete,
            selected: is_selected,
            attestation: Index::is_attestation(descriptor),
        }
    };
    index.manifests.iter().map(entry).collect()
}

fn sole(shown: &ImageManifest, facts: &dyn Facts) -> PlatformEntry {
    let summary = manifest_summary(shown);
    PlatformEntry {
        platform: summary.platform,
        digest: summary.digest,
        manifest_size: summary.size,
        size: Some(sizes(shown, facts).0),
        present_locally: facts.held(&shown.document.descriptor).complete,
        selected: true,
        attestation: false,
    }
}

/// Of the index and of the manifest; where both say something of a key, the manifest is nearer.
fn annotations(image: &Image) -> Vec<KeyValue> {
    let index = image.index.iter().flat_map(|index| &index.annotations);
    let manifest = image.manifest.iter().flat_map(|shown| &shown.manifest.annotations);
    let merged: BTreeMap<&String, &String> = index.chain(manifest).collect();
    merged.into_iter().map(|(key, value)| KeyValue::new(key, value)).collect()
}

fn documents(image: &Image) -> Vec<RawDocument> {
    let manifest = image.manifest.as_ref();
    let root_title = match (&image.index, manifest) {
        (Some(_), _) => "Index",
        (None, Some(_)) => "Manifest",
        (None, None) => "Document",
    };
    let mut documents = vec![document(root_title, &image.root)];
    if image.index.is_some() {
        documents.extend(manifest.map(|shown| document("Manifest", &shown.document)));
    }
    documents.extend(
        manifest.and_then(|shown| shown.config_document.as_ref()).map(|config| document("Config", config)),
    );
    documents
}

fn document(title: &str, document: &Document) -> RawDocument {
    RawDocument {
        title: title.to_owned(),
        digest: document.descriptor.digest.to_string(),
        media_type: document.descriptor.media_type.clone(),
        size: document.descriptor.size,
        text: std::str::from_utf8(&document.bytes).ok().map(str::to_owned),
    }
}
