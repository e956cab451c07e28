//! What is said of a file before anything is done with it.

use std::fmt;

use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::platform::Platform;

use super::Kind;
use crate::compression::Compression;

/// What a file or a stream turned out to be, and why.
#[derive(Clone, Debug)]
pub struct Identified {
    /// What it is called: its path, or what the caller said.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// What was found and what was looked for, one for each thing that it could have been, the likeliest first.
    pub evidence: Vec<Evidence>,
    /// How it is compressed as a whole, by its magic bytes.
    pub compression: Compression,
    /// Its length as it lies there, bytes; none of a stream or a folder.
    pub file_size: Option<u64>,
    /// Bytes of the tar inside that were read or passed over; 0 where it is none.
    pub inside: u64,
    /// Entries that were seen.
    pub entries: u64,
    /// How far it was read.
    pub reading: Reading,
    /// Whether the digests of its blobs were checked: only where they pass by anyway, since it is compressed as a whole.
    pub checked: bool,
    /// Blobs whose bytes are not what their name says, where they were checked.
    pub damaged: Vec<String>,
    /// Why its images can't be listed, where they can't.
    pub problem: Option<String>,
    /// Its images, in its order.
    pub images: Vec<ImageFacts>,
    /// What a filesystem or a layer looks like inside.
    pub filesystem: Option<FilesystemFacts>,
    /// What to do with it.
    pub advice: Advice,
}

impl Identified {
    /// What to do with it, in words: one next action.
    pub fn next_step(&self) -> &'static str {
        match (self.kind, self.advice) {
            (Kind::Other, Advice::Import) => {
                "There are files in it and no image: if they are those of a container, import them with \
                 `longshore import FILE NAME:TAG`"
            }
            (_, advice) => advice.text(),
        }
    }
}

/// How far a file was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// To its end.
    Whole,
    /// Until it was clear what it is: counts are what was seen so far.
    Enough,
    /// Until it could not be read any further.
    Broken {
        /// Bytes of the tar, to the header at fault.
        at: u64,
        /// What is wrong there.
        why: String,
    },
}

/// Something that a file could be, with what speaks for it and what would have to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What it could be.
    pub candidate: Candidate,
    /// Entries that are there, as they are written.
    pub found: Vec<String>,
    /// Entries that were looked for and are not there.
    pub missing: Vec<String>,
    /// Whether it is that.
    pub holds: bool,
}

/// What a file is measured against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Candidate {
    /// An OCI image layout: `oci-layout` and `index.json`.
    Oci,
    /// What `docker save` writes: `manifest.json`, before Docker 1.10 `repositories`.
    Docker,
    /// The files of a container: `bin`, `etc`, `usr`.
    Filesystem,
    /// A layer: whiteouts.
    Layer,
    /// A Helm chart: `Chart.yaml`.
    Chart,
}

impl Candidate {
    /// A stable word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Oci => "oci",
            Self::Docker => "docker",
            Self::Filesystem => "filesystem",
            Self::Layer => "layer",
            Self::Chart => "chart",
        }
    }
}

/// One image of an archive.
#[derive(Clone, Debug)]
pub struct ImageFacts {
    /// Its names as they are written there: references, or tags alone. An image may have none.
    pub names: Vec<String>,
    /// What its names point to. None where the archive has no manifest and none could be made without reading layers.
    pub root: Option<Descriptor>,
    /// The archive has no manifest for it: `root` was made here, the same for the same archive.
    pub made: bool,
    /// Its images for one platform each, and what else an index lists.
    pub variants: Vec<Variant>,
    /// What it needs and the archive lacks.
    pub missing: Vec<Missing>,
}

impl ImageFacts {
    /// Bytes of all its blobs that are in the archive, each once.
    pub fn size(&self) -> u64 {
        let mut seen = std::collections::HashSet::new();
        let layers = self.variants.iter().flat_map(|variant| &variant.layers);
        let held =
            layers.filter(|layer| layer.held && layer.digest.as_ref().is_none_or(|it| seen.insert(it)));
        held.fold(0, |sum, layer| sum.saturating_add(layer.size))
    }

    /// The platforms that are there whole, as far as they are known.
    pub fn platforms(&self) -> Vec<&Platform> {
        let whole = self.variants.iter().filter(|variant| variant.complete && !variant.attestation);
        whole.filter_map(|variant| variant.platform.as_ref()).collect()
    }
}

/// A manifest of an image: one platform's, an artifact's, or an attestation.
#[derive(Clone, Debug)]
pub struct Variant {
    /// What it runs on, as the index or the config says.
    pub platform: Option<Platform>,
    /// Its manifest; none as for [`ImageFacts::root`].
    pub manifest: Option<Descriptor>,
    /// Its config, whose digest is the image ID.
    pub config: Option<Descriptor>,
    /// What kind of artifact it is, where it is no image.
    pub artifact_type: Option<String>,
    /// It is BuildKit's attestation of another one.
    pub attestation: bool,
    /// Its layers, the base first.
    pub layers: Vec<LayerFacts>,
    /// Whether all of it is there.
    pub complete: bool,
}

/// A layer as the archive has it.
#[derive(Clone, Debug)]
pub struct LayerFacts {
    /// The digest of its bytes there; none where they would have to be read to know it.
    pub digest: Option<Digest>,
    /// Bytes, as it is stored there.
    pub size: u64,
    /// What its descriptor or its first bytes say that it is.
    pub media_type: String,
    /// Whether it is there.
    pub held: bool,
}

/// Something that an image needs and the archive lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// What it would be.
    pub piece: Piece,
    /// The entry that was looked for.
    pub entry: String,
    /// Its digest, where one is known.
    pub digest: Option<Digest>,
}

/// A part of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A manifest or an index.
    Manifest,
    /// A config.
    Config,
    /// A layer.
    Layer,
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Manifest => "manifest",
            Self::Config => "config",
            Self::Layer => "layer",
        })
    }
}

/// What a flat filesystem holds, for an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilesystemFacts {
    /// Names at its top, in its order, as they are written there without `./`.
    pub tops: Vec<String>,
    /// Files, links and devices that were seen; directories are not counted.
    pub files: u64,
    /// What its programs run on.
    pub platform: Option<Platform>,
    /// The program that says so.
    pub read_from: Option<String>,
    /// What to run in it: a shell, where there is one.
    pub command: Vec<String>,
    /// Files that it deletes from what is below it: it is a layer then.
    pub whiteouts: u64,
}

/// What to do with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Load it: it holds images.
    Load,
    /// Import it: it is a filesystem, or a tar of files that may be one.
    Import,
    /// It is one layer of an image: alone it is of use only as a filesystem, whiteouts and all.
    ImportLayer,
    /// Push it with Helm: it is a chart.
    Chart,
    /// Get it again: it is cut or damaged.
    GetAgain,
    /// Nothing: it is something else.
    Nothing,
}

impl Advice {
    /// A stable word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Import => "import",
            Self::ImportLayer => "import_layer",
            Self::Chart => "chart",
            Self::GetAgain => "get_again",
            Self::Nothing => "nothing",
        }
    }

    /// In words, one next action.
    pub fn text(self) -> &'static str {
        match self {
            Self::Load => "Load it: `longshore load -i FILE`",
            Self::Import => {
                "This looks like an export: import it as an image with `longshore import FILE NAME:TAG`; \
                 its layers and settings were lost when it was exported"
            }
            Self::ImportLayer => {
                "This is one layer of an image, not all of it: find the whole archive, or import the layer as a \
                 filesystem with `longshore import FILE NAME:TAG`"
            }
            Self::Chart => "This is a Helm chart: `helm push FILE oci://REGISTRY/NAMESPACE`",
            Self::GetAgain => {
                "Copy it again: it was cut on its way here, is damaged, or is still being written"
            }
            Self::Nothing => {
                "Give a file of `docker save`, `podman save` or `longshore save`, an OCI layout, or a filesystem"
            }
        }
    }
}

impl Variant {
    /// Of which nothing is known but that it is listed.
    pub(super) fn unknown(manifest: Option<Descriptor>) -> Self {
        Self {
            platform: manifest.as_ref().and_then(|manifest| manifest.platform.clone()),
            manifest,
            config: None,
            artifact_type: None,
            attestation: false,
            layers: Vec::new(),
            complete: false,
        }
    }
}

/// Whether an image has the digest after a load or a save that it had before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DigestKept {
    /// The same bytes, the same digest.
    Yes,
    /// The archive has no manifest for it: one was made, and whoever makes one gets another digest than the registry has.
    NoManifest,
    /// Its layers were compressed anew.
    Recompressed,
    /// These platforms of its index do not go along; none of them are named where only attestations don't.
    LeftOut(Vec<Platform>),
}

impl DigestKept {
    /// Of what went in and what came out.
    pub fn of(before: &Digest, after: &Digest, left_out: &[Platform]) -> Self {
        if before == after { Self::Yes } else { Self::LeftOut(left_out.to_vec()) }
    }

    /// Whether it has.
    pub fn is_kept(&self) -> bool {
        *self == Self::Yes
    }

    /// Why it has, or has not: goes on after "because", without a final period.
    pub fn because(&self) -> String {
        match self {
            Self::Yes => "the manifests and the compressed layers are the same bytes".to_owned(),
            Self::NoManifest => {
                "the archive has no manifest for it, only its layers as they were unpacked: one was made here"
                    .to_owned()
            }
            Self::Recompressed => "its layers were compressed anew".to_owned(),
            Self::LeftOut(platforms) if platforms.is_empty() => {
                "its attestations do not go along, so its index is another".to_owned()
            }
            Self::LeftOut(platforms) => {
                let names: Vec<String> = platforms.iter().map(|platform| format!("`{platform}`")).collect();
                format!("{} of its index do not go along", names.join(", "))
            }
        }
    }
}
