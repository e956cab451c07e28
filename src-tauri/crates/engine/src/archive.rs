//! Archives of images: files that `docker save`, `podman save`, skopeo and Longshore write, and OCI layout folders.
//!
//! [`identify`] says what a file is and why, reading little of it. An [`Archive`] is opened once, told by its content (never by its name), and read at any place; of what is compressed
//! as a whole or comes through a pipe, which nobody can seek in, the blobs are kept as they pass. [`ArchiveSource`] gives
//! its images to a transfer, [`ArchiveSink`] takes one and writes a hybrid that `docker load` and OCI tools both read.
//!
//! Invariants:
//! - Links lead only to entries of the same archive; nothing of the file system outside is ever read.
//! - An archive is written beside its place and renamed when it is whole: what stood there stays until then.
//! - Blobs are taken as they are: the digests of what is saved survive.
//!
//! Sources: image-spec `image-layout.md`; moby `image/tarexport` (`manifest.json`, `repositories`).

mod compress;
mod contents;
mod destination;
mod detect;
mod docker;
mod elf;
mod entry;
mod facts;
mod folder;
mod foreign;
mod identify;
mod layout;
mod old;
mod open;
mod output;
mod sink;
mod source;
mod spool;
mod survey;

pub use crate::compression::Compression;
pub use contents::{Outline, outline};
pub use destination::Destination;
pub use detect::Kind;
pub use facts::{
    Advice, Candidate, DigestKept, Evidence, FilesystemFacts, Identified, ImageFacts, LayerFacts, Missing,
    Piece, Reading, Variant,
};
pub use folder::FolderSink;
pub use identify::{identify, identify_stream};
pub use open::Archive;
pub use sink::{ArchiveSink, Format};
pub use source::{ArchiveSource, Listed};
