//! The directories and the blobs: opening a store, reading and committing content.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use oci::descriptor::Descriptor;
use oci::digest::{Algorithm, Digest, Hasher};

use super::{ContentStore, io_error, io_error_needing};
use crate::disk::Disk;
use crate::error::{Code, Error, Result};

/// The only version there is (image-spec `image-layout.md`, "oci-layout file").
const LAYOUT_VERSION: &str = "1.0.0";
const LAYOUT_FILE: &str = "oci-layout";
/// What makes a directory without an `oci-layout` file a store that was not finished, rather than someone's files.
const OURS: &[&str] = &["blobs", "ingest", "leases", "index.json", "index.json.lock", "cache", "quarantine"];
/// Enough for one read to be worth its system call, little enough for many at once.
const HASH_BUFFER: usize = 1 << 20;

impl ContentStore {
    /// Opens the store in `dir`, made with what is missing of it. Nothing that is there is deleted.
    ///
    /// Refused: a directory full of something else ([`Code::ConfigInvalid`]); a layout newer than this program and
    /// symbolic links where directories belong ([`Code::StoreCorrupt`]).
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self> {
        Self::open_with(&dir.into(), Disk::default())
    }

    pub(super) fn open_with(dir: &Path, disk: Disk) -> Result<Self> {
        let dir = std::path::absolute(dir).map_err(|error| io_error(dir, "find", error))?;
        let store = Self::with_disk(dir, disk);
        store.lay_out()?;
        Ok(store)
    }

    fn lay_out(&self) -> Result<()> {
        let dir = self.path();
        fs::create_dir_all(dir).map_err(|error| io_error(dir, "create", error))?;
        let marked = self.check_layout_version()?;
        if !marked {
            self.check_not_foreign()?;
        }
        let blobs = dir.join("blobs");
        let mut made = false;
        for part in [blobs.clone(), blobs.join("sha256"), self.ingest_dir(), dir.join("leases")] {
            made |= self.directory(&part)?;
        }
        self.make_locks()?;
        if made {
            self.sync_dir(&blobs)?;
            self.sync_dir(dir)?;
            if let Some(parent) = dir.parent() {
                self.sync_dir(parent)?;
            }
        }
        if !marked {
            let text = format!("{{\"imageLayoutVersion\": \"{LAYOUT_VERSION}\"}}");
            self.replace(&dir.join(LAYOUT_FILE), text.as_bytes())?;
        }
        self.ensure_index()
    }

    /// True if there is an `oci-layout` file of a version that we know.
    fn check_layout_version(&self) -> Result<bool> {
        let path = self.path().join(LAYOUT_FILE);
        let Some(bytes) = read_small(&path, 4096)? else { return Ok(false) };
        let version = serde_json::from_slice::<serde_json::Value>(&bytes)
            .ok()
            .and_then(|layout| Some(layout.get("imageLayoutVersion")?.as_str()?.to_owned()));
        match version {
            Some(version) if version == LAYOUT_VERSION => Ok(true),
            Some(version) => Err(Error::new(
                Code::StoreCorrupt,
                format!(
                    "`{}` is an image layout of version `{version}`, newer than this program",
                    self.path().display()
                ),
            )
            .with_hint("Use the newer program that made it, or choose another directory")),
            None => Err(Error::new(Code::StoreCorrupt, format!("`{}` is damaged", path.display()))
                .with_hint("If the directory is a store, delete this one file and open it again")),
        }
    }

    fn check_not_foreign(&self) -> Result<()> {
        let dir = self.path();
        let listing = fs::read_dir(dir).map_err(|error| io_error(dir, "list", error))?;
        let mut stranger = None;
        for entry in listing {
            let name = entry.map_err(|error| io_error(dir, "list", error))?.file_name();
            let name = name.to_string_lossy();
            if OURS.contains(&&*name) {
                return Ok(());
            }
            if name != "lost+found" && !name.starts_with('.') {
                stranger.get_or_insert_with(|| name.into_owned());
            }
        }
        match stranger {
            None => Ok(()),
            Some(name) => Err(Error::new(
                Code::ConfigInvalid,
                format!("`{}` is no store: it holds `{name}`, which is something else", dir.display()),
            )
            .with_hint("Choose an empty or a new directory")),
        }
    }

    /// Makes one directory, refusing a link in its place; true if it was missing.
    pub(super) fn directory(&self, path: &Path) -> Result<bool> {
        if self.0.disk.make_dir(path).map_err(|error| io_error(path, "create", error))? {
            return Ok(true);
        }
        let found = fs::symlink_metadata(path).map_err(|error| io_error(path, "open", error))?;
        if found.is_dir() { Ok(false) } else { Err(planted(path)) }
    }

    pub(super) fn sync_dir(&self, dir: &Path) -> Result<()> {
        self.0.disk.sync_dir(dir).map_err(|error| io_error(dir, "save", error))
    }

    /// Replaces a file of the store atomically and durably.
    pub(super) fn replace(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let temp = self.write_temp(bytes)?;
        if let Err(error) = self.0.disk.rename(&temp, path) {
            let _ = fs::remove_file(&temp);
            return Err(io_error(path, "replace", error));
        }
        self.sync_dir(path.parent().expect("a file of the store lies in its directory"))
    }

    /// A durable new file in `ingest/` with `bytes`.
    pub(super) fn write_temp(&self, bytes: &[u8]) -> Result<PathBuf> {
        loop {
            let path = self.ingest_dir().join(self.unique("new"));
            match self.0.disk.create(&path, bytes) {
                Ok(()) => return Ok(path),
                // A dead process with our id left it; the collector removes it.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(io_error_needing(&path, "write", bytes.len() as u64, error)),
            }
        }
    }

    /// Where the blob lies once it is committed: `blobs/<alg>/<hex>`.
    pub fn blob_path(&self, digest: &Digest) -> PathBuf {
        let mut path = self.algorithm_dir(digest.algorithm());
        path.push(digest.hex());
        path
    }

    fn algorithm_dir(&self, algorithm: Algorithm) -> PathBuf {
        let mut path = self.path().join("blobs");
        path.push(algorithm.as_str());
        path
    }

    /// Where content is written before it is committed; on the same file system as the blobs.
    pub fn ingest_dir(&self) -> PathBuf {
        self.path().join("ingest")
    }

    /// The length in bytes of a committed blob, None if it is not here. Its content is not looked at.
    ///
    /// A symbolic link or another odd file in its place is refused with [`Code::StoreCorrupt`].
    pub fn blob_size(&self, digest: &Digest) -> Result<Option<u64>> {
        let path = self.blob_path(digest);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_file() => Ok(Some(found.len())),
            Ok(_) => Err(planted(&path).at_digest(digest)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io_error(&path, "open", error).at_digest(digest)),
        }
    }

    /// Opens a committed blob. Fails with [`Code::ImageMissing`] if it is not here.
    pub fn open_blob(&self, digest: &Digest) -> Result<File> {
        self.open_existing(digest).map(|(file, _)| file)
    }

    fn open_existing(&self, digest: &Digest) -> Result<(File, u64)> {
        match open_plain(&self.blob_path(digest)).map_err(|error| error.at_digest(digest))? {
            Some(found) => Ok(found),
            None => Err(Error::new(Code::ImageMissing, format!("the store has no blob `{digest}`"))
                .with_hint("Pull the image again: only what is missing is fetched")
                .at_digest(digest)),
        }
    }

    /// Reads a small object of at most `cap` bytes, and hashes it.
    ///
    /// [`Code::TooLarge`] over the cap; [`Code::ImageMissing`] if it is not here; [`Code::StoreCorrupt`] if the bytes
    /// are not the digest's: then the blob is moved to `quarantine/`, so that the next pull fetches it again.
    pub fn read(&self, digest: &Digest, cap: u64) -> Result<Vec<u8>> {
        let bytes = self.read_unchecked(digest, cap)?;
        if Digest::of(digest.algorithm(), &bytes) == *digest {
            return Ok(bytes);
        }
        self.quarantine(digest)?;
        Err(damaged(digest))
    }

    pub(super) fn read_unchecked(&self, digest: &Digest, cap: u64) -> Result<Vec<u8>> {
        let (file, size) = self.open_existing(digest)?;
        let mut bytes = Vec::with_capacity(size.min(cap) as usize + 1);
        let read = file.take(cap.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|error| io_error(&self.blob_path(digest), "read", error).at_digest(digest))?;
        if bytes.len() as u64 > cap {
            let message =
                format!("`{digest}` is {size} bytes in the store, over the limit of {cap} for its kind");
            return Err(Error::new(Code::TooLarge, message).at_digest(digest));
        }
        Ok(bytes)
    }

    /// Stores small content under its SHA-256 digest, durably. Content that is here already is left alone; a damaged
    /// copy is replaced.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest> {
        let digest = Digest::sha256(bytes);
        self.put_hashed(&digest, bytes)?;
        Ok(digest)
    }

    /// As [`ContentStore::put`], under a digest that the caller was told: [`Code::ContentMismatch`] if it is wrong.
    pub fn put_as(&self, digest: &Digest, bytes: &[u8]) -> Result<()> {
        if Digest::of(digest.algorithm(), bytes) != *digest {
            return Err(Error::new(
                Code::ContentMismatch,
                format!("the bytes do not have the digest `{digest}`"),
            )
            .at_digest(digest));
        }
        self.put_hashed(digest, bytes)
    }

    fn put_hashed(&self, digest: &Digest, bytes: &[u8]) -> Result<()> {
        let size = bytes.len() as u64;
        if self.blob_size(digest)? == Some(size)
            && self.read_unchecked(digest, size).is_ok_and(|found| found == bytes)
        {
            return Ok(());
        }
        let temp = self.write_temp(bytes).map_err(|error| error.at_digest(digest))?;
        self.commit(&temp, digest).inspect_err(|_| {
            let _ = fs::remove_file(&temp);
        })
    }

    /// Makes `temp` the blob `digest`, durably. `temp` lies in [`ContentStore::ingest_dir`], its content was verified
    /// against `digest`, and it was fsynced. Two processes may commit the same blob: one file remains.
    pub fn commit(&self, temp: &Path, digest: &Digest) -> Result<()> {
        // A rename would replace a planted link without following it, but someone put it there: say so.
        self.blob_size(digest)?;
        let dir = self.algorithm_dir(digest.algorithm());
        if self.directory(&dir)? {
            self.sync_dir(&self.path().join("blobs"))?;
        }
        let path = self.blob_path(digest);
        self.0
            .disk
            .rename(temp, &path)
            .map_err(|error| io_error(&path, "commit", error).at_digest(digest))?;
        self.sync_dir(&dir)
    }

    /// Makes a temporary file of [`ContentStore::ingest_dir`] a blob. Its content was verified against the digest while it
    /// was written; nothing of it is read.
    ///
    /// # Errors
    /// [`crate::Code::StoreFailed`] where it has another length by now; what the file system gives.
    pub fn adopt(&self, file: &File, temp: &Path, blob: &Descriptor) -> Result<()> {
        let length = file.metadata().map_err(|error| io_error(temp, "inspect", error))?.len();
        if length != blob.size {
            let why = format!("the temporary file of `{}` changed after it was written", blob.digest);
            return Err(Error::new(Code::StoreFailed, why)
                .with_hint("Another program writes into the store; try again"));
        }
        file.sync_data().map_err(|error| io_error(temp, "write to disk", error))?;
        self.commit(temp, &blob.digest)
    }

    /// Makes durable whatever names another process may have committed a moment ago.
    pub(super) fn sync_blobs(&self) -> Result<()> {
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            let dir = self.algorithm_dir(algorithm);
            if dir.is_dir() {
                self.sync_dir(&dir)?;
            }
        }
        Ok(())
    }

    /// Hashes a blob again: true if it is here with `size` bytes and the right digest. A wrong one is moved to
    /// `quarantine/`; memory stays flat.
    pub fn verify(&self, digest: &Digest, size: u64) -> Result<bool> {
        let path = self.blob_path(digest);
        let Some((file, found)) = open_plain(&path).map_err(|error| error.at_digest(digest))? else {
            return Ok(false);
        };
        let right = found == size && {
            let hashed = hash_file(&file, digest.algorithm());
            hashed.map_err(|error| io_error(&path, "read", error).at_digest(digest))? == *digest
        };
        if !right {
            self.quarantine(digest)?;
        }
        Ok(right)
    }

    /// Moves a damaged blob out of the way; it stays for a look until the next garbage collection.
    fn quarantine(&self, digest: &Digest) -> Result<()> {
        let dir = self.path().join("quarantine");
        self.directory(&dir)?;
        let name = self.unique(&format!("{}-{}", digest.algorithm().as_str(), digest.hex()));
        let path = self.blob_path(digest);
        match self.0.disk.rename(&path, &dir.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(damaged(digest).with_source(io_error(&path, "quarantine", error)))
            }
            _ => Ok(()),
        }
    }
}

/// Reads a file from its current position to its end, and hashes it, in constant memory.
pub fn hash_file(mut file: &File, algorithm: Algorithm) -> io::Result<Digest> {
    let mut hasher = Hasher::new(algorithm);
    let mut buffer = vec![0; HASH_BUFFER];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Opens a regular file without following a link or waiting for a fifo; None if there is none. With its length.
pub(super) fn open_plain(path: &Path) -> Result<Option<(File, u64)>> {
    use rustix::fs::OFlags;
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    match OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path) {
        Ok(file) => {
            let found = file.metadata().map_err(|error| io_error(path, "open", error))?;
            if found.is_file() { Ok(Some((file, found.len()))) } else { Err(planted(path)) }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            Err(planted(path))
        }
        Err(error) => Err(io_error(path, "open", error)),
    }
}

/// The content of one of the store's own files, None if there is none; [`Code::TooLarge`] over `cap` bytes.
pub(super) fn read_small(path: &Path, cap: u64) -> Result<Option<Vec<u8>>> {
    let Some((file, size)) = open_plain(path)? else { return Ok(None) };
    let mut bytes = Vec::with_capacity(size.min(cap) as usize + 1);
    file.take(cap + 1).read_to_end(&mut bytes).map_err(|error| io_error(path, "read", error))?;
    if bytes.len() as u64 > cap {
        return Err(Error::new(Code::TooLarge, format!("`{}` is over {cap} bytes", path.display())));
    }
    Ok(Some(bytes))
}

pub(super) fn planted(path: &Path) -> Error {
    Error::new(
        Code::StoreCorrupt,
        format!("`{}` is not what belongs there: a link or a special file", path.display()),
    )
    .with_hint("Someone put it there; look at it, remove it, then try again")
}

pub(super) fn damaged(digest: &Digest) -> Error {
    Error::new(Code::StoreCorrupt, format!("the blob `{digest}` in the store is damaged"))
        .with_hint("Pull the image again: the damaged blob was put aside and is fetched anew")
        .at_digest(digest)
}
