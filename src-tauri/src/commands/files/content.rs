//! What a file holds: a look at it, its bytes, and a copy of it.

use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use engine::job::Job;
use engine::layers::preview::{self, Preview, Subject};
use engine::layers::{FileReader, Layers, Version};
use engine::place::{self, Writer};
use engine::rootfs::{self, Part};
use engine::{Code, Error, Result};

use crate::state::{Longshore, blocking};
use crate::trees::Tree;
use crate::wire::{FilePreview, HexPage, KeyValue, Package};

/// Bytes of a page of hexadecimal.
const PAGE: usize = 64 * 1024;

/// A look at a file: what a container sees, or what one layer has (1 is the base). Nothing of it is run, and nothing is
/// drawn that could be.
pub async fn preview_file(
    app: &Arc<Longshore>,
    tree: u64,
    node: u32,
    layer: Option<u32>,
) -> Result<FilePreview> {
    let open = app.trees().tree(tree)?;
    reading(app, move |job| {
        let version = open.version(node, layer)?;
        let Some(at) = open.stack.bytes_of(&version) else {
            return Ok(nothing(&version.node));
        };
        let index = &open.stack.layers()[at.0];
        let file = index.node(at.1);
        if !file.kind().has_bytes() {
            return Ok(nothing(&file));
        }
        if file.size() == 0 {
            return Ok(FilePreview::Nothing { why: "The file is empty".to_owned() });
        }
        let Some((bytes, size)) = read_start(&open, node, &version, job)? else { return Ok(nothing(&file)) };
        let path = open.stack.full_path(node);
        let subject = Subject { path: path.strip_prefix(b"/").unwrap_or(&path), size, bytes: &bytes };
        Ok(shown(preview::preview(&subject), &bytes, size))
    })
    .await
}

/// Bytes of a file from a place on, at most 64 KiB.
pub async fn file_bytes(
    app: &Arc<Longshore>,
    tree: u64,
    node: u32,
    layer: Option<u32>,
    offset: u64,
) -> Result<HexPage> {
    let open = app.trees().tree(tree)?;
    reading(app, move |job| {
        let version = open.version(node, layer)?;
        let at = open.stack.bytes_of(&version).ok_or_else(no_bytes)?;
        let size = open.stack.layers()[at.0].node(at.1).size();
        let bytes = read(&open, at, offset, PAGE, job)?;
        Ok(HexPage { offset: offset.min(size), base64: STANDARD.encode(&bytes), size })
    })
    .await
}

/// Copies a file out of a tree, as it is after a layer.
pub async fn write_file(
    app: &Arc<Longshore>,
    tree: u64,
    node: u32,
    layer: Option<u32>,
    to: PathBuf,
) -> Result<()> {
    let open = app.trees().tree(tree)?;
    reading(app, move |job| {
        let version = open.there(node, layer)?;
        let at = open.stack.bytes_of(&version).ok_or_else(no_bytes)?;
        let reader = FileReader::open(&open.layers, at.0, &open.stack.layers()[at.0], at.1, job)?;
        place::write(&to, |out| copy(reader, out, &to))?;
        Ok(())
    })
    .await
}

/// Copies a folder out of a tree as a tar, as it is after a layer; what of it no file system can have.
pub async fn write_folder(
    app: &Arc<Longshore>,
    tree: u64,
    node: u32,
    layer: Option<u32>,
    to: PathBuf,
) -> Result<Vec<String>> {
    let open = app.trees().tree(tree)?;
    reading(app, move |job| {
        let part = Part { folder: open.check(node)?, layers: open.after(layer)? };
        let (done, _) = place::write(&to, |out| {
            rootfs::export(&open.layers, &open.stack, part, out, job, &|_| {}).map(|(_, done)| done)
        })?;
        Ok(done.left_out)
    })
    .await
}

/// Copies a layer as it is stored; 0 is the base.
pub async fn write_stored(app: &Arc<Longshore>, layers: Layers, layer: usize, to: PathBuf) -> Result<()> {
    reading(app, move |job| {
        let reader = layers.open(layer, job)?;
        place::write(&to, |out| copy(reader, out, &to))?;
        Ok(())
    })
    .await
}

fn copy(mut from: impl Read, out: &mut Writer, to: &Path) -> Result<()> {
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let count = from.read(&mut buffer).map_err(damaged)?;
        if count == 0 {
            return Ok(());
        }
        out.write_all(&buffer[..count]).map_err(|error| engine::store::io_error(to, "write", error))?;
    }
}

/// What a look at a file needs of it, and its size; none of what has no bytes.
pub fn read_start(tree: &Tree, path: u32, version: &Version<'_>, job: &Job) -> Result<Option<(Bytes, u64)>> {
    let Some(at) = tree.stack.bytes_of(version) else { return Ok(None) };
    let node = tree.stack.layers()[at.0].node(at.1);
    if !node.kind().has_bytes() {
        return Ok(None);
    }
    let name = tree.stack.full_path(path);
    let most = preview::wanted(name.strip_prefix(b"/").unwrap_or(&name), node.size());
    Ok(Some((read(tree, at, 0, most, job)?, node.size())))
}

/// Reads beside the tasks that must not wait; a page that goes away ends it.
pub async fn reading<T: Send + 'static>(
    app: &Arc<Longshore>,
    work: impl FnOnce(&Job) -> Result<T> + Send + 'static,
) -> Result<T> {
    let mut page = app.page();
    page.mark_unchanged();
    let job = Job::silent();
    let inner = job.clone();
    tokio::select! {
        outcome = blocking(move || work(&inner)) => outcome,
        _ = page.changed() => {
            job.cancel();
            Err(Error::cancelled())
        }
    }
}

/// Bytes of a file. A small one is kept, all of it, so that the next page of it costs nothing.
fn read(tree: &Tree, at: (usize, u32), offset: u64, most: usize, job: &Job) -> Result<Bytes> {
    let cut = |bytes: &Bytes| {
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        bytes.slice(from..from.saturating_add(most).min(bytes.len()))
    };
    if let Some(held) = tree.held(at) {
        return Ok(cut(&held));
    }
    let index = &tree.stack.layers()[at.0];
    let size = index.node(at.1).size();
    let (skip, take) = if size <= crate::trees::KEPT as u64 { (0, size) } else { (offset, most as u64) };
    let reader = FileReader::open_at(&tree.layers, at.0, index, at.1, skip, job)?;
    let mut bytes = Vec::new();
    reader.take(take).read_to_end(&mut bytes).map_err(damaged)?;
    let bytes = Bytes::from(bytes);
    if skip == 0 && take == size {
        tree.hold(at, &bytes);
        return Ok(cut(&bytes));
    }
    Ok(bytes)
}

/// An engine's own error comes through a reader inside an error of reading.
fn damaged(error: std::io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(own) => own,
        Err(other) => Error::new(Code::ArchiveInvalid, "the layer can't be read up to this file")
            .with_hint("Pull the image again: its layer is damaged")
            .with_source(other),
    }
}

fn no_bytes() -> Error {
    Error::new(Code::NotFound, "there are no bytes to show").with_hint("Choose a file")
}

fn nothing(node: &engine::layers::Node<'_>) -> FilePreview {
    use engine::tar::Kind;
    let why = match node.kind() {
        Kind::Directory => "A folder has no bytes of its own",
        Kind::Symlink => "A symbolic link has no bytes of its own",
        Kind::HardLink => "The file that this name leads to is not in these layers",
        Kind::CharDevice | Kind::BlockDevice => "A device has no bytes here",
        Kind::Fifo => "A pipe has no bytes here",
        Kind::File | Kind::Other(_) => "It has no bytes",
    };
    FilePreview::Nothing { why: why.to_owned() }
}

fn shown(preview: Preview, bytes: &Bytes, size: u64) -> FilePreview {
    let hex =
        |bytes: &[u8]| HexPage { offset: 0, base64: STANDARD.encode(&bytes[..bytes.len().min(PAGE)]), size };
    match preview {
        Preview::Text { text, language, whole } => {
            FilePreview::Text { text, language: language.map(str::to_owned), whole, size }
        }
        Preview::Image { mime, width, height } => {
            FilePreview::Image { mime: mime.to_owned(), base64: STANDARD.encode(bytes), width, height }
        }
        Preview::Program(program) => FilePreview::Program {
            fields: program.fields.into_iter().map(|(key, value)| KeyValue::new(key, value)).collect(),
            needed: program.needed,
            hex: hex(bytes),
        },
        Preview::Packages { database, packages } => FilePreview::Packages {
            database: database.to_owned(),
            packages: packages
                .into_iter()
                .map(|package| Package {
                    name: package.name,
                    version: package.version,
                    architecture: package.architecture,
                    licence: package.licence,
                    size: package.size,
                })
                .collect(),
        },
        Preview::Bytes { what } => FilePreview::Hex { what: what.to_owned(), hex: hex(bytes) },
    }
}
