//! What passes by once and is needed again: the blobs of an archive that can't be sought in, each in a file of its own. One
//! thread hashes and writes them, while the next bytes are read and unpacked.
//!
//! A file beside a store's partial downloads becomes the store's blob by being renamed: nothing is written twice. Each is
//! locked for as long as somebody needs it, and then deleted; those that a killed program left go with the next archive.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};

use oci::descriptor::Descriptor;
use oci::digest::{Algorithm, Digest, Hasher};
use tempfile::{NamedTempFile, TempPath};

use crate::endpoint::Spare;
use crate::error::{Code, Error, Result};
use crate::place::sweep;

/// What the files are called.
const PREFIX: &str = "unpacked-";
/// So many blobs have a file of their own, which stays open; the others share one, and are written again where they go.
const OWN: u32 = 256;
/// What is read at a time, bytes.
const PIECE: usize = 256 * 1024;
/// Pieces between whoever reads and the thread that writes.
const DEPTH: usize = 8;

/// Bytes that were kept.
pub(super) struct Kept {
    file: Arc<File>,
    /// Where the file is, where nothing else is in it.
    own: Option<TempPath>,
    offset: u64,
    length: u64,
    digest: Digest,
}

impl Kept {
    /// A whole file, whose bytes were hashed.
    pub(super) fn whole(file: NamedTempFile, length: u64, digest: Digest) -> Self {
        let (file, path) = file.into_parts();
        Self { file: Arc::new(file), own: Some(path), offset: 0, length, digest }
    }

    /// Bytes.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Of its bytes, as they were written.
    pub(super) fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Its file, where its bytes are those of a blob and nothing else is in it.
    pub(super) fn spare(&self, blob: &Descriptor) -> Option<Spare> {
        let path = self.own.as_ref().filter(|_| self.digest == blob.digest && self.length == blob.size)?;
        Some(Spare { file: self.file.clone(), path: path.to_path_buf() })
    }

    pub(super) fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        self.file.read_at(buffer, self.offset + at)
    }
}

/// Why something was not kept.
pub(super) enum Trouble {
    /// It could not be read to its end.
    Read(io::Error),
    /// It could not be written.
    Write(io::Error),
}

/// A folder to keep blobs in.
pub(super) struct Spool {
    folder: PathBuf,
    own: u32,
    /// The file that small archives don't need, and its length.
    shared: Option<(Arc<File>, u64)>,
    orders: SyncSender<Order>,
    /// The thread could not write: there is no use in reading on.
    failed: Arc<AtomicBool>,
}

enum Order {
    Begin(Arc<File>, u64, Algorithm),
    Piece(Vec<u8>),
    End(SyncSender<io::Result<Digest>>),
}

impl Spool {
    /// Nothing is made before there is something to keep.
    pub fn new(folder: &Path) -> Self {
        sweep(folder, PREFIX);
        let (orders, waiting) = mpsc::sync_channel(DEPTH);
        let failed = Arc::new(AtomicBool::new(false));
        let flag = failed.clone();
        // Ends with the channel.
        std::thread::spawn(move || write(&waiting, &flag));
        Self { folder: folder.to_owned(), own: 0, shared: None, orders, failed }
    }

    /// Keeps `start` and what follows it in `rest`.
    pub fn keep(
        &mut self,
        start: Vec<u8>,
        rest: &mut impl Read,
        algorithm: Algorithm,
    ) -> Result<Kept, Trouble> {
        let (file, own, offset) = self.place().map_err(Trouble::Write)?;
        let gone = |_| Trouble::Write(io::Error::other("the thread that writes is gone"));
        self.orders.send(Order::Begin(file.clone(), offset, algorithm)).map_err(gone)?;
        let mut length = start.len() as u64;
        self.orders.send(Order::Piece(start)).map_err(gone)?;
        while !self.failed.load(Ordering::Relaxed) {
            let mut piece = Vec::with_capacity(PIECE);
            rest.by_ref().take(PIECE as u64).read_to_end(&mut piece).map_err(Trouble::Read)?;
            if piece.is_empty() {
                break;
            }
            length += piece.len() as u64;
            self.orders.send(Order::Piece(piece)).map_err(gone)?;
        }
        let (tell, told) = mpsc::sync_channel(1);
        self.orders.send(Order::End(tell)).map_err(gone)?;
        let ended = told.recv().unwrap_or_else(|_| Err(io::Error::other("the thread that writes is gone")));
        let digest = ended.map_err(Trouble::Write)?;
        if let (None, Some((_, end))) = (&own, &mut self.shared) {
            *end += length;
        }
        Ok(Kept { file, own, offset, length, digest })
    }

    /// Where the next blob goes.
    fn place(&mut self) -> io::Result<(Arc<File>, Option<TempPath>, u64)> {
        if self.own < OWN {
            self.own += 1;
            let (file, path) = file_in(&self.folder)?.into_parts();
            return Ok((Arc::new(file), Some(path), 0));
        }
        if self.shared.is_none() {
            self.shared = Some((Arc::new(tempfile::tempfile_in(&self.folder)?), 0));
        }
        let (file, end) = self.shared.as_ref().expect("it was just made");
        Ok((file.clone(), None, *end))
    }

    /// The error for what could not be written.
    pub fn full(&self, name: &str, error: io::Error) -> Error {
        let what = format!("`{name}` can't be unpacked into `{}`", self.folder.display());
        let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        let (code, hint) = match full {
            true => {
                (Code::StoreFull, "Free some space there, or unpack the archive elsewhere and give the tar")
            }
            false => (Code::StoreFailed, "Check the folder's permissions"),
        };
        Error::new(code, what).with_hint(hint).with_source(error)
    }
}

/// A file in a folder of temporary files, locked, for everybody to read as far as the umask lets them: it may become a blob.
pub(super) fn file_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mode = std::fs::Permissions::from_mode(0o666);
    let file = tempfile::Builder::new().prefix(PREFIX).permissions(mode).tempfile_in(folder)?;
    let _ = file.as_file().try_lock();
    Ok(file)
}

fn write(orders: &Receiver<Order>, failed: &AtomicBool) {
    let mut blob = None;
    while let Ok(order) = orders.recv() {
        match order {
            Order::Begin(file, offset, algorithm) => blob = Some(Ok((file, offset, Hasher::new(algorithm)))),
            Order::Piece(bytes) => {
                let Some(Ok((file, at, hasher))) = &mut blob else { continue };
                hasher.update(&bytes);
                match file.write_all_at(&bytes, *at) {
                    Ok(()) => *at += bytes.len() as u64,
                    Err(error) => {
                        failed.store(true, Ordering::Relaxed);
                        blob = Some(Err(error));
                    }
                }
            }
            Order::End(tell) => {
                let ended = match blob.take() {
                    Some(Ok((_, _, hasher))) => Ok(hasher.finish()),
                    Some(Err(error)) => Err(error),
                    None => Err(io::Error::other("nothing was begun")),
                };
                // Nobody waits for it where the reader failed.
                let _ = tell.send(ended);
            }
        }
    }
}

/// A file that is hashed while it is written, to be [`Kept`].
pub(super) struct Hashing {
    file: NamedTempFile,
    hasher: Hasher,
    length: u64,
}

impl Hashing {
    /// A new file of a folder.
    ///
    /// # Errors
    /// The file system's.
    pub fn begin(folder: &Path) -> io::Result<Self> {
        Ok(Self { file: file_in(folder)?, hasher: Hasher::new(Algorithm::Sha256), length: 0 })
    }

    /// It is whole.
    pub fn finish(self) -> Kept {
        Kept::whole(self.file, self.length, self.hasher.finish())
    }
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.as_file_mut().write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.length += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
