//! A flat filesystem, as `docker export` or `tar` writes one, made into an image of one layer.
//!
//! The file is read once, from its beginning to its end: that gives the layer's digest, its diff ID, and what is odd
//! about it. What comes from a pipe, and what no layer may be compressed with, is put into a temporary file on the way;
//! a file stays where it is and is read again when the layer moves. Memory is flat in the size of the filesystem.
//!
//! Invariants:
//! - The same file and the same options give the same image. A filesystem that is not compressed, or is with gzip or
//!   zstd, is the layer byte for byte; bzip2 and xz, which no layer may be, become gzip.
//! - The image's time is the one it is given, or else that of the newest file in it; the clock is not asked.
//! - A file that changes between the two readings is refused by its digest, and nothing of it gets a name.
//!
//! Sources: moby `daemon/images/image_import.go` (what `docker import` makes), image-spec `config.md` and `layer.md`.
//! Deliberately absent: images in archives (`archive` loads those), and a look at what the files are.

mod change;
mod health;
mod scan;
mod source;
mod words;

use std::io::Read;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::media_type;
use oci::platform::Platform;
use serde_json::json;

pub use change::Changes;
pub use source::ImportSource;

use crate::compression::Compression;
use crate::endpoint::Document;
use crate::error::{Code, Error, Result};
use crate::job::Job;
use scan::Scanned;

/// Where the filesystem is.
pub enum Input {
    /// A file that can be read again, or a pipe with a name.
    File(PathBuf),
    /// A stream, read once.
    Stream {
        /// Its bytes.
        bytes: Box<dyn Read + Send>,
        /// What errors and the history call it: `-` for the standard input, as Docker does.
        name: String,
    },
}

/// What the image is to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// What its programs run on.
    pub platform: Platform,
    /// How it runs.
    pub changes: Changes,
    /// The comment of its history; else `Imported from FILE`, as Docker writes.
    pub message: Option<String>,
    /// When it was made; else when the newest file in it was changed, else 1970.
    pub created: Option<Timestamp>,
}

/// Reads the filesystem and makes the image. Blocks. `spool` is a folder for a temporary file, where one is needed.
///
/// What is odd is told to `job` as a warning.
///
/// # Errors
/// [`Code::ArchiveInvalid`] where it is no tar, a damaged one, an archive of images, or holds no file;
/// [`Code::NotFound`] where there is no file; [`Code::StoreFull`] where the temporary file has no room;
/// [`Code::Cancelled`] within the reading of one buffer.
pub fn read(input: Input, spool: &Path, options: &Options, job: &Job) -> Result<ImportSource> {
    let name = match &input {
        Input::File(path) => path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
        Input::Stream { name, .. } => name.clone(),
    };
    let scanned = scan::scan(input, spool, job)?;
    for warning in &scanned.warnings {
        job.emit(crate::job::TransferEvent::Warned { message: warning.clone() });
    }
    let layer_type = match scanned.compression {
        Compression::Gzip => media_type::OCI_LAYER_GZIP,
        Compression::Zstd => media_type::OCI_LAYER_ZSTD,
        _ => media_type::OCI_LAYER,
    };
    let layer = Descriptor::new(layer_type, scanned.digest.clone(), scanned.size);
    let config = config(&scanned, &name, options)?;
    let config_descriptor =
        Descriptor::new(media_type::OCI_CONFIG, Digest::sha256(&config), config.len() as u64);
    let manifest = text(&json!({
        "schemaVersion": 2,
        "mediaType": media_type::OCI_MANIFEST,
        "config": config_descriptor,
        "layers": [layer],
    }))?;
    let descriptor =
        Descriptor::new(media_type::OCI_MANIFEST, Digest::sha256(&manifest), manifest.len() as u64);
    let manifest = Document { descriptor, bytes: manifest.into() };
    Ok(ImportSource::new(manifest, (config_descriptor, config.into()), layer, scanned.file, name))
}

/// The image's config. Fields are those that `docker import` writes, in one order.
fn config(scanned: &Scanned, name: &str, options: &Options) -> Result<Vec<u8>> {
    let newest = Timestamp::from_second(scanned.newest).unwrap_or(Timestamp::UNIX_EPOCH);
    let created = options.created.unwrap_or(newest).to_string();
    let comment = options.message.clone().unwrap_or_else(|| format!("Imported from {name}"));
    let platform = &options.platform;
    let mut config = json!({
        "created": created,
        "architecture": platform.architecture,
        "os": platform.os,
        "config": options.changes.config(),
        "rootfs": { "type": "layers", "diff_ids": [scanned.diff_id] },
        "history": [{ "created": created, "comment": comment }],
    });
    if let Some(variant) = &platform.variant {
        config["variant"] = json!(variant);
    }
    if let Some(version) = &platform.os_version {
        config["os.version"] = json!(version);
    }
    text(&config)
}

fn text(value: &serde_json::Value) -> Result<Vec<u8>> {
    serde_json::to_vec(value)
        .map_err(|problem| Error::new(Code::Internal, "JSON can't be written down").with_source(problem))
}
