//! Archives: files and folders that a person gave, what they are, and what can be made of them or of an image.
//!
//! The page never sees a path that it could give back: a file is known by its id, from the drop, the dialog or the
//! command line that brought it until the window closes.

mod assemble;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::KeyValue;
use super::push::Origin;
use super::reference::Breakdown;

/// A file or a folder that was dropped, opened or named on the command line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct GivenFile {
    pub id: u64,
    /// its last part, escaped for display
    pub name: String,
    /// the folder that it is in, for people: `~/Downloads`
    pub place: String,
    /// bytes; null for a folder
    pub size: Option<u64>,
    pub folder: bool,
}

/// What happens with files over the window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum FilesEvent {
    /// A drag came in: the names of what it carries.
    Over { names: Vec<String> },
    /// It left again.
    Left,
    /// Files were dropped, opened by their association, or named on the command line.
    Given { files: Vec<GivenFile> },
}

/// What an archive is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ArchiveKind {
    /// An OCI layout and a Docker archive at once (Docker 25 and later, Longshore).
    Hybrid,
    /// An OCI layout in a tar.
    Oci,
    /// An OCI layout in a folder.
    Layout,
    /// `manifest.json` with configs and layers.
    Docker,
    /// `repositories` and a folder for each layer (before Docker 1.10).
    DockerOld,
    /// The files of a container.
    RootFilesystem,
    /// One layer of an image.
    Layer,
    /// A Helm chart.
    Chart,
    /// A tar of something else.
    Tar,
    /// No archive.
    Foreign,
}

/// One of the kinds that were thought of, and what speaks for or against it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct ArchiveEvidence {
    /// `OCI archive`, `Docker archive`, `Root filesystem`
    pub title: String,
    /// Whether it is this.
    pub chosen: bool,
    /// `Has`, `Would have`, `Starts at`, `Would start at`
    pub says: String,
    /// Names of entries: `oci-layout`, `index.json`; `bin`, `etc`, `usr`.
    pub names: Vec<String>,
}

/// Everything of the import sheet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ArchiveView {
    /// of the file
    pub id: u64,
    pub name: String,
    pub kind: ArchiveKind,
    /// `OCI archive`, `Helm chart`, `Zip archive`
    pub title: String,
    /// Three cards, the chosen one among them where it is one of the three.
    pub evidence: Vec<ArchiveEvidence>,
    /// gzip, bzip2, xz, zstd of the whole file; null where there is none
    pub compression: Option<String>,
    /// bytes of the file; of a folder all that it holds
    pub size: u64,
    /// bytes unpacked; null where it was not read to its end
    pub unpacked: Option<u64>,
    /// entries seen
    pub entries: u64,
    /// Whether all of it was read.
    pub whole: bool,
    /// milliseconds that reading took
    pub elapsed: u64,
    /// What it can be used for when it is no image: a sentence, no final period.
    pub advice: Option<String>,
    pub images: Vec<ArchiveImage>,
    /// What is wrong with it as a whole, sentences without a final period.
    pub problems: Vec<String>,
    /// For a root filesystem and a single layer; else null.
    pub filesystem: Option<FilesystemView>,
    /// Whether the digests of all layers were checked while it was read; else they are while it is loaded.
    pub checked: bool,
    /// `docker load -i FILE`, `docker import FILE NAME`
    pub command: String,
}

/// One image of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ArchiveImage {
    /// Its place in the archive, from 0.
    pub index: u32,
    pub digest: String,
    pub media_type: String,
    pub names: Vec<ArchiveName>,
    pub platforms: Vec<String>,
    /// Base first; of several platforms each digest once.
    pub layers: Vec<ArchiveLayer>,
    /// bytes of config and layers
    pub size: u64,
    /// bytes that are not on this computer yet
    pub new_bytes: u64,
    /// Parts that are not in the archive, by name; such an image can't be loaded.
    pub missing: Vec<String>,
}

/// What giving a name to an image of an archive would do here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum NameState {
    New,
    Same,
    /// The name stands for another image here.
    Moves,
    /// It is written there, and is no reference.
    Invalid,
}

/// A name that an archive gives to an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct ArchiveName {
    /// as it is written there
    pub name: String,
    /// null where it is no reference
    pub breakdown: Option<Breakdown>,
    pub state: NameState,
    /// What it stands for here, where that is another image.
    pub previous: Option<String>,
}

/// One layer of an image of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct ArchiveLayer {
    pub digest: String,
    /// bytes as it is stored
    pub size: u64,
    /// Whether it is on this computer.
    pub here: bool,
}

/// What a root filesystem or a layer shows of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FilesystemView {
    /// The names at its top, sorted.
    pub top: Vec<String>,
    /// regular files
    pub files: u64,
    /// `linux/arm64`, and the program that it was read from; null where none was found
    pub platform: Option<String>,
    pub platform_from: Option<String>,
    /// A shell that it has: `/bin/sh`.
    pub command: Option<String>,
    /// A name made of the file's: `container-fs:imported`.
    pub suggested_name: String,
}

/// An image of an archive that is to be loaded, with the names that it gets.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, TS)]
pub struct LoadImage {
    pub index: u32,
    /// of those in the archive, as they are written there; empty: by its digest alone
    pub names: Vec<String>,
}

/// What to load.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, TS)]
pub struct LoadRequest {
    /// of the file
    pub file: u64,
    pub images: Vec<LoadImage>,
    /// Whether names that stand for other images here are moved; without it such a load fails before it begins.
    pub replace: bool,
    /// Straight to a registry under this name (one image), without storing; null: onto this computer.
    pub destination: Option<String>,
}

/// What to import.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, TS)]
pub struct ImportRequest {
    /// of the file
    pub file: u64,
    pub name: String,
    pub platform: Option<String>,
    /// Lines of a Dockerfile, as `docker import --change` takes them: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, USER,
    /// VOLUME, WORKDIR.
    pub changes: Vec<String>,
    /// kept in the history
    pub message: Option<String>,
    /// Whether a name that stands for another image here is moved.
    pub replace: bool,
}

/// An image that is to be saved or exported.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, TS)]
pub struct SaveSource {
    pub input: String,
    pub from: Origin,
    /// null: all that are there (save), the default one (export)
    pub platform: Option<String>,
}

/// What a saved archive and an exported filesystem would have, side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SavePlan {
    /// familiar
    pub title: String,
    /// tags that the saved archive names
    pub tags: Vec<String>,
    pub platforms: Vec<String>,
    /// Base first: their stored sizes, bytes.
    pub layers: Vec<ArchiveLayer>,
    /// bytes of an uncompressed archive
    pub save_bytes: u64,
    /// Entries of the saved archive in order, the first of many.
    pub save_entries: Vec<PlannedEntry>,
    /// The names at the top of the exported filesystem.
    pub export_top: Vec<String>,
    /// bytes of the exported files; null where the layers have to be read first
    pub export_bytes: Option<u64>,
    pub export_entries: Vec<PlannedEntry>,
    /// What the config says that an export loses: `Env` of 4, `Cmd` …
    pub settings: Vec<KeyValue>,
    /// Whether loading it again gives the same digest, and why.
    pub digest_preserved: bool,
    pub digest_note: String,
    /// without an ending: `myapp-v1`
    pub suggested_name: String,
}

/// An entry of an archive that would be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct PlannedEntry {
    pub name: String,
    /// bytes
    pub size: u64,
    /// what it is, for people: `layer 3`, `config`, `names and tags`
    pub note: String,
}

/// How an archive is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum SaveFormat {
    /// An OCI layout that `docker load` reads too.
    Hybrid,
    /// An OCI layout alone.
    Oci,
    /// An OCI layout as a folder.
    Folder,
}

/// How an archive is compressed as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Squeeze {
    None,
    Gzip,
    Zstd,
}

/// What to save, and how.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, TS)]
pub struct SaveRequest {
    pub images: Vec<SaveSource>,
    pub format: SaveFormat,
    pub compression: Squeeze,
}

/// What to export, and how.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, TS)]
pub struct ExportRequest {
    pub image: SaveSource,
    pub compression: Squeeze,
}

/// What is dragged out of the window.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum DragItem {
    /// An image, as a saved archive.
    Image { source: SaveSource },
    /// A layer, as it is stored.
    Layer { input: String, digest: String },
    /// A layer of an open tree (see `open_tree`), as it is stored, wherever that is; 1 is the base.
    Stored { tree: u64, layer: u32 },
    /// A file of an open tree, or a folder as a tar, as it is after a layer; null: what a container sees.
    File { tree: u64, node: u32, layer: Option<u32> },
}

/// Something that was saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SavedItem {
    /// its place, for people
    pub place: String,
    /// What of a folder no file system can have, a sentence each.
    pub left_out: Vec<String>,
}

/// A container engine on this computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct DaemonView {
    pub id: String,
    /// `Docker`, `Podman`
    pub name: String,
    /// its version; null where it did not answer
    pub version: Option<String>,
    /// where it listens, for people
    pub place: String,
}

/// An image that a container engine has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct DaemonImage {
    pub id: String,
    pub names: Vec<String>,
    /// bytes unpacked
    pub size: u64,
    pub created: Option<String>,
    /// its names that stand for something else here: they move when it is taken
    pub moves: Vec<MovingName>,
}

/// A name that stands for an image here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct MovingName {
    /// as the engine writes it
    pub name: String,
    /// the digest that it stands for now
    pub previous: String,
}
