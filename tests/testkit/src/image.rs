//! Real images, made in memory, the same bytes on every run: layers that are valid archives, configs whose
//! `diff_ids` and history agree with them, manifests and indexes of both families.
//!
//! An [`Image`] is a root descriptor and every object beneath it. The servers serve it, [`Image::write_layout`]
//! writes it for `skopeo copy oci:DIR:TAG`. What is wrong on purpose is made with [`ImageBuilder::edit_manifest`]
//! and [`ImageBuilder::edit_config`], or from parts with [`Image::from_parts`]; nothing here validates.

mod builder;
mod layer;
mod layout;
mod noise;

use bytes::Bytes;
use oci::descriptor::Descriptor;
use oci::digest::{Algorithm, Digest};
use oci::media_type;
use serde_json::{Value, json};

pub use builder::ImageBuilder;
pub use layer::{Entry, Layer, LayerCompression};
pub use noise::noise;

/// Bytes and what they are called: one object of a registry or of a layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// The media type that descriptors and the `Content-Type` header give it.
    pub media_type: String,
    /// The digest it is stored under. Not always that of `bytes`: see [`Object::misnamed`].
    pub digest: Digest,
    /// The content.
    pub bytes: Bytes,
}

impl Object {
    /// An object under its sha256 digest.
    pub fn new(media_type: &str, bytes: impl Into<Bytes>) -> Self {
        Self::with_algorithm(Algorithm::Sha256, media_type, bytes)
    }

    /// An object under its digest by `algorithm`.
    pub fn with_algorithm(algorithm: Algorithm, media_type: &str, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self { media_type: media_type.to_owned(), digest: Digest::of(algorithm, &bytes), bytes }
    }

    /// An object under a digest that is not its own: what a corrupt or lying registry serves.
    pub fn misnamed(media_type: &str, digest: Digest, bytes: impl Into<Bytes>) -> Self {
        Self { media_type: media_type.to_owned(), digest, bytes: bytes.into() }
    }

    /// Length in bytes.
    pub fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The descriptor that points at it.
    pub fn descriptor(&self) -> Descriptor {
        Descriptor::new(self.media_type.clone(), self.digest.clone(), self.size())
    }

    /// The descriptor as JSON, for hand-made manifests.
    pub fn descriptor_json(&self) -> Value {
        json!({ "mediaType": self.media_type, "digest": self.digest.as_str(), "size": self.size() })
    }
}

/// Docker's media types or OCI's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// `application/vnd.docker.…`
    Docker,
    /// `application/vnd.oci.…`
    Oci,
}

impl Family {
    /// The media type of its image manifest.
    pub fn manifest(self) -> &'static str {
        match self {
            Self::Docker => media_type::DOCKER_MANIFEST,
            Self::Oci => media_type::OCI_MANIFEST,
        }
    }
    /// The media type of its index (Docker's manifest list).
    pub fn index(self) -> &'static str {
        match self {
            Self::Docker => media_type::DOCKER_LIST,
            Self::Oci => media_type::OCI_INDEX,
        }
    }
    /// The media type of its image config.
    pub fn config(self) -> &'static str {
        match self {
            Self::Docker => media_type::DOCKER_CONFIG,
            Self::Oci => media_type::OCI_CONFIG,
        }
    }
    /// The media type of a layer compressed in this way. Docker has no zstd type that peers agree on, and gets OCI's.
    pub fn layer(self, compression: LayerCompression) -> &'static str {
        match (self, compression) {
            (Self::Docker, LayerCompression::Gzip) => media_type::DOCKER_LAYER_GZIP,
            (Self::Docker, LayerCompression::None) => "application/vnd.docker.image.rootfs.diff.tar",
            (Self::Oci, LayerCompression::Gzip) => media_type::OCI_LAYER_GZIP,
            (Self::Oci, LayerCompression::None) => media_type::OCI_LAYER,
            (_, LayerCompression::Zstd) => media_type::OCI_LAYER_ZSTD,
        }
    }
}

/// A root and everything beneath it.
#[derive(Clone, Debug)]
pub struct Image {
    /// The manifest or index that a tag points at.
    pub root: Object,
    /// Every other manifest and index, children first.
    pub manifests: Vec<Object>,
    /// Configs and layers, in the order of the manifests.
    pub blobs: Vec<Object>,
    /// The platform that [`Image::index`] gives to this image's entry; `None` leaves it out.
    pub platform: Option<String>,
}

impl Image {
    /// Begins an image of this family: linux/amd64, no layers.
    pub fn builder(family: Family) -> ImageBuilder {
        ImageBuilder::new(family)
    }

    /// The smallest useful image: one gzip layer with one file, whose content is `text`.
    pub fn tiny(text: &str) -> Self {
        Self::builder(Family::Oci)
            .layer(Layer::new(&[Entry::file("etc/motd", text.as_bytes())], LayerCompression::Gzip))
            .build()
    }

    /// An image with one layer of about `size` incompressible bytes: what transfer faults are tried on.
    pub fn of_size(seed: u64, size: usize) -> Self {
        Self::builder(Family::Oci).layer(Layer::noise(seed, size)).build()
    }

    /// An image from its objects, unchecked.
    pub fn from_parts(root: Object, manifests: Vec<Object>, blobs: Vec<Object>) -> Self {
        Self { root, manifests, blobs, platform: None }
    }

    /// An index over images or other indexes, each entry with its own platform.
    pub fn index(family: Family, children: &[&Self]) -> Self {
        Self::index_edited(family, children, |_| {})
    }

    /// An index whose JSON goes through `edit` before it is hashed.
    pub fn index_edited(family: Family, children: &[&Self], edit: impl FnOnce(&mut Value)) -> Self {
        let entries: Vec<Value> = children
            .iter()
            .map(|child| {
                let mut entry = child.root.descriptor_json();
                if let Some(platform) = &child.platform {
                    entry["platform"] = platform_json(platform);
                }
                entry
            })
            .collect();
        let mut body = json!({ "schemaVersion": 2, "mediaType": family.index(), "manifests": entries });
        edit(&mut body);
        let mut manifests: Vec<Object> = Vec::new();
        let mut blobs: Vec<Object> = Vec::new();
        for child in children {
            push_new(&mut manifests, &child.manifests);
            push_new(&mut manifests, std::slice::from_ref(&child.root));
            push_new(&mut blobs, &child.blobs);
        }
        Self { root: Object::new(family.index(), to_bytes(&body)), manifests, blobs, platform: None }
    }

    /// An attestation manifest of `subject`, as BuildKit adds to an index: platform unknown/unknown and the
    /// annotations that point at the image. The value is its entry, to be added with [`Image::index_edited`].
    pub fn attestation(subject: &Self) -> (Self, Value) {
        let statement = Object::new("application/vnd.in-toto+json", &b"{\"_type\":\"statement\"}"[..]);
        let config =
            Object::new(media_type::OCI_CONFIG, &b"{\"architecture\":\"unknown\",\"os\":\"unknown\"}"[..]);
        let body = json!({
            "schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST,
            "config": config.descriptor_json(), "layers": [statement.descriptor_json()],
        });
        let root = Object::new(media_type::OCI_MANIFEST, to_bytes(&body));
        let mut entry = root.descriptor_json();
        entry["platform"] = json!({ "os": "unknown", "architecture": "unknown" });
        entry["annotations"] = json!({
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": subject.root.digest.as_str(),
        });
        (Self { root, manifests: vec![], blobs: vec![config, statement], platform: None }, entry)
    }

    /// The root's digest.
    pub fn digest(&self) -> &Digest {
        &self.root.digest
    }

    /// The root's descriptor.
    pub fn descriptor(&self) -> Descriptor {
        self.root.descriptor()
    }

    /// The root's JSON.
    ///
    /// # Panics
    /// Where the root was made from parts and is no JSON.
    pub fn root_json(&self) -> Value {
        serde_json::from_slice(&self.root.bytes).expect("the root is JSON")
    }

    /// The largest blob: the layer that faults aim at.
    ///
    /// # Panics
    /// Where there are no blobs.
    pub fn largest_blob(&self) -> &Object {
        self.blobs.iter().max_by_key(|blob| blob.bytes.len()).expect("the image has blobs")
    }

    /// Bytes of all blobs together, each counted once.
    pub fn blob_bytes(&self) -> u64 {
        self.blobs.iter().map(Object::size).sum()
    }
}

/// Adds what is not there yet, by digest: a layer that two children share is one object.
fn push_new(into: &mut Vec<Object>, objects: &[Object]) {
    for object in objects {
        if !into.iter().any(|present| present.digest == object.digest) {
            into.push(object.clone());
        }
    }
}

fn to_bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).expect("a JSON value serialises")
}

/// `os/architecture[/variant]` as an index entry or a config carries it.
fn platform_json(platform: &str) -> Value {
    let mut parts = platform.split('/');
    let mut value = json!({
        "os": parts.next().unwrap_or_default(),
        "architecture": parts.next().unwrap_or_default(),
    });
    if let Some(variant) = parts.next() {
        value["variant"] = json!(variant);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_recipe_gives_the_same_bytes() {
        let make = || Image::builder(Family::Oci).layer(Layer::noise(7, 100_000)).build();
        assert_eq!(make().root, make().root);
        let other = Image::builder(Family::Oci).layer(Layer::noise(8, 100_000)).build();
        assert_ne!(make().digest(), other.digest());
    }

    #[test]
    fn every_descriptor_points_at_an_object() {
        let arm =
            Image::builder(Family::Docker).platform("linux/arm64/v8").layer(Layer::noise(1, 500)).build();
        let shared = Layer::noise(1, 500);
        let amd = Image::builder(Family::Docker).layer(shared).layer(Layer::empty_archive()).build();
        let inner = Image::index(Family::Docker, &[&arm, &amd]);
        let outer = Image::index(Family::Oci, &[&inner]);
        assert_eq!(outer.manifests.len(), 3, "two manifests and the inner index");
        assert_eq!(outer.blobs.len(), 4, "two configs, and the shared layer once");
        let entries = inner.root_json()["manifests"].clone();
        assert_eq!(entries[0]["platform"]["variant"], "v8");
        for manifest in [&arm.root, &amd.root] {
            let body: Value = serde_json::from_slice(&manifest.bytes).unwrap();
            for pointed in body["layers"].as_array().unwrap().iter().chain([&body["config"]]) {
                let object =
                    outer.blobs.iter().find(|blob| blob.digest.as_str() == pointed["digest"]).unwrap();
                assert_eq!(pointed["size"], object.size());
                assert_eq!(Digest::sha256(&object.bytes), object.digest);
            }
        }
    }

    #[test]
    fn sha512_names_every_object() {
        let image =
            Image::builder(Family::Oci).algorithm(Algorithm::Sha512).layer(Layer::noise(1, 9)).build();
        assert!(image.blobs.iter().chain([&image.root]).all(|it| it.digest.as_str().starts_with("sha512:")));
    }

    #[test]
    fn zero_layers_and_an_empty_blob_are_possible() {
        let image = Image::builder(Family::Oci).build();
        assert_eq!(image.root_json()["layers"], json!([]));
        let image = Image::builder(Family::Oci).layer(Layer::empty_blob()).build();
        assert_eq!(image.blobs[1].size(), 0);
    }
}
