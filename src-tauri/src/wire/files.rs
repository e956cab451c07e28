//! What is inside layers: trees, views on them, and what files hold.
//!
//! A tree is opened once for an image and stays in the engine; the page asks for the rows that it shows. Nodes are
//! numbers of one tree. Names of files are bytes in the engine; here they are escaped for display.

mod convert;
mod detail;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::KeyValue;
use super::image::LookIn;

pub use convert::shown_path;

/// Whose layers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum LayersOf {
    /// An image of a registry or of this computer.
    Image { input: String, from: LookIn, platform: Option<String> },
    /// An image of an archive, which is read where it lies.
    Archive { file: u64, image: u32, platform: Option<String> },
    /// A root filesystem or a single layer in a file.
    File { file: u64 },
}

/// How far the layers of a tree are indexed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct TreeProgress {
    /// 1 is the base
    pub layer: u32,
    /// bytes of it that were read, as it is stored
    pub done: u64,
    pub total: u64,
    /// entries found so far
    pub entries: u64,
    /// over the network: bytes that were fetched for it
    pub fetched: u64,
}

/// Where a layer's list of files came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum IndexedBy {
    /// An index that was kept.
    Cache,
    /// Its bytes were read, here.
    Reading,
    /// Its bytes were streamed from the registry, once.
    Streaming,
    /// Its own table of contents was fetched (eStargz, zstd:chunked).
    Contents,
}

/// An open tree.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TreeHead {
    pub id: u64,
    pub title: String,
    /// base first
    pub layers: Vec<TreeLayer>,
    /// entries that a container sees
    pub files: u64,
    /// bytes that a container sees
    pub merged_bytes: u64,
    /// bytes of all layers, unpacked
    pub unpacked_bytes: u64,
    /// 0 to 1, as dive defines it
    pub efficiency: f64,
    /// stored and sent, but no container can see it, bytes
    pub wasted_bytes: u64,
    /// over the network: bytes fetched to know all this, of how many
    pub fetched: Option<u64>,
    pub fetchable: Option<u64>,
}

/// A tree that was just opened, and with it a view on what a container sees: its folders are closed.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub struct OpenedTree {
    pub tree: TreeHead,
    pub view: FileViewHead,
    /// the first ones of the view, as many as were asked for
    pub rows: Vec<FileRow>,
}

/// One layer of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TreeLayer {
    /// 1 is the base
    pub number: u32,
    pub digest: String,
    /// `RUN npm ci`
    pub label: String,
    /// bytes as it is sent
    pub transfer_bytes: u64,
    /// bytes of its files
    pub unpacked_bytes: u64,
    /// what a container sees of it, bytes
    pub net_bytes: u64,
    pub added: u64,
    pub modified: u64,
    pub removed: u64,
    pub indexed_by: IndexedBy,
    /// Why its list of files is not whole: `The archive ends at byte 12,288`.
    pub incomplete: Option<String>,
}

/// Which files a view has.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum FileScope {
    /// What one layer brings and takes, in the tree below it; 1 is the base.
    Layer { layer: u32 },
    /// What a container would see with the layers up to this one.
    Upto { layer: u32 },
    /// What a container sees.
    Merged,
    /// What changed from one layer's state to another's.
    Between { from: u32, to: u32 },
}

/// What is left out of a view. Everything that is set must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FileFilter {
    /// part of a path; with `*`, `?` or `[` a glob; empty: all
    pub text: String,
    pub changes: Vec<FileChange>,
    /// at least so many bytes
    pub min_size: Option<u64>,
    pub setuid: bool,
    pub owner: Option<u64>,
    /// What its first bytes are; null: any.
    pub content: Option<FileContent>,
}

/// What a file holds, by its first bytes; `text` is also scripts, JSON, markup and keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum FileContent {
    Text,
    Script,
    Json,
    Markup,
    Key,
    Program,
    Bytecode,
    Image,
    Media,
    Archive,
    Database,
    Packages,
    Document,
    Font,
    Data,
}

/// What happened to a file, beside the layers below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum FileChange {
    Added,
    Modified,
    Removed,
    Unchanged,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum FileKind {
    Directory,
    File,
    Symlink,
    Hardlink,
    Character,
    Block,
    Fifo,
    Other,
}

/// An open view: a tree with some folders open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct FileViewHead {
    pub id: u64,
    pub tree: u64,
    /// visible rows
    pub rows: u64,
    /// files that pass the filter
    pub matches: u64,
    pub added: u64,
    pub modified: u64,
    pub removed: u64,
    /// bytes of all files in it
    pub bytes: u64,
}

/// Rows of a view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct FileRows {
    pub total: u64,
    /// of the first one
    pub offset: u64,
    pub rows: Vec<FileRow>,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FileRow {
    pub node: u32,
    /// 0 at the top
    pub depth: u32,
    pub name: String,
    pub kind: FileKind,
    pub change: FileChange,
    /// layers that have it, the highest last; of a folder those that have something in it
    pub layers: Vec<u32>,
    /// bytes; of a folder all that is in it
    pub size: u64,
    /// `-rw-r--r--`
    pub mode: String,
    pub uid: u64,
    pub gid: u64,
    /// target of a link
    pub link: Option<String>,
    pub open: bool,
    /// how many entries a folder has in this view
    pub children: u64,
    /// `whiteout`, `opaque`, `mode was -rw-------`, between two layers `moved from /etc/a`
    pub note: Option<String>,
    /// between two layers: the path that the same bytes had before, or have after
    pub moved: Option<u32>,
    /// Its name is not what it seems: bytes that are no UTF-8, `..`, control or direction characters.
    pub odd: bool,
    /// It passes the filter itself, and is not only on the way to one that does.
    pub matched: bool,
    /// Its place among its siblings from 1, and how many there are, for screen readers.
    pub position: u64,
    pub siblings: u64,
}

/// What was found in a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct FoundFile {
    /// its row in the view, every folder above it open
    pub row: u64,
    pub node: u32,
    /// `2 of 118`
    pub position: u64,
    pub total: u64,
    /// the view, whose rows may be more now
    pub view: FileViewHead,
}

/// Everything of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct FileDetail {
    pub node: u32,
    /// absolute, escaped for display
    pub path: String,
    pub kind: FileKind,
    pub size: u64,
    pub mode: String,
    pub uid: u64,
    pub gid: u64,
    /// RFC 3339
    pub modified: Option<String>,
    pub link: Option<String>,
    pub xattrs: Vec<KeyValue>,
    /// `major, minor` of a device
    pub device: Option<String>,
    /// The highest layer first.
    pub history: Vec<FileVersion>,
    /// `It can run as its owner (setuid)`, `Its name has a right-to-left mark`: sentences without a final period
    pub flags: Vec<String>,
}

/// One layer's version of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct FileVersion {
    pub layer: u32,
    /// `added here`, `replaced here`, `removed here`, `hidden by layer 6`
    pub what: String,
    /// bytes; null where it was removed
    pub size: Option<u64>,
    /// Whether a container sees this one.
    pub visible: bool,
}

/// What a file holds, as far as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum FilePreview {
    /// UTF-8, at most a mebibyte of it; `language` by name and content: `json`, `shell`, `python`; null: plain
    Text { text: String, language: Option<String>, whole: bool, size: u64 },
    /// PNG, JPEG, GIF, WebP or BMP, base64, at most 8 MiB; never SVG
    Image { mime: String, base64: String, width: u32, height: u32 },
    /// The headers of a program.
    Program { fields: Vec<KeyValue>, needed: Vec<String>, hex: HexPage },
    /// A package database: what is installed.
    Packages { database: String, packages: Vec<Package> },
    /// Anything else, as bytes.
    Hex { what: String, hex: HexPage },
    /// There is nothing to show: a folder, a device, an empty file.
    Nothing { why: String },
}

/// Bytes of a file, from a place in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct HexPage {
    pub offset: u64,
    /// at most 64 KiB, base64
    pub base64: String,
    pub size: u64,
}

/// An installed package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Package {
    pub name: String,
    pub version: String,
    pub architecture: Option<String>,
    pub licence: Option<String>,
    /// bytes installed
    pub size: Option<u64>,
}

/// Stored and sent, but no container can see it.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct WasteReport {
    /// 0 to 1
    pub efficiency: f64,
    pub wasted_bytes: u64,
    /// The costliest first, at most a thousand.
    pub files: Vec<WastedFile>,
    pub total_files: u64,
    /// The same content under several names or in several layers; empty until `find_duplicates` was asked.
    pub note: Option<String>,
}

/// One path of the waste.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct WastedFile {
    pub path: String,
    /// null where nothing is left of it in the merged tree
    pub node: Option<u32>,
    pub bytes: u64,
    /// `added 2, removed 6`, `written twice, 5 and 6`
    pub what: String,
    pub layers: Vec<u32>,
}

/// Files with one content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct DuplicateGroup {
    /// bytes of one of them
    pub size: u64,
    pub digest: String,
    /// bytes that would be saved
    pub wasted: u64,
    pub files: Vec<DuplicateFile>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct DuplicateFile {
    pub path: String,
    pub layer: u32,
    pub node: u32,
}

/// A rectangle of the treemap: where it is in a square of 1 by 1 is the page's to work out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct MapItem {
    pub node: u32,
    /// node of the folder that it is in; null at the top
    pub parent: Option<u32>,
    pub name: String,
    pub size: u64,
    pub kind: FileKind,
    pub change: FileChange,
    /// A rest: how many small ones are drawn together.
    pub rest: u64,
}

/// What changed with a file between two images or layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum FileDifference {
    Added,
    Removed,
    Changed,
    Moved,
}

/// Two trees file by file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct FileComparison {
    pub id: u64,
    pub added: u64,
    pub removed: u64,
    pub changed: u64,
    pub moved: u64,
    /// rows in all
    pub rows: u64,
}

/// One file that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DifferentFile {
    pub path: String,
    /// where it was, of a moved one
    pub was: Option<String>,
    pub difference: FileDifference,
    pub kind: FileKind,
    /// bytes
    pub size_a: Option<u64>,
    pub size_b: Option<u64>,
    pub node_a: Option<u32>,
    pub node_b: Option<u32>,
    /// `mode -rw-r--r-- to -rwxr-xr-x`, `owner 0:0 to 1000:1000`, `content`
    pub what: String,
}

/// A page of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct DifferentFiles {
    pub total: u64,
    pub offset: u64,
    pub rows: Vec<DifferentFile>,
}

/// One line of a text diff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct DiffLine {
    /// null where it is not there
    pub a: Option<u32>,
    pub b: Option<u32>,
    pub text: String,
}

/// A file as it is after a layer; 1 is the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, TS)]
pub struct FileVersionOf {
    pub node: u32,
    pub layer: u32,
}

/// Two texts beside one another; `lines` is null where one of them is no text, or too long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct TextDiff {
    pub lines: Option<Vec<DiffLine>>,
    pub why: Option<String>,
}
